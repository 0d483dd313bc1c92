"""Fault points: the step boundaries at which a test may break a running process.

`CLAIMS_FAULT=ledger.committed:kill@2` kills the process that passes that point for the
second time; several are a comma list, and without `@n` it happens at every pass. The
passes are counted in a file of the data folder, over all processes that share it, so
a process that was started again does not break at the same pass again. Nothing is
armed where the setting is unset, and a point then costs one look at an empty dict.

Source: reliability.md 5.2; ADR-0010.
"""

import fcntl
import mmap
import os
import re
import signal
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from worker.domain.errors import SettingsInvalid

SLOW_S = 2.0
"""Source: reliability.md 5.3, scenario 51."""
FOR_CHILD = ("READER_FAULT", "READER_FAULT_PASSES")
_FORM = re.compile(r"(?P<point>[a-z_.]+):(?P<action>[a-z]+)(?:@(?P<number>[1-9]\d*))?")
_COUNT = struct.Struct("<q")


class Point(StrEnum):
    """Every boundary between two steps, in the order of a mail's way.

    Each is passed at one place of the program, which a test holds; another test runs
    the program into each of them, so a new one needs its case in `tests/chaos`.
    """

    POLL_SEARCHED = "poll.searched"
    """The poller knows which UIDs are new and has fetched none."""
    POLL_FETCHED = "poll.fetched"
    """Bodies are in memory only."""
    RAW_SYNCING = "raw.syncing"
    """A temporary blob is written and not known to be on disk."""
    RAW_WRITTEN = "raw.written"
    """Temporary blobs are on disk under no name."""
    RAW_NAMED = "raw.named"
    """Blobs have their names, which are not known to be on disk."""
    LEDGER_WRITTEN = "ledger.written"
    """Mail rows, jobs and the cursor are written and not committed."""
    LEDGER_COMMITTED = "ledger.committed"
    """They are committed, and nothing was rung."""
    JOB_HEARD = "job.heard"
    """A ring was heard; its job is not taken yet."""
    JOB_TAKEN = "job.taken"
    """The job is taken: lease, token and attempt are committed; no work is done."""
    JOB_RENEWING = "job.renewing"
    """The lease of a job that is running is about to be renewed."""
    READER_ASKED = "reader.asked"
    """The child has the request for a mail and has not looked at it."""
    READER_ANSWERING = "reader.answering"
    """The child has read the mail and told nobody."""
    WORK_WRITTEN = "work.written"
    """All effects of a step are written and not committed."""
    WORK_COMMITTED = "work.committed"
    """They are committed, and what follows was not rung."""
    JOB_ENDED = "job.ended"
    """The job is over in the record; Redis still has its ring as not acknowledged."""
    SEND_CONNECTING = "send.connecting"
    """The attempt is recorded; the relay was not spoken to."""
    SEND_OFFERED = "send.offered"
    """The relay waits for the mail."""
    SEND_WRITTEN = "send.written"
    """The relay has the mail but for the final dot."""
    SEND_DOTTED = "send.dotted"
    """The final dot is on its way, unanswered."""
    SEND_ACCEPTED = "send.accepted"
    """The relay said 250; the record does not know."""
    MARK_BEGINNING = "mark.beginning"
    """A stored mail is about to be marked in the mailbox."""
    MARK_DONE = "mark.done"
    """It is marked; the record does not know."""
    DRAFT_LAYING = "draft.laying"
    """A draft is about to be laid into the staff's mailbox."""
    DRAFT_LAID = "draft.laid"
    """It lies there; an older one and the record do not know."""
    DESK_SENDING = "desk.sending"
    """The ten seconds of a reply from the desk are over; nothing is decided."""
    DESK_DECIDED = "desk.decided"
    """Its decision is written with everything else, and not committed."""
    SENT_LOOKED = "sent.looked"
    """The staff's sent folder was looked at; its jobs are not written."""
    SCHEDULE_TICK = "schedule.tick"
    """The scheduler begins a round."""
    SCHEDULE_RINGING = "schedule.ringing"
    """Jobs are noted as rung and were not."""


