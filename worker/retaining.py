"""`claims retain`: what nobody may keep longer goes, class by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.adapters.store import retaining as rows
from worker.adapters.store.desk import actions
from worker.bootstrap import Parts
from worker.domain.retention import DataClass
from worker.erasing import remove_left

__all__ = ["Due", "apply", "plan"]


@dataclass(frozen=True, slots=True)
class Due:
    """What of one class ended before an instant; None where it is kept for ever."""

    what: DataClass
    before: datetime | None
    count: int


def plan(parts: Parts) -> list[Due]:
    """Return what would go now, class by class; nothing is changed."""
    now, found = parts.clock.now(), []
    with parts.store.database.read() as session:
        for what in DataClass:
            before = parts.retention.ends_before(what, now)
            due = [] if before is None else rows.due(session, what, before)
            count = len(due) if isinstance(due, list) else due
            found.append(Due(what, before, count))
    return found


def apply(parts: Parts, *, by: str) -> Mapping[DataClass, int]:
    """Delete what is due, and raw bytes of mails that were erased before.

    Each class in a transaction of its own; safe to run twice, and to break off.
    """
    now, gone = parts.clock.now(), dict[DataClass, int]()
    for what in DataClass:
        before = parts.retention.ends_before(what, now)
        if before is None:
            continue
        with parts.store.transaction() as work:
            gone[what] = rows.apply(work.session, what, before, at=work.at)
            if gone[what]:
                data: dict[str, object] = {"class": what.value, "count": gone[what]}
                target = f"retention:{what}"
                actions.append(
                    work.session, work.at, by, "data deleted", target, data=data
                )
    remove_left(parts)
    return gone
