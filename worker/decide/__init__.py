"""What a person decides, from the command line or the desk: one transaction each.

A decision moves the claim along the table of `domain/lifecycle.py`, appends the events
with who and why, and releases the e-mail. Software never calls these by itself
(promise 5): what staff sent from their own mail program counts as theirs.
"""

from worker.decide.alerts import dismiss_alert
from worker.decide.asking import (
    ask,
    ask_carrier,
    carrier_answered,
    choose_package,
    choose_type,
    request,
    respond,
    status,
    waive,
)
from worker.decide.common import (
    By,
    Done,
    SentByHand,
    Staff,
    find_claim,
    is_possible,
    known,
)
from worker.decide.emails import discard, release
from worker.decide.endings import (
    appeal,
    close,
    merge,
    resume,
    stop,
    take_appeal,
    withdraw,
)
from worker.decide.flags import clear_flag, set_flag
from worker.decide.payments import complete, pay, payment_failed, payout_key
from worker.decide.rulings import approval, rejection, reply_of
from worker.decide.triage import assign, confirm, dismiss
from worker.decide.verdicts import (
    approve,
    check_settling,
    give_back,
    need_reason,
    overrule,
    propose,
    reasons_for_two,
    reject,
    settle,
    waiting,
    ways_to_propose,
    why_two,
)

__all__ = [
    "By",
    "Done",
    "SentByHand",
    "Staff",
    "appeal",
    "approval",
    "approve",
    "ask",
    "ask_carrier",
    "assign",
    "carrier_answered",
    "check_settling",
    "choose_package",
    "choose_type",
    "clear_flag",
    "close",
    "complete",
    "confirm",
    "discard",
    "dismiss",
    "dismiss_alert",
    "find_claim",
    "give_back",
    "is_possible",
    "known",
    "merge",
    "need_reason",
    "overrule",
    "pay",
    "payment_failed",
    "payout_key",
    "propose",
    "reasons_for_two",
    "reject",
    "rejection",
    "release",
    "reply_of",
    "request",
    "respond",
    "resume",
    "set_flag",
    "settle",
    "status",
    "stop",
    "take_appeal",
    "waiting",
    "waive",
    "ways_to_propose",
    "why_two",
    "withdraw",
]
