"""Signing in at an OpenID provider: who comes in, and which lies are seen through."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc.jwk import OctKey, RSAKey

from tests.desk.visitors import Visitor, a_person
from tests.office import OPENING, Office, an_office
from tests.services.oidc_provider import CLIENT, SECRET, OidcProvider
from worker.desk.app import create_app
from worker.domain.errors import SettingsInvalid
from worker.domain.staff import StaffRole
from worker.settings import Settings

DESK = "https://desk.example"
NOT_TRUSTED = "could not be trusted"
KIM = {"sub": "42", "preferred_username": "kim", "groups": ["claims-agents"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    """One provider for the module: a key takes a while to make."""
    with OidcProvider(now=int(OPENING.timestamp())) as provider:
        yield provider


@pytest.fixture(autouse=True)
def honest(provider: OidcProvider) -> None:
    provider.person, provider.claims, provider.metadata = dict(KIM), {}, {}
    provider.refuses, provider.breaks, provider.algorithm = "", False, "RS256"
    provider.signs_with, provider.now = provider.key, int(OPENING.timestamp())


@pytest.fixture
def office(tmp_path: Path, provider: OidcProvider) -> Iterator[Office]:
    with an_office(
        tmp_path / "office",
        desk_url=DESK,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Example ID",
        oidc_roles="claims-leads=lead,claims-agents=agent",
    ) as office:
        yield office


@contextmanager
def a_browser(office: Office) -> Iterator[Visitor]:
    """A visitor who comes through a proxy that speaks TLS."""
    app = create_app(office.parts)
    with TestClient(app, base_url=DESK, follow_redirects=False) as client:
        yield Visitor(client)


def back_from_provider(visitor: Visitor, back: str = "/claims") -> str:
    """Go to the provider and return the address that it sends the browser back to."""
    begun = visitor.get(f"/sign-in/oidc?back={back}")
    assert begun.status_code == 303
    sent = httpx.get(begun.headers["location"])
    parts = urlsplit(sent.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == DESK
    return f"{parts.path}?{parts.query}"


def sign_in(visitor: Visitor) -> Response:
    return visitor.get(back_from_provider(visitor))


def test_whoever_has_a_group_with_a_role_comes_in_and_gets_an_account(
    office: Office, provider: OidcProvider
) -> None:
    with a_browser(office) as visitor:
        entered = sign_in(visitor)
        account = visitor.get("/account")

    person = office.parts.desk.people.named("kim")
    assert entered.status_code == 303
    assert entered.headers["location"] == "/claims"
    assert "__Host-claims=" in entered.headers["set-cookie"]
    assert "with Example ID" in account.text
    assert person is not None
    assert (person.role, person.has_password) == (StaffRole.AGENT, False)
    assert office.parts.desk.people.of_subject(f"{provider.issuer} 42") == person


def test_the_second_sign_in_is_the_same_account_with_the_role_of_today(
    office: Office, provider: OidcProvider
) -> None:
    with a_browser(office) as visitor:
        sign_in(visitor)
        provider.person |= {
            "preferred_username": "kimberly",
            "groups": ["claims-leads"],
        }
        sign_in(visitor)

    (person,) = office.parts.desk.people.listed()
    assert (person.name, person.role) == ("kim", StaffRole.LEAD)


def test_groups_are_found_inside_other_claims(
    office: Office, provider: OidcProvider
) -> None:
    settings = office.parts.settings
    office.parts.settings = settings.model_copy(
        update={"oidc_role_claim": "realm_access.roles"}
    )
    provider.person["realm_access"] = {"roles": ["claims-leads"]}

    with a_browser(office) as visitor:
        sign_in(visitor)

    (person,) = office.parts.desk.people.listed()
    assert person.role is StaffRole.LEAD


def test_nobody_comes_in_without_a_role_and_loses_it_with_the_group(
    office: Office, provider: OidcProvider
) -> None:
    provider.person["groups"] = ["others"]
    with a_browser(office) as visitor:
        first = sign_in(visitor)
        assert office.parts.desk.people.listed() == []
        provider.person["groups"] = ["claims-agents"]
        sign_in(visitor)
        inside = visitor.get("/account").status_code
        provider.person["groups"] = []
        second = sign_in(visitor)
        outside = visitor.get("/account").status_code

    assert (first.status_code, second.status_code) == (401, 401)
    assert "None of your groups has a role" in first.text
    assert (inside, outside) == (200, 303)


def test_a_disabled_account_stays_out(office: Office) -> None:
    with a_browser(office) as visitor:
        sign_in(visitor)
        (person,) = office.parts.desk.people.listed()
        office.parts.desk.people.disable(person.person_id)
        refused = sign_in(visitor)

    assert refused.status_code == 401
    assert "disabled" in refused.text


@pytest.mark.parametrize("name", ["mei", "no name\tat all", "console", None])
def test_a_name_at_the_provider_makes_nobody_somebody_else_here(
    office: Office, provider: OidcProvider, name: str | None
) -> None:
    mei = a_person(office)
    provider.person |= {"preferred_username": name, "email": "mei"}

    with a_browser(office) as visitor:
        refused = sign_in(visitor)

    assert refused.status_code == 401
    assert "Ask an admin" in refused.text
    assert office.parts.desk.people.listed() == [mei]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"nonce": "another"}, id="wrong nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"iss": "https://evil.example"}, id="other issuer"),
        pytest.param({"aud": "another client"}, id="other audience"),
        pytest.param({"aud": [CLIENT, "x"], "azp": "x"}, id="made for another"),
        pytest.param({"aud": [CLIENT, "x"]}, id="for several, by nobody"),
        pytest.param({"exp": int(OPENING.timestamp()) - 61}, id="expired"),
        pytest.param({"exp": None}, id="for ever"),
        pytest.param({"nbf": int(OPENING.timestamp()) + 90}, id="not yet"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": "x" * 256}, id="endless subject"),
        pytest.param({"sub": 42}, id="no text as subject"),
        pytest.param({"at_hash": "wrong"}, id="other access token"),
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    office: Office, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims

    with a_browser(office) as visitor:
        refused = sign_in(visitor)

    assert refused.status_code == 401
    assert NOT_TRUSTED in refused.text
    assert office.parts.desk.people.listed() == []


def test_the_last_second_of_an_id_token_still_counts(
    office: Office, provider: OidcProvider
) -> None:
    provider.claims = {"exp": int(OPENING.timestamp()) - 59}

    with a_browser(office) as visitor:
        assert sign_in(visitor).status_code == 303


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param(
            "RS256", RSAKey.generate_key(2048, {"kid": "first"}), id="stranger's key"
        ),
        pytest.param("HS256", OctKey.import_key("shared" * 8), id="shared key"),
        pytest.param("HS256", OctKey.import_key(SECRET * 2), id="client secret"),
        pytest.param("none", None, id="no signature"),
    ],
)
def test_a_signature_that_is_not_the_providers_is_refused(
    office: Office, provider: OidcProvider, algorithm: str, key: RSAKey | OctKey | None
) -> None:
    provider.algorithm, provider.signs_with = algorithm, key

    with a_browser(office) as visitor:
        refused = sign_in(visitor)

    assert refused.status_code == 401
    assert NOT_TRUSTED in refused.text


def test_a_new_key_of_the_provider_is_found_after_a_minute(
    office: Office, provider: OidcProvider
) -> None:
    with a_browser(office) as visitor:
        sign_in(visitor)
        provider.use_another_key()
        at_once = sign_in(visitor)
        office.clock.at += timedelta(seconds=61)
        provider.now += 61
        later = sign_in(visitor)

    assert at_once.status_code == 401
    assert later.status_code == 303


def test_a_code_works_once(office: Office) -> None:
    with a_browser(office) as visitor:
        back = back_from_provider(visitor)
        kept = visitor.client.cookies["__Host-claims_oidc"]
        first = visitor.get(back)
        forgotten = visitor.get(back)
        visitor.client.cookies.set("__Host-claims_oidc", kept, domain="desk.example")
        replayed = visitor.get(back)

    assert first.status_code == 303
    assert forgotten.status_code == 401
    assert "begun elsewhere" in forgotten.text
    assert replayed.status_code == 401
    assert NOT_TRUSTED in replayed.text


def test_an_answer_for_another_browser_is_refused(office: Office) -> None:
    with a_browser(office) as attacker, a_browser(office) as victim:
        back = back_from_provider(attacker)
        victim.get("/sign-in/oidc")
        refused = victim.get(back)

    assert refused.status_code == 401
    assert "begun elsewhere" in refused.text


def test_an_answer_of_another_issuer_is_refused(office: Office) -> None:
    with a_browser(office) as visitor:
        back = urlsplit(back_from_provider(visitor))
        query = {name: one[0] for name, one in parse_qs(back.query).items()}
        query["iss"] = "https://evil.example"
        refused = visitor.get(back.path, params=query)

    assert NOT_TRUSTED in refused.text


def test_what_the_provider_says_of_a_refusal_is_not_repeated(
    office: Office, provider: OidcProvider
) -> None:
    provider.refuses = "<script>access_denied"

    with a_browser(office) as visitor:
        refused = sign_in(visitor)

    assert refused.status_code == 401
    assert "was not completed" in refused.text
    assert "access_denied" not in refused.text


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_is_another_is_not_asked(
    office: Office, provider: OidcProvider, metadata: dict[str, str | None]
) -> None:
    provider.metadata = metadata

    with a_browser(office) as visitor:
        refused = visitor.get("/sign-in/oidc")

    assert refused.status_code == 401
    assert NOT_TRUSTED in refused.text


def test_a_provider_that_is_down_is_said_in_one_sentence_and_asked_again(
    office: Office, provider: OidcProvider
) -> None:
    with a_browser(office) as visitor:
        provider.breaks = True
        refused = visitor.get("/sign-in/oidc")
        provider.breaks = False
        entered = sign_in(visitor)

    assert "Example ID does not answer just now" in refused.text
    assert entered.status_code == 303


def test_what_the_provider_publishes_is_asked_for_once_an_hour(
    office: Office, provider: OidcProvider
) -> None:
    provider.asked.clear()
    with a_browser(office) as visitor:
        sign_in(visitor)
        sign_in(visitor)
        within = sum(one.endswith("configuration") for one in provider.asked)
        office.clock.at += timedelta(hours=1, seconds=1)
        provider.now += 3601
        sign_in(visitor)

    assert within == 1
    assert sum(one.endswith("configuration") for one in provider.asked) == 2


def test_nobody_is_led_to_another_site_by_the_way_of_the_provider(
    office: Office,
) -> None:
    with a_browser(office) as visitor:
        entered = visitor.get(back_from_provider(visitor, "//evil.example"))

    assert entered.headers["location"] == "/"


def test_the_sign_in_page_names_the_provider_and_keeps_the_way_back(
    office: Office,
) -> None:
    with a_browser(office) as visitor:
        page = visitor.get("/sign-in?back=/claims%3Fq=a")

    assert "Sign in with Example ID" in page.text
    assert 'href="/sign-in/oidc?back=/claims%3Fq%3Da"' in page.text


def test_without_a_provider_there_is_no_such_page(tmp_path: Path) -> None:
    with an_office(tmp_path / "plain") as office, a_browser(office) as visitor:
        assert visitor.get("/sign-in/oidc").status_code == 404
        assert visitor.get("/sign-in/oidc/back").status_code == 404
        assert "/sign-in/oidc" not in visitor.get("/sign-in").text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"CLAIMS_OIDC_ISSUER": "https://id.example"},
            "needs CLAIMS_OIDC_CLIENT_ID and CLAIMS_OIDC_ROLES and CLAIMS_DESK_URL",
        ),
        (
            {"CLAIMS_OIDC_ISSUER": "http://id.example"},
            "must begin with https://; http:// is for this machine only",
        ),
        (
            {"CLAIMS_OIDC_ROLES": "leads=boss"},
            "must be group=role, ...; roles are viewer, agent, lead, operator, admin",
        ),
    ],
)
def test_half_a_provider_in_the_settings_is_named(
    given: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsInvalid) as wrong:
        Settings.from_env()

    (name,) = given
    assert str(wrong.value) == f"{name} {said}"
