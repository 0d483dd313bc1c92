"""What is personal is taken out of rows; the rows stay, as tombstones.

A mail keeps its UID and its digest, so that neither the mailbox nor a backup brings it
back; a claim keeps its number, its states, its dates and its amounts, so that figures
and histories stay whole.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.actions_about import actions_about
from worker.adapters.store.belongings import (
    FOR_EVER,
    addresses_of_member,
    batches,
    claims_of_member,
    held_subjects,
    subjects,
)
from worker.adapters.store.desk_schema import (
    DraftEditRow,
    OperatorActionRow,
    PendingPlacementRow,
    PendingReplyRow,
    PresenceRow,
    RemarkRow,
    SavedViewRow,
)
from worker.adapters.store.naming import Naming
from worker.adapters.store.points_schema import (
    PointsAccountRow,
    PointsEntryRow,
    PointsLotRow,
    PointsMoveRow,
    PointsOrderRow,
)
from worker.adapters.store.schema import (
    AssessmentRow,
    ClaimEventRow,
    ClaimFlagRow,
    ClaimKeyRow,
    ClaimRow,
    DocumentRow,
    EmailRow,
    MailRow,
    MemberAddressRow,
    MemberRow,
    NoteRow,
    OrderRow,
    PackageRow,
    PhotographRow,
    PieceRow,
)
from worker.adapters.store.upkeep_schema import LegalHoldRow
from worker.domain.orders import normal_id

ERASED = "erased"
_UNSENT = ("draft", "queued", "sending", "held")


def erase_mails(session: Session, mail_ids: Collection[int], *, at: datetime) -> int:
    """Take what mails say out of the record; return how many there were.

    With a mail go its rows under other UIDVALIDITYs, and what it was corrected from.
    """
    count, every = 0, _with_same(session, mail_ids)
    _forget_reasons(session, subjects(session, mails=every))
    for ids in batches(every):
        done = session.execute(
            sa.update(MailRow)
            .where(MailRow.id.in_(ids), MailRow.erased_at.is_(None))
            .values(
                reading=None,
                message_id=None,
                sender_address=None,
                header_date_at=None,
                notes={},
                signal=ERASED,
                erased_at=at,
            )
            .returning(MailRow.id)
            .execution_options(synchronize_session=False)
        ).scalars()
        erased = list(done)
        count += len(erased)
        _drop_words(session, ids)
        session.execute(
            sa.update(PieceRow)
            .where(PieceRow.mail_id.in_(ids))
            .values(filename="", evidence="")
            .execution_options(synchronize_session=False)
        )
        session.execute(sa.delete(PhotographRow).where(PhotographRow.mail_id.in_(ids)))
        session.execute(
            sa.delete(PendingPlacementRow).where(PendingPlacementRow.mail_id.in_(ids))
        )
        # What was written about a claim goes with the claim.
        of_no_claim = EmailRow.claim_id.is_(None)
        which = sa.and_(EmailRow.mail_id.in_(ids), of_no_claim)
        _erase_emails(session, which, at=at)
    return count


def _with_same(session: Session, mail_ids: Collection[int]) -> set[int]:
    """Return mails with those that have their bytes, or had them before a correction.

    Never the other way round: a parked original, or a row of a new UIDVALIDITY, is of
    no claim and may be due long before the mail that stands for it.
    """
    found, fresh = set(mail_ids), set(mail_ids)
    while fresh:
        more: set[int] = set()
        for ids in batches(fresh):
            aliases = sa.select(MailRow.id).where(MailRow.alias_of.in_(ids))
            corrected = sa.select(MailRow.corrects).where(MailRow.id.in_(ids))
            more |= set(session.execute(aliases).scalars())
            more |= {one for one in session.execute(corrected).scalars() if one}
        fresh = more - found
        found |= fresh
    return found


def erase_claims(session: Session, claim_ids: Collection[int], *, at: datetime) -> int:
    """Take what is personal out of claims; return how many there were."""
    _forget_reasons(session, subjects(session, claims=claim_ids))
    for ids in batches(claim_ids):
        for table in (
            ClaimKeyRow,
            PieceRow,
            PhotographRow,
            NoteRow,
            RemarkRow,
            DraftEditRow,
            PendingReplyRow,
            PendingPlacementRow,
            PresenceRow,
            AssessmentRow,
        ):
            session.execute(sa.delete(table).where(table.claim_id.in_(ids)))
        _blank(session, DocumentRow, ids, files=[], evidence="", waived_reason="")
        _blank(session, ClaimFlagRow, ids, evidence="", cleared_reason="")
        _blank(session, ClaimEventRow, ids, reason="", data={})
        _erase_emails(session, EmailRow.claim_id.in_(ids), at=at)
        session.execute(
            sa.update(LegalHoldRow)
            .where(LegalHoldRow.claim_id.in_(ids))
            .values(reason="")
            .execution_options(synchronize_session=False)
        )
        session.execute(
            sa.update(ClaimRow)
            .where(ClaimRow.id.in_(ids))
            .values(
                member_id=ERASED,
                member_key=ERASED,
                order_number=ERASED,
                order_key=ERASED,
                package_id=None,
                package_key="",
                member_address=None,
                held_address=None,
                payout_ref=None,
                locale=None,
                next_due_at=None,
                erased_at=at,
            )
            .execution_options(synchronize_session=False)
        )
    return len(claim_ids)


def erase_member(
    session: Session,
    member_key: str,
    *,
    addresses: Collection[str] = (),
    up_to: datetime = FOR_EVER,
) -> None:
    """Take a member out of the order directory, and out of views that ask for them.

    One who has come back since, with another claim, stays there. `addresses` are
    theirs beside those on file. Holds that were lifted name nobody any more.
    """
    _erase_points(session, member_key, up_to=up_to)
    if claims_of_member(session, member_key):
        return
    session.execute(
        sa.update(LegalHoldRow)
        .where(
            LegalHoldRow.member_key == member_key, LegalHoldRow.lifted_at.is_not(None)
        )
        .values(member_key=ERASED, reason="")
        .execution_options(synchronize_session=False)
    )
    member_pk = session.execute(
        sa.select(MemberRow.id).where(MemberRow.key == member_key)
    ).scalar()
    known = addresses_of_member(session, member_key) | set(addresses)
    naming = Naming(member_key, known)
    for view in session.execute(sa.select(SavedViewRow)).scalars().all():
        values = [value for _, value in parse_qsl(view.query)]
        if any(naming.is_in(asked) for asked in (*values, *map(normal_id, values))):
            session.delete(view)
    if member_pk is None:
        return
    orders = sa.select(OrderRow.id).where(OrderRow.member_pk == member_pk)
    session.execute(sa.delete(PackageRow).where(PackageRow.order_pk.in_(orders)))
    session.execute(sa.delete(OrderRow).where(OrderRow.member_pk == member_pk))
    session.execute(
        sa.delete(MemberAddressRow).where(MemberAddressRow.member_pk == member_pk)
    )
    session.execute(sa.delete(MemberRow).where(MemberRow.id == member_pk))


def _erase_points(session: Session, member_key: str, *, up_to: datetime) -> None:
    """Delete a member's accounts of points whole: no sum is left without its lots."""
    is_theirs = sa.and_(
        PointsAccountRow.member_key == member_key, PointsAccountRow.opened_at <= up_to
    )
    accounts = (
        session.execute(  # locked, as for every write
            sa.select(PointsAccountRow.id).where(is_theirs).with_for_update()
        )
        .scalars()
        .all()
    )
    entries = sa.select(PointsEntryRow.id).where(
        PointsEntryRow.account_id.in_(accounts)
    )
    session.execute(sa.delete(PointsMoveRow).where(PointsMoveRow.entry_id.in_(entries)))
    for table in (PointsLotRow, PointsOrderRow, PointsEntryRow):
        session.execute(sa.delete(table).where(table.account_id.in_(accounts)))
    session.execute(sa.delete(PointsAccountRow).where(is_theirs))


