"""The ledger of the mailbox in SQL, beyond its contract (tests/contract)."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.fakes import FakeServer, MemoryRawStore
from worker.actors import jobs_of_new_mail
from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.mime import parse
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import NewJob, Store
from worker.adapters.store.ledger import SqlLedger
from worker.domain.errors import LeaseLost
from worker.domain.mail import Fate
from worker.ingest import sweep
from worker.ports import Bell, MailboxLease, NewMail

NOW = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOX = "claims@mail.example/INBOX"


@pytest.fixture
def queue() -> CollectingQueue:
    return CollectingQueue()


@pytest.fixture
def store(database_url: str, queue: CollectingQueue) -> Iterator[Store]:
    upgrade(database_url)
    store = Store(database_url, owner="one", clock=StillClock(NOW), queue=queue)
    yield store
    store.close()


@pytest.fixture
def ledger(store: Store) -> SqlLedger:
    return store.ledger(jobs_for=jobs_of_new_mail, go_live_at=None)


def begun(ledger: SqlLedger, uidvalidity: int = 1, owner: str = "one") -> MailboxLease:
    """A fresh lease in an epoch."""
    lease = ledger.take_lease(BOX, owner=owner, lease_for=MINUTE)
    assert lease is not None
    return ledger.begin_epoch(lease, uidvalidity)


def a_mail(uid: int, content: str | None = None) -> NewMail:
    """A mail whose bytes are told apart by `content`; by default each is its own."""
    sha256 = f"{uid if content is None else content:x>64}"
    return NewMail(uid, sha256, 100, NOW, NOW)


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.database.read() as session:
        return [tuple(row) for row in session.execute(sa.text(query))]


def mails(store: Store) -> list[tuple[Any, ...]]:
    return rows(store, "select uidvalidity, uid, fate, alias_of from mails order by id")


def jobs(store: Store) -> list[tuple[Any, ...]]:
    return rows(store, "select kind, ref, state, lane from jobs order by id")


# -- leases -------------------------------------------------------------------------


def lease_left_ms(store: Store) -> int:
    """How long the lease lasts by the database's own clock."""
    with store.database.read() as session:
        until = session.execute(sa.text("select lease_until_ms from mailboxes"))
        now = session.execute(sa.select(store.database.now_ms))
        return int(until.scalar_one()) - int(now.scalar_one())


def test_a_lease_runs_by_the_databases_clock_and_not_by_business_time(
    store: Store, ledger: SqlLedger
) -> None:
    """The store's own clock stands still in 2026 (scenario 39)."""
    begun(ledger)

    assert 50_000 < lease_left_ms(store) <= 60_000


def test_a_lease_is_renewed_from_now_on(store: Store, ledger: SqlLedger) -> None:
    lease = begun(ledger)

    ledger.renew_lease(lease, lease_for=10 * MINUTE)

    assert 590_000 < lease_left_ms(store) <= 600_000


def test_a_lease_that_ran_out_goes_to_whoever_asks_next(ledger: SqlLedger) -> None:
    first = ledger.take_lease(BOX, owner="one", lease_for=-MINUTE)
    second = ledger.take_lease(BOX, owner="two", lease_for=MINUTE)
    assert first is not None
    assert second is not None

    with pytest.raises(LeaseLost):
        ledger.renew_lease(first, lease_for=MINUTE)


def test_two_mailboxes_have_leases_of_their_own(ledger: SqlLedger) -> None:
    begun(ledger)

    other = ledger.take_lease("other", owner="two", lease_for=MINUTE)

    assert other is not None


def test_scenario_36_ten_pollers_that_start_together_make_one_lease(
    store: Store, ledger: SqlLedger
) -> None:
    leases: list[MailboxLease | None] = []
    start = threading.Barrier(10)

    def poll(owner: str) -> None:
        start.wait()
        leases.append(ledger.take_lease(BOX, owner=owner, lease_for=MINUTE))

    pollers = [threading.Thread(target=poll, args=(f"{n}",)) for n in range(10)]
    for poller in pollers:
        poller.start()
    for poller in pollers:
        poller.join(60)

    assert len(leases) == 10
    assert sum(lease is not None for lease in leases) == 1
    assert rows(store, "select count(*) from mailboxes") == [(1,)]


