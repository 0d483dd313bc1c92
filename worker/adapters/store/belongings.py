"""What there is of a member or of claims: what an erasure takes, and a hold keeps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.holds import held_claims, held_members, is_member_held
from worker.adapters.store.naming import Naming
from worker.adapters.store.points_schema import PointsAccountRow
from worker.adapters.store.schema import (
    ClaimRow,
    EmailRow,
    MailRow,
    MemberAddressRow,
    MemberRow,
    SharedMailRow,
)
from worker.adapters.store.words import mails_with, text_of
from worker.domain.claim import reference
from worker.domain.errors import UsageError
from worker.domain.mail import Mail

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
BATCH = 500
N = TypeVar("N", int, str)
_ANY = 2**62
_MAIL = TypeAdapter(Mail)


@dataclass(frozen=True, slots=True)
class Belongings:
    """What there is of a member; `is_known` counts directory and points too.

    `addresses` are on file or of a claim; who erases the claims forgets the latter.
    """

    claims: list[int]
    mails: set[int]
    addresses: set[str]
    is_known: bool


def belongings(
    session: Session, member_key: str, *, up_to: datetime = FOR_EVER
) -> Belongings:
    """Return what there is of a member that may be erased.

    Raises:
        UsageError: a claim is open, or a legal hold stands.
    """
    claims = erasable_claims(session, member_key, up_to=up_to)
    mails = mails_of_member(session, member_key, claims, up_to=up_to)
    in_directory = sa.exists().where(MemberRow.key == member_key)
    has_points = sa.exists().where(PointsAccountRow.member_key == member_key)
    listed = session.execute(sa.select(in_directory | has_points)).scalar_one()
    addresses = addresses_of_member(session, member_key)
    return Belongings(claims, mails, addresses, bool(claims or mails or listed))


def mails_with_shared(session: Session, claim_ids: Collection[int]) -> set[int]:
    """Return the mails of claims, those that count for other claims too included."""
    shared = sa.select(SharedMailRow.mail_id).where(
        SharedMailRow.claim_id.in_(claim_ids)
    )
    own = sa.select(MailRow.id).where(MailRow.claim_id.in_(claim_ids))
    return set(session.execute(sa.union(own, shared)).scalars())


def mails_of_claims(session: Session, claim_ids: Collection[int]) -> set[int]:
    """Return the mails of claims that no other claim still has.

    A claim that was erased before has none any more.
    """
    found = mails_with_shared(session, claim_ids)
    has_them = sa.and_(ClaimRow.id.not_in(claim_ids), ClaimRow.erased_at.is_(None))
    for ids in batches(found):
        by_share = (
            sa.select(SharedMailRow.mail_id)
            .join(ClaimRow, ClaimRow.id == SharedMailRow.claim_id)
            .where(SharedMailRow.mail_id.in_(ids), has_them)
        )
        as_own = (
            sa.select(MailRow.id)
            .join(ClaimRow, ClaimRow.id == MailRow.claim_id)
            .where(MailRow.id.in_(ids), has_them)
        )
        found -= set(session.execute(sa.union(by_share, as_own)).scalars())
    return found


def held_subjects(session: Session) -> set[str]:
    """Return what a hold stands on as the log of actions names it: `mail:12`."""
    claims = held_claims(session)
    mails = mails_with_shared(session, claims)
    for member_key in held_members(session):
        mails |= mails_of_member(session, member_key, [])
    return subjects(session, claims=claims, mails=mails)


def subjects(
    session: Session, *, claims: Collection[int] = (), mails: Collection[int] = ()
) -> set[str]:
    """Return claims and mails so named, with the e-mails that go with each.

    What was written about a claim goes with the claim, whatever mail it answers.
    """
    found = {f"claim:{number}" for number in claims}
    found |= {f"mail:{number}" for number in mails}
    of_no_claim = EmailRow.claim_id.is_(None)
    for which in (
        *(EmailRow.claim_id.in_(ids) for ids in batches(claims)),
        *(EmailRow.mail_id.in_(ids) & of_no_claim for ids in batches(mails)),
    ):
        rows = session.execute(sa.select(EmailRow.id).where(which)).scalars()
        found |= {f"email:{number}" for number in rows}
    return found


def claims_of_member(
    session: Session, member_key: str, *, up_to: datetime = FOR_EVER
) -> dict[int, bool]:
    """Return a member's claims that are not erased, and whether each is open."""
    rows = session.execute(
        sa.select(ClaimRow.id, ClaimRow.is_open)
        .where(
            ClaimRow.member_key == member_key,
            ClaimRow.erased_at.is_(None),
            ClaimRow.received_at <= up_to,
        )
        .order_by(ClaimRow.id)
    )
    return {row.id: row.is_open for row in rows}


