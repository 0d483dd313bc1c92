"""Doing things to a claim besides replying: a form each, where it is possible.

The table of transitions says which are possible in the claim's state for the person's
role. A form whose claim has changed since is refused, and shown again with what was
typed.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from worker import decide, desk_send
from worker.desk.deed_facts import Choice, DeedFacts, deed_facts
from worker.desk.deed_table import DEEDS, GROUPS, Blank, Deed, Typed
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.desk.words import plain
from worker.domain.claim import Claim
from worker.domain.errors import IllegalTransition, UsageError
from worker.domain.staff import Right
from worker.domain.written import Seen

router = APIRouter()
Writer = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]
LONGEST_FIELD = 5000
_COMMAND = re.compile(r"`claims ([a-z-]+)[^`]*`")
_OPTION = re.compile(r"--([a-z]+)")
_FIELDS = {
    "reason": "your words",
    "text": "your words",
    "amount": "the amount",
    "clause": "the clause",
}
_BUTTONS = {deed.key: deed.title for deed in DEEDS} | {
    "approve": "Approve",
    "reject": "Reject",
    "propose": "Propose",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A form as the page draws it; `typed` is what stood in it when it was refused."""

    deed: Deed
    blanks: tuple[tuple[Blank, tuple[Choice, ...]], ...]
    typed: Typed


@dataclass(frozen=True, slots=True)
class Deeds:
    """All forms of a claim for one person, by group."""

    seen: Seen
    groups: tuple[tuple[str, tuple[Shown, ...]], ...]


def claim_at(visit: Visit, claim_id: int) -> Claim:
    """Return the claim of a path.

    Raises:
        HTTPException: 404, there is none.
    """
    claim = visit.parts.store.claims.get(claim_id)
    if claim is None:
        raise HTTPException(404)
    return claim


def deeds_for(visit: Visit, claim: Claim) -> Deeds:
    """Return the forms of what the person may do to the claim now."""
    facts = deed_facts(visit.parts, claim, visit.person.name)
    shown = [_shown(one, facts) for one in DEEDS if _may(visit, claim, one, facts)]
    groups = tuple(
        (name, tuple(one for one in shown if one.deed.group == name)) for name in GROUPS
    )
    seen = Seen(claim.version, facts.events)
    return Deeds(seen, tuple(group for group in groups if group[1]))


async def _fields(request: Request) -> Typed:
    """Return what a form says, whatever its fields."""
    return {
        name: value[:LONGEST_FIELD].replace("\r\n", "\n")
        for name, value in (await request.form()).items()
        if isinstance(value, str)
    }


@router.post("/claims/{claim_id}/do/{key}")
def do(
    visit: Writer, claim_id: RowId, key: str, typed: Annotated[Typed, Depends(_fields)]
) -> Response:
    """Do one thing, if nothing came to the claim since the page was made."""
    claim = claim_at(visit, claim_id)
    deed = next((one for one in DEEDS if one.key == key), None)
    if deed is None:
        raise HTTPException(404)
    facts = deed_facts(visit.parts, claim, visit.person.name)
    try:
        desk_send.check_seen(visit.parts, claim, _seen(typed))
        _check_possible(visit, claim, deed, facts)
        done = deed.run(visit.parts, claim, visit.staff, _filled(deed, facts, typed))
    except (UsageError, IllegalTransition) as error:
        return _again(visit, claim, _shown(deed, facts, typed), facts, error)
    say = f"{deed.title}: {claim.ref} is {plain(done.claim.state)} now."
    if done.email_status == "queued":
        say += " The e-mail is on its way."
    return go(visit.request, f"/claims/{claim_id}", say=say)


def at_desk(error: Exception | str) -> str:
    """Return an error's text in words of the desk: buttons, not commands."""
    text = _COMMAND.sub(lambda m: f"“{_BUTTONS.get(m[1], plain(m[1]))}”", str(error))
    return _OPTION.sub(lambda m: _FIELDS.get(m[1], f"the field “{m[1]}”"), text)


def _check_possible(visit: Visit, claim: Claim, deed: Deed, facts: DeedFacts) -> None:
    if not _may(visit, claim, deed, facts):
        raise UsageError(
            f"“{deed.title}” is not possible: {claim.ref} is {plain(claim.state)}, and"
            f" your role is {visit.person.role}"
        )


def _may(visit: Visit, claim: Claim, deed: Deed, facts: DeedFacts) -> bool:
    roles = visit.staff.roles
    return decide.is_possible(
        claim, deed.event, roles, has_stopped=facts.has_stopped
    ) and deed.if_also(facts)


def _shown(deed: Deed, facts: DeedFacts, typed: Typed | None = None) -> Shown:
    blanks = tuple(
        (one, () if one.choices is None else one.choices(facts)) for one in deed.blanks
    )
    return Shown(deed, blanks, typed or {})


def _seen(typed: Typed) -> Seen:
    try:
        return Seen(int(typed["version"]), int(typed["events"]))
    except (KeyError, ValueError):
        raise UsageError("the form is not whole: load the page again") from None


def _filled(deed: Deed, facts: DeedFacts, typed: Typed) -> Typed:
    """Return what the fields say.

    Raises:
        UsageError: one is empty, or says what was not offered.
    """
    filled = {}
    for blank in deed.blanks:
        value = typed.get(blank.name, "").strip()
        if blank.is_needed and not value:
            raise UsageError(f"fill in “{blank.label}”")
        if blank.choices is not None and value not in {
            one.value for one in blank.choices(facts)
        }:
            raise UsageError(f"choose one for “{blank.label}”")
        filled[blank.name] = value
    return filled


def _again(
    visit: Visit, claim: Claim, shown: Shown, facts: DeedFacts, error: Exception
) -> Response:
    events = visit.parts.store.claims.events(claim.claim_id)
    try:
        known = _seen(shown.typed).events
    except UsageError:
        known = len(events)
    return page(
        visit,
        "deed_refused.html",
        status=409,
        claim=claim,
        shown=shown,
        seen=Seen(claim.version, facts.events),
        news=events[known:],
        say=at_desk(error),
        is_possible=_may(visit, claim, shown.deed, facts),
    )
