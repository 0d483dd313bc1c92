"""The poller: lease, connection, pauses, and waking up in time."""

import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.fakes import (
    FakeClock,
    FakeLedger,
    FakeMailbox,
    FakeServer,
    FakeStop,
    Killed,
    MemoryRawStore,
    Tripwire,
)
from tests.services import Dovecot, TcpProxy
from worker import poll
from worker.adapters.imap import ImapMailbox
from worker.adapters.raw import LocalRawStore
from worker.domain.errors import LeaseLost, RetryLater
from worker.ingest import SweepLimits
from worker.poll import Poller
from worker.ports import MailboxGone, MailboxLease, NewMail

LIMITS = SweepLimits(window=10, rescan=5, batch_mails=4)
Events = list[MutableMapping[str, Any]]
Step = Callable[[], object]


def nothing() -> None:
    """Let the time pass."""


class Bench:
    """A poller on fakes."""

    def __init__(self) -> None:
        self.server = FakeServer()
        self.raw = MemoryRawStore()
        self.ledger = FakeLedger()
        self.clock = FakeClock()
        self.poller = self.another("one")

    def another(self, owner: str) -> Poller:
        return Poller(
            self.mailbox,
            self.raw,
            self.ledger,
            self.clock,
            "INBOX",
            limits=LIMITS,
            owner=owner,
        )

    def mailbox(self) -> FakeMailbox:
        return self.server.mailbox()

    def run(self, *waits: Step, pauses: Sequence[Step] = ()) -> list[float]:
        """Run until no step is left; return the pauses between connections.

        Args:
            waits: run one by one in place of waiting for news.
            pauses: run one by one in place of pausing after trouble.
        """
        stop = FakeStop(*pauses)
        self.server.while_waiting = iter([*waits, stop.set])
        self.poller.run(stop)
        return stop.pauses

    def lose_connection(self) -> None:
        code = "bye"
        raise MailboxGone(code)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def events() -> Iterator[Events]:
    with capture_logs() as captured:
        yield captured


def names(events: Events) -> list[str]:
    return [event["event"] for event in events]


def test_the_backlog_is_stored_and_then_what_comes(bench: Bench) -> None:
    bench.server.deliver_many(25)

    pauses = bench.run(lambda: bench.server.deliver(b"news"), nothing)

    assert bench.ledger.uids() == list(range(1, 27))
    assert bench.ledger.passes == [15, 5, 0, 0, 0]
    assert bench.server.connections == 1
    assert bench.ledger.owner is None
    assert pauses == []


def test_a_wait_is_shorter_than_the_lease(bench: Bench) -> None:
    """So an idle poller keeps its lease, and a dead peer shows within 90 s."""
    waits: list[timedelta] = []

    class Watched(FakeMailbox):
        def wait(self, timeout: timedelta) -> bool:
            waits.append(timeout)
            return super().wait(timeout)

    bench.poller.open_mailbox = lambda: Watched(bench.server)

    bench.run(nothing)

    assert waits == [LIMITS.lease_for / 3] * 2
    assert bench.ledger.renewals == 2


def test_L8_each_pass_compares_the_server_with_the_ledger(bench: Bench) -> None:
    """No news from IDLE is not believed: each pass searches, and says when it ended."""
    bench.run(nothing, nothing, nothing)

    assert len(bench.ledger.passes) == 4
    assert len(bench.server.widths) == 4


def test_D3_others_stand_by_until_the_lease_is_free(bench: Bench) -> None:
    """Two pollers, ten pollers: one works (scenario 36)."""
    bench.server.deliver_many(3)
    bench.ledger.owner = "another"

    pauses = bench.run(pauses=[nothing, nothing, bench.ledger.expire])

    assert len(pauses) == 3
    assert all(2 <= pause <= 5 for pause in pauses)
    assert bench.server.connections == 1
    assert bench.ledger.uids() == [1, 2, 3]


def test_a_poller_that_lost_its_lease_stands_by(bench: Bench, events: Events) -> None:
    def take_over() -> None:
        bench.ledger.owner, bench.ledger.token = "another", 77
        bench.server.deliver(b"for the other one")

    pauses = bench.run(take_over)

    assert bench.ledger.rows == {}
    assert len(pauses) == 1
    assert names(events) == ["mailbox_lease_lost"]
    assert bench.ledger.owner == "another"


