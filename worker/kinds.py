"""What a kind of job is: its step, its patience, and what follows from its end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from worker.adapters.store import Job, Store, Work
from worker.domain.errors import RetryLater


class HasStore(Protocol):
    """The parts that the runner itself needs."""

    @property
    def store(self) -> Store:
        """Return the record."""
        ...


P = TypeVar("P", bound=HasStore)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the outside world may refuse a job, and how often it is asked.

    The n-th wait is `first` doubled n times, at most `longest`; 15 s to 1 h over
    three days makes about 80 tries.
    """

    first: timedelta = timedelta(seconds=15)
    longest: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(days=3)

    def delay(self, tries: int) -> timedelta:
        """Return the wait after `tries` earlier refusals."""
        return min(self.longest, self.first * float(2 ** min(tries, 20)))


def _nothing_more(_work: Work, _job: Job, _reason: str) -> None:
    """Nothing else follows from a failure or the quarantine."""


def _always(_work: Work, _ref: str) -> bool:
    """Nothing stands against trying again."""
    return True


@dataclass(frozen=True, slots=True)
class Together:
    """How jobs that were done together ended.

    Args:
        done: these are finished.
        refused: by the id of their job.
        left: nothing was done for them; each is run on its own.
    """

    done: Sequence[Job] = ()
    refused: Mapping[int, RetryLater] = field(default_factory=dict)
    left: Sequence[Job] = ()


@dataclass(frozen=True, slots=True)
class JobKind(Generic[P]):
    """One row of the map in actors.py.

    `step` runs twice safely and ends with `work.finish(job)`. `on_failure` writes what
    else is true while the job is tried again, `on_quarantine` once it is a dead
    letter; each in the same transaction. `on_requeue` undoes the latter when a person
    lets the job run again, and is False where that is settled in another way by then.
    `goes_on` are the kinds with which the same thread goes on without ring, queue and
    taking, where this job's end makes one of them the first that may run in its lane.
    `together` does up to `most_together` jobs at once that never failed, where many
    are due. `at_once` says that a step touches nothing but the record, and so that it
    and those it goes on with may be one transaction.
    """

    name: str
    queue: str
    step: Callable[[P, Job], None]
    follows: str
    patience: Patience = Patience()
    on_failure: Callable[[Work, Job, str], None] = _nothing_more
    on_quarantine: Callable[[Work, Job, str], None] = _nothing_more
    on_requeue: Callable[[Work, str], bool] = _always
    together: Callable[[P, Sequence[Job]], Together] | None = None
    most_together: int = 1
    goes_on: frozenset[str] = frozenset()
    at_once: bool = False


def most_by_kind(kinds: Mapping[str, JobKind[P]]) -> dict[str, int]:
    """Return how many jobs of a kind one ring does, where it does more than one."""
    return {name: kind.most_together for name, kind in kinds.items() if kind.together}
