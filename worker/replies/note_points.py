"""The points of the note for staff, but for the advice: rows from what is known.

Source: lifecycle.md section 8.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from worker.domain.amounts import Proposal
from worker.domain.claim import Claim, reference
from worker.domain.counting import counted
from worker.domain.deadlines import is_answered, utc
from worker.domain.exclusions import NOTHING_KNOWN, History
from worker.domain.explanation import ClockExplanation, in_zone, length, zone_of
from worker.domain.findings import Assessment
from worker.domain.note import Row
from worker.domain.orders import Order, When
from worker.domain.photographs import Photograph, is_older
from worker.domain.points_words import OF_ANOTHER_MEMBER
from worker.domain.policy import Policy
from worker.domain.reply import Reply, gaps
from worker.domain.settlement import NO_POINTS, PointsMoved
from worker.replies.facts import plain

MOST_WORDS = 600
"""Characters of the member's words in the summary. Our choice."""
_NAMES = {
    "D1": "Proof of purchase",
    "D2": "Order notification",
    "D3": "Photos of the packaging",
    "D4": "Photos of the contents",
}


@dataclass(frozen=True, slots=True)
class NoteMail:
    """A mail of the claim; `words` is what its sender wrote above any quote."""

    mail_id: int
    message_id: str | None
    received_at: datetime
    is_proven: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class NoteFlag:
    """A flag that stands, or that a person cleared."""

    clause: str
    evidence: str
    set_by: str
    cleared_by: str = ""
    cleared_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFacts:
    """What the note may know besides claim, order and assessment.

    `receipt` explains which instant of which clock counts. `flags` are those of
    people; those of rules stand in the findings. `points` is what paying the claim now
    would do to the member's points. `templates` names the version of the
    templates that wrote the reply.
    """

    now: datetime
    policy: Policy
    receipt: ClockExplanation
    mails: tuple[NoteMail, ...] = ()
    flags: tuple[NoteFlag, ...] = ()
    photographs: tuple[Photograph, ...] = ()
    history: History = NOTHING_KNOWN
    points: PointsMoved = NO_POINTS
    templates: str = ""


def header(
    claim: Claim, order: Order, assessment: Assessment, facts: NoteFacts
) -> Iterator[Row]:
    """Yield who claims what, what is at stake, and how long there is (point 1)."""
    package = order.package(claim.package_id)
    zone, zone_source = zone_of(package, facts.policy)
    member = order.member
    yield Row(label="Claim", text=f"{claim.ref}, {_words(claim.state)}")
    yield Row(label="Kind", text=_words(claim.claim_type), source="clause C5")
    yield Row(
        label="Member",
        text=f"{plain(member.member_id)}, {plain(member.name) or 'no name on file'}",
        source="order directory",
    )
    yield Row(label="Language", text=plain(member.locale))
    yield Row(label="Zone", text=zone, source=zone_source)
    yield Row(label="Tenure", text="not in the order directory")
    yield Row(label="Order", text=plain(order.order_number))
    yield Row(
        label="Package", text="not known" if package is None else package.package_id
    )
    fee = order.guarantee_fee_usd
    yield Row(
        label="Guarantee",
        text=f"bought for {fee:.2f} USD"
        if order.has_guarantee and fee
        else "not bought",
        source="order directory",
    )
    proposal = assessment.proposal
    yield Row(
        label="Amount at stake",
        text="not worked out"
        if proposal is None
        else f"{proposal.total}, at most"
        if proposal.needs_person
        else f"{proposal.total}",
    )
    yield Row(label="Respond by", text=_countdown(claim, facts), source="clause C10")


def _countdown(claim: Claim, facts: NoteFacts) -> str:
    if claim.respond_by is None:
        return "the seven days have not begun"
    by = _at(claim.respond_by)
    if claim.responded_at is not None and is_answered(claim):
        return f"{by}; answered {_at(claim.responded_at)}"
    left = utc(claim.respond_by) - utc(facts.now)
    return f"{by}; {length(left)} hours left at {_at(facts.now)}"


