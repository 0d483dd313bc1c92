"""The shop's directory: what is no clean answer never means "no such order"."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from tests.commands import claims, one_line, write_orders
from tests.services.orders_api import TOKEN, Fault, OrdersApi, load_script, raw
from tests.services.ports import free_port
from worker.adapters import orders_http
from worker.adapters.orders_http import LOST, PROBE, UNCLEAR, HttpOrders
from worker.domain.errors import RetryLater, SettingsInvalid
from worker.settings import Settings

ORDER = "ORD-20261104-0183"
NAMES = ("Hoffmann", "lena", "M104233", ORDER, "0183")
JSON = ("Content-Type", "application/json")


def subclasses(kind: type[Exception]) -> list[type[Exception]]:
    found = []
    for one in kind.__subclasses__():
        found += [one, *subclasses(one)]
    return found


WORDLESS = {
    httpx.StreamConsumed,
    httpx.StreamClosed,
    httpx.ResponseNotRead,
    httpx.RequestNotRead,
}
"""Errors of the library that are made without a text."""
ERRORS = {
    *subclasses(httpx.HTTPError),
    *subclasses(httpx.StreamError),
    httpx.InvalidURL,
} - {httpx.HTTPStatusError}
"""All that it raises for a request; a status is raised on demand only."""


class Time:
    """Seconds that pass only where somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[OrdersApi]:
    with OrdersApi(write_orders(tmp_path)) as api:
        yield api


@pytest.fixture
def orders(api: OrdersApi, time: Time) -> Iterator[HttpOrders]:
    yield from opened(api.url, time)


def opened(url: str, time: Time, token: str = TOKEN) -> Iterator[HttpOrders]:
    orders = HttpOrders(url, token=token, pause=time.pause, monotonic=lambda: time.now)
    yield orders
    orders.close()


def refusal(orders: HttpOrders, number: str = ORDER) -> RetryLater:
    with pytest.raises(RetryLater) as caught:
        orders.order(number)
    return caught.value


def the_answer(api: OrdersApi, **changes: object) -> bytes:
    """What the directory says about the order, with changes; ... takes a field away."""
    directory = load_script()["Directory"](api.file)
    _, order = directory.get(f"/orders/{ORDER}")
    changed = {k: v for k, v in {**order, **changes}.items() if v is not ...}
    return json.dumps(changed).encode()


def a_package(api: OrdersApi, **changes: object) -> dict[str, Any]:
    (package,) = json.loads(the_answer(api))["packages"]
    changed = {**package, **changes}
    return {k: v for k, v in changed.items() if v is not ...}


def slowly(handler: BaseHTTPRequestHandler) -> None:
    """Send nothing until the other side has gone."""
    handler.connection.settimeout(5)
    handler.connection.recv(1)


# -- the directory is down ------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (raw(500), "orders_http_500"),
        (raw(502, b"<html>Bad gateway</html>"), "orders_http_502"),
        (raw(503), "orders_busy"),
        (raw(429), "orders_busy"),
        (raw(401), "orders_login_refused"),
        (raw(403), "orders_login_refused"),
        (raw(302, b"", ("Location", "https://elsewhere.example/")), "orders_http_302"),
        (raw(204), "orders_http_204"),
        (raw(404, b"<html>Not found</html>"), "orders_unclear_404"),
        (raw(404), "orders_unclear_404"),
        (raw(404, b'{"error": "no_such_path"}', JSON), "orders_unclear_404"),
        (raw(200, b'{"order_number": "ORD', JSON), "orders_no_json"),
        (raw(200, b"<html>Please log in</html>"), "orders_no_json"),
        (raw(200, b"[" * 100_000), "orders_no_json"),
        (raw(200, b"\xff\xfe{}"), "orders_no_json"),
        (raw(200, b"null"), "orders_wrong_shape"),
        (raw(200, b"[]"), "orders_wrong_shape"),
        (raw(200, b"x" * 2_000_000), "orders_too_big"),
        (
            raw(200, gzip.compress(b"{}"), ("Content-Encoding", "gzip")),
            "orders_compressed",
        ),
        (lambda handler: handler.wfile.write(b"SSH-2.0\r\n\r\n"), "orders_protocol"),
        (lambda handler: handler.connection.close(), "orders_protocol"),
    ],
)
def test_what_is_no_clean_answer_means_that_the_claim_waits(
    api: OrdersApi, orders: HttpOrders, fault: Fault, reason: str
) -> None:
    api.fault = fault

    error = refusal(orders)

    assert error.reason == reason
    assert error.alert == LOST
    assert not error.is_own
    assert error.retry_after is not None


