"""The first half of arrow 1: what the mailbox has and the ledger has not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.fakes import (
    NOON,
    FakeClock,
    FakeLedger,
    FakeServer,
    Killed,
    MemoryRawStore,
    Tripwire,
)
from worker.domain.errors import LeaseLost, RetryLater
from worker.ingest import Suspects, SweepLimits, SweepResult, sweep
from worker.ports import MailboxGone, MailboxLease, NewMail

KIB = 1024
SMALL = SweepLimits(
    window=10,
    rescan=5,
    batch_mails=4,
    batch_bytes=8 * KIB,
    whole_bytes=4 * KIB,
    part_bytes=KIB,
    most_bytes=20 * KIB,
    oversize_bytes=512,
)
LONG_ENOUGH = timedelta(minutes=6)


@dataclass
class Bench:
    """A server, a raw store and a ledger, and one poller's memory."""

    server: FakeServer = field(default_factory=FakeServer)
    raw: MemoryRawStore = field(default_factory=MemoryRawStore)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    clock: FakeClock = field(default_factory=FakeClock)
    limits: SweepLimits = SMALL
    suspects: Suspects = field(default_factory=dict)
    lease: MailboxLease | None = None

    def sweep(self, proceed: Callable[[], bool] = lambda: True) -> SweepResult:
        """Sweep once on a new connection, with the cursor of the last sweep."""
        if self.lease is None:
            self.lease = self.ledger.expire().take_lease(
                "INBOX", owner="one", lease_for=LONG_ENOUGH
            )
        assert self.lease is not None
        mailbox = self.server.mailbox()
        mailbox.open()
        result = sweep(
            mailbox,
            self.raw,
            self.ledger,
            self.lease,
            clock=self.clock,
            limits=self.limits,
            suspects=self.suspects,
            proceed=proceed,
        )
        self.lease = result.lease
        return result

    def drain(self) -> int:
        """Sweep until nothing is left or held; return how many rows are new."""
        before = len(self.ledger.rows)
        for _ in range(200):
            self.clock.advance(LONG_ENOUGH)
            try:
                result = self.sweep()
            except MailboxGone:
                continue
            if not result.backlog and not result.held:
                return len(self.ledger.rows) - before
        message = "no end"
        raise AssertionError(message)

    def restart(self) -> None:
        """Begin anew, as after a kill: only server, store and ledger are left."""
        self.suspects, self.lease = {}, None

    def assert_whole(self) -> None:
        """Every mail on the server has one row, and its bytes are in the store."""
        epoch = self.server.uidvalidity
        assert self.ledger.uids(epoch) == sorted(self.server.mails)
        for uid, (raw, at) in self.server.mails.items():
            mail = self.ledger.rows[epoch, uid]
            assert mail.sha256 is not None
            assert self.raw.get(mail.sha256) == raw
            assert mail.internaldate_at == at


@pytest.fixture
def bench() -> Bench:
    return Bench()


def row(bench: Bench, uid: int) -> NewMail:
    return bench.ledger.rows[1, uid]


# -- order, windows, cursor -------------------------------------------------------


def test_each_mail_is_stored_once_oldest_first(bench: Bench) -> None:
    bench.server.deliver_many(25)

    assert bench.drain() == 25
    assert bench.drain() == 0

    bench.assert_whole()
    assert bench.server.fetched == list(range(1, 26))
    assert bench.ledger.last_uid == 25


def test_an_empty_mailbox_writes_nothing(bench: Bench) -> None:
    result = bench.sweep()

    assert (result.seen, result.stored, result.backlog) == (0, 0, 0)
    assert bench.ledger.commits == []


def test_one_sweep_takes_one_window_in_batches(bench: Bench) -> None:
    bench.server.deliver_many(25)

    result = bench.sweep()

    assert (result.seen, result.stored, result.backlog) == (10, 10, 15)
    assert bench.ledger.commits == [(4, 4), (8 - 4, 8), (2, 10)]
    assert bench.ledger.renewals == 2


def test_the_bytes_of_a_batch_are_bounded(bench: Bench) -> None:
    bench.server.deliver_many(4, size_bytes=3 * KIB)

    bench.sweep()

    assert [count for count, _ in bench.ledger.commits] == [2, 2]


