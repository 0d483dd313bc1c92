"""`claims erase`: a member is forgotten, and no mailbox or backup brings them back.

First the record, in one transaction, then the raw mails: a process that dies in
between leaves blobs that `claims audit` names and the next erasure or `claims retain`
removes.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.adapters.store import erasing as rows
from worker.adapters.store import holds
from worker.bootstrap import Parts
from worker.domain.errors import UsageError
from worker.domain.orders import normal_id

__all__ = ["BASES", "Erased", "erase", "erase_again", "remove_left"]

BASES = ("request", "authority", "mistake")
"""Why a member is erased: they asked, an authority did, or they should never have been
in the record. A word of the list, so that nothing personal stands there."""
LOG = "erasures.jsonl"
"""In the data folder. It names nobody, and no restored backup may replace it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What there was of a member, or would be erased."""

    claims: int
    mails: int


def erase(
    parts: Parts, member_id: str, *, by: str, basis: str, is_applied: bool
) -> Erased:
    """Erase a member: claims, mails, answers, and the directory's entry.

    Safe to run twice. The mailbox on the server is left as it is.

    Args:
        parts: the installation.
        member_id: as the directory has it.
        by: who does it.
        basis: one of `BASES`.
        is_applied: False only counts.

    Raises:
        UsageError: a claim is open, or a legal hold stands; nothing was erased.
        RetryLater: the record or the raw store is away.
    """
    key = normal_id(member_id)
    if not key or key == rows.ERASED:
        raise UsageError("name a member as the order directory does")
    if not is_applied:
        with parts.store.database.read() as session:
            claims = rows.erasable_claims(session, key)
            mails = rows.mails_of_member(session, key, claims)
        return Erased(len(claims), len(mails))
    tag = member_tag(parts, key)
    with parts.store.transaction() as work:
        claims = rows.erasable_claims(work.session, key)
        mails = rows.mails_of_member(work.session, key, claims)
        rows.erase_mails(work.session, mails, at=work.at)
        rows.erase_claims(work.session, claims, at=work.at)
        rows.erase_member(work.session, key)
        counts = {"claims": len(claims), "mails": len(mails)}
        holds.record_erasure(
            work.session, tag, by=by, basis=basis, counts=counts, at=work.at
        )
        at = work.at
    _append(parts, {"tag": tag, "at": at.isoformat(), "by": by, "basis": basis})
    remove_left(parts)
    parts.store.holds.compact()
    return Erased(len(claims), len(mails))


def erase_again(parts: Parts, log: Path | None, *, by: str) -> int:
    """Erase everybody of the log once more, after a backup was put back.

    Returns how many of them were in the record.

    Raises:
        UsageError: there is no such file, or a hold or an open claim stands against it.
    """
    path = parts.data_dir / LOG if log is None else log
    if not path.exists():
        raise UsageError(f"{path} is not there: nobody was erased, or name the file")
    tags = {entry["tag"]: entry["basis"] for entry in _entries(path)}
    known = parts.store.holds.member_keys() | set(parts.store.orders.member_keys())
    found = {
        key: basis
        for key in known
        if (basis := tags.get(member_tag(parts, key))) is not None
    }
    for key, basis in sorted(found.items()):
        erase(parts, key, by=by, basis=basis, is_applied=True)
    return len(found)


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


def _append(parts: Parts, entry: dict[str, str]) -> None:
    path = parts.data_dir / LOG
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")


def _entries(path: Path) -> Iterator[dict[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            yield {"tag": str(entry["tag"]), "basis": str(entry["basis"])}
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path}:{number} is no line of that log") from None