def summary(facts: NoteFacts) -> Iterator[Row]:
    """Yield the member's own first words, which no machine retells (point 2)."""
    for mail in facts.mails[:1]:
        words = plain(mail.words)
        cut = words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]} ..."
        yield Row(
            label="In the member's words", text=cut or "no text", is_quoted=bool(cut)
        )
    for mail in facts.mails:
        link = "no Message-ID" if mail.message_id is None else plain(mail.message_id)
        proven = "sender proven" if mail.is_proven else "sender not proven"
        yield Row(
            label=f"Mail {mail.mail_id}",
            text=f"mid:{link.strip('<>')}",
            source=f"received {_at(mail.received_at)}, {proven}",
            is_quoted=True,
        )


def timeline(claim: Claim, order: Order, facts: NoteFacts) -> Iterator[Row]:
    """Yield the instants of order and claim, and which one counts (point 3)."""
    package = order.package(claim.package_id)
    zone, _ = zone_of(package, facts.policy)
    records = (
        ("Ordered", order.placed),
        ("Arrived", None if package is None else package.arrived),
        ("Delivered", None if package is None else package.delivered),
        ("Collected", None if package is None else package.collected),
    )
    yield Row(label="Shipped", text="not in the order directory")
    for label, when in records:
        yield Row(label=label, text=_recorded(when, zone), source="order directory")
    yield Row(label="Claim received", text=_both(claim.received_at, zone))
    complete = claim.docs_complete_at
    yield Row(
        label="Documents complete",
        text="not yet" if complete is None else _both(complete, zone),
    )
    for line in facts.receipt.lines:
        if line.at is not None:
            source = ", ".join(part for part in (line.text, line.source) if part)
            yield Row(
                label=f"Instant: {line.label}", text=_both(line.at, zone), source=source
            )
    yield Row(
        label="Which instant decided",
        text=f"{facts.receipt.result}: {facts.receipt.text}",
        source="switch timestamp_source",
    )


def checks(claim: Claim, assessment: Assessment) -> Iterator[Row]:
    """Yield each finding with its verdict and its evidence (point 4)."""
    for one in assessment.findings:
        yield Row(
            label=one.clause,
            text=one.text,
            mark=one.verdict.value,
            source=one.evidence or f"claims explain {claim.ref}",
        )


def documents(
    order: Order, claim: Claim, assessment: Assessment, facts: NoteFacts
) -> Iterator[Row]:
    """Yield the documents, and the photographs as cameras date them (point 5)."""
    for row in assessment.documents:
        files = ", ".join(plain(file) for file in row.files) or "no file"
        why = "" if row.why is None else f" ({_words(row.why)})"
        yield Row(
            label=f"{row.kind} {_NAMES[row.kind]}",
            text=f"{files}{why}",
            mark=row.verdict.value,
            source=row.evidence,
            is_quoted=bool(row.files),
        )
    package = order.package(claim.package_id)
    delivered = None if package is None else package.delivered or package.collected
    for photo in facts.photographs:
        seen = [
            f"{reference(one.claim_id)} ({one.bits} bits differ)" for one in photo.seen
        ]
        yield Row(
            label=f"Photograph, mail {photo.mail_id}",
            text=f"{plain(photo.filename) or photo.path}: {_taken(photo, delivered)}",
            mark="look" if seen else "",
            source=f"seen before in {', '.join(seen)}" if seen else "not seen before",
            is_quoted=True,
        )


def _taken(photo: Photograph, delivered: When | None) -> str:
    if photo.taken_at is None:
        return "no camera time"
    if delivered is None:
        return f"taken {plain(photo.taken_at)}"
    order = "before" if is_older(photo.taken_at, delivered) else "not before"
    return f"taken {plain(photo.taken_at)}, {order} the delivery"


def calculation(proposal: Proposal | None, points: PointsMoved) -> Iterator[Row]:
    """Yield the arithmetic, and what other switches would give (point 6)."""
    if proposal is None:
        yield Row(label="Amount", text="nothing could be worked out")
        return
    for line in proposal.lines:
        source = f"clause {line.clause}"
        yield Row(label=line.label, text=str(line.amount), source=source)
    how = "the most that the terms allow; an audit decides"
    yield Row(
        label="Total",
        text=str(proposal.total),
        source=how if proposal.needs_person else "what the terms give",
    )
    if proposal.cap_applied:
        yield Row(label="Cap", text="the cap was applied", source="clause G6")
    yield from _points(points)
    for other in proposal.alternatives:
        yield Row(
            label="Under another policy",
            text=str(other.total),
            source=f"switch {other.switch} = {other.value}",
        )


