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
    check_merge,
    close,
    merge,
    resume,
    stop,
    take_appeal,
    withdraw,
)
from worker.decide.flags import clear_flag, set_flag
from worker.decide.payments import complete, pay, payment_failed, payout_key
from worker.decide.reminding import remind
from worker.decide.rulings import approval, rejection
from worker.decide.triage import (
    ASSIGNABLE,
    TRIAGE_ALERTS,
    assign,
    check_confirm,
    confirm,
    dismiss,
    dismiss_held,
    foresee,
    foresee_joining,
    join,
    open_beside,
    raise_alerts_again,
    restore,
    restore_held,
    settle_alerts,
)
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
    "ASSIGNABLE",
    "TRIAGE_ALERTS",
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
    "check_confirm",
    "check_merge",
    "choose_package",
    "choose_type",
    "clear_flag",
    "close",
    "complete",
    "confirm",
    "discard",
    "dismiss",
    "dismiss_alert",
    "dismiss_held",
    "find_claim",
    "foresee",
    "foresee_joining",
    "give_back",
    "join",
    "merge",
    "open_beside",
    "overrule",
    "pay",
    "payment_failed",
    "payout_key",
    "propose",
    "raise_alerts_again",
    "reasons_for_two",
    "reject",
    "rejection",
    "release",
    "remind",
    "respond",
    "restore",
    "restore_held",
    "resume",
    "set_flag",
    "settle",
    "settle_alerts",
    "stop",
    "take_appeal",
    "waive",
    "ways_to_propose",
    "withdraw",
]
