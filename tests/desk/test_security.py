"""Every route of the desk: who may use it, from where, and what its answers carry.

The routes are found in the application, so a new one is covered by being there.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.desk.routes import UNGUARDED, Answer, Way, ask, ways
from tests.desk.visitors import PASSWORD, a_person, a_visitor, signed_in
from tests.office import Office, an_office
from worker import log
from worker.desk.app import create_app
from worker.desk.guard import own_path
from worker.desk.headers import CONTENT_POLICY, FOR_EVER, HEADERS, HSTS
from worker.domain.errors import RetryLater
from worker.domain.staff import RIGHTS, Right, StaffRole

PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /health",
    "GET /metrics",
    "GET /sign-in",
    "POST /sign-in",
    "GET /sign-in/oidc",
    "GET /sign-in/oidc/back",
}
"""All that anybody may ask for. A new line here is a decision."""
OWN_MATTERS = {
    "/claims/views",
    "/claims/views/{view_id}/delete",
    "/claims/{claim_id}/presence",
}
"""What everybody who reads claims keeps for themselves, or says of themselves."""
BY_TOKEN = "/api/"
"""Routes below are for programs, and answer 401 instead of leading to the sign-in."""
SAMPLES = ("1", "0", "x", "9" * 30, "..", "%2e%2e", "%00")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office with a person of each role; no test here changes what it holds."""
    with an_office(tmp_path_factory.mktemp("office")) as office:
        for role in StaffRole:
            a_person(office, role.value, role)
        yield office


@pytest.fixture(scope="module")
def app(office: Office) -> FastAPI:
    return create_app(office.parts)


@pytest.fixture(scope="module")
def sessions(office: Office) -> dict[StaffRole, str]:
    """The secret of a session of each role."""
    found = {}
    for role in StaffRole:
        person = office.parts.desk.people.named(role.value)
        assert person is not None
        found[role] = office.parts.desk.sessions.begin(person.person_id)
    return found


@pytest.fixture(scope="module")
def csrf(office: Office, sessions: dict[StaffRole, str]) -> dict[StaffRole, str]:
    """The token of the forms of each of them."""
    tokens = {}
    for role, secret in sessions.items():
        session = office.parts.desk.sessions.find(secret)
        assert session is not None
        tokens[role] = session.csrf
    return tokens


def guarded(app: FastAPI) -> list[Way]:
    return [way for way in ways(app) if way.right != UNGUARDED]


def with_cookie(secret: str, **more: str) -> dict[str, str]:
    names = {name.replace("_", "-"): value for name, value in more.items()}
    return {"cookie": f"claims={secret}", **names}


def may(role: StaffRole, right: Right | str | None) -> bool:
    return right is None or right in RIGHTS[role]


def changing(app: FastAPI) -> list[Way]:
    return [way for way in guarded(app) if way.method not in {"GET", "HEAD"}]


def a_role_for(way: Way) -> StaffRole:
    return next(role for role in StaffRole if may(role, way.right))


def assert_safe(answer: Answer) -> None:
    """Assert what every answer carries, whatever else it says."""
    headers = answer.headers
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert name in headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy.replace("unsafe-hashes", "")
    assert "frame-ancestors" in policy or "sandbox" in policy
    assert headers["Cache-Control"] in {"no-store", FOR_EVER, "no-cache"}


def test_only_a_short_list_is_open_to_anybody(app: FastAPI) -> None:
    unguarded = {
        str(way)
        for way in ways(app)
        if way.right == UNGUARDED and not way.path.startswith(BY_TOKEN)
    }

    assert unguarded <= PUBLIC
    assert len(guarded(app)) > 10


def test_nobody_comes_in_without_signing_in(app: FastAPI) -> None:
    for way in guarded(app):
        answer = ask(app, way.method, way.with_sample())
        if way.path.startswith(BY_TOKEN):
            assert answer.status == 401, way
        else:
            assert answer.status == 303, way
            assert answer.headers["location"].startswith("/sign-in"), way
        assert_safe(answer)


def test_programs_come_in_with_a_token_only(app: FastAPI) -> None:
    for way in ways(app):
        if way.path.startswith(BY_TOKEN) and way.right == UNGUARDED:
            for given in ({}, {"authorization": "Bearer guessed"}):
                answer = ask(app, way.method, way.with_sample(), given)
                assert answer.status == 401, way
                assert_safe(answer)


