"""Writes mail rows in a caller's transaction: readings, fates, and what people say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import OperatorActionRow
from worker.adapters.store.engine import insert
from worker.adapters.store.schema import (
    MailRow,
    SharedMailRow,
    table_of,
)
from worker.adapters.store.words import put_words
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, Mail, ReceivedStamp

_MAIL = TypeAdapter(Mail)
_ONE = sa.update(table_of(MailRow)).where(MailRow.id == sa.bindparam("the_mail"))
_UNSETTLED = _ONE.where(MailRow.fate.is_(None))
DISMISSED_BY_PERSON = "dismissed by a person"
COPY_BY_PERSON = "a person says: a copy of mail"


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


def put_readings(session: Session, mails: Mapping[int, Mail]) -> None:
    """Store what reading mails showed; the same again changes nothing."""
    if not mails:
        return
    put_words(session, mails)
    rows = [
        {
            "the_mail": mail_id,
            "reading": _MAIL.dump_json(mail).decode(),
            "content_sha256": mail.content_sha256,
            "message_id": mail.message_id[:512] if mail.message_id else None,
            "header_date_at": mail.date_at,
        }
        for mail_id, mail in mails.items()
    ]
    session.connection().execute(_ONE, rows)


def settle(session: Session, mail_id: int, settled: Settled, *, at: datetime) -> None:
    """Give the mail its one fate. A mail that has one keeps it."""
    values = {
        "the_mail": mail_id,
        "fate": settled.fate,
        "settled_at": at,
        "signal": settled.signal[:200],
        "claim_id": settled.claim_id,
        "received_at": settled.stamp.received_at,
        "received_from": settled.stamp.received_from,
        "sender_tier": settled.sender_tier,
        "sender_address": settled.sender_address,
        "counts_from": settled.counts_from,
        "flags": list(settled.flags),
        "notes": settled.notes,
    }
    session.connection().execute(_UNSETTLED, values)


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


def correct(
    session: Session,
    mail_id: int,
    *,
    sha256: str,
    size_bytes: int,
    by: str,
    at: datetime,
) -> tuple[int, int] | None:
    """Write a corrected copy of a parked mail; return its number and its mailbox's.

    None where the mail is not parked, or has these very bytes.
    """
    taken = session.execute(
        sa.update(MailRow)
        .where(
            MailRow.id == mail_id,
            MailRow.fate == Fate.PARKED,
            MailRow.sha256 != sha256,
        )
        .values(settled_by=by, settled_at=at)
        .returning(MailRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if taken is None:
        return None
    original = session.get_one(MailRow, mail_id)
    row = MailRow(
        mailbox_id=original.mailbox_id,
        uidvalidity=original.uidvalidity,
        uid=-mail_id,
        sha256=sha256,
        size_bytes=size_bytes,
        internaldate_at=original.internaldate_at,
        first_seen_at=original.first_seen_at,
        corrects=mail_id,
        signal="",
        flags=[],
        notes={},
    )
    session.add(row)
    session.flush()
    original.signal = f"corrected as mail {row.id}"
    return row.id, row.mailbox_id
