"""The desk as one ASGI application: routes, headers, errors."""

from contextlib import suppress

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from worker.bootstrap import Parts
from worker.desk import (
    account,
    claim,
    claim_files,
    claim_thread,
    claim_zip,
    colleagues,
    dead_letters,
    deeds,
    figures,
    health,
    home,
    metrics,
    operations,
    people,
    phone,
    points,
    sign_in,
    sign_in_elsewhere,
    tokens,
    triage,
    triage_mail,
    triage_merge,
    work_bulk,
    work_export,
    work_list,
    writing,
)
from worker.desk.api import PATH as API
from worker.desk.api import create_api
from worker.desk.api_points import PATH as POINTS_API
from worker.desk.api_points import create_points_api
from worker.desk.guard import (
    PASSWORD_PAGE,
    ClaimErased,
    NotAllowed,
    PasswordNeeded,
    SignInNeeded,
    find_visit,
    sign_in_path,
)
from worker.desk.headers import AddHeaders, add_headers
from worker.desk.limits import LimitRequests
from worker.desk.live import Watchers
from worker.desk.pages import FILES, go, open_page, rendered
from worker.desk.refusals import sentence
from worker.domain.errors import IllegalTransition, RetryLater, UsageError
from worker.runner import place_of

log = structlog.get_logger()

PAGES = (
    home,
    sign_in,
    sign_in_elsewhere,
    account,
    phone,
    tokens,
    people,
    work_list,
    work_bulk,
    work_export,
    claim,
    claim_files,
    claim_thread,
    claim_zip,
    writing,
    colleagues,
    deeds,
    triage,
    triage_mail,
    triage_merge,
    operations,
    dead_letters,
    figures,
    points,
)
"""The modules with pages, each with a `router`."""
_WORDS = {
    404: ("Nothing is here", "The address may be mistyped, or what it named is gone."),
    400: ("Not understood", "A field of that form is missing or wrong."),
    413: ("Too much at once", "What was sent is larger than any form of the desk."),
    405: ("That does not work here", "Go back and use the buttons of the page."),
}
SERVER_ERRORS_FROM = 500
"""From this code on, what a menu is made from may be what failed."""


def create_app(parts: Parts) -> FastAPI:
    """Return the desk over the parts of the program; opens nothing by itself."""
    app = FastAPI(
        title="Claims worker", docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.parts = parts
    app.state.watchers = Watchers()
    app.add_middleware(LimitRequests)
    app.add_middleware(AddHeaders)
    app.mount("/static", FILES, name="static")
    app.mount(API, create_api(parts))
    app.mount(POINTS_API, create_points_api(parts))
    app.include_router(health.router)
    app.include_router(metrics.router)
    for module in PAGES:
        app.include_router(module.router)
    handlers: dict[int | type[Exception], ExceptionHandler] = {
        SignInNeeded: _to_sign_in,
        PasswordNeeded: _to_password,
        NotAllowed: _not_allowed,
        ClaimErased: _erased,
        UsageError: _refused,
        IllegalTransition: _refused,
        RetryLater: _unavailable,
        RequestValidationError: _wrong_form,
        HTTPException: _plain_error,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    return app


def _to_sign_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)  # noqa: S101 - how it was registered
    if request.url.path.startswith("/api/"):
        return _error(request, 401, "Not signed in", "")
    return go(request, sign_in_path(error.back))


def _to_password(request: Request, _error: Exception) -> Response:
    return go(request, PASSWORD_PAGE)


def _erased(request: Request, error: Exception) -> Response:
    """Lead to the page that says so, from whatever else was asked of the claim."""
    assert isinstance(error, ClaimErased)  # noqa: S101 - how it was registered
    return go(request, f"/claims/{error.claim.claim_id}")


def _not_allowed(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotAllowed)  # noqa: S101 - how it was registered
    return _error(request, 403, "Not allowed", error.why)


def _refused(request: Request, error: Exception) -> Response:
    return _error(request, 409, "Not done", sentence(error))


def _unavailable(request: Request, _down: Exception) -> Response:
    return _error(
        request,
        503,
        "Not just now",
        "The database or the mail server does not answer. Nothing was changed;"
        " try again in a moment.",
    )


def _wrong_form(request: Request, _wrong: Exception) -> Response:
    return _error(
        request, 422, "Not understood", "A field of that form is missing or wrong."
    )


def _plain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    title, text = _WORDS.get(error.status_code, (str(error.detail), ""))
    return _error(request, error.status_code, title, text)


def _failed(request: Request, error: Exception) -> Response:
    """Say nothing of what went wrong but that we know; source: OWASP ASVS 5, 16.5.1.

    Starlette calls this outside of all layers, so the headers are added here.
    """
    log.error("page_failed", exc_type=type(error).__name__, where=place_of(error))
    response = _error(
        request,
        500,
        "That is our mistake",
        "The page could not be made. It is in the log; try again, or go on elsewhere.",
    )
    add_headers(request, response.headers)
    return response


def _error(request: Request, status: int, title: str, text: str) -> Response:
    """Return what went wrong: for who is signed in with the menu, to go on from."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": title, "detail": text}, status)
    if status < SERVER_ERRORS_FROM:
        with suppress(RetryLater):
            visit = find_visit(request, is_used=False)
            if visit is not None:
                made = rendered(visit, "error.html", title=title, text=text)
                return HTMLResponse(made, status)
    return open_page(request, "error.html", status=status, title=title, text=text)