def test_a_cookie_that_is_no_session_is_nobody(app: FastAPI) -> None:
    for cookie in ("guessed", "", "1", "ä", "x" * 5000):
        for way in guarded(app):
            answer = ask(app, way.method, way.with_sample(), with_cookie(cookie))
            assert answer.status in {303, 401}, way


def test_each_role_is_refused_what_it_may_not(
    app: FastAPI, sessions: dict[StaffRole, str], csrf: dict[StaffRole, str]
) -> None:
    refused = 0
    for way in guarded(app):
        for role, secret in sessions.items():
            if may(role, way.right):
                continue
            token = with_cookie(secret, x_csrf_token=csrf[role])
            answer = ask(app, way.method, way.with_sample(), token)
            assert answer.status == 403, f"{way} as {role}"
            assert_safe(answer)
            refused += 1

    assert refused > 0


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="without a token"),
        pytest.param({"x-csrf-token": "guessed"}, id="with a wrong token"),
    ],
)
def test_a_form_without_our_token_changes_nothing(
    app: FastAPI, sessions: dict[StaffRole, str], headers: dict[str, str]
) -> None:
    for way in changing(app):
        given = with_cookie(sessions[a_role_for(way)]) | headers
        answer = ask(app, way.method, way.with_sample(), given)
        assert answer.status == 403, way
        answer = ask(app, way.method, way.with_sample(), given, b"csrf=guessed")
        assert answer.status == 403, way


def test_the_token_of_somebody_else_is_a_wrong_one(
    app: FastAPI, sessions: dict[StaffRole, str], csrf: dict[StaffRole, str]
) -> None:
    for way in changing(app):
        role = a_role_for(way)
        other = next(one for one in StaffRole if one is not role)
        given = with_cookie(sessions[role], x_csrf_token=csrf[other])
        assert ask(app, way.method, way.with_sample(), given).status == 403, way


