"""Mail rows: what a mail is, what reading it showed, and how it was settled."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.claims import belongs_to
from worker.adapters.store.desk_schema import OperatorActionRow
from worker.adapters.store.engine import Database, insert
from worker.adapters.store.schema import (
    EmailRow,
    MailboxRow,
    MailRow,
    PieceRow,
    SharedMailRow,
)
from worker.adapters.store.words import put_words
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, Mail, ReceivedStamp

_MAIL = TypeAdapter(Mail)
DISMISSED_BY_PERSON = "dismissed by a person"
COPY_BY_PERSON = "a person says: a copy of mail"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MailInClaim:
    """A mail of a claim as people look at it."""

    received_at: datetime
    mail: Mail | None
    """What reading showed; None where it could not be read."""
    fate: Fate
    sender_tier: SenderTier | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a mail turned out to be; written once, together with its effects."""

    fate: Fate
    signal: str
    stamp: ReceivedStamp
    claim_id: int | None = None
    sender_tier: SenderTier | None = None
    sender_address: str | None = None
    counts_from: datetime | None = None
    flags: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)


class Mails:
    """Reads mail rows; the functions below write them in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, mail_id: int) -> MailRecord:
        """Return one mail."""
        with self._database.read() as session:
            row, go_live_at = session.execute(
                sa.select(MailRow, MailboxRow.go_live_at)
                .join(MailboxRow, MailboxRow.id == MailRow.mailbox_id)
                .where(MailRow.id == mail_id)
            ).one()
        return MailRecord(
            mail_id=row.id,
            mailbox_id=row.mailbox_id,
            uidvalidity=row.uidvalidity,
            uid=row.uid,
            sha256=row.sha256 or "",
            internaldate_at=row.internaldate_at,
            first_seen_at=row.first_seen_at,
            trouble=row.trouble,
            go_live_at=go_live_at,
            mail=_MAIL.validate_json(row.reading) if row.reading else None,
            fate=Fate(row.fate) if row.fate else None,
            message_id=row.message_id,
            claim_id=row.claim_id,
        )

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
            return session.execute(
                sa.select(sa.func.min(MailRow.id)).where(
                    MailRow.content_sha256 == content_sha256,
                    MailRow.id < before_mail_id,
                )
            ).scalar()

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


def put_reading(session: Session, mail_id: int, mail: Mail) -> None:
    """Store what reading the mail showed; the same again changes nothing."""
    put_words(session, mail_id, mail)
    session.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id)
        .values(
            reading=_MAIL.dump_json(mail).decode(),
            content_sha256=mail.content_sha256,
            message_id=mail.message_id[:512] if mail.message_id else None,
            header_date_at=mail.date_at,
        )
        .execution_options(synchronize_session=False)
    )


def claim_of(session: Session, mail_id: int) -> int | None:
    """Return the claim that a settled mail belongs to, or None."""
    return session.execute(
        sa.select(MailRow.claim_id).where(MailRow.id == mail_id)
    ).scalar()


def settle(session: Session, mail_id: int, settled: Settled, *, at: datetime) -> None:
    """Give the mail its one fate. A mail that has one keeps it."""
    session.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id, MailRow.fate.is_(None))
        .values(
            fate=settled.fate,
            settled_at=at,
            signal=settled.signal[:200],
            claim_id=settled.claim_id,
            received_at=settled.stamp.received_at,
            received_from=settled.stamp.received_from,
            sender_tier=settled.sender_tier,
            sender_address=settled.sender_address,
            counts_from=settled.counts_from,
            flags=list(settled.flags),
            notes=settled.notes,
        )
        .execution_options(synchronize_session=False)
    )


def _in_claim(row: MailRow) -> MailInClaim:
    return MailInClaim(
        received_at=row.received_at or row.first_seen_at,
        mail=_MAIL.validate_json(row.reading) if row.reading else None,
        fate=Fate(row.fate or ""),
        sender_tier=SenderTier(row.sender_tier) if row.sender_tier else None,
    )


def assign(
    session: Session, mail_id: int, settled: Settled, *, by: str, at: datetime
) -> bool:
    """Give a mail another fate, which a person chose; False where it has a claim."""
    taken = session.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id, MailRow.claim_id.is_(None))
        .values(fate=None, settled_at=None)
        .returning(MailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if taken is None:
        return False
    settle(session, mail_id, settled, at=at)
    _say_who(session, mail_id, by)
    return True


def dismiss(
    session: Session, mail_id: int, *, by: str, at: datetime, copy_of: int | None = None
) -> bool:
    """Say that an unmatched mail is no claim, or a copy; False for other mails."""
    fate, signal = Fate.NOT_A_CLAIM, DISMISSED_BY_PERSON
    if copy_of is not None:
        fate, signal = Fate.DUPLICATE, f"{COPY_BY_PERSON} {copy_of}"
    if not _change(session, mail_id, (Fate.CANNOT_MATCH,), fate, signal, by=by):
        return False
    _log(session, mail_id, "mail_dismissed", by=by, at=at, fate=fate)
    return True


def restore(session: Session, mail_id: int, *, by: str, at: datetime) -> bool:
    """Put a mail among the unmatched again that a person dismissed; else False."""
    fates = (Fate.NOT_A_CLAIM, Fate.DUPLICATE)
    is_persons = MailRow.settled_by.is_not(None) & MailRow.claim_id.is_(None)
    fate, signal = Fate.CANNOT_MATCH, "put back by a person"
    if not _change(session, mail_id, fates, fate, signal, by=by, where=is_persons):
        return False
    _log(session, mail_id, "mail_restored", by=by, at=at, fate=fate)
    return True


def refate_held(session: Session, claim_id: int, fate: Fate, *, by: str) -> None:
    """Give the mails of a held claim the fate that goes with a person's word on it."""
    held = (Fate.IDENTITY_HOLD, Fate.NOT_A_CLAIM)
    session.execute(
        sa.update(MailRow)
        .where(MailRow.claim_id == claim_id, MailRow.fate.in_(held))
        .values(fate=fate, settled_by=by)
        .execution_options(synchronize_session=False)
    )


