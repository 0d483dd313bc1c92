"""Replies, notes and presence on a claim: what people write there.

`claim_reply.html`, `claim_decide.html` and `claim_remarks.html` are the parts of the
claim's page; `/claims/{id}/reply` shows the reply alone, and keeps what was typed
where it was refused.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import BaseModel, Field

from worker import desk_send
from worker.adapters.store.desk.remarks import LONGEST
from worker.adapters.wrapping import wrap
from worker.desk.deeds import at_desk, claim_at, deeds_for
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.desk.reply_view import ReplyView, view_of
from worker.desk.saved_replies import FIRST_TEXTS, quote, saved
from worker.desk.words import instant
from worker.domain.amounts import Condition
from worker.domain.claim import Claim
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.errors import GiveUp, UsageError
from worker.domain.staff import Right
from worker.domain.written import Seen, Written, WrittenKind
from worker.lookups import order_of

router = APIRouter()
Reader = Annotated[Visit, needs(Right.SEE_CLAIMS)]
Writer = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]
LONGEST_BODY = 20_000
PREVIEW_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
)
"""An e-mail of ours styles itself inside; it runs and loads nothing."""


def side_facts(visit: Visit, claim: Claim) -> dict[str, object]:
    """Return what the three templates of writing and deciding need."""
    desk, may_work = visit.parts.desk, visit.person.may(Right.WORK_ON_CLAIMS)
    people = desk.people.listed() if may_work else []
    able = [one for one in people if one.works_on_claims]
    return {
        "reply": view_of(visit, claim),
        "deeds": deeds_for(visit, claim),
        "remarks": desk.remarks.of(claim.claim_id),
        "assigned_to": desk.assignments.of(claim.claim_id),
        "colleagues": able,
        "longest_remark": LONGEST,
        "longest_body": LONGEST_BODY,
    }


class ReplyForm(BaseModel):
    """The reply's form; `do` is the button."""

    kind: WrittenKind
    version: int
    events: int
    do: str = "save"
    body: str = Field("", max_length=LONGEST_BODY)
    amount: str = Field("", max_length=20)
    clauses: list[str] = Field(default_factory=list, max_length=len(CLAUSES))
    packaging: Condition = Condition.UNKNOWN
    contents: Condition = Condition.UNKNOWN
    base: str = Field("", max_length=40)

    @property
    def text(self) -> Written:
        """Return what was typed."""
        return Written(
            kind=self.kind,
            body=self.body.replace("\r\n", "\n"),
            amount=self.amount.strip() if self.kind is WrittenKind.APPROVE else "",
            clauses=tuple(one for one in CLAUSES if one in self.clauses)
            if self.kind is WrittenKind.REJECT
            else (),
            packaging=self.packaging,
            contents=self.contents,
        )

    @property
    def seen(self) -> Seen:
        """Return how far the claim was when the page was made."""
        return Seen(self.version, self.events)

    @property
    def knew(self) -> datetime | None:
        """Return when the text was saved from which the writer began."""
        try:
            return datetime.fromisoformat(self.base)
        except ValueError:
            return None


# -- the reply ------------------------------------------------------------------------


@router.get("/claims/{claim_id}/reply")
def reply_alone(visit: Reader, claim_id: RowId) -> Response:
    """Show the reply's editor on a page of its own."""
    claim = claim_at(visit, claim_id)
    return _reply_page(visit, claim, view_of(visit, claim))


@router.post("/claims/{claim_id}/reply")
def write_reply(
    visit: Writer, claim_id: RowId, form: Annotated[ReplyForm, Form()]
) -> Response:
    """Do what a button of the reply says; what was typed is kept in any case."""
    claim = claim_at(visit, claim_id)
    what, _, which = form.do.partition(":")
    text = form.text
    try:
        text = _changed(visit, claim, text, what, which)
        _save(visit, claim, form, text)
        if what == "autosave":
            return _saved(visit, claim, text)
        if what == "send":
            return _send(visit, claim, text, form.seen)
        if what == "propose":
            return _propose(visit, claim, text, form.seen)
    except UsageError as error:
        if what == "autosave":
            return _saved(visit, claim, text, say=at_desk(error))
        view = view_of(visit, claim, typed=text, seen=form.seen, refused=at_desk(error))
        return _reply_page(visit, claim, view, status=409)
    return go(visit.request, f"/claims/{claim_id}#reply")


@router.post("/claims/{claim_id}/reply/undo")
def undo_reply(visit: Writer, claim_id: RowId) -> Response:
    """Take back a reply that has not gone out; its text is still in the editor."""
    path = f"/claims/{claim_id}#reply"
    if visit.parts.desk.writing.undo(claim_id):
        return go(visit.request, path, say="Taken back: nothing was sent or decided.")
    return go(visit.request, path, say="Too late: nothing waits to go out.", tone="bad")


@router.post("/claims/{claim_id}/reply/drop")
def drop_edit(visit: Writer, claim_id: RowId) -> Response:
    """Throw the edit away, and show the worker's draft again."""
    visit.parts.desk.writing.drop(claim_id)
    return go(visit.request, f"/claims/{claim_id}#reply", say="The draft is back.")


@router.post("/claims/{claim_id}/reply/read")
def read_refusal(visit: Writer, claim_id: RowId) -> Response:
    """Put away the word that a reply was not sent."""
    visit.parts.desk.writing.forget_unsent(claim_id)
    return go(visit.request, f"/claims/{claim_id}#reply")


