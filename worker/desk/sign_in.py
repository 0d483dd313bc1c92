"""Signing in and out with a local account; see `people.py` for the accounts."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from worker.adapters.passwords import is_password
from worker.adapters.totp import step_of
from worker.desk.guard import (
    Visit,
    check_origin,
    cookie_name,
    form_token,
    is_form_token,
    is_secure,
    needs,
    own_path,
    parts_of,
    set_cookie,
)
from worker.desk.pages import SEE_OTHER, open_page
from worker.desk.words import span
from worker.domain.staff import Person

router = APIRouter()
WRONG = "Name, password or code is wrong."
"""One sentence for all of it, so that nobody learns which names exist."""


@router.get("/sign-in")
def ask(request: Request, back: str = "/") -> Response:
    """Show the form."""
    return _form(request, back=own_path(back))


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    back: Annotated[str, Form()] = "/",
    token: Annotated[str, Form()] = "",
) -> Response:
    """Begin a session, or show the form again and say why."""
    back = own_path(back)
    check_origin(request)
    if not is_form_token(request, token):
        say = "That form was open too long. Please try again."
        return _form(request, back=back, name=name, say=say, status=403)
    throttle = parts_of(request).desk.throttle
    keys = (f"name {name.strip().casefold()}", f"address {_address(request)}")
    wait = throttle.wait_for(*keys)
    if wait > timedelta(0):
        say = f"Too many tries. Wait {span(wait)} and try again."
        return _form(request, back=back, name=name, say=say, status=429)
    person = _known(request, name, password, code)
    if person is None:
        throttle.failed(*keys)
        return _form(request, back=back, name=name, say=WRONG, status=401)
    throttle.succeeded(keys[0])
    return begin_session(request, person, back)


@router.post("/sign-out")
def sign_out(visit: Annotated[Visit, needs(None)]) -> Response:
    """End the session."""
    secret = visit.request.cookies.get(cookie_name(visit.request), "")
    visit.parts.desk.sessions.end(secret)
    response = RedirectResponse("/sign-in", SEE_OTHER)
    response.delete_cookie(
        cookie_name(visit.request), secure=is_secure(visit.request), httponly=True
    )
    return response


def begin_session(request: Request, person: Person, back: str) -> Response:
    """Give the browser a new session; one that it had before ends."""
    parts = parts_of(request)
    old = request.cookies.get(cookie_name(request))
    if old:
        parts.desk.sessions.end(old)
    secret = parts.desk.sessions.begin(person.person_id)
    parts.desk.people.record_sign_in(person.person_id)
    response = RedirectResponse(back, SEE_OTHER)
    set_cookie(request, response, secret)
    response.delete_cookie("claims_form")
    return response


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
    if step is None or not people.use_totp_step(person.person_id, step):
        return None
    return person


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _form(
    request: Request, *, back: str, name: str = "", say: str = "", status: int = 200
) -> Response:
    cookie, token = form_token(request)
    response = open_page(
        request,
        "sign_in.html",
        status=status,
        back=back,
        name=name,
        say=say,
        token_value=token,
    )
    response.set_cookie(
        "claims_form",
        cookie,
        httponly=True,
        secure=is_secure(request),
        samesite="lax",
        max_age=3600,
    )
    return response
