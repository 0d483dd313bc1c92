"""What people decide, on the real steps: guards, events, e-mails, one transaction."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import (
    File,
    a_file,
    claim_files,
    invoice_pdf,
    logo,
    make_claim_mail,
)
from tests.office import OPENING, Office, an_office
from worker import decide
from worker.adapters.mime import parse
from worker.decide import Staff, triage
from worker.decide.insisting import TRIES
from worker.domain.amounts import Condition
from worker.domain.claim import Claim, ClaimState, ClaimType, Event
from worker.domain.documents import DocumentKind
from worker.domain.errors import UsageError
from worker.domain.lifecycle import Role
from worker.domain.orders import Order
from worker.notify import PaymentProblem
from worker.ports import Attempt, Delivery
from worker.steps import intake

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DAY = timedelta(days=1)
STRANGER = "Lena H <lena.private@other.example>"
FIRST, SECOND = "ORD-20261104-0183", "ORD-20261105-0200"
S = ClaimState


def an_order_of(number: str, **changes: object) -> Order:
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - DAY), delivered=a_when(DELIVERED)
    )
    package = dataclasses.replace(package, **changes)  # type: ignore[arg-type]
    return an_order(number, packages=(package,))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    orders = (an_order_of(FIRST), an_order_of(SECOND))
    with an_office(tmp_path / "office", *orders) as office:
        yield office


def complete(**changes: object) -> bytes:
    return make_claim_mail(**changes)  # type: ignore[arg-type]


def incomplete(**changes: object) -> bytes:
    return make_claim_mail(files=claim_files()[1:], **changes)  # type: ignore[arg-type]


def invoice_follow_up(at: datetime = RECEIVED + DAY, **headers: str) -> bytes:
    return make_claim_mail(
        subject=f"Re: M104233+{FIRST}+Claim",
        text="Here is the invoice.",
        files=[a_file(invoice_pdf(), "invoice.pdf")],
        received_at=at,
        headers=[("In-Reply-To", "<one@mail.example>"), *headers.items()],
    )


def late() -> bytes:
    return complete(received_at=DELIVERED + DAY + timedelta(seconds=1))


def claim_of(office: Office, number: int = 1) -> Claim:
    found = office.store.claims.get(number)
    assert found is not None
    return found


def events(office: Office, number: int = 1) -> list[Event]:
    return [one.event for one in office.store.claims.events(number)]


def last_text(office: Office) -> str:
    return parse(office.emails[-1].raw).text


# -- two persons --------------------------------------------------------------------


@pytest.fixture
def dear(tmp_path: Path) -> Iterator[Office]:
    """A lost package of 700 USD: above the limit of one person."""
    order = an_order_of(
        FIRST,
        value_usd="900.00",
        sales_price_usd="700.00",
        delivered=None,
        arrived=None,
        collected=None,
    )
    package = dataclasses.replace(
        a_package(value_usd="900.00", sales_price_usd="700.00"),
        arrived=None,
        delivered=None,
    )
    order = dataclasses.replace(order, packages=(package,))
    with an_office(tmp_path / "dear", order) as office:
        office.deliver(
            complete(
                text="My parcel never arrived, it is lost.", files=claim_files()[:2]
            )
        )
        assert office.claim.claim_type is ClaimType.TOTAL_LOSS
        yield office


def test_T21_above_the_limit_one_person_is_not_enough(dear: Office) -> None:
    with pytest.raises(UsageError, match=r"two persons, since the amount is over 500"):
        decide.approve(dear.parts, dear.claim, amount=None, by="jane")

    assert dear.state() is S.UNDER_REVIEW
    assert dear.kinds == ["received"]


def test_T19_to_T21_one_proposes_and_another_approves(dear: Office) -> None:
    wanted = decide.approval(dear.parts, dear.claim, amount=None, by="jane")

    decide.propose(dear.parts, dear.claim, wanted, by="jane")
    assert dear.state() is S.DECISION_PROPOSED
    assert [one.code for one in dear.store.alerts.newest(limit=5)] == [
        "approval_needed"
    ]
    with pytest.raises(UsageError, match="jane proposed it"):
        decide.approve(dear.parts, dear.claim, amount=None, by="jane")
    decide.approve(dear.parts, dear.claim, amount=None, by="kim")
    dear.run()

    assert dear.state() is S.APPROVED
    assert dear.kinds == ["received", "approved"]
    assert str(wanted.amount).split()[0] in last_text(dear)
    proposed, approved = dear.store.claims.events(1)[-3:-1]
    assert (proposed.event, proposed.actor) == (Event.DECISION_PROPOSED, "jane")
    assert (approved.event, approved.actor) == (Event.APPROVED, "kim")


def test_T22_staff_are_asked_to_pay_what_was_approved(
    dear: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = "claims-team@logistics.example"
    settings = dear.parts.settings.model_copy(
        update={"alert_url": SecretStr(f"mailto:{team}")}
    )
    monkeypatch.setattr(dear.parts, "settings", settings)
    wanted = decide.approval(dear.parts, dear.claim, amount=None, by="jane")
    decide.propose(dear.parts, dear.claim, wanted, by="jane")
    decide.approve(dear.parts, dear.claim, amount=None, by="kim")
    dear.run()

    ((_, raw),) = [one for one in dear.relay.taken if one[0] == team]
    assert b"Subject: Please pay: claim CLM-000001 is approved" in raw
    assert wanted.amount is not None
    assert f"{wanted.amount.amount:,.2f}" in parse(raw).text


def test_a_rejection_asks_nobody_to_pay(
    dear: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dear.parts.settings.model_copy(
        update={"alert_url": SecretStr("mailto:claims-team@logistics.example")}
    )
    monkeypatch.setattr(dear.parts, "settings", settings)
    wanted = decide.rejection(
        dear.parts, dear.claim, clauses=("G9a",), by="jane", reason="Box intact."
    )
    decide.propose(dear.parts, dear.claim, wanted, by="jane")
    decide.reject(dear.parts, dear.claim, clauses=(), by="kim")
    dear.run()

    assert dear.kinds == ["received", "rejected"]


def test_T20_what_is_returned_is_reviewed_again(dear: Office) -> None:
    wanted = decide.approval(
        dear.parts, dear.claim, amount="600.00", by="jane", reason="Seen."
    )
    decide.propose(dear.parts, dear.claim, wanted, by="jane")

    with pytest.raises(UsageError, match="--reason must say something"):
        decide.give_back(dear.parts, dear.claim, by="kim", reason=" ")
    decide.give_back(dear.parts, dear.claim, by="kim", reason="why not 700?")
    dear.run()

    assert dear.state() is S.UNDER_REVIEW
    assert dear.kinds == ["received"]
    assert dear.store.outbox.draft_of(1) is not None


def test_an_approval_of_another_amount_than_proposed_is_refused(dear: Office) -> None:
    wanted = decide.approval(
        dear.parts, dear.claim, amount="600.00", by="jane", reason="Seen."
    )
    decide.propose(dear.parts, dear.claim, wanted, by="jane")

    with pytest.raises(UsageError, match=r"600\.00 USD is proposed"):
        decide.approve(
            dear.parts, dear.claim, amount="650.00", by="kim", reason="Seen."
        )
    with pytest.raises(UsageError, match="an approval is proposed"):
        decide.reject(dear.parts, dear.claim, clauses=("C8",), by="kim", reason="Seen.")


def test_EX_23_an_intact_box_needs_a_second_person_and_sends_nothing(
    office: Office,
) -> None:
    office.deliver(complete())

    with pytest.raises(UsageError, match="over the most"):
        decide.approve(
            office.parts,
            office.claim,
            amount="10.00",
            by="jane",
            packaging=Condition.INTACT,
            contents=Condition.DAMAGED,
            reason="Seen.",
        )
    with pytest.raises(UsageError, match=r"the packaging is intact \(G9a\)"):
        decide.reject(
            office.parts, office.claim, clauses=("G9a",), by="jane", reason="Seen."
        )
    wanted = decide.rejection(
        office.parts, office.claim, clauses=("G9a",), by="jane", reason="Box intact."
    )
    decide.propose(office.parts, office.claim, wanted, by="jane")
    office.run()
    assert office.kinds == ["received"]
    decide.reject(office.parts, office.claim, clauses=(), by="kim")
    office.run()

    assert office.state() is S.COMPLETED_REJECTED
    assert office.kinds == ["received", "rejected"]


def test_who_has_not_the_role_is_refused(office: Office) -> None:
    office.deliver(complete())
    agent = Staff("jane", frozenset({Role.AGENT}))

    with pytest.raises(UsageError, match="jane has not the role"):
        decide.approve(
            office.parts, office.claim, amount="80.00", by=agent, reason="Seen."
        )
    with pytest.raises(UsageError, match="--by must say something"):
        decide.approve(
            office.parts, office.claim, amount="80.00", by=" ", reason="Seen."
        )

    assert office.state() is S.UNDER_REVIEW


def test_a_decision_on_what_was_seen_before_a_change_is_refused(office: Office) -> None:
    office.deliver(complete())
    seen = office.claim
    decide.ask_carrier(office.parts, office.claim, by="jo", reason="trace")

    with pytest.raises(UsageError, match="has changed meanwhile"):
        decide.approve(office.parts, seen, amount="80.00", by="jane", reason="Seen.")

    assert office.kinds == ["received"]


def approved_by_the_way(office: Office, meanwhile: Callable[[], object]) -> decide.Done:
    """Let jane insist on an approval, with something done to the claim at each try."""

    def approve(claim: Claim) -> decide.Done:
        meanwhile()
        return decide.approve(
            office.parts, claim, amount="80.00", by="jane", reason="Seen."
        )

    return decide.insist(office.parts, office.claim, approve)


def touched(office: Office) -> None:
    """Move the claim's version as the worker does, with nothing else."""
    with office.store.transaction() as work:
        claim = work.lock_claim(1)
        assert claim is not None
        work.save_claim(claim, claim)