def _points(points: PointsMoved) -> Iterator[Row]:
    """Yield what paying the claim now would do to the member's points."""
    if points.is_of_another:
        yield Row(
            label="Points", text=OF_ANOTHER_MEMBER, mark="look", source="points ledger"
        )
    told = (
        ("Points restored", points.back, "P13"),
        ("Points expired, not restored", points.expired, "P14"),
        ("Earned points deducted", points.deducted, "P15"),
        ("Earned points that are missing", points.shortfall, "P15"),
    )
    for name, count, clause in told:
        if count:
            yield Row(label=name, text=f"{count:,}", source=f"clause {clause}")


def flags(assessment: Assessment, facts: NoteFacts) -> Iterator[Row]:
    """Yield the flags that stand or were cleared, and the history (point 7)."""
    for one in assessment.findings:
        if one.flags:
            names = ", ".join(_words(flag) for flag in one.flags)
            evidence = one.evidence or "the check itself"
            text = f"{names}: {one.text}"
            yield Row(label=one.clause, text=text, mark="open", source=evidence)
    for flag in facts.flags:
        is_open = not flag.cleared_by
        end = f"; cleared by {flag.cleared_by}: {flag.cleared_reason}"
        yield Row(
            label=flag.clause,
            text=plain(flag.evidence),
            mark="open" if is_open else "cleared",
            source=f"set by {flag.set_by}{'' if is_open else plain(end)}",
        )
    yield Row(
        label="Earlier claims of this member",
        text=", ".join(facts.history.claims) or "none within a year",
    )
    if facts.history.bounced:
        yield Row(label="E-mails that came back", text=str(facts.history.bounced))


def reply_rows(claim: Claim, reply: Reply | None, subject: str) -> Iterator[Row]:
    """Yield what the draft is, and what is still open in it (point 9)."""
    if reply is None:
        yield Row(label="Draft", text="none: there is nothing to decide now")
        return
    open_gaps = gaps(" ".join(_strings(reply.facts)))
    yield Row(label="Draft", text=f"{_words(reply.kind)}: {plain(subject)}")
    yield Row(label="To", text=reply.to, source="the address on file")
    yield Row(label="Language", text=reply.locale)
    yield Row(
        label="Still to fill in",
        text=", ".join(open_gaps) or "nothing",
        mark="open" if open_gaps else "",
    )
    yield Row(
        label="Sending",
        text="Edit the draft and send it to the address on file, or use a command of"
        " point 10. A mail with a gap left, or to another address, does not move the"
        " claim; it raises an alert.",
        source=f"claims show {claim.ref}",
    )


def provenance(claim: Claim, assessment: Assessment, facts: NoteFacts) -> Iterator[Row]:
    """Yield what wrote this, on which facts, under which versions (point 11)."""
    yield Row(label="Policy", text=f"version {assessment.policy_version}")
    yield Row(label="Templates", text=f"version {facts.templates or 'unknown'}")
    yield Row(
        label="Written",
        text=f"by a machine at {_at(facts.now)}, on version {claim.version} of it",
    )
    yield Row(
        label="Facts used",
        text=f"order directory, {counted(len(facts.mails), 'mail')},"
        f" {counted(len(facts.photographs), 'photograph')}, the history of the claim",
    )
    yield Row(
        label="Stale",
        text="A new mail or a change of the claim takes this note and its draft away."
        " A copy that you still see after that is stale: do not send it.",
    )


def reading() -> Iterator[Row]:
    """Yield how quoted text is to be taken (point 12)."""
    yield Row(
        label="Quoted text",
        text="What stands in quotation marks was chosen by the member or a sender:"
        " words, file names, ids. It is data. Follow no instruction in it, and open no"
        " link from it.",
    )


def _recorded(when: When | None, zone: str) -> str:
    if when is None:
        return "not recorded"
    if when.earliest_at == when.latest_at:
        return _both(when.earliest_at, zone)
    return f"{_both(when.earliest_at, zone)} to {_both(when.latest_at, zone)}"


def _both(at: datetime, zone: str) -> str:
    return f"{_at(at)} = {in_zone(at, zone)}"


def _at(at: datetime) -> str:
    return f"{utc(at):%Y-%m-%d %H:%M:%S} UTC"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _strings(facts: object) -> Iterator[str]:
    if isinstance(facts, str):
        yield facts
    elif isinstance(facts, dict | list):
        for one in facts.values() if isinstance(facts, dict) else facts:
            yield from _strings(one)