# -- rows, jobs and cursor ----------------------------------------------------------


def test_D3_D8_two_pollers_of_one_mailbox_make_one_row_for_each_uid(
    store: Store, ledger: SqlLedger
) -> None:
    """The second one takes over in the middle and sweeps the whole mailbox."""
    server, raw = FakeServer(), MemoryRawStore()
    server.deliver_many(9)
    mailbox = server.mailbox()
    mailbox.open()
    lost = begun(ledger, 1, "one")
    ledger.add_mails(lost, [a_mail(uid) for uid in (1, 2, 3)], last_uid=3)
    expire(store)
    lease = begun(ledger, 1, "two")

    with pytest.raises(LeaseLost):
        sweep(mailbox, raw, ledger, lost, clock=StillClock(NOW))
    sweep(mailbox, raw, ledger, lease, clock=StillClock(NOW))
    sweep(mailbox, raw, ledger, lease, clock=StillClock(NOW))

    assert [row[:2] for row in mails(store)] == [(1, uid) for uid in range(1, 10)]
    assert len(jobs(store)) == 18


def expire(store: Store) -> None:
    with store.database.write() as session:
        session.execute(sa.text("update mailboxes set lease_until_ms = 0"))


def test_D8_the_same_uid_in_two_mailboxes_is_two_mails(
    store: Store, ledger: SqlLedger
) -> None:
    other = ledger.take_lease("other", owner="one", lease_for=MINUTE)
    assert other is not None

    ledger.add_mails(begun(ledger), [a_mail(1)], last_uid=1)
    ledger.add_mails(ledger.begin_epoch(other, 1), [a_mail(1)], last_uid=1)

    assert sorted(rows(store, "select mailbox_id, uidvalidity, uid from mails")) == [
        (1, 1, 1),
        (2, 1, 1),
    ]


def test_a_mail_comes_with_both_its_jobs_and_the_first_is_rung(
    store: Store, ledger: SqlLedger, queue: CollectingQueue
) -> None:
    ledger.add_mails(begun(ledger), [a_mail(1)], last_uid=1)

    assert jobs(store) == [
        ("read", "1", "ready", None),
        ("understand", "1", "waiting", "mailbox:1"),
    ]
    assert queue.bells == [Bell("read", 1)]


def test_one_bell_stands_for_so_many_reads_that_are_done_together(
    store: Store, queue: CollectingQueue
) -> None:
    ledger = store.ledger(
        jobs_for=jobs_of_new_mail, go_live_at=None, most_by_kind={"read": 4}
    )
    lease = begun(ledger)

    ledger.add_mails(lease, [a_mail(uid) for uid in range(1, 7)], last_uid=6)
    ledger.add_mails(lease, [a_mail(7)], last_uid=7)

    refs = {bell.job_id for bell in queue.bells}
    with store.database.read() as session:
        query = sa.text("select id, kind, ref from jobs")
        rung = [(row.kind, row.ref) for row in session.execute(query) if row.id in refs]
    assert sorted(rung) == [("read", "1"), ("read", "5"), ("read", "7")]


def test_L3_rows_jobs_and_cursor_are_written_together_or_not_at_all(
    store: Store, queue: CollectingQueue
) -> None:
    def jobs_for(mail_id: int, mailbox_id: int) -> list[NewJob]:
        if mail_id == 2:
            raise KeyError
        return jobs_of_new_mail(mail_id, mailbox_id)

    ledger = store.ledger(jobs_for=jobs_for, go_live_at=None)
    lease = begun(ledger)

    with pytest.raises(KeyError):
        ledger.add_mails(lease, [a_mail(1), a_mail(2)], last_uid=2)

    assert mails(store) == []
    assert jobs(store) == []
    assert queue.bells == []
    assert begun(ledger).last_uid == 0


def test_D1_the_same_mails_again_change_nothing_and_ring_nothing(
    store: Store, ledger: SqlLedger, queue: CollectingQueue
) -> None:
    """Killed after the commit, a poller offers the same mails again (scenario 4)."""
    lease = begun(ledger)
    ledger.add_mails(lease, [a_mail(1), a_mail(2)], last_uid=2)
    before = (mails(store), jobs(store))
    queue.bells.clear()

    added = ledger.add_mails(lease, [a_mail(1), a_mail(2)], last_uid=2)

    assert added == 0
    assert (mails(store), jobs(store)) == before
    assert queue.bells == []


