"""The page of one claim: everything that is known, and why it stands where it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response

from worker import decide, desk_send
from worker.adapters.store.desk.claim_pages import ThreadMail
from worker.adapters.store.flags import ClaimFlag
from worker.desk import claim_clocks, claim_points, writing
from worker.desk.claim_files import (
    ClaimFile,
    Sees,
    by_file,
    files_of,
)
from worker.desk.claim_standing import standing
from worker.desk.claim_thread import thread_of
from worker.desk.guard import ClaimErased, RowId, Visit, claim_of, needs
from worker.desk.pages import go, of_one_moment, page
from worker.desk.points import account_id_of
from worker.desk.refusals import sentence
from worker.domain.claim import Claim
from worker.domain.clauses import CLAUSES, Clause
from worker.domain.deadlines import deadline_at, sla_state
from worker.domain.documents import DocumentVerdict, Piece
from worker.domain.errors import RetryLater, UsageError
from worker.domain.note import Note, Row
from worker.domain.orders import Order
from worker.domain.staff import Right
from worker.domain.written import Seen
from worker.explaining import Explained, explain
from worker.lookups import order_of

router = APIRouter()
Works = Annotated[Visit, needs(Right.WORK_ON_CLAIMS)]

MOST_THUMBS = 30
"""Mails whose files are shown with pictures beside the documents. Our choice."""
MOST_VERSIONS = 25
GONE = 410
BASES = {
    "request": "on the member's request",
    "authority": "by order of an authority",
    "mistake": "since it should never have been in the record",
}
"""Why a member was erased, in words; see `worker.erasing.BASES`."""
EXCLUSIONS = tuple(one for key, one in CLAUSES.items() if key.startswith("X"))
_RECOMMENDATION = 8
"""The point of the note that says what software would do."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One required document: its verdict, and the files that speak for or against."""

    verdict: DocumentVerdict
    files: tuple[tuple[Piece, ClaimFile | None], ...]
    """`None` where the file's mail is one of too many to be looked at here."""


@dataclass(frozen=True, slots=True)
class FlagGroup:
    """The flags of one clause; a person clears those that stand together."""

    clause: str
    title: str
    flags: tuple[ClaimFlag, ...]

    @property
    def is_open(self) -> bool:
        """Return whether one of them stands."""
        return any(one.is_open for one in self.flags)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into a form that was not accepted, and why it was not."""

    form: str = ""
    clause: str = ""
    text: str = ""
    say: str = ""


@router.get("/claims/{claim_id:int}")
@of_one_moment
def show_claim(visit: Sees, claim_id: RowId) -> Response:
    """Show a claim, or of one that was erased that it was."""
    try:
        return claim_page(visit, claim_of(visit, claim_id))
    except ClaimErased as erased:
        return page(
            visit,
            "claim_erased.html",
            status=GONE,
            claim=erased.claim,
            left=erased.left,
            basis=BASES.get(erased.left.basis or ""),
        )


@router.post("/claims/{claim_id:int}/flags")
def set_flag(
    visit: Works,
    claim_id: RowId,
    clause: Annotated[str, Form(max_length=4)] = "",
    evidence: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Flag the claim by a clause."""
    claim = claim_of(visit, claim_id)
    typed = Typed("set", clause, evidence)
    if clause not in CLAUSES:
        return _refused(visit, claim, typed, "Choose a clause.")
    if not evidence.strip():
        return _refused(visit, claim, typed, "Say what you saw, and where.")
    try:
        decide.set_flag(visit.parts, claim, clause, evidence=evidence, by=visit.staff)
    except UsageError as error:
        return _refused(visit, claim, typed, sentence(error))
    return go(visit.request, f"/claims/{claim_id}#flags", say=f"Flag {clause} is set.")


