"""Legal holds and the list of erasures; and making room after either let things go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, translated
from worker.adapters.store.points_schema import PointsAccountRow
from worker.adapters.store.schema import ClaimRow
from worker.adapters.store.upkeep_schema import ErasureRow, LegalHoldRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """What nothing may delete: one claim, or all claims of a member."""

    hold_id: int
    claim_id: int | None
    member_key: str | None
    reason: str
    by: str
    at: datetime


class Holds:
    """Reads holds; the functions below write in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self) -> list[LegalHold]:
        """Return the holds that stand, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(LegalHoldRow)
                .where(LegalHoldRow.lifted_at.is_(None))
                .order_by(LegalHoldRow.id)
            ).scalars()
            return [
                LegalHold(
                    hold_id=row.id,
                    claim_id=row.claim_id,
                    member_key=row.member_key,
                    reason=row.reason,
                    by=row.by,
                    at=row.at,
                )
                for row in rows
            ]

    def member_keys(self) -> set[str]:
        """Return the keys of all members who have claims, or had, or have points."""
        keys = sa.union(
            sa.select(ClaimRow.member_key), sa.select(PointsAccountRow.member_key)
        )
        with self._database.read() as session:
            return set(session.execute(keys).scalars())

    def compact(self) -> None:
        """Let nothing that was deleted stay readable in the files of the database.

        SQLite writes its file anew, which takes as much room again for a while and
        lets nobody else write; PostgreSQL frees the room for new rows.
        """
        engine = self._database.engine
        with translated(), engine.connect() as connection:
            bare = connection.connection.dbapi_connection
            if engine.dialect.name == "sqlite":
                if bare is None:
                    return
                cursor = bare.cursor()
                for statement in (
                    "insert into mail_words(mail_words) values ('optimize')",
                    "pragma wal_checkpoint(truncate)",
                    "vacuum",
                    "pragma wal_checkpoint(truncate)",
                ):
                    cursor.execute(statement)
                    cursor.fetchall()
                cursor.close()
                return
            apart = connection.execution_options(isolation_level="AUTOCOMMIT")
            apart.exec_driver_sql("vacuum")


def held_claims(session: Session, claim_ids: Sequence[int] | None = None) -> set[int]:
    """Return which claims are on hold, by themselves or with their member."""
    stands = LegalHoldRow.lifted_at.is_(None)
    by_claim = sa.select(LegalHoldRow.claim_id).where(
        stands, LegalHoldRow.claim_id.is_not(None)
    )
    by_member = sa.select(LegalHoldRow.member_key).where(
        stands, LegalHoldRow.member_key.is_not(None)
    )
    query = sa.select(ClaimRow.id).where(
        sa.or_(ClaimRow.id.in_(by_claim), ClaimRow.member_key.in_(by_member))
    )
    found = set(session.execute(query).scalars())
    return found if claim_ids is None else found & set(claim_ids)


def held_members(session: Session) -> set[str]:
    """Return the keys of members who are on hold, or one of whose claims is."""
    stands = LegalHoldRow.lifted_at.is_(None)
    own = sa.select(LegalHoldRow.member_key).where(stands)
    by_claim = (
        sa.select(ClaimRow.member_key)
        .join(LegalHoldRow, LegalHoldRow.claim_id == ClaimRow.id)
        .where(stands)
    )
    found = [*session.execute(own).scalars(), *session.execute(by_claim).scalars()]
    return {key for key in found if key}


def is_member_held(session: Session, member_key: str) -> bool:
    """Return whether a member is on hold, whatever claims there are."""
    return session.execute(
        sa.select(
            sa.exists().where(
                LegalHoldRow.member_key == member_key, LegalHoldRow.lifted_at.is_(None)
            )
        )
    ).scalar_one()


def hold(
    session: Session,
    *,
    claim_id: int | None,
    member_key: str | None,
    reason: str,
    by: str,
    at: datetime,
) -> bool:
    """Put a claim or a member on hold; False where that stands already."""
    if _standing(session, claim_id, member_key) is not None:
        return False
    session.add(
        LegalHoldRow(
            claim_id=claim_id, member_key=member_key, reason=reason, by=by, at=at
        )
    )
    return True


def lift(
    session: Session,
    *,
    claim_id: int | None,
    member_key: str | None,
    by: str,
    at: datetime,
) -> bool:
    """End a hold; False where there is none."""
    row = _standing(session, claim_id, member_key)
    if row is None:
        return False
    row.lifted_by, row.lifted_at = by, at
    return True


def record_erasure(
    session: Session,
    tag: str,
    *,
    by: str,
    basis: str,
    counts: dict[str, int],
    at: datetime,
) -> None:
    """Write down that a member was erased, by a tag that names nobody."""
    session.add(ErasureRow(member_tag=tag, by=by, at=at, basis=basis, counts=counts))


def _standing(
    session: Session, claim_id: int | None, member_key: str | None
) -> LegalHoldRow | None:
    return session.execute(
        sa.select(LegalHoldRow).where(
            LegalHoldRow.lifted_at.is_(None),
            LegalHoldRow.claim_id == claim_id
            if claim_id is not None
            else LegalHoldRow.member_key == member_key,
        )
    ).scalar_one_or_none()
