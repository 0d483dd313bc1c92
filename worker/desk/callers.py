"""Who may call the APIs, and how often: a token, or for reading who is signed in."""

import threading
import time
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from worker.adapters.store.desk.tokens import POINTS, READ
from worker.desk.guard import parts_of, visit_of
from worker.domain.staff import Right

PER_MINUTE = 600
"""Our choice: a program that follows changes asks far less."""
_MINUTE_S = 60.0
_BEARER = HTTPBearer(
    auto_error=False, description="A token of this API, such as `claims_...`."
)


class Refused(HTTPException):
    """The caller may not, or not now."""


class Allowance:
    """How many requests each caller has left in this minute, in this process."""

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._began = 0.0
        self._used: dict[str, int] = {}

    def use(self, caller: str) -> float:
        """Count one request; return how many seconds to wait if it is one too many."""
        now = time.monotonic()
        with self._lock:
            if now - self._began >= _MINUTE_S:
                self._began, self._used = now, {}
            used = self._used[caller] = self._used.get(caller, 0) + 1
            is_over = used > self.per_minute
            return self._began + _MINUTE_S - now if is_over else 0.0


def calls() -> Any:  # noqa: ANN401 - FastAPI's marker
    """Return the dependency that lets a caller in.

    Raises:
        Refused: 401 without token or session, 403 without the right, 429 too often.
    """
    return Depends(_let_in)


async def _let_in(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> None:
    _count(request, await _caller(request, given))


def shop_calls() -> Any:  # noqa: ANN401 - FastAPI's marker
    """Return the dependency that lets in a program with a token for points, only.

    Raises:
        Refused: 401 without such a token, 429 too often.
    """
    return Depends(_let_shop_in)


async def _let_shop_in(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> None:
    if given is None:
        raise _unknown("Send a token for points as `Authorization: Bearer TOKEN`.")
    _count(request, await _token(request, given, POINTS))


def _count(request: Request, caller: str) -> None:
    allowance: Allowance = request.app.state.allowance
    wait = allowance.use(caller)
    if wait > 0:
        raise Refused(
            429,
            f"More than {allowance.per_minute} requests in a minute.",
            {"Retry-After": str(int(wait) + 1)},
        )


_let_in.__dict__["right"] = Right.SEE_CLAIMS  # for the test of all routes


async def _caller(request: Request, given: HTTPAuthorizationCredentials | None) -> str:
    if given is not None:
        return await _token(request, given, READ)
    if "Authorization" in request.headers:
        raise _unknown("Send `Authorization: Bearer TOKEN`.")
    visit = await visit_of(request)
    if visit is None:
        raise _unknown("Send a token as `Authorization: Bearer TOKEN`.")
    person = visit.person
    if person.must_change_password or not person.may(Right.SEE_CLAIMS):
        raise Refused(403, "Your account may not see claims.")
    return f"person {person.person_id}"


async def _token(
    request: Request, given: HTTPAuthorizationCredentials, scope: str
) -> str:
    tokens = parts_of(request).desk.tokens
    token = await run_in_threadpool(tokens.find, given.credentials, scope=scope)
    if token is None:
        raise _unknown("The token is unknown, was revoked, or is for another API.")
    return f"token {token.token_id}"


def _unknown(detail: str) -> Refused:
    return Refused(401, detail, {"WWW-Authenticate": "Bearer"})