@pytest.mark.parametrize(
    "came_from",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://desk.example.evil.example"},
        {"origin": "http://desk.example:8000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_changes_nothing_even_with_our_token(
    app: FastAPI,
    sessions: dict[StaffRole, str],
    csrf: dict[StaffRole, str],
    came_from: dict[str, str],
) -> None:
    for way in changing(app):
        role = a_role_for(way)
        given = with_cookie(sessions[role], x_csrf_token=csrf[role]) | came_from
        assert ask(app, way.method, way.with_sample(), given).status == 403, way


def test_a_form_of_our_own_pages_is_let_through(
    app: FastAPI, sessions: dict[StaffRole, str], csrf: dict[StaffRole, str]
) -> None:
    given = with_cookie(
        sessions[StaffRole.VIEWER],
        x_csrf_token=csrf[StaffRole.VIEWER],
        origin="http://desk.example",
        sec_fetch_site="same-origin",
    )

    assert ask(app, "POST", "/account/zone", given, b"zone=UTC").status == 303


def test_every_page_has_the_headers_and_none_fails(
    app: FastAPI, sessions: dict[StaffRole, str]
) -> None:
    admin = with_cookie(sessions[StaffRole.ADMIN])
    for way in ways(app):
        for sample in SAMPLES if "{" in way.path else ("",):
            answer = ask(app, "GET", way.with_sample(sample), admin)
            assert answer.status < 500 or way.path in {"/readyz", "/health"}, (
                way,
                sample,
            )
            assert_safe(answer)


def test_a_viewer_posts_nothing_about_a_claim_and_an_operator_neither(
    app: FastAPI, sessions: dict[StaffRole, str], csrf: dict[StaffRole, str]
) -> None:
    about_claims = [
        way
        for way in changing(app)
        if way.path.startswith(("/claims", "/triage")) and way.path not in OWN_MATTERS
    ]
    for way in about_claims:
        for role in (StaffRole.VIEWER, StaffRole.OPERATOR):
            given = with_cookie(sessions[role], x_csrf_token=csrf[role])
            answer = ask(app, way.method, way.with_sample(), given)
            assert answer.status == 403, f"{way} as {role}"


def test_errors_and_files_carry_the_headers_too(office: Office) -> None:
    with signed_in(office, name="viewer") as visitor:
        found = {
            404: visitor.get("/nothing"),
            405: visitor.client.delete("/account"),
            403: visitor.get("/people"),
            413: visitor.client.post("/sign-in", data={"name": "x" * 17_000_000}),
            400: visitor.get("/sign-in?back=%00"),
            422: visitor.client.post("/sign-in", data={"name": "x" * 101}),
        }
        files = visitor.get("/static/desk.css")
        gone = visitor.get("/static/none.css")
        outside = visitor.get("/static/%2e%2e/app.py")

    for status, answer in found.items():
        assert answer.status_code == status
        assert answer.headers["content-security-policy"] == CONTENT_POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
    assert files.headers["x-content-type-options"] == "nosniff"
    assert (gone.status_code, outside.status_code) == (404, 404)
    assert gone.headers["content-security-policy"] == CONTENT_POLICY


def test_a_file_is_kept_for_ever_at_the_address_that_names_its_content(
    office: Office,
) -> None:
    with a_visitor(office) as visitor:
        page = visitor.get("/sign-in").text
        at = page.index("/static/desk.css?v=")
        address = page[at : page.index('"', at)]
        ours = visitor.get(address).headers["cache-control"]
        older = visitor.get("/static/desk.css?v=0123456789").headers["cache-control"]

    assert ours == "public, max-age=31536000, immutable"
    assert older == "no-cache"


def test_a_page_that_fails_says_nothing_and_logs_no_more_than_the_place(
    office: Office,
) -> None:
    app = create_app(office.parts)
    said = io.StringIO()

    @app.get("/fails")
    def fails() -> None:
        raise ValueError("lena.hoffmann@mail.example")

    kept = structlog.get_config()
    structlog.configure(
        processors=[log.only_known_fields, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(said),
    )
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            answer = client.get("/fails")
    finally:
        structlog.configure(**kept)

    assert answer.status_code == 500
    assert "That is our mistake" in answer.text
    assert "ValueError" not in answer.text
    assert "lena" not in answer.text + said.getvalue()
    assert json.loads(said.getvalue())["exc_type"] == "ValueError"
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


def test_who_is_signed_in_goes_on_from_an_error_by_the_menu(office: Office) -> None:
    with signed_in(office, StaffRole.VIEWER) as visitor:
        gone = visitor.get("/claims/99")
        refused = visitor.get("/people")
    with a_visitor(office) as stranger:
        outside = stranger.get("/nowhere")

    assert [one.status_code for one in (gone, refused, outside)] == [404, 403, 404]
    for page in (gone.text, refused.text):
        assert 'aria-label="Sections"' in page
        assert "Sign out" in page
        assert 'href="/people"' not in page
    assert "Sections" not in outside.text


def test_an_error_page_is_made_without_the_record_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RetryLater("database_unreachable")

    with signed_in(office) as visitor:
        monkeypatch.setattr(type(office.parts.desk.sessions), "find", away)
        gone = visitor.get("/nowhere")
        shut = visitor.get("/claims")

    assert (gone.status_code, shut.status_code) == (404, 503)
    assert "Nothing is here" in gone.text
    assert "Not just now" in shut.text


def test_behind_a_proxy_that_speaks_tls_cookies_are_for_tls_and_this_host_only(
    tmp_path: Path,
) -> None:
    with an_office(tmp_path / "tls", desk_url="https://desk.example") as office:
        a_person(office)
        with a_visitor(office) as visitor:
            visitor.client.base_url = "https://desk.example"
            form = visitor.get("/sign-in")
            entered = visitor.sign_in("mei")
            inside = visitor.get("/account")

    for answer in (form, entered, inside):
        assert answer.headers["strict-transport-security"] == HSTS
    cookies = entered.headers.get_list("set-cookie")
    assert inside.status_code == 200
    assert {one.split("=")[0] for one in cookies} == {
        "__Host-claims",
        "__Host-claims_device",
        "__Host-claims_form",
    }
    for one in cookies:
        assert "Secure" in one
        assert "HttpOnly" in one
        assert "Path=/" in one
        assert "samesite=lax" in one.lower()
        assert "domain" not in one.lower()


def test_the_host_header_decides_nothing_where_the_desk_has_an_address(
    tmp_path: Path,
) -> None:
    with an_office(tmp_path / "tls", desk_url="https://desk.example") as office:
        app = create_app(office.parts)
        person = a_person(office)
        secret = office.parts.desk.sessions.begin(person.person_id)
        session = office.parts.desk.sessions.find(secret)
        assert session is not None
        given = {
            "cookie": f"__Host-claims={secret}",
            "x-csrf-token": session.csrf,
            "host": "evil.example",
        }

        evil = ask(app, "POST", "/sign-out", given | {"origin": "https://evil.example"})
        anew = ask(app, "GET", "/account", {"host": "evil.example"})
        ours = ask(
            app, "POST", "/sign-out", given | {"origin": "https://desk.example:443"}
        )

    assert evil.status == 403
    assert anew.headers["location"] == "/sign-in?back=%2Faccount"
    assert ours.status == 303


def test_over_plain_http_no_browser_is_told_to_come_over_tls(office: Office) -> None:
    with a_visitor(office) as visitor:
        assert "strict-transport-security" not in visitor.get("/sign-in").headers


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=1",
        "//[",
        "javascript:alert(1)",
        "evil",
        "",
    ],
)
def test_only_paths_of_the_desk_are_ways_back(path: str) -> None:
    assert own_path(path) == "/"


