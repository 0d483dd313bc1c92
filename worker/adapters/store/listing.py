"""What lists show of a claim, and what it is found by, beside the claim itself."""

from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import dialect_of
from worker.adapters.store.many_rows import ManyRows
from worker.adapters.store.schema import ClaimKeyRow, table_of
from worker.domain.claim import Claim
from worker.domain.findings import Assessment
from worker.domain.orders import Order, Package, normal_id

_LONGEST_KEY = 320


def columns(assessment: Assessment, order: Order) -> dict[str, object]:
    """Return what a claim's row keeps for lists, and for sums over many claims."""
    proposal = assessment.proposal
    return {
        "locale": order.member.locale[:20] or None,
        "proposed_usd": None if proposal is None else proposal.total.amount,
        "proposed_points": 0 if proposal is None else proposal.points_restored,
    }


def add_keys(session: Session, claim: Claim, order: Order) -> None:
    """Write what the directory says now; keys are never taken back.

    A tracking number that was once the claim's may still be the one that people have.
    """
    keys = [{"key": key, "claim_id": claim.claim_id} for key in _keys(claim, order)]
    if keys:
        many, adding = _adding_keys(dialect_of(session))
        session.connection().execute(adding, many.given(keys))


@cache
def _adding_keys(dialect: str) -> tuple[ManyRows, sa.Insert]:
    many = ManyRows(dialect, table_of(ClaimKeyRow), ("key", "claim_id"))
    return many, many.insert().on_conflict_do_nothing()


def _keys(claim: Claim, order: Order) -> list[str]:
    chosen = order.package(claim.package_id) if claim.package_id else None
    packages: tuple[Package, ...] = order.packages if chosen is None else (chosen,)
    names = [package.tracking_number or "" for package in packages]
    names += [*order.member.addresses, claim.member_address or ""]
    keys = dict.fromkeys(normal_id(name)[:_LONGEST_KEY] for name in names)
    return [key for key in keys if key]
