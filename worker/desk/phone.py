"""Codes of a phone (TOTP) as the second proof at the sign-in, and what replaces it."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from markupsafe import Markup

from worker.adapters.passwords import new_recovery_codes
from worker.adapters.totp import (
    enrolment_uri,
    new_secret,
    picture_of,
    plain_code,
    step_of,
)
from worker.desk.account import (
    Anybody,
    Password,
    account_page,
    log_own,
    what_is_wrong_with,
)
from worker.desk.cookies import SealedCookie
from worker.desk.guard import Visit, set_cookie
from worker.desk.pages import go, page
from worker.desk.sign_in import renew_session

router = APIRouter()
_OFFER = SealedCookie("claims_phone", lives_for_s=3600)
"""Seals the secret that a form offers; the account has none before it is confirmed."""


@router.get("/account/phone")
def ask_phone(visit: Anybody) -> Response:
    """Show a secret to scan, or what may be done with the one there is."""
    return _phone_page(visit, new_secret())


@router.post("/account/phone")
def set_phone(
    visit: Anybody,
    password: Password = "",
    code: Annotated[str, Form(max_length=20)] = "",
    offer: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Ask for codes from now on, once one was typed; show the recovery codes once."""
    person, offered = visit.person, _OFFER.unseal(visit.request, offer)
    if not person.has_password or person.has_totp:
        return go(visit.request, "/account/phone")
    if not isinstance(offered, list) or offered[:1] != [person.person_id]:
        say = "That picture was shown too long ago; scan this one."
        return _phone_page(visit, new_secret(), say)
    secret = str(offered[1])
    wrong = what_is_wrong_with(visit, password)
    step = step_of(secret, code, now=visit.parts.clock.now())
    if wrong or step is None:
        say = wrong or "That code is not the phone's present one."
        return _phone_page(visit, secret, say)
    codes = new_recovery_codes()
    visit.parts.desk.people.set_totp(
        person.person_id, secret, used_step=step, recovery_codes=map(plain_code, codes)
    )
    log_own(visit, "phone enrolled")
    return _codes_page(visit, codes)


@router.post("/account/phone/codes")
def renew_codes(visit: Anybody, password: Password = "") -> Response:
    """Make other recovery codes, and show them once."""
    if not visit.person.has_totp:
        return go(visit.request, "/account/phone")
    wrong = what_is_wrong_with(visit, password)
    if wrong:
        return _phone_page(visit, "", wrong)
    codes = new_recovery_codes()
    people = visit.parts.desk.people
    people.set_recovery_codes(visit.person.person_id, map(plain_code, codes))
    log_own(visit, "recovery codes made")
    return _codes_page(visit, codes)


@router.post("/account/phone/off")
def forget_phone(visit: Anybody, password: Password = "") -> Response:
    """Ask for codes no more."""
    wrong = what_is_wrong_with(visit, password)
    if wrong:
        return _phone_page(visit, "", wrong)
    visit.parts.desk.people.set_totp(visit.person.person_id, None)
    log_own(visit, "phone forgotten")
    renewed, secret = renew_session(visit)
    say = "The sign-in asks for no code any more; other browsers are signed out."
    response = go(renewed.request, "/account", say=say)
    set_cookie(renewed.request, response, secret)
    return response


def _phone_page(visit: Visit, secret: str, say: str = "") -> Response:
    person = visit.person
    if not person.has_password:
        return account_page(visit, "Your provider asks for the codes of your phone.")
    uri = enrolment_uri(secret, name=person.name) if secret else ""
    return page(
        visit,
        "phone.html",
        status=422 if say else 200,
        say=say,
        secret=secret,
        picture=Markup(picture_of(uri)) if uri else "",  # noqa: S704 - of our making
        offer=_OFFER.seal(visit.request, [person.person_id, secret]),
        codes_left=visit.parts.desk.people.recovery_codes_left(person.person_id),
    )


def _codes_page(visit: Visit, codes: list[str]) -> Response:
    renewed, secret = renew_session(visit)
    response = page(renewed, "recovery_codes.html", codes=codes)
    set_cookie(renewed.request, response, secret)
    return response
