"""Amounts: the proposed compensation and its arithmetic, line by line (clauses G).

The lines of a proposal add up to its total: what a limit cuts off is a line of its
own with a negative amount. All amounts are USD, rounded half-up where a clause makes
cents out of a product: the rate of exchange, the fee, 30% of the shipping.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import takewhile
from typing import assert_never

from worker.domain.amount_labels import Figure, LineKind, label
from worker.domain.claim import ClaimType
from worker.domain.clauses import ClauseId
from worker.domain.money import Money, cents
from worker.domain.orders import Order, Package
from worker.domain.policy import DamageCapMode, Policy, SalesPriceBasis

FEE_RATE = Decimal("0.10")  # Source: clause G2
MIN_FEE = Decimal("30.00")  # Source: clause G2
PACKAGE_CAP = Decimal("5000.00")  # Source: clause G6, switch cap_includes_shipping
DAMAGE_SHIPPING_RATE = Decimal("0.30")  # Source: clause G8
DAMAGE_PRODUCT_CAP = Decimal("100.00")  # Source: clause G8
POINTS_PER_USD = 100  # Source: clause P6

_ZERO = Decimal("0.00")


class Condition(StrEnum):
    """What the photographs show of the packaging, or of the contents."""

    INTACT = "intact"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AmountLine:
    """One line of the arithmetic and the clause it follows."""

    kind: LineKind
    amount: Money
    clause: ClauseId
    figures: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return what the line is, in English: "Shipping, at most 30% of 62.50"."""
        return label(self.kind, self.figures)


@dataclass(frozen=True, slots=True)
class Alternative:
    """The total under another value of one policy switch."""

    switch: str
    value: str
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the terms give on the facts known now.

    `needs_person` is true where clause G4 or G7 leaves the figure to an audit; then
    `total` is the most that could be paid, not an offer. `optional_shipping` is shown
    beside a partial loss and is not part of the total.
    """

    lines: tuple[AmountLine, ...]
    total: Money
    cap_applied: bool
    needs_person: bool
    alternatives: tuple[Alternative, ...] = ()
    points_restored: int = 0
    optional_shipping: Money | None = None


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One line of a package; `value` is in the package's currency, as its value is."""

    name: str
    sales_price_usd: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class _Case:
    """What one proposal is about; `missing` are the lines that did not arrive."""

    package: Package
    order: Order
    audited_product: Decimal | None
    audited_shipping: Decimal | None
    missing: tuple[ItemLine, ...]
    packaging: Condition
    contents: Condition


def fee(product_value: Decimal) -> Decimal:
    """Return the guarantee fee of an order in USD: 10%, and at least 30.00.

    300.05 gives 30.01 (EX-03).

    Args:
        product_value: the order's goods after product discounts, before points.

    Source: clause G2.
    """
    return max(MIN_FEE, cents(product_value * FEE_RATE))


def value_usd(package: Package) -> Decimal | None:
    """Return the package's value in USD; None when its rate of exchange is unknown.

    `fx_rate` is how many units of the package's currency one USD bought when the
    order was placed: HKD 3,900.00 at 7.80 is 500.00 (EX-13). Sales price and
    shipping are always USD.

    Source: clause G6.
    """
    return _to_usd(package.value_usd, package)


def goods_basis(package: Package) -> Decimal:
    """Return the lower of package value and sales price, in USD (EX-06, EX-07).

    Where the value cannot be converted, the sales price: the most it could be.

    Source: clause G5.
    """
    return _lower(value_usd(package), cents(package.sales_price_usd))


def item_lines(package: Package) -> tuple[ItemLine, ...]:
    """Return the package's item lines; none when the directory has none to read.

    `lines_json` is a list of objects with `name`, `sales_price_usd` and `value_usd`,
    each for the whole line.
    """
    if package.lines_json is None:
        return ()
    try:
        return tuple(
            ItemLine(
                str(line.get("name", "")),
                Decimal(line["sales_price_usd"]),
                Decimal(line["value_usd"]),
            )
            for line in json.loads(package.lines_json, parse_float=Decimal)
        )
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError):
        return ()


