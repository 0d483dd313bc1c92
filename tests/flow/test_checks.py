"""The mechanical checks: what they find, say and propose."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker.domain.amounts import Proposal
from worker.domain.checks import (
    CHECKS,
    assess_checks,
    fee_matches,
    guarantee_bought,
    not_unclaimed_over_30_days,
    reported_within_24_hours,
)
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.documents import (
    DocumentKind,
    DocumentVerdict,
    Piece,
    Verdict,
    Why,
    judge,
)
from worker.domain.evidence import (
    documents_are_complete,
    value_is_as_ordered,
    weight_is_as_estimated,
)
from worker.domain.findings import Assessment, Facts, Finding, FindingVerdict
from worker.domain.money import Money
from worker.domain.orders import Member, Order, Package, When, parse_when
from worker.domain.policy import LateCountsFrom, Policy

SECOND = timedelta(seconds=1)
DELIVERED_AT = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
LIMIT_AT = DELIVERED_AT + timedelta(hours=24)
INELIGIBLE = ClaimState.INELIGIBLE_PROPOSED
V = FindingVerdict


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def when(text: str, tz: str = "UTC") -> When:
    return parse_when(text, ZoneInfo(tz))


PACKAGE = Package(
    package_id="1",
    value_usd=Decimal("480.00"),
    sales_price_usd=Decimal("450.00"),
    shipping_fee_usd=Decimal("62.50"),
    arrived=when("2026-11-17T09:00:00Z"),
    delivered=when("2026-11-18T14:30:00Z"),
    collected=when("2026-11-18T14:30:00Z"),
)


def facts(
    *,
    package: Package | None = PACKAGE,
    fee: str | None = "45.00",
    **changes: Any,  # noqa: ANN401 - any field of it
) -> Facts:
    order = Order(
        order_number="ORD-20261104-0183",
        member=Member("M104233", "Lena", ("lena@mail.example",)),
        placed=None,
        guarantee_fee_usd=None if fee is None else Decimal(fee),
        packages=(PACKAGE if package is None else package,),
    )
    values: dict[str, Any] = {
        "policy": Policy(),
        "order": order,
        "package": package,
        "claim_type": ClaimType.DAMAGE,
        "received_at": LIMIT_AT,
    }
    return Facts(**(values | changes))


def delivered(text: str, tz: str = "UTC") -> Package:
    return replace(PACKAGE, delivered=when(text, tz), collected=None)


# -- cover (G1, G2) -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fee", "verdict", "proposes"),
    [
        pytest.param("45.00", V.PASS, None, id="bought"),
        pytest.param("0.00", V.FAIL, INELIGIBLE, id="zero"),
        pytest.param(None, V.FAIL, INELIGIBLE, id="EX-11-empty"),
    ],
)
def test_G1_no_fee_means_no_guarantee(
    fee: str | None, verdict: V, proposes: ClaimState | None
) -> None:
    finding = guarantee_bought(facts(fee=fee))

    assert finding.clause == "G1"
    assert finding.verdict is verdict
    assert finding.proposes is proposes


def test_G2_the_fee_charged_is_compared_with_the_terms() -> None:
    finding = fee_matches(facts())

    assert finding.verdict is V.PASS
    assert finding.flags == ()


def test_G2_a_mismatch_is_a_warning_and_proposes_nothing() -> None:
    finding = fee_matches(facts(fee="44.99"))

    assert finding.verdict is V.UNCLEAR
    assert finding.flags == ("fee_mismatch",)
    assert finding.proposes is None
    assert "44.99" in finding.text
    assert "gives 45.00 USD" in finding.text


def test_G2_without_a_guarantee_there_is_no_fee_to_compare() -> None:
    assert fee_matches(facts(fee=None)).verdict is V.NOT_APPLICABLE


# -- 24 hours (C11) -----------------------------------------------------------------


def test_C11_the_text_says_the_instants_and_the_arithmetic() -> None:
    finding = reported_within_24_hours(facts(received_at=LIMIT_AT + SECOND))

    assert finding.text == (
        "Claim received 2026-11-19 14:30:01 UTC, 24 hours and 1 second after delivery"
        " at 2026-11-18 14:30:00 UTC; the limit is 24 hours."
    )
    assert "delivered_at = 2026-11-18T14:30:00Z" in finding.evidence


def test_C11_parts_of_a_second_do_not_make_a_claim_late() -> None:
    received_at = LIMIT_AT + timedelta(microseconds=999_999)

    assert reported_within_24_hours(facts(received_at=received_at)).verdict is V.PASS


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [
        pytest.param(timedelta(hours=2) - SECOND, V.UNCLEAR, id="under-2-hours"),
        pytest.param(timedelta(hours=2), V.FAIL, id="exactly-2-hours"),
    ],
)
def test_C11_a_date_in_time_shortly_before_asks_a_person(
    gap: timedelta, verdict: V
) -> None:
    received_at = LIMIT_AT + SECOND

    finding = reported_within_24_hours(
        facts(received_at=received_at, header_date_at=received_at - gap)
    )

    assert finding.verdict is verdict
    assert ("late_but_date_in_time" in finding.flags) is (verdict is V.UNCLEAR)
    assert (finding.proposes is None) is (verdict is V.UNCLEAR)


def test_C11_a_date_that_is_late_itself_changes_nothing() -> None:
    late_at = LIMIT_AT + timedelta(hours=1)

    finding = reported_within_24_hours(
        facts(received_at=late_at, header_date_at=late_at - timedelta(minutes=1))
    )

    assert finding.verdict is V.FAIL


def test_C11_a_loss_of_what_was_delivered_is_a_dispute_for_a_person() -> None:
    finding = reported_within_24_hours(
        facts(claim_type=ClaimType.TOTAL_LOSS, received_at=LIMIT_AT + SECOND)
    )

    assert finding.verdict is V.NOT_APPLICABLE
    assert finding.flags == ("delivery_disputed",)


def test_C11_is_unclear_without_evidence_of_receipt() -> None:
    package = replace(PACKAGE, delivered=None, collected=None)

    finding = reported_within_24_hours(facts(package=package))

    assert finding.verdict is V.UNCLEAR
    assert finding.proposes is None


def test_C11_late_with_an_unknown_type_proposes_nothing() -> None:
    late = facts(claim_type=ClaimType.UNKNOWN, received_at=LIMIT_AT + SECOND)
    in_time = facts(claim_type=ClaimType.UNKNOWN)

    assert reported_within_24_hours(late).verdict is V.UNCLEAR
    assert reported_within_24_hours(late).proposes is None
    assert reported_within_24_hours(in_time).verdict is V.PASS


def test_C11_collection_counts_where_there_is_no_proof_of_delivery() -> None:
    package = replace(PACKAGE, delivered=None)
    scan_only = Policy(late_24h_counts_from=LateCountsFrom.COURIER_SCAN)
    late_at = LIMIT_AT + SECOND

    by_evidence = facts(package=package, received_at=late_at)
    by_scan = facts(package=package, received_at=late_at, policy=scan_only)

    assert reported_within_24_hours(by_evidence).verdict is V.FAIL
    assert reported_within_24_hours(by_scan).verdict is V.UNCLEAR


def test_C11_a_parcel_collected_after_its_delivery_asks_a_person() -> None:
    package = replace(PACKAGE, collected=when("2026-11-19T10:00:00Z"))

    finding = reported_within_24_hours(
        facts(package=package, received_at=LIMIT_AT + SECOND)
    )

    assert finding.verdict is V.UNCLEAR
    assert finding.flags == ("collected_after_delivery",)


def test_C11_late_by_a_receipt_that_was_put_right_asks_a_person() -> None:
    finding = reported_within_24_hours(
        facts(received_at=LIMIT_AT + SECOND, flags=("internaldate_ignored",))
    )

    assert finding.verdict is V.UNCLEAR


# -- 30 days (C12) ------------------------------------------------------------------


def arrived(text: str, tz: str, collected: str | None = None) -> Package:
    return replace(
        PACKAGE,
        arrived=when(text, tz),
        delivered=None,
        collected=None if collected is None else when(collected, tz),
        destination_tz=tz,
    )


def test_C12_the_text_says_when_it_was_collected_and_how_much_later() -> None:
    package = arrived(
        "2026-10-01T10:00:00+02:00", "Europe/Warsaw", "2026-11-16T11:00:00+01:00"
    )

    finding = not_unclaimed_over_30_days(
        facts(package=package, received_at=at("2026-11-16T12:00:00Z"))
    )

    assert finding.text == (
        "The package arrived 2026-10-01 08:00:00 UTC and was collected 2026-11-16"
        " 10:00:00 UTC, 46 days and 2 hours later; day 30 at the destination ends at"
        " 2026-10-31 22:59:59 UTC."
    )


def test_C12_a_collection_after_the_claim_does_not_count_against_it() -> None:
    package = arrived("2024-05-01", "UTC", "2024-06-05T10:00:00")

    finding = not_unclaimed_over_30_days(
        facts(package=package, received_at=at("2024-05-20T10:00:00Z"))
    )

    assert finding.verdict is V.PASS


def test_C12_a_claim_before_the_arrival_passes() -> None:
    finding = not_unclaimed_over_30_days(
        facts(
            package=arrived("2024-05-10", "UTC"), received_at=at("2024-05-01T10:00:00Z")
        )
    )

    assert finding.verdict is V.PASS
    assert "which is earlier" in finding.text


def test_C12_needs_an_arrival() -> None:
    never = replace(PACKAGE, arrived=None, delivered=None, collected=None)
    unrecorded = replace(PACKAGE, arrived=None)

    assert not_unclaimed_over_30_days(facts(package=never)).verdict is V.NOT_APPLICABLE
    assert not_unclaimed_over_30_days(facts(package=unrecorded)).verdict is V.UNCLEAR


# -- several packages ---------------------------------------------------------------


def test_while_the_package_is_unknown_its_clocks_are_unclear() -> None:
    findings, flags = assess_checks(facts(package=None))

    verdicts = {str(finding.clause): finding.verdict for finding in findings}
    assert verdicts["C11"] is verdicts["C12"] is V.UNCLEAR
    assert verdicts["G1"] is V.PASS
    assert flags == ("which_package",)
    assert all(finding.proposes is None for finding in findings)


# -- documents (C7) and weight (C1) -------------------------------------------------


def test_C7_passes_with_the_whole_set() -> None:
    verdicts = tuple(
        DocumentVerdict(kind, Verdict.SATISFIED, files=(f"{kind}.pdf",))
        for kind in DocumentKind
    )

    finding = documents_are_complete(
        facts(documents=verdicts, docs_complete_at=DELIVERED_AT)
    )

    assert finding.verdict is V.PASS
    assert "2026-11-18 14:30:00 UTC" in finding.text
    assert finding.evidence.startswith("D1 satisfied: D1.pdf; D2 satisfied")


def test_C7_a_missing_document_is_unclear_and_never_fails() -> None:
    verdicts = list(judge(ClaimType.DAMAGE, ()))
    verdicts[0] = replace(verdicts[0], verdict=Verdict.REJECTED, why=Why.ENCRYPTED)

    finding = documents_are_complete(facts(documents=tuple(verdicts)))

    assert finding.verdict is V.UNCLEAR
    assert finding.proposes is None
    assert "D1 proof of purchase" in finding.text
    assert "D1 rejected (encrypted)" in finding.evidence


def test_C7_says_nothing_where_no_documents_were_judged() -> None:
    assert documents_are_complete(facts()).verdict is V.NOT_APPLICABLE


def weighed(estimated: str | None, actual: str | None) -> Finding:
    package = replace(
        PACKAGE,
        estimated_weight_kg=None if estimated is None else Decimal(estimated),
        actual_weight_kg=None if actual is None else Decimal(actual),
    )
    return weight_is_as_estimated(facts(package=package))


@pytest.mark.parametrize(
    ("actual", "verdict"),
    [
        pytest.param("9.001", V.PASS, id="under-10-percent"),
        pytest.param("9.000", V.UNCLEAR, id="exactly-10-percent"),
        pytest.param("11.000", V.UNCLEAR, id="heavier"),
    ],
)
def test_C1_ten_percent_is_flagged(actual: str, verdict: V) -> None:
    assert weighed("10.000", actual).verdict is verdict


@pytest.mark.parametrize(
    ("estimated", "actual"), [(None, "3.35"), ("4.20", None), ("0", "3.35")]
)
def test_C1_needs_both_weights(estimated: str | None, actual: str | None) -> None:
    assert weighed(estimated, actual).verdict is V.NOT_APPLICABLE


# -- the value on the paper (G5) ----------------------------------------------------


def shown_value(total: str | None) -> Finding:
    proof = Piece(
        mail_id=1,
        path="2",
        filename="invoice.pdf",
        sha256="a",
        kind=DocumentKind.PROOF_OF_PURCHASE,
        total_usd=None if total is None else Decimal(total),
    )
    return value_is_as_ordered(facts(pieces=(proof,)))


def test_G5_a_paper_that_agrees_with_the_directory_passes() -> None:
    finding = shown_value("512.50")

    assert (finding.clause, finding.verdict, finding.flags) == ("G5", V.PASS, ())
    assert "512.50" in finding.evidence


def test_G5_a_paper_that_says_otherwise_is_a_hint_for_the_reviewer() -> None:
    finding = shown_value("98.00")

    assert finding.verdict is V.UNCLEAR
    assert finding.flags == ("value_differs",)
    assert finding.proposes is None
    assert "invoice.pdf: total 98.00 USD" in finding.evidence
    assert "337.50 to 734.38 USD" in finding.text


def test_G5_without_a_total_there_is_nothing_to_compare() -> None:
    assert shown_value(None).verdict is V.NOT_APPLICABLE


# -- all together -------------------------------------------------------------------


def test_every_check_gives_one_finding_in_the_order_of_the_table() -> None:
    findings, flags = assess_checks(facts(flags=("several_orders",)))

    assert [f.clause for f in findings] == [
        *("G1", "G2", "C11", "C12", "C7", "C3", "C3", "G5", "C1")
    ]
    assert len(findings) == len(CHECKS)
    assert flags == ("several_orders",)


def test_a_matter_that_was_settled_leaves_no_flag() -> None:
    _, flags = assess_checks(facts(flags=("which_package", "several_orders")))

    assert flags == ("several_orders",)


def test_a_flag_is_raised_once() -> None:
    _, flags = assess_checks(facts(package=None, flags=("which_package",)))

    assert flags == ("which_package",)


@pytest.mark.parametrize(
    ("state", "needs_person", "expected"),
    [
        pytest.param(
            ClaimState.UNDER_REVIEW, False, Decimal("462.50"), id="total-loss"
        ),
        pytest.param(ClaimState.UNDER_REVIEW, True, None, id="audit"),
        pytest.param(INELIGIBLE, False, None, id="ineligible"),
    ],
)
def test_an_amount_is_proposed_only_where_nobody_must_find_it(
    state: ClaimState, *, needs_person: bool, expected: Decimal | None
) -> None:
    proposal = Proposal(
        lines=(), total=Money.of("462.50"), cap_applied=False, needs_person=needs_person
    )

    assessment = Assessment(
        claim_type=ClaimType.TOTAL_LOSS,
        state=state,
        documents=(),
        findings=(),
        flags=(),
        docs_complete_at=None,
        respond_by=None,
        proposal=proposal,
        policy_version="2026-11",
    )

    assert assessment.proposed_usd == expected
