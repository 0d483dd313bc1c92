"""The money of clauses G2 to G9, to the cent, and what never happens to it."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.amounts import (
    PACKAGE_CAP,
    Condition,
    Proposal,
    excluded_damage,
    fee,
    item_lines,
    propose,
)
from worker.domain.claim import ClaimType
from worker.domain.clauses import ClauseId
from worker.domain.money import Money
from worker.domain.orders import Member, Order, Package
from worker.domain.policy import DamageCapMode, Policy, SalesPriceBasis

POLICY = Policy()
LOWER = Policy(damage_cap_mode=DamageCapMode.LOWER)


def a_package(
    value: str = "480.00",
    price: str = "450.00",
    shipping: str = "62.50",
    *,
    package_id: str = "1",
    currency: str = "USD",
    fx_rate: str | None = None,
    lines_json: str | None = None,
) -> Package:
    return Package(
        package_id=package_id,
        value_usd=Decimal(value),
        sales_price_usd=Decimal(price),
        shipping_fee_usd=Decimal(shipping),
        currency=currency,
        fx_rate=None if fx_rate is None else Decimal(fx_rate),
        lines_json=lines_json,
    )


def an_order(
    *packages: Package, fee_usd: str | None = "45.00", points_applied: int = 0
) -> Order:
    return Order(
        order_number="ORD-1",
        member=Member("M1", "Mei", ("mei@mail.example",)),
        placed=None,
        guarantee_fee_usd=None if fee_usd is None else Decimal(fee_usd),
        packages=packages,
        points_applied=points_applied,
    )


def for_total_loss(
    package: Package, policy: Policy = POLICY, *, points_applied: int = 0
) -> Proposal:
    order = an_order(package, points_applied=points_applied)
    proposal = propose(package, ClaimType.TOTAL_LOSS, policy, order=order)
    assert proposal is not None
    return proposal


def for_damage(
    shipping: str,
    product: str | None,
    policy: Policy = POLICY,
    *,
    granted: str | None = None,
) -> Proposal:
    package = a_package(shipping=shipping)
    proposal = propose(
        package,
        ClaimType.DAMAGE,
        policy,
        order=an_order(package),
        audited_product=None if product is None else Decimal(product),
        audited_shipping=None if granted is None else Decimal(granted),
    )
    assert proposal is not None
    return proposal


def clauses(proposal: Proposal) -> list[str]:
    return [line.clause for line in proposal.lines]


# -- total loss (G3, G5, G6) --------------------------------------------------------


def test_G6_a_cap_without_shipping_still_caps_the_goods() -> None:
    package = a_package("5200.00", "5100.00", "120.00")

    proposal = for_total_loss(package, Policy(cap_includes_shipping=False))

    assert proposal.total == Money.of("5120.00")
    assert proposal.cap_applied is True


def test_EX_12_what_was_paid_in_points_comes_back_as_points() -> None:
    package = a_package("200.00", "200.00", "20.00")

    proposal = for_total_loss(package, points_applied=5000)

    assert proposal.total == Money.of("170.00")
    assert proposal.points_restored == 5000
    assert [(a.switch, a.value, a.total) for a in proposal.alternatives] == [
        ("sales_price_basis", "gross", Money.of("220.00"))
    ]


def test_EX_12_with_the_gross_price_no_points_come_back() -> None:
    policy = Policy(sales_price_basis=SalesPriceBasis.GROSS)

    proposal = for_total_loss(
        a_package("200.00", "200.00", "20.00"), policy, points_applied=5000
    )

    assert proposal.total == Money.of("220.00")
    assert proposal.points_restored == 0


def test_points_are_split_over_the_packages_without_losing_one() -> None:
    prices = ["33.33", "33.33", "33.34"]
    packages = [
        a_package(price, price, package_id=str(number))
        for number, price in enumerate(prices)
    ]
    order = an_order(*packages, points_applied=1000)

    restored = [
        proposal.points_restored
        for package in packages
        if (proposal := propose(package, ClaimType.TOTAL_LOSS, POLICY, order=order))
    ]

    assert restored == [333, 333, 334]


def test_points_count_at_the_part_of_the_price_that_is_paid() -> None:
    proposal = for_total_loss(a_package("100", "200", "20"), points_applied=5000)

    assert proposal.points_restored == 2500
    assert proposal.total == Money.of("95.00")


def test_a_value_without_a_rate_leaves_the_figure_to_a_person() -> None:
    package = a_package("3900.00", "510.00", "40.00", currency="HKD")

    proposal = for_total_loss(package)

    assert proposal.needs_person is True
    assert proposal.total == Money.of("550.00")


# -- partial loss (G4) --------------------------------------------------------------

LINES = json.dumps(
    [
        {"name": "Cup", "sales_price_usd": "60.00", "value_usd": "70.00"},
        {"name": "Pot", "sales_price_usd": "90.00", "value_usd": "90.00"},
        {"name": "Tray", "sales_price_usd": 150, "value_usd": 140.00},
    ]
)


def test_G4_without_a_figure_the_total_is_only_the_limit() -> None:
    package = a_package()

    proposal = propose(package, ClaimType.PARTIAL_LOSS, POLICY, order=an_order(package))

    assert proposal is not None
    assert proposal.total == Money.of("450.00")
    assert proposal.needs_person is True
    assert proposal.optional_shipping is None


def test_G4_a_reviewers_figures_stand_up_to_the_goods_and_the_shipping() -> None:
    package = a_package()

    proposal = propose(
        package,
        ClaimType.PARTIAL_LOSS,
        POLICY,
        order=an_order(package),
        audited_product=Decimal("500.00"),
        audited_shipping=Decimal("70.00"),
    )

    assert proposal is not None
    assert proposal.total == Money.of("512.50")
    assert proposal.needs_person is False


def test_an_item_line_that_is_not_there_is_refused() -> None:
    package = a_package(lines_json=LINES)

    with pytest.raises(ValueError, match="has 3"):
        propose(
            package,
            ClaimType.PARTIAL_LOSS,
            POLICY,
            order=an_order(package),
            missing=(3,),
        )


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"name": "Cup"}]', "null"])
def test_item_lines_that_cannot_be_read_are_none(text: str) -> None:
    assert item_lines(a_package(lines_json=text)) == ()


# -- damage (G7, G8, G9) ------------------------------------------------------------


def test_G7_without_an_audit_the_total_is_only_the_limit() -> None:
    proposal = for_damage("80.00", None)

    assert proposal.total == Money.of("124.00")
    assert proposal.needs_person is True


def test_G9_both_broken_or_unknown_excludes_nothing() -> None:
    off = Policy(packed_well_rule=False)

    assert excluded_damage(Condition.DAMAGED, Condition.DAMAGED, POLICY) is None
    assert excluded_damage(Condition.UNKNOWN, Condition.DAMAGED, POLICY) is None
    assert excluded_damage(Condition.INTACT, Condition.UNKNOWN, POLICY) is None
    assert excluded_damage(Condition.INTACT, Condition.DAMAGED, off) is None


# -- always -------------------------------------------------------------------------


def test_an_unknown_type_has_no_proposal() -> None:
    package = a_package()

    assert propose(package, ClaimType.UNKNOWN, POLICY, order=an_order(package)) is None


def test_a_negative_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        for_damage("80.00", "-0.01")


money = st.decimals(min_value=0, max_value=20_000, places=2)
rates = st.decimals(min_value=Decimal("0.01"), max_value=2_000, places=4)
policies = st.builds(
    Policy,
    damage_cap_mode=st.sampled_from(DamageCapMode),
    cap_includes_shipping=st.booleans(),
    sales_price_basis=st.sampled_from(SalesPriceBasis),
)
packages = st.builds(
    Package,
    package_id=st.just("1"),
    value_usd=money,
    sales_price_usd=money,
    shipping_fee_usd=money,
    currency=st.sampled_from(["USD", "HKD"]),
    fx_rate=rates,
)


@given(
    package=packages,
    claim_type=st.sampled_from(
        [ClaimType.TOTAL_LOSS, ClaimType.PARTIAL_LOSS, ClaimType.DAMAGE]
    ),
    policy=policies,
    points=st.integers(min_value=0, max_value=3_000_000),
    product=st.none() | money,
    shipping=st.none() | money,
)
def test_a_proposal_is_exact_and_never_above_the_cap(
    package: Package,
    claim_type: ClaimType,
    policy: Policy,
    points: int,
    product: Decimal | None,
    shipping: Decimal | None,
) -> None:
    order = an_order(package, points_applied=points)

    proposal = propose(
        package,
        claim_type,
        policy,
        order=order,
        audited_product=product,
        audited_shipping=shipping,
    )

    assert proposal is not None
    total = proposal.total.amount
    limit = PACKAGE_CAP
    if not policy.cap_includes_shipping:
        limit += package.shipping_fee_usd
    assert 0 <= total <= limit
    assert total == sum(line.amount.amount for line in proposal.lines)
    assert all(line.amount.amount.as_tuple().exponent == -2 for line in proposal.lines)
    assert total + Decimal(proposal.points_restored) / 100 <= limit
    for other in proposal.alternatives:
        assert other.total != proposal.total


@given(package=packages, policy=policies, product=money)
def test_damage_never_pays_more_than_its_two_parts(
    package: Package, policy: Policy, product: Decimal
) -> None:
    proposal = propose(
        package,
        ClaimType.DAMAGE,
        policy,
        order=an_order(package),
        audited_product=product,
    )

    assert proposal is not None
    most = package.shipping_fee_usd * Decimal("0.30") + Decimal("0.005")
    assert proposal.total.amount <= most + min(product, Decimal(100))


@given(value=money)
def test_the_fee_is_never_below_30_and_within_half_a_cent(value: Decimal) -> None:
    charged = fee(value)

    assert charged >= Decimal("30.00")
    assert charged == Decimal("30.00") or abs(charged - value / 10) <= Decimal("0.005")


def test_lines_carry_clause_ids() -> None:
    proposal = for_total_loss(replace(a_package(), shipping_fee_usd=Decimal(0)))

    assert [line.clause for line in proposal.lines] == [ClauseId("G5"), ClauseId("G3")]