def test_a_lost_connection_is_followed_by_another(bench: Bench, events: Events) -> None:
    bench.server.deliver(b"first")

    pauses = bench.run(
        bench.lose_connection,
        lambda: bench.server.deliver(b"second"),
        pauses=[nothing],
    )

    assert bench.ledger.uids() == [1, 2]
    assert bench.ledger.troubles == ["bye"]
    assert bench.server.connections == 2
    assert 1 <= pauses[0] <= 1.5
    assert names(events) == [
        "mails_stored",
        "mailbox_lost",
        "mailbox_recovered",
        "mails_stored",
    ]


def test_P8_the_pauses_grow_to_five_minutes_and_one_warning_is_logged(
    bench: Bench, events: Events
) -> None:
    """No reconnect storm, and a log that says once what is wrong."""
    bench.server.refuses = "unreachable"

    pauses = bench.run(pauses=[nothing] * 19)

    assert len(pauses) == 20 == bench.server.connections
    assert pauses[0] == 1
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses[1:8], 1))
    assert all(150 <= pause <= 300 for pause in pauses[9:])
    assert len(set(pauses[9:])) > 1  # jitter
    assert names(events) == ["mailbox_lost"]
    assert bench.ledger.troubles == ["unreachable"] * 20


def test_P11_a_refused_login_is_tried_ever_more_rarely_and_calls_a_person(
    bench: Bench, events: Events
) -> None:
    """Up to 15 minutes: hammering locks the account. It is an alert, no log line."""
    bench.server.refuses = "login_refused"

    pauses = bench.run(pauses=[nothing] * 19)

    assert pauses[0] == 2
    assert all(450 <= pause <= 900 for pause in pauses[9:])
    assert events[0]["log_level"] == "error"
    assert bench.ledger.troubles[-1] == "login_refused"
    assert bench.ledger.alerts == ["mailbox_lost"]


def test_an_outage_that_passes_by_itself_calls_nobody(bench: Bench) -> None:
    bench.server.refuses = "unreachable"

    bench.run(pauses=[nothing] * 3)

    assert bench.ledger.alerts == []


def test_a_connection_that_outlives_a_wait_forgets_the_failures(bench: Bench) -> None:
    def refuse(code: str | None) -> Step:
        return lambda: setattr(bench.server, "refuses", code)

    bench.server.refuses = "unreachable"
    pauses = bench.run(
        nothing,
        bench.lose_connection,
        pauses=[nothing, nothing, nothing, nothing, refuse(None), nothing],
    )

    assert pauses[4] >= 8
    assert pauses[5] == 1


def test_P8_a_server_that_hangs_up_on_every_wait_is_not_hammered(bench: Bench) -> None:
    """Each pass succeeds; new mail waits half a minute at most, not five."""
    pauses = bench.run(*[bench.lose_connection] * 12, pauses=[nothing] * 12)

    assert all(pause <= 32 for pause in pauses)
    assert all(pause >= 16 for pause in pauses[6:])


def test_L12_a_full_disk_is_waited_out(bench: Bench, events: Events) -> None:
    """No row, no failed mail; after space returns it goes on without a hand."""
    bench.server.deliver_many(3)
    bench.raw.trouble = RetryLater("raw_store_full", retry_after=timedelta(seconds=40))

    pauses = bench.run(pauses=[lambda: setattr(bench.raw, "trouble", None)])

    assert pauses == [40]
    assert bench.ledger.troubles == ["raw_store_full"]
    assert bench.ledger.uids() == [1, 2, 3]
    assert names(events) == ["mailbox_lost", "mails_stored", "mailbox_recovered"]


