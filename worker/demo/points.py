"""The demo's bonus points: one member has paid a part of her order with some."""

from collections.abc import Iterable
from datetime import timedelta

from worker.adapters.store.points_entries import Holder
from worker.adapters.store.points_orders import Bought
from worker.bootstrap import Parts
from worker.demo.cast import Customer
from worker.domain.policy import Lifetime

OVER = 500
"""What she has left after her order."""


def add_points(parts: Parts, people: Iterable[Customer]) -> None:
    """Let each who paid with points have received them before, and spent them so."""
    ledger, site = parts.points, parts.settings.site
    for one in people:
        if not one.points:
            continue
        holder = Holder(one.member_id, site)
        before = parts.clock.now() - timedelta(days=20)
        won = one.points + OVER
        ledger.grant(holder, "spring", won, life=Lifetime(months=3), at=before)
        bought = Bought(one.order_number, int(one.price * 100))
        ledger.redeem(holder, one.order_number, bought, one.points)