def test_a_directory_that_does_not_listen_is_asked_three_times_with_pauses(
    time: Time,
) -> None:
    for orders in opened(f"http://127.0.0.1:{free_port()}", time):
        assert refusal(orders).reason == "orders_unreachable"

    first, second = time.pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_a_directory_that_is_slow_is_given_up(
    api: OrdersApi, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_http, "TIMEOUT", httpx.Timeout(0.2))
    api.fault = slowly

    for orders in opened(api.url, time):
        assert refusal(orders).reason == "orders_timeout"


def test_an_answer_that_never_ends_is_given_up(
    api: OrdersApi, orders: HttpOrders, time: Time
) -> None:
    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.now += 1.0
            threading.Event().wait(0.02)

    api.fault = drips

    assert refusal(orders).reason in {"orders_timeout", "orders_protocol"}


def test_a_passing_fault_is_got_over_by_another_try(
    api: OrdersApi, orders: HttpOrders
) -> None:
    faults = iter([raw(500), raw(502)])

    def sometimes(handler: BaseHTTPRequestHandler) -> None:
        fault = next(faults)
        fault(handler)
        if len(api.asked) == 2:
            api.fault = None

    api.fault = sometimes

    assert orders.order(ORDER) is not None
    assert len(api.asked) == 3


def test_a_wrong_token_is_not_tried_again_and_not_told(
    api: OrdersApi, time: Time
) -> None:
    for orders in opened(api.url, time, token="another"):
        assert str(refusal(orders)) == "orders_login_refused"
    assert time.pauses == []


def test_a_busy_directory_says_when_to_come_back(
    api: OrdersApi, orders: HttpOrders
) -> None:
    api.fault = raw(503, b"", ("Retry-After", "600"))

    assert refusal(orders).retry_after == timedelta(minutes=10)


def test_while_it_is_down_others_do_not_ask_for_some_seconds(
    api: OrdersApi, orders: HttpOrders, time: Time
) -> None:
    api.fault = raw(401)
    refusal(orders)
    asked = len(api.asked)

    assert refusal(orders, "ORD-2").reason == "orders_login_refused"
    assert len(api.asked) == asked

    api.fault = None
    time.now += orders_http.DOWN_FOR_S + 1
    assert orders.order("ORD-2") is None


def test_a_token_is_not_carried_to_where_a_redirect_leads(
    api: OrdersApi, orders: HttpOrders
) -> None:
    api.fault = raw(307, b"", ("Location", f"{api.url}/elsewhere"))

    refusal(orders)

    assert "/elsewhere" not in api.asked


