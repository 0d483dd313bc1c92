"""What the read API answers, as pydantic models; OpenAPI is made from them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from worker.adapters.store.desk.listing import ListedClaim, MailFate, QueueCount
from worker.desk.guard import LARGEST_ID
from worker.domain.claim import ClaimEvent, ClaimState, ClaimType, Event
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.deadlines import SlaState, deadline_at, sla_state
from worker.domain.documents import DocumentKind, DocumentVerdict, Verdict, Why
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.lifecycle import PayoutState, payout_state
from worker.domain.mail import Fate

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""No control characters; PostgreSQL takes no NUL."""


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _sane(at: datetime) -> datetime:
    """Return an instant that every database holds."""
    return min(max(at, _EARLIEST), _LATEST)


Instant = Annotated[
    datetime,
    PlainSerializer(_instant, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "examples": ["2026-11-18T19:10:11Z"],
        }
    ),
]
"""ISO 8601 in UTC, to the second."""
Usd = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?[0-9]+\.[0-9]{2}$",
            "examples": ["124.50"],
        }
    ),
]
"""US dollars with two decimals, as a string so that no program rounds them."""


class Problem(BaseModel):
    """What went wrong."""

    error: str = Field(description="A stable code, such as `not_found`.")
    detail: str = Field(description="One sentence for people.")


class ClaimQuery(BaseModel):
    """The filters of the list; each narrows it. An unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    state: list[ClaimState] = Field([], max_length=50, description="One or several.")
    open: bool | None = Field(None, description="Whether work remains.")
    member: str | None = Field(
        None, max_length=80, pattern=PLAIN, description="Member id, in any writing."
    )
    order: str | None = Field(
        None, max_length=80, pattern=PLAIN, description="Order number, in any writing."
    )
    updated_since: Annotated[AwareDatetime, AfterValidator(_sane)] | None = Field(
        None,
        description="Claims to which something happened at or after this instant, "
        "at most 31 days ago.",
    )
    after: int = Field(
        0, ge=0, le=LARGEST_ID, description="The cursor: `next_after` of the last page."
    )
    limit: int = Field(50, ge=1, le=200, description="Claims on a page.")


class MailQuery(BaseModel):
    """Which mails are asked for."""

    model_config = ConfigDict(extra="forbid")

    message_id: str = Field(
        min_length=1,
        max_length=512,
        pattern=PLAIN,
        description="The Message-ID header, with its angle brackets.",
        examples=["<one@mail.example>"],
    )


class Amounts(BaseModel):
    """What the claim is about in money."""

    proposed_usd: Usd | None = Field(
        description="The most that the terms give, as assessed last; null is no figure."
    )
    decided_usd: Usd | None = Field(description="What was approved last.")
    payout: PayoutState
    paid_at: Instant | None


class Deadlines(BaseModel):
    """The claim's clocks (clauses C8 and C10)."""

    next_at: Instant | None = Field(description="The next date somebody has to keep.")
    documents_due_at: Instant | None
    documents_complete_at: Instant | None
    respond_by: Instant | None
    responded_at: Instant | None
    sla: SlaState


class ClaimSummary(BaseModel):
    """One claim of the list."""

    id: int
    ref: str = Field(examples=["CLM-000012"])
    member_id: str
    order_number: str
    package_id: str | None
    type: ClaimType
    state: ClaimState
    is_open: bool
    version: int = Field(description="Grows with each change of the claim.")
    flags: list[str]
    assigned_to: str | None
    merged_into: int | None
    received_at: Instant
    deadlines: Deadlines
    amounts: Amounts

    @classmethod
    def of(cls, listed: ListedClaim, *, now: datetime) -> "ClaimSummary":
        """Return what is shown of a claim at an instant."""
        claim = listed.claim
        return cls(
            id=claim.claim_id,
            ref=claim.ref,
            member_id=claim.member_id,
            order_number=claim.order_number,
            package_id=claim.package_id,
            type=claim.claim_type,
            state=claim.state,
            is_open=claim.is_open,
            version=claim.version,
            flags=list(claim.flags),
            assigned_to=listed.assigned_to,
            merged_into=claim.merged_into,
            received_at=claim.received_at,
            deadlines=Deadlines(
                next_at=deadline_at(claim),
                documents_due_at=claim.documents_due_at,
                documents_complete_at=claim.docs_complete_at,
                respond_by=claim.respond_by,
                responded_at=claim.responded_at,
                sla=sla_state(claim, now=now),
            ),
            amounts=Amounts(
                proposed_usd=listed.proposed_usd,
                decided_usd=listed.decided_usd,
                payout=payout_state(claim.state),
                paid_at=listed.paid_at,
            ),
        )


