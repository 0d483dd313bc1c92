"""The read API: who may call, what it answers, and what it never says."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.desk.visitors import Visitor, a_visitor, signed_in
from tests.flow.test_decide import FIRST, SECOND, an_order_of, complete, late
from tests.office import Office, an_office
from worker import decide
from worker.desk.api import create_api
from worker.domain.claim import ClaimState
from worker.domain.staff import StaffRole

SECRETIVE = "My neighbour Olga heard the parcel fall."
HEADER = "Authorization"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    orders = (an_order_of(FIRST), an_order_of(SECOND))
    with an_office(tmp_path / "office", *orders) as office:
        office.deliver(late())
        yield office


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office with two claims, the second an hour later; nothing happens there."""
    orders = (an_order_of(FIRST), an_order_of(SECOND))
    with an_office(tmp_path_factory.mktemp("office"), *orders) as office:
        office.deliver(late())
        office.clock.at += timedelta(hours=1)
        office.deliver(complete(subject=f"M104233+{SECOND}+Claim"))
        yield office


@contextmanager
def a_program(office: Office) -> Iterator[Visitor]:
    """A program with a token."""
    tokens = office.parts.desk.tokens
    secret = tokens.add(f"program {len(tokens.listed()) + 1}", by="adm")
    with a_visitor(office) as visitor:
        visitor.client.headers[HEADER] = f"Bearer {secret}"
        yield visitor


def asked(office: Office, path: str) -> dict[str, Any]:
    with a_program(office) as program:
        answer = program.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def api_of(visitor: Visitor) -> FastAPI:
    (mount,) = [
        route
        for route in visitor.client.app.routes  # type: ignore[attr-defined]
        if getattr(route, "path", "") == "/api/v1"
    ]
    api: FastAPI = mount.app
    return api


def test_a_claim_says_where_it_stands_and_why(office: Office) -> None:
    found = asked(office, "/claims/1")

    assert found["ref"] == "CLM-000001"
    assert found["order_number"] == FIRST
    assert found["state"] == "ineligible_proposed"
    assert [one["kind"] for one in found["documents"]] == ["D1", "D2", "D3", "D4"]
    failed = [
        one["clause"]
        for one in found["assessment"]["findings"]
        if one["verdict"] == "fail"
    ]
    assert failed == ["C11"]
    assert [one["event"] for one in found["events"]] == ["claim.opened", "check.failed"]
    assert found["events"][1]["clauses"] == ["C11"]
    assert found["received_at"] == "2026-11-19T14:30:01Z"
    assert found["deadlines"]["sla"] == "running"


def test_money_is_a_string_with_two_decimals(office: Office) -> None:
    with office.store.transaction() as work:
        work.set_decided(1, Decimal("70.5"))

    found = asked(office, "/claims/1")

    assert found["amounts"]["decided_usd"] == "70.50"
    assert all(
        len(line["amount_usd"].partition(".")[2]) == 2
        for line in found["assessment"]["lines"]
    )


def test_nothing_of_a_mails_text_or_a_persons_reason_is_said(office: Office) -> None:
    office.deliver(complete(subject=f"M104233+{SECOND}+Claim", text=SECRETIVE))
    claim = office.store.claims.get(1)
    assert claim is not None
    decide.overrule(office.parts, claim, by="kim", reason="Olga told us on the phone")
    office.run()

    with a_program(office) as program:
        said = "".join(
            program.get(f"/api/v1/{path}").text
            for path in ("claims", "claims/1", "claims/2", "mails/1", "mails/2")
        )

    assert "CLM-000002" in said
    assert "ineligible.overruled" in said
    assert "Olga" not in said
    assert "@mail.example" not in said.replace("<one@mail.example>", "")


def test_claims_come_a_page_at_a_time_by_number(still: Office) -> None:
    with a_program(still) as program:
        first = program.get("/api/v1/claims?limit=1").json()
        second = program.get(
            f"/api/v1/claims?limit=1&after={first['next_after']}"
        ).json()

    assert [one["id"] for one in first["claims"]] == [1]
    assert [one["id"] for one in second["claims"]] == [2]
    assert second["next_after"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=ineligible_proposed", [1]),
        ("state=awaiting_documents&state=ineligible_proposed", [1, 2]),
        ("state=withdrawn", []),
        ("open=true", [1, 2]),
        ("open=false", []),
        ("member=m104233", [1, 2]),
        ("member=M999999", []),
        (f"order= {SECOND.lower()}", [2]),
        ("updated_since=2026-11-18T19:12:00Z", [1, 2]),
        ("updated_since=2026-11-18T20:12:00%2B01:00", [1, 2]),
        ("updated_since=2026-11-18T19:12:01Z", [2]),
        ("updated_since=0001-01-01T00:00:00%2B14:00", [1, 2]),
        ("updated_since=9999-12-31T23:59:59-14:00", []),
        ("open=true&after=1", [2]),
    ],
)
def test_each_filter_narrows_the_list(
    still: Office, query: str, found: list[int]
) -> None:
    claims = asked(still, f"/claims?{query}")["claims"]

    assert [one["id"] for one in claims] == found