def test_a_decision_is_insisted_on_where_the_worker_moved_the_version_alone(
    office: Office,
) -> None:
    office.deliver(complete())
    decide.respond(office.parts, office.claim, by="jane", text="We look.")
    seen = office.claim

    approved_by_the_way(office, office.run)

    assert office.claim.version > seen.version + 1
    assert office.state() is S.APPROVED_PARTIAL


def test_no_decision_is_insisted_on_where_another_person_did_something(
    office: Office,
) -> None:
    office.deliver(complete())

    def respond() -> None:
        decide.respond(office.parts, office.claim, by="jo", text="We look.")

    with pytest.raises(UsageError, match="has changed meanwhile"):
        approved_by_the_way(office, respond)

    assert office.state() is S.UNDER_REVIEW


def test_no_decision_is_insisted_on_where_the_member_wrote(office: Office) -> None:
    office.deliver(complete())

    with pytest.raises(UsageError, match="has changed meanwhile"):
        approved_by_the_way(office, lambda: office.deliver(invoice_follow_up()))

    assert office.state() is S.UNDER_REVIEW


def test_a_decision_is_insisted_on_a_few_times_only(office: Office) -> None:
    office.deliver(complete())
    tries: list[None] = []

    def move() -> None:
        tries.append(None)
        touched(office)

    with pytest.raises(UsageError, match="has changed meanwhile"):
        approved_by_the_way(office, move)

    assert len(tries) == TRIES