class Action(StrEnum):
    """What happens at a point."""

    KILL = "kill"
    """The process is gone, as by `kill -9`."""
    RAISE = "raise"
    """FaultRaised, which nobody expects: it stands for a bug."""
    HANG = "hang"
    """The whole process stands still, as by SIGSTOP, until SIGCONT."""
    SLOW = "slow"
    """The step takes two seconds longer."""


class FaultRaised(Exception):
    """Raised at a fault point on request; no code of ours expects it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What shall happen at a point; `number` is the pass, None every pass."""

    action: Action
    number: int | None


@dataclass(slots=True)
class _Armed:
    """What is armed, as it was written, and the file in which passes are counted."""

    text: str
    path: Path
    descriptor: int
    counts: mmap.mmap


_faults: dict[Point, Fault] = {}
_armed: _Armed | None = None
_lock = threading.Lock()
_places = {point: number * _COUNT.size for number, point in enumerate(Point)}


def reach(point: Point) -> None:
    """Pass a fault point: count it, and break the process where that is armed.

    Raises:
        FaultRaised: where `raise` is armed for this pass.
        KeyError: something is armed, and the point is not declared.
    """
    if _faults:
        _pass(point)


def parse(text: str) -> dict[Point, Fault]:
    """Return what a value of the setting asks for, by point.

    Raises:
        SettingsInvalid: names every fault of the value.
    """
    faults: dict[Point, Fault] = {}
    wrong = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        found = _FORM.fullmatch(word)
        if found is None or found["point"] not in set(Point):
            wrong.append(f"CLAIMS_FAULT: no fault point in `{word}`")
        elif found["action"] not in set(Action):
            wrong.append(f"CLAIMS_FAULT: no action in `{word}`: {', '.join(Action)}")
        else:
            number = None if found["number"] is None else int(found["number"])
            faults[Point(found["point"])] = Fault(Action(found["action"]), number)
    if wrong:
        raise SettingsInvalid(wrong)
    return faults


def arm(text: str | None, passes: Path) -> None:
    """Arm this process and all that it forks.

    Args:
        text: the setting; None or empty arms nothing.
        passes: the file that counts, made where it is missing.

    Raises:
        SettingsInvalid: see `parse`.
    """
    global _armed  # noqa: PLW0603 - one state of the whole process, as signals are
    disarm()
    faults = parse(text or "")
    if not faults:
        return
    size = len(Point) * _COUNT.size
    descriptor = os.open(passes, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.truncate(descriptor, size)
    _armed = _Armed(text or "", passes, descriptor, mmap.mmap(descriptor, size))
    _faults.update(faults)


def disarm() -> None:
    """Let every point be passed in peace."""
    global _armed  # noqa: PLW0603 - see `arm`
    _faults.clear()
    if _armed is not None:
        _armed.counts.close()
        os.close(_armed.descriptor)
        _armed = None


def for_child() -> dict[str, str]:
    """Return the environment by which a child program of ours arms itself."""
    if _armed is None:
        return {}
    return dict(zip(FOR_CHILD, (_armed.text, str(_armed.path)), strict=True))


def arm_child(environment: Mapping[str, str]) -> None:
    """Arm a child program as its parent is; see `for_child`."""
    text, passes = (environment.get(name, "") for name in FOR_CHILD)
    if text:
        arm(text, Path(passes))


def passes_in(path: Path) -> dict[Point, int]:
    """Return how often each point was passed, by the file that counts."""
    counts = path.read_bytes()
    return {
        point: _COUNT.unpack_from(counts, place)[0] for point, place in _places.items()
    }


def _pass(point: Point) -> None:
    number = _count(_places[point])
    fault = _faults.get(point)
    if fault is None or fault.number not in {None, number}:
        return
    match fault.action:
        case Action.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Action.RAISE:
            raise FaultRaised(str(point))
        case Action.HANG:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Action.SLOW:
            threading.Event().wait(SLOW_S)
        case _:
            assert_never(fault.action)


def _count(place: int) -> int:
    """Count one more pass, over threads and processes; return its number."""
    armed = _armed
    if armed is None:
        return 0
    with _lock:
        fcntl.lockf(armed.descriptor, fcntl.LOCK_EX)
        try:
            number: int = _COUNT.unpack_from(armed.counts, place)[0] + 1
            _COUNT.pack_into(armed.counts, place, number)
        finally:
            fcntl.lockf(armed.descriptor, fcntl.LOCK_UN)
    return number
