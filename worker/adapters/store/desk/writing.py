"""Replies while they are written, and for the moment before they go out."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import DraftEditRow, PendingReplyRow
from worker.adapters.store.engine import Database, insert
from worker.domain.written import UNDO_FOR, Seen, Written, written
from worker.ports import Clock


@dataclass(frozen=True, slots=True)
class Edit:
    """A reply as somebody left it; `version` is the claim's when they wrote."""

    written: Written
    version: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A reply that goes out at `due_at`, or, with `why_not`, that was not sent."""

    key: str
    claim_id: int
    written: Written
    seen: Seen
    by: str
    at: datetime
    due_at: datetime
    why_not: str


class Writing:
    """Keeps what is written; the functions below belong to a caller's transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def edit_of(self, claim_id: int) -> Edit | None:
        """Return the reply that somebody is writing, or None."""
        with self._database.read() as session:
            row = session.get(DraftEditRow, claim_id)
            return None if row is None else _edit(row)

    def save(
        self,
        claim_id: int,
        text: Written,
        *,
        version: int,
        by: str,
        knew: datetime | None,
    ) -> Edit | None:
        """Keep what is written, unless somebody else has written meanwhile.

        Args:
            claim_id: the claim.
            text: what is written.
            version: the claim's, as the writer saw it.
            by: who writes.
            knew: when the edit was saved that the writer began from, or None.

        Returns:
            What somebody else wrote, which then stays; None where it was saved.
        """
        with self._database.write() as session:
            row = session.get(DraftEditRow, claim_id, with_for_update=True)
            if row is not None and row.by != by and row.at != knew:
                return _edit(row)
            self._put(session, claim_id, text, version=version, by=by)
        return None

    def _put(
        self, session: Session, claim_id: int, text: Written, *, version: int, by: str
    ) -> None:
        values = {
            "kind": text.kind.value,
            "claim_version": version,
            "body": text.body,
            "choices": text.choices,
            "by": by,
            "at": self._clock.now(),
        }
        session.execute(
            insert(session, DraftEditRow)
            .values(claim_id=claim_id, **values)
            .on_conflict_do_update(index_elements=["claim_id"], set_=values)
        )

    def drop(self, claim_id: int) -> None:
        """Forget what was written; the draft of the worker is shown again."""
        with self._database.write() as session:
            drop_edit(session, claim_id)

    def pending_of(self, claim_id: int) -> Pending | None:
        """Return the reply that is about to go out, or was not sent; or None."""
        return self._pending(PendingReplyRow.claim_id == claim_id)

    def pending(self, key: str) -> Pending | None:
        """Return one pending reply."""
        return self._pending(PendingReplyRow.key == key)

    def undo(self, claim_id: int) -> bool:
        """Take back a reply that has not gone out; False where there is none."""
        with self._database.write() as session:
            gone = session.execute(
                sa.delete(PendingReplyRow)
                .where(
                    PendingReplyRow.claim_id == claim_id, PendingReplyRow.why_not == ""
                )
                .returning(PendingReplyRow.key)
                .execution_options(synchronize_session=False)
            ).scalar()
        return gone is not None

    def forget_unsent(self, claim_id: int) -> None:
        """Forget that a reply was not sent: somebody has read it."""
        with self._database.write() as session:
            session.execute(
                sa.delete(PendingReplyRow).where(
                    PendingReplyRow.claim_id == claim_id, PendingReplyRow.why_not != ""
                )
            )

    def _pending(self, where: sa.ColumnElement[bool]) -> Pending | None:
        with self._database.read() as session:
            row = session.execute(
                sa.select(PendingReplyRow).where(where)
            ).scalar_one_or_none()
            if row is None:
                return None
            return Pending(
                key=row.key,
                claim_id=row.claim_id,
                written=written(row.kind, row.body, row.choices),
                seen=Seen(row.claim_version, row.events_seen),
                by=row.by,
                at=row.at,
                due_at=row.due_at,
                why_not=row.why_not,
            )


def _edit(row: DraftEditRow) -> Edit:
    text = written(row.kind, row.body, row.choices)
    return Edit(text, row.claim_version, row.by, row.at)


def drop_edit(session: Session, claim_id: int, *, sent: Written | None = None) -> None:
    """Forget what was written on a claim; with `sent` that text alone, no other's."""
    is_it = DraftEditRow.claim_id == claim_id
    if sent is not None:
        is_same = sa.and_(
            DraftEditRow.kind == sent.kind, DraftEditRow.body == sent.body
        )
        is_it = sa.and_(is_it, is_same)
    session.execute(
        sa.delete(DraftEditRow)
        .where(is_it)
        .execution_options(synchronize_session=False)
    )


def put_pending(
    session: Session, claim_id: int, text: Written, seen: Seen, *, by: str, at: datetime
) -> str | None:
    """Write a reply that goes out later; return its key, None if one is there.

    One that was not sent makes room.
    """
    session.execute(
        sa.delete(PendingReplyRow)
        .where(PendingReplyRow.claim_id == claim_id, PendingReplyRow.why_not != "")
        .execution_options(synchronize_session=False)
    )
    made: str | None = session.execute(
        insert(session, PendingReplyRow)
        .values(
            key=secrets.token_hex(8),
            claim_id=claim_id,
            claim_version=seen.version,
            events_seen=seen.events,
            kind=text.kind.value,
            body=text.body,
            choices=text.choices,
            by=by,
            at=at,
            due_at=at + UNDO_FOR,
            why_not="",
        )
        .on_conflict_do_nothing(index_elements=["claim_id"])
        .returning(PendingReplyRow.key)
    ).scalar()
    return made


def take_pending(session: Session, key: str) -> bool:
    """Take a pending reply away, as it is carried out; False where it was undone."""
    gone = session.execute(
        sa.delete(PendingReplyRow)
        .where(PendingReplyRow.key == key, PendingReplyRow.why_not == "")
        .returning(PendingReplyRow.key)
        .execution_options(synchronize_session=False)
    ).scalar()
    return gone is not None


def stop_pending(session: Session, key: str, *, why_not: str) -> None:
    """Say that a pending reply is not sent, and why."""
    session.execute(
        sa.update(PendingReplyRow)
        .where(PendingReplyRow.key == key)
        .values(why_not=why_not)
        .execution_options(synchronize_session=False)
    )