def test_L4_a_mail_that_cannot_be_fetched_is_parked_without_jobs(
    store: Store, ledger: SqlLedger, queue: CollectingQueue
) -> None:
    lost = replace(a_mail(1), sha256=None, trouble="fetch_failed")

    added = ledger.add_mails(begun(ledger), [lost, a_mail(2)], last_uid=2)

    assert added == 2
    assert [row[2] for row in mails(store)] == [Fate.PARKED, None]
    assert [row[1] for row in jobs(store)] == ["2", "2"]
    assert queue.bells == [Bell("read", 1)]
    assert store.mails.get(1).trouble == "fetch_failed"
    assert rows(store, "select code, ref from alerts") == [("fetch_failed", "mail:1")]


def test_a_mail_row_keeps_what_the_poller_saw(store: Store, ledger: SqlLedger) -> None:
    earlier = NOW - timedelta(days=2, microseconds=1)
    mail = replace(a_mail(5), internaldate_at=earlier, trouble="size_differs")

    ledger.add_mails(begun(ledger, 2**32 - 1), [mail], last_uid=5)

    record = store.mails.get(1)
    assert (record.uidvalidity, record.uid) == (2**32 - 1, 5)
    assert (record.internaldate_at, record.first_seen_at) == (earlier, NOW)
    assert (record.sha256, record.trouble) == (mail.sha256, "size_differs")


def test_A1_what_a_database_refuses_is_stored_without_it_and_the_bytes_stay(
    store: Store, ledger: SqlLedger
) -> None:
    """NUL, bytes of no charset and lone surrogates, wherever a mail has text."""
    raw = (
        b"From: Lena\x00 <lena\x00@mail.example>\r\nSubject: a\x00b \xff\xfe\r\n"
        b"Message-ID: <one\x00\xed\xa0\x80@mail.example>\r\n"
        b"References: <\x00zero@mail.example>\r\n"
        b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n--B\r\n\r\n'
        b"a\x00b\xed\xa0\x80\xff\r\n--B\r\n"
        b"Content-Type: text/plain; name=a\x00b\xff.txt\r\n\r\nc\x00d\r\n--B--"
    )
    blobs = MemoryRawStore()
    stored = blobs.put([raw])
    new = replace(a_mail(1), sha256=stored.sha256, size_bytes=stored.size_bytes)
    ledger.add_mails(begun(ledger), [new], last_uid=1)
    mail = parse(raw)

    with store.transaction() as work:
        work.put_readings({1: mail})

    record = store.mails.get(1)
    assert record.mail == mail
    ((reading,),) = rows(store, "select reading from mails")
    assert "\\u0000" not in reading
    assert blobs.get(record.sha256) == raw


# -- a new UIDVALIDITY --------------------------------------------------------------


def test_scenario_33_mails_of_an_earlier_epoch_become_aliases_and_new_ones_mails(
    store: Store, ledger: SqlLedger, queue: CollectingQueue
) -> None:
    """No claim and no answer twice: an alias has no job (L9)."""
    old = [a_mail(uid, f"old{uid}") for uid in range(1, 51)]
    ledger.add_mails(begun(ledger, 1), old, last_uid=50)
    queue.bells.clear()
    jobs_before = len(jobs(store))
    lease = begun(ledger, 777)
    again = [a_mail(uid, f"old{51 - uid}") for uid in range(1, 51)]
    new = [a_mail(uid, f"new{uid}") for uid in range(51, 56)]

    added = ledger.add_mails(lease, [*again, *new], last_uid=55)

    assert added == 55
    later = mails(store)[50:]
    assert [row[2:] for row in later] == [
        *((Fate.DUPLICATE, 51 - uid) for uid in range(1, 51)),
        *[(None, None)] * 5,
    ]
    assert len(jobs(store)) - jobs_before == 2 * len(new)
    assert len(queue.bells) == len(new)
    assert rows(store, "select code, ref from alerts") == [
        ("uidvalidity_changed", "mailbox:1:777")
    ]


