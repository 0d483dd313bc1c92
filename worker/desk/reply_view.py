"""What the reply's editor shows: draft or edit, choices, who else is here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from worker import decide, desk_send
from worker.adapters.store.desk.presence import Present
from worker.adapters.store.desk.writing import Edit, Pending
from worker.desk.deeds import at_desk
from worker.desk.guard import Visit
from worker.desk.saved_replies import (
    FIRST_TEXTS,
    LANGUAGES,
    SavedReply,
    first_text,
    saved_for,
)
from worker.desk.words import money, plain
from worker.domain.claim import Claim, ClaimEvent, ClaimState, ClaimType, Event
from worker.domain.clauses import CLAUSES, Clause, ClauseId
from worker.domain.decisions import ProposedDecision, is_overtaken, is_stopped, pending
from worker.domain.errors import RetryLater, UsageError
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.lifecycle import Role
from worker.domain.orders import Order
from worker.domain.reply import gaps, language_of
from worker.domain.staff import Right
from worker.domain.written import DECIDING, Seen, Written, WrittenKind
from worker.replies.recipients import address_on_file
from worker.replies.sent_texts import AMOUNT_GAP

K = WrittenKind


@dataclass(frozen=True, slots=True)
class Alternative:
    """A reply that is one click away."""

    key: str
    label: str
    text: Written
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class ClauseChoice:
    """A clause that can be quoted or relied on; `is_found` by a finding."""

    clause: Clause
    is_found: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """Everything that `claim_reply.html` shows; see the fields' names.

    `text` is None where no reply is possible in this state for this role. `button` is
    send or propose; `why_two` says why one person is not enough.
    """

    claim: Claim
    seen: Seen
    may_write: bool
    to: str
    language: str
    subject: str
    text: Written | None = None
    alternatives: tuple[Alternative, ...] = ()
    clauses: tuple[ClauseChoice, ...] = ()
    saved: tuple[SavedReply, ...] = ()
    gaps: tuple[str, ...] = ()
    button: str = "send"
    why_two: str = ""
    asks_conditions: bool = False
    most: str = ""
    edit: Edit | None = None
    is_edit_old: bool = False
    pending: Pending | None = None
    proposal: ProposedDecision | None = None
    proposed_at: datetime | None = None
    is_overtaken: bool = False
    may_confirm: bool = False
    others: tuple[Present, ...] = ()
    news: tuple[ClaimEvent, ...] = ()
    refused: str = ""
    left: str = ""
    """What somebody wrote that no reply in this state can take."""


def view_of(
    visit: Visit,
    claim: Claim,
    *,
    typed: Written | None = None,
    seen: Seen | None = None,
    refused: str = "",
) -> ReplyView | None:
    """Return what the editor shows; None where the order or the facts are missing.

    Args:
        visit: who looks.
        claim: as it is now.
        typed: what the form said, where it is shown again.
        seen: how far the claim was when that form was made.
        refused: why it was not sent.
    """
    parts = visit.parts
    try:
        order, assessment = decide.known(parts, claim)
    except (UsageError, RetryLater):
        return None
    events = parts.store.claims.events(claim.claim_id)
    roles = visit.staff.roles
    kinds = possible_kinds(claim, events, roles)
    locale = order.member.locale
    edit = parts.desk.writing.edit_of(claim.claim_id)
    left = ""
    if edit is not None and edit.written.kind not in kinds:
        left, edit = edit.written.body, None
    if typed is not None and typed.kind not in kinds - {K.CONFIRM}:
        left, typed = typed.body or left, None
    text = typed or (None if edit is None else edit.written)
    found = alternatives(claim, assessment, order, kinds)
    if text is None and found:
        text = found[0].text
    button, why_two = _button(visit, claim, text)
    proposal = pending(events)
    return ReplyView(
        claim=claim,
        seen=Seen(claim.version, len(events)),
        may_write=visit.person.may(Right.WORK_ON_CLAIMS),
        to=address_on_file(claim, order.member) or "",
        language=LANGUAGES[language_of(locale)],
        subject=subject_of(claim),
        text=text,
        alternatives=tuple(_marked(found, text)),
        clauses=tuple(_clauses(assessment, text)),
        saved=tuple(saved_for(text.kind)) if text else (),
        gaps=_gaps(assessment, text),
        button=button,
        why_two=why_two,
        asks_conditions=assessment.claim_type is ClaimType.DAMAGE,
        most=_most(assessment),
        edit=edit,
        is_edit_old=edit is not None and edit.version != claim.version,
        pending=_pending(visit, claim),
        proposal=proposal,
        proposed_at=_proposed_at(events) if proposal else None,
        is_overtaken=proposal is not None and is_overtaken(events),
        may_confirm=proposal is not None and K.CONFIRM in kinds,
        others=tuple(parts.desk.presence.others(claim.claim_id, visit.person.name)),
        news=tuple(events[seen.events :]) if seen else (),
        refused=refused,
        left="" if left.strip() in FIRST_TEXTS else left,
    )


def subject_of(claim: Claim) -> str:
    """Return the subject of every reply: it keeps the thread, so nobody edits it."""
    return f"{claim.member_id}+{claim.order_number}+Claim [#{claim.ref}]"


def possible_kinds(
    claim: Claim, events: Sequence[ClaimEvent], roles: frozenset[Role]
) -> frozenset[WrittenKind]:
    """Return the replies that somebody with these roles may write now."""
    stopped = is_stopped(events)

    def may(event: Event) -> bool:
        return decide.is_possible(claim, event, roles, has_stopped=stopped)

    failed = claim.state is ClaimState.INELIGIBLE_PROPOSED
    waits = claim.state is ClaimState.DECISION_PROPOSED
    found = {
        K.APPROVE: may(Event.INELIGIBLE_OVERRULED)
        if failed
        else may(Event.DECISION_PROPOSED) and not waits,
        K.REJECT: may(Event.INELIGIBLE_CONFIRMED)
        if failed
        else may(Event.DECISION_PROPOSED) and not waits,
        K.ASK: may(Event.INFO_REQUESTED),
        K.RESPOND: claim.respond_by is not None and may(Event.STATUS_SENT),
        K.CONFIRM: waits and may(Event.APPROVED),
    }
    return frozenset(kind for kind, is_it in found.items() if is_it)


def alternatives(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    kinds: frozenset[WrittenKind],
) -> list[Alternative]:
    """Return the replies that are one click away; the first is the worker's draft."""
    locale = order.member.locale
    approvals, rejections = [], []
    if K.APPROVE in kinds:
        approvals = _approvals(assessment, locale)
    if K.REJECT in kinds:
        rejections = _rejections(assessment)
    is_failed = claim.state is ClaimState.INELIGIBLE_PROPOSED
    found = rejections + approvals if is_failed else approvals + rejections
    is_waiting = claim.state in {
        ClaimState.AWAITING_MEMBER,
        ClaimState.AWAITING_CARRIER,
    }
    rest = []
    if K.ASK in kinds:
        text = Written(kind=K.ASK, body=first_text(K.ASK, locale))
        rest.append(Alternative("ask", "Ask for documents or facts", text))
    if K.RESPOND in kinds:
        rest.append(
            Alternative("respond", "Say where it stands", Written(kind=K.RESPOND))
        )
    return rest + found if is_waiting else found + rest


