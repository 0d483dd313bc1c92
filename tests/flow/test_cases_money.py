"""The acceptance cases of the terms about money: EX-01 to EX-25, at their figures.

EX-12, the part paid with points, stands with the amounts.
"""

import json
from dataclasses import replace
from decimal import Decimal

from tests.builders import NOON, a_package, an_order
from worker.domain.amounts import (
    Alternative,
    Condition,
    Proposal,
    fee,
    propose,
)
from worker.domain.claim import ClaimType
from worker.domain.evidence import weight_is_as_estimated
from worker.domain.findings import Facts, FindingVerdict
from worker.domain.money import Money
from worker.domain.orders import Package
from worker.domain.policy import DamageCapMode, Policy

POLICY = Policy()
LOWER = Policy(damage_cap_mode=DamageCapMode.LOWER)
GOODS_ONLY = Policy(cap_includes_shipping=False)


def for_total_loss(
    value: str, price: str, shipping: str, *, policy: Policy = POLICY
) -> Proposal:
    package = a_package(
        value_usd=value, sales_price_usd=price, shipping_fee_usd=shipping
    )
    return proposed(package, ClaimType.TOTAL_LOSS, policy)


def for_damage(
    shipping: str,
    product: str,
    *,
    granted: str | None = None,
    policy: Policy = POLICY,
) -> Proposal:
    return proposed(
        a_package(shipping_fee_usd=shipping),
        ClaimType.DAMAGE,
        policy,
        product=Decimal(product),
        shipping=None if granted is None else Decimal(granted),
    )


def proposed(
    package: Package,
    claim_type: ClaimType,
    policy: Policy = POLICY,
    *,
    guarantee: str | None = "45.00",
    product: Decimal | None = None,
    shipping: Decimal | None = None,
    missing: tuple[int, ...] = (),
    packaging: Condition = Condition.UNKNOWN,
    contents: Condition = Condition.UNKNOWN,
) -> Proposal:
    proposal = propose(
        package,
        claim_type,
        policy,
        order=an_order(packages=(package,), guarantee_fee_usd=guarantee),
        audited_product=product,
        audited_shipping=shipping,
        missing=missing,
        packaging=packaging,
        contents=contents,
    )
    assert proposal is not None
    return proposal


def lines(proposal: Proposal) -> list[tuple[str, str]]:
    """The clause and the figure of each line."""
    return [(line.clause, f"{line.amount.amount:.2f}") for line in proposal.lines]


# -- the fee (G2) -------------------------------------------------------------------


def test_EX_01_the_least_fee_applies() -> None:
    assert fee(Decimal("120.00")) == Decimal("30.00")


def test_EX_02_at_300_ten_percent_is_the_least_fee() -> None:
    assert fee(Decimal("300.00")) == Decimal("30.00")


def test_EX_03_half_a_cent_of_the_fee_rounds_up() -> None:
    assert fee(Decimal("300.05")) == Decimal("30.01")


def test_EX_04_ten_percent_above_the_least_fee() -> None:
    assert fee(Decimal("1234.56")) == Decimal("123.46")


def test_EX_05_half_a_cent_rounds_up_where_half_even_would_not() -> None:
    assert fee(Decimal("2000.45")) == Decimal("200.05")


# -- total loss (G3, G5, G6) --------------------------------------------------------


def test_EX_06_the_lower_sales_price_is_the_basis() -> None:
    proposal = for_total_loss("480.00", "450.00", "62.50")

    assert proposal.total == Money.of("512.50")
    assert lines(proposal) == [("G5", "450.00"), ("G3", "62.50")]


def test_EX_07_the_lower_package_value_is_the_basis() -> None:
    proposal = for_total_loss("400.00", "450.00", "62.50")

    assert proposal.total == Money.of("462.50")
    assert lines(proposal) == [("G5", "400.00"), ("G3", "62.50")]


def test_EX_08_a_package_is_capped_at_5000_and_the_other_switch_is_shown() -> None:
    proposal = for_total_loss("4950.00", "5100.00", "120.00")
    other = for_total_loss("4950.00", "5100.00", "120.00", policy=GOODS_ONLY)

    assert proposal.total == Money.of("5000.00")
    assert proposal.cap_applied
    assert lines(proposal)[-1] == ("G6", "-70.00")
    assert other.total == Money.of("5070.00")
    assert not other.cap_applied
    assert proposal.alternatives == (
        Alternative("cap_includes_shipping", "false", Money.of("5070.00")),
    )


def test_EX_09_exactly_at_the_cap_is_not_capped() -> None:
    exactly = for_total_loss("4880.00", "4900.00", "120.00")
    a_cent_more = for_total_loss("4880.01", "4900.00", "120.00")

    assert exactly.total == a_cent_more.total == Money.of("5000.00")
    assert not exactly.cap_applied
    assert a_cent_more.cap_applied


def test_EX_10_each_package_of_an_order_has_its_own_cap() -> None:
    first = for_total_loss("3200.00", "3200.00", "90.00").total
    second = for_total_loss("4980.00", "4980.00", "60.00").total

    assert first == Money.of("3290.00")
    assert second == Money.of("5000.00")
    assert first + second == Money.of("8290.00")


def test_EX_11_without_the_guarantee_nothing_is_covered() -> None:
    proposal = proposed(a_package(), ClaimType.TOTAL_LOSS, guarantee=None)

    assert proposal.total == Money.of("0.00")
    assert lines(proposal) == [("G1", "0.00")]
    assert proposal.needs_person
    assert proposal.alternatives == ()


