"""What lists show of a claim, and what it is found by, beside the claim itself."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import insert
from worker.adapters.store.schema import ClaimKeyRow, ClaimRow
from worker.domain.claim import Claim
from worker.domain.orders import Order, Package, normal_id

_LONGEST_KEY = 320


def save(session: Session, claim: Claim, order: Order) -> None:
    """Write what the directory says now; keys are never taken back.

    A tracking number that was once the claim's may still be the one that people have.
    """
    session.execute(
        sa.update(ClaimRow)
        .where(ClaimRow.id == claim.claim_id)
        .values(locale=order.member.locale[:20] or None)
        .execution_options(synchronize_session=False)
    )
    keys = _keys(claim, order)
    if keys:
        session.execute(
            insert(session, ClaimKeyRow)
            .values([{"key": key, "claim_id": claim.claim_id} for key in keys])
            .on_conflict_do_nothing()
        )


def _keys(claim: Claim, order: Order) -> list[str]:
    chosen = order.package(claim.package_id) if claim.package_id else None
    packages: tuple[Package, ...] = order.packages if chosen is None else (chosen,)
    names = [package.tracking_number or "" for package in packages]
    names += [*order.member.addresses, claim.member_address or ""]
    keys = dict.fromkeys(normal_id(name)[:_LONGEST_KEY] for name in names)
    return [key for key in keys if key]
