"""`/triage/{mail}`: one mail, what it may be about, and what a person makes of it."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Response

from worker import candidates, decide, triaging
from worker.adapters.store.desk.triage import TriageMail, Waits
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.desk.triage import TABS, TONES, WHO, WHY, back_to
from worker.domain.claim import Claim, ClaimState
from worker.domain.errors import GiveUp, RetryLater, UsageError
from worker.domain.mail import Fate
from worker.domain.staff import Right
from worker.triaging import Deed, Wish

router = APIRouter()
Reader = Annotated[Visit, needs(Right.SEE_CLAIMS)]
Agent = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]
Text = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=2000)]
AGAIN = "Somebody or something was faster. Look at it as it is now, and decide then."
DEEDS = {
    "mail_dismissed": "dismissed it",
    "mail_restored": "put it back",
    "alert_dismissed": "said that nothing is left to do",
    "alert_raised_again": "took that back",
}


@router.get("/triage/{mail_id:int}")
def show(visit: Reader, mail_id: RowId, back: str = "/triage") -> Response:
    """Show the mail."""
    return _page(visit, mail_id, back=back)


@router.get("/triage/{mail_id:int}/raw")
def raw(visit: Reader, mail_id: RowId) -> Response:
    """Hand over the mail as it came; browsers save it and show nothing of it."""
    record = _record(visit, mail_id)
    try:
        body = visit.parts.raw.get(record.sha256 or "")
    except GiveUp:
        raise HTTPException(404) from None
    name = f'attachment; filename="mail-{mail_id}.eml"'
    headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type="application/octet-stream", headers=headers)


# -- what happens in ten seconds ---------------------------------------------------


@router.post("/triage/{mail_id:int}/assign")
def assign(
    visit: Agent,
    mail_id: RowId,
    order: Text = "",
    package: Text = "",
    seen: Text = "",
    back: Text = "/triage",
) -> Response:
    """Let the mail open or join a claim on an order."""
    if not order.strip():
        typed = {"order": order, "package": package}
        return _page(visit, mail_id, back=back, say="Type an order number.", **typed)
    data = {"order": order.strip()}
    if package.strip():
        data["package"] = package.strip()
    wish = Wish(deed=Deed.ASSIGN, seen=seen, mail_id=mail_id, data=data)
    say = f"Mail {mail_id} goes to order {order.strip()} in 10 seconds."
    return _schedule(visit, mail_id, wish, say=say, back=back)


@router.post("/triage/{mail_id:int}/join")
def join(
    visit: Agent,
    mail_id: RowId,
    claim: Text = "",
    seen: Text = "",
    back: Text = "/triage",
) -> Response:
    """Let the mail join a claim."""
    try:
        into = decide.find_claim(visit.parts, claim)
    except UsageError:
        say = f"There is no claim {claim.strip() or 'without a number'}."
        return _page(visit, mail_id, back=back, say=say, claim=claim)
    data = {"into": str(into.claim_id)}
    wish = Wish(deed=Deed.JOIN, seen=seen, mail_id=mail_id, data=data)
    say = f"Mail {mail_id} joins {into.ref} in 10 seconds."
    return _schedule(visit, mail_id, wish, say=say, back=back, claim=claim)


@router.post("/triage/{mail_id:int}/split")
def split(
    visit: Agent,
    mail_id: RowId,
    order: Annotated[list[str] | None, Form()] = None,
    seen: Text = "",
    back: Text = "/triage",
) -> Response:
    """Let the mail count for more orders: a claim of its own for each."""
    chosen = list(dict.fromkeys(order or ()))
    if not chosen:
        say = "Tick the orders that it is about as well."
        return _page(visit, mail_id, back=back, say=say)
    left = {one.order_number for one in _unsplit(visit, _record(visit, mail_id))}
    wishes = [
        Wish(
            deed=Deed.ASSIGN,
            seen=seen,
            mail_id=mail_id,
            data={"order": one, "split": "yes"},
        )
        for one in chosen
    ]
    if left <= set(chosen):
        wishes[-1].data["last"] = "yes"
    names = ", ".join(chosen)
    say = f"Mail {mail_id} counts for {names} as well in 10 seconds."
    return _schedule(visit, mail_id, *wishes, say=say, back=back)


@router.post("/triage/{mail_id:int}/confirm")
def confirm(
    visit: Agent,
    mail_id: RowId,
    reason: Long = "",
    seen: Text = "",
    back: Text = "/triage",
) -> Response:
    """Release the held claim of the mail."""
    claim = _claim(visit, _record(visit, mail_id))
    if claim is None or not reason.strip():
        say = "Say how you know who wrote: the claim's history keeps it."
        return _page(visit, mail_id, back=back, say=say, reason=reason)
    wish = Wish(
        deed=Deed.CONFIRM, seen=seen, claim_id=claim.claim_id, reason=reason.strip()
    )
    say = f"{claim.ref} is released in 10 seconds; then the member is answered."
    return _schedule(visit, mail_id, wish, say=say, back=back, reason=reason)


@router.post("/triage/{mail_id:int}/undo")
def undo(visit: Agent, mail_id: RowId) -> Response:
    """Take back what has not happened yet."""
    record = _record(visit, mail_id)
    placements = visit.parts.desk.placements
    gone = placements.undo(mail_id=mail_id)
    if record.claim_id is not None and Waits.HELD in record.waits:
        gone += placements.undo(claim_id=record.claim_id)
    path = f"/triage/{mail_id}"
    if gone:
        return go(visit.request, path, say="Taken back: nothing happened.")
    say = "Too late to take it back: it has happened. What came of it is below."
    return go(visit.request, path, say=say, tone="bad")


# -- what can be taken back at any time ---------------------------------------------


@router.post("/triage/{mail_id:int}/dismiss")
def dismiss(
    visit: Agent, mail_id: RowId, seen: Text = "", back: Text = "/triage"
) -> Response:
    """Say that nothing is to be done: no claim, a machine's mail, or seen to."""
    record = _record(visit, mail_id)
    try:
        _look_fresh(visit, record, seen)
        say = _dismiss(visit, record)
    except UsageError as error:
        return go(visit.request, back_to(back), say=f"{_as_said(error)}", tone="bad")
    return go(visit.request, back_to(back), say=say, undo=f"/triage/{mail_id}/restore")


