"""Photographs of claims, found again by parts of their hash."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, dialect_of, insert_into, once
from worker.adapters.store.many_rows import ManyRows
from worker.adapters.store.schema import (
    ClaimRow,
    PhotographKeyRow,
    PhotographRow,
    table_of,
)
from worker.domain.claim import ClaimState
from worker.domain.documents import Piece
from worker.domain.mail import Picture
from worker.domain.photographs import NEAR, Photograph, Sighting, distance, keys

MOST_COMPARED = 500
"""Candidates of one photograph, the newest first. Our choice."""


class Photographs:
    """Reads photographs; `add` writes them in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @once
    def of_claim(self, claim_id: int) -> tuple[Photograph, ...]:
        """Return the photographs of a claim, each with what it nearly repeats.

        Only earlier photographs of other claims count. A held claim is left out, since
        its sender is not proven to be anybody, and so is the same member's for the
        same package: who files again sends the same pictures.
        """
        with self._database.read() as session:
            connection, which = session.connection(), {"the_claim": claim_id}
            own = [claim_id, *connection.execute(_MERGED, which).scalars()]
            rows = connection.execute(_OF_CLAIMS, {"the_own": own}).all()
            if not rows:
                return ()
            claim = connection.execute(_WHOSE, which).one()
            return tuple(
                Photograph(
                    mail_id=row.mail_id,
                    path=row.path,
                    filename=row.filename,
                    taken_at=row.taken_at,
                    seen=_seen(session, claim, own, row),
                )
                for row in rows
            )


def add(
    session: Session,
    claim_id: int,
    pieces: Sequence[Piece],
    pictures: Mapping[str, Picture],
) -> None:
    """Write the photographs among a mail's files; one that is there already stays.

    Args:
        session: the caller's transaction.
        claim_id: the claim that they belong to.
        pieces: files that may serve as photographs; one may be there twice.
        pictures: what opening them showed, by path.
    """
    rows = [
        {
            "claim_id": claim_id,
            "mail_id": piece.mail_id,
            "path": piece.path[:400],
            "filename": piece.filename[:200],
            "phash": pictures[piece.path].phash,
            "taken_at": pictures[piece.path].taken_at,
        }
        for piece in {piece.path: piece for piece in pieces}.values()
    ]
    if not rows:
        return
    connection = session.connection()
    added = connection.execute(_adding(dialect_of(session)), rows)
    parts = [
        {"key": key, "photograph_id": row.id}
        for row in added
        if row.phash is not None
        for key in keys(row.phash)
    ]
    if parts:
        many, adding = _adding_keys(dialect_of(session))
        connection.execute(adding, many.given(parts))


@cache
def _adding_keys(dialect: str) -> tuple[ManyRows, sa.Insert]:
    many = ManyRows(dialect, table_of(PhotographKeyRow), ("key", "photograph_id"))
    return many, many.insert()


@cache
def _adding(dialect: str) -> sa.UpdateBase:
    return (
        insert_into(dialect, table_of(PhotographRow))
        .on_conflict_do_nothing()
        .returning(PhotographRow.id, PhotographRow.phash)
    )


def _seen(
    session: Session,
    claim: sa.Row[int, str, str, str],
    own: Sequence[int],
    row: sa.Row[Any],
) -> tuple[Sighting, ...]:
    """Return the nearest photograph of each earlier claim, the nearest claim first."""
    if row.phash is None:
        return ()
    values = {
        "the_own": own,
        "the_member": claim.member_key,
        "the_order": claim.order_key,
        "the_package": claim.package_key,
        "the_photograph": row.id,
        "the_keys": list(keys(row.phash)),
    }
    found = session.connection().execute(_ALIKE, values)
    nearest: dict[int, Sighting] = {}
    for claim_id, phash, member_key in found:
        sighting = Sighting(
            claim_id=claim_id,
            bits=distance(row.phash, phash or ""),
            is_same_member=member_key == claim.member_key,
        )
        before = nearest.get(claim_id)
        is_nearer = before is None or sighting.bits < before.bits
        if sighting.bits <= NEAR and is_nearer:
            nearest[claim_id] = sighting
    return tuple(sorted(nearest.values(), key=lambda one: (one.bits, one.claim_id)))


_THE_CLAIM = sa.bindparam("the_claim", type_=sa.BigInteger)
_WHOSE = sa.select(
    ClaimRow.id, ClaimRow.member_key, ClaimRow.order_key, ClaimRow.package_key
).where(ClaimRow.id == _THE_CLAIM)
_MERGED = sa.select(ClaimRow.id).where(ClaimRow.merged_into == _THE_CLAIM)
_OWN: sa.BindParameter[int] = sa.bindparam("the_own", expanding=True)
_OF_CLAIMS = (
    sa.select(table_of(PhotographRow))
    .where(PhotographRow.claim_id.in_(_OWN))
    .order_by(PhotographRow.id)
)
_NEAR_ONES = (
    sa.select(PhotographKeyRow.photograph_id)
    .where(
        PhotographKeyRow.key.in_(sa.bindparam("the_keys", expanding=True)),
        PhotographKeyRow.photograph_id < sa.bindparam("the_photograph"),
    )
    .distinct()
    .order_by(PhotographKeyRow.photograph_id.desc())
    .limit(MOST_COMPARED)
)
_ALIKE = (
    sa.select(PhotographRow.claim_id, PhotographRow.phash, ClaimRow.member_key)
    .join(ClaimRow, ClaimRow.id == PhotographRow.claim_id)
    .where(
        PhotographRow.id.in_(_NEAR_ONES),
        PhotographRow.claim_id.not_in(_OWN),
        ClaimRow.state != ClaimState.IDENTITY_HOLD,
        sa.not_(
            sa.and_(
                ClaimRow.member_key == sa.bindparam("the_member"),
                ClaimRow.order_key == sa.bindparam("the_order"),
                ClaimRow.package_key == sa.bindparam("the_package"),
            )
        ),
    )
)
