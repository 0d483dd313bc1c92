"""Arrow 2: a claim and everything known about it become an assessment.

The assessment is pure: the same claim, dossier and policy give the same answer, at
any time, so it is run again whenever a fact changes. What depends on when a mail
came is worked out from receipt times, never from the order in which jobs ran.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from worker.domain.amounts import Proposal, propose
from worker.domain.checks import assess_checks
from worker.domain.claim import ASSESSED_STATES, Claim, ClaimState, Event
from worker.domain.deadlines import respond_by, utc
from worker.domain.documents import (
    DocumentKind,
    DocumentVerdict,
    Piece,
    is_complete,
    judge,
)
from worker.domain.exclusions import NOTHING_KNOWN, History
from worker.domain.findings import Assessment, Facts, Finding
from worker.domain.orders import Order, Package
from worker.domain.photographs import Photograph
from worker.domain.policy import Policy

SENDER_NOT_AUTHENTICATED = "sender_not_authenticated"


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierMail:
    """One mail of a claim and the files that it brought.

    `counts_from` is when its files began to count: its receipt for a proven sender,
    the release for a held mail, None while it is held. `is_proven` says whether our
    own server authenticated the sender (tier A).
    """

    mail_id: int
    received_at: datetime
    header_date_at: datetime | None = None
    counts_from: datetime | None
    pieces: tuple[Piece, ...] = ()
    is_proven: bool = True

    @property
    def counts_at(self) -> datetime | None:
        """Return the later of receipt and release, or None while it is held."""
        if self.counts_from is None:
            return None
        return max(utc(self.received_at), utc(self.counts_from))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything that an assessment may know about a claim, read before.

    `waived` maps a document to when a person waived it; `overruled` are the clauses
    of failed checks that a lead set aside; `asked_again_at` are the instants at which
    staff asked for more although the set was complete; `appealed_at` is when an appeal
    was filed; `cleared` are clause and evidence of flags that a person cleared.
    `flags` come from the mails and the reading of their files; those of an earlier
    assessment may be among them.
    """

    order: Order
    package: Package | None
    mails: tuple[DossierMail, ...] = ()
    waived: Mapping[DocumentKind, datetime] = field(default_factory=dict)
    released_at: datetime | None = None
    overruled: frozenset[str] = frozenset()
    asked_again_at: tuple[datetime, ...] = ()
    appealed_at: datetime | None = None
    cleared: frozenset[tuple[str, str]] = frozenset()
    photographs: tuple[Photograph, ...] = ()
    history: History = NOTHING_KNOWN
    flags: tuple[str, ...] = ()


def assess(claim: Claim, dossier: Dossier, policy: Policy) -> Assessment:
    """Return what the terms make of the claim: documents, clocks, checks, proposal.

    A failed mechanical check is decided before the documents (T13), but the 7-day
    clock runs all the same once the set is complete. In states where a person has
    taken over, everything is worked out and the state stays. Safe to run again.

    Source: lifecycle.md T9, T9b, T10 and T13; clauses C7 and C10.
    """
    facts = facts_of(claim, dossier, policy)
    complete_at = facts.docs_complete_at
    findings, flags = assess_checks(facts)
    return Assessment(
        claim_type=claim.claim_type,
        state=_target(claim, dossier, findings, complete_at),
        documents=facts.documents,
        findings=findings,
        flags=flags,
        docs_complete_at=complete_at,
        respond_by=_respond_by(claim, complete_at, policy),
        proposal=_proposal(facts),
        policy_version=policy.version,
    )


def facts_of(claim: Claim, dossier: Dossier, policy: Policy) -> Facts:
    """Return what the checks may know of a claim."""
    return Facts(
        policy=policy,
        order=dossier.order,
        package=dossier.package,
        claim_type=claim.claim_type,
        received_at=claim.received_at,
        header_date_at=_first_header_date(claim, dossier),
        documents=_judge_at(claim, dossier, None),
        docs_complete_at=docs_complete_at(claim, dossier),
        photographs=dossier.photographs,
        pieces=_pieces_at(dossier, None),
        history=dossier.history,
        cleared=dossier.cleared,
        may_see_amounts=claim.state is not ClaimState.IDENTITY_HOLD,
        flags=_mail_flags(dossier),
    )


def docs_complete_at(claim: Claim, dossier: Dossier) -> datetime | None:
    """Return when the required set became complete, or None while it is not.

    The receipt of the mail that completed it, or what came later: the release of a
    held claim, the waiver of the last missing document. Later mails do not move it,
    unless staff asked for more in between: then the member's answer starts the
    clock again (EX-51).

    Source: clause C10, DESIGN section 4 (Sender).
    """
    if not is_complete(claim.claim_type, _judge_at(claim, dossier, None)):
        return None
    counting = _counting_instants(dossier)
    # Files and waivers only add up: what is complete now became so at one of these.
    instants = sorted({*counting, *(utc(at) for at in dossier.waived.values())})
    complete_at = next(at for at in instants if _is_complete_at(claim, dossier, at))
    if dossier.released_at is not None:
        complete_at = max(complete_at, utc(dossier.released_at))
    for asked_at in sorted(utc(at) for at in dossier.asked_again_at):
        answers = [at for at in counting if at > asked_at >= complete_at]
        complete_at = min(answers, default=complete_at)
    if dossier.appealed_at is not None:
        complete_at = max(complete_at, utc(dossier.appealed_at))
    return complete_at