def _approvals(assessment: Assessment, locale: str) -> list[Alternative]:
    proposal = assessment.proposal
    open_text = first_text(K.APPROVE, locale, is_amount_open=True)
    part = Alternative(
        "part", "Approve a part", Written(kind=K.APPROVE, body=open_text)
    )
    if proposal is None or proposal.needs_person:
        label = "Approve an amount"
        most = "" if proposal is None else f" (at most {money(proposal.total.amount)})"
        return [Alternative("approve", label + most, part.text)]
    total = proposal.total.amount
    full = Written(kind=K.APPROVE, amount=f"{total:.2f}")
    found = [Alternative("approve", f"Approve {money(total)}", full)]
    for one in proposal.alternatives:
        amount = one.total.amount
        if 0 < amount < total:
            label = f"Approve {money(amount)}: {plain(one.switch)} {plain(one.value)}"
            text = Written(kind=K.APPROVE, amount=f"{amount:.2f}", body=open_text)
            found.append(Alternative(f"switch-{one.switch}-{one.value}", label, text))
    return [*found, part]


def _rejections(assessment: Assessment) -> list[Alternative]:
    failed = [
        Alternative(
            f"reject-{clause}",
            f"Reject by {clause}: {CLAUSES[clause].title}",
            Written(kind=K.REJECT, clauses=(clause,)),
        )
        for clause in _of_findings(assessment, FindingVerdict.FAIL)
    ]
    return failed or [
        Alternative("reject", "Reject by a clause", Written(kind=K.REJECT))
    ]


