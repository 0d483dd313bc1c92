"""`claims replay`: the stored mails once more, under present and under changed rules.

Two private records come about side by side, one under each set of rules, and are
compared; so what a person did, and what has changed since the mails came, shows in
neither. The record of the installation, its raw mails and its orders are only read;
nothing is sent, queued or laid into a mailbox.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from worker.adapters.reader import ReaderPool
from worker.bootstrap import Parts
from worker.history import Stored
from worker.outcomes import Difference, differences, judged_otherwise
from worker.ports import Reader
from worker.rejudging import Rejudging, Rules
from worker.rereading import judge_all

__all__ = ["Replayed", "Rules", "as_dict", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay showed, as of `now`.

    `differences` come from the changed rules alone; without any, they are what the
    present rules judge otherwise than stored. `judged_otherwise` counts the claims of
    which that is true. `unjudged` counts mails that could be judged when they came
    and cannot be now, `left_out` what people did to claims that the replay lacks.
    """

    now: datetime
    mails: int
    claims: int
    present_version: str
    changed_version: str
    differences: tuple[Difference, ...]
    judged_otherwise: int
    unjudged: int
    left_out: int


Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def _quiet(_doing: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def replay(
    parts: Parts,
    changed: Rules,
    *,
    reader: Reader | None = None,
    progress: Progress = _quiet,
) -> Replayed:
    """Return what changed rules would make of the stored mails.

    Mails that were not settled when it began are left out. Takes as long as reading
    all stored mails does, and judging each twice.

    Args:
        parts: the installation; its record is only read.
        changed: the rules to compare the present ones with; with nothing changed, the
            present ones are compared with the stored record.
        reader: reads the stored mails; without one, children of its own. DKIM keys are
            not looked up again: what was verified when a mail came stays.
        progress: told about each mail and claim.

    Raises:
        RetryLater: the record, the raw store or the order directory is not there now.
        SettingsInvalid: the changed policy cannot be read.

    Source: DESIGN promise 8.
    """
    stored = Stored(parts)
    with ExitStack() as stack:
        if reader is None:
            reader = ReaderPool(parts.raw_url, size=parts.settings.readers)
            stack.callback(reader.close)
        present = stack.enter_context(Rejudging(stored, Rules()))
        every = [present]
        if changed.is_changed:
            every.append(stack.enter_context(Rejudging(stored, changed)))
        unjudged = judge_all(stored, every, reader, progress)
        otherwise = tuple(judged_otherwise(parts.store, present.store, stored.claims))
        found = otherwise
        if changed.is_changed:
            found = tuple(
                differences(
                    present.store,
                    every[-1].store,
                    decided=stored.decided,
                    progress=lambda done, total: progress("Comparing", done, total),
                )
            )
        return Replayed(
            now=stored.now,
            mails=len(stored.mails),
            claims=len(stored.claims),
            present_version=present.parts.policy.version,
            changed_version=every[-1].parts.policy.version,
            differences=found,
            judged_otherwise=len(otherwise),
            unjudged=len(unjudged),
            left_out=max(one.left_out for one in every),
        )


def as_dict(found: Replayed) -> dict[str, Any]:
    """Return what `claims replay --json` prints."""
    facts = asdict(found) | {"now": found.now.isoformat()}
    for one, said in zip(found.differences, facts["differences"], strict=True):
        said["claim"] = None if one.claim_id is None else one.ref
        del said["claim_id"]
    return facts
