"""The acceptance cases about points again, on a real ledger: EX-54 to EX-71, EX-12."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.builders import a_member, a_package, an_order
from tests.ledgers import MEI, Ledgers, bought, some_ledgers
from worker.adapters.store.points_entries import Holder, Posted, claim_key
from worker.domain.amounts import propose
from worker.domain.claim import ClaimType
from worker.domain.points import EntryKind, PointsRefused
from worker.domain.policy import (
    Lifetime,
    Policy,
    RefundLotOrder,
    ReturnSequence,
    SalesPriceBasis,
)
from worker.domain.settlement import PointsMoved, paid_case
from worker.samples import a_claim

K = EntryKind
DAY = timedelta(days=1)


@pytest.fixture
def ledgers(database_url: str) -> Iterator[Ledgers]:
    with some_ledgers(database_url) as made:
        yield made
        made.check()


def used_and_earned(ledgers: Ledgers, points: int, cents: int, life: Lifetime) -> None:
    """Let an order use all points there are; then its delivery is confirmed."""
    ledgers.give(points, life)
    ledgers.under().redeem(MEI, "r-1", bought(cents), points)
    ledgers.under().confirm(MEI, "ORD-1")


def moved(posted: Posted) -> dict[EntryKind, int]:
    return {entry.kind: entry.points or entry.noted for entry in posted.entries}


def test_EX_54_at_most_half_of_the_products_is_paid_with_points(
    ledgers: Ledgers,
) -> None:
    ledgers.give(10_000)
    ledger = ledgers.under()

    assert ledger.quote(MEI, 8000).most == 4000
    with pytest.raises(PointsRefused, match="at most 4000"):
        ledger.redeem(MEI, "r-1", bought(8000), 4001)
    assert ledger.redeem(MEI, "r-2", bought(8000), 4000).balance == 6000


@pytest.mark.parametrize(("cents", "most"), [(3333, 1666), (1, 0), (2, 1)])
def test_EX_55_half_is_rounded_down(ledgers: Ledgers, cents: int, most: int) -> None:
    ledgers.give(10_000)

    assert ledgers.under().quote(MEI, cents).most == most
    with pytest.raises(PointsRefused):
        ledgers.under().redeem(MEI, "r-1", bought(cents), most + 1)


def test_EX_56_what_expires_first_is_used_first(ledgers: Ledgers) -> None:
    ledgers.give(300, Lifetime(days=9))
    ledgers.give(500, Lifetime(days=2))
    ledgers.give(1000)

    ledgers.under().redeem(MEI, "r-1", bought(10_000), 700)

    assert ledgers.left() == [100, 0, 1000]


def test_EX_57_spent_points_come_back_before_earned_ones_go(ledgers: Ledgers) -> None:
    used_and_earned(ledgers, 500, 14_900 + 500, Lifetime(months=3))
    ledgers.under().spend_on(MEI, "game", 149)

    posted = ledgers.under().give_back(MEI, "ret-1", "ORD-1", 15_400)

    assert posted.balance == 351


def test_EX_57_deducting_first_would_leave_500(ledgers: Ledgers) -> None:
    used_and_earned(ledgers, 500, 14_900 + 500, Lifetime(months=3))
    ledgers.under().spend_on(MEI, "game", 149)
    other = ledgers.under(return_sequence=ReturnSequence.DEDUCT_FIRST)

    posted = other.give_back(MEI, "ret-1", "ORD-1", 15_400)

    assert posted.balance == 500
    assert posted.points(K.SHORTFALL) == 149


def test_EX_58_points_come_with_the_confirmation_once(ledgers: Ledgers) -> None:
    ledger = ledgers.under()
    ledger.place(MEI, bought(14_999))
    assert ledger.balance(MEI) == 0

    first = ledger.confirm(MEI, "ORD-1")
    again = ledger.confirm(MEI, "ord-1")

    assert (first.balance, again.balance) == (149, 149)
    assert again.is_repeat


def test_EX_59_the_daily_limit_cuts_an_award(ledgers: Ledgers) -> None:
    ledgers.give(180)
    ledger = ledgers.under(daily_points_cap=200)

    posted = ledger.confirm(MEI, "ORD-1", 14_900)

    assert moved(posted) == {K.ORDER_CONFIRMED: 20, K.FORFEITED: 129}
    ledgers.clock.at += DAY
    assert ledger.confirm(MEI, "ORD-2", 14_900).balance == 180 + 20 + 149


def test_EX_60_a_returned_item_brings_its_share_back(ledgers: Ledgers) -> None:
    ledgers.give(3000)
    ledgers.under().redeem(MEI, "r-1", bought(10_000), 3000)

    posted = ledgers.under().give_back(MEI, "ret-1", "ORD-1", 4000)

    assert moved(posted) == {K.RETURNED: 1200}


def test_EX_61_items_returned_one_by_one_bring_everything_back(
    ledgers: Ledgers,
) -> None:
    ledgers.give(1000)
    ledgers.under().redeem(MEI, "r-1", bought(10_000), 1000)

    back = [
        ledgers.under().give_back(MEI, f"ret-{cents}-{n}", "ORD-1", cents)
        for n, cents in enumerate([3333, 3333, 3334])
    ]

    assert [one.points(K.RETURNED) for one in back] == [333, 333, 334]
    with pytest.raises(PointsRefused, match=r"0\.00 are left"):
        ledgers.under().give_back(MEI, "ret-4", "ORD-1", 1)


def two_lots_used(ledgers: Ledgers) -> None:
    """Let an order use X 2,000 to 1 June and Y 1,000 to 1 July; it is 15 June then."""
    ledgers.clock.at = datetime(2026, 5, 25, 12, tzinfo=UTC)
    ledgers.give(2000, Lifetime(days=7))
    ledgers.give(1000, Lifetime(days=37))
    ledgers.under().redeem(MEI, "r-1", bought(10_000), 3000)
    ledgers.clock.at = datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_EX_62_points_of_an_expired_lot_are_shown_and_do_not_come_back(
    ledgers: Ledgers,
) -> None:
    two_lots_used(ledgers)

    posted = ledgers.under().give_back(MEI, "ret-1", "ORD-1", 10_000)

    assert moved(posted) == {K.RETURNED: 1000, K.REFUND_EXPIRED: 2000}
    assert ledgers.left() == [0, 1000]


@pytest.mark.parametrize(
    ("order", "back", "expired"),
    [
        (RefundLotOrder.LATEST_EXPIRING, 1000, 200),
        (RefundLotOrder.AS_CONSUMED, 0, 1200),
        (RefundLotOrder.PRO_RATA, 400, 800),
    ],
)
def test_EX_63_the_kindest_lot_comes_back_first(
    ledgers: Ledgers, order: RefundLotOrder, back: int, expired: int
) -> None:
    two_lots_used(ledgers)
    ledger = ledgers.under(refund_lot_order=order)

    posted = ledger.give_back(MEI, "ret-1", "ORD-1", 4000)

    assert posted.points(K.RETURNED) == back
    assert posted.points(K.REFUND_EXPIRED) == expired


def test_EX_64_a_deduction_ends_at_zero_and_tells_what_was_missing(
    ledgers: Ledgers,
) -> None:
    ledgers.under().confirm(MEI, "ORD-1", 14_900)
    ledgers.under().spend_on(MEI, "game", 149)
    ledgers.give(50, Lifetime(days=4))
    ledgers.give(30, Lifetime(months=3))

    posted = ledgers.under().give_back(MEI, "ret-1", "ORD-1", 14_900)

    assert moved(posted) == {K.RETURNED: 0, K.EARNED_DEDUCTED: -80, K.SHORTFALL: 69}
    assert posted.balance == 0


@pytest.mark.parametrize(("cents", "deducted"), [(4999, 49), (5000, 50)])
def test_EX_65_a_return_takes_back_what_the_rest_would_not_have_earned(
    ledgers: Ledgers, cents: int, deducted: int
) -> None:
    ledgers.under().confirm(MEI, "ORD-1", 14_999)

    posted = ledgers.under().give_back(MEI, "ret-1", "ORD-1", cents)

    assert posted.points(K.EARNED_DEDUCTED) == deducted


def test_EX_66_an_order_paid_with_points_and_cash_returns_both(
    ledgers: Ledgers,
) -> None:
    used_and_earned(ledgers, 3000, 10_000, Lifetime(months=3))

    posted = ledgers.under().give_back(MEI, "ret-1", "ORD-1", 4000)

    assert moved(posted) == {K.RETURNED: 1200, K.EARNED_DEDUCTED: -28}


@pytest.mark.parametrize(
    ("earned", "last"),
    [
        (datetime(2023, 11, 30, 9, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)),
        (datetime(2024, 11, 30, 9, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)),
    ],
    ids=["leap year", "other year"],
)
def test_EX_67_a_lot_of_three_months_is_usable_through_its_last_day(
    ledgers: Ledgers, earned: datetime, last: datetime
) -> None:
    ledgers.clock.at = earned
    ledgers.under().confirm(MEI, "ORD-1", 14_900)

    check_last_day(ledgers, last)


def test_EX_68_a_lot_of_seven_days_is_usable_through_its_last_day(
    ledgers: Ledgers,
) -> None:
    ledgers.clock.at = datetime(2024, 2, 26, 9, tzinfo=UTC)
    ledgers.under().grant(MEI, "game", 149)

    check_last_day(ledgers, datetime(2024, 3, 4, tzinfo=UTC))


def check_last_day(ledgers: Ledgers, last: datetime) -> None:
    ledger = ledgers.under()
    ledgers.clock.at = last + DAY - timedelta(seconds=1)
    assert (ledger.balance(MEI), ledger.sweep()) == (149, 0)

    ledgers.clock.at = last + DAY
    assert ledger.balance(MEI) == 0
    assert (ledger.sweep(), ledger.sweep()) == (1, 0)
    account = ledger.accounts_of("m10023")[0]
    newest = ledger.history(account.account_id, limit=1)[0]
    assert (newest.kind, newest.points) == (K.EXPIRED, -149)


def test_EX_69_points_of_an_unpaid_order_come_back_to_their_lots(
    ledgers: Ledgers,
) -> None:
    ledgers.give(500, Lifetime(days=2))
    ledgers.give(1000)
    ledger = ledgers.under()
    ledger.redeem(MEI, "r-1", bought(10_000), 800)
    assert ledgers.left() == [0, 700]

    posted = ledger.cancel(MEI, "ORD-1")

    assert moved(posted) == {K.ORDER_CANCELLED: 800}
    assert ledgers.left() == [500, 1000]
    assert ledger.cancel(MEI, "ORD-1").balance == 1500


def test_EX_70_a_verified_address_earns_once(ledgers: Ledgers) -> None:
    ledger = ledgers.under()

    assert ledger.verify(MEI).balance == 100
    assert ledger.verify(MEI).balance == 100


def test_EX_71_of_two_lots_with_one_end_the_earlier_earned_is_used_first(
    ledgers: Ledgers,
) -> None:
    later, earlier = ledgers.clock.at, ledgers.clock.at - DAY
    ledgers.give(100, Lifetime(days=8), at=later)
    ledgers.give(100, Lifetime(days=9), at=earlier)

    ledgers.under().spend_on(MEI, "game", 150)

    assert ledgers.left() == [50, 0]


def test_P4_a_review_earns_once_for_each_line_of_a_bought_order(
    ledgers: Ledgers,
) -> None:
    ledger = ledgers.under(review_photo_points=8)
    with pytest.raises(PointsRefused, match="does not know this order"):
        ledger.review(MEI, "ORD-1", "1")
    ledger.place(MEI, bought(5000))

    balances = [
        ledger.review(MEI, "ORD-1", line, has_pictures=has_pictures).balance
        for line, has_pictures in (("1", False), ("1", True), ("2", True))
    ]

    assert balances == [5, 5, 13]


def test_P5_points_of_one_site_are_not_there_on_another(ledgers: Ledgers) -> None:
    ledgers.give(500)
    elsewhere = Holder(MEI.member_id, "us")

    assert ledgers.under().balance(elsewhere) == 0
    with pytest.raises(PointsRefused, match="holds fewer"):
        ledgers.under().redeem(elsewhere, "r", bought(10_000), 1)


def test_P6_the_switch_redeem_step_asks_for_whole_steps(ledgers: Ledgers) -> None:
    ledgers.give(500)
    ledger = ledgers.under(redeem_step=100)

    with pytest.raises(PointsRefused, match="in steps of 100"):
        ledger.redeem(MEI, "r", bought(10_000), 150)
    assert ledger.redeem(MEI, "r", bought(10_000), 200).balance == 300


def test_an_order_of_one_member_is_not_another_s(ledgers: Ledgers) -> None:
    ledgers.under().confirm(MEI, "ORD-1", 5000)

    with pytest.raises(PointsRefused, match="used before, for something else"):
        ledgers.under().confirm(Holder("M2", "eu"), "ORD-1")
    with pytest.raises(PointsRefused, match="belongs to another member"):
        ledgers.under().place(Holder("M2", "eu"), bought(5000))


@pytest.mark.parametrize(
    ("basis", "cash", "points"),
    [(SalesPriceBasis.PAID, "170.00", 5000), (SalesPriceBasis.GROSS, "220.00", 0)],
)
def test_EX_12_a_lost_order_is_refunded_in_the_kind_it_was_paid(
    ledgers: Ledgers, basis: SalesPriceBasis, cash: str, points: int
) -> None:
    ledgers.give(5000)
    ledgers.under().redeem(MEI, "r-1", bought(20_000), 5000)
    package = a_package(
        value_usd="200.00", sales_price_usd="200.00", shipping_fee_usd="20.00"
    )
    member = a_member(MEI.member_id)
    plain = an_order("ORD-1", member=member, packages=(package,))
    order = replace(plain, points_applied=5000)
    policy = Policy(sales_price_basis=basis, version="other")
    claim = a_claim(claim_type=ClaimType.TOTAL_LOSS, package_id="1")
    proposal = propose(package, claim.claim_type, policy, order=order)
    assert proposal is not None
    case = paid_case(claim, order, proposal, proposal.total)
    assert case is not None
    foreseen = ledgers.under().foresee(case, site="eu")

    def settle() -> PointsMoved:
        with ledgers.database.write() as session:
            return ledgers.under().settle(
                session, claim_key(7, 1), case, site="elsewhere", by="jane"
            )

    assert proposal.total.amount == Decimal(cash)
    assert [settle(), settle()] == [foreseen, foreseen]
    assert foreseen == PointsMoved(back=points)
    assert ledgers.under().balance(MEI) == points
    assert ledgers.under().settled(7)[1] == foreseen
