"""The claim: its state, its events, and what is stored of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SYSTEM = "system"
"""The actor of what no person did; nobody may take it for a name."""


class ClaimType(StrEnum):
    """What happened to the package. Source: clause C5."""

    TOTAL_LOSS = "total_loss"
    PARTIAL_LOSS = "partial_loss"
    DAMAGE = "damage"
    UNKNOWN = "unknown"
    """The mail does not say; staff choose."""


class ClaimState(StrEnum):
    """Where a claim stands. Source: lifecycle.md section 6."""

    IDENTITY_HOLD = "identity_hold"
    """The sender is not proven; left by a proven mail or by staff (T6)."""
    INTAKE = "intake"
    """Opened, not assessed yet; the next assessment moves it on."""
    AWAITING_DOCUMENTS = "awaiting_documents"
    """An exact list was asked for; left when the set is complete or expires."""
    UNDER_REVIEW = "under_review"
    """The set is complete and the seven days run; a person decides."""
    AWAITING_MEMBER = "awaiting_member"
    """A reviewer asked for something specific; left by the member's answer."""
    AWAITING_CARRIER = "awaiting_carrier"
    """A trace was asked for; the seven days still run."""
    INELIGIBLE_PROPOSED = "ineligible_proposed"
    """A mechanical check failed (G1, C11, C12); a person confirms or overrules."""
    DECISION_PROPOSED = "decision_proposed"
    """An amount or a rejection waits for approval."""
    APPROVED = "approved"
    APPROVED_PARTIAL = "approved_partial"
    """Decision sent; finance creates the payout."""
    PAYOUT_PENDING = "payout_pending"
    PAYOUT_FAILED = "payout_failed"
    COMPLETED_PAID = "completed_paid"
    COMPLETED_REJECTED = "completed_rejected"
    CLOSED_INCOMPLETE = "closed_incomplete"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    NOT_A_CLAIM = "not_a_claim"
    APPEALED = "appealed"
    """Reopened with grounds; another reviewer takes it."""


S = ClaimState
FINAL_STATES = frozenset(
    {
        S.COMPLETED_PAID,
        S.COMPLETED_REJECTED,
        S.CLOSED_INCOMPLETE,
        S.WITHDRAWN,
        S.MERGED,
        S.NOT_A_CLAIM,
    }
)
OPEN_STATES = frozenset(ClaimState) - FINAL_STATES
ASSESSED_STATES = frozenset(
    {S.INTAKE, S.AWAITING_DOCUMENTS, S.UNDER_REVIEW, S.INELIGIBLE_PROPOSED}
)
"""States that an assessment may move; beyond them a person has taken over."""
RUNNING_STATES = frozenset(
    {
        S.UNDER_REVIEW,
        S.AWAITING_CARRIER,
        S.AWAITING_MEMBER,
        S.INELIGIBLE_PROPOSED,
        S.DECISION_PROPOSED,
        S.APPEALED,
    }
)
"""States in which the response clock can run (lifecycle.md, column SLA)."""


class Event(StrEnum):
    """What moves a claim: the events of lifecycle.md section 6, by their T number."""

    OPENED = "claim.opened"
    HELD = "sender.unknown"
    IDENTITY_CONFIRMED = "identity.confirmed"
    DOCS_MISSING = "docs.missing"
    DOCS_COMPLETE = "docs.complete"
    DOCS_ADDED = "docs.added"
    DOCS_REMINDER = "docs.reminder"
    DOCS_EXPIRY_PROPOSED = "docs.expiry_proposed"
    DOCS_EXPIRED = "docs.expired"
    CHECK_FAILED = "check.failed"
    CHECK_PASSED = "check.passed"
    INELIGIBLE_OVERRULED = "ineligible.overruled"
    INELIGIBLE_CONFIRMED = "ineligible.confirmed"
    INFO_REQUESTED = "info.requested"
    CARRIER_ASKED = "carrier.asked"
    CARRIER_ANSWERED = "carrier.answered"
    STATUS_SENT = "status.sent"
    DECISION_PROPOSED = "decision.proposed"
    DECISION_RETURNED = "decision.returned"
    APPROVED = "decision.approved"
    APPROVED_PARTIAL = "decision.approved_partial"
    REJECTED = "decision.rejected"
    PAYOUT_CREATED = "payout.created"
    PAYOUT_FAILED = "payout.failed"
    PAYOUT_RETRIED = "payout.retried"
    PAYOUT_DONE = "payout.done"
    WITHDRAWN = "withdrawn"
    REPLY_AFTER_CLOSE = "reply.after_close"
    APPEAL_FILED = "appeal.filed"
    APPEAL_TAKEN = "appeal.taken"
    MERGED = "duplicate.merged"
    TOOK_OVER = "duplicate.took_over"
    SPLIT_OFF = "duplicate.split"
    STOPPED = "claim.stopped"
    RESUMED = "claim.resumed"
    MAIL_JOINED = "mail.joined"
    MAIL_ASSIGNED = "triage.resolved"
    DISMISSED = "triage.dismissed"
    RESTORED = "triage.restored"
    SLA_WARNED = "sla.warned"
    TYPE_CHOSEN = "type.chosen"
    PACKAGE_CHOSEN = "package.chosen"
    DOCUMENT_WAIVED = "document.waived"
    ASSIGNED = "claim.assigned"
    FLAG_SET = "flag.set"
    FLAG_CLEARED = "flag.cleared"
    EMAIL_RELEASED = "email.released"
    EMAIL_DISCARDED = "email.discarded"
    EMAIL_BOUNCED = "email.bounced"


def reference(claim_id: int) -> str:
    """Return the claim's number as members and staff see it: 12 gives CLM-000012."""
    return f"CLM-{claim_id:06d}"


@dataclass(frozen=True, slots=True)
class Claim:
    """One member's request for one package, as stored.

    `received_at` is the receipt of the thread's first mail, held mails included (it
    decides C11); `docs_complete_at` the receipt of the mail that completed the set,
    or the moment a held claim was released; `respond_by` the running clock's end.
    """

    claim_id: int
    member_id: str
    order_number: str
    package_id: str | None
    claim_type: ClaimType
    state: ClaimState
    version: int
    received_at: datetime
    docs_complete_at: datetime | None = None
    respond_by: datetime | None = None
    responded_at: datetime | None = None
    promised_at: datetime | None = None
    """When a response named the present `respond_by`; None on the first clock."""
    released_at: datetime | None = None
    documents_asked_at: datetime | None = None
    documents_due_at: datetime | None = None
    next_due_at: datetime | None = None
    flags: tuple[str, ...] = ()
    member_address: str | None = None
    """The on-file address that wrote; automatic answers go there."""
    merged_into: int | None = None
    """The claim that took its mails over."""

    @property
    def ref(self) -> str:
        """Return the number that people use: CLM-000012."""
        return reference(self.claim_id)

    @property
    def is_open(self) -> bool:
        """Return whether work remains."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """One appended line of a claim's history; `data` holds ids and codes only."""

    event: Event
    actor: str
    at: datetime
    state_before: ClaimState | None
    state_after: ClaimState
    reason: str = ""
    clauses: tuple[str, ...] = ()
    data: dict[str, str] | None = None
