"""`/claims`: the work list, its search, and the claim that comes next."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from worker import decide
from worker.adapters.store.desk.finding import MOST_FOUND, Found
from worker.adapters.store.desk.work import (
    ANY,
    MOST_COUNTED,
    NOBODY,
    Page,
    Place,
    Tab,
)
from worker.bootstrap import Parts
from worker.desk.cookies import LAST_LIST
from worker.desk.guard import LARGEST_ID, Visit, is_secure, needs
from worker.desk.pages import SEE_OTHER, go, of_one_moment, page
from worker.desk.triage import counted
from worker.desk.work_query import ListQuery
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.errors import UsageError
from worker.domain.findings import RAISED_BY_CHECKS
from worker.domain.staff import Person, Right

router = APIRouter()
Reader = Annotated[Visit, needs(Right.SEE_CLAIMS)]
_LONGEST_COOKIE = 1500
FLAGS = (ANY, *sorted(RAISED_BY_CHECKS))
_TABS = {
    Tab.OPEN: "Open",
    Tab.MINE: "Mine",
    Tab.UNASSIGNED: "Unassigned",
    Tab.DUE_24H: "Due 24 h",
    Tab.DUE_48H: "Due 48 h",
    Tab.BREACHED: "Breached",
    Tab.APPROVAL: "Approval",
    Tab.WAITING: "Waiting on member",
}
_EMPTY = {
    Tab.OPEN: ("No open claim", "New claims appear here as their mails are read."),
    Tab.MINE: (
        "Nothing is assigned to you",
        "Take claims from “Unassigned”: select them and press “Assign to me”.",
    ),
    Tab.UNASSIGNED: ("Every open claim has somebody", "New ones appear here."),
    Tab.DUE_24H: ("No answer is due within 24 hours", "Look at the next 48 hours."),
    Tab.DUE_48H: ("No answer is due within 48 hours", "“Open” has what comes later."),
    Tab.BREACHED: ("No answer is late", "Every member was answered in time."),
    Tab.APPROVAL: (
        "No decision waits for approval",
        "A claim comes here when somebody proposes an amount or a rejection.",
    ),
    Tab.WAITING: (
        "No member has to send anything",
        "Claims wait here while documents or an answer are asked for.",
    ),
    Tab.CLOSED: ("No claim is closed", "Paid, rejected and withdrawn claims go here."),
    Tab.FOUND: (
        "Nothing was found",
        (
            "Search looks for claim, order, member and tracking numbers, e-mail"
            " addresses and the words of mails. Fewer or shorter words find more."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Search:
    """A list as somebody asked for it, and what its search found."""

    query: ListQuery
    found: Found | None

    @property
    def claim_ids(self) -> tuple[int, ...] | None:
        """Return the claims that were found; None where nothing was searched."""
        return None if self.found is None else self.found.claim_ids


def search(parts: Parts, query: ListQuery) -> Search:
    """Return a list with the claims that its search finds."""
    return Search(query, parts.desk.finder.find(query.q) if query.q else None)


@router.get("/claims")
@of_one_moment
def work_list(visit: Reader, after: str = "", before: str = "") -> Response:
    """Show a list of claims; a claim's own number leads straight to it."""
    query = ListQuery.of(visit.request.query_params)
    searched = search(visit.parts, query)
    exact = _exact(visit.parts, searched)
    if exact is not None:
        return RedirectResponse(f"/claims/{exact}", SEE_OTHER)
    wanted = query.wanted(visit.parts, visit.person, searched.claim_ids)
    work = visit.parts.desk.work
    shown = work.page(wanted, after=Place.parse(after), before=Place.parse(before))
    is_part = "HX-Request" in visit.request.headers
    people = visit.parts.desk.people.listed()
    response = page(
        visit,
        "work_part.html" if is_part else "work_list.html",
        query=query,
        tab=query.shown_tab,
        tabs=_TABS,
        Tab=Tab,
        counts=work.counts(wanted),
        triage=counted(visit.parts.desk.triage.total()),
        shown=shown,
        newer=_before(query, shown),
        older=_after(query, shown),
        here=query.path(after=after, before=before).partition("?")[2],
        empty=_empty(query),
        is_cut=searched.found is not None and searched.found.is_cut,
        most_found=MOST_FOUND,
        most_counted=MOST_COUNTED,
        views=[] if is_part else visit.parts.desk.views.of(visit.person.person_id),
        workers=[one for one in people if _works(one)],
        names={one.name: one.shown for one in people},
        nobody=NOBODY,
        types=list(ClaimType),
        states=list(ClaimState),
        flags=FLAGS,
        locales=[] if is_part else work.locales(),
    )
    if not is_part:
        _remember(visit.request, response, query)
    return response


@router.get("/claims/next")
def next_claim(
    visit: Reader, after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0
) -> Response:
    """Lead to the claim behind one in a list; without one named, in the last shown."""
    query = ListQuery.of(visit.request.query_params)
    if not str(query):
        query = ListQuery.parse(visit.request.cookies.get(LAST_LIST, ""))
    claim_ids = search(visit.parts, query).claim_ids
    wanted = query.wanted(visit.parts, visit.person, claim_ids)
    found = visit.parts.desk.work.next_after(wanted, after)
    if found is None:
        say = "That was the last claim of this list."
        return go(visit.request, query.path(), say=say, tone="plain")
    return RedirectResponse(f"/claims/{found}", SEE_OTHER)


def _works(person: Person) -> bool:
    return person.disabled_at is None and person.may(Right.WORK_ON_CLAIMS)


def _exact(parts: Parts, searched: Search) -> int | None:
    """Return the claim whose number was typed; a bare number may be another id too."""
    if searched.found is None or searched.query.tab:
        return None
    try:
        claim_id = decide.find_claim(parts, searched.query.q).claim_id
    except UsageError:
        return None
    is_bare = searched.query.q.isdigit()
    others = set(searched.found.claim_ids) - {claim_id}
    return None if is_bare and others else claim_id


def _after(query: ListQuery, shown: Page) -> str:
    return query.path(after=str(shown.items[-1].place)) if shown.has_more else ""


def _before(query: ListQuery, shown: Page) -> str:
    if not shown.has_before:
        return ""
    # An empty page behind the last one leads to the beginning.
    return query.path(before=str(shown.items[0].place)) if shown.items else query.path()


def _empty(query: ListQuery) -> tuple[str, str]:
    if query.filters and not query.q:
        return "No claim fits these filters", "Take one away to see more."
    return _EMPTY[Tab.FOUND if query.q else query.shown_tab]


def _remember(request: Request, response: Response, query: ListQuery) -> None:
    kept = str(query)
    if len(kept) <= _LONGEST_COOKIE:
        response.set_cookie(
            LAST_LIST,
            kept,
            httponly=True,
            secure=is_secure(request),
            samesite="lax",
        )
