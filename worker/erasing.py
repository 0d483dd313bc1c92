"""`claims erase`: a member is forgotten, and no mailbox or backup brings them back.

First the record, in one transaction, then the raw mails: a process that dies in
between leaves blobs that `claims audit` names and the next erasure or `claims retain`
removes.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from worker.adapters import erasure_log
from worker.adapters.store import erasing as rows
from worker.adapters.store import holds
from worker.adapters.store.belongings import FOR_EVER, Belongings, belongings
from worker.bootstrap import Parts
from worker.domain.counting import counted
from worker.domain.errors import UsageError
from worker.domain.orders import normal_id

__all__ = ["BASES", "Erased", "ErasedAgain", "erase", "erase_again", "remove_left"]

BASES = ("request", "authority", "mistake")
"""Why a member is erased: they asked, an authority did, or they should never have been
in the record. A word of the list, so that nothing personal stands there."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What there was of a member, or would be erased.

    `is_known` is False where nothing at all was there, not even in the directory.
    """

    claims: int
    mails: int
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class ErasedAgain:
    """How many members of the list were there again, and what it lacks, or ""."""

    members: int
    lacks: str = ""


def erase(
    parts: Parts,
    member_id: str,
    *,
    by: str,
    basis: str,
    is_applied: bool,
    up_to: datetime = FOR_EVER,
) -> Erased:
    """Erase a member: claims, mails, answers, and the directory's entry.

    Safe to run twice. The mailbox on the server is left as it is.

    Args:
        parts: the installation.
        member_id: as the directory has it.
        by: who does it.
        basis: one of `BASES`.
        is_applied: False only counts.
        up_to: what came later stays: they came back.

    Raises:
        UsageError: a claim is open, or a legal hold stands; nothing was erased.
        RetryLater: the record or the raw store is away.
    """
    key = normal_id(member_id)
    if not key or key == rows.ERASED:
        raise UsageError("name a member as the order directory does")
    if not is_applied:
        with parts.store.database.read() as session:
            return _counted(belongings(session, key, up_to=up_to))
    tag = member_tag(parts, key)
    with parts.store.transaction() as work:
        found = belongings(work.session, key, up_to=up_to)
        if found.is_known:
            rows.erase_mails(work.session, found.mails, at=work.at)
            rows.erase_claims(work.session, found.claims, at=work.at)
            rows.erase_member(work.session, key, addresses=found.addresses, up_to=up_to)
            counts = {"claims": len(found.claims), "mails": len(found.mails)}
            holds.record_erasure(
                work.session, tag, by=by, basis=basis, counts=counts, at=work.at
            )
            # Before the commit: a line too many is safe, a missing one is not.
            at = min(work.at, up_to).isoformat()
            check = erasure_log.key_check(parts.secret_key)
            entry = {"tag": tag, "at": at, "by": by, "basis": basis, "key": check}
            erasure_log.append(parts.data_dir / erasure_log.NAME, entry)
    remove_left(parts)
    if found.is_known:
        parts.store.holds.compact()
    return _counted(found)


def _counted(found: Belongings) -> Erased:
    return Erased(len(found.claims), len(found.mails), found.is_known)


def erase_again(parts: Parts, log: Path | None, *, by: str) -> ErasedAgain:
    """Erase everybody of the log once more, after a backup was put back.

    What came after somebody's erasure stays.

    Raises:
        UsageError: there is no such file; or a hold or an open claim stands against
            somebody, or a line is damaged or of another key, and all others were
            erased.
    """
    path = parts.data_dir / erasure_log.NAME if log is None else log
    if not path.exists():
        raise UsageError(f"{path} is not there: nobody was erased, or name the file")
    listed = erasure_log.read(path)
    ours = {None, erasure_log.key_check(parts.secret_key)}
    others = sum(entry.key_check not in ours for entry in listed.entries)
    last = {entry.tag: entry for entry in listed.entries}
    known = parts.store.holds.member_keys() | set(parts.store.orders.member_keys())
    found = {key: last.get(member_tag(parts, key)) for key in sorted(known)}
    count, refused = 0, []
    for key, entry in found.items():
        if entry is None:
            continue
        try:
            erase(parts, key, by=by, basis=entry.basis, is_applied=True, up_to=entry.at)
        except UsageError as error:
            refused.append(str(error))
        else:
            count += 1
    failed = [f"{len(refused):,} not: {'; '.join(refused)}"] if refused else []
    if others:
        failed.append(_of_another_key(path, others))
    if listed.damaged:
        failed.append(f"{_lines(path, listed.damaged)} damaged: copy it from a backup")
    lacks = _torn(path, listed.torn) if listed.torn else ""
    if failed:
        done = counted(count, "member was", "members were")
        why = "; ".join([*failed, lacks] if lacks else failed)
        raise UsageError(f"{done} erased again, {why}")
    return ErasedAgain(count, lacks)


def _of_another_key(path: Path, number: int) -> str:
    lines = counted(number, "line")
    verb = "was" if number == 1 else "were"
    return (
        f"{lines} of {path} {verb} written with another secret key, and only that key"
        " finds who was meant: say this again with that key in CLAIMS_SECRET_KEY, once"
        " for each key there was"
    )


def _torn(path: Path, numbers: tuple[int, ...]) -> str:
    return (
        f"{_lines(path, numbers)} torn and left out: the process died while writing,"
        " and erased nobody then; remove what is torn, or, where this is a copy that"
        " was cut off, copy the file again"
    )


def _lines(path: Path, numbers: tuple[int, ...]) -> str:
    noun = "line" if len(numbers) == 1 else "lines"
    verb = "is" if len(numbers) == 1 else "are"
    return f"{noun} {', '.join(map(str, numbers))} of {path} {verb}"


def remove_left(parts: Parts) -> int:
    """Remove the raw bytes of erased mails that are still there; return how many.

    They come back where a mailbox was renumbered, or a raw store was restored.
    """
    with parts.store.database.read() as session:
        digests = rows.digests_of_erased(session)
    return sum(parts.raw.remove(sha256) for sha256 in digests)


def member_tag(parts: Parts, member_key: str) -> str:
    """Return by what an erased member is known again; it tells nobody who that is."""
    text = f"erased member {member_key}".encode()
    return hmac.new(parts.secret_key, text, hashlib.sha256).hexdigest()
