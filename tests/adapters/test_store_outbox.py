"""The outbox in SQL: each answer once, every attempt recorded, counted for budgets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import NewEmail, Store
from worker.adapters.store.outbox import Email
from worker.domain.claim import Claim
from worker.samples import a_claim

NOW = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
MEMBER = "lena.hoffmann@mail.example"
RAW = b"Subject: hello\r\n\r\n\x00\xff bytes as they are\r\n"


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def store(database_url: str, clock: StillClock) -> Iterator[Store]:
    upgrade(database_url)
    store = Store(database_url, owner="one", clock=clock, queue=CollectingQueue())
    yield store
    store.close()


@pytest.fixture
def claim(store: Store) -> Claim:
    with store.transaction() as work:
        return work.open_claim(a_claim())


def an_email(dedup_key: str = "claim:1:received", **changes: object) -> NewEmail:
    email = NewEmail(
        dedup_key=dedup_key,
        kind="received",
        recipient=MEMBER,
        status="queued",
        subject="We have your claim",
        message_id="<clm-1@logistics.example>",
        raw=RAW,
    )
    return replace(email, **changes)  # type: ignore[arg-type]


def add(store: Store, *emails: NewEmail) -> list[int]:
    """Write e-mails; return the ids of the new ones."""
    with store.transaction() as work:
        return [email_id for email_id, _ in work.add_emails(emails)]


def begin(store: Store, email_id: int) -> None:
    with store.transaction() as work:
        work.begin_attempts([email_id])


def end(
    store: Store,
    email_id: int,
    status: str,
    code: str,
    *,
    held_reason: str = "",
    was_uncertain: bool = False,
) -> None:
    with store.transaction() as work:
        work.end_attempt(
            email_id,
            status=status,
            code=code,
            held_reason=held_reason,
            was_uncertain=was_uncertain,
        )


def outcome(email: Email) -> tuple[str, int, int]:
    return email.status, email.attempts, email.uncertain


def set_column(store: Store, email_id: int, assignment: str) -> None:
    statement = sa.text(f"update emails set {assignment} where id = :id")  # noqa: S608
    with store.database.write() as session:
        session.execute(statement, {"id": email_id})


def sent_at(store: Store, email_id: int) -> object:
    with store.database.read() as session:
        query = sa.text("select sent_at is not null from emails where id = :id")
        return session.execute(query, {"id": email_id}).scalar_one()


# -- one answer once ------------------------------------------------------------------


def test_an_email_comes_back_as_it_was_stored(store: Store, claim: Claim) -> None:
    (email_id,) = add(store, an_email(claim_id=claim.claim_id))

    assert store.outbox.get(email_id) == Email(
        email_id=email_id,
        claim_id=claim.claim_id,
        mail_id=None,
        kind="received",
        recipient=MEMBER,
        subject="We have your claim",
        message_id="<clm-1@logistics.example>",
        raw=RAW,
        status="queued",
        attempts=0,
        uncertain=0,
        created_at=NOW,
        held_reason="",
        policy_version="",
    )


def test_T6_the_same_promise_twice_is_one_email_and_the_first_bytes_stay(
    store: Store,
) -> None:
    """A step that runs again renders again, perhaps at another hour."""
    with store.transaction() as work:
        first = work.add_emails([an_email(), an_email()])
    again = add(store, an_email(raw=b"other bytes", status="held"))

    assert len(first) == 1
    assert again == []
    assert store.outbox.counts() == {"queued": 1}
    assert store.outbox.get(first[0][0]).raw == RAW


def test_what_was_promised_is_rolled_back_with_its_cause(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as work:
            work.add_emails([an_email()])
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert store.outbox.counts() == {}


# -- attempts -------------------------------------------------------------------------


def test_an_attempt_is_recorded_before_it_is_made_and_after(store: Store) -> None:
    (email_id,) = add(store, an_email())

    begin(store, email_id)
    meanwhile = outcome(store.outbox.get(email_id))
    end(store, email_id, "sent", "250")

    assert meanwhile == ("sending", 1, 0)
    assert outcome(store.outbox.get(email_id)) == ("sent", 1, 0)
    assert sent_at(store, email_id)


def test_a_deferred_email_is_tried_again_with_the_same_bytes(store: Store) -> None:
    (email_id,) = add(store, an_email())

    for _ in range(3):
        begin(store, email_id)
        end(store, email_id, "queued", "451")

    email = store.outbox.get(email_id)
    assert outcome(email) == ("queued", 3, 0)
    assert (email.raw, email.message_id) == (RAW, "<clm-1@logistics.example>")
    assert not sent_at(store, email_id)


def test_scenario_9_an_attempt_that_nobody_saw_the_end_of_counts_as_uncertain(
    store: Store,
) -> None:
    """Found in `sending`: the sender died, and the relay may have the mail."""
    (email_id,) = add(store, an_email())
    begin(store, email_id)

    begin(store, email_id)

    assert outcome(store.outbox.get(email_id)) == ("sending", 2, 1)


def test_silence_after_the_final_dot_counts_as_uncertain(store: Store) -> None:
    (email_id,) = add(store, an_email())
    begin(store, email_id)

    end(store, email_id, "queued", "timeout", was_uncertain=True)

    assert outcome(store.outbox.get(email_id)) == ("queued", 1, 1)


def test_a_held_email_says_why(store: Store) -> None:
    (email_id,) = add(store, an_email())
    begin(store, email_id)

    end(store, email_id, "held", "timeout", held_reason="uncertain")

    email = store.outbox.get(email_id)
    assert (email.status, email.held_reason) == ("held", "uncertain")


def test_an_email_whose_job_is_a_dead_letter_is_held_unless_it_was_sent(
    store: Store,
) -> None:
    queued, sending, sent = add(store, *(an_email(str(n)) for n in range(3)))
    begin(store, sending)
    begin(store, sent)
    end(store, sent, "sent", "250")

    with store.transaction() as work:
        for email_id in (queued, sending, sent):
            work.hold_unsent(email_id, reason="kills_its_worker")

    statuses = [store.outbox.get(n).status for n in (queued, sending, sent)]
    assert statuses == ["held", "held", "sent"]
    assert store.outbox.get(queued).held_reason == "kills_its_worker"
    assert store.outbox.get(sent).held_reason == ""


def test_only_a_held_email_that_was_rendered_can_be_released(store: Store) -> None:
    held, unrendered, sent = add(
        store,
        an_email("1", status="held", held_reason="before_go_live"),
        an_email("2", status="held", raw=None, held_reason="template_error"),
        an_email("3"),
    )
    begin(store, sent)
    end(store, sent, "sent", "250")

    with store.transaction() as work:
        released = [work.release_held(n) for n in (held, unrendered, sent, 4711)]

    assert released == [True, False, False, False]
    email = store.outbox.find(held)
    assert email is not None
    assert (email.status, email.held_reason) == ("queued", "")
    assert store.outbox.get(sent).status == "sent"


def test_an_email_that_nobody_wrote_is_not_found(store: Store) -> None:
    assert store.outbox.find(4711) is None


# -- drafts ---------------------------------------------------------------------------


def test_only_the_drafts_of_the_claim_are_cancelled(store: Store, claim: Claim) -> None:
    with store.transaction() as work:
        other = work.open_claim(a_claim(order_number="ORD-OTHER"))
    mine, others = claim.claim_id, other.claim_id
    draft, queued, foreign = add(
        store,
        an_email("1", status="draft", claim_id=mine),
        an_email("2", claim_id=mine),
        an_email("3", status="draft", claim_id=others),
    )

    with store.transaction() as work:
        cancelled = work.cancel_drafts(mine)
        again = work.cancel_drafts(mine)

    assert (cancelled, again) == ([draft], [])
    assert store.outbox.get(draft).status == "cancelled"
    assert store.outbox.get(queued).status == "queued"
    assert store.outbox.get(foreign).status == "draft"
    assert store.outbox.draft_of(mine) is None


def test_the_newest_draft_is_the_claims_draft(store: Store, claim: Claim) -> None:
    mine = claim.claim_id
    emails = [an_email(str(n), status="draft", claim_id=mine) for n in range(3)]
    *_, newest = add(store, *emails)

    draft = store.outbox.draft_of(mine)

    assert draft is not None
    assert draft.email_id == newest
    assert [email.email_id for email in store.outbox.of_claim(mine)][-1] == newest


def test_a_claim_has_its_receipt_whatever_became_of_it(
    store: Store, claim: Claim
) -> None:
    mine = claim.claim_id
    add(store, an_email("1", kind="response", claim_id=mine))
    before = store.outbox.has_receipt(mine)

    add(store, an_email("2", status="held", claim_id=mine))

    assert (before, store.outbox.has_receipt(mine)) == (False, True)


# -- budgets --------------------------------------------------------------------------

KINDS: Sequence[str] = ("cannot_match", "confirm_identity")


def test_S3_only_what_went_out_of_some_kinds_in_the_window_counts_to_an_address(
    store: Store, clock: StillClock
) -> None:
    clock.at = NOW - HOUR
    add(store, an_email("at the border", kind="cannot_match"))
    clock.at = NOW - HOUR + timedelta(microseconds=1)
    add(store, an_email("just inside", kind="cannot_match"))
    clock.at = NOW
    add(
        store,
        an_email("inside", kind="confirm_identity"),
        an_email("other kind", kind="received"),
        an_email("other address", kind="cannot_match", recipient="x@mail.example"),
        an_email("held", kind="cannot_match", status="held"),
        an_email("draft", kind="cannot_match", status="draft"),
    )

    count = store.outbox.automatic_to(MEMBER, KINDS, since=NOW - HOUR)

    assert count == 2


@pytest.mark.parametrize("status", ["queued", "sending", "sent"])
def test_S3_an_answer_counts_from_when_it_was_queued_and_goes_on_counting(
    store: Store, status: str
) -> None:
    (email_id,) = add(store, an_email(kind="cannot_match"))
    begin(store, email_id)
    end(store, email_id, status, "250")

    assert store.outbox.automatic_to(MEMBER, KINDS, since=NOW - HOUR) == 1


def test_S3_what_is_refused_or_cancelled_counts_no_more(store: Store) -> None:
    (email_id,) = add(store, an_email(kind="cannot_match"))
    begin(store, email_id)
    end(store, email_id, "refused", "550")

    assert store.outbox.automatic_to(MEMBER, KINDS, since=NOW - HOUR) == 0


def test_S3_every_kind_counts_about_a_claim(
    store: Store, claim: Claim, clock: StillClock
) -> None:
    mine = claim.claim_id
    clock.at = NOW - 2 * HOUR
    add(store, an_email("old", claim_id=mine))
    clock.at = NOW
    add(
        store,
        an_email("1", claim_id=mine),
        an_email("2", claim_id=mine, kind="documents_missing"),
        an_email("3", claim_id=mine, status="draft"),
        an_email("4"),
    )

    assert store.outbox.automatic_about(mine, since=NOW - HOUR) == 2


# -- named rules of the database ------------------------------------------------------


def test_sent_without_an_instant_is_refused_by_name(store: Store) -> None:
    (email_id,) = add(store, an_email())

    with pytest.raises(exc.IntegrityError, match="ck_emails_sent_at"):
        set_column(store, email_id, "status = 'sent'")


def test_a_status_that_nobody_knows_is_refused_by_name(store: Store) -> None:
    (email_id,) = add(store, an_email())

    with pytest.raises(exc.IntegrityError, match="ck_emails_status"):
        set_column(store, email_id, "status = 'lost'")


@pytest.mark.parametrize("status", ["queued", "sending", "sent"])
def test_an_email_without_bytes_cannot_go_out_and_that_is_refused_by_name(
    store: Store, status: str
) -> None:
    (email_id,) = add(store, an_email(raw=None, status="held"))

    with pytest.raises(exc.IntegrityError, match="ck_emails_has_bytes"):
        set_column(store, email_id, f"status = '{status}', sent_at = created_at")


def test_an_email_that_could_not_be_rendered_is_held_without_bytes(
    store: Store,
) -> None:
    (email_id,) = add(
        store,
        an_email(
            raw=None, message_id=None, status="held", held_reason="template_error"
        ),
    )

    email = store.outbox.get(email_id)
    assert (email.raw, email.message_id) == (b"", "")
    assert email.held_reason == "template_error"
