"""schemathesis against the points API: it keeps to its description and never breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.desk.test_api_points import MEI, REDEEM, give
from tests.desk.test_api_schema import TRIES, operation_of, unhurried_desk
from tests.office import an_office
from worker.desk.api_points import PATH

OPERATIONS = ["quote", "redeem", "events"]
SAID_IN_WORDS = (
    "printable characters",
    "at least 1 character",
    "decimal places",
    "digits in total",
)
"""What the descriptions say of ids and amounts, and JSON Schema cannot."""
WHOLE = {
    "id": "1",
    "order_number": "O-9",
    "product_usd": "9.99",
    "returned_usd": "0.01",
    "line": "1",
    "points": 5,
}
"""What some event needs."""
EVENTS = [
    MEI | {"event": "order_placed", "order_number": "O-1", "product_usd": "9.99"},
    MEI | {"event": "order_confirmed", "order_number": "O-2"},
    MEI | {"event": "granted", "id": "g-1", "points": 5, "valid_days": 7},
    MEI | {"event": "email_verified", "at": "2999-01-01T00:00:00Z"},
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, str]]:
    """A desk where one member has points, and a token for them."""
    with an_office(tmp_path_factory.mktemp("office")) as office:
        give(office, 10_000)
        secret = office.parts.desk.tokens.add("shop", by="adm", scope="points")
        yield unhurried_desk(office, PATH), secret


def whole(event: dict[str, Any]) -> dict[str, Any]:
    """An event with all that its kind may need, which chance seldom gives."""
    given = {name: value for name, value in event.items() if value is not None}
    return WHOLE | {name: value for name, value in given.items() if name != "at"}


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_described(
    shop: tuple[FastAPI, str], name: str, mode: GenerationMode
) -> None:
    desk, secret = shop
    operation = operation_of(desk, secret, name, PATH)
    seen: set[int] = set()

    @TRIES
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        if name == "events" and mode is GenerationMode.POSITIVE:
            assert isinstance(case.body, dict)
            body: dict[str, Any] = case.body
            body["events"] = [whole(one) for one in body["events"]]
        answer = case.call_and_validate(
            headers={"Authorization": f"Bearer {secret}"},
            excluded_checks=[positive_data_acceptance],
        )
        seen.add(answer.status_code)
        if mode is GenerationMode.POSITIVE and answer.status_code not in {200, 409}:
            faults = answer.json()["detail"].split("; ")
            assert all(any(one in fault for one in SAID_IN_WORDS) for fault in faults)

    ask()
    assert seen & ({200, 409} if mode is GenerationMode.POSITIVE else {400, 422})
    assert not [status for status in seen if status >= 500]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("quote", MEI | {"product_usd": "80.00"}, 200),
        ("redeem", REDEEM, 200),
        ("redeem", REDEEM | {"points": 1}, 409),
        ("redeem", REDEEM | {"points": 0}, 422),
        ("events", {"events": EVENTS}, 200),
    ],
)
def test_what_is_done_and_what_is_refused_are_as_described(
    shop: tuple[FastAPI, str], name: str, body: dict[str, Any], status: int
) -> None:
    """What chance does not find: a member with points, an id that is known."""
    desk, secret = shop
    operation = operation_of(desk, secret, name, PATH)
    headers = {"Authorization": f"Bearer {secret}"}
    case = operation.Case(body=body, media_type="application/json")

    assert case.call_and_validate(headers=headers).status_code == status


@pytest.mark.parametrize("name", OPERATIONS)
def test_without_a_token_every_answer_is_401(
    shop: tuple[FastAPI, str], name: str
) -> None:
    desk, secret = shop
    operation = operation_of(desk, secret, name, PATH)
    seen: set[int] = set()

    @TRIES
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        seen.add(case.call().status_code)

    ask()
    assert seen == {401}
