"""The lifecycle: which event may move a claim from where to where, and who may.

One table has every transition of lifecycle.md section 6 by its T number. What is not
in it is refused. The diagram in the docs is drawn from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from worker.domain.claim import OPEN_STATES, ClaimState, Event
from worker.domain.errors import IllegalTransition

S, E = ClaimState, Event


class Role(StrEnum):
    """Who may let an event happen. Source: lifecycle.md section 6, column Who."""

    SYSTEM = "system"
    MEMBER = "member"
    """By a mail from the address on file."""
    AGENT = "agent"
    LEAD = "lead"
    FINANCE = "finance"


class PayoutState(StrEnum):
    """Where the money of a claim stands, apart from claim and clock."""

    NONE = "none"
    DUE = "due"
    PENDING = "pending"
    FAILED = "failed"
    PAID = "paid"


SYSTEM = frozenset({Role.SYSTEM})
AGENT = frozenset({Role.AGENT, Role.LEAD})
LEAD = frozenset({Role.LEAD})
FINANCE = frozenset({Role.FINANCE, Role.LEAD})
STAFF = frozenset({Role.AGENT, Role.LEAD, Role.FINANCE})
"""Every role that a person can have."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table.

    `ways` maps the state before to the state after, None being no claim yet; an empty
    one changes no state. `guard` and `email` are for readers: the guard is checked
    where the event is made.
    """

    number: str
    event: Event
    ways: Mapping[ClaimState | None, ClaimState]
    who: frozenset[Role]
    guard: str
    email: str = ""


_NO_CHANGE: Mapping[ClaimState | None, ClaimState] = {}
_REVIEWED = (S.UNDER_REVIEW, S.AWAITING_MEMBER, S.AWAITING_CARRIER)
"""A reviewer who needs no answer any more decides all the same."""


_UNDECIDED = OPEN_STATES - {
    S.APPROVED,
    S.APPROVED_PARTIAL,
    S.PAYOUT_PENDING,
    S.PAYOUT_FAILED,
}
"""What was promised is paid: it is neither merged away nor withdrawn."""


def _all(
    states: "frozenset[ClaimState] | tuple[ClaimState, ...]", after: ClaimState
) -> Mapping[ClaimState | None, ClaimState]:
    return dict.fromkeys(states, after)


TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        "T4", E.MAIL_ASSIGNED, _NO_CHANGE, AGENT, "a person picks member and order"
    ),
    Transition(
        "T4",
        E.DISMISSED,
        {S.IDENTITY_HOLD: S.NOT_A_CLAIM},
        AGENT,
        "a person says that what a stranger wrote is no claim",
    ),
    Transition(
        "T4",
        E.RESTORED,
        {S.NOT_A_CLAIM: S.IDENTITY_HOLD},
        AGENT,
        "a person takes that back",
    ),
    Transition(
        "T5",
        E.HELD,
        {None: S.IDENTITY_HOLD},
        SYSTEM,
        "the sender is not on file, or failed authentication",
        "E3",
    ),
    Transition(
        "T6",
        E.IDENTITY_CONFIRMED,
        {S.IDENTITY_HOLD: S.INTAKE},
        AGENT | {Role.MEMBER},
        "a proven mail from the address on file, or a person's check",
        "E1",
    ),
    Transition(
        "T7",
        E.OPENED,
        {None: S.INTAKE},
        SYSTEM,
        "the ids match, and no claim is open for the package",
        "E1",
    ),
    Transition(
        "T8",
        E.MERGED,
        _all(_UNDECIDED, S.MERGED),
        AGENT,
        "another claim of the same order is open",
        "E14",
    ),
    Transition(
        "T8", E.TOOK_OVER, _NO_CHANGE, AGENT, "the claim into which it was merged"
    ),
    Transition("T8", E.SPLIT_OFF, _NO_CHANGE, AGENT, "one mail tells of two packages"),
    Transition(
        "T9",
        E.DOCS_MISSING,
        {
            S.INTAKE: S.AWAITING_DOCUMENTS,
            S.UNDER_REVIEW: S.AWAITING_DOCUMENTS,
            S.INELIGIBLE_PROPOSED: S.AWAITING_DOCUMENTS,
        },
        SYSTEM,
        "the set is incomplete",
        "E1 or E4",
    ),
    Transition(
        "T9b, T10",
        E.DOCS_COMPLETE,
        {
            S.INTAKE: S.UNDER_REVIEW,
            S.AWAITING_DOCUMENTS: S.UNDER_REVIEW,
            S.AWAITING_MEMBER: S.UNDER_REVIEW,
        },
        SYSTEM,
        "the set is complete, or the member answered",
        "E1 or E5",
    ),
    Transition("T10", E.MAIL_JOINED, _NO_CHANGE, SYSTEM, "a mail of a party"),
    Transition(
        "T11",
        E.DOCS_REMINDER,
        _NO_CHANGE,
        AGENT | SYSTEM,
        "once, by the system on day 3, or by a person before",
        "E4r",
    ),
    Transition(
        "T12", E.DOCS_EXPIRY_PROPOSED, _NO_CHANGE, SYSTEM, "the due date has passed"
    ),
    Transition(
        "T12",
        E.DOCS_EXPIRED,
        {
            S.AWAITING_DOCUMENTS: S.CLOSED_INCOMPLETE,
            S.AWAITING_MEMBER: S.CLOSED_INCOMPLETE,
        },
        AGENT,
        "the due date has passed, the reminder was sent, no mail waits to be read",
        "E10",
    ),
    Transition(
        "T13",
        E.CHECK_FAILED,
        {
            S.INTAKE: S.INELIGIBLE_PROPOSED,
            S.AWAITING_DOCUMENTS: S.INELIGIBLE_PROPOSED,
            S.UNDER_REVIEW: S.INELIGIBLE_PROPOSED,
        },
        SYSTEM,
        "G1, C11 or C12 fails",
    ),
    Transition(
        "T13",
        E.CHECK_PASSED,
        {S.INELIGIBLE_PROPOSED: S.UNDER_REVIEW},
        SYSTEM,
        "what failed passes on newer facts",
    ),
    Transition(
        "T14",
        E.INELIGIBLE_OVERRULED,
        {S.INELIGIBLE_PROPOSED: S.UNDER_REVIEW},
        LEAD,
        "a reason is given",
    ),
    Transition(
        "T15",
        E.INELIGIBLE_CONFIRMED,
        {S.INELIGIBLE_PROPOSED: S.DECISION_PROPOSED},
        AGENT,
        "a clause is cited",
    ),
    Transition(
        "T16",
        E.INFO_REQUESTED,
        {S.UNDER_REVIEW: S.AWAITING_MEMBER},
        AGENT,
        "a concrete list",
        "E6",
    ),
    Transition(
        "T17",
        E.CARRIER_ASKED,
        {S.UNDER_REVIEW: S.AWAITING_CARRIER},
        AGENT,
        "what was asked of the carrier",
    ),
    Transition(
        "T17",
        E.CARRIER_ANSWERED,
        {S.AWAITING_CARRIER: S.UNDER_REVIEW},
        AGENT,
        "what the carrier said",
    ),
    Transition(
        "T18",
        E.STATUS_SENT,
        _NO_CHANGE,
        AGENT | SYSTEM,
        "by the system 2 hours before the limit, if no person answered",
        "E6",
    ),
    Transition(
        "T19",
        E.DECISION_PROPOSED,
        _all(_REVIEWED, S.DECISION_PROPOSED),
        AGENT,
        "within the caps, clauses cited, box and contents as far as they are seen",
    ),
    Transition(
        "T20",
        E.DECISION_RETURNED,
        {S.DECISION_PROPOSED: S.UNDER_REVIEW},
        LEAD,
        "a reason is given",
    ),
    Transition(
        "T21",
        E.APPROVED,
        {S.DECISION_PROPOSED: S.APPROVED},
        LEAD,
        "another person above the limit, on G9a, on X and on appeal; no mail since",
        "E7",
    ),
    Transition(
        "T21",
        E.APPROVED_PARTIAL,
        {S.DECISION_PROPOSED: S.APPROVED_PARTIAL},
        LEAD,
        "as above",
        "E7",
    ),
    Transition(
        "T21",
        E.REJECTED,
        {S.DECISION_PROPOSED: S.COMPLETED_REJECTED},
        LEAD,
        "as above",
        "E8",
    ),
    Transition(
        "T22",
        E.PAYOUT_CREATED,
        {S.APPROVED: S.PAYOUT_PENDING, S.APPROVED_PARTIAL: S.PAYOUT_PENDING},
        FINANCE | SYSTEM,
        "one key for each round of decisions",
    ),
    Transition(
        "T23",
        E.PAYOUT_FAILED,
        {S.PAYOUT_PENDING: S.PAYOUT_FAILED},
        FINANCE,
        "the bank's answer",
        "E13",
    ),
    Transition(
        "T22",
        E.PAYOUT_RETRIED,
        {S.PAYOUT_FAILED: S.PAYOUT_PENDING},
        FINANCE,
        "what failed was mended",
    ),
    Transition(
        "T24",
        E.PAYOUT_DONE,
        {S.PAYOUT_PENDING: S.COMPLETED_PAID, S.PAYOUT_FAILED: S.COMPLETED_PAID},
        FINANCE,
        "the payment's reference is stored",
        "E9",
    ),
    Transition(
        "T25",
        E.WITHDRAWN,
        _all(_UNDECIDED - {S.IDENTITY_HOLD}, S.WITHDRAWN),
        AGENT,
        "the member wrote so from an address on file",
        "E11",
    ),
    Transition(
        "T26",
        E.REPLY_AFTER_CLOSE,
        {S.CLOSED_INCOMPLETE: S.AWAITING_DOCUMENTS},
        frozenset({Role.MEMBER}),
        "within the reopen window",
        "E12",
    ),
    Transition(
        "T27",
        E.APPEAL_FILED,
        {S.COMPLETED_REJECTED: S.APPEALED, S.COMPLETED_PAID: S.APPEALED},
        AGENT,
        "within the appeal window, the first one; of a paid claim only in part",
        "E12",
    ),
    Transition(
        "T27",
        E.APPEAL_TAKEN,
        {S.APPEALED: S.UNDER_REVIEW},
        AGENT,
        "not who decided before",
    ),
    Transition("T28", E.STOPPED, _NO_CHANGE, LEAD, "a reason; the clock runs on"),
    Transition("T28", E.RESUMED, _NO_CHANGE, LEAD, "a reason"),
)
"""The transitions of claims, in the order of lifecycle.md section 6."""

NOBODY: frozenset[Role] = frozenset()
BESIDE_THE_TABLE = {
    E.TYPE_CHOSEN: AGENT,
    E.PACKAGE_CHOSEN: AGENT,
    E.DOCUMENT_WAIVED: AGENT,
    E.ASSIGNED: AGENT,
    E.FLAG_SET: AGENT,
    E.FLAG_CLEARED: AGENT,
    E.EMAIL_RELEASED: AGENT,
    E.EMAIL_DISCARDED: AGENT,
    E.EMAIL_BOUNCED: SYSTEM,
    E.SLA_WARNED: SYSTEM,
}
"""Who may let happen what changes no state and has no T number."""

FATES_OF_MAILS = {
    "T1": "a new mail is stored (`worker/sweeps.py`)",
    "T2": "a machine's mail, or another matter: its fate; a person may assign it (T4)",
    "T3": "no member and order that the directory confirms: `cannot_match`, and E2",
}
"""Transitions before there is a claim: they are fates of a mail."""

_WAYS = {transition.event: transition.ways for transition in TRANSITIONS}
_WHO = {transition.event: transition.who for transition in TRANSITIONS}


def states_before(event: Event) -> frozenset[ClaimState]:
    """Return the states from which an event may move a claim."""
    return frozenset(state for state in _WAYS.get(event, {}) if state is not None)


def next_state(state: ClaimState, event: Event) -> ClaimState:
    """Return the state that `event` leads to; events without ways change none.

    Raises:
        IllegalTransition: the table has no way from `state` by `event`.

    Source: lifecycle.md section 6.
    """
    ways = _WAYS.get(event)
    if not ways:
        return state
    if state not in ways:
        message = f"{event} is not possible in state {state}"
        raise IllegalTransition(message)
    return ways[state]


def may(roles: frozenset[Role], event: Event) -> bool:
    """Return whether who has these roles may let an event happen."""
    return not roles.isdisjoint(_WHO.get(event) or BESIDE_THE_TABLE.get(event, NOBODY))


def payout_state(state: ClaimState) -> PayoutState:
    """Return where the money stands. Source: lifecycle.md section 6."""
    return _PAYOUTS.get(state, PayoutState.NONE)


_PAYOUTS = {
    S.APPROVED: PayoutState.DUE,
    S.APPROVED_PARTIAL: PayoutState.DUE,
    S.PAYOUT_PENDING: PayoutState.PENDING,
    S.PAYOUT_FAILED: PayoutState.FAILED,
    S.COMPLETED_PAID: PayoutState.PAID,
}


_MOST_ARROWS = 6
"""More ways than these are drawn as one."""


def diagram() -> str:
    """Return the table as Mermaid; ways from every open state are one arrow."""
    lines = ["stateDiagram-v2"]
    for transition in TRANSITIONS:
        ways = transition.ways
        if len(ways) > _MOST_ARROWS:
            after = next(iter(ways.values()))
            lines.append(f"    any_undecided --> {after}: {transition.number}")
            continue
        for before, after in ways.items():
            start = "[*]" if before is None else before
            lines.append(f"    {start} --> {after}: {transition.number}")
    return "\n".join(dict.fromkeys(lines)) + "\n"
