"""What the reason of a dead letter means, and what a person does about it.

Reasons are stable codes, `gave_up_after_` with the code of what others said, or the
name of an error of ours with its place.
"""

import re
from dataclasses import dataclass

GAVE_UP = "gave_up_after_"
"""How a reason begins where the outside world refused for as long as is waited."""
_A_BUG = re.compile(r"(?P<error>[A-Z]\w*)(?: (?P<place>\S+:\d+))?")
_DOCTOR = "See `claims doctor`, mend what it names, then try again."
_AGAIN = "Try again."
_NOTHING = "Discard it: there is nothing left to do for it."
_BACK = "Put the file back from the backup (docs/recovery.md), then try again."
_SMALLER = (
    "Download the mail and look at it; `claims dead edit` lets a corrected copy be"
    " read. Without that, answer its sender by hand and discard this."
)


@dataclass(frozen=True, slots=True)
class Explained:
    """A reason in sentences: what it means, and what to do."""

    says: str
    do: str


_CODES = {
    "kills_its_worker": (
        "Its worker died with it six times, the last time alone.",
        "Look in the log for what ended it, such as too little memory; try again.",
    ),
    "unknown_kind": (
        "This version of the program does not know such a job.",
        "Start the newer version that wrote it, then try again.",
    ),
    "not_read": (
        "The mail was never read, so it cannot be understood.",
        "Try the job again that should have read it, then this one.",
    ),
    "raw_missing": ("The raw mail is not in the raw store.", _BACK),
    "raw_damaged": ("The raw mail in the store is not the one that came.", _BACK),
    "raw_store_full": (
        "The disk of the raw store is full.",
        "Make room, then try again.",
    ),
    "raw_store_failed": (
        "The raw store cannot be reached.",
        "Look whether its disk is there and may be read, then try again.",
    ),
    "reader_crashed": (
        "Reading it ended the reader's process, again and again.",
        _SMALLER,
    ),
    "reader_timeout": ("Reading it took too long, again and again.", _SMALLER),
    "reader_memory": ("Reading it took too much memory, again and again.", _SMALLER),
    "reader_unreadable": ("It has not the form of a mail.", _SMALLER),
    "reader_not_started": (
        "The process that reads mails could not be started.",
        "Look whether the machine has memory and processes left, then try again.",
    ),
    "no_such_claim": ("The claim that it is about does not exist.", _NOTHING),
    "no_claim": (
        "No claim could be opened for the mail.",
        "Assign the mail to an order by hand, then discard this.",
    ),
    "not_assessed": (
        "The claim that it is about was never assessed.",
        "Try the job again that should have assessed it, then this one.",
    ),
    "claim_changed": ("The claim kept changing while it was worked on.", _AGAIN),
    "order_gone": (
        "The order directory no longer has the order.",
        "Import the order again, then try again.",
    ),
    "no_drafts_mailbox": (
        "No mailbox for drafts is set.",
        "Set CLAIMS_DRAFTS_URL, then try again; or discard it: the desk has the draft.",
    ),
    "drafts_refused": (
        "The staff's mailbox takes no draft.",
        "Look whether the folder is full or read only, then try again.",
    ),
    "no_sent_folder": (
        "No sent folder is set.",
        "Set CLAIMS_SENT_FOLDER and CLAIMS_DRAFTS_URL, then try again.",
    ),
    "sent_gone": ("The mail is in the sent folder no more.", _NOTHING),
    "sent_too_large": (
        "The mail in the sent folder is too large to be read.",
        "Look at it there; record what it decided at the desk, then discard this.",
    ),
    "server_has_no_labels": (
        "The mail server knows no labels.",
        "Choose another CLAIMS_AFTER, then discard this.",
    ),
    "server_keeps_no_keywords": (
        "The mail server keeps no keywords.",
        "Choose another CLAIMS_AFTER, then discard this.",
    ),
    "server_cannot_move": (
        "The mail server cannot move mails.",
        "Choose another CLAIMS_AFTER, then discard this.",
    ),
    "uidvalidity_changed": (
        "The mail server numbered the mailbox anew, so the mail cannot be found there.",
        _NOTHING,
    ),
    "template_error": (
        "The e-mail's template fails.",
        "See `claims doctor`, mend the template, then try again.",
    ),
    "no_address_on_file": (
        "The member has no address on file.",
        "Import the order with the member's address, then try again.",
    ),
    "bad_recipient": (
        "The e-mail has no address that can be written to.",
        "Import the order with a right address, then try again.",
    ),
    "bad_sender": (
        "CLAIMS_FROM is no address that can be written from.",
        "Set CLAIMS_FROM to an address, then try again.",
    ),
}
_FAMILIES = {
    "smtp": ("The relay did not take the e-mail", _DOCTOR),
    "drafts": ("The staff's mailbox could not be written to", _DOCTOR),
    "sent": ("The sent folder could not be read", _DOCTOR),
    "mark": ("The mail could not be marked in its mailbox", _DOCTOR),
    "mailbox": ("The mailbox could not be read", _DOCTOR),
    "orders": ("The order directory did not answer as it should", _DOCTOR),
    "database": (
        "The database was not there",
        "Look at CLAIMS_DATABASE_URL and the database, then try again.",
    ),
}
"""By how a code begins: what the rest is the detail of."""


def explain(reason: str) -> Explained:
    """Return what a reason means and what to do; each has a sentence of some kind."""
    if reason.startswith(GAVE_UP):
        cause = explain(reason.removeprefix(GAVE_UP))
        return Explained(f"Nothing helped for three days. {cause.says}", cause.do)
    if reason in _CODES:
        return Explained(*_CODES[reason])
    family, _, rest = reason.partition("_")
    if family in _FAMILIES:
        says, do = _FAMILIES[family]
        return Explained(f"{says}: {_in_words(rest)}.", do)
    bug = _A_BUG.fullmatch(reason)
    if bug is not None:
        where = f", at {bug['place']}" if bug["place"] else ""
        return Explained(
            f"Our own code failed at it three times: {bug['error']}{where}.",
            "Report it as a fault of the program, with the reason above. Try again"
            " after an upgrade.",
        )
    return Explained(
        f"It ended with the code {reason}.",
        "Look at the log for this job; trying again does no harm.",
    )


def _in_words(detail: str) -> str:
    if detail.isdecimal():
        return f"it answered {detail}"
    return detail.replace("_", " ") or "no detail is known"
