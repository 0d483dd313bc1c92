"""THROWAWAY: the claim's page, for trying until the real one is merged."""

from typing import Annotated

from fastapi import APIRouter, Response

from worker.desk.deeds import claim_at
from worker.desk.guard import Visit, needs
from worker.desk.pages import page
from worker.desk.writing import side_facts
from worker.domain.staff import Right

router = APIRouter()


@router.get("/claims/{claim_id}")
def claim_page(
    visit: Annotated[Visit, needs(Right.SEE_CLAIMS)], claim_id: int
) -> Response:
    """Show the claim."""
    claim = claim_at(visit, claim_id)
    facts = {"claim": claim} | side_facts(visit, claim)
    return page(visit, "claim.html", status=200, **facts)