def erasable_claims(
    session: Session, member_key: str, *, up_to: datetime = FOR_EVER
) -> list[int]:
    """Return the claims of a member that may be erased: all received up to then.

    Raises:
        UsageError: one of them is open, or a legal hold stands.
    """
    claims = claims_of_member(session, member_key, up_to=up_to)
    held = held_claims(session, list(claims))
    if held or is_member_held(session, member_key):
        named = ", ".join(map(reference, sorted(held))) or "the member"
        raise UsageError(f"a legal hold stands on {named}: `claims legal-hold list`")
    still_open = [reference(number) for number, is_open in claims.items() if is_open]
    if still_open:
        raise UsageError(f"{', '.join(still_open)} is open: close or decide it first")
    return list(claims)


def mails_of_member(
    session: Session,
    member_key: str,
    claim_ids: Collection[int],
    *,
    up_to: datetime = FOR_EVER,
) -> set[int]:
    """Return the mails of a member's claims, and those of no claim that are theirs."""
    addresses = addresses_of_member(session, member_key)
    loose = loose_mails(session, member_key, addresses, up_to=up_to)
    return mails_of_claims(session, claim_ids) | loose


def addresses_of_member(session: Session, member_key: str) -> set[str]:
    """Return the addresses on file, and those that the member's claims were sent to."""
    on_file = sa.select(MemberAddressRow.address).join(
        MemberRow, MemberRow.id == MemberAddressRow.member_pk
    )
    used = sa.select(ClaimRow.member_address).where(ClaimRow.member_key == member_key)
    found = [
        *session.execute(on_file.where(MemberRow.key == member_key)).scalars(),
        *session.execute(used).scalars(),
    ]
    return {address.lower() for address in found if address}


def loose_mails(
    session: Session,
    member_key: str,
    addresses: set[str],
    *,
    up_to: datetime = FOR_EVER,
) -> set[int]:
    """Return mails of no claim that came from these addresses, or name the member.

    A mail that has no fate yet is not among them: its jobs may give it to a claim.
    """
    of_no_claim = sa.and_(
        MailRow.claim_id.is_(None),
        MailRow.erased_at.is_(None),
        MailRow.fate.is_not(None),
        sa.func.coalesce(MailRow.internaldate_at, MailRow.first_seen_at) <= up_to,
    )
    came_from = sa.func.lower(MailRow.sender_address).in_(addresses)
    found = set(
        session.execute(sa.select(MailRow.id).where(of_no_claim, came_from)).scalars()
    )
    naming = Naming(member_key, addresses)
    dialect = session.get_bind().dialect.name
    for asked in naming.words:
        query = mails_with(dialect, asked, limit=_ANY)
        if query is not None:
            rows = session.execute(
                sa.select(MailRow.id, MailRow.reading)
                .where(of_no_claim, MailRow.reading.is_not(None), MailRow.id.in_(query))
                .execution_options(yield_per=BATCH)
            )
            # The index knows beginnings of words, in any order.
            found |= {
                row.id
                for row in rows
                if naming.is_in(text_of(_MAIL.validate_json(row.reading)))
            }
    return found


def batches(ids: Collection[N]) -> list[list[N]]:
    """Return numbers or names in order, so many at a time as a statement takes."""
    every = sorted(ids)
    return [every[start : start + BATCH] for start in range(0, len(every), BATCH)]
