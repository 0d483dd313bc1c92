"""`/operations/dead`: jobs that nothing tries again by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Response

from worker import operating
from worker.actors import KINDS
from worker.desk.guard import LARGEST_ID, RowId, Visit, needs
from worker.desk.handing_out import to_save
from worker.desk.operations import tabs
from worker.desk.pages import go, page
from worker.domain.counting import counted
from worker.domain.dead_words import explain
from worker.domain.errors import UsageError
from worker.domain.staff import Right
from worker.operating import Matching, Result

router = APIRouter()
Seen = Annotated[Visit, needs(Right.SEE_OPERATIONS)]
SeenClaims = Annotated[Visit, needs(Right.SEE_CLAIMS)]
Operated = Annotated[Visit, needs(Right.OPERATE)]
HERE = "/operations/dead"
A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters are looked at; "" is any."""

    kind: str = ""
    reason: str = ""

    def path(self, **more: object) -> str:
        """Return the address of the list."""
        given = {"kind": self.kind, "reason": self.reason, **more}
        query = urlencode({name: value for name, value in given.items() if value})
        return HERE + (f"?{query}" if query else "")


@router.get("/operations/dead")
def dead_letters(
    visit: Seen,
    kind: Annotated[str, Query(max_length=40)] = "",
    reason: Annotated[str, Query(max_length=200)] = "",
    below: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """List them, the newest first."""
    return _list(visit, Filter(kind, reason), below=below)


@router.get("/operations/dead/{job_id}")
def dead_letter(visit: Seen, job_id: RowId) -> Response:
    """Show one with all that is known of it."""
    letter = visit.parts.desk.dead_letters.find(job_id)
    if letter is None:
        say = f"Job {job_id} is no dead letter, or none any more."
        return go(visit.request, HERE, say=say, tone="plain")
    return page(
        visit,
        "dead_letter.html",
        letter=letter,
        follows=KINDS[letter.kind].follows if letter.kind in KINDS else "",
        explained=explain(letter.reason),
        **tabs(visit),
    )


@router.get("/operations/dead/{job_id}/raw")
def raw_mail(visit: SeenClaims, job_id: RowId) -> Response:
    """Hand out the mail that it is about, as it came."""
    letter = operating.find_dead(visit.parts, job_id)
    raw = operating.raw_of(visit.parts, letter)
    if raw is None:
        raise UsageError("the raw mail is not kept, or is not where it should be")
    return to_save(raw, f"dead-letter-{job_id}.eml", "message/rfc822")


@router.post("/operations/dead")
def deal_with(
    visit: Operated,
    do: Annotated[str, Form(pattern="^(requeue|discard)(_all)?$")],
    job: Annotated[list[int] | None, Form()] = None,
    kind: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=200)] = "",
    why: Annotated[str, Form(max_length=1000)] = "",
    until: Annotated[datetime | None, Form()] = None,
) -> Response:
    """Requeue or discard those that are chosen, or all that match.

    All that match are those that the page counted: what died after `until` is left.
    """
    chosen, by = Filter(kind, reason), visit.person.name
    jobs = job or []
    say = ""
    if not do.endswith("_all") and not jobs:
        say = "Choose at least one dead letter."
    elif do.startswith("discard") and not why.strip():
        say = "Say why: a discarded dead letter is not tried again."
    elif do.endswith("_all") and (until is None or until.tzinfo is None):
        say = "Look at what matches now, and do it then."
    if say:
        return _list(visit, chosen, say=say, jobs=jobs, why=why)
    wanted = Matching(kind, reason, until)
    match do:
        case "requeue":
            found = operating.requeue(visit.parts, jobs, by=by)
        case "requeue_all":
            found = operating.requeue_matching(visit.parts, wanted, by=by)
        case "discard":
            found = operating.discard(visit.parts, jobs, by=by, reason=why)
        case _:
            found = operating.discard_matching(visit.parts, wanted, by=by, why=why)
    tone = "bad" if found.skipped else "good" if found.done else "plain"
    return go(visit.request, chosen.path(), say=_said(do, found), tone=tone)


def _list(
    visit: Visit,
    chosen: Filter,
    *,
    below: int | None = None,
    say: str = "",
    jobs: list[int] | None = None,
    why: str = "",
) -> Response:
    store = visit.parts.desk.dead_letters
    letters = store.listed(
        kind=chosen.kind, reason=chosen.reason, below=below, limit=A_PAGE + 1
    )
    groups = store.groups()
    has_more = len(letters) > A_PAGE
    letters = letters[:A_PAGE]
    return page(
        visit,
        "dead_letters.html",
        status=422 if say else 200,
        letters=letters,
        chosen=chosen,
        kinds=sorted({kind for kind, _ in groups}),
        reasons=sorted({one for kind, one in groups if chosen.kind in {"", kind}}),
        matching=sum(
            number
            for (kind, one), number in groups.items()
            if chosen.kind in {"", kind} and chosen.reason in {"", one}
        ),
        older=chosen.path(below=letters[-1].job_id) if has_more else "",
        is_first=below is None,
        say=say,
        jobs=jobs or [],
        why=why,
        **tabs(visit),
    )


def _said(do: str, found: Result) -> str:
    letters = counted(len(found.done), "dead letter")
    what = "tried again" if do.startswith("requeue") else "discarded"
    words = [f"{letters} {what}." if found.done else "Nothing was left to do."]
    if found.skipped:
        words.append(
            f"{len(found.skipped)} not: a person has settled what they were about,"
            " so discard them."
        )
    if found.has_more:
        words.append("There are more that match: do it again for those.")
    return " ".join(words)