def test_EX_13_a_foreign_value_counts_at_the_orders_own_rate() -> None:
    package = replace(
        a_package(
            value_usd="3900.00", sales_price_usd="510.00", shipping_fee_usd="40.00"
        ),
        currency="HKD",
        fx_rate=Decimal("7.80"),
    )

    proposal = proposed(package, ClaimType.TOTAL_LOSS)

    assert proposal.total == Money.of("540.00")
    assert lines(proposal) == [("G5", "500.00"), ("G3", "40.00")]
    assert "HKD 3,900.00 at 7.80 = 500.00" in proposal.lines[0].label


# -- partial loss (G4) --------------------------------------------------------------


def test_EX_14_the_missing_line_is_proposed_and_its_shipping_only_shown() -> None:
    sold_and_worth = [("60.00", "70.00"), ("90.00", "90.00"), ("150.00", "140.00")]
    package = replace(
        a_package(
            value_usd="300.00", sales_price_usd="300.00", shipping_fee_usd="45.00"
        ),
        lines_json=json.dumps(
            [
                {"name": "", "sales_price_usd": price, "value_usd": value}
                for price, value in sold_and_worth
            ]
        ),
    )

    proposal = proposed(package, ClaimType.PARTIAL_LOSS, missing=(2,))

    assert proposal.total == Money.of("140.00")
    assert proposal.optional_shipping == Money.of("22.50")
    assert lines(proposal) == [("G4", "140.00"), ("G4", "0.00")]
    assert proposal.needs_person


def test_EX_15_a_fifth_less_weight_is_flagged() -> None:
    package = replace(
        a_package(),
        estimated_weight_kg=Decimal("4.20"),
        actual_weight_kg=Decimal("3.35"),
    )

    finding = weight_is_as_estimated(
        Facts(
            policy=POLICY,
            order=an_order(packages=(package,)),
            package=package,
            claim_type=ClaimType.PARTIAL_LOSS,
            received_at=NOON,
        )
    )

    assert "-20.2%" in finding.text
    assert finding.flags == ("weight_differs",)
    assert finding.verdict is FindingVerdict.UNCLEAR
    assert finding.proposes is None


# -- damage (G7, G8, G9) ------------------------------------------------------------


def test_EX_16_both_parts_reach_their_limits() -> None:
    proposal = for_damage("80.00", "250.00")

    assert proposal.total == Money.of("124.00")
    assert lines(proposal) == [("G8", "24.00"), ("G8", "100.00")]
    assert proposal.cap_applied


def test_EX_17_a_loss_below_100_counts_as_it_is() -> None:
    proposal = for_damage("80.00", "60.00")

    assert proposal.total == Money.of("84.00")
    assert lines(proposal) == [("G8", "24.00"), ("G8", "60.00")]


def test_EX_18_thirty_percent_of_the_shipping_is_rounded_to_cents() -> None:
    proposal = for_damage("49.99", "250.00")

    assert proposal.total == Money.of("115.00")
    assert lines(proposal) == [("G8", "15.00"), ("G8", "100.00")]


def test_EX_19_free_shipping_leaves_the_product_part() -> None:
    assert for_damage("0.00", "250.00").total == Money.of("100.00")
    assert for_damage("0.00", "250.00", policy=LOWER).total == Money.of("0.00")


def test_EX_20_the_two_limited_parts_are_added() -> None:
    proposal = for_damage("400.00", "250.00")

    assert proposal.total == Money.of("220.00")
    assert lines(proposal) == [("G8", "120.00"), ("G8", "100.00")]
    assert proposal.alternatives == (
        Alternative("damage_cap_mode", "lower", Money.of("100.00")),
    )


def test_EX_21_the_other_switch_takes_the_smaller_part() -> None:
    proposal = for_damage("400.00", "250.00", policy=LOWER)

    assert proposal.total == Money.of("100.00")
    assert lines(proposal)[-1] == ("G8", "-120.00")
    assert proposal.alternatives == (
        Alternative("damage_cap_mode", "sum", Money.of("220.00")),
    )


def test_EX_22_an_audit_below_the_limits_stands() -> None:
    proposal = for_damage("80.00", "35.00", granted="10.00")

    assert proposal.total == Money.of("45.00")
    assert lines(proposal) == [("G8", "10.00"), ("G8", "35.00")]
    assert not proposal.cap_applied
    assert not proposal.needs_person


def test_EX_23_an_intact_box_around_broken_contents_proposes_nothing() -> None:
    proposal = proposed(
        a_package(shipping_fee_usd="80.00"),
        ClaimType.DAMAGE,
        product=Decimal("250.00"),
        packaging=Condition.INTACT,
        contents=Condition.DAMAGED,
    )

    assert proposal.total == Money.of("0.00")
    assert lines(proposal) == [("G9a", "0.00")]
    assert proposal.needs_person
    assert proposal.alternatives == (
        Alternative("packed_well_rule", "false", Money.of("124.00")),
    )


def test_EX_24_a_crushed_box_around_good_contents_proposes_nothing() -> None:
    proposal = proposed(
        a_package(),
        ClaimType.DAMAGE,
        product=Decimal("250.00"),
        packaging=Condition.DAMAGED,
        contents=Condition.INTACT,
    )

    assert proposal.total == Money.of("0.00")
    assert lines(proposal) == [("G9b", "0.00")]
    assert proposal.needs_person


def test_EX_25_half_a_cent_of_the_shipping_rounds_up() -> None:
    proposal = for_damage("33.35", "100.00")

    assert proposal.total == Money.of("110.01")
    assert lines(proposal) == [("G8", "10.01"), ("G8", "100.00")]
