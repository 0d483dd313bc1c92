"""`/healthz`: the process lives. `/readyz`: what it stands on answers."""

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from worker.desk.guard import parts_of
from worker.domain.errors import RetryLater

router = APIRouter()
OLDEST_PASS = timedelta(minutes=15)
"""A mailbox that was not read to its end for this long is not ready. Our choice."""


@router.get("/healthz")
def healthz() -> JSONResponse:
    """Answer that the process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Answer whether database, Redis and mailbox are there; 503 names what is not."""
    parts = parts_of(request)
    found: dict[str, str] = {}
    try:
        mailboxes = parts.store.stats.mailboxes()
        found["database"] = "ok"
    except RetryLater:
        found["database"] = "does not answer"
        mailboxes = []
    found["redis"] = "ok" if parts.redis_answers() else "no answer"
    now = parts.clock.now()
    for box in mailboxes:
        if box.passed_at is None or now - box.passed_at > OLDEST_PASS:
            found["mailbox"] = "was not read lately"
            break
    else:
        found["mailbox"] = "ok" if mailboxes else "was never read"
    is_ready = all(word == "ok" for word in found.values())
    return JSONResponse(
        {"status": "ready" if is_ready else "not ready", **found},
        200 if is_ready else 503,
    )
