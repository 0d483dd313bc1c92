"""For each fault point what must happen for a process to pass it.

A point that is added without its case here fails the build.
"""

from dataclasses import dataclass
from enum import StrEnum

from worker.faults import Point


class Part(StrEnum):
    """What part of the way a point belongs to; one run can break all of a part."""

    POLL = "poll"
    WORK = "work"
    SEND = "send"
    STAFF = "staff"
    DESK = "desk"
    LEASE = "lease"


@dataclass(frozen=True, slots=True)
class Case:
    """How the program is led to a point.

    Attributes:
        part: what it belongs to.
        number: the pass at which it is broken; a later one where the first is of no
            interest.
        also: other faults without which nobody comes to it.
    """

    part: Part
    number: int = 1
    also: str = ""


CASES: dict[Point, Case] = {
    Point.POLL_SEARCHED: Case(Part.POLL),
    Point.POLL_FETCHED: Case(Part.POLL),
    Point.RAW_SYNCING: Case(Part.POLL),
    Point.RAW_WRITTEN: Case(Part.POLL),
    Point.RAW_NAMED: Case(Part.POLL),
    Point.LEDGER_WRITTEN: Case(Part.POLL),
    Point.LEDGER_COMMITTED: Case(Part.POLL),
    # What was committed and not rung, the sweep rings.
    Point.SCHEDULE_RINGING: Case(Part.POLL, also="ledger.committed:kill@1"),
    Point.JOB_HEARD: Case(Part.WORK, number=2),
    Point.JOB_TAKEN: Case(Part.WORK, number=2),
    Point.READER_ASKED: Case(Part.WORK),
    # Another mail than the one before, whose reader may die once only.
    Point.READER_ANSWERING: Case(Part.WORK, number=2),
    Point.WORK_WRITTEN: Case(Part.WORK, number=4),
    Point.WORK_COMMITTED: Case(Part.WORK, number=4),
    Point.JOB_ENDED: Case(Part.WORK, number=3),
    Point.SCHEDULE_TICK: Case(Part.WORK),
    Point.SEND_CONNECTING: Case(Part.SEND),
    Point.SEND_OFFERED: Case(Part.SEND),
    Point.SEND_WRITTEN: Case(Part.SEND),
    Point.SEND_DOTTED: Case(Part.SEND),
    Point.SEND_ACCEPTED: Case(Part.SEND),
    Point.MARK_BEGINNING: Case(Part.STAFF),
    Point.MARK_DONE: Case(Part.STAFF),
    Point.DRAFT_LAYING: Case(Part.STAFF),
    Point.DRAFT_LAID: Case(Part.STAFF),
    Point.SENT_LOOKED: Case(Part.STAFF),
    Point.DESK_SENDING: Case(Part.DESK),
    Point.DESK_DECIDED: Case(Part.DESK),
    Point.JOB_RENEWING: Case(Part.LEASE),
}


def points_of(part: Part) -> list[Point]:
    """Return the points of a part, in their order."""
    return [point for point in Point if CASES[point].part is part]