def test_a_gap_of_10_000_uids_is_passed_in_a_few_searches(bench: Bench) -> None:
    """Scenario 34: a prototype stalled for ever behind 600 deleted mails."""
    bench.server.deliver_many(3)
    bench.drain()
    bench.server.uidnext += 10_000
    bench.server.widths.clear()
    bench.server.deliver_many(2)

    assert bench.sweep().stored == 2

    assert len(bench.server.widths) < 15
    bench.assert_whole()


def test_a_gap_of_four_thousand_million_uids_is_passed(bench: Bench) -> None:
    bench.server.uidnext = 2**32 - 3
    bench.server.deliver_many(2)

    assert bench.sweep().stored == 2

    assert len(bench.server.widths) < 40


def test_a_big_mailbox_is_never_searched_in_one_go(bench: Bench) -> None:
    """130,000 UIDs make an answer that imaplib refuses."""
    bench.server.mails = dict.fromkeys(range(1, 60_001), (b"", NOON))
    bench.server.uidnext = 60_001
    bench.ledger.rows = {
        (1, uid): NewMail(uid, "", 0, None, NOON) for uid in range(1, 60_001)
    }

    bench.sweep()

    assert max(bench.server.widths) <= 50_000
    assert bench.ledger.last_uid == 60_000


def test_deleted_mails_at_the_end_move_the_cursor_once(bench: Bench) -> None:
    bench.server.uidnext = 40

    bench.sweep()
    bench.sweep()

    assert bench.ledger.commits == [(0, 39)]


def test_a_mail_that_the_server_shows_late_is_found(bench: Bench) -> None:
    bench.server.deliver_many(6)
    bench.server.hidden = {4}
    bench.drain()
    assert bench.ledger.uids() == [1, 2, 3, 5, 6]

    bench.server.hidden = set()

    assert bench.sweep().stored == 1
    bench.assert_whole()


def test_a_uidnext_that_lags_does_not_hide_a_mail(bench: Bench) -> None:
    bench.server.deliver_many(3)
    bench.server.uidnext = 2

    bench.sweep()

    assert bench.ledger.uids() == [1, 2, 3]
    assert bench.ledger.last_uid == 3


def test_stopping_between_batches_leaves_the_rest_as_backlog(bench: Bench) -> None:
    bench.server.deliver_many(10)
    answers = iter([True, False])

    result = bench.sweep(proceed=lambda: next(answers))

    assert (result.stored, result.backlog) == (4, 6)
    assert bench.ledger.last_uid == 4
    assert bench.drain() == 6


# -- what others got wrong --------------------------------------------------------


def test_L5_a_mail_that_somebody_else_has_read_is_stored(bench: Bench) -> None:
    """Flags are no memory: the port does not even show them."""
    uid = bench.server.deliver(b"read on a phone")

    bench.sweep()

    assert bench.ledger.uids() == [uid]
    assert not hasattr(bench.server.mailbox(), "flags")


def test_L6_mails_that_come_and_go_between_batches_shift_nothing(bench: Bench) -> None:
    """The UIDs of a window are read once; pages are never counted by offset."""
    bench.server.deliver_many(10)
    went: Iterator[tuple[int, ...]] = iter([(1, 2, 9), (), (6,)])

    def proceed() -> bool:
        bench.server.expunge(*next(went))
        bench.server.deliver(b"came meanwhile")
        return True

    result = bench.sweep(proceed=proceed)
    assert result.gone == 3  # 6 was stored before it went
    bench.drain()

    assert bench.ledger.uids() == [3, 4, 5, 6, 7, 8, 10, 11, 12, 13]


def test_L7_an_outage_of_any_length_loses_nothing(bench: Bench) -> None:
    """The cursor is a UID, so there is no window of days to fall out of."""
    bench.server.deliver(b"before", NOON)
    bench.drain()
    bench.server.deliver(b"dated long ago", NOON - timedelta(days=4000))
    bench.clock.advance(timedelta(days=400))

    assert bench.drain() == 1


def test_L9_a_new_uidvalidity_begins_at_the_first_uid(bench: Bench) -> None:
    """UID 1 of another epoch is another mail, and an alert is raised."""
    bench.server.deliver_many(3)
    bench.drain()
    bench.server.expunge(1)
    bench.server.renumber(uidvalidity=777)
    bench.server.deliver(b"new")

    bench.drain()

    assert bench.ledger.alerts == ["uidvalidity_changed"]
    assert bench.ledger.uids(777) == [1, 2, 3]
    assert bench.ledger.uids(1) == [1, 2, 3]
    bench.assert_whole()


