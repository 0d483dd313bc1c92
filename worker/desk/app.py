"""The desk as one ASGI application: routes, headers, errors."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from worker.bootstrap import Parts
from worker.desk import (
    account,
    claim,
    claim_files,
    claim_thread,
    claim_zip,
    health,
    home,
    sign_in,
)
from worker.desk.guard import (
    PASSWORD_PAGE,
    NotAllowed,
    PasswordNeeded,
    SignInNeeded,
    sign_in_path,
)
from worker.desk.headers import add_headers
from worker.desk.pages import SEE_OTHER, STATIC, open_page
from worker.domain.errors import RetryLater, UsageError

PAGES = (home, sign_in, account, claim, claim_files, claim_thread, claim_zip)
"""The modules with pages, each with a `router`."""
_WORDS = {
    404: ("Nothing is here", "The address may be mistyped, or what it named is gone."),
    405: ("That does not work here", "Go back and use the buttons of the page."),
}


def create_app(parts: Parts) -> FastAPI:
    """Return the desk over the parts of the program; opens nothing by itself."""
    app = FastAPI(
        title="Claims worker", docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.parts = parts
    app.middleware("http")(add_headers)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(health.router)
    for module in PAGES:
        app.include_router(module.router)
    handlers: dict[int | type[Exception], ExceptionHandler] = {
        SignInNeeded: _to_sign_in,
        PasswordNeeded: _to_password,
        NotAllowed: _not_allowed,
        UsageError: _refused,
        RetryLater: _unavailable,
        RequestValidationError: _wrong_form,
        HTTPException: _plain_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    return app


def _to_sign_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)  # noqa: S101 - how it was registered
    path = sign_in_path(error.back)
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, SEE_OTHER)


def _to_password(_request: Request, _error: Exception) -> Response:
    return RedirectResponse(PASSWORD_PAGE, SEE_OTHER)


def _not_allowed(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotAllowed)  # noqa: S101 - how it was registered
    return _error(request, 403, "Not allowed", error.why)


def _refused(request: Request, error: Exception) -> Response:
    return _error(request, 409, "Not done", f"{error}.")


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


def _error(request: Request, status: int, title: str, text: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": title, "detail": text}, status)
    return open_page(request, "error.html", status=status, title=title, text=text)
