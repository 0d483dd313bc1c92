"""What ports.MailLedger promises: on the fake, on SQLite, and on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa

from tests.fakes import FakeLedger
from tests.services import Postgres
from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.domain.errors import LeaseLost
from worker.ports import MailboxLease, MailLedger, NewMail

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOX = "claims@mail.example/INBOX"


class Bed(Protocol):
    """A ledger, with what a test does to it and asks of it from the side."""

    @property
    def ledger(self) -> MailLedger: ...

    def expire(self) -> None: ...

    def alerts(self) -> list[str]: ...

    def troubles(self) -> str | None: ...


class FakeBed:
    def __init__(self) -> None:
        self.ledger = FakeLedger()

    def expire(self) -> None:
        self.ledger.expire()

    def alerts(self) -> list[str]:
        return self.ledger.alerts

    def troubles(self) -> str | None:
        return self.ledger.troubles[-1] if self.ledger.troubles else None


class SqlBed:
    def __init__(self, url: str) -> None:
        upgrade(url)
        clock, queue = StillClock(NOON), CollectingQueue()
        self.store = Store(url, owner="test", clock=clock, queue=queue)
        self.ledger = self.store.ledger(
            jobs_for=lambda _mail_id, _mailbox_id: [], go_live_at=None
        )

    def expire(self) -> None:
        with self.store.database.write() as session:
            session.execute(sa.text("update mailboxes set lease_until_ms = 0"))

    def alerts(self) -> list[str]:
        with self.store.database.read() as session:
            return list(session.execute(sa.text("select code from alerts")).scalars())

    def troubles(self) -> str | None:
        return self.store.stats.mailboxes()[0].trouble


@pytest.fixture(
    params=[
        "fake",
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.services),
    ]
)
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    match request.param:
        case "fake":
            yield FakeBed()
        case "sqlite":
            yield from a_sql_bed(f"sqlite:///{tmp_path / 'claims.sqlite3'}")
        case _:
            server: Postgres = request.getfixturevalue("postgres")
            url = server.database()
            yield from a_sql_bed(url)
            server.drop(url)


def a_sql_bed(url: str) -> Iterator[Bed]:
    bed = SqlBed(url)
    yield bed
    bed.store.close()


def take(ledger: MailLedger, owner: str = "one") -> MailboxLease:
    lease = ledger.take_lease(BOX, owner=owner, lease_for=MINUTE)
    assert lease is not None
    return lease


def begun(ledger: MailLedger, owner: str = "one") -> MailboxLease:
    """A lease in the epoch 7."""
    return ledger.begin_epoch(take(ledger, owner), 7)


def a_mail(uid: int, **changes: object) -> NewMail:
    mail = NewMail(uid, f"{uid:064x}", 100, NOON, NOON)
    return replace(mail, **changes)  # type: ignore[arg-type]


def test_D3_only_one_of_two_pollers_gets_the_lease(bed: Bed) -> None:
    take(bed.ledger, "one")

    assert bed.ledger.take_lease(BOX, owner="two", lease_for=MINUTE) is None


def test_a_released_lease_lets_the_next_poller_in_at_once(bed: Bed) -> None:
    lease = take(bed.ledger, "one")

    bed.ledger.release_lease(lease)

    assert bed.ledger.take_lease(BOX, owner="two", lease_for=MINUTE) is not None


def test_a_lease_that_ran_out_lets_the_next_poller_in(bed: Bed) -> None:
    take(bed.ledger, "one")

    bed.expire()

    assert bed.ledger.take_lease(BOX, owner="two", lease_for=MINUTE) is not None


def test_the_holder_may_take_its_lease_again(bed: Bed) -> None:
    """After a broken connection, say."""
    first = take(bed.ledger, "one")

    second = take(bed.ledger, "one")

    assert second.token > first.token
    bed.ledger.renew_lease(second, lease_for=MINUTE)


def test_who_lost_the_lease_cannot_write_anything(bed: Bed) -> None:
    old = begun(bed.ledger, "one")
    bed.expire()
    new = take(bed.ledger, "two")

    with pytest.raises(LeaseLost):
        bed.ledger.renew_lease(old, lease_for=MINUTE)
    with pytest.raises(LeaseLost):
        bed.ledger.add_mails(old, [a_mail(1)], last_uid=1)
    with pytest.raises(LeaseLost):
        bed.ledger.begin_epoch(old, 8)
    with pytest.raises(LeaseLost):
        bed.ledger.note_pass(old, at=NOON, backlog=0)
    with pytest.raises(LeaseLost):
        bed.ledger.note_trouble(old, "timeout", at=NOON, is_lasting=False)

    assert bed.ledger.known_uids(new, 1, 10) == set()
    assert new.last_uid == 0


def test_releasing_a_lost_lease_is_silent_and_leaves_the_new_holder_alone(
    bed: Bed,
) -> None:
    old = take(bed.ledger, "one")
    bed.expire()
    new = take(bed.ledger, "two")

    bed.ledger.release_lease(old)

    bed.ledger.renew_lease(new, lease_for=MINUTE)
    assert bed.ledger.take_lease(BOX, owner="three", lease_for=MINUTE) is None


def test_a_lease_says_where_the_last_holder_stopped(bed: Bed) -> None:
    lease = begun(bed.ledger, "one")
    bed.ledger.add_mails(lease, [a_mail(4), a_mail(6)], last_uid=9)
    bed.ledger.release_lease(lease)

    following = take(bed.ledger, "two")

    assert (following.uidvalidity, following.last_uid) == (7, 9)
    assert following.name == BOX


def test_D1_a_mail_that_has_a_row_is_not_added_again(bed: Bed) -> None:
    lease = begun(bed.ledger)

    first = bed.ledger.add_mails(lease, [a_mail(1), a_mail(2)], last_uid=2)
    again = bed.ledger.add_mails(lease, [a_mail(2), a_mail(3)], last_uid=3)

    assert (first, again) == (2, 1)
    assert bed.ledger.known_uids(lease, 1, 10) == {1, 2, 3}


def test_known_uids_are_those_of_the_window_both_ends_included(bed: Bed) -> None:
    lease = begun(bed.ledger)
    bed.ledger.add_mails(lease, [a_mail(n) for n in range(1, 7)], last_uid=6)

    assert bed.ledger.known_uids(lease, 2, 4) == {2, 3, 4}


def test_the_cursor_never_goes_back(bed: Bed) -> None:
    lease = begun(bed.ledger)
    bed.ledger.add_mails(lease, [a_mail(9)], last_uid=9)

    bed.ledger.add_mails(lease, [a_mail(4)], last_uid=4)

    assert take(bed.ledger).last_uid == 9


def test_the_cursor_moves_over_uids_that_are_gone(bed: Bed) -> None:
    """A gap of ten thousand is passed without a row (scenario 34)."""
    lease = begun(bed.ledger)

    added = bed.ledger.add_mails(lease, [], last_uid=10_000)

    assert added == 0
    assert take(bed.ledger).last_uid == 10_000


def test_the_first_uidvalidity_raises_no_alert(bed: Bed) -> None:
    lease = begun(bed.ledger)

    assert (lease.uidvalidity, lease.last_uid) == (7, 0)
    assert bed.alerts() == []


def test_the_same_uidvalidity_again_keeps_the_cursor(bed: Bed) -> None:
    bed.ledger.add_mails(begun(bed.ledger), [a_mail(1)], last_uid=5)

    again = begun(bed.ledger)

    assert again.last_uid == 5
    assert bed.alerts() == []


def test_L9_a_new_uidvalidity_starts_at_zero_with_an_alert_and_keeps_the_rows(
    bed: Bed,
) -> None:
    old = begun(bed.ledger)
    bed.ledger.add_mails(old, [a_mail(1), a_mail(2)], last_uid=2)

    new = bed.ledger.begin_epoch(old, 8)

    assert (new.uidvalidity, new.last_uid) == (8, 0)
    assert bed.alerts() == ["uidvalidity_changed"]
    assert bed.ledger.known_uids(new, 1, 10) == set()
    assert bed.ledger.known_uids(old, 1, 10) == {1, 2}
    again = take(bed.ledger)  # after a kill, say
    assert (again.uidvalidity, again.last_uid) == (8, 0)


def test_D8_the_same_uid_of_a_new_epoch_is_another_mail(bed: Bed) -> None:
    old = begun(bed.ledger)
    bed.ledger.add_mails(old, [a_mail(1)], last_uid=1)
    new = bed.ledger.begin_epoch(old, 8)

    added = bed.ledger.add_mails(new, [a_mail(1, sha256="f" * 64)], last_uid=1)

    assert added == 1
    assert bed.ledger.known_uids(new, 1, 10) == {1}


def test_a_trouble_is_noted_until_a_pass_ends(bed: Bed) -> None:
    lease = begun(bed.ledger)

    bed.ledger.note_trouble(lease, "timeout", at=NOON, is_lasting=False)

    assert bed.troubles() == "timeout"


def test_P11_a_trouble_that_will_not_pass_alerts_once_a_day(bed: Bed) -> None:
    lease = begun(bed.ledger)

    bed.ledger.note_trouble(lease, "timeout", at=NOON, is_lasting=False)
    assert bed.alerts() == []
    for minutes in (0, 15, 24 * 60):
        at = NOON + minutes * MINUTE
        bed.ledger.note_trouble(lease, "login_refused", at=at, is_lasting=True)

    assert bed.alerts() == ["mailbox_lost"] * 2
