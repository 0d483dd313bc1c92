"""Who may come in: the cookie, the session behind it, the right, the form's token.

Every route but the sign-in and the health checks names the right that it needs:

    @router.get("/claims")
    def work_list(visit: Visits[Right.SEE_CLAIMS]) -> Response: ...

There the type is written as `Annotated[Visit, needs(Right.SEE_CLAIMS)]`.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool

from worker.bootstrap import Parts
from worker.decide.common import Staff
from worker.domain.staff import Person, Right, claim_roles

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_FIELD = "csrf"
FORM_HEADER = "X-CSRF-Token"
FORM_LIVES_FOR_S = 3600
"""A sign-in form that was left open longer is shown again."""
PASSWORD_PAGE = "/account/password"  # noqa: S105 - a path


class SignInNeeded(Exception):
    """Nobody is signed in; `back` is where they wanted to go."""

    def __init__(self, back: str) -> None:
        super().__init__("sign_in_needed")
        self.back = back


class NotAllowed(Exception):
    """The person has not the right, or the form is not one of ours."""

    def __init__(self, why: str) -> None:
        super().__init__("not_allowed")
        self.why = why


class PasswordNeeded(Exception):
    """The person has to choose a password of their own first."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in and may do what they ask for."""

    request: Request
    person: Person
    csrf: str

    @property
    def parts(self) -> Parts:
        """Return the program's parts."""
        return parts_of(self.request)

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which the person reads times."""
        return ZoneInfo(self.person.timezone)

    @property
    def staff(self) -> Staff:
        """Return who decides, for the functions of `worker.decide`."""
        return Staff(self.person.name, claim_roles(self.person.role))


def parts_of(request: Request) -> Parts:
    """Return the parts with which the application was made."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - set in app.py
    return parts


def is_secure(request: Request) -> bool:
    """Return whether browsers reach the desk over TLS."""
    return (parts_of(request).settings.desk_url or "").startswith("https:") or (
        request.url.scheme == "https"
    )


def cookie_name(request: Request) -> str:
    """Return the session cookie's name; over TLS no other host can set it."""
    return "__Host-claims" if is_secure(request) else "claims"


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Hand the session's secret to the browser."""
    response.set_cookie(
        cookie_name(request),
        secret,
        httponly=True,
        secure=is_secure(request),
        samesite="lax",
        path="/",
    )


def needs(right: Right | None) -> Any:  # noqa: ANN401 - FastAPI's marker
    """Return the dependency that lets in who has a right; None is anybody signed in."""

    async def let_in(request: Request) -> Visit:
        visit = await visit_of(request)
        if visit is None:
            raise SignInNeeded(_way_back(request))
        if right is not None and not visit.person.may(right):
            raise NotAllowed(f"Your role ({visit.person.role}) may not {right}.")
        await check_form(request, visit.csrf)
        if visit.person.must_change_password and request.url.path != PASSWORD_PAGE:
            raise PasswordNeeded
        return visit

    let_in.__dict__["right"] = right  # for the test that goes through all routes
    return Depends(let_in)


async def visit_of(request: Request, *, is_used: bool = True) -> Visit | None:
    """Return the visit of the request's cookie, or None.

    With `is_used` false it does not keep an idle session alive.
    """
    secret = request.cookies.get(cookie_name(request))
    if not secret:
        return None
    sessions = parts_of(request).desk.sessions
    found = await run_in_threadpool(sessions.find, secret, is_used=is_used)
    return None if found is None else Visit(request, found.person, found.csrf)


async def check_form(request: Request, token: str) -> None:
    """Make sure that a request which changes something comes from a page of ours.

    Raises:
        NotAllowed: it does not.
    """
    if request.method in SAFE_METHODS:
        return
    check_origin(request)
    given = request.headers.get(FORM_HEADER)
    if given is None:
        given = str((await request.form()).get(FORM_FIELD, ""))
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise NotAllowed("This page was open too long. Load it again and try again.")


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent, where the browser says so.

    Raises:
        NotAllowed: another site did.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {
        "same-origin",
        "none",
    }:
        raise NotAllowed("That came from another site.")
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":
        return
    own = urlsplit(parts_of(request).settings.desk_url or str(request.base_url))
    if urlsplit(origin).netloc != own.netloc and (
        urlsplit(origin).netloc != request.headers.get("Host")
    ):
        raise NotAllowed("That came from another site.")


# -- the form before anybody is signed in ----------------------------------------


def form_token(request: Request) -> tuple[str, str]:
    """Return the cookie and the token of a sign-in form: they belong together."""
    cookie = request.cookies.get("claims_form") or secrets.token_urlsafe(16)
    return cookie, _signer(request).dumps(cookie)


def is_form_token(request: Request, token: str) -> bool:
    """Return whether a sign-in form was ours, and this browser's."""
    try:
        cookie = _signer(request).loads(token, max_age=FORM_LIVES_FOR_S)
    except BadSignature:
        return False
    given = request.cookies.get("claims_form", "")
    return hmac.compare_digest(str(cookie).encode(), given.encode())


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(parts_of(request).secret_key, salt="desk form")


def _way_back(request: Request) -> str:
    if request.method not in SAFE_METHODS:
        return "/"
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def own_path(path: str) -> str:
    """Return a path of this desk, `/` for anything else: nobody is sent elsewhere."""
    parts = urlsplit(path)
    is_own = path.startswith("/") and not path.startswith(("//", "/\\"))
    if parts.scheme or parts.netloc or not is_own or "\\" in path:
        return "/"
    return path


def sign_in_path(back: str) -> str:
    """Return where to sign in, and come back from."""
    return "/sign-in" + ("" if back in {"", "/"} else f"?back={quote(back, safe='')}")