@router.post("/triage/{mail_id:int}/copy")
def copy(
    visit: Agent, mail_id: RowId, of: Text = "", seen: Text = "", back: Text = "/triage"
) -> Response:
    """Say that the mail is a copy of an earlier one."""
    record = _record(visit, mail_id)
    number = of.strip().lstrip("#")
    if not number.isdecimal():
        say = "Type the number of the earlier mail."
        return _page(visit, mail_id, back=back, say=say, of=of)
    try:
        _look_fresh(visit, record, seen)
        decide.dismiss(visit.parts, mail_id, by=visit.staff, copy_of=int(number))
    except UsageError as error:
        return _page(visit, mail_id, back=back, say=_as_said(error), of=of)
    say = f"Mail {mail_id} is a copy of mail {number}."
    return go(visit.request, back_to(back), say=say, undo=f"/triage/{mail_id}/restore")


@router.post("/triage/{mail_id:int}/restore")
def restore(visit: Agent, mail_id: RowId) -> Response:
    """Take a dismissal back."""
    record = _record(visit, mail_id)
    path = f"/triage/{mail_id}"
    parts, by = visit.parts, visit.staff
    claim = _claim(visit, record)
    try:
        if claim is not None and claim.state is ClaimState.NOT_A_CLAIM:
            decide.restore_held(parts, claim, by=by)
        elif _is_dismissed(record):
            decide.restore(parts, mail_id, by=by)
        else:
            decide.raise_alerts_again(parts, mail_id, by=by)
    except UsageError as error:
        return go(visit.request, path, say=_as_said(error), tone="bad")
    return go(visit.request, path, say=f"Mail {mail_id} is back in triage.")


# -- the page ------------------------------------------------------------------------


