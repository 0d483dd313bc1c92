"""The order directory in SQL: an import is all or nothing, a lookup forgives case."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.builders import a_member, a_package, an_order
from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.adapters.store.directory import SqlOrders
from worker.domain.orders import Order, Package, parse_when

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ADDRESS = "lena.hoffmann@mail.example"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    upgrade(database_url)
    clock, queue = StillClock(NOON), CollectingQueue()
    store = Store(database_url, owner="one", clock=clock, queue=queue)
    yield store
    store.close()


@pytest.fixture
def orders(store: Store) -> SqlOrders:
    return store.orders


def placed(order_number: str, day: str | None) -> Order:
    when = None if day is None else parse_when(day, BERLIN)
    return replace(an_order(order_number), placed=when)


FULL_PACKAGE = Package(
    package_id="PKG-ü7",
    value_usd=Decimal("480.10"),
    sales_price_usd=Decimal("0.30"),
    shipping_fee_usd=Decimal("1234567.89"),
    arrived=parse_when("2026-11-17", BERLIN),
    delivered=parse_when("2026-11-18T15:30", BERLIN),
    collected=parse_when("2026-11-18T14:30:15.123456Z", BERLIN),
    tracking_number="TRK0183",
    destination_tz="Europe/Berlin",
    currency="EUR",
    fx_rate=Decimal("1.08420"),
    estimated_weight_kg=Decimal("2.50"),
    actual_weight_kg=Decimal("2.500"),
    lines_json='[{"name": "Teeschale «blau»"}]',
)


# -- what is imported comes back ----------------------------------------------------


def test_an_order_comes_back_as_it_was_imported(orders: SqlOrders) -> None:
    order = Order(
        order_number="ORD-20261104-0183",
        member=a_member(addresses=(ADDRESS, "lena@work.example"), locale="de"),
        placed=parse_when("2026-11-04T10:20", BERLIN),
        guarantee_fee_usd=Decimal("45.10"),
        packages=(a_package("A"), FULL_PACKAGE),
        points_applied=1200,
        points_earned=45,
    )

    count = orders.import_orders([order])

    assert count == 1
    assert orders.order(order.order_number) == order


def test_money_and_weights_keep_the_precision_in_which_they_were_written(
    orders: SqlOrders,
) -> None:
    orders.import_orders([an_order(packages=(FULL_PACKAGE,), guarantee_fee_usd="0")])

    order = orders.order("ORD-20261104-0183")
    assert order is not None
    (package,) = order.packages
    assert str(package.value_usd) == "480.10"
    assert str(package.sales_price_usd) == "0.30"
    assert str(package.fx_rate) == "1.08420"
    assert (str(package.estimated_weight_kg), str(package.actual_weight_kg)) == (
        "2.50",
        "2.500",
    )
    assert str(order.guarantee_fee_usd) == "0.00"
    assert not order.has_guarantee


def test_T4_a_time_keeps_its_precision_and_how_it_was_written(
    orders: SqlOrders,
) -> None:
    """A date alone means the whole day at its zone, and stays that."""
    orders.import_orders([an_order(packages=(FULL_PACKAGE,))])

    order = orders.order("ORD-20261104-0183")
    assert order is not None
    arrived = order.packages[0].arrived
    assert arrived is not None
    assert (arrived.precision, arrived.written) == ("day", "2026-11-17")
    assert arrived.earliest_at == datetime(2026, 11, 16, 23, tzinfo=UTC)
    assert arrived.latest_at == datetime(2026, 11, 17, 22, 59, 59, tzinfo=UTC)


def test_what_is_unknown_stays_unknown(orders: SqlOrders) -> None:
    package = replace(a_package(), tracking_number=None)
    order = an_order(guarantee_fee_usd=None, packages=(package,))

    orders.import_orders([order])

    assert orders.order(order.order_number) == order


def test_an_order_or_member_that_nobody_imported_is_none(orders: SqlOrders) -> None:
    assert orders.order("ORD-1") is None
    assert orders.member("M1") is None
    assert orders.members_at(ADDRESS) == ()
    assert orders.orders_of("M1") == ()


# -- an import is all or nothing ----------------------------------------------------


def test_an_import_that_breaks_off_leaves_the_directory_as_it_was(
    orders: SqlOrders,
) -> None:
    before = an_order("ORD-1", guarantee_fee_usd="45.00")
    orders.import_orders([before])

    def breaking() -> Iterator[Order]:
        yield an_order("ORD-1", guarantee_fee_usd="99.00")
        yield an_order("ORD-2", member=a_member("M2", addresses=("two@mail.example",)))
        raise ValueError(3)

    with pytest.raises(ValueError, match="3"):
        orders.import_orders(breaking())

    assert orders.count() == 1
    assert orders.order("ORD-1") == before
    assert orders.member("M2") is None
    assert orders.members_at("two@mail.example") == ()


def test_D1_the_same_import_twice_is_the_same_directory(
    store: Store, orders: SqlOrders
) -> None:
    both = [an_order("ORD-1"), an_order("ORD-2", packages=(FULL_PACKAGE, a_package()))]

    first = (orders.import_orders(both), sizes(store), orders.order("ORD-2"))
    second = (orders.import_orders(both), sizes(store), orders.order("ORD-2"))

    assert first == second
    assert sizes(store) == [1, 1, 2, 3]


def sizes(store: Store) -> list[int]:
    tables = ("members", "member_addresses", "orders", "packages")
    with store.database.read() as session:
        return [
            session.execute(sa.text(f"select count(*) from {table}")).scalar_one()  # noqa: S608
            for table in tables
        ]


def test_a_later_import_replaces_the_order_with_its_packages_and_member(
    orders: SqlOrders,
) -> None:
    orders.import_orders([an_order(packages=(a_package("A"), a_package("B")))])
    renamed = a_member(name="Lena Vogel", addresses=("lena.vogel@mail.example",))
    newer = an_order(
        guarantee_fee_usd="50.00",
        member=renamed,
        packages=(a_package("B", value_usd="1.00"),),
    )

    orders.import_orders([newer])

    assert orders.order(newer.order_number) == newer
    assert orders.members_at(ADDRESS) == ()
    assert orders.members_at("lena.vogel@mail.example") == (renamed,)


def test_orders_that_are_not_in_a_later_import_stay(orders: SqlOrders) -> None:
    orders.import_orders([an_order("ORD-1")])

    orders.import_orders([an_order("ORD-2")])

    assert orders.order("ORD-1") is not None
    assert orders.count() == 2


def test_another_writing_of_an_id_is_the_same_order_and_the_last_writing_is_shown(
    orders: SqlOrders,
) -> None:
    orders.import_orders([an_order("ord-1", member=a_member("m 104233"))])

    orders.import_orders([an_order("ORD-1", member=a_member("M104233"))])

    assert orders.count() == 1
    order = orders.order("ord-1")
    assert order is not None
    assert (order.order_number, order.member.member_id) == ("ORD-1", "M104233")


def test_two_imports_at_once_are_one_after_the_other(
    store: Store, orders: SqlOrders
) -> None:
    batches = [
        [an_order(f"ORD-{n}", guarantee_fee_usd=fee) for n in range(20)]
        for fee in ("1.00", "2.00")
    ]
    start = threading.Barrier(2)
    errors: list[Exception] = []

    def run(batch: list[Order]) -> None:
        start.wait()
        try:
            orders.import_orders(batch)
        except Exception as error:  # noqa: BLE001 - asserted below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    with store.database.read() as session:
        fees = session.execute(sa.text("select distinct guarantee_fee_usd from orders"))
        assert len(fees.all()) == 1
    assert sizes(store) == [1, 1, 20, 20]


# -- lookups ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["ord-20261104-0183", " ORD-20261104 -0183 ", "ＯＲＤ-20261104-0183"],
)
def test_an_order_is_found_in_any_case_and_with_spaces(
    orders: SqlOrders, written: str
) -> None:
    orders.import_orders([an_order()])

    assert orders.order(written) == an_order()


@pytest.mark.parametrize("written", ["m104233", "M 104233", " m104233\t"])
def test_a_member_is_found_in_any_case_and_with_spaces(
    orders: SqlOrders, written: str
) -> None:
    orders.import_orders([an_order()])

    assert orders.member(written) == a_member()
    assert orders.orders_of(written) == ("ORD-20261104-0183",)


def test_addresses_are_kept_in_lower_case_in_their_order_each_once(
    orders: SqlOrders,
) -> None:
    written = ("Lena.Work@Mail.example", "A@mail.example", "lena.work@mail.EXAMPLE")
    member = a_member(addresses=written)

    orders.import_orders([an_order(member=member)])

    found = orders.member(member.member_id)
    assert found is not None
    assert found.addresses == ("lena.work@mail.example", "a@mail.example")
    assert orders.members_at("LENA.work@mail.example") == (found,)


def test_several_members_may_share_an_address(orders: SqlOrders) -> None:
    one, two = a_member("M1"), a_member("M2")
    orders.import_orders([an_order("ORD-1", member=one), an_order("ORD-2", member=two)])

    assert orders.members_at(ADDRESS) == (one, two)


def test_a_part_of_an_address_is_nobodys(orders: SqlOrders) -> None:
    orders.import_orders([an_order()])

    assert orders.members_at("hoffmann@mail.example") == ()
    assert orders.members_at("%") == ()


def test_a_members_orders_are_listed_newest_first_and_undated_ones_last(
    orders: SqlOrders,
) -> None:
    orders.import_orders(
        [
            placed("undated", None),
            placed("old", "2026-10-01"),
            placed("new", "2026-11-04T10:20"),
            placed("newest", "2026-11-04T10:21"),
        ]
    )

    assert orders.orders_of("M104233") == ("newest", "new", "old", "undated")
