"""`/triage`: what no rule could settle, as one list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from worker import candidates
from worker.adapters.store.desk.placements import Placement
from worker.adapters.store.desk.triage import MOST_COUNTED, TriageMail, Waits
from worker.candidates import Candidate
from worker.desk.guard import Visit, needs, own_path
from worker.desk.pages import of_one_moment, page
from worker.domain.identity import SenderTier
from worker.domain.staff import Right

router = APIRouter()
PER_PAGE = 25
FIRST_WORDS = 160
"""Characters of a mail in the list."""
TABS: Mapping[Waits, str] = {
    Waits.UNMATCHED: "Match nothing",
    Waits.HELD: "Strangers",
    Waits.SEVERAL_ORDERS: "Several orders",
    Waits.MACHINE: "Perhaps a machine",
    Waits.WITHDRAWAL: "Withdrawals",
    Waits.AFTER_CLOSE: "After the end",
    Waits.PARKED: "Unreadable",
}
WHY: Mapping[Waits, str] = {
    Waits.UNMATCHED: "No member and order that the directory confirms",
    Waits.HELD: "The sender is not proven to be the member",
    Waits.SEVERAL_ORDERS: "It names several orders; each is a claim of its own",
    Waits.MACHINE: "It passes for a machine's mail but has the form of a claim",
    Waits.WITHDRAWAL: "The member seems to take the claim back",
    Waits.AFTER_CLOSE: "It came to a claim that is over",
    Waits.PARKED: "It could not be read",
}
WHO: Mapping[SenderTier | None, str] = {
    SenderTier.A: "member, proven",
    SenderTier.B: "member's address, not proven",
    SenderTier.C: "not on file",
    None: "not known",
}
TONES: Mapping[SenderTier | None, str] = {
    SenderTier.A: "good",
    SenderTier.B: "info",
    SenderTier.C: "warn",
    None: "plain",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One mail of the list with what is suggested and what is about to happen."""

    mail: TriageMail
    first_words: str
    candidates: tuple[Candidate, ...]
    pending: tuple[Placement, ...]


@router.get("/triage")
@of_one_moment
def triage_list(
    visit: Annotated[Visit, needs(Right.SEE_CLAIMS)],
    tab: str = "all",
    order: str = "oldest",
    after: int | None = None,
) -> Response:
    """Show what waits, a tab for each reason."""
    chosen = next((kind for kind in Waits if kind == tab), None)
    newest_first = order == "newest"
    desk = visit.parts.desk
    mails = desk.triage.page(
        tuple(Waits) if chosen is None else (chosen,),
        after=after,
        newest_first=newest_first,
        limit=PER_PAGE + 1,
    )
    shown, has_more = mails[:PER_PAGE], len(mails) > PER_PAGE
    counts = desk.triage.counts()
    more = shown[-1].mail_id if has_more else None
    return page(
        visit,
        "triage.html",
        rows=_rows(visit, shown),
        tab=chosen,
        tabs=[(kind, name, counted(counts[kind])) for kind, name in TABS.items()],
        all_count=counted(desk.triage.total()),
        newest_first=newest_first,
        is_first_page=after is None,
        here=path_to(chosen, newest_first=newest_first, after=after),
        turned=path_to(chosen, newest_first=not newest_first),
        first_page=path_to(chosen, newest_first=newest_first),
        next_page=more and path_to(chosen, newest_first=newest_first, after=more),
        why=WHY,
        who=WHO,
        tones=TONES,
        Waits=Waits,
    )


def path_to(tab: Waits | None, *, newest_first: bool, after: int | None = None) -> str:
    """Return the address of a list; the usual is left out of it."""
    asked = {"tab": tab, "order": newest_first and "newest", "after": after}
    query = urlencode({name: value for name, value in asked.items() if value})
    return "/triage" + (f"?{query}" if query else "")


def back_to(path: str) -> str:
    """Return the list that a form came from; a stranger's path is the whole list."""
    own = own_path(path)
    return own if own.startswith("/triage") else "/triage"


def counted(number: int) -> str:
    """Return a count as the tabs say it."""
    return f"{MOST_COUNTED - 1}+" if number >= MOST_COUNTED else str(number)


def _rows(visit: Visit, mails: list[TriageMail]) -> list[Row]:
    desk = visit.parts.desk
    suggested = candidates.listed(visit.parts, mails)
    by_mail = desk.placements.of_mails([one.mail_id for one in mails])
    held = [one.claim_id for one in mails if one.claim_id is not None]
    by_claim = desk.placements.of_claims(held)
    return [
        Row(
            one,
            "" if one.mail is None else " ".join(one.mail.text.split())[:FIRST_WORDS],
            suggested.get(one.mail_id, ()),
            (
                *by_mail.get(one.mail_id, ()),
                *by_claim.get(one.claim_id or 0, ()),
            ),
        )
        for one in mails
    ]