@pytest.mark.parametrize("kind", sorted(ERRORS, key=str))
def test_every_error_of_the_library_is_one_of_ours(
    orders: HttpOrders, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def fails(*_: object, **_more: object) -> None:
        raise kind() if kind in WORDLESS else kind("with a secret")

    monkeypatch.setattr(httpx.Client, "stream", fails)

    error = refusal(orders)

    assert error.reason.startswith("orders_")
    assert "secret" not in str(error)


# -- one answer is odd ---------------------------------------------------------------


SHAPES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"member_id": ...}, {}, "the answer: member_id is missing"),
    ({"member_id": ""}, {}, "packages[0]: member_id: is empty"),
    ({"order_number": "ORD-9"}, {}, "order_number: another than was asked for"),
    ({"placed_at": "04.11.2026"}, {}, "packages[0]: placed_at: expected a time"),
    ({"guarantee_fee_usd": 45.5e10}, {}, "packages[0]: guarantee_fee_usd: expected"),
    ({"guarantee_fee_usd": True}, {}, "guarantee_fee_usd: expected text, a number"),
    ({"member_email": "lena"}, {}, "packages[0]: member_email: address 1 is none"),
    ({"packages": []}, {}, "packages: expected a list that is not empty"),
    ({"packages": {}}, {}, "packages: expected a list that is not empty"),
    ({"packages": [7]}, {}, "packages[0]: expected an object"),
    ({"surprise": "Hoffmann"}, {}, "the answer: 1 fields that are not known"),
    ({}, {"delivered_at": ...}, "packages[0]: delivered_at is missing"),
    ({}, {"sales_price_usd": "-1"}, "packages[0]: sales_price_usd: expected"),
    ({}, {"currency": "HKD"}, "packages[0]: fx_rate: needed for a value in HKD"),
    ({}, {"lines_json": [{"name": 1}]}, "packages[0]: lines_json: expected"),
    ({}, {"tracking_number": {}}, "packages[0].tracking_number: expected text"),
]


@pytest.mark.parametrize(("changes", "of_package", "said"), SHAPES, ids=str)
def test_an_odd_answer_is_named_by_its_fields_and_holds_up_nothing_else(
    api: OrdersApi,
    orders: HttpOrders,
    changes: dict[str, Any],
    of_package: dict[str, Any],
    said: str,
) -> None:
    if of_package:
        changes = {"packages": [a_package(api, **of_package)]}
    api.fault = raw(200, the_answer(api, **changes), JSON)
    api.is_faulty = lambda path: path != PROBE

    with structlog.testing.capture_logs() as logged:
        error = refusal(orders)

    assert error.reason == "orders_wrong_shape"
    assert error.is_own
    assert error.alert == UNCLEAR
    (line,) = logged
    assert any(reason.startswith(said) for reason in line["reasons"]), line
    assert not any(name in str(line) for name in NAMES)

    api.fault = None
    assert orders.order("ORD-2") is None


def test_two_packages_with_one_id_are_a_wrong_shape(
    api: OrdersApi, orders: HttpOrders
) -> None:
    twice = [a_package(api), a_package(api)]
    api.fault = raw(200, the_answer(api, packages=twice), JSON)

    assert refusal(orders).reason == "orders_wrong_shape"


def test_numbers_lists_and_own_fields_are_read_as_they_are_written(
    api: OrdersApi, orders: HttpOrders
) -> None:
    line = {"name": "Cup", "sales_price_usd": 0.10, "value_usd": 480}
    package = a_package(
        api, package_id=7, package_value_usd=480.10, lines_json=[line], x_shelf=[1]
    )
    emails = ["Lena@mail.example", "lena@work.example"]
    answer = the_answer(api, packages=[package], member_email=emails, x_note="own")
    api.fault = raw(200, answer, JSON)

    order = orders.order(ORDER)

    assert order is not None
    assert order.member.addresses == ("lena@mail.example", "lena@work.example")
    assert order.packages[0].package_id == "7"
    assert str(order.packages[0].value_usd) == "480.1"


@pytest.mark.parametrize(
    ("ask", "content"),
    [
        (lambda orders: orders.member("M1"), {"member_id": "M2"}),
        (lambda orders: orders.members_at("a@b.example"), {"members": [{}]}),
        (lambda orders: orders.members_at("a@b.example"), {"members": None}),
        (lambda orders: orders.orders_of("M1"), {"order_numbers": [1.5, None]}),
        (lambda orders: orders.orders_of("M1"), {"order_numbers": "ORD-1"}),
        (lambda orders: orders.orders_of("M1"), []),
    ],
)
def test_odd_answers_about_members_are_refused_too(
    api: OrdersApi,
    orders: HttpOrders,
    ask: Callable[[HttpOrders], object],
    content: object,
) -> None:
    api.fault = raw(200, json.dumps(content).encode(), JSON)

    with pytest.raises(RetryLater, match="orders_wrong_shape"):
        ask(orders)


