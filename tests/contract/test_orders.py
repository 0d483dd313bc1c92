"""What ports.Orders promises: on the imported rows, and over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import NOON
from tests.commands import HEADER
from tests.services.orders_api import TOKEN, OrdersApi
from worker.adapters.clock import StillClock
from worker.adapters.orders_csv import read_orders
from worker.adapters.orders_http import HttpOrders
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.domain.orders import Precision
from worker.ports import Orders

ZONE = "Europe/Berlin"
OPTIONAL = "destination_tz,currency,fx_rate,estimated_weight_kg,actual_weight_kg"
FILE = f"""\
{HEADER},{OPTIONAL},lines_json
ORD-20261104-0183,M104233,Lena Höffmann,Lena@mail.example; lena@work.example,de,\
2026-11-04T10:20:00+00:00,B,480.10,450.00,62.50,45.00,2026-11-17,2026-11-18T14:30,,\
TRK-2,100,5,Asia/Taipei,EUR,1.0842,2.5,2.50,\
"[{{""name"": ""Tea «blue»"", ""sales_price_usd"": 450.00, ""value_usd"": 480.10}}]"
ORD-20261104-0183,M104233,Lena Höffmann,lena@mail.example;lena@work.example,de,\
2026-11-04T10:20:00+00:00,A,1.00,2.00,0.30,45.00,,,,,100,5,,,,,,
ORD-20261105-0001,M104233,Lena Höffmann,lena@mail.example;lena@work.example,de,\
2026-11-05,1,10.00,9.00,1.00,,,,,,0,0,,,,,,
Größe/7#ü,M2,,lena@work.example,,,1,10.00,9.00,1.00,0,,,,,0,0,,,,,,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture(params=["rows", "http"])
def orders(
    request: pytest.FixtureRequest, file: Path, tmp_path: Path
) -> Iterator[Orders]:
    if request.param == "http":
        with OrdersApi(file) as api:
            http = HttpOrders(api.url, token=TOKEN, default_tz=ZONE)
            yield http
            http.close()
        return
    url = f"sqlite:///{tmp_path / 'claims.db'}"
    clock, queue = StillClock(NOON), CollectingQueue()
    store = Store(url, owner="test", clock=clock, queue=queue)
    store.create_tables()
    store.orders.import_orders(read_orders(file, default_tz=ZONE).rows)
    yield store.orders
    store.close()


def test_an_order_is_found_with_its_member_and_all_its_packages(
    orders: Orders, file: Path
) -> None:
    written = read_orders(file, default_tz=ZONE).rows[0]

    found = orders.order("ORD-20261104-0183")

    assert found is not None
    assert [package.package_id for package in found.packages] == ["A", "B"]
    assert {*found.packages} == {*written.packages}
    assert found.member == written.member
    assert found.placed == written.placed
    assert found.guarantee_fee_usd == written.guarantee_fee_usd
    assert (found.points_applied, found.points_earned) == (100, 5)


def test_times_keep_the_precision_that_was_written(orders: Orders) -> None:
    found = orders.order("ORD-20261104-0183")

    assert found is not None
    package = found.packages[1]
    assert package.arrived is not None
    assert package.arrived.precision is Precision.DAY
    assert package.delivered is not None
    assert package.delivered.precision is Precision.MINUTE
    assert package.delivered.earliest_at.isoformat() == "2026-11-18T06:30:00+00:00"


@pytest.mark.parametrize(
    "number", ["ord-20261104-0183", "ORD–20261104–0183", " ORD-2026 1104-0183"]
)
def test_ids_are_compared_without_case_blanks_and_kinds_of_dashes(
    orders: Orders, number: str
) -> None:
    found = orders.order(number)

    assert found is not None
    assert found.order_number == "ORD-20261104-0183"


def test_an_id_may_have_any_printable_characters(orders: Orders) -> None:
    found = orders.order("GRÖSSE/7#Ü")

    assert found is not None
    assert found.member.member_id == "M2"
    assert not found.has_guarantee


@pytest.mark.parametrize(
    "number", ["ORD-1", "..", ".", "", "x" * 81, "../members/M2", "a\nb"]
)
def test_an_order_that_is_not_there_is_none(orders: Orders, number: str) -> None:
    assert orders.order(number) is None


def test_a_member_is_found_by_id_and_none_where_there_is_none(orders: Orders) -> None:
    found = orders.member("m104233")

    assert found is not None
    assert found.addresses == ("lena@mail.example", "lena@work.example")
    assert found.locale == "de"
    assert orders.member("M9") is None


def test_all_members_with_an_address_are_found_in_any_case(orders: Orders) -> None:
    found = orders.members_at("Lena@WORK.example")

    assert [member.member_id for member in found] == ["M104233", "M2"]
    assert orders.members_at("nobody@mail.example") == ()


def test_a_members_orders_come_newest_first(orders: Orders) -> None:
    numbers = orders.orders_of("m104233")

    assert numbers == ("ORD-20261105-0001", "ORD-20261104-0183")
    assert orders.orders_of("M9") == ()