# -- failed checks --------------------------------------------------------------------


def test_T14_a_check_that_a_lead_set_aside_proposes_nothing_again(
    office: Office,
) -> None:
    office.deliver(late())
    assert office.state() is S.INELIGIBLE_PROPOSED

    decide.overrule(office.parts, office.claim, by="kim", reason="greylisted")
    office.run()
    office.deliver(invoice_follow_up(RECEIVED + 2 * DAY))

    assert office.state() is S.UNDER_REVIEW
    event = next(
        e
        for e in office.store.claims.events(1)
        if e.event is Event.INELIGIBLE_OVERRULED
    )
    assert (event.actor, event.clauses, event.reason) == ("kim", ("C11",), "greylisted")


def test_an_approval_of_what_failed_a_check_says_why(office: Office) -> None:
    office.deliver(late())

    with pytest.raises(UsageError, match="why it is set aside"):
        decide.approve(office.parts, office.claim, amount="80.00", by="kim")
    decide.approve(
        office.parts, office.claim, amount="80.00", by="kim", reason="Mail was delayed."
    )

    assert events(office)[-3:] == [
        Event.INELIGIBLE_OVERRULED,
        Event.DECISION_PROPOSED,
        Event.APPROVED_PARTIAL,
    ]


def test_E7_less_than_the_terms_give_needs_a_reason(office: Office) -> None:
    office.deliver(complete())

    for reason in ("", "  "):
        with pytest.raises(UsageError, match=r"less than the terms give.*--reason"):
            decide.approve(
                office.parts, office.claim, amount="80.00", by="jane", reason=reason
            )
    wanted = decide.approval(office.parts, office.claim, amount="80.00", by="jane")
    with pytest.raises(UsageError, match=r"less than the terms give.*--reason"):
        decide.propose(office.parts, office.claim, wanted, by="jane")
    assert office.state() is S.UNDER_REVIEW
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="The lamp works."
    )
    office.run()

    assert "The lamp works." in last_text(office)


def test_E8_a_rejection_without_a_failed_check_needs_a_reason(office: Office) -> None:
    office.deliver(complete())

    with pytest.raises(UsageError, match=r"no check failed for C8.*--reason"):
        decide.reject(office.parts, office.claim, clauses=("C8",), by="jane")
    wanted = decide.rejection(office.parts, office.claim, clauses=("C8",), by="jane")
    with pytest.raises(UsageError, match=r"no check failed for C8.*--reason"):
        decide.propose(office.parts, office.claim, wanted, by="jane")

    assert office.state() is S.UNDER_REVIEW


def test_E8_a_clause_beside_a_failed_check_needs_a_reason(office: Office) -> None:
    office.deliver(late())

    with pytest.raises(UsageError, match=r"no check failed for C8: .*--reason"):
        decide.reject(office.parts, office.claim, clauses=("C11", "C8"), by="kim")
    decide.reject(office.parts, office.claim, clauses=("C11",), by="kim")

    assert office.state() is S.COMPLETED_REJECTED


def test_T15_a_confirmed_failure_is_one_decision_with_both_events(
    office: Office,
) -> None:
    office.deliver(late())

    decide.reject(office.parts, office.claim, clauses=(), by="kim")

    assert events(office)[-2:] == [Event.INELIGIBLE_CONFIRMED, Event.REJECTED]


# -- asking ---------------------------------------------------------------------------


def test_EX_51_a_request_answers_the_clock_and_the_answer_starts_it_again(
    office: Office,
) -> None:
    office.deliver(complete())
    office.wait_until(OPENING + 3 * DAY)

    decide.ask(
        office.parts, office.claim, text="Please photograph the label.", by="jane"
    )
    office.run()
    assert office.state() is S.AWAITING_MEMBER
    assert office.claim.responded_at is not None
    assert office.kinds == ["received", "response"]
    assert "Please photograph the label." in last_text(office)
    answered_at = OPENING + 4 * DAY
    office.clock.at = answered_at
    office.deliver(invoice_follow_up(answered_at))

    assert office.state() is S.UNDER_REVIEW
    assert office.claim.docs_complete_at == answered_at
    assert office.claim.respond_by == answered_at + 7 * DAY


def test_T17_the_carrier_is_asked_and_the_clock_runs_on(office: Office) -> None:
    office.deliver(complete())
    due = office.claim.respond_by

    decide.ask_carrier(office.parts, office.claim, by="jane", reason="trace 881")
    assert (office.state(), office.claim.respond_by) == (S.AWAITING_CARRIER, due)
    decide.carrier_answered(office.parts, office.claim, by="jane", reason="lost")
    office.run()

    assert (office.state(), office.claim.respond_by) == (S.UNDER_REVIEW, due)
    assert office.store.outbox.draft_of(1) is not None


def test_T18_a_person_may_say_where_the_claim_stands(office: Office) -> None:
    office.deliver(complete())

    decide.respond(office.parts, office.claim, by="jane", text="The carrier looks.")
    office.run()

    assert office.kinds == ["received", "response"]
    assert "The carrier looks." in last_text(office)
    assert office.claim.responded_at is not None
    assert office.state() is S.UNDER_REVIEW


