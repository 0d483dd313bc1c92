"""The points API: what the shop asks and tells, and who may."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from tests.desk.visitors import Visitor, a_visitor, signed_in
from tests.office import Office, an_office
from worker.adapters.store.points_entries import Holder
from worker.desk.callers import Allowance

MEI = {"member_id": "M10023", "site": "eu"}
REDEEM = MEI | {
    "id": "r-1",
    "order_number": "ORD-1",
    "product_usd": "80.00",
    "points": 4000,
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        yield office


@contextmanager
def a_shop(office: Office, scope: str = "points") -> Iterator[Visitor]:
    secret = office.parts.desk.tokens.add(f"shop {scope}", by="adm", scope=scope)
    with a_visitor(office) as visitor:
        visitor.client.headers["Authorization"] = f"Bearer {secret}"
        yield visitor


@pytest.fixture
def shop(office: Office) -> Iterator[Visitor]:
    with a_shop(office) as visitor:
        yield visitor


def send(visitor: Visitor, path: str, body: object) -> Response:
    answer: Response = visitor.client.post(f"/api/points/v1{path}", json=body)
    return answer


def give(office: Office, points: int) -> None:
    office.parts.points.grant(Holder("M10023", "eu"), "g", points)


def test_EX_54_a_quote_is_half_of_the_products(office: Office, shop: Visitor) -> None:
    give(office, 10_000)

    answer = send(shop, "/quote", MEI | {"product_usd": "80.00"})

    assert answer.json() == {
        "balance": 10_000,
        "most_points": 4000,
        "worth_usd": "40.00",
    }


def test_a_redemption_may_be_repeated_and_happens_once(
    office: Office, shop: Visitor
) -> None:
    give(office, 10_000)

    first, again = (send(shop, "/redemptions", REDEEM) for _ in range(2))
    other = send(shop, "/redemptions", REDEEM | {"points": 1})

    assert first.json()["balance"] == again.json()["balance"] == 6000
    assert (first.json()["is_repeat"], again.json()["is_repeat"]) == (False, True)
    assert first.json()["entries"][0]["points"] == -4000
    assert (other.status_code, other.json()["error"]) == (409, "key_reused")


@pytest.mark.parametrize(
    ("points", "error"), [(4001, "over_half"), (4000, "not_enough_points")]
)
def test_what_the_terms_do_not_allow_is_a_conflict_with_a_code(
    office: Office, shop: Visitor, points: int, error: str
) -> None:
    give(office, 3999)

    answer = send(shop, "/redemptions", REDEEM | {"points": points})

    assert (answer.status_code, answer.json()["error"]) == (409, error)
    assert office.parts.points.balance(Holder("M10023", "eu")) == 3999


def test_events_are_taken_in_one_by_one(shop: Visitor) -> None:
    events = [
        MEI | {"event": "email_verified"},
        MEI | {"event": "order_confirmed", "order_number": "unknown"},
        MEI | {"event": "order_confirmed", "order_number": "O", "product_usd": 9.99},
    ]

    results: list[dict[str, Any]] = send(shop, "/events", {"events": events}).json()[
        "results"
    ]

    assert [one["error"] for one in results] == ["", "order_unknown", ""]
    assert results[2]["posted"]["balance"] == 109


def test_two_requests_at_once_spend_no_point_twice(
    office: Office, shop: Visitor
) -> None:
    give(office, 4000)
    answers: list[int] = []

    def pay(number: int) -> None:
        body = REDEEM | {"id": f"r-{number}", "order_number": f"ORD-{number}"}
        answers.append(send(shop, "/redemptions", body).status_code)

    paying = [threading.Thread(target=pay, args=(number,)) for number in range(4)]
    for one in paying:
        one.start()
    for one in paying:
        one.join()

    assert sorted(answers) == [200, 409, 409, 409]


@pytest.mark.parametrize(
    "body",
    [
        {},
        REDEEM | {"points": 0},
        REDEEM | {"points": 1.5},
        REDEEM | {"product_usd": "-1"},
        REDEEM | {"product_usd": "1e99"},
        REDEEM | {"member_id": "a\0b"},
        REDEEM | {"member_id": "x" * 81},
        REDEEM | {"site": "No Site"},
        REDEEM | {"more": 1},
    ],
)
def test_what_is_wrong_is_said_without_what_was_sent(
    shop: Visitor, body: dict[str, object]
) -> None:
    answer = send(shop, "/redemptions", body)

    assert (answer.status_code, answer.json()["error"]) == (422, "wrong_parameter")
    assert "M10023" not in answer.text


def test_a_body_that_cannot_be_read_is_said_to_be_so(shop: Visitor) -> None:
    json = {"Content-Type": "application/json"}
    large = json | {"Content-Length": "99000000"}

    garbled = shop.client.post("/api/points/v1/quote", content=b"\xff", headers=json)
    heavy = shop.client.post("/api/points/v1/quote", content=b"{}", headers=large)

    assert (garbled.status_code, garbled.json()["error"]) == (400, "unreadable")
    assert (heavy.status_code, heavy.json()["error"]) == (413, "too_large")


def test_only_a_token_for_points_opens_it_and_it_opens_nothing_else(
    office: Office, shop: Visitor
) -> None:
    with a_shop(office, "read") as reader:
        assert send(reader, "/quote", REDEEM).status_code == 401
        assert reader.get("/api/v1/claims").status_code == 200
    with signed_in(office) as person:
        assert send(person, "/quote", REDEEM).status_code == 401
    assert shop.get("/api/v1/claims").status_code == 401
    assert shop.get("/api/points/v1/openapi.json").status_code == 200


def test_a_caller_has_so_many_requests_a_minute(shop: Visitor) -> None:
    for route in shop.client.app.routes:  # type: ignore[attr-defined]
        if getattr(route, "path", "") == "/api/points/v1":
            route.app.state.allowance = Allowance(1)
    body = MEI | {"product_usd": "1.00"}

    first, second = send(shop, "/quote", body), send(shop, "/quote", body)

    assert (first.status_code, second.status_code) == (200, 429)
    assert int(second.headers["Retry-After"]) > 0
