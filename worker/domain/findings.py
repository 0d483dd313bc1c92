"""Findings: what the checks are told, and what they say; an assessment is their sum."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from worker.domain.amounts import Proposal
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.clauses import ClauseId
from worker.domain.deadlines import utc
from worker.domain.documents import DocumentVerdict, Piece
from worker.domain.exclusions import NOTHING_KNOWN, History, codes
from worker.domain.orders import Order, Package, When
from worker.domain.photographs import Photograph
from worker.domain.policy import LateCountsFrom, Policy

WHICH_PACKAGE = "which_package"
FEE_MISMATCH = "fee_mismatch"
LATE_BUT_DATE_IN_TIME = "late_but_date_in_time"
FILED_BEFORE_DELIVERY = "filed_before_delivery"
COLLECTED_AFTER_DELIVERY = "collected_after_delivery"
DELIVERY_DISPUTED = "delivery_disputed"
WEIGHT_DIFFERS = "weight_differs"
PHOTO_SEEN_BEFORE = "photo_seen_before"
PHOTO_OLDER_THAN_DELIVERY = "photo_older_than_delivery"
VALUE_DIFFERS = "value_differs"
RAISED_BY_CHECKS = (
    frozenset(
        {
            WHICH_PACKAGE,
            FEE_MISMATCH,
            LATE_BUT_DATE_IN_TIME,
            FILED_BEFORE_DELIVERY,
            COLLECTED_AFTER_DELIVERY,
            DELIVERY_DISPUTED,
            WEIGHT_DIFFERS,
            PHOTO_SEEN_BEFORE,
            PHOTO_OLDER_THAN_DELIVERY,
            VALUE_DIFFERS,
        }
    )
    | codes()
)


class FindingVerdict(StrEnum):
    """What a check found. Source: DESIGN section 5."""

    PASS = "pass"  # noqa: S105 - the contract's word, not a password
    FAIL = "fail"
    UNCLEAR = "unclear"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit of one check. `text` may be shown to staff; `evidence` names the facts.

    `proposes` is the state a failed mechanical check proposes; a person confirms it.
    `flags` are the stable words it raises on the claim.
    """

    clause: ClauseId
    verdict: FindingVerdict
    text: str
    evidence: str = ""
    proposes: ClaimState | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the checks may know, looked up before."""

    policy: Policy
    order: Order
    package: Package | None
    """None while several packages are possible (flag `which_package`)."""
    claim_type: ClaimType
    received_at: datetime
    header_date_at: datetime | None = None
    documents: tuple[DocumentVerdict, ...] = ()
    docs_complete_at: datetime | None = None
    photographs: tuple[Photograph, ...] = ()
    pieces: tuple[Piece, ...] = ()
    """The files that count."""
    history: History = NOTHING_KNOWN
    cleared: frozenset[tuple[str, str]] = frozenset()
    """Clause and evidence of the flags that a person cleared."""
    may_see_amounts: bool = True
    """False for an unproven sender: then no amount is proposed."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What software works out about a claim; never final against a member."""

    claim_type: ClaimType
    state: ClaimState
    documents: tuple[DocumentVerdict, ...]
    findings: tuple[Finding, ...]
    flags: tuple[str, ...]
    docs_complete_at: datetime | None
    respond_by: datetime | None
    proposal: Proposal | None
    policy_version: str

    @property
    def proposed_usd(self) -> Decimal | None:
        """Return the amount that needs no audit, or None.

        None while the set is incomplete, the sender is unproven, a person must find
        the figure, or a mechanical check proposes that nothing is due.

        Source: DESIGN section 5 (claims inspect).
        """
        if self.proposal is None or self.proposal.needs_person:
            return None
        if self.state is ClaimState.INELIGIBLE_PROPOSED:
            return None
        return self.proposal.total.amount


def receipt_record(package: Package, policy: Policy) -> When | None:
    """Return the record of the member's receipt that decides, by the switch."""
    if policy.late_24h_counts_from is LateCountsFrom.COURIER_SCAN:
        return package.delivered
    return package.collected if package.delivered is None else package.delivered


def which_package(clause: ClauseId, flags: tuple[str, ...] = ()) -> Finding:
    """Return the finding of a check that needs the package, while several may be it."""
    text = "It is not known yet which package of the order this is about."
    return Finding(clause, FindingVerdict.UNCLEAR, text, flags=(*flags, WHICH_PACKAGE))


def on(at: datetime) -> str:
    """Return an instant as findings write it: 2026-11-18 14:30:00 UTC."""
    return f"{utc(at):%Y-%m-%d %H:%M:%S} UTC"
