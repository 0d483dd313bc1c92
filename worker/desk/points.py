"""`/points`: a member's points: what is left by lot, and what happened, in words."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from starlette.exceptions import HTTPException

from worker.adapters.store.points_schema import ID_LENGTH
from worker.bootstrap import Parts
from worker.desk.claim_files import Sees
from worker.desk.guard import LARGEST_ID, RowId
from worker.desk.pages import go, page
from worker.domain.points_words import CATEGORIES, in_words

router = APIRouter()
PAGE = "/points"
SHOWN = 50
"""Entries on one page. Our choice."""


@router.get(PAGE)
def find_points(visit: Sees) -> Response:
    """Ask whose points to show."""
    return page(visit, "points_find.html", member="", say="", accounts=())


@router.post(PAGE)
def find_member(
    visit: Sees, member: Annotated[str, Form(max_length=ID_LENGTH)] = ""
) -> Response:
    """Go to a member's only account, or list those on several sites."""
    accounts = visit.parts.points.accounts_of(member) if member.strip() else []
    if len(accounts) == 1:
        return go(visit.request, f"{PAGE}/{accounts[0].account_id}")
    say = "" if accounts else "No account has this member id; it opens with points."
    if not member.strip():
        say = "Type a member id."
    return page(
        visit,
        "points_find.html",
        status=200 if accounts else 422,
        member=member,
        say=say,
        accounts=accounts,
    )


@router.get("/points/{account_id:int}")
def show_points(
    visit: Sees,
    account_id: RowId,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """Show an account: its lots in the order of their use, and its history."""
    ledger = visit.parts.points
    account = ledger.account(account_id)
    if account is None:
        raise HTTPException(404)
    entries = ledger.history(account_id, limit=SHOWN + 1, before=before)
    others = [
        one
        for one in ledger.accounts_of(account.member_key)
        if one.account_id != account_id
    ]
    return page(
        visit,
        "points.html",
        account=account,
        others=others,
        lots=ledger.lots(account_id),
        categories=CATEGORIES,
        entries=entries[:SHOWN],
        in_words=in_words,
        older=entries[SHOWN - 1].entry_id if len(entries) > SHOWN else None,
        is_newest=before is None,
        cap=visit.parts.policy.daily_points_cap,
        day_zone=visit.parts.policy.policy_tz,
    )


def account_id_of(parts: Parts, member_id: str) -> int | None:
    """Return the account that a claim page links to: the one of our own site first."""
    accounts = parts.points.accounts_of(member_id)
    accounts.sort(key=lambda one: one.site != parts.settings.site)
    return accounts[0].account_id if accounts else None