@router.get("/claims/{claim_id}/reply/state")
def reply_state(visit: Reader, claim_id: RowId) -> Response:
    """Tell the page when a reply that waited has gone out, so that it loads anew."""
    waiting = visit.parts.desk.writing.pending_of(claim_id)
    is_over = waiting is None or waiting.why_not != ""
    headers = {"HX-Redirect": f"/claims/{claim_id}"} if is_over else None
    return Response(status_code=204, headers=headers)


@router.get("/claims/{claim_id}/reply/preview")
def preview(
    visit: Reader, claim_id: RowId, part: str = "html", of: str = "text"
) -> Response:
    """Show an e-mail as the member gets it, for a sandboxed frame.

    `of` is text (what is written), waiting (a proposal) or pending (about to go out).
    """
    claim = claim_at(visit, claim_id)
    view, parts = view_of(visit, claim), visit.parts
    text = None if view is None else view.text
    if of == "waiting":
        text = Written(kind=WrittenKind.CONFIRM)
    if of == "pending" and view is not None and view.pending is not None:
        text = view.pending.written
    if text is None:
        return _in_frame(PlainTextResponse("There is nothing to send now."))
    try:
        reply = desk_send.reply_of(parts, claim, text, by=visit.staff)
        made = parts.renderer.render(reply.kind, reply.facts, locale=reply.locale)
    except (UsageError, GiveUp) as error:
        return _in_frame(PlainTextResponse(f"Not yet: {at_desk(error)}"))
    if part == "text":
        head = f"To: {reply.to}\nSubject: {made.subject}\n\n"
        return _in_frame(PlainTextResponse(head + wrap(made.text)))
    return _in_frame(HTMLResponse(made.html))


def _in_frame(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _changed(
    visit: Visit, claim: Claim, text: Written, what: str, which: str
) -> Written:
    """Return the reply with what a button puts into it; typed text stays."""
    if what not in {"choose", "insert", "quote"}:
        return text
    view = view_of(visit, claim, typed=text)
    locale = _locale(visit, claim)
    if what == "choose" and view is not None:
        other = next((one for one in view.alternatives if one.key == which), None)
        return text if other is None else _chosen(text, other.text)
    if what == "insert" and (found := saved(which)) is not None:
        return replace(text, body=_added(text.body, found.text(locale)))
    if what == "quote" and which in CLAUSES:
        clause = ClauseId(which)
        if text.kind is WrittenKind.REJECT:
            clauses = tuple(one for one in CLAUSES if one in {*text.clauses, clause})
            return replace(text, clauses=clauses)
        return replace(text, body=_added(text.body, quote(clause, locale)))
    return text


def _chosen(text: Written, other: Written) -> Written:
    is_typed = text.body.strip() not in FIRST_TEXTS
    return replace(
        other,
        body=text.body if is_typed else other.body,
        packaging=text.packaging,
        contents=text.contents,
    )


def _added(body: str, more: str) -> str:
    kept = "" if body.strip() in FIRST_TEXTS else body.rstrip() + "\n\n"
    return kept + more


def _locale(visit: Visit, claim: Claim) -> str:
    return order_of(visit.parts.orders, claim).member.locale


def _save(visit: Visit, claim: Claim, form: ReplyForm, text: Written) -> None:
    """Keep the text.

    Raises:
        UsageError: somebody else wrote meanwhile; theirs stays.
    """
    if text.kind is WrittenKind.CONFIRM:
        return
    desk, name = visit.parts.desk, visit.person.name
    theirs = desk.writing.save(
        claim.claim_id, text, version=form.version, by=name, knew=form.knew
    )
    desk.presence.beat(claim.claim_id, name, is_writing=True)
    if theirs is not None:
        raise UsageError(
            f"{theirs.by} has written a reply here at"
            f" {instant(theirs.at, visit.zone)}, and it is kept: talk to each other"
        )


def _send(visit: Visit, claim: Claim, text: Written, seen: Seen) -> Response:
    parts, name = visit.parts, visit.person.name
    waiting = parts.desk.writing.pending_of(claim.claim_id)
    is_twice = waiting is not None and (waiting.by, waiting.written) == (name, text)
    if not is_twice or (waiting is not None and waiting.why_not):
        desk_send.check_seen(parts, claim, seen)
        desk_send.check(parts, claim, text, by=visit.staff)
        desk_send.check_alone(parts, claim, text, by=visit.staff)
        if not desk_send.schedule(parts, claim, text, seen, name):
            raise UsageError(
                "another reply is about to go out: wait for it, or undo it"
            )
    return go(
        visit.request,
        f"/claims/{claim.claim_id}",
        say="The reply goes out in 10 seconds.",
        undo=f"/claims/{claim.claim_id}/reply/undo",
    )


def _propose(visit: Visit, claim: Claim, text: Written, seen: Seen) -> Response:
    desk_send.check_seen(visit.parts, claim, seen)
    desk_send.propose(visit.parts, claim, text, by=visit.staff)
    return go(
        visit.request,
        f"/claims/{claim.claim_id}",
        say="Proposed: it waits for a second person, and nothing was sent.",
    )


def _saved(visit: Visit, claim: Claim, text: Written, say: str = "") -> Response:
    view = view_of(visit, claim, typed=text)
    return page(visit, "reply_saved.html", reply=view, say=say)


def _reply_page(
    visit: Visit, claim: Claim, view: ReplyView | None, *, status: int = 200
) -> Response:
    return page(
        visit,
        "reply_page.html",
        status=status,
        claim=claim,
        reply=view,
        longest_body=LONGEST_BODY,
    )