def test_a_database_that_is_away_is_waited_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither trouble nor release can be written then; that is no new trouble."""

    def fail(*_: object, **__: object) -> None:
        reason = "database_unreachable"
        raise RetryLater(reason)

    def break_database() -> None:
        for name in ("take_lease", "renew_lease", "note_trouble", "release_lease"):
            patch.setattr(FakeLedger, name, fail)

    def mend_database() -> None:
        patch.undo()
        bench.ledger.expire()

    with monkeypatch.context() as patch:
        pauses = bench.run(break_database, pauses=[nothing, mend_database])

    assert len(pauses) == 2
    assert bench.server.connections == 2
    assert bench.ledger.passes == [0, 0]


def test_P1_a_bad_mail_is_given_up_over_several_connections(bench: Bench) -> None:
    """What the poller remembers of it outlives the connection."""
    bench.server.deliver_many(6)
    bench.server.breaks_on = {4}

    def advance() -> None:
        bench.clock.advance(timedelta(minutes=6))

    bench.run(*[advance] * 6, pauses=[advance] * 10)

    assert bench.ledger.uids() == [1, 2, 3, 4, 5, 6]
    assert bench.ledger.rows[1, 4].trouble == "fetch_failed"
    assert bench.server.connections == 1 + 4


def test_stop_ends_a_backlog_between_two_batches(bench: Bench) -> None:
    bench.server.deliver_many(100)
    stop = threading.Event()

    class Stopping(FakeLedger):
        def add_mails(
            self, lease: MailboxLease, mails: Sequence[NewMail], *, last_uid: int
        ) -> int:
            if last_uid > 10:
                stop.set()
            return super().add_mails(lease, mails, last_uid=last_uid)

    bench.poller.ledger = ledger = Stopping()

    bench.poller.run(stop)

    assert 10 < len(ledger.uids()) < 30
    assert ledger.uids() == bench.server.fetched, "what was fetched was kept"
    assert ledger.owner is None


def test_stop_wakes_a_poller_that_waits(bench: Bench) -> None:
    """From a signal handler or another thread, within milliseconds."""
    stop = threading.Event()
    thread = threading.Thread(target=bench.poller.run, args=(stop,))
    thread.start()
    while not bench.ledger.passes:
        stop.wait(0.001)

    stop.set()

    thread.join(5)
    assert not thread.is_alive()
    assert bench.ledger.owner is None


def test_a_kill_releases_nothing_and_the_next_poller_goes_on(bench: Bench) -> None:
    bench.server.deliver_many(8)
    bench.ledger.trip = Tripwire("ledger.added")
    with pytest.raises(Killed):
        bench.run()
    assert bench.ledger.uids() == [1, 2, 3, 4]

    bench.ledger.expire()
    bench.poller = bench.another("two")
    bench.run()

    assert bench.ledger.uids() == list(range(1, 9))


def test_a_bug_is_not_an_outage(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the process, which its supervisor starts again; the lease is free."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FakeMailbox, "refresh", fail)

    with pytest.raises(ZeroDivisionError):
        bench.run()

    assert bench.ledger.owner is None


def test_P6_a_poller_that_hangs_ends_its_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    """By another thread, since nothing can be raised in one that hangs."""
    monkeypatch.setattr(poll, "WATCH_EVERY_S", 0.01)
    monkeypatch.setattr(poll, "STALLED_AFTER", timedelta(seconds=0.05))
    ended = threading.Event()
    bench.poller.on_stall = ended.set

    bench.run(lambda: ended.wait(10))

    assert ended.is_set()
    assert "mailbox_poll_stalled" in names(events)


def test_P6_a_long_pause_is_no_hang(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifteen minutes after a refused login are longer than the watchdog's ten."""
    monkeypatch.setattr(poll, "WATCH_EVERY_S", 0.01)
    monkeypatch.setattr(poll, "STALLED_AFTER", timedelta(seconds=0.2))
    ended = threading.Event()
    bench.poller.on_stall = ended.set
    bench.server.refuses = "unreachable"

    bench.run(pauses=[lambda: ended.wait(0.6)])

    assert not ended.is_set()


