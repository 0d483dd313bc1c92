"""Signing in: who comes in, who does not, and what nobody learns by trying."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from tests.desk.visitors import PASSWORD, a_person, a_visitor, signed_in
from tests.office import Office, an_office
from worker.adapters.totp import new_secret
from worker.desk.sign_in import WRONG
from worker.domain.staff import StaffRole

NEW = "another sentence, and a longer one"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        yield office


def test_a_page_leads_to_the_sign_in_and_back(office: Office) -> None:
    a_person(office)

    with a_visitor(office) as visitor:
        asked = visitor.get("/account/password?tab=mine")
        visitor.get(asked.headers["location"])
        entered = visitor.sign_in("mei", back="/account/password?tab=mine")

    assert asked.status_code == 303
    assert (
        asked.headers["location"] == "/sign-in?back=%2Faccount%2Fpassword%3Ftab%3Dmine"
    )
    assert entered.headers["location"] == "/account/password?tab=mine"


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"],
)
def test_nobody_is_led_to_another_site(office: Office, back: str) -> None:
    a_person(office)

    with a_visitor(office) as visitor:
        entered = visitor.sign_in("mei", back=back)

    assert entered.headers["location"] == "/"


@pytest.mark.parametrize(
    ("name", "password"),
    [("mei", "wrong"), ("nobody", PASSWORD), ("mei", ""), ("", "")],
)
def test_what_was_wrong_is_not_said(office: Office, name: str, password: str) -> None:
    a_person(office)

    with a_visitor(office) as visitor:
        refused = visitor.sign_in(name, password)

    assert refused.status_code == 401
    assert WRONG in refused.text


def test_a_disabled_account_is_out_at_once(office: Office) -> None:
    person = a_person(office)

    with signed_in(office) as visitor:
        office.parts.desk.people.disable(person.person_id)
        seen = visitor.get("/account/password")
        again = visitor.sign_in("mei")

    assert seen.status_code == 303
    assert again.status_code == 401


def test_guessing_is_slowed_down_and_a_while_later_forgotten(office: Office) -> None:
    a_person(office)

    with a_visitor(office) as visitor:
        tries = [visitor.sign_in("mei", "wrong").status_code for _ in range(6)]
        right = visitor.sign_in("mei")
        office.clock.at += timedelta(hours=2)
        later = visitor.sign_in("mei")

    assert tries == [401] * 5 + [429]
    assert right.status_code == 429
    assert later.status_code == 303


def test_each_sign_in_begins_a_new_session_and_ends_the_old_one(
    office: Office,
) -> None:
    with signed_in(office) as visitor:
        before = visitor.client.cookies["claims"]
        visitor.sign_in("mei")
        after = visitor.client.cookies["claims"]

        assert before != after
        assert office.parts.desk.sessions.find(before) is None
        assert office.parts.desk.sessions.find(after) is not None


def test_a_session_that_was_given_from_outside_counts_for_nothing(
    office: Office,
) -> None:
    a_person(office)

    with a_visitor(office) as visitor:
        visitor.client.cookies["claims"] = "chosen-by-somebody-else"
        visitor.sign_in("mei")

        assert office.parts.desk.sessions.find("chosen-by-somebody-else") is None


def test_signing_out_ends_the_session(office: Office) -> None:
    with signed_in(office) as visitor:
        secret = visitor.client.cookies["claims"]
        left = visitor.post("/sign-out")

        assert left.headers["location"] == "/sign-in"
        assert office.parts.desk.sessions.find(secret) is None


def test_a_form_without_our_token_is_refused(office: Office) -> None:
    with signed_in(office) as visitor:
        visitor.csrf = "guessed"
        refused = visitor.post("/sign-out")

    assert refused.status_code == 403


def test_a_form_of_another_site_is_refused(office: Office) -> None:
    with signed_in(office) as visitor:
        visitor.client.headers["Origin"] = "https://evil.example"
        refused = visitor.post("/sign-out")

    assert refused.status_code == 403


def test_a_first_password_has_to_be_changed_before_anything_else(
    office: Office,
) -> None:
    person = a_person(office)
    people = office.parts.desk.people
    kept = people.password_hash(person.person_id)
    assert kept is not None
    people.set_password(person.person_id, kept, must_change=True)

    with signed_in(office) as visitor:
        elsewhere = visitor.get("/")
        visitor.get("/account/password")
        changed = visitor.post("/account/password", old=PASSWORD, new=NEW, again=NEW)
        home = visitor.get("/")

    assert elsewhere.headers["location"] == "/account/password"
    assert changed.status_code == 303
    assert home.headers["location"] == "/claims"


def test_a_code_of_the_phone_is_asked_for_and_works_once(office: Office) -> None:
    person = a_person(office, role=StaffRole.AGENT)
    secret = new_secret()
    office.parts.desk.people.set_totp(person.person_id, secret)
    code = pyotp.TOTP(secret).at(office.clock.at)

    with a_visitor(office) as visitor:
        without = visitor.sign_in("mei")
        with_it = visitor.sign_in("mei", code=code)
        again = visitor.sign_in("mei", code=code)

    assert without.status_code == 401
    assert with_it.status_code == 303
    assert again.status_code == 401