class ClaimPage(BaseModel):
    """One page of claims, by number."""

    claims: list[ClaimSummary]
    next_after: int | None = Field(
        description="Pass it as `after` for the next page; null: this is the last one."
    )


class Document(BaseModel):
    """The verdict on one required document."""

    kind: DocumentKind
    verdict: Verdict
    why: Why | None = Field(description="Why it is not accepted.")
    files: list[str]

    @classmethod
    def of(cls, verdict: DocumentVerdict) -> "Document":
        """Return what is shown of a verdict."""
        return cls(
            kind=verdict.kind,
            verdict=verdict.verdict,
            why=verdict.why,
            files=list(verdict.files),
        )


class FindingOut(BaseModel):
    """What one check found."""

    clause: str
    title: str
    verdict: FindingVerdict
    text: str
    flags: list[str]


class Line(BaseModel):
    """One line of the arithmetic; the lines add up to the total."""

    clause: str
    label: str
    amount_usd: Usd


class Assessed(BaseModel):
    """What software worked out last; a person decides."""

    policy_version: str
    findings: list[FindingOut]
    lines: list[Line]
    total_usd: Usd | None
    needs_person: bool = Field(description="An audit finds the figure (G4, G7).")
    points_restored: int

    @classmethod
    def of(cls, assessment: Assessment) -> "Assessed":
        """Return what is shown of an assessment."""
        proposal = assessment.proposal
        return cls(
            policy_version=assessment.policy_version,
            findings=[
                FindingOut(
                    clause=one.clause,
                    title=_title(one.clause),
                    verdict=one.verdict,
                    text=one.text,
                    flags=list(one.flags),
                )
                for one in assessment.findings
            ],
            lines=[
                Line(clause=one.clause, label=one.label, amount_usd=one.amount.amount)
                for one in (proposal.lines if proposal else ())
            ],
            total_usd=proposal.total.amount if proposal else None,
            needs_person=proposal is not None and proposal.needs_person,
            points_restored=proposal.points_restored if proposal else 0,
        )


class EventOut(BaseModel):
    """One line of the claim's history: codes, no text of mails or people."""

    seq: int
    event: Event
    actor: str
    at: Instant
    state_before: ClaimState | None
    state_after: ClaimState
    clauses: list[str]
    data: dict[str, str]

    @classmethod
    def of(cls, seq: int, event: ClaimEvent) -> "EventOut":
        """Return what is shown of an event."""
        return cls(
            seq=seq,
            event=event.event,
            actor=event.actor,
            at=event.at,
            state_before=event.state_before,
            state_after=event.state_after,
            clauses=list(event.clauses),
            data={key: str(value) for key, value in (event.data or {}).items()},
        )


class ClaimDetail(ClaimSummary):
    """One claim with everything that programs need of it."""

    documents: list[Document]
    assessment: Assessed | None = Field(description="Null until it was assessed.")
    events: list[EventOut]


class MailOut(BaseModel):
    """What became of one mail; nothing of its text."""

    id: int
    message_id: str | None
    first_seen_at: Instant
    received_at: Instant | None
    fate: Fate | None = Field(description="Null while the mail waits to be understood.")
    settled_at: Instant | None
    claim_id: int | None
    trouble: str | None = Field(description="Why it could not be read.")

    @classmethod
    def of(cls, mail: MailFate) -> "MailOut":
        """Return what is shown of a mail."""
        return cls(
            id=mail.mail_id,
            message_id=mail.message_id,
            first_seen_at=mail.first_seen_at,
            received_at=mail.received_at,
            fate=None if mail.fate is None else Fate(mail.fate),
            settled_at=mail.settled_at,
            claim_id=mail.claim_id,
            trouble=mail.trouble,
        )


class Mails(BaseModel):
    """The mails with a Message-ID, the newest first; at most 100."""

    mails: list[MailOut]


class QueueOut(BaseModel):
    """How many jobs of a queue stand where; finished ones are not counted.

    10000 stands for all beyond.
    """

    queue: str
    waiting: int = Field(description="For an earlier job.")
    ready: int
    delayed: int = Field(description="For their time.")
    running: int
    dead: int
    oldest_at: Instant | None

    @classmethod
    def of(cls, count: QueueCount) -> "QueueOut":
        """Return what is shown of a queue."""
        return cls(
            queue=count.queue,
            waiting=count.waiting,
            ready=count.ready,
            delayed=count.delayed,
            running=count.running,
            dead=count.dead,
            oldest_at=count.oldest_at,
        )


class Queues(BaseModel):
    """Every queue at one instant."""

    at: Instant
    queues: list[QueueOut]


def _title(clause: ClauseId) -> str:
    return CLAUSES[clause].title if clause in CLAUSES else ""