def test_L9_a_uidvalidity_that_changes_within_a_sweep_ends_it(bench: Bench) -> None:
    """What was fetched under the old number is not written under the new one."""
    bench.server.deliver_many(8)

    def proceed() -> bool:
        bench.server.expunge(1)
        bench.server.renumber(uidvalidity=777)
        bench.server.mails.pop(4)
        return True

    with pytest.raises(MailboxGone):
        bench.sweep(proceed=proceed)

    bench.drain()
    assert bench.ledger.uids(777) == sorted(bench.server.mails)


def test_L14_mails_without_a_message_id_are_mails(bench: Bench) -> None:
    """Identity is (mailbox, UIDVALIDITY, UID); no header is looked at here."""
    for raw in (b"", b"\r\n\r\n", b"\x00\xff", b"no header at all", b"\r\n\r\n"):
        bench.server.deliver(raw)

    assert bench.drain() == 5

    bench.assert_whole()


def test_L16_the_old_backlog_comes_before_the_newest(bench: Bench) -> None:
    """A rule of the newest N hides what is older."""
    bench.server.deliver_many(95)

    assert bench.drain() == 95

    assert bench.server.fetched == list(range(1, 96))


def test_D3_a_second_poller_stores_nothing_again(bench: Bench) -> None:
    """The lease fences, and the key is unique besides."""
    bench.server.deliver_many(9)
    bench.sweep()
    other = Bench(server=bench.server, raw=bench.raw, ledger=bench.ledger)

    other.sweep()

    assert bench.ledger.uids() == list(range(1, 10))
    bench.server.deliver(b"late")
    with pytest.raises(LeaseLost):
        bench.sweep()
    assert bench.ledger.uids() == list(range(1, 10))


def test_D8_the_key_of_a_mail_is_whole(bench: Bench) -> None:
    """Equal UIDs of two epochs are two rows, even with equal bytes."""
    bench.server.deliver(b"same")
    bench.drain()
    bench.server.renumber(uidvalidity=2)

    bench.drain()

    assert set(bench.ledger.rows) == {(1, 1), (2, 1)}
    assert len(bench.raw.blobs) == 1


def test_P1_one_mail_that_breaks_its_fetch_stops_no_other(bench: Bench) -> None:
    """It is tried alone, ever later, and given up with its reason after three."""
    bench.server.deliver_many(10)
    bench.server.breaks_on = {6}

    assert bench.drain() == 10

    assert bench.ledger.uids() == list(range(1, 11))
    assert row(bench, 6).trouble == "fetch_failed"
    assert row(bench, 6).sha256 is None
    assert row(bench, 6).internaldate_at == NOON
    assert row(bench, 6).first_seen_at == NOON + LONG_ENOUGH
    assert all(row(bench, uid).trouble is None for uid in range(1, 11) if uid != 6)
    assert bench.ledger.last_uid == 10
    assert bench.suspects == {}


def test_P1_while_a_mail_is_held_the_others_flow(bench: Bench) -> None:
    """New mail is stored although the cursor waits below the bad one."""
    bench.server.breaks_on = {bench.server.deliver(b"bad")}
    with pytest.raises(MailboxGone):
        bench.sweep()
    bench.server.deliver_many(30)

    results = [bench.sweep() for _ in range(4)]

    assert [result.stored for result in results] == [9, 10, 10, 1]
    assert [result.held for result in results] == [1, 1, 1, 1]
    assert results[-1].backlog == 0
    assert bench.ledger.last_uid == 0
    bench.drain()
    assert bench.ledger.last_uid == 31


def test_P1_the_waits_of_a_bad_mail_grow(bench: Bench) -> None:
    """5 s and 5 min, borders included; an outage of seconds gives nothing up."""
    bench.server.breaks_on = {bench.server.deliver(b"bad")}
    tries: list[float] = []
    for _ in range(400):
        try:
            bench.sweep()
        except MailboxGone:
            tries.append((bench.clock.now() - NOON).total_seconds())
        bench.clock.advance(timedelta(seconds=1))

    assert tries == [0, 5, 305]
    assert row(bench, 1).trouble == "fetch_failed"


