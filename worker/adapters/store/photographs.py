"""Photographs of claims, found again by parts of their hash."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, insert, once
from worker.adapters.store.schema import ClaimRow, PhotographKeyRow, PhotographRow
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
            claim = session.get_one(ClaimRow, claim_id)
            own = _with_merged(session, claim_id)
            rows = session.execute(
                sa.select(PhotographRow)
                .where(PhotographRow.claim_id.in_(own))
                .order_by(PhotographRow.id)
            ).scalars()
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
    for piece in {piece.path: piece for piece in pieces}.values():
        picture = pictures[piece.path]
        number = session.execute(
            insert(session, PhotographRow)
            .values(
                claim_id=claim_id,
                mail_id=piece.mail_id,
                path=piece.path[:400],
                filename=piece.filename[:200],
                phash=picture.phash,
                taken_at=picture.taken_at,
            )
            .on_conflict_do_nothing()
            .returning(PhotographRow.id)
        ).scalar()
        if number is not None and picture.phash is not None:
            session.add_all(
                PhotographKeyRow(key=key, photograph_id=number)
                for key in keys(picture.phash)
            )
    session.flush()


def _with_merged(session: Session, claim_id: int) -> list[int]:
    """Return a claim and those that were merged into it."""
    merged = sa.select(ClaimRow.id).where(ClaimRow.merged_into == claim_id)
    return [claim_id, *session.execute(merged).scalars()]


def _seen(
    session: Session, claim: ClaimRow, own: Sequence[int], row: PhotographRow
) -> tuple[Sighting, ...]:
    """Return the nearest photograph of each earlier claim, the nearest claim first."""
    if row.phash is None:
        return ()
    alike = (
        sa.select(PhotographKeyRow.photograph_id)
        .where(
            PhotographKeyRow.key.in_(keys(row.phash)),
            PhotographKeyRow.photograph_id < row.id,
        )
        .distinct()
        .order_by(PhotographKeyRow.photograph_id.desc())
        .limit(MOST_COMPARED)
    )
    found = session.execute(
        sa.select(PhotographRow.claim_id, PhotographRow.phash, ClaimRow.member_key)
        .join(ClaimRow, ClaimRow.id == PhotographRow.claim_id)
        .where(
            PhotographRow.id.in_(alike),
            PhotographRow.claim_id.not_in(own),
            ClaimRow.state != ClaimState.IDENTITY_HOLD,
            sa.not_(
                sa.and_(
                    ClaimRow.member_key == claim.member_key,
                    ClaimRow.order_key == claim.order_key,
                    ClaimRow.package_key == claim.package_key,
                )
            ),
        )
    )
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