def test_C7_a_waived_document_completes_the_set_from_then_on(office: Office) -> None:
    office.deliver(make_claim_mail(files=claim_files()[:3]))
    assert office.state() is S.AWAITING_DOCUMENTS
    waived_at = OPENING + DAY
    office.clock.at = waived_at

    decide.waive(
        office.parts,
        office.claim,
        DocumentKind.CONTENTS_PHOTOS,
        by="jane",
        reason="thrown away",
    )
    office.run()

    assert office.state() is S.UNDER_REVIEW
    assert office.claim.docs_complete_at == waived_at
    assert office.kinds == ["received", "documents_complete"]


def test_a_type_that_a_person_chose_stays(office: Office) -> None:
    office.deliver(complete(text="Please see the attached files."))
    assert office.claim.claim_type == "unknown"

    decide.choose_type(office.parts, office.claim, ClaimType.DAMAGE, by="jane")
    office.run()

    assessment = office.store.claims.latest_assessment(1)
    assert assessment is not None
    assert assessment.claim_type is ClaimType.DAMAGE


def test_the_package_that_a_person_chose_gives_the_clocks(tmp_path: Path) -> None:
    both = tuple(
        dataclasses.replace(
            a_package(), package_id=name, delivered=a_when(DELIVERED), arrived=None
        )
        for name in ("A", "B")
    )
    with an_office(tmp_path / "office", an_order(FIRST, packages=both)) as office:
        office.deliver(complete())
        assert "which_package" in office.claim.flags

        with pytest.raises(UsageError, match="no package C; it has A, B"):
            decide.choose_package(office.parts, office.claim, "C", by="jane")
        decide.choose_package(office.parts, office.claim, "B", by="jane")
        office.run()

        assert office.claim.package_id == "B"
        assessment = office.store.claims.latest_assessment(1)
        assert assessment is not None
        assert "which_package" not in assessment.flags


# -- flags ----------------------------------------------------------------------------


def test_a_flag_of_an_exclusion_asks_for_a_second_person_until_it_is_cleared(
    office: Office,
) -> None:
    office.deliver(complete())

    decide.set_flag(
        office.parts, office.claim, "X5", evidence="label differs", by="jane"
    )
    office.run()
    assert "set_x5" in office.claim.flags
    with pytest.raises(UsageError, match="an exclusion"):
        decide.approve(
            office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
        )
    decide.clear_flag(office.parts, office.claim, "X5", reason="typing error", by="kim")
    office.run()
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )

    assert office.state() is S.APPROVED_PARTIAL
    (flag,) = office.store.flags.of_claim(1)
    assert (flag.clause, flag.set_by, flag.evidence) == ("X5", "jane", "label differs")
    assert (flag.cleared_by, flag.cleared_reason) == ("kim", "typing error")


def test_what_a_person_cleared_no_rule_raises_again_on_the_same_evidence(
    tmp_path: Path,
) -> None:
    order = an_order_of(FIRST, carrier_events=("strike",))
    with an_office(tmp_path / "office", order) as office:
        office.deliver(complete())
        assert "carrier_strike" in office.claim.flags

        decide.clear_flag(office.parts, office.claim, "X11", reason="before", by="kim")
        office.run()
        office.deliver(invoice_follow_up())

        assert "carrier_strike" not in office.claim.flags
        (flag,) = office.store.flags.of_claim(1)
        assert (flag.suggested_by, flag.set_by, flag.is_open) == (
            "rule",
            "system",
            False,
        )


def test_the_fourth_claim_of_a_year_is_a_hint_with_the_others_numbers(
    tmp_path: Path,
) -> None:
    numbers = [f"ORD-2026110{n}-0183" for n in range(1, 5)]
    orders = [an_order_of(number) for number in numbers]
    with an_office(tmp_path / "office", *orders) as office:
        for number in numbers:
            office.deliver(
                make_claim_mail(
                    subject=f"M104233+{number}+Claim", files=claim_files(number)
                )
            )

        flags = office.store.flags.of_claim(4)
        assert [(flag.clause, flag.code) for flag in flags if flag.clause == "X6"] == [
            ("X6", "many_claims")
        ]
        assert "CLM-000001, CLM-000002, CLM-000003" in [f.evidence for f in flags]
        assert "many_claims" not in claim_of(office, 3).flags


# -- payment --------------------------------------------------------------------------


def test_T22_to_T24_a_payout_fails_is_mended_and_is_done(office: Office) -> None:
    office.deliver(complete())
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )
    decide.pay(office.parts, office.claim, by="fin")
    key = decide.payout_key(office.parts, office.claim)

    decide.payment_failed(
        office.parts, office.claim, by="fin", problem=PaymentProblem.REFUSED
    )
    office.run()
    assert office.state() is S.PAYOUT_FAILED
    decide.pay(office.parts, office.claim, by="fin")
    assert decide.payout_key(office.parts, office.claim) == key == "CLM-000001-1"
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-9")
    office.run()

    assert office.state() is S.COMPLETED_PAID
    assert office.kinds == ["received", "approved", "payment_problem", "completed"]


def test_T23_what_the_member_cannot_mend_is_not_told(office: Office) -> None:
    office.deliver(complete())
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )
    decide.pay(office.parts, office.claim, by="fin")

    decide.payment_failed(
        office.parts, office.claim, by="fin", problem=PaymentProblem.OTHER
    )
    office.run()

    assert office.kinds == ["received", "approved"]


# -- ends and returns -----------------------------------------------------------------


def closed(office: Office) -> Claim:
    """A claim closed as incomplete, ten days after it came."""
    office.deliver(incomplete())
    office.wait_until(OPENING + 4 * DAY)
    office.wait_until(OPENING + 8 * DAY)
    decide.close(office.parts, office.claim, by="jane")
    office.run()
    assert office.state() is S.CLOSED_INCOMPLETE
    return office.claim