def test_a_path_with_its_query_is_a_way_back() -> None:
    assert own_path("/claims?q=a%20b&tab=mine") == "/claims?q=a%20b&tab=mine"


def test_strangers_who_guess_a_name_lock_nobody_out_of_a_browser_they_know(
    office: Office,
) -> None:
    with a_visitor(office) as mine, a_visitor(office) as stranger:
        mine.sign_in("agent")
        mine.get("/account")
        mine.post("/sign-out")
        guesses = [stranger.sign_in("agent", "x").status_code for _ in range(7)]
        entered = mine.sign_in("agent").status_code

    assert guesses[-1] == 429
    assert entered == 303


def test_a_known_browser_guesses_no_faster_than_others(office: Office) -> None:
    with a_visitor(office) as mine:
        mine.sign_in("lead")
        guesses = [mine.sign_in("lead", "x").status_code for _ in range(6)]

    assert guesses == [401] * 5 + [429]


def test_many_names_from_one_address_are_slowed_down(tmp_path: Path) -> None:
    with an_office(tmp_path / "guessed") as office, a_visitor(office) as stranger:
        guesses = [stranger.sign_in(f"name{n}", "x").status_code for n in range(22)]

    assert guesses == [401] * 20 + [429] * 2


def test_the_sign_in_form_is_bound_to_the_browser_that_asked_for_it(
    office: Office,
) -> None:
    with a_visitor(office) as attacker, a_visitor(office) as victim:
        attacker.get("/sign-in")
        victim.get("/sign-in")
        form = {"name": "agent", "password": PASSWORD, "token": attacker.csrf}
        refused = victim.client.post("/sign-in", data=form)
        other_site = attacker.client.post(
            "/sign-in", data=form, headers={"Origin": "https://evil.example"}
        )

    assert refused.status_code == 403
    assert other_site.status_code == 403
    assert "claims=" not in refused.headers.get("set-cookie", "").replace(" ", "")


def test_a_session_that_was_set_before_the_sign_in_is_not_the_one_after_it(
    office: Office,
) -> None:
    with a_visitor(office) as victim:
        victim.client.cookies["claims"] = "fixed-by-an-attacker"
        victim.sign_in("operator")

    assert office.parts.desk.sessions.find("fixed-by-an-attacker") is None


def test_a_person_with_a_first_password_can_still_sign_out(tmp_path: Path) -> None:
    with an_office(tmp_path / "first") as office, signed_in(office) as visitor:
        person = office.parts.desk.people.named("mei")
        assert person is not None
        secret = visitor.client.cookies["claims"]
        hashed = office.parts.desk.people.password_hash(person.person_id)
        assert hashed is not None
        office.parts.desk.people.set_password(
            person.person_id, hashed, must_change=True
        )
        visitor.sign_in("mei")
        visitor.get("/account/password")

        assert visitor.post("/sign-out").headers["location"] == "/sign-in"
        assert office.parts.desk.sessions.find(secret) is None