def digests_of_erased(session: Session) -> list[str]:
    """Return the digests of erased mails that no other mail has: their blobs go."""
    alive = sa.orm.aliased(MailRow)
    found = session.execute(
        sa.select(MailRow.sha256)
        .where(
            MailRow.erased_at.is_not(None),
            ~sa.exists().where(
                alive.sha256 == MailRow.sha256, alive.erased_at.is_(None)
            ),
        )
        .distinct()
    ).scalars()
    return [sha256 for sha256 in found if sha256 is not None]


def _erase_emails(
    session: Session, which: sa.ColumnElement[bool], *, at: datetime
) -> None:
    session.execute(
        sa.update(EmailRow)
        .where(which)
        .values(
            recipient=ERASED,
            subject="",
            raw=b"",
            raw_sha256=None,
            erased_at=at,
            status=sa.case(
                (EmailRow.status.in_(_UNSENT), "cancelled"), else_=EmailRow.status
            ),
        )
        .execution_options(synchronize_session=False)
    )


def _blank(
    session: Session,
    table: type[DocumentRow] | type[ClaimFlagRow] | type[ClaimEventRow],
    ids: Sequence[int],
    **values: object,
) -> None:
    session.execute(
        sa.update(table)
        .where(table.claim_id.in_(ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _forget_reasons(session: Session, gone: set[str]) -> None:
    """Take out why people did something to these, or to jobs about them.

    To be called while pending replies and placements still say what their jobs are
    about. Where several jobs were given one reason it goes with the first that is
    about any of these, unless a hold stands on what another is about.
    """
    lines = actions_about(session, gone)
    if lines:
        lines -= actions_about(session, held_subjects(session))
    for ids in batches(lines):
        session.execute(
            sa.update(OperatorActionRow)
            .where(OperatorActionRow.id.in_(ids))
            .values(reason="")
            .execution_options(synchronize_session=False)
        )


def _drop_words(session: Session, ids: Sequence[int]) -> None:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    column = sa.column("rowid" if is_sqlite else "mail_id", sa.BigInteger)
    session.execute(sa.delete(sa.table("mail_words", column)).where(column.in_(ids)))