def test_T12_a_claim_is_closed_only_after_due_date_and_reminder(office: Office) -> None:
    office.deliver(incomplete())

    with pytest.raises(UsageError, match="are not overdue yet: 2026-11-25 19:12 UTC"):
        decide.close(office.parts, office.claim, by="jane")
    office.clock.at = OPENING + 8 * DAY
    with pytest.raises(UsageError, match="was not reminded yet"):
        decide.close(office.parts, office.claim, by="jane")
    office.wait_until(OPENING + 8 * DAY)
    decide.close(office.parts, office.claim, by="jane")
    office.run()

    assert office.kinds == ["received", "documents_reminder", "closed_incomplete"]


def test_T12_a_mail_that_waits_to_be_read_keeps_it_open(office: Office) -> None:
    office.deliver(incomplete())
    office.wait_until(OPENING + 8 * DAY)
    office.deliver(invoice_follow_up(), run=False)

    with pytest.raises(UsageError, match="mails wait to be read"):
        decide.close(office.parts, office.claim, by="jane")


def test_T26_a_reply_with_the_documents_opens_it_again_with_its_first_receipt(
    office: Office,
) -> None:
    closed(office)
    replied_at = OPENING + 12 * DAY
    office.clock.at = replied_at

    office.deliver(invoice_follow_up(replied_at))

    assert office.state() is S.UNDER_REVIEW
    assert office.claim.received_at == RECEIVED
    assert office.claim.respond_by == replied_at + 7 * DAY
    assert office.kinds[-1] == "reopened"
    assert Event.REPLY_AFTER_CLOSE in events(office)


def test_T26_after_the_window_a_reply_opens_a_claim_of_its_own_or_none(
    office: Office,
) -> None:
    closed(office)
    office.clock.at = OPENING + 60 * DAY

    office.deliver(invoice_follow_up(OPENING + 60 * DAY))

    assert claim_of(office).state is S.CLOSED_INCOMPLETE


OUR_MAIL = (
    "\n\n________________________________\nFrom: Claims <claims@logistics.example>\n"
    "Sent: Thursday, 26 November 2026 09:00\nTo: Lena\nSubject: Your claim\n\n"
    "We have closed it: no invoice came."
)
FROM_THEM = ("Claims <claims@logistics.example>", "Lena <lena.hoffmann@mail.example>")
THEIR_MAIL = (
    "\n\nOn Wed, 18 Nov 2026 at 20:10, Lena <lena.hoffmann@mail.example> wrote:\n"
    "> My vase broke"
)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("Thank you, all the best.", []),
        ("Thank you, all the best." + OUR_MAIL, []),
        ("Thank you, all the best." + THEIR_MAIL, []),
        ("Thank you, all the best." + OUR_MAIL.replace(*FROM_THEM), []),
        ("Thank you, all the best.", [a_file(logo(), "image001.png")]),
    ],
    ids=["alone", "above our mail", "above theirs", "a forward", "with a logo"],
)
def test_T26_words_of_thanks_open_nothing(
    office: Office, text: str, files: list[File]
) -> None:
    closed(office)

    office.deliver(
        make_claim_mail(
            subject=f"Re: M104233+{FIRST}+Claim",
            text=text,
            files=files,
            received_at=OPENING + 9 * DAY,
            headers=[("In-Reply-To", "<one@mail.example>")],
        )
    )

    assert office.state() is S.CLOSED_INCOMPLETE


def test_T25_a_withdrawal_is_suggested_by_its_words_and_confirmed_by_a_person(
    office: Office,
) -> None:
    office.deliver(complete())

    office.deliver(
        make_claim_mail(
            subject=f"Re: M104233+{FIRST}+Claim",
            text="I withdraw my claim, the parcel turned up.",
            files=[],
            received_at=RECEIVED + DAY,
            headers=[("In-Reply-To", "<one@mail.example>")],
        )
    )
    assert office.state() is S.UNDER_REVIEW
    codes = [one.code for one in office.store.alerts.newest(limit=9)]
    assert codes == ["withdrawal_asked"]
    decide.withdraw(office.parts, office.claim, by="jane", reason="as they wrote")
    office.run()

    assert office.state() is S.WITHDRAWN
    assert office.kinds == ["received", "withdrawn"]


def test_T25_a_held_claim_cannot_be_withdrawn_by_a_stranger(office: Office) -> None:
    office.deliver(complete(sender=STRANGER))

    with pytest.raises(UsageError, match="waits until its sender is proven"):
        decide.withdraw(office.parts, office.claim, by="jane", reason="they said so")


def rejected(office: Office) -> None:
    office.deliver(complete())
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()


def test_T27_an_appeal_is_decided_once_by_others_with_a_new_clock(
    office: Office,
) -> None:
    rejected(office)
    office.clock.at = OPENING + 10 * DAY

    decide.appeal(office.parts, office.claim, by="jane", reason="new photographs")
    office.run()
    assert office.state() is S.APPEALED
    assert office.claim.respond_by == OPENING + 17 * DAY
    assert office.kinds == ["received", "rejected", "reopened"]
    with pytest.raises(UsageError, match="jane decided it before"):
        decide.take_appeal(office.parts, office.claim, by="jane")
    decide.take_appeal(office.parts, office.claim, by="kim")
    office.run()
    assert office.state() is S.UNDER_REVIEW
    assert office.claim.respond_by == OPENING + 17 * DAY
    wanted = decide.approval(
        office.parts, office.claim, amount="80.00", by="kim", reason="Seen."
    )
    decide.propose(office.parts, office.claim, wanted, by="kim")
    with pytest.raises(UsageError, match="did not decide before"):
        decide.approve(office.parts, office.claim, amount=None, by="jane")
    decide.approve(office.parts, office.claim, amount=None, by="lee")
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-2")
    office.run()

    assert office.kinds[3:] == ["approved", "completed"]
    with pytest.raises(UsageError, match="can be appealed once"):
        decide.appeal(office.parts, office.claim, by="jane", reason="again")


