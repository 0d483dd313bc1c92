"""A private copy of the mails of a record, in which they are judged once more.

What the mailbox showed is copied with its ids: the signed tokens of our e-mails name
claims by theirs. What was made of the mails is not copied.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from worker.adapters.store import Store, Work
from worker.adapters.store.engine import insert
from worker.adapters.store.schema import (
    ClaimEventRow,
    ClaimRow,
    DocumentRow,
    EmailRow,
    MailboxRow,
    MailRow,
)
from worker.domain.claim import Event
from worker.domain.documents import DocumentKind, Verdict
from worker.domain.mail import Fate

BATCH = 500
SEEN = (
    "id",
    "mailbox_id",
    "uidvalidity",
    "uid",
    "sha256",
    "size_bytes",
    "internaldate_at",
    "first_seen_at",
    "trouble",
    "alias_of",
    "corrects",
)
"""What the mailbox showed of a mail."""
_ENDED = ("fate", "settled_at", "signal", "erased_at")


@dataclass(frozen=True, slots=True)
class SettledMail:
    """A mail of a record that was settled; `claim_id` is the claim that it came to.

    `is_judged` is false where no rule decides its fate: it could not be fetched, is the
    alias of another, or was erased.
    """

    mail_id: int
    mailbox_id: int
    sha256: str
    internaldate_at: datetime | None
    first_seen_at: datetime
    claim_id: int | None
    is_judged: bool


@dataclass(frozen=True, slots=True)
class PersonsEvent:
    """Something that a person did to a claim; `seq` numbers the claim's history."""

    claim_id: int
    seq: int
    event: Event
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiver:
    """A document of a claim that a person waived."""

    claim_id: int
    kind: DocumentKind
    at: datetime


@dataclass(frozen=True, slots=True)
class MailEnd:
    """How a mail ended: its fate, and the claim that it came to."""

    fate: str
    claim_id: int | None


def make_disposable(store: Store) -> None:
    """Let a private record in a temporary file not wait for the disk."""
    sa.event.listen(store.database.engine, "connect", _forget_at_power_loss)


def _forget_at_power_loss(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()


def settled_mails(store: Store) -> list[SettledMail]:
    """Return the mails that have their fate, in the order in which they came."""
    columns = sa.select(
        MailRow.id,
        MailRow.mailbox_id,
        MailRow.sha256,
        MailRow.internaldate_at,
        MailRow.first_seen_at,
        MailRow.claim_id,
        MailRow.alias_of,
        MailRow.erased_at,
    )
    with store.database.read() as session:
        rows = session.execute(
            columns.where(MailRow.fate.is_not(None)).order_by(MailRow.id)
        )
        return [
            SettledMail(
                mail_id=row.id,
                mailbox_id=row.mailbox_id,
                sha256=row.sha256 or "",
                internaldate_at=row.internaldate_at,
                first_seen_at=row.first_seen_at,
                claim_id=row.claim_id,
                is_judged=row.sha256 is not None
                and row.alias_of is None
                and row.erased_at is None,
            )
            for row in rows
        ]


def copy_mails(source: Store, target: Store, mails: Sequence[SettledMail]) -> None:
    """Write what the mailboxes showed into a record that is empty."""
    with source.database.read() as read, target.database.write() as write:
        for box in read.execute(sa.select(MailboxRow)).scalars():
            write.execute(
                sa.insert(MailboxRow).values(
                    id=box.id,
                    name=box.name,
                    uidvalidity=box.uidvalidity,
                    go_live_at=box.go_live_at,
                )
            )
        for start in range(0, len(mails), BATCH):
            batch = {mail.mail_id: mail for mail in mails[start : start + BATCH]}
            rows = read.execute(
                sa.select(MailRow).where(MailRow.id.in_(batch)).order_by(MailRow.id)
            ).scalars()
            write.execute(
                sa.insert(MailRow),
                [_copied(row, batch[row.id].is_judged) for row in rows],
            )


def _copied(row: MailRow, is_judged: bool) -> dict[str, object]:  # noqa: FBT001 - one fact
    kept = {name: getattr(row, name) for name in SEEN}
    ended = {name: getattr(row, name) for name in _ENDED}
    if is_judged:
        ended = dict.fromkeys(_ENDED) | {"signal": ""}
    return {**kept, **ended, "flags": [], "notes": {}}


def persons_events(store: Store, *, system: str) -> list[PersonsEvent]:
    """Return what people did to claims, oldest first; `system` is nobody's name.

    Whose work a claim is changes no outcome.
    """
    with store.database.read() as session:
        rows = session.execute(
            sa.select(
                ClaimEventRow.claim_id,
                ClaimEventRow.seq,
                ClaimEventRow.event,
                ClaimEventRow.at,
            )
            .where(ClaimEventRow.actor != system, ClaimEventRow.event != Event.ASSIGNED)
            .order_by(ClaimEventRow.at, ClaimEventRow.id)
        )
        return [
            PersonsEvent(row.claim_id, row.seq, Event(row.event), row.at)
            for row in rows
        ]


def waivers(store: Store) -> list[Waiver]:
    """Return the documents that people waived, oldest first."""
    with store.database.read() as session:
        rows = session.execute(
            sa.select(DocumentRow.claim_id, DocumentRow.kind, DocumentRow.waived_at)
            .where(DocumentRow.waived_at.is_not(None))
            .order_by(DocumentRow.waived_at)
        )
        return [
            Waiver(row.claim_id, DocumentKind(row.kind), row.waived_at)
            for row in rows
            if row.waived_at is not None
        ]


def waive(work: Work, waiver: Waiver) -> None:
    """Write a waiver beside the verdict, which the next assessment gives."""
    values = {"waived_at": waiver.at}
    work.session.execute(
        insert(work.session, DocumentRow)
        .values(
            claim_id=waiver.claim_id,
            kind=waiver.kind,
            verdict=Verdict.MISSING,
            files=[],
            evidence="",
            waived_reason="",
            **values,
        )
        .on_conflict_do_update(index_elements=["claim_id", "kind"], set_=values)
    )


def claim_ids(store: Store) -> list[int]:
    """Return the numbers of all claims, ascending."""
    with store.database.read() as session:
        return list(
            session.execute(sa.select(ClaimRow.id).order_by(ClaimRow.id)).scalars()
        )


def mail_ends(store: Store) -> dict[int, MailEnd]:
    """Return how each mail ended that has; by its id."""
    with store.database.read() as session:
        rows = session.execute(
            sa.select(MailRow.id, MailRow.fate, MailRow.claim_id)
            .where(MailRow.fate.is_not(None))
            .order_by(MailRow.id)
        )
        return {row.id: MailEnd(Fate(row.fate or ""), row.claim_id) for row in rows}


def mails_answered_alone(store: Store) -> list[int]:
    """Return the mails whose answer belongs to no claim."""
    with store.database.read() as session:
        rows = session.execute(
            sa.select(EmailRow.mail_id)
            .where(EmailRow.claim_id.is_(None), EmailRow.mail_id.is_not(None))
            .distinct()
            .order_by(EmailRow.mail_id)
        ).scalars()
        return [mail_id for mail_id in rows if mail_id is not None]
