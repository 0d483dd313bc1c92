"""A decision that names no version is carried through what the worker does meanwhile.

For the command line, where nobody has looked at a version; a page has, and its form is
refused where the claim has moved at all.
"""

from collections.abc import Callable
from dataclasses import replace

from worker.bootstrap import Parts
from worker.decide.common import Done
from worker.domain.claim import SYSTEM, Claim, ClaimEvent, Event
from worker.domain.errors import ClaimMoved
from worker.domain.findings import Assessment

TRIES = 5
"""How often the worker may be quicker. Ours: each of its steps moves a claim once."""
_CHANGES_NOTHING = frozenset({Event.STATUS_SENT, Event.SLA_WARNED, Event.DOCS_REMINDER})
"""What the worker does to a claim that no decision depends on."""


def insist(parts: Parts, claim: Claim, act: Callable[[Claim], Done]) -> Done:
    """Let a decision happen to a claim as it is now; return what it did.

    Where the worker moved the version alone in between (an e-mail went out, a date was
    set), it is looked at again and decided again with all rules, a few times.

    Raises:
        ClaimMoved: what a decision depends on has changed, or it moves all the time.
        UsageError: as `act` says.
    """
    for _ in range(TRIES - 1):
        before = _seen(parts, claim)
        claim = parts.store.claims.get(claim.claim_id) or claim
        try:
            return act(claim)
        except ClaimMoved:
            if _seen(parts, claim) != before:
                raise
    return act(parts.store.claims.get(claim.claim_id) or claim)


def _seen(parts: Parts, claim: Claim) -> tuple[list[ClaimEvent], Assessment | None]:
    """Return what a decision depends on: the history, and what was worked out.

    Every change of state is an event; the end of the running clock decides nothing.
    """
    events = parts.store.claims.events(claim.claim_id)
    telling = [
        one
        for one in events
        if one.actor != SYSTEM or one.event not in _CHANGES_NOTHING
    ]
    found = parts.store.claims.latest_assessment(claim.claim_id)
    return telling, None if found is None else replace(found, respond_by=None)