def test_P6_a_run_that_a_bug_ended_is_watched_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the process that told of the bug and went on would end minutes later."""
    monkeypatch.setattr(poll, "WATCH_EVERY_S", 0.01)
    monkeypatch.setattr(poll, "STALLED_AFTER", timedelta(seconds=0.05))
    monkeypatch.setattr(FakeMailbox, "refresh", lambda *_: 1 // 0)
    ended = threading.Event()
    bench.poller.on_stall = ended.set

    with pytest.raises(ZeroDivisionError):
        bench.run()

    assert not ended.wait(0.3)


class TestOnDovecot:
    def test_scenario_31_cuts_anywhere_lose_and_double_nothing(
        self, bench: Bench, dovecot: Dovecot, tmp_path: Path
    ) -> None:
        """Mid-line, mid-literal, between commands: reconnect, and no truncated blob."""
        mails = [b"Subject: %d\r\n\r\n" % n + b"x" * 400 * n for n in range(30)]
        dovecot.append_many("cuts", [(mail, None) for mail in mails])
        store = LocalRawStore(tmp_path / "raw")
        bench.poller.raw = store
        with TcpProxy(dovecot.port) as proxy:
            url = dovecot.url("cuts").replace(f":{dovecot.port}", f":{proxy.port}")
            bench.poller.open_mailbox = lambda: Impatient(url, wait)
            lengths = iter(range(200, 100_000, 4_999))
            stop = FakeStop(*[lambda: cut(next(lengths))] * 19)

            def cut(length: int) -> None:
                bench.clock.advance(timedelta(seconds=1))
                proxy.heal()
                proxy.cut_after(length)

            def wait() -> None:
                bench.clock.advance(timedelta(minutes=6))
                if bench.ledger.passes[-1] == 0:
                    stop.set()

            cut(50)
            bench.poller.run(stop)

        rows = [
            bench.ledger.rows[uidvalidity, uid]
            for uidvalidity, uid in sorted(bench.ledger.rows)
        ]
        assert [store.get(str(row.sha256)) for row in rows] == mails
        assert len(stop.pauses) > 3

    def test_scenario_35_a_folder_that_is_deleted_and_made_anew(
        self, bench: Bench, dovecot: Dovecot
    ) -> None:
        """The UIDs begin at 1 again, under another UIDVALIDITY."""
        url = dovecot.url("folders", "Claims")
        bench.poller.open_mailbox = lambda: ImapMailbox(url)

        for text in (b"old", b"new"):
            with dovecot.session("folders") as session:
                session.create("Claims")
            dovecot.append(
                "folders", b"Subject: " + text + b"\r\n\r\n", folder="Claims"
            )
            assert bench.poller.run_once() == 1
            with dovecot.session("folders") as session:
                session.delete("Claims")

        with pytest.raises(MailboxGone):
            bench.poller.run_once()
        assert bench.ledger.troubles == ["no_such_mailbox"]
        assert bench.ledger.alerts == ["uidvalidity_changed", "mailbox_lost"]
        assert [uid for _, uid in bench.ledger.rows] == [1, 1]
        assert len(bench.raw.blobs) == 2


class Impatient(ImapMailbox):
    """A mailbox that does something else in place of waiting."""

    def __init__(self, url: str, instead: Step) -> None:
        super().__init__(url)
        self._instead = instead

    def wait(self, timeout: timedelta) -> bool:
        assert timeout
        self._instead()
        return False


class TestRunOnce:
    def test_it_makes_one_pass(self, bench: Bench) -> None:
        bench.server.deliver_many(25)

        assert bench.poller.run_once() == 25
        assert bench.poller.run_once() == 0
        assert bench.ledger.owner is None

    def test_it_does_nothing_while_another_polls(self, bench: Bench) -> None:
        bench.ledger.owner = "another"

        assert bench.poller.run_once() is None

    def test_it_raises_what_is_wrong_and_notes_it(self, bench: Bench) -> None:
        bench.server.refuses = "tls"

        with pytest.raises(MailboxGone):
            bench.poller.run_once()

        assert bench.ledger.troubles == ["tls"]
        assert bench.ledger.owner is None

    def test_a_lost_lease_is_raised(self, bench: Bench) -> None:
        bench.server.deliver(b"x")
        bench.server.trip = Takeover(bench.ledger)

        with pytest.raises(LeaseLost):
            bench.poller.run_once()


class Takeover(Tripwire):
    """Another poller takes the lease while sizes are asked."""

    def __init__(self, ledger: FakeLedger) -> None:
        super().__init__()
        self._ledger = ledger

    def __call__(self, step: str) -> None:
        if step == "mailbox.heads":
            self._ledger.token += 1


def test_owners_differ() -> None:
    assert Bench().another("x").owner == "x"
    bench = Bench()
    first, second = (
        Poller(bench.mailbox, bench.raw, bench.ledger, bench.clock, "INBOX")
        for _ in range(2)
    )
    assert first.owner != second.owner
