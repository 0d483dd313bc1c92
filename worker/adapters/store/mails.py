"""Reads mail rows: what a mail is, what reading it showed, and how it was settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from worker.adapters.store.claims import belongs_to
from worker.adapters.store.engine import Database, once
from worker.adapters.store.schema import (
    EmailRow,
    MailboxRow,
    MailRow,
    PieceRow,
    table_of,
)
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, Mail, ReceivedFrom

_MAIL = TypeAdapter(Mail)


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail row as the steps need it; `mail` is None until it was read."""

    mail_id: int
    mailbox_id: int
    uidvalidity: int
    uid: int
    sha256: str
    internaldate_at: datetime | None
    first_seen_at: datetime
    trouble: str | None
    go_live_at: datetime | None
    mail: Mail | None
    fate: Fate | None
    message_id: str | None
    claim_id: int | None = None
    received_at: datetime | None = None
    received_from: ReceivedFrom | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailInClaim:
    """A mail of a claim as people look at it."""

    received_at: datetime
    mail: Mail | None
    """What reading showed; None where it could not be read."""
    fate: Fate
    sender_tier: SenderTier | None


class Mails:
    """Reads mail rows; `mail_changes` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @once
    def get(self, mail_id: int) -> MailRecord:
        """Return one mail."""
        (record,) = self.get_many([mail_id])
        return record

    def get_many(self, mail_ids: Sequence[int]) -> list[MailRecord]:
        """Return mails by their numbers, in order of these.

        Raises:
            NoResultFound: there is none of one of these numbers.
        """
        with self._database.read() as session:
            found = session.connection().execute(_RECORDS, {"the_mails": mail_ids})
            by_id = {row.id: _record(row) for row in found}
        if len(by_id) < len(set(mail_ids)):
            raise NoResultFound
        return [by_id[mail_id] for mail_id in sorted(by_id)]

    def summary(self, mail_id: int) -> dict[str, Any]:
        """Return what became of a mail, with the roles of its files by path."""
        with self._database.read() as session:
            row = session.get_one(MailRow, mail_id)
            roles: dict[str, list[str]] = {}
            for path, kind in session.execute(
                sa.select(PieceRow.path, PieceRow.kind)
                .where(PieceRow.mail_id == mail_id)
                .order_by(PieceRow.kind)
            ):
                roles.setdefault(path, []).append(kind)
            return {
                "fate": row.fate,
                "signal": row.signal,
                "claim_id": row.claim_id,
                "sender_tier": row.sender_tier,
                "received_at": row.received_at,
                "received_from": row.received_from,
                "flags": list(row.flags),
                "roles": roles,
                "notes": dict(row.notes),
            }

    def of_claim(self, claim_id: int) -> list[MailInClaim]:
        """Return the mails that are settled as a claim's, duplicates too, in order."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(MailRow)
                .where(belongs_to(claim_id), MailRow.fate.is_not(None))
                .order_by(MailRow.id)
            ).scalars()
            return [_in_claim(row) for row in rows]

    def unplaced(self, *, limit: int) -> list[tuple[int, MailInClaim]]:
        """Return number and mail of those that no rule could match, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(MailRow)
                .where(MailRow.fate == Fate.CANNOT_MATCH)
                .order_by(MailRow.id)
                .limit(limit)
            ).scalars()
            return [(row.id, _in_claim(row)) for row in rows]

    def exists(self, mail_id: int) -> bool:
        """Return whether there is a mail of this number."""
        with self._database.read() as session:
            return session.get(MailRow, mail_id) is not None

    def unsettled(self) -> int:
        """Return how many mails have no fate yet."""
        with self._database.read() as session:
            query = sa.select(sa.func.count()).where(MailRow.fate.is_(None))
            return session.execute(query).scalar_one()

    def first_with_content(
        self, content_sha256: str, *, before_mail_id: int
    ) -> int | None:
        """Return the earliest other mail with the same content digest, or None."""
        with self._database.read() as session:
            values = {"the_digest": content_sha256, "the_mail": before_mail_id}
            number: int | None = session.connection().execute(_FIRST, values).scalar()
            return number

    def claim_of_messages(self, message_ids: Sequence[str]) -> int | None:
        """Return the claim that one of these Message-IDs belongs to, newest first.

        Both mails that we sent and mails that joined a claim count.
        """
        if not message_ids:
            return None
        with self._database.read() as session:
            ours = session.execute(
                sa.select(EmailRow.claim_id)
                .where(
                    EmailRow.message_id.in_(message_ids), EmailRow.claim_id.is_not(None)
                )
                .order_by(EmailRow.id.desc())
                .limit(1)
            ).scalar()
            if ours is not None:
                return ours
            return session.execute(
                sa.select(MailRow.claim_id)
                .where(
                    MailRow.message_id.in_(message_ids), MailRow.claim_id.is_not(None)
                )
                .order_by(MailRow.id.desc())
                .limit(1)
            ).scalar()

    def first_unmatched(
        self, message_ids: Sequence[str], address: str
    ) -> datetime | None:
        """See ports.Lookups."""
        if not message_ids:
            return None
        answered = sa.select(EmailRow.mail_id).where(
            EmailRow.message_id.in_(message_ids), EmailRow.mail_id.is_not(None)
        )
        with self._database.read() as session:
            return session.execute(
                sa.select(MailRow.received_at)
                .where(
                    MailRow.message_id.in_(message_ids) | MailRow.id.in_(answered),
                    MailRow.fate == Fate.CANNOT_MATCH,
                    MailRow.sender_address == address,
                )
                .order_by(MailRow.received_at)
                .limit(1)
            ).scalar()

    def fates(self) -> dict[str, int]:
        """Return how many mails ended in each fate; `open` counts the unsettled."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(MailRow.fate, sa.func.count()).group_by(MailRow.fate)
            )
            return {fate or "open": count for fate, count in rows}


