"""One's own account: zone, password, sessions, and the codes of a phone."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pyotp
import pytest

from tests.desk.visitors import PASSWORD, Visitor, a_person, a_visitor, signed_in
from tests.office import Office, an_office
from worker.desk.sign_in import WRONG
from worker.domain.staff import Person

NEW = "another sentence, and a longer one"
_OFFER = re.compile(r'name="offer" value="([^"]*)"')
_LETTERS = re.compile(r"<span>([A-Z2-7]{4})</span>")
_CODES = re.compile(r"<li><code>([a-z0-9-]+)</code></li>")
_SESSION = re.compile(r'name="session" value="([0-9a-f]{64})"')


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        yield office


@pytest.fixture
def mei(office: Office) -> Iterator[Visitor]:
    with signed_in(office) as visitor:
        visitor.get("/account")
        yield visitor


def person_of(office: Office, name: str = "mei") -> Person:
    found = office.parts.desk.people.named(name)
    assert found is not None
    return found


def enrol(office: Office, mei: Visitor) -> tuple[str, list[str]]:
    """Set up codes as a person does; return the secret and the recovery codes."""
    page = mei.get("/account/phone").text
    offer, secret = _OFFER.search(page), "".join(_LETTERS.findall(page))
    assert offer is not None
    code = pyotp.TOTP(secret).at(office.clock.at)
    shown = mei.post(
        "/account/phone", password=PASSWORD, code=code, offer=unescape(offer[1])
    )
    assert shown.status_code == 200
    mei.get("/account")
    return secret, _CODES.findall(shown.text)


def test_times_are_shown_in_the_zone_that_was_chosen(
    office: Office, mei: Visitor
) -> None:
    saved = mei.post("/account/zone", zone="Asia/Kolkata")

    assert saved.headers["location"] == "/account"
    assert "19 Nov 2026, 00:42 IST" in mei.get("/account").text
    assert person_of(office).timezone == "Asia/Kolkata"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "localtime"])
def test_a_zone_that_is_none_is_refused(
    office: Office, mei: Visitor, zone: str
) -> None:
    refused = mei.post("/account/zone", zone=zone)

    assert refused.status_code == 422
    assert person_of(office).timezone == "UTC"


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "present password is wrong"),
        (PASSWORD, NEW, NEW + "!", "typed in two ways"),
        (PASSWORD, "x" * 14, "x" * 14, "15 characters"),
        (PASSWORD, "meimeimeimeimei1", "meimeimeimeimei1", "easily guessed"),
        (PASSWORD, "aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa", "easily guessed"),
        (PASSWORD, PASSWORD, PASSWORD, "the present password"),
    ],
)
def test_a_password_that_cannot_be_is_not_set(
    mei: Visitor, old: str, new: str, again: str, said: str
) -> None:
    refused = mei.post("/account/password", old=old, new=new, again=again)

    assert refused.status_code == 422
    assert said in refused.text
    with_it = mei.sign_in("mei", PASSWORD)
    assert with_it.status_code == 303


def test_another_password_ends_every_other_session_and_renews_this_one(
    office: Office, mei: Visitor
) -> None:
    with signed_in(office) as other:
        before = mei.client.cookies["claims"]
        mei.post("/account/password", old=PASSWORD, new=NEW, again=NEW)

        assert mei.get("/account").status_code == 200
        assert mei.client.cookies["claims"] != before
        assert other.get("/account").status_code == 303


def test_guessing_the_password_from_an_open_browser_is_slow(mei: Visitor) -> None:
    tries = [
        mei.post("/account/password", old="guess", new=NEW, again=NEW).text
        for _ in range(6)
    ]
    right = mei.post("/account/password", old=PASSWORD, new=NEW, again=NEW)

    assert ["present password is wrong" in one for one in tries] == [True] * 5 + [False]
    assert "Too many tries" in right.text


def test_the_sessions_are_listed_and_one_is_ended(office: Office, mei: Visitor) -> None:
    with a_visitor(office) as phone:
        phone.client.headers["User-Agent"] = (
            "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0"
        )
        phone.sign_in("mei")
        page = mei.get("/account").text
        (other,) = _SESSION.findall(page)
        ended = mei.post("/account/sessions/end", session=other)

        assert "Firefox on Android" in page
        assert ended.headers["location"] == "/account"
        assert phone.get("/account").status_code == 303
    assert mei.get("/account").status_code == 200


def test_nobody_ends_or_sees_the_sessions_of_somebody_else(
    office: Office, mei: Visitor
) -> None:
    kim = a_person(office, "kim")
    with signed_in(office, name="kim") as visitor:
        (session,) = office.parts.desk.sessions.of(kim.person_id)
        mei.post("/account/sessions/end", session=session.session_id)

        assert visitor.get("/account").status_code == 200
        assert session.session_id not in mei.get("/account").text


@pytest.mark.usefixtures("mei")
def test_a_session_in_the_list_opens_nothing(office: Office) -> None:
    (session,) = office.parts.desk.sessions.of(person_of(office).person_id)

    with a_visitor(office) as thief:
        thief.client.cookies["claims"] = session.session_id

        assert thief.get("/account").status_code == 303


def test_one_signs_out_everywhere(office: Office, mei: Visitor) -> None:
    with signed_in(office) as other:
        left = mei.post("/account/sessions/end-all")

        assert left.headers["location"] == "/sign-in"
        assert other.get("/account").status_code == 303
        assert mei.get("/account").status_code == 303


def test_sessions_end_after_twelve_idle_hours_or_seven_days(
    office: Office, mei: Visitor
) -> None:
    began = office.clock.at
    office.clock.at += timedelta(hours=12)
    assert mei.get("/account").status_code == 200
    office.clock.at += timedelta(hours=12, seconds=1)
    assert mei.get("/account").status_code == 303

    mei.sign_in("mei")
    began = office.clock.at
    for _ in range(14):
        office.clock.at = min(
            office.clock.at + timedelta(hours=12), began + timedelta(days=7)
        )
        assert mei.get("/account").status_code == 200
    office.clock.at += timedelta(seconds=1)
    assert mei.get("/account").status_code == 303


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive(
    office: Office, mei: Visitor
) -> None:
    office.clock.at += timedelta(hours=11)
    mei.get("/account", headers={"Accept": "text/event-stream"})
    office.clock.at += timedelta(hours=1, seconds=1)

    assert mei.get("/account").status_code == 303


def test_a_phone_is_set_up_and_asked_for_from_then_on(
    office: Office, mei: Visitor
) -> None:
    with signed_in(office) as other:
        before = mei.client.cookies["claims"]
        secret, codes = enrol(office, mei)

        assert len(codes) == 8
        assert mei.client.cookies["claims"] != before
        assert mei.get("/account").status_code == 200
        assert other.get("/account").status_code == 303

    with a_visitor(office) as visitor:
        without = visitor.sign_in("mei")
        confirmed_with = pyotp.TOTP(secret).at(office.clock.at)
        replayed = visitor.sign_in("mei", code=confirmed_with)
        office.clock.at += timedelta(seconds=30)
        with_it = visitor.sign_in("mei", code=pyotp.TOTP(secret).at(office.clock.at))

    assert (without.status_code, replayed.status_code) == (401, 401)
    assert WRONG in without.text
    assert with_it.status_code == 303


def test_a_recovery_code_stands_in_for_the_phone_once(
    office: Office, mei: Visitor
) -> None:
    _, codes = enrol(office, mei)

    with a_visitor(office) as visitor:
        first = visitor.sign_in("mei", code=codes[0].upper().replace("-", " "))
        again = visitor.sign_in("mei", code=codes[0])
        other = visitor.sign_in("mei", code=codes[1])

    assert first.status_code == 303
    assert again.status_code == 401
    assert other.status_code == 303
    assert "6 recovery codes left" in mei.get("/account").text


def test_recovery_codes_are_kept_as_hashes_and_are_nobody_elses(
    office: Office, mei: Visitor
) -> None:
    _, codes = enrol(office, mei)
    kim = a_person(office, "kim")
    with office.store.database.read() as session:
        connection = session.connection()
        kept = connection.exec_driver_sql("select code_sha256 from recovery_codes")
        hashes = set(kept.scalars())

    plain = {code.replace("-", "") for code in codes}
    assert len(hashes) == 8
    assert not hashes & (plain | set(codes))
    for code in plain:
        assert not office.parts.desk.people.use_recovery_code(kim.person_id, code)


def test_a_wrong_password_or_code_sets_up_nothing(office: Office, mei: Visitor) -> None:
    page = mei.get("/account/phone").text
    offer, secret = _OFFER.search(page), "".join(_LETTERS.findall(page))
    assert offer is not None
    fields = {"offer": unescape(offer[1]), "code": pyotp.TOTP(secret).at(0)}

    wrong_code = mei.post("/account/phone", password=PASSWORD, **fields)
    fields["code"] = pyotp.TOTP(secret).at(office.clock.at)
    wrong_password = mei.post("/account/phone", password="wrong", **fields)

    assert "present one" in wrong_code.text
    assert "".join(_LETTERS.findall(wrong_code.text)) == secret
    assert "password is wrong" in wrong_password.text
    assert not person_of(office).has_totp


def test_a_secret_that_was_offered_to_somebody_else_is_refused(
    office: Office, mei: Visitor
) -> None:
    page = mei.get("/account/phone").text
    offer, secret = _OFFER.search(page), "".join(_LETTERS.findall(page))
    assert offer is not None
    code = pyotp.TOTP(secret).at(office.clock.at)
    with signed_in(office, name="kim") as kim:
        fields = {"password": PASSWORD, "code": code}
        others = kim.post("/account/phone", offer=unescape(offer[1]), **fields)
        forged = kim.post("/account/phone", offer="forged", **fields)

    assert (others.status_code, forged.status_code) == (422, 422)
    assert not person_of(office, "kim").has_totp


def test_an_offer_does_not_replace_a_phone_that_is_on(
    office: Office, mei: Visitor
) -> None:
    offer = _OFFER.search(mei.get("/account/phone").text)
    assert offer is not None
    secret, _ = enrol(office, mei)

    again = mei.post("/account/phone", password=PASSWORD, offer=unescape(offer[1]))

    assert again.status_code == 303
    assert office.parts.desk.people.totp_secret(person_of(office).person_id) == secret


def test_codes_are_turned_off_with_the_password_only(
    office: Office, mei: Visitor
) -> None:
    enrol(office, mei)

    refused = mei.post("/account/phone/off", password="wrong")
    still_on = person_of(office).has_totp
    done = mei.post("/account/phone/off", password=PASSWORD)

    assert (refused.status_code, still_on) == (422, True)
    assert done.headers["location"] == "/account"
    assert mei.get("/account").status_code == 200
    assert not person_of(office).has_totp
    with a_visitor(office) as visitor:
        assert visitor.sign_in("mei").status_code == 303


def test_new_recovery_codes_replace_the_old_ones(office: Office, mei: Visitor) -> None:
    _, old = enrol(office, mei)

    mei.get("/account/phone")
    shown = mei.post("/account/phone/codes", password=PASSWORD)
    new = _CODES.findall(shown.text)

    assert len(new) == 8
    assert not set(new) & set(old)
    with a_visitor(office) as visitor:
        assert visitor.sign_in("mei", code=old[0]).status_code == 401
        assert visitor.sign_in("mei", code=new[0]).status_code == 303


def test_an_account_of_the_provider_sets_up_no_phone_here(office: Office) -> None:
    kim = office.parts.desk.people.add("kim", "agent", oidc_subject="issuer 42")  # type: ignore[arg-type]
    with a_visitor(office) as visitor:
        visitor.client.cookies["claims"] = office.parts.desk.sessions.begin(
            kim.person_id
        )
        visitor.get("/account")

        assert visitor.get("/account/phone").status_code == 422
        assert visitor.post("/account/phone/off").status_code == 422
        assert visitor.post("/account/phone").status_code == 303
        assert "/account/phone" not in visitor.get("/account").text


def test_what_was_done_to_the_account_is_in_the_log(
    office: Office, mei: Visitor
) -> None:
    enrol(office, mei)
    mei.get("/account/phone")
    mei.post("/account/phone/off", password=PASSWORD)

    newest = office.parts.desk.actions.newest(limit=9, target="staff:mei")
    assert [one.action for one in newest] == ["phone forgotten", "phone enrolled"]