def test_T27_the_window_of_an_appeal_ends_after_30_days(office: Office) -> None:
    rejected(office)
    decided_at = office.store.claims.events(1)[-1].at

    office.clock.at = decided_at + 30 * DAY + timedelta(seconds=1)
    with pytest.raises(UsageError, match="the time to appeal has passed"):
        decide.appeal(office.parts, office.claim, by="jane", reason="late")
    office.clock.at = decided_at + 29 * DAY
    decide.appeal(office.parts, office.claim, by="jane", reason="in time")

    assert office.state() is S.APPEALED


def test_T27_what_was_paid_in_full_is_not_appealed(dear: Office) -> None:
    wanted = decide.approval(dear.parts, dear.claim, amount=None, by="jane")
    decide.propose(dear.parts, dear.claim, wanted, by="jane")
    decide.approve(dear.parts, dear.claim, amount=None, by="kim")
    decide.complete(dear.parts, dear.claim, by="fin", reference="PAY-3")

    with pytest.raises(UsageError, match="it was paid in full"):
        decide.appeal(dear.parts, dear.claim, by="jane", reason="more")


def test_T28_a_stopped_claim_is_neither_decided_nor_paid_and_its_clock_runs(
    office: Office,
) -> None:
    office.deliver(complete())
    due = office.claim.respond_by

    decide.stop(office.parts, office.claim, by="kim", reason="sanctions list")
    assert "stopped" in office.claim.flags
    with pytest.raises(UsageError, match="is stopped: `claims resume CLM-000001`"):
        decide.approve(
            office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
        )
    office.deliver(invoice_follow_up())
    assert "stopped" in office.claim.flags
    assert office.claim.respond_by == due
    decide.resume(office.parts, office.claim, by="kim", reason="another name")
    office.run()
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )

    assert "stopped" not in office.claim.flags
    assert office.state() is S.APPROVED_PARTIAL


# -- unplaced mails, held claims, merging ---------------------------------------------


def test_T4_a_mail_that_a_person_placed_opens_the_claim_with_its_receipt(
    office: Office,
) -> None:
    mail_id = office.deliver(complete(subject="my broken lamp", text="It is broken."))
    assert office.fate(mail_id) == "cannot_match"
    office.clock.at = OPENING + 2 * DAY

    claim = decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")
    office.run()

    assert office.fate(mail_id) == "claim"
    assert claim.received_at == RECEIVED
    assert office.state() is S.UNDER_REVIEW
    assert office.kinds == ["cannot_match", "received"]
    assert Event.MAIL_ASSIGNED in events(office)
    with pytest.raises(UsageError, match="belongs to CLM-000001 already"):
        decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")


def test_T4_a_strangers_mail_that_was_placed_still_waits_for_proof(
    office: Office,
) -> None:
    mail_id = office.deliver(
        complete(subject="my broken lamp", text="It is broken.", sender=STRANGER)
    )

    decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")
    office.run()

    assert office.state() is S.IDENTITY_HOLD


def test_T4_a_mail_that_is_none_is_dismissed_once(office: Office) -> None:
    mail_id = office.deliver(
        complete(subject="opening hours", text="When are you open?", files=[])
    )
    assert office.fate(mail_id) == "cannot_match"

    decide.dismiss(office.parts, mail_id, by="jane")

    assert office.fate(mail_id) == "not_a_claim"
    with pytest.raises(UsageError, match="not among the unmatched"):
        decide.dismiss(office.parts, mail_id, by="jane")


def test_T6_a_person_releases_a_held_claim_and_the_member_hears_of_it(
    office: Office,
) -> None:
    office.deliver(complete(sender=STRANGER))
    released_at = OPENING + DAY
    office.clock.at = released_at

    decide.confirm(office.parts, office.claim, by="jane", reason="called back")
    office.run()

    assert office.state() is S.UNDER_REVIEW
    assert office.claim.received_at == RECEIVED
    assert office.claim.docs_complete_at == released_at
    assert office.emails[-1].kind == "received"
    assert office.emails[-1].recipient == "lena.hoffmann@mail.example"


def test_EX_77_a_mail_of_two_orders_becomes_two_claims_by_a_person(
    office: Office,
) -> None:
    mail_id = office.deliver(complete(subject=f"M104233+{FIRST}+{SECOND}+Claim"))
    assert "several_orders" in office.claim.flags

    other = decide.assign(office.parts, mail_id, order_number=SECOND, by="jane")
    office.run()

    assert other.order_number == SECOND
    assert [one.mail_id for one in office.store.claims.mails(other.claim_id)] == [
        mail_id
    ]
    assert [one.mail_id for one in office.store.claims.mails(1)] == [mail_id]
    assert office.kinds == ["received", "received"]
    assert Event.SPLIT_OFF in events(office, other.claim_id)