def _change(
    session: Session,
    mail_id: int,
    before: Sequence[Fate],
    fate: Fate,
    signal: str,
    *,
    by: str,
    where: sa.ColumnElement[bool] | None = None,
) -> bool:
    done = session.execute(
        sa.update(MailRow)
        .where(
            MailRow.id == mail_id,
            MailRow.fate.in_(before),
            sa.true() if where is None else where,
        )
        .values(fate=fate, signal=signal, settled_by=by)
        .returning(MailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return done is not None


def _log(
    session: Session, mail_id: int, action: str, *, by: str, at: datetime, fate: Fate
) -> None:
    """Append to the log of what people did: a mail without a claim has no history."""
    session.add(
        OperatorActionRow(
            at=at,
            by=by,
            action=action,
            target=f"mail:{mail_id}",
            data={"fate": fate},
        )
    )


def share(
    session: Session, claim_id: int, mail_ids: Sequence[int], *, by: str, at: datetime
) -> None:
    """Let mails count for a claim beside their own."""
    for mail_id in mail_ids:
        session.execute(
            insert(session, SharedMailRow)
            .values(claim_id=claim_id, mail_id=mail_id, by=by, at=at)
            .on_conflict_do_nothing()
        )


def _say_who(session: Session, mail_id: int, by: str) -> None:
    session.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id)
        .values(settled_by=by)
        .execution_options(synchronize_session=False)
    )


def park(session: Session, mail_id: int, *, signal: str, at: datetime) -> None:
    """Settle a mail that could not be read; its dead letter has the reason."""
    session.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id, MailRow.fate.is_(None))
        .values(fate=Fate.PARKED, settled_at=at, signal=signal[:200])
        .execution_options(synchronize_session=False)
    )


def unpark(session: Session, mail_id: int) -> bool:
    """Take a parked mail's fate away; False where it has another one by now."""
    is_open = session.execute(
        sa.update(MailRow)
        .where(
            MailRow.id == mail_id,
            sa.or_(MailRow.fate == Fate.PARKED, MailRow.fate.is_(None)),
            MailRow.sha256.is_not(None),
        )
        .values(fate=None, settled_at=None, signal="")
        .returning(MailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return is_open is not None