def propose(  # noqa: PLR0913 - what a reviewer may enter
    package: Package,
    claim_type: ClaimType,
    policy: Policy,
    *,
    order: Order,
    audited_product: Decimal | None = None,
    audited_shipping: Decimal | None = None,
    missing: tuple[int, ...] = (),
    packaging: Condition = Condition.UNKNOWN,
    contents: Condition = Condition.UNKNOWN,
) -> Proposal | None:
    """Return what the terms give for one package, or None while the type is unknown.

    Total loss gives goods and all of the shipping (G3), limited to 5,000.00 a package
    (G6); of goods paid with points, that part comes back as points (P13). Partial
    loss and damage are a person's figure (G4, G7): without `audited_product` the
    total is only the limit. Damage is limited to 30% of the shipping and 100.00 of
    the product (G8), and excluded where the box or the contents are fine (G9a, G9b).
    Without a guarantee nothing is covered (G1, EX-11).

    Args:
        package: one of the order's packages.
        claim_type: what happened to it.
        policy: the switches of G5 to G9; each other value that gives another
            total is listed among the alternatives.
        order: the order, for the guarantee and the points.
        audited_product: a reviewer's figure for the goods, USD.
        audited_shipping: a reviewer's figure for the shipping, USD; None grants all
            of it for damage and none of it for a partial loss.
        missing: positions, from 0, of the item lines that did not arrive.
        packaging: what the photographs show of it; counts for damage only.
        contents: the same of the contents.

    Raises:
        ValueError: an audited figure is negative, or there is no such item line.

    Source: clauses G1, G3 to G8, G9a and G9b; switches damage_cap_mode,
    cap_includes_shipping, sales_price_basis, packed_well_rule.
    """
    _refuse_negative(audited_product)
    _refuse_negative(audited_shipping)
    lines = _pick(item_lines(package), missing)
    case = _Case(
        package, order, audited_product, audited_shipping, lines, packaging, contents
    )
    compute = _computation(claim_type)
    if compute is None:
        return None
    if not order.has_guarantee:
        return _nothing(LineKind.NOT_BOUGHT, "G1")
    proposal = compute(case, policy)
    others = (
        Alternative(switch, value, compute(case, other).total)
        for switch, value, other in _other_policies(policy)
    )
    differing = tuple(other for other in others if other.total != proposal.total)
    return replace(proposal, alternatives=differing)


def excluded_damage(
    packaging: Condition, contents: Condition, policy: Policy
) -> Proposal | None:
    """Return the proposal of 0.00 where clause G9 excludes a damage, or None.

    Contents that are not damaged are not paid (G9b, EX-24). An intact box around
    damaged contents is "packed well" (G9a, EX-23), unless the switch is off; a lead
    must approve that one, and nothing is sent automatically. Never for a loss.

    Source: clauses G9a and G9b, switch packed_well_rule.
    """
    if contents is Condition.INTACT:
        return _nothing(LineKind.CONTENTS_WHOLE, "G9b")
    is_packed_well = packaging is Condition.INTACT and contents is Condition.DAMAGED
    if is_packed_well and policy.packed_well_rule:
        return _nothing(LineKind.PACKAGING_WHOLE, "G9a")
    return None


# -- the three computations -------------------------------------------------------


def _computation(claim_type: ClaimType) -> Callable[[_Case, Policy], Proposal] | None:
    match claim_type:
        case ClaimType.TOTAL_LOSS:
            return _total_loss
        case ClaimType.PARTIAL_LOSS:
            return _partial_loss
        case ClaimType.DAMAGE:
            return _damage
        case ClaimType.UNKNOWN:
            return None
        case _:
            assert_never(claim_type)


def _total_loss(case: _Case, policy: Policy) -> Proposal:
    package = case.package
    goods = goods_basis(package)
    shipping = cents(package.shipping_fee_usd)
    points = _points_part(case, goods, policy)
    lines = [
        _goods_line(package, goods),
        _line(LineKind.SHIPPING_ALL, shipping, "G3", paid=Money(shipping)),
    ]
    lines += (limit := _limit_lines(goods, shipping, policy))
    if points > 0:
        worth = Decimal(points) / POINTS_PER_USD
        lines.append(_line(LineKind.POINTS, -worth, "P13", points=points))
    return _proposal(
        lines,
        cap_applied=bool(limit),
        needs_person=value_usd(package) is None,
        points_restored=points,
    )


