"""What goes under a policy of retention: found, counted, and deleted."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store import belongings, erasing
from worker.adapters.store.actions_about import actions_about
from worker.adapters.store.desk_schema import (
    DeskSessionRow,
    OperatorActionRow,
    SignInFailureRow,
)
from worker.adapters.store.holds import held_claims, held_members
from worker.adapters.store.schema import (
    AlertRow,
    Base,
    ClaimEventRow,
    ClaimRow,
    JobRow,
    MailRow,
)
from worker.domain.mail import Fate
from worker.domain.retention import DataClass

_NO_CLAIM = (
    Fate.DUPLICATE,
    Fate.AUTO_REPLY,
    Fate.BOUNCE,
    Fate.NOT_A_CLAIM,
    Fate.CANNOT_MATCH,
    Fate.PARKED,
)


def due(session: Session, what: DataClass, before: datetime) -> list[int] | int:
    """Return what of a class ended before an instant: numbers of rows, or how many.

    What a legal hold stands on is not among them.
    """
    match what:
        case DataClass.CLAIMS:
            return _closed_claims(session, before)
        case DataClass.RAW_MAILS:
            claims = _closed_claims(session, before)
            mails = belongings.mails_of_claims(session, claims)
            return _not_erased(session, mails)
        case DataClass.OTHER_MAILS:
            return _other_mails(session, before)
        case _:
            return sum(
                session.execute(
                    sa.select(sa.func.count()).select_from(table).where(is_old)
                ).scalar_one()
                for table, is_old in _old_rows(session, what, before)
            )


def apply(session: Session, what: DataClass, before: datetime, *, at: datetime) -> int:
    """Delete what is due of a class; return how many there were."""
    found = due(session, what, before)
    if isinstance(found, list):
        if what is DataClass.CLAIMS:
            mails = belongings.mails_of_claims(session, found)
            erasing.erase_mails(session, mails, at=at)
            return erasing.erase_claims(session, found, at=at)
        return erasing.erase_mails(session, found, at=at)
    for table, is_old in _old_rows(session, what, before):
        session.execute(sa.delete(table).where(is_old))
    return found


def _other_mails(session: Session, before: datetime) -> list[int]:
    """Return mails of no claim that were settled earlier; those of held members aside.

    A held claim holds its member's mails.
    """
    found = session.execute(
        sa.select(MailRow.id)
        .where(
            MailRow.fate.in_(_NO_CLAIM),
            MailRow.settled_at < before,
            MailRow.claim_id.is_(None),
            MailRow.erased_at.is_(None),
        )
        .order_by(MailRow.id)
    ).scalars()
    held: set[int] = set()
    for member_key in held_members(session):
        held |= belongings.mails_of_member(session, member_key, [])
    return [mail_id for mail_id in found if mail_id not in held]


def _is_unheld_action(session: Session) -> sa.ColumnElement[bool]:
    held = belongings.held_subjects(session)
    return OperatorActionRow.id.not_in(actions_about(session, held))


def _old_rows(
    session: Session, what: DataClass, before: datetime
) -> Sequence[tuple[type[Base], sa.ColumnElement[bool]]]:
    match what:
        case DataClass.ACTIONS:
            is_old = sa.and_(OperatorActionRow.at < before, _is_unheld_action(session))
            return ((OperatorActionRow, is_old),)
        case DataClass.SESSIONS:
            return (
                (DeskSessionRow, DeskSessionRow.seen_at < before),
                (SignInFailureRow, SignInFailureRow.last_at < before),
            )
        case DataClass.JOBS:
            is_old = sa.and_(JobRow.state == "done", JobRow.finished_at < before)
            return ((JobRow, is_old),)
        case DataClass.ALERTS:
            return ((AlertRow, AlertRow.told_at < before),)
        case DataClass.CLAIMS | DataClass.RAW_MAILS | DataClass.OTHER_MAILS:
            return ()


def _closed_claims(session: Session, before: datetime) -> list[int]:
    """Return claims whose last event, which closed them, is older; held ones aside."""
    last_at = (
        sa.select(sa.func.max(ClaimEventRow.at))
        .where(ClaimEventRow.claim_id == ClaimRow.id)
        .scalar_subquery()
    )
    found = session.execute(
        sa.select(ClaimRow.id)
        .where(
            ClaimRow.is_open.is_(False), ClaimRow.erased_at.is_(None), last_at < before
        )
        .order_by(ClaimRow.id)
    ).scalars()
    held = held_claims(session)
    return [claim_id for claim_id in found if claim_id not in held]


def _not_erased(session: Session, mail_ids: set[int]) -> list[int]:
    erased = set(
        session.execute(
            sa.select(MailRow.id).where(MailRow.erased_at.is_not(None))
        ).scalars()
    )
    return sorted(mail_ids - erased)
