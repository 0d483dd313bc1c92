"""schemathesis against the read API: it keeps to its description, and never breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.schemas import APIOperation

from tests.flow.test_decide import FIRST, SECOND, an_order_of, complete, late
from tests.office import Office, an_office
from worker import decide
from worker.desk.api import PATH
from worker.desk.app import create_app

TRIES = settings(
    max_examples=15,
    database=None,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = ["claims", "claim", "mails", "mail", "queues"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, str]]:
    """A desk with two claims, one of them decided, and a token."""
    home = tmp_path_factory.mktemp("office")
    with an_office(home, an_order_of(FIRST), an_order_of(SECOND)) as office:
        fill(office)
        secret = office.parts.desk.tokens.add("schemathesis", by="adm")
        yield unhurried_desk(office, PATH), secret


def unhurried_desk(office: Office, path: str) -> FastAPI:
    """A desk whose API at a path takes any number of requests a minute."""
    made = create_app(office.parts)
    for route in made.routes:
        if getattr(route, "path", "") == path:
            route.app.state.allowance.per_minute = 1_000_000  # type: ignore[attr-defined]
    return made


def fill(office: Office) -> None:
    office.deliver(late())
    decide.reject(office.parts, office.claim, clauses=("C11",), by="jane")
    office.deliver(complete(subject=f"M104233+{SECOND}+Claim"))


def operation_of(
    app: FastAPI, secret: str, name: str, path: str = PATH
) -> APIOperation[Any, Any, Any, Any]:
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_asgi(
        f"{path}/openapi.json", app, headers=headers
    )
    found = [
        one.ok()
        for one in schema.get_all_operations()
        if isinstance(one, Ok) and one.ok().definition.raw["operationId"] == name
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        (name, mode)
        for name in OPERATIONS
        for mode in GenerationMode
        if (name, mode) != ("queues", GenerationMode.NEGATIVE)  # takes no parameter
    ],
)
def test_every_answer_is_as_described(
    app: tuple[FastAPI, str], name: str, mode: GenerationMode
) -> None:
    desk, secret = app
    operation = operation_of(desk, secret, name)
    seen: list[int] = []

    @TRIES
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        headers = {"Authorization": f"Bearer {secret}"}
        seen.append(case.call_and_validate(headers=headers).status_code)

    ask()
    assert seen
    assert not [status for status in seen if status >= 500]


@pytest.mark.parametrize("name", OPERATIONS)
def test_without_a_token_every_answer_is_401(
    app: tuple[FastAPI, str], name: str
) -> None:
    desk, secret = app
    operation = operation_of(desk, secret, name)
    seen: set[int] = set()

    @TRIES
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        seen.add(case.call().status_code)

    ask()
    assert seen == {401}
