"""Why a claim stands where it stands, and who moves next, in a sentence or two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from worker.desk.claim_words import DOCUMENTS
from worker.desk.words import instant, plain
from worker.domain.claim import Claim, ClaimEvent, ClaimState, Event, reference
from worker.domain.decisions import is_stopped
from worker.domain.documents import COMPLETING, DocumentVerdict
from worker.domain.findings import Assessment, FindingVerdict

S, E = ClaimState, Event
_SAYS = {
    S.IDENTITY_HOLD: "Nobody has proven that the member wrote this. It waits for a mail"
    " from the address on file, or for a person to confirm the sender.",
    S.INTAKE: "It was just opened; the first assessment takes some seconds.",
    S.NOT_A_CLAIM: "A person said that this is no claim.",
}
_DID = {
    S.AWAITING_MEMBER: (
        E.INFO_REQUESTED,
        "The member was asked something",
        "The member's answer moves it on.",
    ),
    S.AWAITING_CARRIER: (
        E.CARRIER_ASKED,
        "The carrier was asked",
        "Our own clock goes on meanwhile.",
    ),
    S.DECISION_PROPOSED: (
        E.DECISION_PROPOSED,
        "A decision was proposed",
        "Somebody who may approve it has to look.",
    ),
    S.APPROVED: (E.APPROVED, "It was approved", "The payout has to be created."),
    S.APPROVED_PARTIAL: (
        E.APPROVED_PARTIAL,
        "It was approved in part",
        "The payout has to be created.",
    ),
    S.PAYOUT_PENDING: (E.PAYOUT_CREATED, "The payout was created", "Finance pays."),
    S.PAYOUT_FAILED: (
        E.PAYOUT_FAILED,
        "The payment failed",
        "Somebody has to try again.",
    ),
    S.COMPLETED_PAID: (E.PAYOUT_DONE, "It was paid", ""),
    S.COMPLETED_REJECTED: (E.REJECTED, "It was rejected", ""),
    S.CLOSED_INCOMPLETE: (
        E.DOCS_EXPIRED,
        "It was closed, since documents did not come",
        "An answer of the member opens it again.",
    ),
    S.WITHDRAWN: (E.WITHDRAWN, "It was withdrawn", ""),
    S.APPEALED: (
        E.APPEAL_FILED,
        "The member appealed",
        "Somebody who has not decided it before takes it up.",
    ),
}
"""The event that led to a state, what happened, and what comes next."""


def standing(
    claim: Claim,
    assessment: Assessment | None,
    events: Sequence[ClaimEvent],
    zone: ZoneInfo,
) -> str:
    """Return why a claim stands where it stands, and who moves next.

    Args:
        claim: the claim.
        assessment: its newest one; None before the first.
        events: its history, oldest first.
        zone: in which instants are told.
    """
    return _Story(claim, assessment, events, zone).told()


def unfinished(documents: Sequence[DocumentVerdict]) -> str:
    """Return what is still open: "D3 Photos of the packaging (missing)"."""
    lacking = (one for one in documents if one.verdict not in COMPLETING)
    return ", ".join(
        f"{one.kind} {DOCUMENTS[one.kind]} ({plain(one.why or one.verdict)})"
        for one in lacking
    )


@dataclass(frozen=True, slots=True)
class _Story:
    claim: Claim
    assessment: Assessment | None
    events: Sequence[ClaimEvent]
    zone: ZoneInfo

    def told(self) -> str:
        """Return the sentences; a stop comes first."""
        said = self._said()
        if not is_stopped(self.events):
            return said
        return f"{self._did(E.STOPPED, 'It was stopped')} Before that: {said}"

    def _said(self) -> str:
        claim = self.claim
        match claim.state:
            case S.AWAITING_DOCUMENTS:
                return self._documents()
            case S.UNDER_REVIEW:
                return self._review()
            case S.INELIGIBLE_PROPOSED:
                return self._failure()
            case S.MERGED:
                into = claim.merged_into
                where = "Another claim" if into is None else reference(into)
                return f"{where} has taken over its mails; everything goes on there."
            case state if state in _SAYS:
                return _SAYS[state]
            case state:
                event, what, then = _DID[state]
                return f"{self._did(event, what)} {then}".rstrip()

    def _documents(self) -> str:
        found = () if self.assessment is None else self.assessment.documents
        said = f"The member has to send {unfinished(found) or 'documents'}."
        if self.claim.documents_asked_at is None:
            return said
        asked, due = self.claim.documents_asked_at, self.claim.documents_due_at
        return f"{said} Asked for on {self._at(asked)}, due by {self._at(due)}."

    def _review(self) -> str:
        claim = self.claim
        begin = f"The documents are complete since {self._at(claim.docs_complete_at)}."
        if claim.responded_at is None:
            by = self._at(claim.respond_by)
            return f"{begin} A person decides; the member must have an answer by {by}."
        answered = self._at(claim.responded_at)
        return f"{begin} The member was answered on {answered}; the decision is open."

    def _failure(self) -> str:
        findings = () if self.assessment is None else self.assessment.findings
        failed = (
            f"Check {one.clause} failed: {one.text}"
            for one in findings
            if one.verdict is FindingVerdict.FAIL and one.proposes is not None
        )
        said = next(failed, "A check failed.")
        return f"{said} Software rejects nothing: a person confirms or overrules it."

    def _did(self, event: Event, what: str) -> str:
        """Return what happened last of an event, by whom, when and why."""
        for one in reversed(self.events):
            if one.event is event:
                why = f": {one.reason.rstrip('. ')}" if one.reason else ""
                return f"{what} by {one.actor} on {self._at(one.at)}{why}."
        return f"{what}."

    def _at(self, at: datetime | None) -> str:
        return instant(at, self.zone)
