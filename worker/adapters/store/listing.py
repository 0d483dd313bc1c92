"""What lists show of a claim, and what it is found by, beside the claim itself."""

from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import dialect_of, insert_into
from worker.adapters.store.schema import ClaimKeyRow, ClaimRow, table_of
from worker.domain.claim import Claim
from worker.domain.orders import Order, Package, normal_id

_LONGEST_KEY = 320


def save(session: Session, claim: Claim, order: Order) -> None:
    """Write what the directory says now; keys are never taken back.

    A tracking number that was once the claim's may still be the one that people have.
    """
    connection = session.connection()
    locale = order.member.locale[:20] or None
    connection.execute(_SPEAKING, {"the_claim": claim.claim_id, "the_locale": locale})
    keys = [{"key": key, "claim_id": claim.claim_id} for key in _keys(claim, order)]
    if keys:
        connection.execute(_adding_keys(dialect_of(session)), keys)


_SPEAKING = (
    sa.update(table_of(ClaimRow))
    .where(table_of(ClaimRow).c.id == sa.bindparam("the_claim"))
    .values(locale=sa.bindparam("the_locale"))
)


@cache
def _adding_keys(dialect: str) -> sa.Insert:
    return insert_into(dialect, table_of(ClaimKeyRow)).on_conflict_do_nothing()


def _keys(claim: Claim, order: Order) -> list[str]:
    chosen = order.package(claim.package_id) if claim.package_id else None
    packages: tuple[Package, ...] = order.packages if chosen is None else (chosen,)
    names = [package.tracking_number or "" for package in packages]
    names += [*order.member.addresses, claim.member_address or ""]
    keys = dict.fromkeys(normal_id(name)[:_LONGEST_KEY] for name in names)
    return [key for key in keys if key]
