"""`claims rebuild`: the same claims from raw mails, orders and what people did."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import a_member, an_order
from tests.builders_mail import make_claim_mail
from tests.mailbox_office import (
    LATER,
    STRANGER,
    MailboxOffice,
    a_claim_mail,
    make_busy,
    reopened,
)
from worker.actors import KINDS
from worker.adapters import migrations
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.adapters.store.belongings import mails_of_claims
from worker.adapters.store.erasing import erase_mails
from worker.adapters.store.outbox import Email
from worker.adapters.store.points_entries import Holder
from worker.adapters.store.points_orders import Bought
from worker.adapters.store.rebuilt import LEFT, OF_MADE, OF_SOURCE
from worker.adapters.store.schema import Base
from worker.auditing import audit
from worker.decide import triage
from worker.domain.claim import ClaimState, Event
from worker.domain.errors import UsageError
from worker.erasing import erase, remove_left
from worker.rebuilding import Rebuilt, rebuild
from worker.runner import Runner
from worker.steps.shared import draft_job, event_now

ERASED_ORDER = "ORD-20261104-0777"


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
    office._runner = Runner(office.parts, KINDS)  # noqa: SLF001 - it knows its store
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


def close(office: MailboxOffice, claim_id: int) -> None:
    claim = office.store.claims.get(claim_id)
    assert claim is not None
    after = dataclasses.replace(claim, state=ClaimState.WITHDRAWN)
    with office.store.transaction() as work:
        work.save_claim(claim, after)
        before, after_state = claim.state, after.state
        event = event_now(work, Event.WITHDRAWN, before, after_state, actor="jane")
        work.append_event(claim_id, event)


def test_what_was_erased_stays_erased(office: MailboxOffice, fresh: str) -> None:
    others = make_claim_mail(
        member="M777", order=ERASED_ORDER, sender="Eve <eve@member.example>"
    ).replace(b"<one@", b"<eve@")
    member = a_member(member_id="M777", addresses=("eve@member.example",))
    office.store.orders.import_orders([an_order(ERASED_ORDER, member=member)])
    mail_id = office.deliver(others)
    number = office.store.mails.get(mail_id).claim_id
    assert number is not None
    close(office, number)
    erase(office.parts, "M777", by="jane", basis="request", is_applied=True)
    ends, events = office.store.mails.fates(), office.store.claims.events(number)
    gone = office.store.claims.get(number), office.store.mails.get(mail_id)

    rebuilt(office, into=fresh)

    copy = into_place(office, fresh)
    assert (copy.claims.get(number), copy.mails.get(mail_id)) == gone
    assert copy.claims.events(number) == events
    assert copy.mails.fates() == ends
    assert audit(office.parts, is_deep=True).gaps == []


def test_a_claim_whose_mails_are_gone_is_taken_over_whole(
    office: MailboxOffice, fresh: str
) -> None:
    close(office, 2)
    with office.store.database.write() as session:
        erase_mails(session, mails_of_claims(session, [2]), at=office.clock.at)
    remove_left(office.parts)
    counts = office.store.audits.counts()
    before = office.store.claims.get(2), office.store.claims.events(2)

    rebuilt(office, into=fresh)

    copy = into_place(office, fresh)
    assert copy.audits.counts() == counts
    assert (copy.claims.get(2), copy.claims.events(2)) == before
    assert audit(office.parts, is_deep=True).gaps == []


def test_a_mail_without_a_fate_is_judged_in_the_new_record(
    office: MailboxOffice, fresh: str
) -> None:
    mail_id = office.deliver(a_claim_mail(LATER), run=False)
    assert office.fate(mail_id) is None
    office.queue.bells.clear()

    rebuilt(office, into=fresh)

    copy = into_place(office, fresh)
    office.run_again()
    assert copy.mails.get(mail_id).fate == "claim"
    assert audit(office.parts, is_deep=True).gaps == []


def test_mails_that_are_settled_meanwhile_stop_it(
    office: MailboxOffice, fresh: str
) -> None:
    late = a_claim_mail(LATER)

    def work_on(_what: str, number: int, _total: int) -> None:
        if number == 8:
            office.deliver(late)

    with pytest.raises(UsageError, match="stop the workers"):
        rebuild(office.parts, into=fresh, reader=office.parts.reader, progress=work_on)


def test_an_email_that_only_the_new_record_has_is_held_there(
    office: MailboxOffice, fresh: str
) -> None:
    run_sql(office, "delete from jobs where kind = 'send'")
    run_sql(office, "delete from emails where id = 1")

    rebuilt(office, into=fresh)

    copy = Store(fresh, owner="copy", clock=office.clock, queue=CollectingQueue())
    assert [email.held_reason for email in copy.outbox.held()] == ["rebuilt"]
    copy.close()


STALE = "<stale@claims.example>"


class Shelf:
    """The staff's mailbox of drafts; see ports.Drafts."""

    def __init__(self) -> None:
        self.laid: dict[str, bytes] = {}

    def put(self, raw: bytes, *, message_id: str) -> None:
        self.laid[message_id] = raw

    def remove(self, *, message_id: str) -> None:
        self.laid.pop(message_id, None)


def draft_of(office: MailboxOffice) -> Email:
    (draft,) = (
        email for email in office.store.outbox.of_claim(1) if email.status == "draft"
    )
    return draft


def with_drafts(office: MailboxOffice) -> Shelf:
    shelf = Shelf()
    office.parts.__dict__["drafts"] = shelf
    return shelf


def test_a_draft_that_only_the_new_record_has_is_laid_into_the_mailbox(
    office: MailboxOffice, fresh: str
) -> None:
    """Under a number of its own: the job of the lost row has been done."""
    shelf, draft = with_drafts(office), draft_of(office)
    with office.store.transaction() as work:
        work.add_jobs(draft_job("put", draft.email_id))
    office.run()
    assert shelf.laid.keys() == {draft.message_id}
    shelf.laid.clear()
    run_sql(office, f"delete from emails where id >= {draft.email_id}")  # noqa: S608 - ours

    rebuilt(office, into=fresh)

    into_place(office, fresh)
    office.run_again()
    assert draft_of(office).status == "draft"
    assert shelf.laid[draft.message_id] == draft_of(office).raw


def test_a_draft_of_the_new_record_takes_the_place_of_the_old_one(
    office: MailboxOffice, fresh: str
) -> None:
    shelf, draft = with_drafts(office), draft_of(office)
    shelf.put(b"stale", message_id=STALE)
    run_sql(
        office,
        "update emails set dedup_key = 'claim:1:approved:stale',"  # noqa: S608 - ours
        f" message_id = '{STALE}' where id = {draft.email_id}",
    )

    rebuilt(office, into=fresh)

    into_place(office, fresh)
    office.run_again()
    assert draft_of(office).message_id == draft.message_id
    assert STALE not in shelf.laid
    assert draft.message_id in shelf.laid


def test_without_a_mailbox_of_drafts_nothing_is_laid(
    office: MailboxOffice, fresh: str
) -> None:
    run_sql(office, f"delete from emails where id = {draft_of(office).email_id}")  # noqa: S608 - ours

    rebuilt(office, into=fresh)

    copy = into_place(office, fresh)
    assert draft_of(office).status == "draft"
    assert copy.jobs.count_alive() == 0


def test_a_database_with_a_record_is_left_alone(
    office: MailboxOffice, fresh: str
) -> None:
    rebuilt(office, into=fresh)

    with pytest.raises(UsageError, match="empty"):
        rebuilt(office, into=fresh)