def _marked(found: Sequence[Alternative], text: Written | None) -> list[Alternative]:
    """Return the alternatives, the one that is written marked."""
    if text is None:
        return list(found)
    same = [one for one in found if one.text.kind is text.kind]
    exact = [
        one
        for one in same
        if (one.text.amount, one.text.clauses) == (text.amount, text.clauses)
    ]
    chosen = next(iter(exact or same[-1:]), None)
    return [
        Alternative(one.key, one.label, one.text, is_chosen=one is chosen)
        for one in found
    ]


def _clauses(assessment: Assessment, text: Written | None) -> list[ClauseChoice]:
    """Return every clause, those of the findings first."""
    found = list(_of_findings(assessment))
    ordered = [*found, *(one for one in CLAUSES if one not in found)]
    chosen = text.clauses if text else ()
    return [ClauseChoice(CLAUSES[one], one in found, one in chosen) for one in ordered]


def _of_findings(
    assessment: Assessment, *verdicts: FindingVerdict
) -> tuple[ClauseId, ...]:
    wanted = verdicts or (FindingVerdict.FAIL, FindingVerdict.UNCLEAR)
    rows = [
        f for verdict in wanted for f in assessment.findings if f.verdict is verdict
    ]
    lines = () if verdicts or assessment.proposal is None else assessment.proposal.lines
    every = [*(row.clause for row in rows), *(line.clause for line in lines)]
    return tuple(dict.fromkeys(one for one in every if one in CLAUSES))


def _button(visit: Visit, claim: Claim, text: Written | None) -> tuple[str, str]:
    """Return which button ends the reply, and why it takes two persons."""
    if text is None or text.kind not in DECIDING:
        return "send", ""
    if Role.LEAD not in visit.staff.roles:
        return "propose", "your role proposes, and a lead approves"
    try:
        decision = desk_send.decision_of(visit.parts, claim, text, by=visit.staff)
        why = decide.why_two(visit.parts, claim, decision)
    except UsageError:
        return "send", ""
    return ("propose", why) if why else ("send", "")


def _pending(visit: Visit, claim: Claim) -> Pending | None:
    found = visit.parts.desk.writing.pending_of(claim.claim_id)
    return None if found is None else replace(found, why_not=at_desk(found.why_not))


def _gaps(assessment: Assessment, text: Written | None) -> tuple[str, ...]:
    """Return what is still to fill in, in the text or beside it."""
    if text is None:
        return ()
    proposal = assessment.proposal
    is_certain = proposal is not None and not proposal.needs_person
    lacks_amount = text.kind is K.APPROVE and not text.amount and not is_certain
    return (*((AMOUNT_GAP,) if lacks_amount else ()), *gaps(text.body))


def _most(assessment: Assessment) -> str:
    proposal = assessment.proposal
    return "" if proposal is None else money(proposal.total.amount)


def _proposed_at(events: Sequence[ClaimEvent]) -> datetime | None:
    into = [e.at for e in events if e.state_after is ClaimState.DECISION_PROPOSED]
    return into[-1] if into else None