def test_a_closed_claim_is_found_by_its_state(office: Office) -> None:
    decide.reject(office.parts, office.claim, clauses=("C11",), by="jane")

    (found,) = asked(office, "/claims?open=false&state=completed_rejected")["claims"]

    assert found["state"] == ClaimState.COMPLETED_REJECTED


def test_what_became_of_a_mail_is_found_by_number_and_by_message_id(
    still: Office,
) -> None:
    with a_program(still) as program:
        by_number = program.get("/api/v1/mails/1").json()
        named = {"message_id": by_number["message_id"]}
        by_name = program.get("/api/v1/mails", params=named).json()

    assert by_number["fate"] == "claim"
    assert by_number["claim_id"] == 1
    assert [one["id"] for one in by_name["mails"]] == [2, 1]
    assert by_name["mails"][1] == by_number


def test_queues_count_what_stands(office: Office) -> None:
    office.deliver(complete(subject=f"M104233+{SECOND}+Claim"), run=False)

    counts = {one["queue"]: one for one in asked(office, "/queues")["queues"]}

    assert counts["read"]["ready"] == 1
    assert counts["understand"]["waiting"] == 1
    assert counts["understand"]["oldest_at"] == "2026-11-18T19:12:00Z"
    assert counts["send"] == {
        "queue": "send",
        "waiting": 0,
        "ready": 0,
        "delayed": 0,
        "running": 0,
        "dead": 0,
        "oldest_at": None,
    }


# -- who may call ------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [None, "Bearer wrong", "Bearer", "Basic bWVpOm1laQ==", "Bearer \xe9\xff", "x"],
)
@pytest.mark.parametrize("path", ["/claims", "/openapi.json"])
def test_without_a_token_nothing_is_said(
    still: Office, sent: str | None, path: str
) -> None:
    with a_visitor(still) as visitor:
        headers = {} if sent is None else {HEADER: sent.encode("latin-1")}
        answer = visitor.get(f"/api/v1{path}", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"] == "not_signed_in"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_revoked_token_opens_nothing_at_once(office: Office) -> None:
    with a_program(office) as program:
        before = program.get("/api/v1/queues").status_code
        token = office.parts.desk.tokens.named("program 1")
        assert token is not None
        office.parts.desk.tokens.revoke(token.token_id)
        after = program.get("/api/v1/queues").status_code

    assert (before, after) == (200, 401)


def test_who_is_signed_in_may_read_too(office: Office) -> None:
    with signed_in(office, StaffRole.VIEWER) as visitor:
        assert visitor.get("/api/v1/claims/1").status_code == 200
        described = visitor.get("/api/v1/openapi.json").json()

    assert set(described["paths"]) == {
        "/claims",
        "/claims/{claim_id}",
        "/mails",
        "/mails/{mail_id}",
        "/queues",
    }


def test_a_first_password_has_to_be_changed_before_reading(office: Office) -> None:
    with signed_in(office) as visitor:
        people = office.parts.desk.people
        person = people.named("mei")
        assert person is not None
        people._change(person.person_id, must_change_password=True)  # noqa: SLF001
        answer = visitor.get("/api/v1/claims")

    assert answer.status_code == 403
    assert answer.json()["error"] == "not_allowed"


def test_nothing_can_be_changed(still: Office) -> None:
    with a_program(still) as program:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = program.client.request(method, "/api/v1/claims/1")
            assert answer.status_code == 405
            assert answer.json()["error"] == "only_get"


def test_too_many_requests_have_to_wait_and_others_need_not(office: Office) -> None:
    other = office.parts.desk.tokens.add("other", by="adm")

    with a_program(office) as program:
        api_of(program).state.allowance.per_minute = 2
        answers = [program.get("/api/v1/queues") for _ in range(3)]
        header = {HEADER: f"Bearer {other}"}
        of_other = program.client.get("/api/v1/queues", headers=header)

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 61
    assert answers[2].json()["error"] == "too_many_requests"
    assert of_other.status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/claims/99", 404, "not_found"),
        ("/mails/99", 404, "not_found"),
        ("/nothing", 404, "not_found"),
        ("/claims/one", 422, "wrong_parameter"),
        (f"/claims/{2**63}", 422, "wrong_parameter"),
        ("/claims?limit=0", 422, "wrong_parameter"),
        ("/claims?limit=201", 422, "wrong_parameter"),
        ("/claims?state=lost", 422, "wrong_parameter"),
        ("/claims?member=%00", 422, "wrong_parameter"),
        ("/claims?statee=withdrawn", 422, "wrong_parameter"),
        ("/claims?updated_since=2026-11-18", 422, "wrong_parameter"),
        ("/claims?updated_since=2026-11-18T19:12:00", 422, "wrong_parameter"),
        ("/mails", 422, "wrong_parameter"),
        ("/mails?message_id=%00", 422, "wrong_parameter"),
    ],
)
def test_what_is_wrong_is_said_in_json(
    still: Office, path: str, status: int, error: str
) -> None:
    with a_program(still) as program:
        answer = program.get(f"/api/v1{path}")

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "detail"}
    assert answer.json()["error"] == error
    assert answer.json()["detail"]