@router.post("/claims/{claim_id:int}/flags/clear")
def clear_flag(
    visit: Works,
    claim_id: RowId,
    version: Annotated[int, Form()],
    events: Annotated[int, Form()],
    clause: Annotated[str, Form(max_length=4)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Clear the open flags of a clause, if nothing came since the page was made."""
    claim = claim_of(visit, claim_id)
    typed = Typed("clear", clause, reason)
    if not reason.strip():
        return _refused(visit, claim, typed, "Say why the flag does not stand.")
    try:
        desk_send.check_seen(visit.parts, claim, Seen(version, events))
        decide.clear_flag(visit.parts, claim, clause, reason=reason, by=visit.staff)
    except UsageError as error:
        return _refused(visit, claim, typed, sentence(error))
    say = f"Flag {clause} is cleared."
    return go(visit.request, f"/claims/{claim_id}#flags", say=say)


def claim_page(
    visit: Visit, claim: Claim, *, status: int = 200, **more: object
) -> Response:
    """Return the page of a claim; `more` overrides what it shows."""
    return page(
        visit, "claim.html", status=status, **{**claim_facts(visit, claim), **more}
    )


def claim_facts(visit: Visit, claim: Claim) -> dict[str, object]:
    """Return everything that the page shows; reads only."""
    store, pages = visit.parts.store, visit.parts.desk.claim_pages
    number, now = claim.claim_id, visit.parts.clock.now()
    assessment = store.claims.latest_assessment(number)
    events, pieces = store.claims.events(number), store.claims.pieces(number)
    thread = thread_of(visit, number, pieces)
    order = _order(visit, claim)
    explained = None if order is None else _explained(visit, claim)
    found = claim_clocks.instants(claim, order, now=now)
    return {
        "claim": claim,
        "clauses": CLAUSES,
        "exclusions": EXCLUSIONS,
        "extras": pages.extras(number),
        "order": order,
        "package": None if order is None else order.package(claim.package_id),
        "standing": standing(claim, assessment, events, visit.zone),
        "sla": sla_state(claim, now=now),
        "due_at": deadline_at(claim),
        "assessment": assessment,
        "points": claim_points.story_of(visit.parts, claim, order, assessment),
        "account_id": account_id_of(visit.parts, claim.member_id),
        "recommendation": _recommendation(store.notes.of_claim(number), claim),
        "documents": _documents(visit, claim, pieces, thread.mails),
        "waivers": pages.waivers(number),
        "flag_groups": _flag_groups(store.flags.of_claim(number)),
        "typed": Typed(),
        "explained": explained,
        "instants": found,
        "dots": claim_clocks.dots(found),
        "thread": thread,
        "events": events,
        "versions": pages.assessments(number, limit=MOST_VERSIONS),
        **writing.side_facts(visit, claim),
    }


def _refused(visit: Visit, claim: Claim, typed: Typed, say: str) -> Response:
    told = Typed(typed.form, typed.clause, typed.text, say)
    return claim_page(visit, claim, status=422, typed=told)


def _order(visit: Visit, claim: Claim) -> Order | None:
    """Return the claim's order; None while the directory does not give it."""
    try:
        return order_of(visit.parts.orders, claim)
    except RetryLater:
        return None


def _explained(visit: Visit, claim: Claim) -> Explained | None:
    try:
        return explain(visit.parts, claim)
    except RetryLater:
        return None


def _recommendation(note: Note | None, claim: Claim) -> tuple[Row, ...]:
    """Return what software would do; nothing where the claim has moved on since."""
    if note is None or note.state is not claim.state:
        return ()
    return next((p.rows for p in note.points if p.number == _RECOMMENDATION), ())


def _documents(
    visit: Visit,
    claim: Claim,
    pieces: Sequence[Piece],
    known: Mapping[int, ThreadMail],
) -> list[DocumentRow]:
    """Return the required documents with their files, newest first."""
    wanted = sorted({one.mail_id for one in pieces}, reverse=True)[:MOST_THUMBS]
    missing = [number for number in wanted if number not in known]
    more = visit.parts.desk.claim_pages.mails(claim.claim_id, missing)
    found = by_file(pieces)
    files = {
        (one.mail_id, one.file.path): one
        for mail in (*known.values(), *more.values())
        for one in files_of(mail, found)
    }
    return [
        DocumentRow(
            verdict,
            tuple(
                (one, files.get((one.mail_id, one.path)))
                for one in reversed(pieces)
                if one.kind is verdict.kind
            ),
        )
        for verdict in visit.parts.store.claims.documents(claim.claim_id)
    ]


def _flag_groups(flags: Sequence[ClaimFlag]) -> list[FlagGroup]:
    """Return the flags by clause, those that stand first."""
    by_clause: dict[str, list[ClaimFlag]] = {}
    for flag in flags:
        by_clause.setdefault(flag.clause, []).append(flag)
    groups = [
        FlagGroup(clause, _title(clause), tuple(some))
        for clause, some in by_clause.items()
    ]
    return sorted(groups, key=lambda one: not one.is_open)


def _title(clause: str) -> str:
    known: dict[str, Clause] = {str(key): one for key, one in CLAUSES.items()}
    return known[clause].title if clause in known else clause
