"""The acceptance cases of the terms about points: EX-54 to EX-71, at their figures.

EX-12, the part of an order paid with points, stands with the amounts.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from worker.domain.points import (
    Lot,
    NotEnoughPoints,
    Take,
    Used,
    deduct,
    due_back,
    earned_on,
    earned_to_deduct,
    expires_at,
    give_back,
    granted,
    most_redeemable,
    spend,
)
from worker.domain.policy import EarnBase, Lifetime, Policy, RefundLotOrder

POLICY = Policy()
SITE = ZoneInfo("UTC")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RICH = 10**6


def day(month: int, number: int) -> datetime:
    """The end of a day of 2026: a lot with it is usable through that day."""
    return datetime(2026, month, number, tzinfo=UTC) + timedelta(days=1)


def lot(number: int, left: int, end: datetime | None, *, earned: int = 0) -> Lot:
    return Lot(number, left, NOW - timedelta(days=30 - earned), end)


def last_day(earned: date, life: Lifetime) -> date:
    earned_at = datetime(earned.year, earned.month, earned.day, 12, tzinfo=UTC)
    end = expires_at(earned_at, life, SITE)
    assert end is not None
    return (end - timedelta(seconds=1)).date()


@pytest.mark.parametrize(
    ("product_cents", "most"),
    [(8000, 4000), (3333, 1666), (1, 0), (2, 1)],
)
def test_P7_EX_54_and_EX_55_half_of_the_products_is_paid_with_points(
    product_cents: int, most: int
) -> None:
    assert most_redeemable(product_cents, RICH, POLICY) == most


def test_no_more_can_be_redeemed_than_there_is_and_in_the_policy_s_steps() -> None:
    assert most_redeemable(8000, 1234, POLICY) == 1234
    assert most_redeemable(8000, 1234, Policy(redeem_step=100)) == 1200


def test_EX_56_what_expires_first_is_used_first() -> None:
    a = lot(1, 300, day(6, 10))
    b = lot(2, 500, day(6, 3))
    c = lot(3, 1000, None)

    assert spend([a, b, c], 700, now=NOW) == (Take(2, 500), Take(1, 200))


def test_what_is_not_there_is_not_spent() -> None:
    expired = lot(1, 300, NOW)

    with pytest.raises(NotEnoughPoints):
        spend([expired, lot(2, 10, None)], 11, now=NOW)


def test_EX_57_what_was_spent_comes_back_before_what_was_earned_is_deducted() -> None:
    used = Used(lot(1, 0, day(7, 1)), 500)
    back = give_back([used], 500, now=NOW, policy=POLICY)
    restored = sum(take.points for take in back.back)

    taken = deduct([lot(1, restored, day(7, 1))], 149, now=NOW)

    assert restored - sum(take.points for take in taken.takes) == 351
    assert taken.shortfall == 0


def test_EX_58_a_dollar_paid_in_cash_earns_a_point() -> None:
    assert earned_on(14_999, 0, POLICY) == 149


def test_the_switch_earn_base_counts_what_was_paid_with_points_too() -> None:
    gross = Policy(earn_base=EarnBase.PRICE_BEFORE_POINTS)

    assert earned_on(10_000, 3000, POLICY) == 70
    assert earned_on(10_000, 3000, gross) == 100


def test_EX_59_the_daily_limit_cuts_an_award() -> None:
    capped = Policy(daily_points_cap=200)

    given = granted(149, received_today=180, policy=capped)

    assert (given, 149 - given) == (20, 129)
    assert granted(149, received_today=200, policy=capped) == 0
    assert granted(149, received_today=10**6, policy=POLICY) == 149


def test_EX_60_a_returned_item_brings_its_share_of_the_points_back() -> None:
    assert due_back(3000, 10_000, before_cents=0, returned_cents=4000) == 1200


def test_EX_61_items_returned_one_by_one_bring_everything_back() -> None:
    prices = [3333, 3333, 3334]
    parts = [
        due_back(1000, 10_000, before_cents=sum(prices[:n]), returned_cents=prices[n])
        for n in range(3)
    ]

    assert parts == [333, 333, 334]


@pytest.mark.parametrize(
    ("order", "due", "back", "expired"),
    [
        pytest.param(RefundLotOrder.LATEST_EXPIRING, 3000, 1000, 2000, id="EX-62"),
        pytest.param(RefundLotOrder.LATEST_EXPIRING, 1200, 1000, 200, id="EX-63"),
        pytest.param(RefundLotOrder.AS_CONSUMED, 1200, 0, 1200, id="EX-63 as used"),
        pytest.param(RefundLotOrder.PRO_RATA, 1200, 400, 800, id="EX-63 pro rata"),
    ],
)
def test_EX_62_and_EX_63_points_of_an_expired_lot_do_not_come_back(
    order: RefundLotOrder, due: int, back: int, expired: int
) -> None:
    x = Used(lot(1, 0, datetime(2026, 6, 2, tzinfo=UTC)), 2000)
    y = Used(lot(2, 0, datetime(2026, 7, 2, tzinfo=UTC)), 1000)
    at = datetime(2026, 6, 15, tzinfo=UTC)

    given = give_back([x, y], due, now=at, policy=Policy(refund_lot_order=order))

    assert sum(take.points for take in given.back) == back
    assert sum(take.points for take in given.expired) == expired


def test_P15_EX_64_a_deduction_ends_at_zero_and_tells_what_was_missing() -> None:
    a, b = lot(1, 50, day(6, 5)), lot(2, 30, day(9, 1))

    taken = deduct([b, a], 149, now=NOW)

    assert taken.takes == (Take(1, 50), Take(2, 30))
    assert taken.shortfall == 69


@pytest.mark.parametrize(
    ("returned_cents", "deducted"), [(4999, 49), (5000, 50), (14_999, 149)]
)
def test_EX_65_a_return_takes_back_what_the_rest_would_not_have_earned(
    returned_cents: int, deducted: int
) -> None:
    found = earned_to_deduct(
        149, 14_999, 0, returned_cents=returned_cents, deducted=0, policy=POLICY
    )

    assert found == deducted


def test_EX_66_an_order_paid_with_points_and_cash_returns_both() -> None:
    points = due_back(3000, 10_000, before_cents=0, returned_cents=4000)
    deducted = earned_to_deduct(
        70, 10_000, 3000, returned_cents=4000, deducted=0, policy=POLICY
    )

    assert points == 1200
    assert 4000 - points == 2800  # cents of cash
    assert deducted == 28


@pytest.mark.parametrize(
    ("earned", "life", "last"),
    [
        (date(2023, 11, 30), Lifetime(months=3), date(2024, 2, 29)),
        (date(2024, 11, 30), Lifetime(months=3), date(2025, 2, 28)),
        (date(2024, 2, 26), Lifetime(days=7), date(2024, 3, 4)),
    ],
    ids=["EX-67 leap year", "EX-67", "EX-68"],
)
def test_EX_67_and_EX_68_points_are_usable_through_their_last_day(
    earned: date, life: Lifetime, last: date
) -> None:
    assert last_day(earned, life) == last


def test_a_last_day_ends_in_the_site_s_zone() -> None:
    earned_at = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the clocks change on the 29th

    end = expires_at(earned_at, Lifetime(days=7), ZoneInfo("Europe/Berlin"))

    assert end == datetime(2026, 4, 4, 22, tzinfo=UTC)


def test_points_without_a_lifetime_never_expire() -> None:
    assert expires_at(NOW, Lifetime(), SITE) is None


def test_EX_71_of_two_lots_with_one_end_the_earlier_earned_is_used_first() -> None:
    later, earlier = lot(1, 100, day(6, 10), earned=5), lot(2, 100, day(6, 10))

    assert spend([later, earlier], 150, now=NOW) == (Take(2, 100), Take(1, 50))