def test_P1_a_mail_that_recovers_is_stored(bench: Bench) -> None:
    """The first two failures cost time only."""
    bench.server.breaks_on = {bench.server.deliver(b"good after all")}
    for _ in range(2):
        with pytest.raises(MailboxGone):
            bench.sweep()
        bench.clock.advance(LONG_ENOUGH)
    bench.server.breaks_on = set()

    assert bench.sweep().stored == 1

    assert row(bench, 1).trouble is None
    assert row(bench, 1).first_seen_at == NOON


def test_P1_two_bad_mails_and_a_server_that_lost_its_sizes(bench: Bench) -> None:
    """Sizes are asked for alone, too, once asking for all broke the connection."""
    bench.server.deliver_many(9)
    bench.server.breaks_on = {2, 7}
    bench.server.trip = Breaking("mailbox.heads", times=1)

    assert bench.drain() == 9

    given_up = [uid for uid in range(1, 10) if row(bench, uid).trouble]
    assert given_up == [2, 7]


def test_a_server_that_is_down_for_all_mails_gives_none_up_soon(bench: Bench) -> None:
    bench.server.deliver_many(10)
    bench.server.breaks_on = set(range(1, 11))
    for _ in range(10):
        with pytest.raises(MailboxGone):
            bench.sweep()
        bench.clock.advance(LONG_ENOUGH)
    bench.server.breaks_on = set()

    bench.drain()

    bench.assert_whole()


def test_P5_a_mail_without_a_body_is_not_taken_for_gone(bench: Bench) -> None:
    """The server still lists it: it is tried again and then given up, with a row."""
    bench.server.deliver_many(5)
    bench.server.bodiless = {3}

    assert bench.drain() == 5

    assert row(bench, 3).trouble == "fetch_failed"
    assert row(bench, 3).size_bytes == 103


def test_an_empty_body_is_believed_only_of_an_empty_mail(bench: Bench) -> None:
    bench.server.deliver(b"")
    bench.server.deliver(b"")
    bench.server.announces[2] = 5000

    bench.drain()

    assert row(bench, 1).trouble is None
    assert row(bench, 2).trouble == "fetch_failed"


def test_P9_a_big_mail_comes_in_parts(bench: Bench) -> None:
    """Sizes first; nothing above 1 MiB is ever whole in memory."""
    bench.server.deliver_many(2)
    bench.server.deliver(b"x" * 15 * KIB)
    bench.server.deliver_many(2)

    bench.drain()

    bench.assert_whole()
    assert bench.raw.largest_part_bytes == KIB
    assert [count for count, _ in bench.ledger.commits] == [2, 1, 2]


def test_P9_a_mail_over_the_cap_is_stored_by_its_beginning(bench: Bench) -> None:
    """Its row says so, and how big it is; the mail stays on the server."""
    bench.server.deliver(b"Subject: huge\r\n\r\n" + b"x" * 30 * KIB)

    bench.drain()

    mail = row(bench, 1)
    assert mail.trouble == "oversize"
    assert mail.size_bytes == 30 * KIB + 17
    assert mail.sha256 is not None
    assert bench.raw.get(mail.sha256).startswith(b"Subject: huge\r\n\r\nxxx")
    assert len(bench.raw.get(mail.sha256)) == 512


@pytest.mark.parametrize(
    ("size", "trouble"),
    [(20 * KIB, None), (20 * KIB + 1, "oversize")],
    ids=["the cap exactly", "one byte more"],
)
def test_the_cap(bench: Bench, size: int, trouble: str | None) -> None:
    bench.server.deliver(b"x" * size)

    bench.drain()

    assert row(bench, 1).trouble == trouble


def test_a_mail_that_grows_beyond_the_cap_while_it_comes(bench: Bench) -> None:
    """Scenario 37: announced sizes lie; the parts are counted."""
    bench.server.deliver(b"x" * 30 * KIB)
    bench.server.announces[1] = 15 * KIB

    bench.drain()

    assert row(bench, 1).trouble == "oversize"