def test_T8_a_held_claim_that_is_merged_gives_its_mails_and_hears_nothing(
    office: Office,
) -> None:
    office.deliver(incomplete())
    office.deliver(complete(sender=STRANGER, received_at=RECEIVED + DAY))
    held, kept = claim_of(office, 2), claim_of(office)
    assert held.state is S.IDENTITY_HOLD
    office.clock.at = OPENING + 2 * DAY

    decide.merge(office.parts, held, kept, by="jane")
    office.run()

    assert claim_of(office, 2).state is S.MERGED
    assert claim_of(office).state is S.UNDER_REVIEW
    assert len(office.store.claims.mails(1)) == 2
    assert "merged" not in office.kinds
    with pytest.raises(UsageError, match="was merged into another claim"):
        decide.merge(office.parts, claim_of(office, 2), kept, by="jane")


def test_EX_79_what_is_merged_says_where_it_went_and_later_mails_follow(
    tmp_path: Path,
) -> None:
    both = tuple(
        dataclasses.replace(
            a_package(),
            package_id=name,
            tracking_number=f"TRK{name}77",
            delivered=a_when(DELIVERED),
            arrived=None,
        )
        for name in ("A", "B")
    )
    with an_office(tmp_path / "office", an_order(FIRST, packages=both)) as office:
        office.deliver(complete(text="Broken, parcel TRKA77."))
        office.deliver(
            complete(
                text="Broken too, parcel TRKB77.",
                received_at=RECEIVED + DAY,
                headers=[("Message-ID", "<two@mail.example>")],
            )
        )
        first, second = claim_of(office, 1), claim_of(office, 2)

        decide.merge(office.parts, second, first, by="jane")
        office.run()
        number = office.deliver(
            make_claim_mail(
                subject="Re: your claim",
                text="One more photograph.",
                files=claim_files()[2:],
                received_at=RECEIVED + 2 * DAY,
                headers=[("In-Reply-To", "<two@mail.example>")],
            )
        )

        assert office.kinds.count("merged") == 1
        merged = next(e for e in office.emails if e.kind == "merged")
        assert "CLM-000001" in parse(merged.raw).text
        assert office.store.mails.get(number).claim_id == 1
        assert claim_of(office, 2).merged_into == 1


def test_claims_of_two_orders_are_not_merged(office: Office) -> None:
    office.deliver(complete())
    office.deliver(
        make_claim_mail(subject=f"M104233+{SECOND}+Claim", files=claim_files(SECOND))
    )

    with pytest.raises(UsageError, match="are about different orders"):
        decide.merge(office.parts, claim_of(office, 2), claim_of(office), by="jane")


# -- what must not get round a guard -----------------------------------------------


def test_G6_without_a_type_or_a_package_nothing_is_approved(office: Office) -> None:
    office.deliver(complete(text="Please see the attached files."))

    with pytest.raises(UsageError, match="say first what happened"):
        decide.approve(
            office.parts, office.claim, amount="500.00", by="jane", reason="Seen."
        )

    assert office.state() is S.UNDER_REVIEW


def test_a_name_typed_otherwise_is_no_second_person(dear: Office) -> None:
    wanted = decide.approval(dear.parts, dear.claim, amount=None, by=" jane")
    decide.propose(dear.parts, dear.claim, wanted, by="jane ")

    with pytest.raises(UsageError, match="jane proposed it"):
        decide.approve(dear.parts, dear.claim, amount=None, by="Jane ")
    with pytest.raises(UsageError, match="is no person"):
        decide.approve(dear.parts, dear.claim, amount=None, by="system")


def test_T21_a_mail_that_came_after_the_proposal_stops_the_approval(
    dear: Office,
) -> None:
    wanted = decide.approval(dear.parts, dear.claim, amount=None, by="jane")
    decide.propose(dear.parts, dear.claim, wanted, by="jane")

    dear.deliver(invoice_follow_up())

    with pytest.raises(UsageError, match="a mail has come to CLM-000001 since"):
        decide.approve(dear.parts, dear.claim, amount=None, by="kim")
    assert dear.kinds == ["received"]


def test_who_clears_an_exclusion_does_not_approve_alone(office: Office) -> None:
    office.deliver(complete())
    decide.set_flag(office.parts, office.claim, "X5", evidence="differs", by="kim")
    decide.clear_flag(office.parts, office.claim, "X5", reason="fine", by="jane")

    with pytest.raises(UsageError, match="an exclusion"):
        decide.approve(
            office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
        )
    decide.approve(office.parts, office.claim, amount="80.00", by="kim", reason="Seen.")

    assert office.state() is S.APPROVED_PARTIAL


def test_T27_an_appeal_counts_from_its_mail_however_late_it_is_recorded(
    office: Office,
) -> None:
    rejected(office)
    filed_at = OPENING + 29 * DAY
    office.clock.at = filed_at
    office.deliver(invoice_follow_up(filed_at))
    office.clock.at = OPENING + 33 * DAY

    decide.appeal(office.parts, office.claim, by="jane", reason="new photographs")
    assert office.claim.respond_by == filed_at + 7 * DAY
    decide.take_appeal(office.parts, office.claim, by="kim")
    office.run()

    assert office.claim.respond_by == filed_at + 7 * DAY


def test_what_was_paid_before_an_appeal_is_not_paid_again(office: Office) -> None:
    office.deliver(complete())
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")
    decide.appeal(office.parts, office.claim, by="jane", reason="more was broken")
    decide.take_appeal(office.parts, office.claim, by="kim")
    office.run()

    with pytest.raises(UsageError, match=r"38\.75 USD, after 80\.00 USD"):
        decide.approval(
            office.parts, office.claim, amount="38.76", by="kim", reason="Seen."
        )
    wanted = decide.approval(
        office.parts, office.claim, amount="38.75", by="kim", reason="Seen."
    )
    decide.propose(office.parts, office.claim, wanted, by="kim")
    decide.approve(office.parts, office.claim, amount=None, by="lee")
    office.run()

    assert office.state() is S.APPROVED
    assert "38.75" in last_text(office)
    assert "118.75" not in last_text(office)


