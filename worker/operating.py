"""What operators do to the machinery: dead letters and queues, each action logged.

The desk's pages and `claims dead` call the same functions. All are safe to do twice:
what was done by then is left out of the count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.actors import KINDS, QUEUES
from worker.adapters.store import Work
from worker.adapters.store.actions_about import subjects_of_jobs
from worker.adapters.store.desk import actions, dead_letters, paused
from worker.adapters.store.desk.dead_letters import DeadLetter
from worker.bootstrap import Parts
from worker.domain.counting import counted
from worker.domain.errors import GiveUp, UsageError

BATCH = 100
"""Jobs that are changed in one transaction, so that nobody waits long for the lock."""
MOST_AT_ONCE = 2000
"""Of all that match, so many are done in one go: a page has to answer. Our choice."""
FIRST_RINGS = 500
LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a request about dead letters."""

    done: tuple[int, ...]
    skipped: tuple[int, ...] = ()
    """What they were about has been settled in another way meanwhile."""
    has_more: bool = False
    last: int = 0
    """The number up to which was looked, where all that match were asked for."""


def requeue(parts: Parts, job_ids: Sequence[int], *, by: str) -> Result:
    """Try dead letters again with all their tries, and undo what their end had caused.

    A mail that was parked is open again; an e-mail that was held is queued again. What
    is no dead letter any more is neither done nor skipped.
    """
    done: list[int] = []
    skipped: list[int] = []
    for batch in _batches(job_ids):
        with parts.store.transaction() as work:
            now: list[int] = []
            for job_id in batch:
                found = dead_letters.lock(work.session, job_id)
                if found is None:
                    continue
                if _revive(work, job_id, *found):
                    now.append(job_id)
                else:
                    skipped.append(job_id)
            _log(work, by, "dead letter requeued", now)
            done += now
    return Result(tuple(done), tuple(skipped))


def discard(parts: Parts, job_ids: Sequence[int], *, by: str, reason: str) -> Result:
    """Give dead letters up; what their end had caused stays as it is.

    Raises:
        UsageError: no reason is given.
    """
    why = reason.strip()[:LONGEST_REASON]
    if not why:
        raise UsageError("say why: a discarded dead letter is not tried again")
    done: list[int] = []
    for batch in _batches(job_ids):
        with parts.store.transaction() as work:
            now = [
                job_id
                for job_id in batch
                if dead_letters.give_up(work.session, job_id, at=work.at)
            ]
            _log(work, by, "dead letter discarded", now, reason=why)
            done += now
    return Result(tuple(done))


@dataclass(frozen=True, slots=True)
class Matching:
    """Dead letters of a kind and reason, "" is any, that had died by an instant."""

    kind: str = ""
    reason: str = ""
    until: datetime | None = None

    def ids(self, parts: Parts, *, after: int = 0) -> list[int]:
        """Return their numbers, oldest first: one more than MOST_AT_ONCE at most."""
        return parts.desk.dead_letters.ids(
            kind=self.kind,
            reason=self.reason,
            until=self.until,
            after=after,
            limit=MOST_AT_ONCE + 1,
        )


def requeue_matching(
    parts: Parts, wanted: Matching, *, by: str, after: int = 0
) -> Result:
    """Try again all dead letters that match, oldest first.

    At most MOST_AT_ONCE; `has_more` says that there are others. What is skipped goes
    on to match: where all were, the next ones are looked at; who goes on with the
    others names the `last` of this result as `after`.
    """
    skipped: list[int] = []
    while True:
        ids = wanted.ids(parts, after=after)
        has_more, ids = len(ids) > MOST_AT_ONCE, ids[:MOST_AT_ONCE]
        found = requeue(parts, ids, by=by)
        skipped += found.skipped
        after = ids[-1] if ids else after
        if found.done or not has_more:
            return Result(found.done, tuple(skipped), has_more, after)


def discard_matching(parts: Parts, wanted: Matching, *, by: str, why: str) -> Result:
    """Give up all dead letters that match, as `requeue_matching` does."""
    ids = wanted.ids(parts)
    found = discard(parts, ids[:MOST_AT_ONCE], by=by, reason=why)
    return Result(found.done, (), len(ids) > MOST_AT_ONCE)


def find_dead(parts: Parts, job_id: int) -> DeadLetter:
    """Return a dead letter.

    Raises:
        UsageError: the job is none, or none any more.
    """
    found = parts.desk.dead_letters.find(job_id)
    if found is None:
        raise UsageError(f"job {job_id} is no dead letter: see `claims dead list`")
    return found


def raw_of(parts: Parts, letter: DeadLetter) -> bytes | None:
    """Return the mail that a dead letter is about, in raw bytes; None without one.

    Raises:
        RetryLater: the raw store is away.
    """
    if letter.email_id is not None:
        return parts.store.outbox.get(letter.email_id).raw or None
    if letter.mail_id is None:
        return None
    sha256 = parts.store.mails.get(letter.mail_id).sha256
    try:
        return parts.raw.get(sha256) if sha256 else None
    except GiveUp:
        return None


def pause(parts: Parts, queue: str, *, by: str) -> bool:
    """Let a queue rest, in every process at once; False where it rested already.

    What is running ends as usual.

    Raises:
        UsageError: there is no such queue.
    """
    _check_queue(queue)
    with parts.store.transaction() as work:
        is_new = paused.pause(work.session, queue, by=by, at=work.at)
        if is_new:
            actions.append(work.session, work.at, by, "queue paused", f"queue:{queue}")
    return is_new


def resume(parts: Parts, queue: str, *, by: str) -> bool:
    """Let a queue run again and ring its oldest jobs; the sweep rings the others.

    Raises:
        UsageError: there is no such queue.
    """
    _check_queue(queue)
    with parts.store.transaction() as work:
        was_paused = paused.resume(work.session, queue)
        if was_paused:
            actions.append(work.session, work.at, by, "queue resumed", f"queue:{queue}")
    if was_paused:
        store = parts.store
        store.ring(store.jobs.due(queue, limit=FIRST_RINGS, quiet_for=timedelta()))
    return was_paused


def _revive(work: Work, job_id: int, kind: str, ref: str) -> bool:
    known = KINDS.get(kind)
    if known is not None and not known.on_requeue(work, ref):
        return False
    bell = dead_letters.revive(work.session, job_id)
    if bell is not None:
        work.bells.append(bell)
    return bell is not None


def _log(
    work: Work, by: str, action: str, ids: Sequence[int], *, reason: str = ""
) -> None:
    if not ids:
        return
    target = f"job:{ids[0]}" if len(ids) == 1 else counted(len(ids), "job")
    # Jobs may be deleted before this line is; an erasure has to know it all the same.
    about = set().union(*subjects_of_jobs(work.session, ids).values())
    data: dict[str, object] = {"jobs": list(ids), "about": sorted(about)}
    actions.append(work.session, work.at, by, action, target, reason=reason, data=data)


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    unique = list(dict.fromkeys(ids))
    for at in range(0, len(unique), BATCH):
        yield unique[at : at + BATCH]


def _check_queue(queue: str) -> None:
    if queue not in QUEUES:
        raise UsageError(f"there is no queue {queue}: they are {', '.join(QUEUES)}")
