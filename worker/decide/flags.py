"""Flags of clauses: a person sets one with its evidence, or clears it with a reason."""

from worker.adapters.store import Work
from worker.bootstrap import Parts
from worker.decide.common import Act, By, Done, carry_out, name_of, need
from worker.domain.claim import Claim, Event
from worker.domain.clauses import CLAUSES
from worker.domain.errors import UsageError, WrongUse


def set_flag(parts: Parts, claim: Claim, clause: str, *, evidence: str, by: By) -> Done:
    """Flag a claim by a clause; it decides nothing, and asks for a second person.

    Raises:
        WrongUse: there is no such clause, or no evidence is given.
        UsageError: the claim is over.
    """
    _check(claim, clause)
    shown = need(evidence, "--evidence")

    def record(work: Work, saved: Claim) -> None:
        work.set_flag(saved.claim_id, clause, shown, by=name_of(by))

    act = Act(Event.FLAG_SET, shown, (clause,))
    return carry_out(parts, claim, (act,), by=by, also=record, assess="flags")


def clear_flag(parts: Parts, claim: Claim, clause: str, *, reason: str, by: By) -> Done:
    """Clear the open flags of a clause; a rule does not raise them again.

    Raises:
        UsageError: the clause has no open flag on this claim, or the claim is over.
    """
    _check(claim, clause)
    why = need(reason, "--reason")

    def record(work: Work, saved: Claim) -> None:
        if not work.clear_flags(saved.claim_id, clause, by=name_of(by), reason=why):
            raise UsageError(f"{claim.ref} has no open flag of {clause}")

    act = Act(Event.FLAG_CLEARED, why, (clause,))
    return carry_out(parts, claim, (act,), by=by, also=record, assess="flags")


def _check(claim: Claim, clause: str) -> None:
    if clause not in CLAUSES:
        raise WrongUse(f"there is no clause {clause}: one of {', '.join(CLAUSES)}")
    if not claim.is_open:
        raise UsageError(f"{claim.ref} is over: its flags stay as they are")
