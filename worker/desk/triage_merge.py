"""`/triage/merge`: two claims side by side, before one takes over the other."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response

from worker import decide, triaging
from worker.adapters.store.mails import MailInClaim
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.desk.triage import WHO
from worker.domain.claim import Claim
from worker.domain.documents import DocumentVerdict
from worker.domain.errors import UsageError
from worker.domain.staff import Right
from worker.triaging import Deed, Wish

router = APIRouter()
Agent = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]
Text = Annotated[str, Form(max_length=40)]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two claims with what it has."""

    claim: Claim
    mails: list[MailInClaim]
    documents: list[DocumentVerdict]


@router.get("/triage/merge")
def compare(visit: Agent, claim: str = "", into: str = "") -> Response:
    """Show both claims, and what a merge would do."""
    return _page(visit, claim, into)


@router.post("/triage/merge")
def merge(visit: Agent, claim: Text = "", into: Text = "", seen: Text = "") -> Response:
    """Let one claim take over the other in ten seconds."""
    try:
        one, other = (decide.find_claim(visit.parts, ref) for ref in (claim, into))
        wish = Wish(
            deed=Deed.MERGE,
            seen=seen,
            claim_id=one.claim_id,
            data={"into": str(other.claim_id)},
        )
        triaging.schedule(visit.parts, wish, by=visit.staff)
    except UsageError as error:
        return _page(visit, claim, into, say=str(error))
    return go(
        visit.request,
        "/triage",
        say=f"{one.ref} is merged into {other.ref} in 10 seconds.",
        undo=f"/triage/merge/{one.claim_id}/undo",
    )


@router.post("/triage/merge/{claim_id:int}/undo")
def undo(visit: Agent, claim_id: RowId) -> Response:
    """Take a merge back that has not happened yet."""
    if visit.parts.desk.placements.undo(claim_id=claim_id):
        say = "Taken back: nothing happened."
        return go(visit.request, f"/claims/{claim_id}", say=say)
    say = "Too late to take it back: the claims are merged."
    return go(visit.request, f"/claims/{claim_id}", say=say, tone="bad")


def _page(visit: Visit, claim: str, into: str, say: str = "") -> Response:
    sides: list[Side] = []
    for ref in (claim, into):
        if not ref.strip():
            continue
        try:
            sides.append(_side(visit, decide.find_claim(visit.parts, ref)))
        except UsageError as error:
            say = say or str(error)
    why_not = ""
    is_pair = len(sides) == 2  # noqa: PLR2004 - the two claims
    if is_pair:
        one, other = (side.claim for side in sides)
        try:
            decide.check_merge(visit.parts, one, other, by=visit.staff)
        except UsageError as error:
            why_not = str(error)
    ids = tuple(side.claim.claim_id for side in sides)
    return page(
        visit,
        "triage_merge.html",
        status=409 if say else 200,
        sides=sides,
        is_pair=is_pair,
        claim=claim,
        into=into,
        why_not=why_not,
        say=say,
        seen=triaging.standing(visit.parts, claim_ids=ids),
        who=WHO,
    )


def _side(visit: Visit, claim: Claim) -> Side:
    store = visit.parts.store
    return Side(
        claim,
        store.mails.of_claim(claim.claim_id),
        store.claims.documents(claim.claim_id),
    )
