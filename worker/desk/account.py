"""A person's own account: time zone, password, sessions; the phone is `phone.py`."""

from datetime import timedelta
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Form, Response

from worker.adapters.passwords import (
    LONGEST,
    SHORTEST,
    hash_password,
    is_password,
    is_simple,
)
from worker.desk.guard import PASSWORD_PAGE, Visit, cookie_name, needs
from worker.desk.pages import go, page
from worker.desk.sign_in import FREE_FOR_NAME, begin_session
from worker.desk.words import ZONES, span
from worker.domain.staff import Person

router = APIRouter()
Anybody = Annotated[Visit, needs(None)]
Password = Annotated[str, Form(max_length=LONGEST)]


@router.get("/account")
def account(visit: Anybody) -> Response:
    """Show who one is here, and what one may set."""
    return account_page(visit)


@router.post("/account/zone")
def set_zone(
    visit: Anybody, zone: Annotated[str, Form(max_length=60)] = ""
) -> Response:
    """Read times in another zone from now on."""
    if zone not in ZONES:
        return account_page(visit, "Choose a zone from the list.")
    visit.parts.desk.people.set_timezone(visit.person.person_id, zone)
    return go(visit.request, "/account", say=f"Times are shown in {zone} now.")


@router.post("/account/sessions/end")
def end_session(
    visit: Anybody, session: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """End one of the person's own sessions; those of others are none of theirs."""
    sessions = visit.parts.desk.sessions
    ended = sessions.end_one(visit.person.person_id, session)
    say = "That browser is signed out." if ended else "That session had ended already."
    return go(visit.request, "/account", say=say)


@router.post("/account/sessions/end-all")
def end_sessions(visit: Anybody) -> Response:
    """End every session of the person, this one too."""
    visit.parts.desk.sessions.end_all(visit.person.person_id)
    log_own(visit, "sessions ended")
    return go(visit.request, "/sign-in")


@router.get(PASSWORD_PAGE)
def ask_password(visit: Anybody) -> Response:
    """Show the form for another password."""
    return _password_form(visit)


@router.post(PASSWORD_PAGE)
def set_password(
    visit: Anybody, old: Password = "", new: Password = "", again: Password = ""
) -> Response:
    """Set another password; every other session of the account ends."""
    person = visit.person
    wrong = what_is_wrong_with(visit, old) or _why_not(person, old, new, again)
    if wrong:
        return _password_form(visit, wrong)
    visit.parts.desk.people.set_password(person.person_id, hash_password(new))
    log_own(visit, "password changed")
    say = "The password is changed; other browsers are signed out."
    return begin_session(visit.request, person, "/", say=say)


def what_is_wrong_with(visit: Visit, password: str) -> str:
    """Return "" if it is the person's password, or a sentence; guessing is slow.

    Who changes how they sign in proves again who they are. Source: OWASP ASVS 5, 7.5.1.
    """
    parts, person_id = visit.parts, visit.person.person_id
    key = f"confirm {person_id}"
    wait = parts.desk.throttle.take_a_try({key: FREE_FOR_NAME})
    if wait > timedelta(0):
        return f"Too many tries. Wait {span(wait)} and try again."
    if not is_password(password, parts.desk.people.password_hash(person_id)):
        return "The present password is wrong."
    parts.desk.throttle.succeeded(key)
    return ""


def account_page(visit: Visit, say: str = "") -> Response:
    """Return the account's page, with what went wrong."""
    desk, person = visit.parts.desk, visit.person
    secret = visit.request.cookies.get(cookie_name(visit.request), "")
    return page(
        visit,
        "account.html",
        status=422 if say else 200,
        say=say,
        sessions=desk.sessions.of(person.person_id, this=secret),
        codes_left=desk.people.recovery_codes_left(person.person_id),
        zones=_zones_by_region(),
        provider=visit.parts.settings.oidc_name,
    )


def log_own(visit: Visit, action: str) -> None:
    """Append what the person did to their own account."""
    name = visit.person.name
    visit.parts.desk.actions.add(name, action, f"staff:{name}")


def _why_not(person: Person, old: str, new: str, again: str) -> str:
    """Return why a password cannot be the new one, or ""."""
    if new != again:
        return "The new password was typed in two ways."
    if len(new) < SHORTEST:
        return f"Use {SHORTEST} characters or more; a sentence is a good password."
    if is_simple(new, person.name, person.full_name, "claims", "password"):
        return "That is easily guessed; a sentence is a good password."
    return "That is the present password." if new == old else ""


def _password_form(visit: Visit, say: str = "") -> Response:
    status = 422 if say else 200
    return page(visit, "password.html", status=status, say=say, shortest=SHORTEST)


def _zones_by_region() -> list[tuple[str, list[str]]]:
    by_region = groupby(ZONES, key=lambda name: name.partition("/")[0])
    return [(region, list(names)) for region, names in by_region]
