"""Arrow 2: what an assessment makes of a claim, its mails and the directory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from worker.domain.claim import Claim, ClaimState, ClaimType, Event
from worker.domain.documents import DocumentKind, Piece, Verdict, Why
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.lifecycle import next_state
from worker.domain.money import Money
from worker.domain.orders import Member, Order, Package, parse_when
from worker.domain.policy import Policy
from worker.validate import (
    Dossier,
    DossierMail,
    assess,
    docs_complete_at,
    event_for,
)

POLICY = Policy()
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
WEEK = timedelta(hours=168)
D1, D2, D3, D4 = DocumentKind
ALL = (D1, D2, D3, D4)
V = FindingVerdict
S = ClaimState

_ids = count(1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


MAIL_AT = at("2026-11-18T19:10:00Z")


def a_package(
    value: str = "480.00",
    price: str = "450.00",
    *,
    arrived: str | None = "2026-11-17T09:00:00+00:00",
    delivered: str | None = "2026-11-18T14:30:00+00:00",
) -> Package:
    received = None if delivered is None else parse_when(delivered, UTC)
    return Package(
        package_id="1",
        value_usd=Decimal(value),
        sales_price_usd=Decimal(price),
        shipping_fee_usd=Decimal("62.50"),
        arrived=None if arrived is None else parse_when(arrived, UTC),
        delivered=received,
        collected=received,
    )


def an_order(package: Package, *, fee: str | None = "45.00") -> Order:
    return Order(
        order_number="ORD-20261104-0183",
        member=Member("M104233", "Lena", ("lena@mail.example",)),
        placed=None,
        guarantee_fee_usd=None if fee is None else Decimal(fee),
        packages=(package,),
    )


def a_claim(**changes: Any) -> Claim:  # noqa: ANN401 - any field of it
    values: dict[str, Any] = {
        "claim_id": 1,
        "member_id": "M104233",
        "order_number": "ORD-20261104-0183",
        "package_id": "1",
        "claim_type": ClaimType.DAMAGE,
        "state": S.INTAKE,
        "version": 1,
        "received_at": MAIL_AT,
    }
    return Claim(**(values | changes))


def a_piece(kind: DocumentKind, why: Why | None = None) -> Piece:
    number = next(_ids)
    return Piece(number, str(number), f"{kind}.jpg", f"{number:064}", kind, why=why)


def a_mail(
    received_at: datetime,
    kinds: Sequence[DocumentKind] = (),
    **changes: Any,  # noqa: ANN401 - any field of it
) -> DossierMail:
    values: dict[str, Any] = {
        "mail_id": next(_ids),
        "received_at": received_at,
        "header_date_at": received_at,
        "counts_from": received_at,
        "pieces": tuple(a_piece(kind) for kind in kinds),
    }
    return DossierMail(**(values | changes))


def a_dossier(
    *mails: DossierMail,
    package: Package | None = None,
    fee: str | None = "45.00",
    **changes: Any,  # noqa: ANN401 - any field of it
) -> Dossier:
    known = a_package() if package is None else package
    values: dict[str, Any] = {"order": an_order(known, fee=fee), "package": known}
    return Dossier(mails=mails, **(values | changes))


def verdict_of(assessment: Assessment, clause: str) -> FindingVerdict:
    return next(f.verdict for f in assessment.findings if f.clause == clause)


# -- the worked scenarios -----------------------------------------------------------


def test_scenario_01_a_complete_damage_goes_to_review() -> None:
    claim = a_claim()

    found = assess(claim, a_dossier(a_mail(MAIL_AT, ALL)), POLICY)

    assert found.state is S.UNDER_REVIEW
    assert found.respond_by == at("2026-11-25T19:10:00Z")
    assert verdict_of(found, "C11") is V.PASS
    assert verdict_of(found, "G1") is V.PASS
    assert verdict_of(found, "C7") is V.PASS
    assert found.proposed_usd is None
    assert event_for(claim.state, found) is Event.DOCS_COMPLETE


def test_scenario_02_a_missing_invoice_is_asked_for() -> None:
    claim = a_claim()

    found = assess(claim, a_dossier(a_mail(MAIL_AT, [D2, D3, D4])), POLICY)

    assert found.state is S.AWAITING_DOCUMENTS
    assert found.respond_by is None
    assert found.proposal is None
    assert found.documents[0].verdict is Verdict.MISSING
    assert event_for(claim.state, found) is Event.DOCS_MISSING


def test_scenario_03_the_completing_mail_starts_the_clock_and_C11_keeps_the_first() -> (
    None
):
    second_at = at("2026-11-20T08:00:00Z")
    claim = a_claim(state=S.AWAITING_DOCUMENTS)
    dossier = a_dossier(a_mail(MAIL_AT, [D2, D3, D4]), a_mail(second_at, [D1]))

    found = assess(claim, dossier, POLICY)

    assert found.state is S.UNDER_REVIEW
    assert found.docs_complete_at == second_at
    assert found.respond_by == at("2026-11-27T08:00:00Z")
    assert verdict_of(found, "C11") is V.PASS
    assert event_for(claim.state, found) is Event.DOCS_COMPLETE


def test_scenario_04_a_total_loss_needs_no_photographs_and_proposes_462_50() -> None:
    received_at = at("2026-11-17T09:00:00Z")
    claim = a_claim(claim_type=ClaimType.TOTAL_LOSS, received_at=received_at)
    package = a_package("400.00", arrived=None, delivered=None)

    found = assess(
        claim, a_dossier(a_mail(received_at, [D1, D2]), package=package), POLICY
    )

    assert found.state is S.UNDER_REVIEW
    assert found.proposed_usd == Decimal("462.50")
    assert found.respond_by == at("2026-11-24T09:00:00Z")
    assert verdict_of(found, "C11") is V.NOT_APPLICABLE
    assert verdict_of(found, "C12") is V.NOT_APPLICABLE


def test_scenario_05_one_second_late_is_proposed_and_the_clock_runs() -> None:
    late_at = at("2026-11-19T14:30:01Z")
    claim = a_claim(received_at=late_at)

    found = assess(claim, a_dossier(a_mail(late_at, ALL)), POLICY)

    assert found.state is S.INELIGIBLE_PROPOSED
    assert verdict_of(found, "C11") is V.FAIL
    assert found.respond_by == at("2026-11-26T14:30:01Z")
    assert event_for(claim.state, found) is Event.CHECK_FAILED


def test_scenario_06_exactly_24_hours_is_in_time() -> None:
    last_at = at("2026-11-19T14:30:00Z")

    found = assess(
        a_claim(received_at=last_at), a_dossier(a_mail(last_at, ALL)), POLICY
    )

    assert found.state is S.UNDER_REVIEW
    assert verdict_of(found, "C11") is V.PASS


def test_scenario_07_without_a_guarantee_it_is_proposed_before_documents() -> None:
    dossier = a_dossier(a_mail(MAIL_AT, [D1]), fee=None)

    found = assess(a_claim(), dossier, POLICY)

    assert found.state is S.INELIGIBLE_PROPOSED
    assert verdict_of(found, "G1") is V.FAIL
    assert found.respond_by is None


def test_scenario_08_a_package_unclaimed_for_46_days_fails_only_C12() -> None:
    received_at = at("2026-11-16T12:00:00Z")
    package = a_package(
        arrived="2026-10-01T10:00:00+02:00", delivered="2026-11-16T11:00:00+01:00"
    )

    found = assess(
        a_claim(received_at=received_at),
        a_dossier(a_mail(received_at, ALL), package=package),
        POLICY,
    )

    assert found.state is S.INELIGIBLE_PROPOSED
    assert verdict_of(found, "C12") is V.FAIL
    assert verdict_of(found, "C11") is V.PASS


def test_scenario_27_a_later_thanks_moves_nothing() -> None:
    claim = a_claim(
        state=S.UNDER_REVIEW, docs_complete_at=MAIL_AT, respond_by=MAIL_AT + WEEK
    )

    found = assess(
        claim, a_dossier(a_mail(MAIL_AT, ALL), a_mail(MAIL_AT + DAY)), POLICY
    )

    assert found.respond_by == at("2026-11-25T19:10:00Z")
    assert event_for(claim.state, found) is None


def test_scenario_30_a_partial_loss_waits_for_its_photographs() -> None:
    claim = a_claim(claim_type=ClaimType.PARTIAL_LOSS)

    found = assess(claim, a_dossier(a_mail(MAIL_AT, [D1, D2])), POLICY)

    assert found.state is S.AWAITING_DOCUMENTS
    assert found.proposed_usd is None


# -- when the set is complete (C10) -------------------------------------------------


def test_EX_48_the_second_mail_completes_the_set() -> None:
    first_at, second_at = at("2024-05-01T10:00:00Z"), at("2024-05-03T09:20:00Z")
    claim = a_claim(received_at=first_at)

    found = assess(
        claim,
        a_dossier(a_mail(first_at, [D1, D2]), a_mail(second_at, [D3, D4])),
        POLICY,
    )

    assert found.respond_by == at("2024-05-10T09:20:00Z")


def test_later_files_do_not_move_a_complete_set() -> None:
    dossier = a_dossier(a_mail(MAIL_AT, ALL), a_mail(MAIL_AT + DAY, ALL))

    assert docs_complete_at(a_claim(), dossier) == MAIL_AT


def test_the_order_in_which_mails_were_processed_decides_nothing() -> None:
    first, second = a_mail(MAIL_AT, [D1, D2]), a_mail(MAIL_AT + DAY, [D3, D4])

    in_order = assess(a_claim(), a_dossier(first, second), POLICY)
    reversed_ = assess(a_claim(), a_dossier(second, first), POLICY)

    assert in_order == reversed_


def test_files_of_a_held_mail_do_not_count() -> None:
    held = a_mail(MAIL_AT, ALL, counts_from=None, is_proven=False)
    claim = a_claim(state=S.IDENTITY_HOLD)

    found = assess(claim, a_dossier(held), POLICY)

    assert found.state is S.IDENTITY_HOLD
    assert found.docs_complete_at is None
    assert found.documents[0].verdict is Verdict.MISSING
    assert found.proposal is None
    assert event_for(claim.state, found) is None


@pytest.mark.parametrize("counts_from", [MAIL_AT, MAIL_AT + 2 * DAY])
def test_the_release_of_a_held_claim_starts_the_clock_and_C11_keeps_the_first(
    counts_from: datetime,
) -> None:
    released_at = MAIL_AT + 2 * DAY
    held = a_mail(MAIL_AT, ALL, counts_from=counts_from, is_proven=False)
    release = a_mail(released_at)

    found = assess(a_claim(), a_dossier(held, release, released_at=released_at), POLICY)

    assert found.docs_complete_at == released_at
    assert verdict_of(found, "C11") is V.PASS


def test_a_waiver_completes_the_set_when_it_is_given() -> None:
    mail = a_mail(MAIL_AT, [D1, D2, D4])

    early = a_dossier(mail, waived={D3: MAIL_AT - DAY})
    late = a_dossier(mail, waived={D3: MAIL_AT + 9 * DAY})

    assert docs_complete_at(a_claim(), early) == MAIL_AT
    assert docs_complete_at(a_claim(), late) == MAIL_AT + 9 * DAY


def test_an_unreadable_file_does_not_complete_the_set() -> None:
    mail = a_mail(MAIL_AT, [D2, D3, D4])
    locked = replace(mail, pieces=(*mail.pieces, a_piece(D1, Why.ENCRYPTED)))

    found = assess(a_claim(), a_dossier(locked), POLICY)

    assert found.state is S.AWAITING_DOCUMENTS
    assert found.documents[0].why is Why.ENCRYPTED


def test_for_an_unknown_type_photographs_do_not_block() -> None:
    claim = a_claim(claim_type=ClaimType.UNKNOWN)

    found = assess(claim, a_dossier(a_mail(MAIL_AT, [D1, D2])), POLICY)

    assert found.state is S.UNDER_REVIEW
    assert found.documents[2].verdict is Verdict.MISSING
    assert found.proposal is None


# -- asked again --------------------------------------------------------------------


def test_EX_51_the_answer_to_a_later_request_starts_the_clock_again() -> None:
    first_at, asked_at = at("2024-05-01T10:00:00Z"), at("2024-05-05T10:00:00Z")
    answer_at = at("2024-05-07T08:00:00Z")
    claim = a_claim(
        state=S.AWAITING_MEMBER,
        received_at=first_at,
        docs_complete_at=first_at,
        respond_by=first_at + WEEK,
        responded_at=asked_at,
    )
    mails = (a_mail(first_at, ALL), a_mail(answer_at, [D3]))

    found = assess(claim, a_dossier(*mails, asked_again_at=(asked_at,)), POLICY)

    assert found.state is S.UNDER_REVIEW
    assert found.respond_by == at("2024-05-14T08:00:00Z")
    assert event_for(claim.state, found) is Event.DOCS_COMPLETE


def test_while_the_member_is_asked_only_an_answer_moves_the_claim() -> None:
    asked_at = MAIL_AT + DAY
    claim = a_claim(state=S.AWAITING_MEMBER)
    mail, thanks = a_mail(MAIL_AT, ALL), a_mail(MAIL_AT + 2 * DAY)

    waiting = assess(claim, a_dossier(mail, asked_again_at=(asked_at,)), POLICY)
    answered = assess(
        claim, a_dossier(mail, thanks, asked_again_at=(asked_at,)), POLICY
    )

    assert waiting.state is S.AWAITING_MEMBER
    assert event_for(claim.state, waiting) is None
    assert answered.state is S.UNDER_REVIEW


def test_a_second_request_without_an_answer_keeps_the_clock_of_the_first() -> None:
    mails = (a_mail(MAIL_AT, ALL), a_mail(MAIL_AT + 2 * DAY, [D3]))
    asked = (MAIL_AT + DAY, MAIL_AT + 3 * DAY)

    complete_at = docs_complete_at(a_claim(), a_dossier(*mails, asked_again_at=asked))

    assert complete_at == MAIL_AT + 2 * DAY


def test_what_was_asked_before_the_set_was_complete_restarts_nothing() -> None:
    mails = (
        a_mail(MAIL_AT, [D1]),
        a_mail(MAIL_AT + 2 * DAY),
        a_mail(MAIL_AT + 3 * DAY, [D2, D3, D4]),
    )
    dossier = a_dossier(*mails, asked_again_at=(MAIL_AT + DAY,))

    assert docs_complete_at(a_claim(), dossier) == MAIL_AT + 3 * DAY


def test_a_sender_who_proved_himself_since_leaves_no_flag() -> None:
    held = a_mail(MAIL_AT, ALL, is_proven=False)
    flags = ("sender_not_authenticated",)

    found = assess(
        a_claim(), a_dossier(held, a_mail(MAIL_AT + DAY), flags=flags), POLICY
    )

    assert found.flags == ()


def test_a_promised_date_stays_whatever_the_switches_say_now() -> None:
    promised_by = MAIL_AT + 10 * DAY
    claim = a_claim(
        state=S.UNDER_REVIEW, docs_complete_at=MAIL_AT, respond_by=promised_by
    )

    found = assess(claim, a_dossier(a_mail(MAIL_AT, ALL)), POLICY)

    assert found.respond_by == promised_by


# -- people and states --------------------------------------------------------------


def test_an_overruled_check_does_not_move_the_claim_again() -> None:
    late_at = at("2026-11-19T14:30:01Z")
    claim = a_claim(received_at=late_at, state=S.UNDER_REVIEW)
    overruled = frozenset({"C11"})

    found = assess(claim, a_dossier(a_mail(late_at, ALL), overruled=overruled), POLICY)

    assert verdict_of(found, "C11") is V.FAIL
    assert found.state is S.UNDER_REVIEW
    assert event_for(claim.state, found) is None


def test_a_check_that_passes_after_all_brings_the_claim_back() -> None:
    claim = a_claim(state=S.INELIGIBLE_PROPOSED)

    complete = assess(claim, a_dossier(a_mail(MAIL_AT, ALL)), POLICY)
    incomplete = assess(claim, a_dossier(a_mail(MAIL_AT, [D1])), POLICY)

    assert event_for(claim.state, complete) is Event.CHECK_PASSED
    assert event_for(claim.state, incomplete) is Event.DOCS_MISSING


@pytest.mark.parametrize(
    "state",
    [S.DECISION_PROPOSED, S.AWAITING_CARRIER, S.APPROVED, S.WITHDRAWN, S.APPEALED],
)
def test_a_state_that_a_person_took_over_stays(state: ClaimState) -> None:
    claim = a_claim(state=state)

    found = assess(claim, a_dossier(a_mail(MAIL_AT, [D1]), fee=None), POLICY)

    assert found.state is state
    assert event_for(state, found) is None


@pytest.mark.parametrize(
    "state",
    [
        S.INTAKE,
        S.AWAITING_DOCUMENTS,
        S.UNDER_REVIEW,
        S.INELIGIBLE_PROPOSED,
        S.AWAITING_MEMBER,
    ],
)
@pytest.mark.parametrize("kinds", [ALL, (D1,)])
@pytest.mark.parametrize("fee", ["45.00", None])
def test_every_event_is_legal_and_leads_to_the_assessed_state(
    state: ClaimState, kinds: tuple[DocumentKind, ...], fee: str | None
) -> None:
    claim = a_claim(state=state)
    dossier = a_dossier(a_mail(MAIL_AT, kinds), fee=fee)

    found = assess(claim, dossier, POLICY)
    event = event_for(state, found)

    after = state if event is None else next_state(state, event)
    assert after is found.state
    again = assess(replace(claim, state=after), dossier, POLICY)
    assert event_for(after, again) is None


# -- amounts and flags --------------------------------------------------------------


def test_a_damage_keeps_its_limit_for_the_draft() -> None:
    found = assess(a_claim(), a_dossier(a_mail(MAIL_AT, ALL)), POLICY)

    assert found.proposal is not None
    assert found.proposal.needs_person is True
    assert found.proposal.total == Money.of("118.75")
    assert found.proposed_usd is None


def test_while_the_package_is_unknown_nothing_is_proposed() -> None:
    claim = a_claim(package_id=None, claim_type=ClaimType.TOTAL_LOSS)

    found = assess(claim, a_dossier(a_mail(MAIL_AT, ALL), package=None), POLICY)
    unknown = assess(
        claim, replace(a_dossier(a_mail(MAIL_AT, ALL)), package=None), POLICY
    )

    assert found.proposal is not None
    assert unknown.proposal is None
    assert "which_package" in unknown.flags
    assert unknown.state is S.UNDER_REVIEW


def test_flags_of_mails_checks_and_sender_come_together() -> None:
    mail = a_mail(MAIL_AT, ALL, is_proven=False)

    found = assess(
        a_claim(), a_dossier(mail, fee="44.00", flags=("several_orders",)), POLICY
    )

    assert found.flags == (
        "several_orders",
        "sender_not_authenticated",
        "fee_mismatch",
    )


def test_the_date_header_of_the_first_mail_is_compared() -> None:
    first = a_mail(MAIL_AT, ALL, header_date_at=MAIL_AT - timedelta(hours=2))
    second = a_mail(MAIL_AT + DAY, header_date_at=MAIL_AT + DAY)

    assert "date_mismatch" in assess(a_claim(), a_dossier(second, first), POLICY).flags
    assert (
        "date_mismatch"
        not in assess(
            a_claim(received_at=MAIL_AT + DAY), a_dossier(second, first), POLICY
        ).flags
    )


def test_an_assessment_names_the_policy_and_gives_the_same_answer_twice() -> None:
    policy = Policy(version="2027-01")
    dossier = a_dossier(a_mail(MAIL_AT, ALL))

    found = assess(a_claim(), dossier, policy)

    assert found.policy_version == "2027-01"
    assert assess(a_claim(), dossier, policy) == found
