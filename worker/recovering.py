"""`claims recover`: after a backup was put back, nothing goes out twice.

What the backup had still to send, and what is composed again for mails and dates
between backup and loss, is known to have gone out, or waits for a person.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from worker.adapters import erasure_log
from worker.adapters.imap_sent import ImapSent
from worker.adapters.store import recoveries
from worker.bootstrap import Parts
from worker.domain.errors import UsageError
from worker.domain.reply import is_issued
from worker.domain.sent_mail import SentCursor
from worker.erasing import erase_again
from worker.steps.delivery import RESPONSES

__all__ = ["Recovered", "recover"]

_MESSAGE_ID = re.compile(r"<[^<>\s]{3,400}>")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did.

    `known` Message-IDs are known to have gone out; of what the backup had still to
    send, `sent` e-mails were among them and `held` were not. `erased` members were in
    the backup again; `has_erasures` says that anybody ever was erased, and `refused`
    why somebody could not be erased again, or what the list of erasures lacks.
    """

    known: int
    sent: int
    held: int
    erased: int
    has_erasures: bool = False
    refused: str = ""


def recover(
    parts: Parts,
    *,
    backup_at: datetime,
    lost_at: datetime,
    sent_list: Path | None = None,
    by: str,
) -> Recovered:
    """Make a restored record safe to run; to be called before anything else runs.

    Args:
        parts: the installation, with the backup in its place.
        backup_at: when the backup was made, or a little earlier.
        lost_at: up to when the lost record was running.
        sent_list: a file with the Message-IDs that the relay took since, anywhere in
            its lines: its log will do.
        by: who does it.

    Raises:
        UsageError: the instants are the wrong way round, or a file cannot be read.
        RetryLater: the record or the sent folder is away.
    """
    if backup_at > lost_at:
        raise UsageError("the backup was made after the loss: swap the two instants")
    known = {*_listed(sent_list), *_in_sent_folder(parts.sent_folder, backup_at)}
    known = {one for one in known if is_issued(one, parts.secret_key)}
    with parts.store.transaction() as work:
        sent, held = recoveries.begin(
            work.session,
            backup_at=backup_at,
            lost_at=lost_at,
            sent=sorted(known),
            answers=RESPONSES,
            by=by,
            at=work.at,
        )
    has_log = (parts.data_dir / erasure_log.NAME).exists()
    erased, refused = 0, ""
    try:
        if has_log:
            again = erase_again(parts, None, by=by)
            erased, refused = again.members, again.lacks
    except UsageError as error:  # the recovery stands all the same
        refused = str(error)
    return Recovered(len(known), sent, held, erased, has_log, refused)


def _listed(path: Path | None) -> Iterator[str]:
    if path is None:
        return
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    yield from _MESSAGE_ID.findall(text)


def _in_sent_folder(folder: ImapSent | None, since: datetime) -> Iterator[str]:
    """Yield the Message-IDs of what lies in the sent folder since an instant."""
    if folder is None:
        return
    # Another UIDVALIDITY: everything since the instant is listed.
    cursor = SentCursor(uidvalidity=0, last_uid=0, looked_at=since)
    while True:
        look = folder.look(cursor)
        for head in look.heads:
            said = BytesHeaderParser().parsebytes(head.header)
            names = (said.get("Message-ID"), said.get("X-Claims-Draft"))
            yield from _MESSAGE_ID.findall(" ".join(name or "" for name in names))
        if look.is_complete:
            return
        cursor = SentCursor(look.uidvalidity, look.last_uid, since)
