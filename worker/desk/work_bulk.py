"""What is done to several claims of the list at once, and kept views of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response

from worker import decide
from worker.adapters.store.desk.assigning import Assigned
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.desk.refusals import at_desk
from worker.desk.words import claim_ref
from worker.desk.work_query import ListQuery
from worker.domain.counting import counted
from worker.domain.errors import IllegalTransition, RetryLater, UsageError
from worker.domain.staff import Person, Right

router = APIRouter()
Worker = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]
Reader = Annotated[Visit, needs(Right.SEE_CLAIMS)]
Chosen = Annotated[list[int], Form(max_length=200)]
Here = Annotated[str, Form(max_length=3000)]
NOTHING = "Select a claim first: tick its box, or press x."
ME, NOBODY = "me", "0"
_ROW = re.compile(r"[0-9]{1,18}")
_PAIR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
"""A claim and a person, by numbers that a database holds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one claim of several; `why` is "" where it was done."""

    claim_id: int
    why: str


@router.post("/claims/assign")
def assign(
    visit: Worker,
    claim: Chosen = [],  # noqa: B006 - FastAPI copies it
    to: Annotated[str, Form(max_length=20)] = "",
    person: Annotated[str, Form(max_length=20)] = "",
    here: Here = "",
) -> Response:
    """Give the selected claims to a person, or take them back.

    Args:
        visit: who asks.
        claim: the numbers of the claims.
        to: `me`, or "" for the one who is chosen.
        person: the chosen one's number; 0 is nobody.
        here: the list to go back to.
    """
    if not claim:
        return _back(visit, here, NOTHING, tone="bad")
    try:
        whom = _whom(visit, to or person)
    except UsageError as error:
        return _back(visit, here, f"Not assigned: {at_desk(error)}.", tone="bad")
    name = None if whom is None else whom.name
    given: dict[int, str | None] = dict.fromkeys(claim, name)
    done = visit.parts.desk.assignments.assign(given, by=visit.person.name)
    whose = "nobody" if whom is None else whom.shown
    if not done:
        say = f"Nothing was to do: each is assigned to {whose}, or closed."
        return _back(visit, here, say, tone="plain")
    what = (
        claim_ref(done[0].claim_id) if len(done) == 1 else counted(len(done), "claim")
    )
    say = f"{what} assigned to {whose}."
    return _back(visit, here, say, undo=_undo_path(visit, done, whom))


@router.post("/claims/assign/undo")
def undo(visit: Worker, was: str = "", now: int = 0) -> Response:
    """Give claims back to whom they were taken from, unless somebody else has them.

    Args:
        visit: who asks.
        was: `claim.person` for each claim, by numbers; person 0 is nobody.
        now: to whom they had been given.
    """
    listed = visit.parts.desk.people.listed()
    people = {one.person_id: one.name for one in listed}
    able = {one.person_id: one.name for one in listed if one.works_on_claims}
    found = (_PAIR.fullmatch(one) for one in was.split("-"))
    pairs = [(int(pair[1]), int(pair[2])) for pair in found if pair is not None]
    before = {
        claim: able.get(person)
        for claim, person in pairs
        if not person or person in able
    }
    done = visit.parts.desk.assignments.assign(
        before, by=visit.person.name, only_from=people.get(now)
    )
    return _back(
        visit, "", f"Undone for {len(done)} of {counted(len(before), 'claim')}."
    )


@router.post("/claims/remind")
def remind(
    visit: Worker,
    claim: Chosen = [],  # noqa: B006 - FastAPI copies it
    here: Here = "",
) -> Response:
    """Remind the members of the selected claims; say of each what became of it."""
    if not claim:
        return _back(visit, here, NOTHING, tone="bad")
    outcomes = [_remind_one(visit, one) for one in dict.fromkeys(claim)]
    done = sum(not one.why for one in outcomes)
    if done == len(outcomes):
        return _back(visit, here, f"{counted(done, 'member')} reminded.")
    back = _path(here)
    return page(visit, "work_done.html", outcomes=outcomes, done=done, back=back)


@router.post("/claims/views")
def save_view(
    visit: Reader,
    name: Annotated[str, Form(max_length=200)] = "",
    here: Here = "",
) -> Response:
    """Keep the list under a name."""
    query = str(ListQuery.parse(here))
    try:
        visit.parts.desk.views.save(visit.person.person_id, name, query)
    except UsageError as error:
        return _back(visit, here, f"Not kept: {at_desk(error)}.", tone="bad")
    return _back(visit, here, "The view is kept.")


@router.post("/claims/views/{view_id}/delete")
def delete_view(visit: Reader, view_id: RowId, here: Here = "") -> Response:
    """Forget a kept list."""
    visit.parts.desk.views.delete(visit.person.person_id, view_id)
    return _back(visit, here, "The view is deleted.")


def _remind_one(visit: Visit, claim_id: int) -> Outcome:
    try:
        found = decide.find_claim(visit.parts, str(claim_id))
        decide.remind(visit.parts, found, by=visit.staff)
    except UsageError as error:
        return Outcome(claim_id, at_desk(error))
    except IllegalTransition:
        return Outcome(claim_id, "it cannot be reminded as it stands")
    except RetryLater:
        return Outcome(claim_id, "the order directory or the database did not answer")
    return Outcome(claim_id, "")


def _whom(visit: Visit, to: str) -> Person | None:
    """Return who shall have claims; None is nobody.

    Raises:
        UsageError: there is no such person, or no claim can be theirs.
    """
    if to == ME:
        return visit.person
    if to == NOBODY:
        return None
    person = visit.parts.desk.people.get(int(to)) if _ROW.fullmatch(to) else None
    if person is None or not person.works_on_claims:
        raise UsageError("choose somebody who works on claims")
    return person


def _undo_path(visit: Visit, done: list[Assigned], to: Person | None) -> str:
    numbers: Mapping[str, int] = {
        one.name: one.person_id for one in visit.parts.desk.people.listed()
    }
    was = "-".join(f"{one.claim_id}.{numbers.get(one.before or '', 0)}" for one in done)
    return f"/claims/assign/undo?now={0 if to is None else to.person_id}&was={was}"


def _path(here: str) -> str:
    """Return the list that a form came from; nothing but a list of ours."""
    return ListQuery.parse(here).path()


def _back(
    visit: Visit, here: str, say: str, *, tone: str = "good", undo: str = ""
) -> Response:
    return go(visit.request, _path(here), say=say, tone=tone, undo=undo)
