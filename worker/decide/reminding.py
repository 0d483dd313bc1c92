"""The one reminder of what was asked of a member, sent by a person before its day."""

from worker import notify
from worker.adapters.store import Work
from worker.bootstrap import Parts
from worker.decide.common import Act, By, Done, carry_out, known, thread, written
from worker.domain.claim import Claim, Event
from worker.domain.deadlines import DueKind, due_events
from worker.domain.errors import UsageError
from worker.steps.shared import slot


def remind(parts: Parts, claim: Claim, *, by: By) -> Done:
    """Remind the member of the documents or the answer that a claim waits for (T11).

    It is the reminder that the schedule would send on its day, which it then does not.

    Raises:
        UsageError: nothing is asked of the member, or the reminder was sent already.
    """
    dues = due_events(claim, parts.policy)
    due = next((one for one in dues if one.kind is DueKind.DOCUMENTS_REMINDER), None)
    if due is None:
        raise UsageError(f"{claim.ref} waits for nothing of its member")
    order, assessment = known(parts, claim)
    now = parts.clock.now()
    reply = written(
        claim,
        lambda: notify.remind(
            claim, assessment, order, now=now, thread=thread(parts, claim)
        ),
    )

    def take_the_schedules_turn(work: Work, _saved: Claim) -> None:
        name = f"claim:{claim.claim_id}:{due.kind}"
        if not work.fire_slot(name, slot(due.at)):
            raise UsageError(f"the member of {claim.ref} was reminded already")

    return carry_out(
        parts,
        claim,
        (Act(Event.DOCS_REMINDER),),
        by=by,
        replies=(reply,),
        also=take_the_schedules_turn,
    )
