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
    respond,
    waive,
)
from worker.decide.common import By, Done, SentByHand, Staff, find_claim
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
from worker.decide.rulings import approval, rejection
from worker.decide.triage import assign, confirm, dismiss
from worker.decide.verdicts import (
    approve,
    give_back,
    overrule,
    propose,
    reasons_for_two,
    reject,
    settle,
    ways_to_propose,
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
    "merge",
    "overrule",
    "pay",
    "payment_failed",
    "payout_key",
    "propose",
    "reasons_for_two",
    "reject",
    "rejection",
    "release",
    "respond",
    "resume",
    "set_flag",
    "settle",
    "stop",
    "take_appeal",
    "waive",
    "ways_to_propose",
    "withdraw",
]
