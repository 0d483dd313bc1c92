"""A claim is paid before the shop tells its order: the shop's word is taken, once."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from tests.ledgers import MEI, Ledgers, bought, some_ledgers
from worker.adapters.store.points_entries import Posted
from worker.adapters.store.points_ledger import PointsLedger
from worker.adapters.store.points_schema import PointsOrderRow
from worker.domain.points import EntryKind, PointsRefused
from worker.domain.settlement import OrderPoints, PaidCase, PointsMoved

K = EntryKind
BY_DIRECTORY = 20_000
"""The price of the order's products in cents, as the order directory has it."""


def a_case(
    *, used: int = 0, earned: int = 0, due: int = 0, returned: int = BY_DIRECTORY
) -> PaidCase:
    order = OrderPoints(product_cents=BY_DIRECTORY, points_used=used, earned=earned)
    return PaidCase(
        member_id=MEI.member_id,
        order_number="ORD-1",
        order=order,
        due=due,
        returned_cents=returned,
    )


@pytest.fixture
def ledgers(database_url: str) -> Iterator[Ledgers]:
    with some_ledgers(database_url) as made:
        yield made
        made.check()


def the_order(ledgers: Ledgers) -> PointsOrderRow:
    with ledgers.database.read() as session:
        return session.scalars(sa.select(PointsOrderRow)).one()


@pytest.mark.parametrize("true_cents", [1, 15_000, 25_000])
@pytest.mark.parametrize(
    "tell",
    [
        lambda ledger, cents: ledger.place(MEI, bought(cents)),
        lambda ledger, cents: ledger.confirm(MEI, "ORD-1", cents),
    ],
    ids=["place", "confirm"],
)
def test_the_shop_s_price_is_taken_after_a_claim_was_settled(
    ledgers: Ledgers, tell: Callable[[PointsLedger, int], Posted], true_cents: int
) -> None:
    moved = ledgers.settle(a_case(used=5000, earned=149, due=5000))

    told, again = (tell(ledgers.under(), true_cents) for _ in range(2))

    assert (told.is_repeat, again.is_repeat) == (False, True)
    assert the_order(ledgers).product_cents == true_cents
    assert (
        ledgers.under().settled(7)[1] == moved == PointsMoved(back=5000, deducted=149)
    )
    assert ledgers.settle(a_case(used=5000, earned=149, due=5000)) == moved
    assert ledgers.under().balance(MEI) == 5000 - 149


def test_the_shop_s_price_stands_once_it_was_told(ledgers: Ledgers) -> None:
    ledgers.settle(a_case(used=5000, due=5000))
    ledgers.under().place(MEI, bought(15_000))

    with pytest.raises(PointsRefused, match="another price"):
        ledgers.under().place(MEI, bought(20_000))
    ledgers.settle(a_case(used=5000, due=5000), claim=8)

    assert the_order(ledgers).product_cents == 15_000


def test_a_confirmation_after_a_full_refund_earns_what_the_shop_s_price_has_more(
    ledgers: Ledgers,
) -> None:
    ledgers.settle(a_case())

    posted = ledgers.under().confirm(MEI, "ORD-1", 25_000)

    assert posted.points(K.ORDER_CONFIRMED) == 50


def test_a_lower_price_than_was_settled_leaves_nothing_to_return(
    ledgers: Ledgers,
) -> None:
    ledgers.settle(a_case(used=5000, due=5000))
    ledgers.under().place(MEI, bought(15_000))

    with pytest.raises(PointsRefused, match=r"only products for 0\.00 are left"):
        ledgers.under().give_back(MEI, "ret-1", "ORD-1", 1)
    assert ledgers.under().confirm(MEI, "ORD-1").points(K.ORDER_CONFIRMED) == 0


@pytest.mark.parametrize("true_cents", [8000, 15_000, 20_000, 40_000])
def test_P13_all_parts_together_give_back_what_was_used_whatever_the_price(
    ledgers: Ledgers, true_cents: int
) -> None:
    ledgers.settle(a_case(used=3000, due=900, returned=6000))
    ledger = ledgers.under()
    ledger.place(MEI, bought(true_cents))
    half = (true_cents - 6000) // 2

    parts = [
        ledger.give_back(MEI, f"ret-{part}", "ORD-1", cents).points(K.RETURNED)
        for part, cents in enumerate((half, true_cents - 6000 - half))
    ]

    assert 900 + sum(parts) == 3000
    assert min(parts) > 0


def test_P15_what_was_deducted_is_not_deducted_again_at_another_price(
    ledgers: Ledgers,
) -> None:
    ledgers.give(500)
    ledgers.settle(a_case(earned=200, returned=10_000))
    ledger = ledgers.under()
    ledger.confirm(MEI, "ORD-1", 15_000)

    rest = ledger.give_back(MEI, "ret-1", "ORD-1", 5000)

    assert rest.points(K.EARNED_DEDUCTED) == 100
    assert ledger.balance(MEI) == 500 - 200


def test_P12_a_cancelled_order_gets_no_points_back_by_a_claim(ledgers: Ledgers) -> None:
    ledgers.under().place(MEI, bought(BY_DIRECTORY))
    ledgers.under().cancel(MEI, "ORD-1")

    moved = ledgers.settle(a_case(used=5000, due=5000))

    assert moved == PointsMoved()
