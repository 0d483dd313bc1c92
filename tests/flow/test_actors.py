"""The way of a mail through the real steps, on a private record."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import (
    a_file,
    auto_reply,
    claim_files,
    invoice_pdf,
    make_claim_mail,
    make_mail,
)
from tests.office import OPENING, InlineReader, Office, an_office
from worker import decide, ingest
from worker.adapters.mime import parse
from worker.adapters.render import JinjaRenderer
from worker.domain.claim import ClaimEvent, ClaimState, Event
from worker.domain.errors import UsageError
from worker.domain.orders import Order
from worker.ports import Attempt, Delivery

ON_FILE = "lena.hoffmann@mail.example"
STRANGER = "Lena H <lena.private@other.example>"
DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def the_order() -> Order:
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - DAY), delivered=a_when(DELIVERED)
    )
    return an_order("ORD-20261104-0183", packages=(package,))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", the_order()) as office:
        yield office


def incomplete(**changes: object) -> bytes:
    return make_claim_mail(files=claim_files()[1:], **changes)  # type: ignore[arg-type]


def invoice_follow_up(days: int = 1) -> bytes:
    return make_claim_mail(
        subject="Re: M104233+ORD-20261104-0183+Claim",
        text="Here is the invoice.",
        files=[a_file(invoice_pdf(), "invoice.pdf")],
        received_at=RECEIVED + days * DAY,
        headers=[("In-Reply-To", "<one@mail.example>")],
    )


# -- mail to claim ----------------------------------------------------------------


def test_a_complete_claim_is_opened_and_acknowledged(office: Office) -> None:
    mail_id = office.deliver(make_claim_mail())

    assert office.fate(mail_id) == "claim"
    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.claim.respond_by == RECEIVED + 7 * DAY
    assert office.kinds == ["received"]
    ((recipient, raw),) = office.relay.taken
    assert recipient == ON_FILE
    assert raw == office.emails[0].raw


def test_a_missing_document_is_asked_for_and_its_arrival_starts_the_clock(
    office: Office,
) -> None:
    office.deliver(incomplete())
    assert office.state() is ClaimState.AWAITING_DOCUMENTS
    assert office.claim.documents_due_at == OPENING + 7 * DAY

    mail_id = office.deliver(invoice_follow_up())

    assert office.fate(mail_id) == "follow_up"
    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.claim.docs_complete_at == RECEIVED + DAY
    assert office.kinds == ["received", "documents_complete"]


def test_two_mails_that_arrive_together_are_answered_in_their_order(
    office: Office,
) -> None:
    office.deliver(incomplete(), invoice_follow_up())

    assert office.kinds == ["received", "documents_complete"]
    first, second = office.emails
    assert b"Proof of purchase" in parse(first.raw).text.encode()
    assert first.created_at <= second.created_at


def test_a_claim_that_moved_while_a_mail_was_understood_has_no_gap_in_its_history(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(incomplete())
    office.deliver(incomplete(text="Is there any news?"), run=False)
    understand = ingest.understand

    def and_meanwhile(*asked: object) -> ingest.Understanding:
        """Understand the mail; somebody else waives the invoice before it ends."""
        monkeypatch.setattr(ingest, "understand", understand)
        found = understand(*asked)  # type: ignore[arg-type]
        claim, store = office.claim, office.store
        moved = dataclasses.replace(claim, state=ClaimState.UNDER_REVIEW)
        with store.transaction() as work:
            work.save_claim(claim, moved)
            event = ClaimEvent(
                event=Event.DOCS_COMPLETE,
                actor="jane",
                at=work.at,
                state_before=claim.state,
                state_after=moved.state,
            )
            work.append_event(claim.claim_id, event)
        return found

    monkeypatch.setattr(ingest, "understand", and_meanwhile)
    office.run()
    office.run_again()

    steps = [
        (event.state_before, event.state_after)
        for event in office.store.claims.events(office.claim.claim_id)
    ]
    assert [before for before, _ in steps[1:]] == [after for _, after in steps[:-1]]
    assert office.fate(2) == "follow_up"


def test_D1_the_same_mail_twice_is_one_claim_and_one_answer(office: Office) -> None:
    office.deliver(make_claim_mail())
    second = office.deliver(make_claim_mail())

    assert office.fate(second) == "duplicate"
    assert office.kinds == ["received"]


def test_D7_one_mail_by_two_roads_is_one_claim(office: Office) -> None:
    """The copy has other trace headers; its content is the same."""
    office.deliver(make_claim_mail())
    other_road = b"Received: from list.example by store.logistics.example; \r\n"
    second = office.deliver(other_road + make_claim_mail())

    assert office.fate(second) == "duplicate"


def test_T7_thanks_change_nothing_and_get_no_answer(office: Office) -> None:
    office.deliver(make_claim_mail())
    before = office.claim

    mail_id = office.deliver(
        make_claim_mail(
            text="Thank you!", files=[], received_at=RECEIVED + timedelta(hours=5)
        )
    )

    assert office.fate(mail_id) == "follow_up"
    assert office.state() is before.state
    assert office.claim.respond_by == before.respond_by
    assert office.kinds == ["received"]


def test_S5_an_automatic_reply_changes_no_state_and_is_not_answered(
    office: Office,
) -> None:
    office.deliver(incomplete())
    before = office.claim

    mail_id = office.deliver(auto_reply())

    assert office.fate(mail_id) == "auto_reply"
    assert office.claim == before
    assert office.kinds == ["received"]


# -- strangers --------------------------------------------------------------------


def test_a_stranger_is_held_and_the_member_hears_of_it(office: Office) -> None:
    mail_id = office.deliver(make_claim_mail(sender=STRANGER))

    assert office.fate(mail_id) == "identity_hold"
    assert office.state() is ClaimState.IDENTITY_HOLD
    assert sorted(office.kinds) == ["confirm_identity", "identity_notice"]


def test_a_proven_mail_releases_the_held_claim_and_keeps_its_first_receipt(
    office: Office,
) -> None:
    office.deliver(make_claim_mail(sender=STRANGER))

    office.deliver(
        make_claim_mail(text="It was me.", files=[], received_at=RECEIVED + DAY)
    )

    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.claim.received_at == RECEIVED
    assert office.claim.docs_complete_at == RECEIVED + DAY
    assert office.kinds[-1] == "received"


def test_T1_a_stranger_never_joins_a_claim_by_its_order_number(office: Office) -> None:
    office.deliver(make_claim_mail())
    claim = office.store.claims.get(1)

    office.deliver(invoice_follow_up().replace(b"lena.hoffmann@mail", b"eve@other"))

    assert office.store.claims.get(1) == claim
    held = office.store.claims.get(2)
    assert held is not None
    assert held.state is ClaimState.IDENTITY_HOLD


def test_S1_a_forged_sender_gets_no_mail_and_neither_does_its_victim(
    office: Office,
) -> None:
    office.deliver(make_claim_mail(authentication="dmarc=fail header.from={domain}"))

    assert office.kinds == []


def test_S3_the_fourth_answer_to_a_stranger_in_a_day_is_held(office: Office) -> None:
    for number in range(4):
        office.deliver(
            make_claim_mail(
                sender=STRANGER, subject=f"where is it {number}", text="?", files=[]
            )
        )

    assert office.kinds == ["cannot_match"] * 4
    assert [email.status for email in office.emails] == ["sent"] * 3 + ["held"]
    assert office.emails[3].held_reason == "budget_of_address"


# -- trouble ----------------------------------------------------------------------


def test_P1_a_mail_that_breaks_the_reader_is_parked_and_the_next_one_is_read(
    office: Office,
) -> None:
    poison = make_mail(headers=[("X-Breaks-The-Reader", "yes")])
    bad = office.deliver(poison, make_claim_mail()) - 1
    assert office.fate(bad) is None
    assert office.kinds == ["received"]

    office.run_again()
    office.run_again()

    assert office.fate(bad) == "parked"
    assert office.store.stats.counts().parked == 1


def test_a_mail_that_is_read_late_takes_nothing_back_from_the_claim(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_claim_mail(files=claim_files()[1:2])
    reader = office.parts.reader
    assert isinstance(reader, InlineReader)
    monkeypatch.setattr(reader, "breaks", first[:200])
    office.deliver(
        first,
        make_claim_mail(
            subject="M104233+ORD-20261104-0183+Claim (again)",
            received_at=RECEIVED + timedelta(minutes=1),
        ),
    )
    assert office.state() is ClaimState.UNDER_REVIEW
    before = office.claim

    monkeypatch.setattr(reader, "breaks", b"nothing breaks any more")
    office.run_again()

    assert office.fate(1) == "follow_up"
    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.claim.respond_by == before.respond_by


def test_L13_a_template_that_fails_holds_the_answer_and_keeps_the_claim(
    tmp_path: Path,
) -> None:
    with an_office(tmp_path / "office", the_order()) as office:
        templates = tmp_path / "templates"
        (templates / "received").mkdir(parents=True)
        for part in ("subject.txt", "body.txt", "body.html"):
            (templates / "received" / part).write_text("{{ no_such_name }}")
        office.parts.__dict__["renderer"] = JinjaRenderer(templates)

        office.deliver(make_claim_mail())

        assert office.state() is ClaimState.UNDER_REVIEW
        (email,) = office.emails
        assert (email.status, email.held_reason) == ("held", "template_error")


def test_S4_mail_from_before_go_live_is_stored_and_its_answer_is_held(
    office: Office,
) -> None:
    old = datetime(2025, 12, 24, 18, 0, tzinfo=UTC)

    mail_id = office.deliver(make_claim_mail(received_at=old))

    assert office.fate(mail_id) == "claim"
    assert [e.held_reason for e in office.emails] == ["before_go_live"]
    assert office.relay.taken == []

    decide.release(office.parts, 1, by="jane")
    office.run()

    assert [e.status for e in office.emails] == ["sent"]
    with pytest.raises(UsageError, match="not held"):
        decide.release(office.parts, 1, by="jane")


# -- sending ----------------------------------------------------------------------


def answer(delivery: Delivery, code: str = "451") -> Attempt:
    return Attempt(delivery, code)


def test_a_deferred_mail_is_sent_later_with_the_same_bytes(office: Office) -> None:
    office.relay.script = [answer(Delivery.DEFERRED)]
    office.deliver(make_claim_mail())
    (waiting,) = office.emails
    assert (waiting.status, waiting.attempts) == ("queued", 1)

    office.run_again()

    (sent,) = office.emails
    assert (sent.status, sent.attempts) == ("sent", 2)
    assert sent.raw == waiting.raw


def test_a_refused_mail_is_not_tried_again(office: Office) -> None:
    office.relay.script = [answer(Delivery.REFUSED, "550")]
    office.deliver(make_claim_mail())

    office.run_again()

    assert [e.status for e in office.emails] == ["refused"]
    assert office.relay.taken == []


def test_silence_after_the_final_dot_sends_an_acknowledgement_again(
    office: Office,
) -> None:
    office.relay.script = [answer(Delivery.UNCERTAIN, "timeout")]
    office.deliver(make_claim_mail())

    office.run_again()

    (email,) = office.emails
    assert (email.status, email.uncertain) == ("sent", 1)
    assert len(office.relay.taken) == 2
    assert office.relay.taken[0] == office.relay.taken[1]


def test_silence_after_the_final_dot_holds_a_decision_for_a_person(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    office.relay.script = [answer(Delivery.UNCERTAIN, "timeout")]

    decide.approve(office.parts, office.claim, amount="80.00", by="jane", reason="ok")
    office.run()

    email = office.emails[-1]
    assert (email.kind, email.status) == ("approved", "held")
    assert email.held_reason == "uncertain"


def test_an_attempt_that_nobody_saw_the_end_of_counts_as_uncertain(
    office: Office,
) -> None:
    office.deliver(make_claim_mail(), run=False)
    while office.queue.bells[0].queue != "send":
        office._runner.run(office.queue.bells.pop(0).job_id)  # noqa: SLF001
    with office.store.transaction() as work:
        work.begin_attempts([1])

    office.run()

    (email,) = office.emails
    assert (email.status, email.attempts, email.uncertain) == ("sent", 2, 1)


def test_who_lost_the_lease_while_sending_leaves_the_row_as_it_is(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(make_claim_mail(), run=False)
    while office.queue.bells[0].queue != "send":
        office._runner.run(office.queue.bells.pop(0).job_id)  # noqa: SLF001
    deferred = answer(Delivery.DEFERRED)

    def send(**_: object) -> Attempt:
        with office.store.database.write() as session:
            session.connection().exec_driver_sql(
                "update jobs set token = 'another' where kind = 'send'"
            )
            session.connection().exec_driver_sql(
                "update emails set status = 'sent', sent_at = created_at"
                " where status = 'sending'"
            )
        return deferred

    monkeypatch.setattr(office.relay, "send", send)

    office.run()

    assert [e.status for e in office.emails] == ["sent"]


# -- deadlines ------------------------------------------------------------------


def test_a_reminder_that_cannot_be_sent_stops_no_later_deadline(
    office: Office,
) -> None:
    office.deliver(incomplete())
    nobody = dataclasses.replace(the_order().member, addresses=())
    office.store.orders.import_orders([dataclasses.replace(the_order(), member=nobody)])

    office.wait_until(OPENING + 3 * DAY)
    office.wait_until(OPENING + 7 * DAY)

    events = [e.event for e in office.store.claims.events(office.claim.claim_id)]
    assert Event.DOCS_REMINDER not in events
    assert Event.DOCS_EXPIRY_PROPOSED in events
    assert office.store.stats.counts().alerts_open == 2


# -- people -----------------------------------------------------------------------


def test_a_review_lays_a_draft_that_is_never_sent_by_itself(office: Office) -> None:
    office.deliver(make_claim_mail())

    draft = office.store.outbox.draft_of(office.claim.claim_id)

    assert draft is not None
    assert draft.kind == "approved"
    assert "[amount]" in parse(draft.raw).text
    assert len(office.relay.taken) == 1


def test_an_approved_and_paid_claim_sends_both_mails_and_stops_the_clock(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    decide.approve(office.parts, office.claim, amount="80.00", by="jane", reason="ok")
    office.run()
    assert office.state() is ClaimState.APPROVED_PARTIAL
    assert office.claim.responded_at == OPENING
    office.clock.at = OPENING + 2 * DAY
    decide.complete(office.parts, office.claim, by="finance", reference="PAY-1")
    office.run()

    assert office.state() is ClaimState.COMPLETED_PAID
    assert office.kinds == ["received", "approved", "completed"]
    approved, completed = (
        " ".join(parse(email.raw).text.split()) for email in office.emails[-2:]
    )
    assert "The most that the terms allow here: 118.75 USD" in approved
    assert "Amount approved: 80.00 USD" in approved
    assert "Amount: 80.00 USD - Paid: Friday 20 November 2026" in completed
    assert "reply to this e-mail by Friday 18 December 2026, 19:12 UTC" in completed
    assert office.store.outbox.draft_of(office.claim.claim_id) is None


def test_a_rejection_names_the_failed_clause_and_is_a_persons(office: Office) -> None:
    late = DELIVERED + DAY + timedelta(seconds=1)
    office.deliver(make_claim_mail(received_at=late))
    assert office.state() is ClaimState.INELIGIBLE_PROPOSED

    decide.reject(office.parts, office.claim, clauses=(), by="jane", reason="")
    office.run()

    assert office.state() is ClaimState.COMPLETED_REJECTED
    last = office.store.claims.events(office.claim.claim_id)[-2]
    assert (last.event, last.actor, last.clauses) == (Event.REJECTED, "jane", ("C11",))
    assert "24 hours" in parse(office.emails[-1].raw).text


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "--amount"),
        ("many", "not an amount"),
        ("-5", "above zero"),
        ("1.005", "two decimals"),
        ("118.76", "over the most"),
    ],
)
def test_an_amount_that_the_terms_do_not_allow_is_refused(
    office: Office, amount: str | None, words: str
) -> None:
    office.deliver(make_claim_mail())

    with pytest.raises(UsageError, match=words):
        decide.approve(office.parts, office.claim, amount=amount, by="jane", reason="")

    assert office.state() is ClaimState.UNDER_REVIEW


def test_a_claim_that_waits_for_documents_is_not_decided_yet(office: Office) -> None:
    office.deliver(incomplete())

    for amount in (None, "5", "much"):
        with pytest.raises(UsageError) as caught:
            decide.approve(
                office.parts, office.claim, amount=amount, by="jane", reason=""
            )
        assert str(caught.value) == (
            "CLM-000001 still waits for documents; it cannot be approved yet"
        )
    with pytest.raises(UsageError, match="cannot be completed yet"):
        decide.complete(office.parts, office.claim, by="jane", reference="PAY-1")


def test_a_claim_that_is_not_approved_is_not_paid(office: Office) -> None:
    office.deliver(make_claim_mail())

    with pytest.raises(UsageError, match="is under review; it cannot be completed yet"):
        decide.complete(office.parts, office.claim, by="jane", reference="PAY-1")


def test_what_was_decided_is_not_decided_again(office: Office) -> None:
    office.deliver(make_claim_mail())
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )

    with pytest.raises(
        UsageError, match=r"is already approved; it cannot be rejected$"
    ):
        decide.reject(
            office.parts, office.claim, clauses=("C11",), by="jo", reason="Seen."
        )
    with pytest.raises(UsageError, match=r"it cannot be approved again$"):
        decide.approve(office.parts, office.claim, amount=None, by="jo", reason="")
    decide.complete(office.parts, office.claim, by="jane", reference="PAY-1")
    with pytest.raises(UsageError, match=r"is already paid; it cannot be approved$"):
        decide.approve(office.parts, office.claim, amount=None, by="jo", reason="")


def test_where_an_audit_decides_the_most_is_said(office: Office) -> None:
    office.deliver(make_claim_mail())

    with pytest.raises(UsageError) as caught:
        decide.approve(office.parts, office.claim, amount=None, by="jo", reason="")

    assert str(caught.value) == (
        "this is damage: an audit decides the figure; give it with --amount"
        " (at most 118.75)"
    )


def test_a_decided_claim_is_not_answered_by_itself_any_more(office: Office) -> None:
    office.deliver(make_claim_mail())
    decide.approve(office.parts, office.claim, amount="80.00", by="jane", reason="ok")
    office.run()

    office.deliver(invoice_follow_up())

    assert office.state() is ClaimState.APPROVED_PARTIAL
    assert office.kinds == ["received", "approved"]
