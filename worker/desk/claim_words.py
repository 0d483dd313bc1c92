"""What the claim page says of codes: states, verdicts, events, senders, in words."""

from worker.domain.authentication import Authentication
from worker.domain.claim import ClaimState, Event
from worker.domain.deadlines import SlaState
from worker.domain.documents import DocumentKind, Verdict
from worker.domain.findings import FindingVerdict
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, ReceivedFrom, Trouble

S, E = ClaimState, Event
Labels = dict[str, tuple[str, str]]
"""By code: words, and the tone that goes with them."""

DOCUMENTS = {
    DocumentKind.PROOF_OF_PURCHASE: "Proof of purchase",
    DocumentKind.ORDER_NOTIFICATION: "Order notification",
    DocumentKind.PACKAGING_PHOTOS: "Photos of the packaging",
    DocumentKind.CONTENTS_PHOTOS: "Photos of the contents",
}
DOCUMENT_VERDICTS: Labels = {
    Verdict.SATISFIED: ("There", "good"),
    Verdict.PROVISIONAL: ("There, please look", "warn"),
    Verdict.WAIVED: ("Waived", "info"),
    Verdict.NOT_REQUIRED: ("Not needed", "plain"),
    Verdict.MISSING: ("Missing", "bad"),
    Verdict.REJECTED: ("Sent, cannot be used", "bad"),
}
CHECK_VERDICTS: Labels = {
    FindingVerdict.PASS: ("Passed", "good"),
    FindingVerdict.FAIL: ("Failed", "bad"),
    FindingVerdict.UNCLEAR: ("Unclear", "warn"),
    FindingVerdict.NOT_APPLICABLE: ("Does not apply", "plain"),
}
SLA: Labels = {
    SlaState.NONE: ("No clock of ours runs", "plain"),
    SlaState.RUNNING: ("Our seven days run", "info"),
    SlaState.DUE_SOON: ("Answer due soon", "warn"),
    SlaState.MET: ("Answered in time", "good"),
    SlaState.BREACHED: ("Seven days missed", "bad"),
}
STATES: Labels = {
    S.IDENTITY_HOLD: ("Sender not proven", "warn"),
    S.INTAKE: ("Just opened", "info"),
    S.AWAITING_DOCUMENTS: ("Waits for documents", "warn"),
    S.UNDER_REVIEW: ("Under review", "info"),
    S.AWAITING_MEMBER: ("Waits for the member", "warn"),
    S.AWAITING_CARRIER: ("Waits for the carrier", "warn"),
    S.INELIGIBLE_PROPOSED: ("A check failed", "bad"),
    S.DECISION_PROPOSED: ("Waits for approval", "info"),
    S.APPROVED: ("Approved", "good"),
    S.APPROVED_PARTIAL: ("Approved in part", "good"),
    S.PAYOUT_PENDING: ("Being paid", "info"),
    S.PAYOUT_FAILED: ("Payment failed", "bad"),
    S.COMPLETED_PAID: ("Paid", "good"),
    S.COMPLETED_REJECTED: ("Rejected", "plain"),
    S.CLOSED_INCOMPLETE: ("Closed, documents missing", "plain"),
    S.WITHDRAWN: ("Withdrawn", "plain"),
    S.MERGED: ("Merged", "plain"),
    S.NOT_A_CLAIM: ("No claim", "plain"),
    S.APPEALED: ("Appealed", "warn"),
}
EMAIL_STATUS: Labels = {
    "queued": ("Waits to be sent", "info"),
    "sending": ("Being sent", "info"),
    "sent": ("Sent", "good"),
    "bounced": ("Came back", "bad"),
    "refused": ("Refused by the relay", "bad"),
    "held": ("Held for a person", "warn"),
}
TIERS: Labels = {
    SenderTier.A: ("Proven: on file, and authenticated", "good"),
    SenderTier.B: ("On file, not authenticated", "warn"),
    SenderTier.C: ("Not on file, or forged", "bad"),
}
PROOFS = {
    Authentication.PASS: "our server vouches for the sender's domain",
    Authentication.FAIL: "our server says that the sender is forged",
    Authentication.NONE: "nothing of ours vouches for the sender's domain",
}
FATES = {
    Fate.CLAIM: "opened this claim",
    Fate.FOLLOW_UP: "joined this claim",
    Fate.DUPLICATE: "was here before; nothing else happened",
    Fate.AUTO_REPLY: "an automatic answer",
    Fate.BOUNCE: "a report about an e-mail of ours",
    Fate.NOT_A_CLAIM: "another matter",
    Fate.CANNOT_MATCH: "could not be matched",
    Fate.IDENTITY_HOLD: "held until its sender is proven",
    Fate.PARKED: "could not be read",
}
RECEIPTS = {
    ReceivedFrom.TRUSTED_RECEIVED: "our own exchanger took it then",
    ReceivedFrom.INTERNALDATE: "the mailbox took it then",
    ReceivedFrom.GIVEN: "as a person gave it",
    ReceivedFrom.FIRST_SEEN: "when it was first seen",
}
TROUBLES = {
    Trouble.ENCRYPTED: "locked with a password",
    Trouble.UNREADABLE: "cannot be opened",
    Trouble.TOO_SMALL: "too small",
    Trouble.TOO_LARGE: "too large to open",
    Trouble.INFECTED: "infected",
}
EVENTS = {
    E.OPENED: "Claim opened",
    E.HELD: "Held: the sender is not proven",
    E.IDENTITY_CONFIRMED: "Sender confirmed",
    E.DOCS_MISSING: "Documents asked for",
    E.DOCS_COMPLETE: "Documents complete",
    E.DOCS_ADDED: "Documents added",
    E.DOCS_REMINDER: "Reminded of the documents",
    E.DOCS_EXPIRY_PROPOSED: "Closing proposed: documents did not come",
    E.DOCS_EXPIRED: "Closed: documents did not come",
    E.CHECK_FAILED: "A check failed",
    E.CHECK_PASSED: "The check passes now",
    E.INELIGIBLE_OVERRULED: "Failed check overruled",
    E.INELIGIBLE_CONFIRMED: "Failed check confirmed",
    E.INFO_REQUESTED: "Asked the member",
    E.CARRIER_ASKED: "Asked the carrier",
    E.CARRIER_ANSWERED: "The carrier answered",
    E.STATUS_SENT: "Response sent",
    E.DECISION_PROPOSED: "Decision proposed",
    E.DECISION_RETURNED: "Proposal given back",
    E.APPROVED: "Approved",
    E.APPROVED_PARTIAL: "Approved in part",
    E.REJECTED: "Rejected",
    E.PAYOUT_CREATED: "Payout created",
    E.PAYOUT_FAILED: "Payment failed",
    E.PAYOUT_RETRIED: "Payment tried again",
    E.PAYOUT_DONE: "Paid",
    E.WITHDRAWN: "Withdrawn",
    E.REPLY_AFTER_CLOSE: "Reopened by an answer",
    E.APPEAL_FILED: "Appeal filed",
    E.APPEAL_TAKEN: "Appeal taken up",
    E.MERGED: "Merged into another claim",
    E.TOOK_OVER: "Took over another claim",
    E.SPLIT_OFF: "Split off",
    E.STOPPED: "Stopped",
    E.RESUMED: "Goes on",
    E.MAIL_JOINED: "A mail joined",
    E.MAIL_ASSIGNED: "A mail was assigned",
    E.DISMISSED: "Closed as no claim",
    E.RESTORED: "Taken back into triage",
    E.ASSIGNED: "Given to somebody",
    E.SLA_WARNED: "Warned: the answer is due",
    E.TYPE_CHOSEN: "Type chosen",
    E.PACKAGE_CHOSEN: "Package chosen",
    E.DOCUMENT_WAIVED: "Document waived",
    E.FLAG_SET: "Flag set",
    E.FLAG_CLEARED: "Flag cleared",
    E.EMAIL_RELEASED: "Held e-mail released",
    E.EMAIL_DISCARDED: "Held e-mail discarded",
    E.EMAIL_BOUNCED: "An e-mail came back",
}