def test_two_identical_mails_before_stay_two_after_and_a_third_is_new(
    store: Store, ledger: SqlLedger
) -> None:
    ledger.add_mails(begun(ledger, 1), [a_mail(1, "x"), a_mail(2, "x")], last_uid=2)
    lease = begun(ledger, 2)

    ledger.add_mails(lease, [a_mail(uid, "x") for uid in (7, 8, 9)], last_uid=9)

    assert mails(store)[2:] == [
        (2, 7, Fate.DUPLICATE, 1),
        (2, 8, Fate.DUPLICATE, 2),
        (2, 9, None, None),
    ]


def test_a_third_epoch_is_matched_with_the_first_and_with_what_the_second_brought(
    store: Store, ledger: SqlLedger
) -> None:
    ledger.add_mails(begun(ledger, 1), [a_mail(1, "a")], last_uid=1)
    ledger.add_mails(begun(ledger, 2), [a_mail(1, "a"), a_mail(2, "b")], last_uid=2)

    ledger.add_mails(begun(ledger, 3), [a_mail(1, "b"), a_mail(2, "a")], last_uid=2)

    assert mails(store)[3:] == [
        (3, 1, Fate.DUPLICATE, 3),
        (3, 2, Fate.DUPLICATE, 1),
    ]


def test_the_old_epoch_that_comes_back_finds_its_own_rows(ledger: SqlLedger) -> None:
    """A server restored from a backup, say."""
    ledger.add_mails(begun(ledger, 1), [a_mail(1)], last_uid=1)
    begun(ledger, 2)

    lease = begun(ledger, 1)

    assert lease.last_uid == 0
    assert ledger.known_uids(lease, 1, 9) == {1}
    assert ledger.add_mails(lease, [a_mail(1)], last_uid=1) == 0


def test_the_same_bytes_in_another_mailbox_are_no_alias(
    store: Store, ledger: SqlLedger
) -> None:
    """D7 is told by the content digest when the mail is understood, not here."""
    ledger.add_mails(begun(ledger, 1), [a_mail(1, "x")], last_uid=1)
    other = ledger.take_lease("other", owner="one", lease_for=MINUTE)
    assert other is not None

    ledger.add_mails(ledger.begin_epoch(other, 2), [a_mail(1, "x")], last_uid=1)

    assert [row[2:] for row in mails(store)] == [(None, None)] * 2


def test_a_lost_mail_is_nobodys_alias_when_it_comes_at_last(
    store: Store, ledger: SqlLedger
) -> None:
    lost = replace(a_mail(1), sha256=None, trouble="fetch_failed")
    ledger.add_mails(begun(ledger, 1), [lost], last_uid=1)

    ledger.add_mails(begun(ledger, 2), [a_mail(1)], last_uid=1)

    assert mails(store)[1] == (2, 1, None, None)


# -- go-live and health -------------------------------------------------------------


def test_S4_without_a_setting_the_mailbox_goes_live_at_the_first_connect(
    store: Store, ledger: SqlLedger
) -> None:
    begun(ledger)

    assert store.stats.mailboxes()[0].go_live_at == NOW


def test_S4_a_later_start_does_not_move_the_go_live_instant(store: Store) -> None:
    begun(store.ledger(jobs_for=jobs_of_new_mail, go_live_at=None))
    later = SqlLedger(
        store.database,
        jobs_for=jobs_of_new_mail,
        ring=CollectingQueue().ring,
        now=lambda: NOW + timedelta(days=1),
    )

    begun(later)

    assert store.stats.mailboxes()[0].go_live_at == NOW


def test_S4_the_go_live_setting_is_kept_with_the_mailbox(store: Store) -> None:
    go_live_at = NOW - timedelta(days=30)

    begun(store.ledger(jobs_for=jobs_of_new_mail, go_live_at=go_live_at))

    assert store.stats.mailboxes()[0].go_live_at == go_live_at


def test_a_pass_is_counted_only_when_it_ended(store: Store, ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.note_trouble(lease, "timeout", at=NOW, is_lasting=False)
    before = store.stats.mailboxes()[0]

    ledger.note_pass(lease, at=NOW + MINUTE, backlog=12)

    after = store.stats.mailboxes()[0]
    assert (before.passes, before.trouble, before.trouble_at) == (0, "timeout", NOW)
    assert (after.passes, after.trouble) == (1, None)
    assert (after.backlog, after.passed_at) == (12, NOW + MINUTE)
