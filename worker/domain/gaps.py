"""Gaps: places where two records that must agree do not. `claims audit` finds them."""

from dataclasses import dataclass
from enum import StrEnum


class GapCode(StrEnum):
    """What is wrong; the words that people read are in `SENTENCES`."""

    MAIL_NOT_STORED = "mail_not_stored"
    MAILBOX_RENUMBERED = "mailbox_renumbered"
    MAIL_ROW_GONE = "mail_row_gone"
    MAIL_WITHOUT_JOB = "mail_without_job"
    MAIL_WITHOUT_CLAIM = "mail_without_claim"
    MAIL_IN_TWO_CLAIMS = "mail_in_two_claims"
    RAW_MISSING = "raw_missing"
    RAW_DAMAGED = "raw_damaged"
    RAW_NOT_ERASED = "raw_not_erased"
    CLAIM_WITHOUT_MAIL = "claim_without_mail"
    CLAIM_UNANSWERED = "claim_unanswered"
    EVENTS_INCOMPLETE = "events_incomplete"
    STATE_WITHOUT_EVENT = "state_without_event"
    EMAIL_WITHOUT_JOB = "email_without_job"
    EMAIL_WITHOUT_COPY = "email_without_copy"
    EMAIL_NEVER_TRIED = "email_never_tried"
    EMAIL_CHANGED = "email_changed"


SENTENCES = {
    GapCode.MAIL_NOT_STORED: "is in the mailbox, and the ledger has passed it by",
    GapCode.MAILBOX_RENUMBERED: "has another UIDVALIDITY than the ledger",
    GapCode.MAIL_ROW_GONE: "has jobs, and no row any more",
    GapCode.MAIL_WITHOUT_JOB: "has no end state, and no job that would give it one",
    GapCode.MAIL_WITHOUT_CLAIM: "ended in a claim that is not named",
    GapCode.MAIL_IN_TWO_CLAIMS: "brought more than one claim about",
    GapCode.RAW_MISSING: "has no raw bytes in the raw store",
    GapCode.RAW_DAMAGED: "has other raw bytes than were stored",
    GapCode.RAW_NOT_ERASED: "was erased, and its raw bytes are still there",
    GapCode.CLAIM_WITHOUT_MAIL: "was opened by no mail",
    GapCode.CLAIM_UNANSWERED: "has no acknowledgement, and no reason for none",
    GapCode.EVENTS_INCOMPLETE: "has a gap in its history",
    GapCode.STATE_WITHOUT_EVENT: "stands in a state that its history does not lead to",
    GapCode.EMAIL_WITHOUT_JOB: "waits to be sent, and no job sends it",
    GapCode.EMAIL_WITHOUT_COPY: "is marked sent, and its bytes are not kept",
    GapCode.EMAIL_NEVER_TRIED: "is marked sent, and no attempt was made",
    GapCode.EMAIL_CHANGED: "has other bytes than were composed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One gap: its code and what it is about, as `mail:12`, `uid:40` or `claim:3`.

    `uid` is the mail's number in the mailbox, where it is about a mail, and
    `uidvalidity` the mailbox's.
    """

    code: GapCode
    ref: str
    uid: int | None = None
    uidvalidity: int | None = None

    @property
    def key(self) -> str:
        """Return what tells it from others: the same gap has the same key."""
        return f"{self.code} {self.ref}"