def claim_of(session: Session, mail_id: int) -> int | None:
    """Return the claim that a settled mail belongs to, or None."""
    return session.execute(
        sa.select(MailRow.claim_id).where(MailRow.id == mail_id)
    ).scalar()


def _in_claim(row: MailRow) -> MailInClaim:
    return MailInClaim(
        received_at=row.received_at or row.first_seen_at,
        mail=_MAIL.validate_json(row.reading) if row.reading else None,
        fate=Fate(row.fate or ""),
        sender_tier=SenderTier(row.sender_tier) if row.sender_tier else None,
    )


def _record(row: sa.Row[Any]) -> MailRecord:
    return MailRecord(
        mail_id=row.id,
        mailbox_id=row.mailbox_id,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        sha256=row.sha256 or "",
        internaldate_at=row.internaldate_at,
        first_seen_at=row.first_seen_at,
        trouble=row.trouble,
        go_live_at=row.go_live_at,
        mail=_MAIL.validate_json(row.reading) if row.reading else None,
        fate=Fate(row.fate) if row.fate else None,
        message_id=row.message_id,
        claim_id=row.claim_id,
        received_at=row.received_at,
        received_from=ReceivedFrom(row.received_from) if row.received_from else None,
    )


_RECORDS: sa.Select[Any] = (
    sa.select(
        *(
            table_of(MailRow).c[name]
            for name in (
                "id",
                "mailbox_id",
                "uidvalidity",
                "uid",
                "sha256",
                "internaldate_at",
                "first_seen_at",
                "trouble",
                "reading",
                "fate",
                "message_id",
                "claim_id",
                "received_at",
                "received_from",
            )
        ),
        MailboxRow.go_live_at,
    )
    .join(MailboxRow, MailboxRow.id == MailRow.mailbox_id)
    .where(MailRow.id.in_(sa.bindparam("the_mails", expanding=True)))
)
_FIRST = sa.select(sa.func.min(MailRow.id)).where(
    MailRow.content_sha256 == sa.bindparam("the_digest"),
    MailRow.id < sa.bindparam("the_mail"),
)