def _partial_loss(case: _Case, policy: Policy) -> Proposal:
    most = _missing_basis(case)
    audited, granted = case.audited_product, case.audited_shipping
    goods = most if audited is None else min(cents(audited), most)
    shipping = min(
        _ZERO if granted is None else cents(granted),
        cents(case.package.shipping_fee_usd),
    )
    lines = [_line(LineKind.GOODS_AUDITED, goods, "G4", most=Money(most))]
    share = _shipping_share(case) if granted is None else None
    if share is not None:
        lines.append(_line(LineKind.SHIPPING_SHARE, _ZERO, "G4", share=Money(share)))
    else:
        lines.append(_line(LineKind.SHIPPING_AUDITED, shipping, "G4"))
    lines += (limit := _limit_lines(goods, shipping, policy))
    return _proposal(
        lines,
        cap_applied=bool(limit),
        needs_person=audited is None,
        optional_shipping=None if share is None else Money(share),
    )


def _damage(case: _Case, policy: Policy) -> Proposal:
    excluded = excluded_damage(case.packaging, case.contents, policy)
    return _limited_damage(case, policy) if excluded is None else excluded


def _limited_damage(case: _Case, policy: Policy) -> Proposal:
    """Return at most 30% of the shipping and 100.00 of the product.

    Source: clause G8, switch damage_cap_mode.
    """
    paid = cents(case.package.shipping_fee_usd)
    most = cents(paid * DAMAGE_SHIPPING_RATE)
    granted = most if case.audited_shipping is None else cents(case.audited_shipping)
    shipping = min(granted, most)
    loss, kind = goods_basis(case.package), LineKind.PRODUCT_GOODS
    if case.audited_product is not None:
        loss, kind = min(cents(case.audited_product), loss), LineKind.PRODUCT_LOSS
    product = min(loss, DAMAGE_PRODUCT_CAP)
    lines = [
        _line(LineKind.SHIPPING_DAMAGE, shipping, "G8", paid=Money(paid)),
        _line(kind, product, "G8", loss=Money(loss), most=Money(DAMAGE_PRODUCT_CAP)),
    ]
    if policy.damage_cap_mode is DamageCapMode.LOWER:
        limit = [_line(LineKind.SMALLER_PART, -max(shipping, product), "G8")]
    else:
        limit = _limit_lines(product, shipping, policy)
    return _proposal(
        lines + limit,
        cap_applied=bool(limit) or granted > most or loss > DAMAGE_PRODUCT_CAP,
        needs_person=case.audited_product is None,
    )


# -- their parts ------------------------------------------------------------------


def _proposal(
    lines: list[AmountLine],
    *,
    cap_applied: bool,
    needs_person: bool,
    points_restored: int = 0,
    optional_shipping: Money | None = None,
) -> Proposal:
    return Proposal(
        lines=tuple(lines),
        total=Money(sum((line.amount.amount for line in lines), _ZERO)),
        cap_applied=cap_applied,
        needs_person=needs_person,
        points_restored=points_restored,
        optional_shipping=optional_shipping,
    )


def _nothing(kind: LineKind, clause: str) -> Proposal:
    return _proposal([_line(kind, _ZERO, clause)], cap_applied=False, needs_person=True)


def _line(
    kind: LineKind, amount: Decimal, clause: str, **figures: Figure
) -> AmountLine:
    return AmountLine(kind, Money(cents(amount)), ClauseId(clause), figures)


def _limit_lines(goods: Decimal, shipping: Decimal, policy: Policy) -> list[AmountLine]:
    """Return the line that takes off what is over clause G6, if anything is."""
    covered = goods + shipping if policy.cap_includes_shipping else goods
    excess = covered - PACKAGE_CAP
    if excess <= 0:
        return []
    return [_line(LineKind.LIMIT, -excess, "G6", most=Money(PACKAGE_CAP))]


