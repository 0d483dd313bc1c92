"""Changes of claims, their events and files, in a caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.claims import (
    PLAIN,
    SELECT_CLAIM,
    THE_CLAIM,
    to_claim,
)
from worker.adapters.store.engine import dialect_of, insert_into
from worker.adapters.store.schema import (
    NO_DEADLINE,
    ClaimEventRow,
    ClaimRow,
    MailRow,
    PieceRow,
    table_of,
)
from worker.domain.claim import Claim, ClaimEvent
from worker.domain.deadlines import deadline_at
from worker.domain.documents import Piece
from worker.domain.errors import StaleClaim
from worker.domain.orders import normal_id

_CLAIMS, _EVENTS = table_of(ClaimRow), table_of(ClaimEventRow)


def open_claim(
    session: Session,
    claim: Claim,
    *,
    held_address: str | None = None,
    number: int | None = None,
) -> Claim:
    """Insert a new claim; its `claim_id` is ignored and given back filled in.

    It is `number`, or the next one where that is None.
    """
    values = {
        "member_id": claim.member_id,
        "member_key": normal_id(claim.member_id),
        "order_number": claim.order_number,
        "order_key": normal_id(claim.order_number),
        "package_id": claim.package_id,
        "package_key": claim.package_id or "",
        "version": 1,
        "held_address": held_address,
        **_columns(claim),
    }
    if number is not None:
        values["id"] = number
    return to_claim(session.connection().execute(_OPENING, values).one())


def save_claim(
    session: Session,
    before: Claim,
    after: Claim,
    beside: Mapping[str, object] | None = None,
) -> Claim:
    """Write a changed claim if nobody changed it since it was read.

    `beside` are columns of its row that are not the claim's own.

    Raises:
        StaleClaim: the version moved; read again and decide again.
    """
    values = {
        "the_claim": before.claim_id,
        "the_version": before.version,
        "version": before.version + 1,
        "package_id": after.package_id,
        "package_key": after.package_id or "",
        **_columns(after),
        **(beside or {}),
    }
    row = session.connection().execute(_SAVING, values).one_or_none()
    if row is None:
        raise StaleClaim(before.ref)
    session.expire_all()
    return to_claim(row)


def lock_claim(session: Session, claim_id: int) -> Claim | None:
    """Return the claim as it is now; nobody else changes it before the commit."""
    found = session.connection().execute(_LOCKING, {"the_claim": claim_id})
    row = found.one_or_none()
    return None if row is None else to_claim(row)


def append_event(
    session: Session, claim_id: int, event: ClaimEvent, *, is_locked: bool = False
) -> int:
    """Append one event; the sequence of a claim has no gaps. Returns its number.

    `is_locked` says that the transaction has written or locked the claim.
    """
    if dialect_of(session) != "sqlite" and not is_locked:
        # Who appends at the same time waits here, instead of taking the same number.
        lock_claim(session, claim_id)
    values = {
        "the_claim": claim_id,
        "the_event": event.event,
        "the_actor": event.actor,
        "the_time": event.at,
        "the_before": event.state_before,
        "the_after": event.state_after,
        "the_reason": event.reason,
        "the_clauses": list(event.clauses),
        "the_data": event.data or {},
    }
    return int(session.connection().execute(_APPENDING, values).scalar_one())


def add_pieces(session: Session, claim_id: int, pieces: Sequence[Piece]) -> None:
    """Write the files of a mail; a file that is there already is left as it is."""
    rows = [
        {
            "claim_id": claim_id,
            "mail_id": piece.mail_id,
            "path": piece.path[:400],
            "filename": piece.filename[:200],
            "sha256": piece.sha256,
            "kind": piece.kind,
            "is_provisional": piece.is_provisional,
            "why": piece.why,
            "evidence": piece.evidence,
            "total_usd": piece.total_usd,
        }
        for piece in pieces
    ]
    if rows:
        session.connection().execute(_adding_pieces(dialect_of(session)), rows)


@cache
def _adding_pieces(dialect: str) -> sa.Insert:
    return insert_into(dialect, table_of(PieceRow)).on_conflict_do_nothing()


def replace_pieces(
    session: Session, claim_id: int, mail_id: int, pieces: Sequence[Piece]
) -> None:
    """Write the files of a mail anew: its pictures were read."""
    session.execute(
        sa.delete(PieceRow).where(
            PieceRow.claim_id == claim_id, PieceRow.mail_id == mail_id
        )
    )
    add_pieces(session, claim_id, pieces)


def release_held_mails(session: Session, claim_id: int, *, at: datetime) -> None:
    """Let the files of a held claim count from now on."""
    session.execute(
        sa.update(MailRow)
        .where(MailRow.claim_id == claim_id, MailRow.counts_from.is_(None))
        .values(counts_from=at)
        .execution_options(synchronize_session=False)
    )


def _columns(claim: Claim) -> dict[str, object]:
    return {
        "claim_type": claim.claim_type,
        "state": claim.state,
        "is_open": claim.is_open,
        "flags": list(claim.flags),
        "deadline_at": deadline_at(claim) or NO_DEADLINE,
        **{name: getattr(claim, name) for name in PLAIN},
    }


# Made once: making a statement takes longer than running it.
_LOCKING = SELECT_CLAIM.with_for_update(key_share=True)
_OPENING = sa.insert(_CLAIMS).returning(_CLAIMS)
_SAVING = (
    sa.update(_CLAIMS)
    .where(
        _CLAIMS.c.id == THE_CLAIM,
        _CLAIMS.c.version == sa.bindparam("the_version"),
    )
    .returning(_CLAIMS)
)
_EVENT_VALUES = {
    "event": "the_event",
    "actor": "the_actor",
    "at": "the_time",
    "state_before": "the_before",
    "state_after": "the_after",
    "reason": "the_reason",
    "clauses": "the_clauses",
    "data": "the_data",
}
_APPENDING = (
    sa.insert(_EVENTS)
    .from_select(
        ["claim_id", "seq", *_EVENT_VALUES],
        sa.select(
            THE_CLAIM,
            sa.func.coalesce(sa.func.max(_EVENTS.c.seq), 0) + 1,
            *(
                sa.bindparam(name, type_=_EVENTS.c[column].type)
                for column, name in _EVENT_VALUES.items()
            ),
        ).where(_EVENTS.c.claim_id == THE_CLAIM),
        include_defaults=False,
    )
    .returning(_EVENTS.c.seq)
)
