"""`/`: where a person's work begins."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from worker.desk.guard import Visit, needs
from worker.desk.pages import SEE_OTHER

router = APIRouter()


@router.get("/")
def home(visit: Annotated[Visit, needs(None)]) -> Response:  # noqa: ARG001 - a guard
    """Lead to the work list."""
    return RedirectResponse("/claims", SEE_OTHER)