def _goods_line(package: Package, goods: Decimal) -> AmountLine:
    price, value = Money.of(package.sales_price_usd), value_usd(package)
    if value is None:
        kind = LineKind.GOODS_PRICE_ONLY
        return _line(kind, goods, "G5", price=price, currency=package.currency)
    figures: dict[str, Figure] = {"value": Money(value), "price": price}
    if package.currency == "USD" or package.fx_rate is None:
        return _line(LineKind.GOODS_LOWER, goods, "G5", **figures)
    foreign = Money.of(package.value_usd, package.currency)
    figures |= {"foreign": foreign, "rate": package.fx_rate}
    return _line(LineKind.GOODS_LOWER_FOREIGN, goods, "G5", **figures)


def _points_part(case: _Case, goods: Decimal, policy: Policy) -> int:
    """Return the points that come back for goods lost with this package.

    The order's points are split over its packages by sales price, cumulatively, so
    that no point is lost to rounding; where the goods count at less than their
    price, the points count at that part of them too.

    Source: clauses G5 and P13, switch sales_price_basis.
    """
    if policy.sales_price_basis is SalesPriceBasis.GROSS:
        return 0
    package, order = case.package, case.order
    packages = sorted(order.packages, key=lambda p: p.package_id)
    before = takewhile(lambda p: p.package_id != package.package_id, packages)
    start = sum(_in_cents(p.sales_price_usd) for p in before)
    price = _in_cents(package.sales_price_usd)
    total = max(sum(_in_cents(p.sales_price_usd) for p in packages), start + price)
    if price == 0:
        return 0
    spent = order.points_applied * (start + price) // total
    spent -= order.points_applied * start // total
    restored = spent * _in_cents(goods) // price
    return min(restored, _in_cents(min(goods, PACKAGE_CAP)))


def _missing_basis(case: _Case) -> Decimal:
    """Return the most that the missing goods can count for. Source: clause G5."""
    if not case.missing:
        return goods_basis(case.package)
    value = _to_usd(sum((m.value for m in case.missing), _ZERO), case.package)
    return _lower(value, _price_of(case.missing))


def _shipping_share(case: _Case) -> Decimal | None:
    """Return the missing lines' part of the shipping by sales price (EX-14)."""
    whole = _price_of(item_lines(case.package))
    if not case.missing or whole == 0:
        return None
    return cents(case.package.shipping_fee_usd * _price_of(case.missing) / whole)


def _other_policies(policy: Policy) -> Iterator[tuple[str, str, Policy]]:
    """Yield every value of the switches that decide amounts, with its policy."""
    for mode in DamageCapMode:
        yield "damage_cap_mode", mode.value, replace(policy, damage_cap_mode=mode)
    for covers, value in ((True, "true"), (False, "false")):
        other = replace(policy, cap_includes_shipping=covers)
        yield "cap_includes_shipping", value, other
    for basis in SalesPriceBasis:
        other = replace(policy, sales_price_basis=basis)
        yield "sales_price_basis", basis.value, other
    for is_on, value in ((True, "true"), (False, "false")):
        yield "packed_well_rule", value, replace(policy, packed_well_rule=is_on)


def _pick(
    lines: tuple[ItemLine, ...], missing: tuple[int, ...]
) -> tuple[ItemLine, ...]:
    if any(not 0 <= position < len(lines) for position in missing):
        message = f"there is no such item line; the package has {len(lines)}"
        raise ValueError(message)
    return tuple(lines[position] for position in sorted(set(missing)))


def _price_of(lines: tuple[ItemLine, ...]) -> Decimal:
    return cents(sum((line.sales_price_usd for line in lines), _ZERO))


def _to_usd(amount: Decimal, package: Package) -> Decimal | None:
    if package.currency == "USD":
        return cents(amount)
    return None if package.fx_rate is None else cents(amount / package.fx_rate)


def _lower(value: Decimal | None, price: Decimal) -> Decimal:
    return price if value is None else min(value, price)


def _in_cents(amount: Decimal) -> int:
    return int(cents(amount) * 100)


def _refuse_negative(amount: Decimal | None) -> None:
    if amount is not None and amount < 0:
        message = "an audited figure cannot be negative"
        raise ValueError(message)
