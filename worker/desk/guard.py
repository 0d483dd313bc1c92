"""Who may come in: the cookie, the session behind it, the right, the form's token.

Every route but the sign-in and the health checks names the right that it needs:

    @router.get("/claims")
    def work_list(visit: Visits[Right.SEE_CLAIMS]) -> Response: ...

There the type is written as `Annotated[Visit, needs(Right.SEE_CLAIMS)]`.
"""

import hmac
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from worker.adapters.store.desk.claim_pages import Tombstone
from worker.adapters.store.erasing import ERASED
from worker.bootstrap import Parts
from worker.decide.common import Staff
from worker.domain.claim import Claim
from worker.domain.staff import Person, Right, claim_roles

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_FIELD = "csrf"
FORM_HEADER = "X-CSRF-Token"
PASSWORD_PAGE = "/account/password"  # noqa: S105 - a path
_BEFORE_A_PASSWORD = frozenset({PASSWORD_PAGE, "/sign-out"})
_BY_ITSELF = "X-By-Itself"
_STREAM = "text/event-stream"
_PORTS = {"http": 80, "https": 443}


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


class ClaimErased(Exception):
    """The claim was erased; `left` is all that may be said of it."""

    def __init__(self, claim: Claim, left: Tombstone) -> None:
        super().__init__("claim_erased")
        self.claim = claim
        self.left = left


class PasswordNeeded(Exception):
    """The person has to choose a password of their own first."""


LARGEST_ID = 2**63 - 1
"""Of a row, in both databases."""
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""A row's number in an address; a larger one would be an error of the database."""


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


def claim_of(visit: Visit, claim_id: int) -> Claim:
    """Return a claim, or answer that there is none.

    Raises:
        ClaimErased: its member's data are gone; there is only the page that says so.
    """
    claim = visit.parts.store.claims.get(claim_id)
    if claim is None:
        raise HTTPException(404)
    if claim.order_number == ERASED:
        left = visit.parts.desk.claim_pages.tombstone(claim_id)
        if left is not None:
            raise ClaimErased(claim, left)
    return claim


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
        if visit.person.must_change_password and (
            request.url.path not in _BEFORE_A_PASSWORD
        ):
            raise PasswordNeeded
        return visit

    let_in.__dict__["right"] = right  # for the test that goes through all routes
    return Depends(let_in)


async def visit_of(request: Request, *, is_used: bool = True) -> Visit | None:
    """Return the visit of the request's cookie, or None.

    With `is_used` false it does not keep an idle session alive; nor does a stream, or
    what an open page asks by itself.
    """
    is_stream = _STREAM in request.headers.get("Accept", "")
    is_used = is_used and not is_stream and _BY_ITSELF not in request.headers
    return await run_in_threadpool(find_visit, request, is_used=is_used)


def find_visit(request: Request, *, is_used: bool) -> Visit | None:
    """Return the visit of the request's cookie, or None; see `visit_of`."""
    secret = request.cookies.get(cookie_name(request))
    if not secret:
        return None
    found = parts_of(request).desk.sessions.find(secret, is_used=is_used)
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
    said = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    is_ours = origin is None or _is_own_origin(request, origin)
    if said not in {"same-origin", "none"} or not is_ours:
        raise NotAllowed("That came from another site.")


def _is_own_origin(request: Request, origin: str) -> bool:
    """Return whether an origin is the desk; `null` is not.

    Where `CLAIMS_DESK_URL` is set, nothing else that the visitor sends decides it.
    Where it is not, a proxy may speak TLS with the browser and plain HTTP with us.
    """
    desk_url = parts_of(request).settings.desk_url
    if desk_url is None:
        return origin.rpartition("/")[2] == request.headers.get("Host")
    return _place(origin) == _place(desk_url)


def _place(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None


def _way_back(request: Request) -> str:
    if request.method not in SAFE_METHODS:
        return "/"
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def own_path(path: str) -> str:
    """Return a path of this desk, `/` for anything else: nobody is sent elsewhere."""
    is_own = path.startswith("/") and not path.startswith("//")
    return path if is_own and path.isprintable() and "\\" not in path else "/"


def sign_in_path(back: str) -> str:
    """Return where to sign in, and come back from."""
    return "/sign-in" + ("" if back in {"", "/"} else f"?back={quote(back, safe='')}")
