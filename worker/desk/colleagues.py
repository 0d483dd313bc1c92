"""Colleagues on one claim: who is here, what they note, who has it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response

from worker.adapters.store.desk.remarks import LONGEST
from worker.desk.deeds import claim_at
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.domain.errors import UsageError
from worker.domain.staff import Right
from worker.domain.written import Seen, news

router = APIRouter()
Reader = Annotated[Visit, needs(Right.SEE_CLAIMS)]
Writer = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]


@router.post("/claims/{claim_id}/presence")
def presence(
    visit: Reader,
    claim_id: RowId,
    doing: Annotated[Literal["reading", "writing", "leaving"], Form()] = "reading",
    version: Annotated[int, Form()] = 0,
    events: Annotated[int, Form()] = 0,
) -> Response:
    """Say that the page is open; answer who else is here and what is new."""
    claim = claim_at(visit, claim_id)
    desk, name = visit.parts.desk, visit.person.name
    if doing == "leaving":
        desk.presence.leave(claim_id, name)
        return Response(status_code=204)
    desk.presence.beat(claim_id, name, is_writing=doing == "writing")
    happened = visit.parts.store.claims.events(claim_id)
    is_new = bool(news(happened, Seen(version, events)))
    is_old = bool(version) and (version != claim.version or is_new)
    return page(
        visit,
        "reply_presence.html",
        claim=claim,
        others=desk.presence.others(claim_id, name),
        is_old=is_old,
    )


@router.post("/claims/{claim_id}/remarks")
def add_remark(
    visit: Writer,
    claim_id: RowId,
    text: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Keep a note for colleagues."""
    claim = claim_at(visit, claim_id)
    path = f"/claims/{claim_id}#remarks"
    if not text.strip():
        return go(visit.request, path, say="An empty note is not kept.", tone="bad")
    visit.parts.desk.remarks.add(
        claim.claim_id, text.strip().replace("\r\n", "\n"), by=visit.person.name
    )
    return go(visit.request, path)


@router.post("/claims/{claim_id}/assign")
def assign(
    visit: Writer, claim_id: RowId, to: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Give the claim to somebody who works on claims, or to nobody.

    Raises:
        UsageError: there is no such person, or they do not work on claims.
    """
    claim = claim_at(visit, claim_id)
    path, desk = f"/claims/{claim_id}", visit.parts.desk
    if not to:
        desk.assignments.assign({claim_id: None}, by=visit.person.name)
        return go(visit.request, path, say=f"Nobody has {claim.ref} now.")
    person = desk.people.named(to)
    if person is None or not person.works_on_claims:
        raise UsageError("nobody of that name works on claims")
    desk.assignments.assign({claim_id: person.name}, by=visit.person.name)
    return go(visit.request, path, say=f"{person.shown} has {claim.ref} now.")
