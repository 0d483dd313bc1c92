"""What both APIs stand on: an application of its own each, and how errors are told."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from worker.bootstrap import Parts
from worker.desk.api_models import Problem
from worker.desk.callers import Allowance, Refused
from worker.domain.errors import RetryLater
from worker.domain.points import PointsRefused

_AGAIN = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_SCHEME = {"WWW-Authenticate": {"schema": {"type": "string"}}}


def problem(description: str, headers: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - FastAPI's dict
    """Return an answer of an OpenAPI description."""
    made: dict[str, Any] = {"model": Problem, "description": description}
    return made | ({"headers": headers} if headers else {})


PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: problem("No token, or one that is unknown or revoked.", _SCHEME),
    422: problem("A parameter is unknown or wrong."),
    429: problem("Too many requests in this minute.", _AGAIN),
    503: problem("The database does not answer; try again.", _AGAIN),
}
FORBIDDEN: dict[int | str, dict[str, Any]] = {
    403: problem("The person who is signed in may not see claims."),
}
_CODES = {
    400: "unreadable",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "wrong_method",
    413: "too_large",
    422: "wrong_parameter",
    429: "too_many_requests",
}


def new_api(
    parts: Parts, path: str, *, title: str, about: str, allowance: Allowance
) -> FastAPI:
    """Return an API without routes, to be mounted at a path.

    An application of its own, so that its OpenAPI is about it alone.
    """
    api = FastAPI(
        title=title,
        version="1",
        description=about,
        servers=[{"url": path}],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    api.state.parts = parts
    api.state.allowance = allowance
    api.add_exception_handler(HTTPException, _as_problem)
    api.add_exception_handler(Refused, _as_problem)
    api.add_exception_handler(RequestValidationError, _wrong)
    api.add_exception_handler(PointsRefused, _refused)
    api.add_exception_handler(RetryLater, _unavailable)
    return api


def _as_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    code = _CODES.get(error.status_code, "failed")
    if error.status_code == 405:  # noqa: PLR2004 - as in _CODES
        code = "only_get" if "GET" in (error.headers or {}).get("Allow", "") else code
    return JSONResponse(
        {"error": code, "detail": str(error.detail)},
        error.status_code,
        headers=error.headers,
    )


def _wrong(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    faults = (
        f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}"
        for one in error.errors()
    )
    return JSONResponse({"error": _CODES[422], "detail": "; ".join(faults)}, 422)


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PointsRefused)  # noqa: S101 - as above
    return JSONResponse({"error": error.code, "detail": str(error)}, 409)


def _unavailable(_request: Request, _down: Exception) -> Response:
    said = {"error": "not_available", "detail": "The database does not answer."}
    return JSONResponse(said, 503, headers={"Retry-After": "5"})
