"""The accounts page: who may come in, as what, and what an admin does about it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.visitors import PASSWORD, Visitor, a_person, a_visitor, signed_in
from tests.office import Office, an_office
from worker.adapters.totp import new_secret
from worker.domain.staff import Person, StaffRole

_PASSWORD = re.compile(r'<code class="password">([^<]+)</code>')


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        yield office


@pytest.fixture
def admin(office: Office) -> Iterator[Visitor]:
    with signed_in(office, StaffRole.ADMIN, name="ada") as visitor:
        visitor.get("/people")
        yield visitor


def again(office: Office, person: Person) -> Person:
    found = office.parts.desk.people.get(person.person_id)
    assert found is not None
    return found


def actions(office: Office) -> list[tuple[str, str, str]]:
    newest = office.parts.desk.actions.newest(limit=10)
    return [(one.by, one.action, one.target) for one in newest]


def test_a_new_person_signs_in_with_the_password_that_was_shown_once(
    office: Office, admin: Visitor
) -> None:
    added = admin.post("/people", name="Kim", full_name="Kim Lee", role="agent")
    password = _PASSWORD.search(added.text)
    listed = admin.get("/people").text

    assert password is not None
    assert added.headers["cache-control"] == "no-store"
    assert "Kim Lee" in listed
    assert password[1] not in listed
    with a_visitor(office) as kim:
        assert kim.sign_in("kim", password[1]).status_code == 303
        assert kim.get("/account").headers["location"] == "/account/password"
    assert actions(office)[0] == ("ada", "account added", "staff:kim")


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("ada", "agent", "There is an account ada already."),
        ("two words", "agent", "no blanks"),
        ("console", "agent", "no blanks"),
        ("", "agent", "no blanks"),
        ("kim", "boss", "Choose a role."),
    ],
)
def test_what_cannot_be_added_is_said_and_what_was_typed_is_kept(
    office: Office, admin: Visitor, name: str, role: str, said: str
) -> None:
    refused = admin.post("/people", name=name, full_name="Kim <b>", role=role)

    assert refused.status_code == 422
    assert said in refused.text
    assert 'value="Kim &lt;b&gt;"' in refused.text
    assert len(office.parts.desk.people.listed()) == 1


def test_another_role_counts_at_once_and_ends_the_sessions(
    office: Office, admin: Visitor
) -> None:
    kim = a_person(office, "kim", StaffRole.AGENT)
    with signed_in(office, name="kim") as visitor:
        done = admin.post(f"/people/{kim.person_id}/role", role="operator")

        assert done.headers["location"] == f"/people/{kim.person_id}"
        assert visitor.get("/account").status_code == 303

    page = admin.get(f"/people/{kim.person_id}").text
    assert again(office, kim).role is StaffRole.OPERATOR
    assert "role changed: operator" in page


def test_a_role_that_is_none_changes_nothing(office: Office, admin: Visitor) -> None:
    kim = a_person(office, "kim", StaffRole.AGENT)

    refused = admin.post(f"/people/{kim.person_id}/role", role="boss")

    assert refused.status_code == 422
    assert again(office, kim).role is StaffRole.AGENT


@pytest.mark.parametrize(
    ("what", "fields"), [("disable", {}), ("role", {"role": "viewer"})]
)
def test_the_last_admin_stays_one(
    office: Office, admin: Visitor, what: str, fields: dict[str, str]
) -> None:
    ada = office.parts.desk.people.named("ada")
    assert ada is not None

    refused = admin.post(f"/people/{ada.person_id}/{what}", **fields)

    assert refused.status_code == 409
    assert "make somebody an admin first" in refused.text
    assert again(office, ada) == ada
    a_person(office, "bob", StaffRole.ADMIN)
    assert admin.post(f"/people/{ada.person_id}/{what}", **fields).status_code == 303
    assert admin.get("/people").status_code == 303


def test_a_disabled_admin_does_not_count_as_one(office: Office, admin: Visitor) -> None:
    ada = office.parts.desk.people.named("ada")
    bob = a_person(office, "bob", StaffRole.ADMIN)
    assert ada is not None
    office.parts.desk.people.disable(bob.person_id)

    refused = admin.post(f"/people/{ada.person_id}/disable")

    assert refused.status_code == 409


def test_a_disabled_account_comes_in_again_once_it_is_enabled(
    office: Office, admin: Visitor
) -> None:
    kim = a_person(office, "kim", StaffRole.AGENT)

    admin.post(f"/people/{kim.person_id}/disable")
    with a_visitor(office) as visitor:
        out = visitor.sign_in("kim").status_code
        admin.post(f"/people/{kim.person_id}/enable")
        back = visitor.sign_in("kim").status_code
    page = admin.get(f"/people/{kim.person_id}").text

    assert (out, back) == (401, 303)
    assert "account disabled" in page
    assert [action for _, action, _ in actions(office)] == [
        "account enabled",
        "account disabled",
    ]


def test_a_new_first_password_ends_the_old_one_and_the_wait(
    office: Office, admin: Visitor
) -> None:
    kim = a_person(office, "kim", StaffRole.AGENT)
    with a_visitor(office) as visitor:
        for _ in range(6):
            visitor.sign_in("kim", "wrong")
        reset = admin.post(f"/people/{kim.person_id}/password")
        password = _PASSWORD.search(reset.text)
        assert password is not None

        assert visitor.sign_in("kim", PASSWORD).status_code == 401
        assert visitor.sign_in("kim", password[1]).status_code == 303


def test_a_lost_phone_is_forgotten(office: Office, admin: Visitor) -> None:
    kim = a_person(office, "kim", StaffRole.AGENT)
    office.parts.desk.people.set_totp(
        kim.person_id, new_secret(), recovery_codes=["one"]
    )

    page = admin.get(f"/people/{kim.person_id}").text
    admin.post(f"/people/{kim.person_id}/phone")

    assert "Forget the phone" in page
    assert not again(office, kim).has_totp
    assert office.parts.desk.people.recovery_codes_left(kim.person_id) == 0


def test_somebody_is_signed_out_everywhere(office: Office, admin: Visitor) -> None:
    kim = a_person(office, "kim", StaffRole.AGENT)
    with signed_in(office, name="kim") as visitor:
        admin.post(f"/people/{kim.person_id}/sessions")

        assert visitor.get("/account").status_code == 303


def test_an_account_of_the_provider_has_no_password_here(
    office: Office, admin: Visitor
) -> None:
    kim = office.parts.desk.people.add(
        "kim", StaffRole.AGENT, oidc_subject="https://id.example 42"
    )

    page = admin.get(f"/people/{kim.person_id}").text
    refused = admin.post(f"/people/{kim.person_id}/password")

    assert "New first password" not in page
    assert refused.status_code == 422
    assert office.parts.desk.people.password_hash(kim.person_id) is None


@pytest.mark.parametrize("number", ["7", "0", "x", "99999999999999999999"])
def test_an_account_that_is_not_there_is_said_to_be_none(
    admin: Visitor, number: str
) -> None:
    assert admin.get(f"/people/{number}").status_code in {404, 422}
    assert admin.post(f"/people/{number}/disable").status_code in {404, 422}