def event_for(state: ClaimState, assessment: Assessment) -> Event | None:
    """Return the transition that leads from `state` to the assessed one, or None.

    None where nothing changes, and wherever a person has taken over. Applying the
    event and assessing again gives None.

    Source: lifecycle.md T9, T9b, T10, T13; `lifecycle.TRANSITIONS`.
    """
    target = assessment.state
    if state is ClaimState.AWAITING_MEMBER:
        is_back = target is ClaimState.UNDER_REVIEW
        return Event.DOCS_COMPLETE if is_back else None
    if state is target or state not in ASSESSED_STATES:
        return None
    if target is ClaimState.INELIGIBLE_PROPOSED:
        return Event.CHECK_FAILED
    if target is ClaimState.AWAITING_DOCUMENTS:
        return Event.DOCS_MISSING
    was_ineligible = state is ClaimState.INELIGIBLE_PROPOSED
    return Event.CHECK_PASSED if was_ineligible else Event.DOCS_COMPLETE


# -- private ----------------------------------------------------------------------


def _target(
    claim: Claim,
    dossier: Dossier,
    findings: tuple[Finding, ...],
    complete_at: datetime | None,
) -> ClaimState:
    if claim.state is ClaimState.AWAITING_MEMBER:
        is_back = complete_at is not None and _has_answered(dossier)
        return ClaimState.UNDER_REVIEW if is_back else claim.state
    if claim.state not in ASSESSED_STATES:
        return claim.state
    for finding in findings:
        if finding.proposes is not None and finding.clause not in dossier.overruled:
            return finding.proposes
    if complete_at is None:
        return ClaimState.AWAITING_DOCUMENTS
    return ClaimState.UNDER_REVIEW


def _has_answered(dossier: Dossier) -> bool:
    """Return whether the member wrote after staff last asked for something."""
    if not dossier.asked_again_at:
        return False
    asked_at = max(utc(at) for at in dossier.asked_again_at)
    return any(at > asked_at for at in _counting_instants(dossier))


def _counting_instants(dossier: Dossier) -> list[datetime]:
    return [m.counts_at for m in dossier.mails if m.counts_at is not None]


def _is_complete_at(claim: Claim, dossier: Dossier, at: datetime) -> bool:
    return is_complete(claim.claim_type, _judge_at(claim, dossier, at))


def _judge_at(
    claim: Claim, dossier: Dossier, at: datetime | None
) -> tuple[DocumentVerdict, ...]:
    """Judge the files and waivers that counted at an instant; None takes them all."""
    pieces = _pieces_at(dossier, at)
    waived = frozenset(
        kind
        for kind, waived_at in dossier.waived.items()
        if at is None or utc(waived_at) <= at
    )
    return judge(claim.claim_type, pieces, waived)


def _pieces_at(dossier: Dossier, at: datetime | None) -> tuple[Piece, ...]:
    """Return the files that counted at an instant, oldest mail first."""
    in_order = sorted(dossier.mails, key=lambda mail: utc(mail.received_at))
    return tuple(
        piece
        for mail in in_order
        if mail.counts_at is not None and (at is None or mail.counts_at <= at)
        for piece in mail.pieces
    )


def _first_header_date(claim: Claim, dossier: Dossier) -> datetime | None:
    """Return the Date header of the mail whose receipt is the claim's."""
    return next(
        (
            mail.header_date_at
            for mail in dossier.mails
            if utc(mail.received_at) == utc(claim.received_at)
        ),
        None,
    )


def _mail_flags(dossier: Dossier) -> tuple[str, ...]:
    if not any(mail.is_proven for mail in dossier.mails):
        return (*dossier.flags, SENDER_NOT_AUTHENTICATED)
    return tuple(flag for flag in dossier.flags if flag != SENDER_NOT_AUTHENTICATED)


def _respond_by(
    claim: Claim, complete_at: datetime | None, policy: Policy
) -> datetime | None:
    if complete_at is None:
        return None
    started_at, promised_by = claim.docs_complete_at, claim.respond_by
    if started_at is not None and utc(started_at) == complete_at:
        # A date that was promised stays, whatever the switches say now.
        return respond_by(complete_at, policy) if promised_by is None else promised_by
    return respond_by(complete_at, policy)


def _proposal(facts: Facts) -> Proposal | None:
    """Return the proposal for the staff's draft, once it may and can be made."""
    if facts.package is None or facts.docs_complete_at is None:
        return None
    if not facts.may_see_amounts:
        return None
    return propose(facts.package, facts.claim_type, facts.policy, order=facts.order)