@pytest.mark.parametrize(
    ("announced", "trouble"),
    [
        (20 * KIB, None),
        (15 * KIB, "size_differs"),
        (5 * KIB, "size_differs"),
        (11 * KIB, None),
        (0, None),
    ],
)
def test_a_size_that_lies_is_flagged(
    bench: Bench, announced: int, trouble: str | None
) -> None:
    """Scenario 37; Exchange announces roughly, which is no lie."""
    size = 20 * KIB if announced == 20 * KIB else 10 * KIB
    bench.limits = SweepLimits()
    bench.server.deliver(b"x" * size)
    bench.server.announces[1] = announced

    bench.drain()

    bench.assert_whole()
    assert row(bench, 1).trouble == trouble


def test_P10_nothing_is_fetched_twice(bench: Bench) -> None:
    """A pass over a known mailbox reads no body and no size."""
    bench.server.deliver_many(30)
    bench.drain()
    bench.server.fetched.clear()
    bench.server.trip = Breaking("mailbox.heads", times=0)

    bench.restart()
    bench.drain()

    assert bench.server.fetched == []


def test_a_mail_that_goes_between_search_and_fetch_is_passed(bench: Bench) -> None:
    """Scenario 35: reported, not invented."""
    bench.server.deliver_many(3)

    def proceed() -> bool:
        bench.server.expunge(2)
        return True

    result = bench.sweep(proceed=proceed)

    assert (result.seen, result.stored, result.gone) == (3, 2, 1)
    assert bench.ledger.uids() == [1, 3]
    assert bench.ledger.last_uid == 3


def test_a_bad_mail_that_somebody_removes_is_forgotten(bench: Bench) -> None:
    bench.server.breaks_on = {bench.server.deliver(b"bad")}
    with pytest.raises(MailboxGone):
        bench.sweep()
    bench.server.expunge(1)

    result = bench.sweep()

    assert (result.held, result.gone) == (0, 1)
    assert bench.suspects == {}


# -- kills, and stores that are away ----------------------------------------------

KILLS = {
    "1: after SEARCH, before FETCH": ("server", "mailbox.heads"),
    "1: after the sizes, before the bodies": ("server", "mailbox.bodies"),
    "2: while a blob is written": ("raw", "raw.put"),
    "3: after the blob, before the commit": ("raw", "raw.stored"),
    "3: after all blobs, before the commit": ("ledger", "ledger.add"),
    "4: after the commit": ("ledger", "ledger.added"),
    "in the middle of a big mail": ("server", "mailbox.parts"),
}


@pytest.mark.parametrize(("where", "step"), KILLS.values(), ids=KILLS.keys())
def test_L3_a_kill_anywhere_loses_and_doubles_nothing(
    bench: Bench, where: str, step: str
) -> None:
    """Scenarios 1 to 5 of reliability.md 5.3."""
    bench.server.deliver_many(5)
    bench.server.deliver(b"x" * 9 * KIB)
    getattr(bench, where).trip = Tripwire(step)
    with pytest.raises(Killed):
        bench.drain()

    bench.restart()
    bench.drain()

    bench.assert_whole()
    assert len(bench.raw.blobs) == 6


def test_no_row_without_its_blob_when_the_disk_is_full(bench: Bench) -> None:
    """L12, scenario 20: a full disk is no failure of the mail."""
    bench.server.deliver_many(3)
    bench.raw.trouble = RetryLater("raw_store_full")
    with pytest.raises(RetryLater):
        bench.sweep()
    assert bench.ledger.rows == {}
    assert bench.suspects == {}

    bench.raw.trouble = None

    assert bench.drain() == 3


def test_a_lost_lease_stops_the_sweep_and_writes_nothing(bench: Bench) -> None:
    bench.server.deliver_many(10)

    def proceed() -> bool:
        if bench.ledger.commits:
            bench.ledger.token += 1
        return True

    with pytest.raises(LeaseLost):
        bench.sweep(proceed=proceed)

    assert bench.ledger.uids() == [1, 2, 3, 4]


def test_the_lease_is_kept_while_a_big_mail_comes(bench: Bench) -> None:
    bench.server.deliver(b"x" * 19 * KIB)

    bench.sweep()

    assert bench.ledger.renewals == 2


@dataclass(slots=True)
class Breaking(Tripwire):
    """Breaks the connection instead of killing, so many times; 0 forbids the step."""

    times: int = 1

    def __call__(self, step: str) -> None:
        if step != self.at:
            return
        assert self.times, f"{step} was not expected"
        self.times -= 1
        if not self.times:
            self.at = None
        code = "bye"
        raise MailboxGone(code)
