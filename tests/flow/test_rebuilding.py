"""`claims rebuild`: the same claims from raw mails, orders and what people did."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.mailbox_office import (
    LATER,
    STRANGER,
    MailboxOffice,
    a_claim_mail,
    make_busy,
    reopened,
)
from worker.adapters import migrations
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.adapters.store.points import Holder
from worker.adapters.store.points_deeds import Bought
from worker.adapters.store.rebuilt import LEFT, OF_MADE, OF_SOURCE
from worker.adapters.store.schema import Base
from worker.auditing import audit
from worker.decide import triage
from worker.domain.claim import ClaimState
from worker.domain.errors import UsageError
from worker.rebuilding import Rebuilt, rebuild


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "office"
    make_busy(home)
    return home


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Iterator[MailboxOffice]:
    with reopened(made, tmp_path / "office") as office:
        yield office


def rebuilt(office: MailboxOffice, into: str | None = None) -> Rebuilt:
    return rebuild(office.parts, into=into, reader=office.parts.reader)


def changed(found: Rebuilt) -> set[tuple[str, str]]:
    return {
        (one.ref, change.name) for one in found.differences for change in one.changes
    }


def run_sql(office: MailboxOffice, statement: str) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(statement)


def test_an_untouched_record_is_rebuilt_as_it_is(office: MailboxOffice) -> None:
    found = rebuilt(office)

    assert found.differences == ()
    assert (found.mails, found.unjudged, found.left_out) == (8, 0, 0)
    assert found.claims >= 3


def test_what_people_did_is_done_again(office: MailboxOffice) -> None:
    office.deliver(a_claim_mail(LATER, sender=STRANGER))
    held = max(
        claim.claim_id for claim in office.store.claims.listed(open_only=True, limit=99)
    )
    claim = office.store.claims.get(held)
    assert claim is not None
    assert claim.state is ClaimState.IDENTITY_HOLD
    triage.confirm(office.parts, claim, by="jane", reason="phoned")
    office.run()
    office.clock.at += timedelta(hours=1)
    triage.assign(office.parts, 7, order_number="ORD-20261104-0301", by="jane")
    office.run()
    office.clock.at += timedelta(hours=1)

    found = rebuilt(office)

    assert found.differences == ()
    assert found.left_out == 0


def test_a_claim_that_was_changed_behind_the_rules_is_listed(
    office: MailboxOffice,
) -> None:
    run_sql(office, "update claims set state = 'awaiting_member' where id = 1")

    assert ("CLM-000001", "state") in changed(rebuilt(office))


def test_a_mail_with_another_end_is_listed(office: MailboxOffice) -> None:
    run_sql(office, "update mails set fate = 'not_a_claim' where id = 7")

    assert changed(rebuilt(office)) == {("mail 7", "fate")}


def test_a_claim_that_was_deleted_is_listed(office: MailboxOffice) -> None:
    run_sql(
        office, "update mails set claim_id = null, fate = 'not_a_claim' where id = 3"
    )

    assert ("mail 3", "fate") in changed(rebuilt(office))


# -- into a fresh database ------------------------------------------------------------


@pytest.fixture
def fresh(database_url: str) -> str:
    migrations.upgrade(database_url)
    return database_url


def into_place(office: MailboxOffice, url: str) -> Store:
    """Let the office go on with another database."""
    office.store.close()
    copy = Store(url, owner="copy", clock=office.clock, queue=office.queue)
    office.parts.__dict__["store"] = office.store = copy
    office.parts.__dict__.pop("points", None)
    return copy


def test_a_fresh_database_gets_the_same_record_and_nothing_is_sent(
    office: MailboxOffice, fresh: str
) -> None:
    sent = len(office.relay.taken)

    found = rebuilt(office, into=fresh)

    queue = CollectingQueue()
    copy = Store(fresh, owner="copy", clock=office.clock, queue=queue)
    assert found.differences == ()
    assert len(office.relay.taken) == sent
    assert copy.audits.counts() == office.store.audits.counts()
    assert copy.mails.fates() == office.store.mails.fates()
    assert copy.outbox.counts() == office.store.outbox.counts()
    assert [copy.claims.get(1), copy.claims.get(2)] != [None, None]
    assert copy.jobs.count_alive() == 0
    copy.close()


def test_a_fresh_database_passes_its_audit_and_takes_new_claims(
    office: MailboxOffice, fresh: str
) -> None:
    rebuilt(office, into=fresh)
    copy = into_place(office, fresh)

    gaps = audit(office.parts, is_deep=True).gaps

    assert gaps == []
    with copy.transaction() as work:
        claim = copy.claims.get(1)
        assert claim is not None
        number = work.session.execute(
            sa.text("select max(id) from claims")
        ).scalar_one()
        opened = work.open_claim(dataclasses.replace(claim, order_number="ANOTHER"))
    assert opened.claim_id == number + 1
    copy.close()


def test_every_table_is_copied_made_again_or_left_and_only_one_of_them() -> None:
    named = [*OF_SOURCE, *OF_MADE, *LEFT]

    assert sorted(named) == sorted(Base.metadata.tables)


def test_the_points_ledger_goes_along(office: MailboxOffice, fresh: str) -> None:
    holder = Holder("M104233", "main")
    office.parts.points.place(holder, Bought("ORD-1", product_cents=8000))
    office.parts.points.confirm(holder, "ORD-1")
    office.parts.points.adjust(holder, "k1", -5, by="jane", reason="a mistake")
    balance = office.parts.points.balance(holder)

    rebuilt(office, into=fresh)

    into_place(office, fresh)
    assert balance > 0
    assert office.parts.points.balance(holder) == balance
    assert audit(office.parts, is_deep=True).gaps == []


def test_an_email_that_only_the_new_record_has_is_held_there(
    office: MailboxOffice, fresh: str
) -> None:
    run_sql(office, "delete from jobs where kind = 'send'")
    run_sql(office, "delete from emails where id = 1")

    rebuilt(office, into=fresh)

    copy = Store(fresh, owner="copy", clock=office.clock, queue=CollectingQueue())
    assert [email.held_reason for email in copy.outbox.held()] == ["rebuilt"]
    copy.close()


def test_a_database_with_a_record_is_left_alone(
    office: MailboxOffice, fresh: str
) -> None:
    rebuilt(office, into=fresh)

    with pytest.raises(UsageError, match="empty"):
        rebuilt(office, into=fresh)