def _page(
    visit: Visit, mail_id: int, *, back: str, say: str = "", **typed: str
) -> Response:
    record = _record(visit, mail_id)
    parts, desk = visit.parts, visit.parts.desk
    claim = _claim(visit, record)
    held = claim if claim and claim.state is ClaimState.IDENTITY_HOLD else None
    try:
        found, is_down = candidates.candidates_of(parts, record), False
    except RetryLater:
        found, is_down = (), True
    pending = desk.placements.of_mails([mail_id]).get(mail_id, [])
    if held is not None:
        by_claim = desk.placements.of_claims([held.claim_id])
        pending = [*pending, *by_claim.get(held.claim_id, ())]
    shared = [parts.store.claims.get(one) for one in desk.triage.shared_with(mail_id)]
    return page(
        visit,
        "triage_mail.html",
        status=409 if say else 200,
        record=record,
        claim=claim,
        held=held,
        beside=None if held is None else decide.open_beside(parts, held),
        candidates=found,
        is_down=is_down,
        unsplit=_unsplit(visit, record, found),
        shared=[one for one in shared if one is not None],
        pending=pending,
        history=desk.triage.history(mail_id),
        deeds=DEEDS,
        dead_letter=desk.triage.dead_letter_of(mail_id),
        next_mail=desk.triage.next_after(mail_id),
        may_place=_may_place(record),
        may_dismiss=bool(set(record.waits) - {Waits.PARKED}),
        may_restore=_may_restore(visit, record, claim),
        seen=triaging.standing(parts, mail_id=mail_id),
        seen_held="" if held is None else _standing_of(visit, held),
        back=back_to(back),
        say=say,
        typed={"order": "", "package": "", "claim": "", "reason": "", "of": ""} | typed,
        why=WHY,
        who=WHO,
        tones=TONES,
        tabs=TABS,
        Waits=Waits,
    )


def _standing_of(visit: Visit, claim: Claim) -> str:
    return triaging.standing(visit.parts, claim_ids=(claim.claim_id,))


def _record(visit: Visit, mail_id: int) -> TriageMail:
    record = visit.parts.desk.triage.get(mail_id)
    if record is None:
        raise HTTPException(404)
    return record


def _claim(visit: Visit, record: TriageMail) -> Claim | None:
    if record.claim_id is None:
        return None
    return visit.parts.store.claims.get(record.claim_id)


def _may_place(record: TriageMail) -> bool:
    if record.mail is None or Waits.HELD in record.waits:
        return False
    return record.claim_id is not None or record.fate in decide.ASSIGNABLE


def _is_dismissed(record: TriageMail) -> bool:
    is_persons = record.settled_by is not None and record.claim_id is None
    return is_persons and record.fate in {Fate.NOT_A_CLAIM, Fate.DUPLICATE}


def _may_restore(visit: Visit, record: TriageMail, claim: Claim | None) -> bool:
    if claim is not None and claim.state is ClaimState.NOT_A_CLAIM:
        return True
    settled = visit.parts.desk.triage.has_settled
    codes = decide.TRIAGE_ALERTS
    return _is_dismissed(record) or settled(record.mail_id, codes)


def _unsplit(
    visit: Visit,
    record: TriageMail,
    found: tuple[candidates.Candidate, ...] | None = None,
) -> list[candidates.Candidate]:
    """Return the orders that the mail names for certain and does not count for yet."""
    if record.claim_id is None:
        return []
    if found is None:
        found = candidates.candidates_of(visit.parts, record)
    own = {record.claim_id, *visit.parts.desk.triage.shared_with(record.mail_id)}
    return [
        one
        for one in candidates.orders_named(found)
        if own.isdisjoint(claim.claim_id for claim in one.claims)
    ]


def _schedule(
    visit: Visit, mail_id: int, *wishes: Wish, say: str, back: str, **typed: str
) -> Response:
    try:
        triaging.schedule(visit.parts, *wishes, by=visit.staff)
    except UsageError as error:
        return _page(visit, mail_id, back=back, say=_as_said(error), **typed)
    return go(visit.request, back_to(back), say=say, undo=f"/triage/{mail_id}/undo")


def _dismiss(visit: Visit, record: TriageMail) -> str:
    """Carry a dismissal out; return what was done in words.

    Raises:
        UsageError: nothing waits about the mail, or not any more.
    """
    parts, by, mail_id = visit.parts, visit.staff, record.mail_id
    claim = _claim(visit, record)
    if visit.parts.desk.placements.of_mails([mail_id]):
        raise UsageError(triaging.ALREADY)
    if record.fate is Fate.CANNOT_MATCH:
        decide.dismiss(parts, mail_id, by=by)
        return f"Mail {mail_id} is no claim."
    if claim is not None and claim.state is ClaimState.IDENTITY_HOLD:
        if parts.desk.placements.of_claims([claim.claim_id]):
            raise UsageError(triaging.ALREADY)
        decide.dismiss_held(parts, claim, by=by)
        return f"{claim.ref} is closed as no claim; nobody was told anything."
    decide.settle_alerts(parts, mail_id, by=by)
    return f"Nothing is left to do about mail {mail_id}."


def _look_fresh(visit: Visit, record: TriageMail, seen: str) -> None:
    if seen != triaging.standing(visit.parts, mail_id=record.mail_id):
        raise UsageError(AGAIN.rstrip("."))


def _as_said(error: UsageError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
