"""Signing in and out with a local account; see `people.py` for the accounts."""

import hmac
import secrets
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from worker.adapters.passwords import LONGEST, is_password
from worker.adapters.totp import plain_code, step_of
from worker.desk.browser_names import browser_name
from worker.desk.cookies import LAST_LIST, SealedCookie
from worker.desk.guard import (
    SignInNeeded,
    Visit,
    check_origin,
    cookie_name,
    is_secure,
    needs,
    own_path,
    parts_of,
    set_cookie,
)
from worker.desk.pages import SEE_OTHER, go, open_page
from worker.desk.words import span
from worker.domain.staff import Person

log = structlog.get_logger()
router = APIRouter()
WRONG = "Name, password or code is wrong."
"""One sentence for all of it, so that nobody learns which names exist."""
FREE_FOR_NAME, FREE_FOR_ADDRESS = 5, 20
"""Tries without a wait. Our choice: an office may share one address."""
_FORM = SealedCookie("claims_form", lives_for_s=3600)
_DEVICE = SealedCookie("claims_device", lives_for_s=180 * 86_400)
"""Says that this browser signed in under a name before: it has tries of its own, so
that strangers who guess lock nobody out. Source: OWASP, device cookies."""
_IPV6_SITE = 64
"""One site has that many bits of its own. Source: RFC 6177."""


@router.get("/sign-in")
def ask(request: Request, back: str = "/") -> Response:
    """Show the form."""
    return sign_in_form(request, back=own_path(back))


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=LONGEST)] = "",
    code: Annotated[str, Form(max_length=60)] = "",
    back: Annotated[str, Form()] = "/",
    token: Annotated[str, Form()] = "",
) -> Response:
    """Begin a session, or show the form again and say why."""
    back = own_path(back)
    check_origin(request)
    if not _is_our_form(request, token):
        say = "That form was open too long. Please try again."
        return sign_in_form(request, back=back, name=name, say=say, status=403)
    throttle = parts_of(request).desk.throttle
    tries = _tries(request, name)
    wait = throttle.take_a_try(tries)
    if wait > timedelta(0):
        log.warning("sign_in_slowed_down")
        say = f"Too many tries. Wait {span(wait)} and try again."
        return sign_in_form(request, back=back, name=name, say=say, status=429)
    person = _known(request, name, password, code)
    if person is None:
        log.info("sign_in_refused")
        return sign_in_form(request, back=back, name=name, say=WRONG, status=401)
    throttle.succeeded(*tries)
    response = begin_session(request, person, back, say=_codes_left(request, person))
    if not _is_known_device(request, person.name):
        kept = [person.name, secrets.token_urlsafe(16)]
        _DEVICE.write(request, response, kept)
    return response


@router.post("/sign-out")
def sign_out(visit: Annotated[Visit, needs(None)]) -> Response:
    """End the session."""
    secret = visit.request.cookies.get(cookie_name(visit.request), "")
    visit.parts.desk.sessions.end(secret)
    response = RedirectResponse("/sign-in", SEE_OTHER)
    response.delete_cookie(
        cookie_name(visit.request), secure=is_secure(visit.request), httponly=True
    )
    response.delete_cookie(LAST_LIST)  # what was searched for is not the next one's
    return response


def begin_session(
    request: Request, person: Person, back: str, *, say: str = ""
) -> Response:
    """Give the browser a new session; one that it had before ends."""
    parts = parts_of(request)
    old = request.cookies.get(cookie_name(request))
    if old:
        parts.desk.sessions.end(old)
    secret = _new_session(request, person)
    parts.desk.people.record_sign_in(person.person_id)
    log.info("signed_in")
    response = go(request, back, say=say, tone="plain")
    set_cookie(request, response, secret)
    _FORM.delete(request, response)
    return response


def renew_session(visit: Visit) -> tuple[Visit, str]:
    """End every session of the person, and begin one for this browser.

    For when they proved again who they are, and changed how that is done. Source: OWASP
    ASVS 5, 7.2.4 and 7.4.3.

    Returns:
        The visit with the new form token, and the secret for `set_cookie`.
    """
    sessions = visit.parts.desk.sessions
    sessions.end_all(visit.person.person_id)
    secret = _new_session(visit.request, visit.person)
    begun = sessions.find(secret)
    if begun is None:  # the account was disabled meanwhile
        raise SignInNeeded("/")
    return Visit(visit.request, begun.person, begun.csrf), secret


def _new_session(request: Request, person: Person) -> str:
    browser = browser_name(request.headers.get("User-Agent", ""))
    sessions = parts_of(request).desk.sessions
    return sessions.begin(person.person_id, browser=browser)


def sign_in_form(
    request: Request, *, back: str, name: str = "", say: str = "", status: int = 200
) -> Response:
    """Return the form, with one sentence about what was wrong before."""
    settings = parts_of(request).settings
    mark = _FORM.read(request) or secrets.token_urlsafe(16)
    response = open_page(
        request,
        "sign_in.html",
        status=status,
        back=back,
        name=name,
        say=say,
        token_value=_FORM.seal(request, mark),
        elsewhere=settings.oidc_name if settings.oidc_issuer else "",
    )
    _FORM.write(request, response, mark)
    return response


def _is_our_form(request: Request, token: str) -> bool:
    """Return whether a sign-in form was ours, and this browser's."""
    mark = _FORM.read(request)
    in_form = _FORM.unseal(request, token)
    if mark is None or in_form is None:
        return False
    return hmac.compare_digest(str(mark).encode(), str(in_form).encode())


def _known(request: Request, name: str, password: str, code: str) -> Person | None:
    """Return who signs in: name, password and, where asked for, a fresh code."""
    people = parts_of(request).desk.people
    person = people.named(name)
    kept = None if person is None else people.password_hash(person.person_id)
    if not is_password(password, kept) or person is None or person.disabled_at:
        return None
    secret = people.totp_secret(person.person_id)
    if secret is None:
        return person
    step = step_of(secret, code, now=parts_of(request).clock.now())
    if step is None:
        is_good = people.use_recovery_code(person.person_id, plain_code(code))
    else:
        is_good = people.use_totp_step(person.person_id, step)
    return person if is_good else None


def _codes_left(request: Request, person: Person) -> str:
    """Return a sentence for one who has used a recovery code and runs out of them."""
    left = parts_of(request).desk.people.recovery_codes_left(person.person_id)
    if not person.has_totp or left > 2:  # noqa: PLR2004 - few
        return ""
    return f"Recovery codes left: {left}. Your account page makes new ones."


def _tries(request: Request, name: str) -> dict[str, int]:
    """Return under what a try is counted, and how many are free; the name first."""
    key = name.strip().casefold()
    if _is_known_device(request, key):
        return {f"device {_DEVICE.read(request)}": FREE_FOR_NAME}
    return {
        f"name {key}": FREE_FOR_NAME,
        f"address {_site(request)}": FREE_FOR_ADDRESS,
    }


def _is_known_device(request: Request, name: str) -> bool:
    kept = _DEVICE.read(request)
    return isinstance(kept, list) and kept[:1] == [name]


def _site(request: Request) -> str:
    """Return where the visitor is: an IPv4 address, or the site of an IPv6 one."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> _IPV6_SITE)
    return host