def test_T8_the_first_receipt_of_two_merged_claims_counts(office: Office) -> None:
    office.deliver(late())
    office.deliver(complete(sender=STRANGER))
    kept, held = claim_of(office), claim_of(office, 2)
    assert (held.state, kept.state) == (S.IDENTITY_HOLD, S.INELIGIBLE_PROPOSED)

    decide.merge(office.parts, held, kept, by="jane")
    office.run()

    assert claim_of(office).received_at == RECEIVED
    assert claim_of(office).state is S.UNDER_REVIEW


def test_an_approved_claim_is_neither_merged_nor_withdrawn(office: Office) -> None:
    office.deliver(complete())
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )
    office.deliver(invoice_follow_up())

    with pytest.raises(UsageError, match="is already approved"):
        decide.withdraw(office.parts, office.claim, by="jane", reason="so")
    with pytest.raises(UsageError, match="is already approved"):
        decide.merge(office.parts, office.claim, office.claim, by="jane")


def test_a_placed_mail_of_a_machine_is_never_answered(office: Office) -> None:
    """Promise 7."""
    mail_id = office.deliver(
        complete(
            subject="my lamp",
            text="It is broken.",
            headers=[("Auto-Submitted", "auto-replied")],
        )
    )
    assert office.fate(mail_id) == "auto_reply"

    decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")
    office.run()

    assert office.fate(mail_id) == "claim"
    assert office.kinds == []


def test_a_mail_that_two_people_place_has_one_claim(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id = office.deliver(complete(subject="my lamp", text="It is broken."))
    seen = office.store.mails.get(mail_id)
    decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")
    monkeypatch.setattr(office.store.mails, "get", lambda _: seen)

    with pytest.raises(UsageError, match="was placed meanwhile"):
        decide.assign(office.parts, mail_id, order_number=SECOND, by="kim")

    assert len(office.store.claims.listed(open_only=False, limit=9)) == 1


def moved_before_placing(
    office: Office, monkeypatch: pytest.MonkeyPatch, times: int
) -> list[str]:
    """Let the worker move the claim right before a mail is placed, so many times."""
    moves: list[str] = []
    place = intake.settle_assigned

    def moved_first(*args: object, **options: object) -> Claim:
        if len(moves) < times:
            moves.append("moved")
            touched(office)
        return place(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(triage, "settle_assigned", moved_first)
    return moves


def test_a_mail_is_placed_though_the_worker_moves_its_claim_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(complete())
    mail_id = office.deliver(complete(subject="my lamp", text="It is broken."))
    moves = moved_before_placing(office, monkeypatch, TRIES - 1)

    decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")

    assert len(moves) == TRIES - 1
    assert office.store.mails.get(mail_id).claim_id == 1


def test_a_mail_is_placed_a_few_times_only_and_nothing_is_half_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(complete())
    mail_id = office.deliver(complete(subject="my lamp", text="It is broken."))
    moves = moved_before_placing(office, monkeypatch, TRIES + 1)

    with pytest.raises(UsageError, match="has changed meanwhile"):
        decide.assign(office.parts, mail_id, order_number=FIRST, by="jane")

    assert len(moves) == TRIES
    assert office.store.mails.get(mail_id).claim_id is None


def test_what_a_person_ends_is_held_by_no_budget(tmp_path: Path) -> None:
    order = an_order_of(FIRST)
    with an_office(tmp_path / "office", order, answers_per_hour=1) as office:
        office.deliver(complete())
        office.deliver(invoice_follow_up())

        decide.withdraw(office.parts, office.claim, by="jane", reason="as they wrote")
        office.run()

        (withdrawn,) = [e for e in office.emails if e.kind == "withdrawn"]
        assert withdrawn.status == "sent"


def test_a_flag_that_a_rule_raises_again_stands_again(tmp_path: Path) -> None:
    packages = (
        dataclasses.replace(a_package(), package_id="A", carrier_events=("strike",)),
        dataclasses.replace(a_package(), package_id="B"),
    )
    with an_office(tmp_path / "office", an_order(FIRST, packages=packages)) as office:
        office.deliver(complete())
        for package_id in ("A", "B", "A"):
            decide.choose_package(office.parts, office.claim, package_id, by="jane")
            office.run()

        flags = office.store.flags.of_claim(1)
        assert [one.is_open for one in flags if one.clause == "X11"] == [True]


# -- the order of e-mails ------------------------------------------------------------


def written_while_nothing_ran(office: Office) -> None:
    """Leave a response and a decision to be sent, the decision rung first."""
    office.deliver(complete())
    decide.respond(office.parts, office.claim, by="jane", text="The carrier looks.")
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )
    office.queue.bells.reverse()


def subjects_sent(office: Office) -> list[str]:
    texts = [parse(raw).text for _, raw in office.relay.taken[1:]]
    return [
        "response" if "The carrier looks." in text else "approved" for text in texts
    ]


def test_e_mails_of_a_claim_leave_in_the_order_of_writing(office: Office) -> None:
    written_while_nothing_ran(office)

    office.run()

    assert subjects_sent(office) == ["response", "approved"]


def test_an_e_mail_that_the_relay_defers_holds_up_no_later_one(office: Office) -> None:
    written_while_nothing_ran(office)
    office.relay.script = [Attempt(Delivery.DEFERRED, "451")]

    office.run()
    assert subjects_sent(office) == ["approved"]
    office.run_again()

    assert subjects_sent(office) == ["approved", "response"]