def test_every_error_is_described(still: Office) -> None:
    described = create_api(still.parts).openapi()

    for path, methods in described["paths"].items():
        assert set(methods) == {"get"}
        answers = set(methods["get"]["responses"])
        assert {"200", "401", "403", "422", "429"} <= answers
        assert ("404" in answers) == ("{" in path)
        assert methods["get"]["security"] == [{"HTTPBearer": []}]


# -- tokens ------------------------------------------------------------------------


def test_an_admin_makes_a_token_sees_it_once_and_revokes_it(office: Office) -> None:
    with signed_in(office, StaffRole.ADMIN) as admin:
        admin.get("/people/tokens")
        made = admin.post("/people/tokens", name=" warehouse ")
        secret = made.text.partition('class="secret">')[2].partition("<")[0]
        later = admin.get("/people/tokens")
        revoked = admin.post("/people/tokens/1/revoke")

    assert secret.startswith("claims_")
    assert secret not in later.text
    assert "warehouse" in later.text
    assert revoked.status_code == 303
    assert office.parts.desk.tokens.find(secret) is None
    logged = [
        (one.by, one.action, one.target)
        for one in office.parts.desk.actions.newest(limit=5)
    ]
    assert logged == [
        ("mei", "token revoked", "token:warehouse"),
        ("mei", "token made", "token:warehouse"),
    ]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "taken"])
def test_a_token_needs_a_name_of_its_own(office: Office, name: str) -> None:
    office.parts.desk.tokens.add("taken", by="adm")

    with signed_in(office, StaffRole.ADMIN) as admin:
        admin.get("/people/tokens")
        refused = admin.post("/people/tokens", name=name)

    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert len(office.parts.desk.tokens.listed()) == 1


@pytest.mark.parametrize("role", [StaffRole.LEAD, StaffRole.OPERATOR])
def test_tokens_are_for_admins(office: Office, role: StaffRole) -> None:
    office.parts.desk.tokens.add("warehouse", by="adm")

    with signed_in(office, role) as visitor:
        answers = [
            visitor.get("/people/tokens"),
            visitor.post("/people/tokens", name="mine"),
            visitor.post("/people/tokens/1/revoke"),
        ]

    assert [one.status_code for one in answers] == [403, 403, 403]
    (token,) = office.parts.desk.tokens.listed()
    assert token.revoked_at is None


def test_the_secret_is_kept_nowhere_and_its_use_to_the_minute(office: Office) -> None:
    tokens = office.parts.desk.tokens
    secret = tokens.add("warehouse", by="adm")

    first = tokens.find(secret)
    office.clock.at += timedelta(seconds=59)
    tokens.find(secret)
    (listed,) = tokens.listed()

    assert first is not None
    assert listed.used_at == office.clock.at - timedelta(seconds=59)
    database = office.parts.settings.data_dir / "claims.db"
    every = b"".join(path.read_bytes() for path in database.parent.glob("claims.db*"))
    assert b"warehouse" in every
    assert secret.encode() not in every