def test_members_with_another_address_are_refused(
    api: OrdersApi, orders: HttpOrders
) -> None:
    member = {"member_id": "M1", "member_name": "", "locale": "en"}
    answer = {"members": [member | {"member_email": "eve@mail.example"}]}
    api.fault = raw(200, json.dumps(answer).encode(), JSON)

    with pytest.raises(RetryLater, match="orders_wrong_shape"):
        orders.members_at("lena@mail.example")


def test_a_search_that_is_not_found_is_no_empty_answer(
    api: OrdersApi, orders: HttpOrders
) -> None:
    api.fault = raw(404, b'{"error": "no_such_member"}', JSON)

    with pytest.raises(RetryLater, match="orders_unclear_404"):
        orders.members_at("lena@mail.example")


# -- what is kept, and what is asked --------------------------------------------------


def test_an_answer_is_kept_for_half_a_minute(
    api: OrdersApi, orders: HttpOrders, time: Time
) -> None:
    assert orders.order(ORDER) == orders.order(ORDER.lower())
    assert orders.order("ORD-2") is orders.order("ORD-2") is None
    assert len(api.asked) == 2

    time.now += orders_http.KEPT_FOR_S + 1
    orders.order(ORDER)
    assert len(api.asked) == 3


def test_only_so_many_answers_are_kept(
    api: OrdersApi, orders: HttpOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_http, "MOST_KEPT", 2)
    for number in ("ORD-1", "ORD-2", "ORD-3", "ORD-1"):
        orders.order(number)

    assert len(api.asked) == 4


def test_addresses_are_in_no_path(api: OrdersApi, orders: HttpOrders) -> None:
    orders.members_at("lena.hoffmann@mail.example")

    assert api.asked == ["/members/search"]


def test_an_untrusted_certificate_is_refused(tmp_path: Path, time: Time) -> None:
    with OrdersApi(write_orders(tmp_path), tls=tmp_path) as api:
        for orders in opened(api.url, time):
            assert refusal(orders).reason == "orders_tls"
    assert api.asked == []


# -- settings and doctor ---------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/api",
        "ftp://shop.example",
        "https://",
        "https://user:word@shop.example",
        "https://shop.example/?token=x",
    ],
)
def test_the_url_must_be_https_and_hold_no_secret(url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAIMS_ORDERS_URL", url)
        with pytest.raises(SettingsInvalid, match="CLAIMS_ORDERS_URL"):
            Settings.from_env()


def test_a_token_that_could_add_a_header_is_refused_and_not_shown() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAIMS_ORDERS_TOKEN", "abc\r\nX-Evil: 1")
        with pytest.raises(SettingsInvalid, match="CLAIMS_ORDERS_TOKEN") as caught:
            Settings.from_env()
    assert "Evil" not in str(caught.value)


def test_a_quote_asks_the_directory_and_says_in_a_line_that_it_is_down(
    tmp_path: Path, api: OrdersApi
) -> None:
    words = ("quote", "--order", ORDER, "--type", "total_loss")
    claims(tmp_path, "migrate")
    where = {"CLAIMS_ORDERS_URL": api.url, "CLAIMS_ORDERS_TOKEN": TOKEN}

    done = claims(tmp_path, *words, **where)
    assert done.returncode == 0, done.stderr
    assert "512.50" in done.stdout

    api.fault = raw(401)
    done = claims(tmp_path, *words, **where)
    assert done.returncode == 1
    assert one_line(done).endswith("orders_login_refused; see `claims doctor`")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "the shop's own directory answers"),
        (raw(401), "CLAIMS_ORDERS_TOKEN is not accepted"),
        (raw(404), "the path of CLAIMS_ORDERS_URL leads elsewhere"),
        (raw(200, b"{}"), "something else than docs/orders-api.md says"),
    ],
)
def test_doctor_asks_the_directory(
    tmp_path: Path, api: OrdersApi, fault: Fault | None, said: str
) -> None:
    api.fault = fault

    done = claims(
        tmp_path, "doctor", CLAIMS_ORDERS_URL=api.url, CLAIMS_ORDERS_TOKEN=TOKEN
    )

    assert said in done.stdout
