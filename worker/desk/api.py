"""`/api/v1`: claims, mails and queues for other programs; nothing can be changed."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from worker.actors import QUEUES
from worker.adapters.store.desk.listing import ClaimFilter
from worker.bootstrap import Parts
from worker.desk.api_base import FORBIDDEN, PROBLEMS, new_api, problem
from worker.desk.api_models import (
    Assessed,
    ClaimDetail,
    ClaimPage,
    ClaimQuery,
    ClaimSummary,
    Document,
    EventOut,
    MailOut,
    MailQuery,
    Mails,
    QueueOut,
    Queues,
)
from worker.desk.callers import PER_MINUTE, Allowance, calls
from worker.desk.guard import LARGEST_ID, parts_of

PATH = "/api/v1"
FURTHEST_BACK = timedelta(days=31)
"""What a caller may have missed; the cost follows what happened since."""
_ABOUT = f"""
Reads the claims office: claims, what became of mails, and the queues.

Send a token in `Authorization: Bearer TOKEN`; an admin makes them at `/people/tokens`
or with `claims token add`. Who is signed in to the desk may read too. Each caller has
{PER_MINUTE} requests a minute. Money is US dollars as a string with two decimals,
instants are ISO 8601 in UTC. Errors are JSON with `error` and `detail`.
"""
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: problem("There is none.")}
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]


def create_api(parts: Parts) -> FastAPI:
    """Return the API over the parts of the program."""
    title = "Claims worker, read API"
    api = new_api(parts, PATH, title=title, about=_ABOUT, allowance=Allowance())
    for path, handler, about, more in _ROUTES:
        api.get(
            path,
            dependencies=[calls()],
            operation_id=handler.__name__,
            summary=about,
            responses=PROBLEMS | FORBIDDEN | more,
        )(handler)
    api.get("/openapi.json", dependencies=[calls()], include_in_schema=False)(schema)
    return api


# -- what is there ---------------------------------------------------------------


def claims(request: Request, asked: Annotated[ClaimQuery, Query()]) -> ClaimPage:
    """Claims by number, lowest first, a page at a time.

    To follow changes, keep the instant of the last call and pass it as
    `updated_since`.
    """
    parts = parts_of(request)
    since = asked.updated_since
    if since is not None and since < parts.clock.now() - FURTHEST_BACK:
        raise HTTPException(
            422,
            f"`updated_since` reaches back {FURTHEST_BACK.days} days at most. For "
            "everything, leave it out and go on with `after`.",
        )
    wanted = ClaimFilter(
        states=asked.state,
        is_open=asked.open,
        member_id=asked.member,
        order_number=asked.order,
        changed_since=since,
    )
    listing = parts.desk.listing
    found = listing.claims(wanted, after=asked.after, limit=asked.limit + 1)
    shown, now = found[: asked.limit], parts.clock.now()
    return ClaimPage(
        claims=[ClaimSummary.of(one, now=now) for one in shown],
        next_after=shown[-1].claim.claim_id if len(found) > len(shown) else None,
    )


def claim(request: Request, claim_id: Number) -> ClaimDetail:
    """One claim with documents, findings, amounts, deadlines and history."""
    parts = parts_of(request)
    found = parts.desk.listing.claim(claim_id)
    if found is None:
        raise HTTPException(404, "There is no claim of this number.")
    summary = ClaimSummary.of(found, now=parts.clock.now())
    read = parts.store.claims
    assessment = read.latest_assessment(claim_id)
    return ClaimDetail(
        **dict(summary),
        documents=[Document.of(one) for one in read.documents(claim_id)],
        assessment=None if assessment is None else Assessed.of(assessment),
        events=[
            EventOut.of(seq, one) for seq, one in enumerate(read.events(claim_id), 1)
        ],
    )


def mails(request: Request, asked: Annotated[MailQuery, Query()]) -> Mails:
    """What became of the mails with a Message-ID."""
    found = parts_of(request).desk.listing.mails_of(asked.message_id)
    return Mails(mails=[MailOut.of(one) for one in found])


def mail(request: Request, mail_id: Number) -> MailOut:
    """What became of one mail."""
    found = parts_of(request).desk.listing.mail(mail_id)
    if found is None:
        raise HTTPException(404, "There is no mail of this number.")
    return MailOut.of(found)


def queues(request: Request) -> Queues:
    """How many jobs stand in each queue."""
    parts = parts_of(request)
    counts = parts.desk.listing.queues(QUEUES)
    return Queues(at=parts.clock.now(), queues=[QueueOut.of(one) for one in counts])


def schema(request: Request) -> JSONResponse:
    """Return the OpenAPI description."""
    return JSONResponse(request.app.openapi())


_ROUTES: tuple[tuple[str, Any, str, dict[int | str, dict[str, Any]]], ...] = (
    ("/claims", claims, "List claims", {}),
    ("/claims/{claim_id}", claim, "One claim", _NOT_FOUND),
    ("/mails", mails, "Mails by Message-ID", {}),
    ("/mails/{mail_id}", mail, "One mail", _NOT_FOUND),
    ("/queues", queues, "Queues", {}),
)
