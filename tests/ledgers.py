"""A points ledger on a database of its own, with a clock that tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from worker.adapters.clock import StillClock
from worker.adapters.store.engine import Database, make_engine
from worker.adapters.store.points_entries import Holder, claim_key
from worker.adapters.store.points_ledger import PointsLedger
from worker.adapters.store.points_orders import Bought
from worker.adapters.store.points_schema import (
    PointsAccountRow,
    PointsEntryRow,
    PointsLotRow,
    PointsMoveRow,
)
from worker.adapters.store.schema import Base
from worker.domain.policy import Lifetime, Policy
from worker.domain.settlement import PaidCase, PointsMoved

OPENING = datetime(2026, 6, 1, 12, tzinfo=UTC)
MEI = Holder("M10023", "eu")
NEVER = Lifetime()


def bought(cents: int, number: str = "ORD-1") -> Bought:
    return Bought(number, cents)


@dataclass
class Ledgers:
    """Ledgers over one database; `under` gives one with another policy."""

    database: Database
    clock: StillClock
    _seen: int = field(default=0, repr=False)

    def under(self, **switches: object) -> PointsLedger:
        policy = Policy(**switches)  # type: ignore[arg-type]
        return PointsLedger(self.database, clock=self.clock, policy=policy)

    def give(
        self, points: int, life: Lifetime = NEVER, *, at: datetime | None = None
    ) -> None:
        """Let a lot be received, as an event's prize."""
        self._seen += 1
        self.under().grant(MEI, f"lot-{self._seen}", points, life=life, at=at)

    def settle(
        self, case: PaidCase, *, claim: int = 7, cycle: int = 1, **switches: object
    ) -> PointsMoved:
        """Let a claim be paid, on the site of MEI."""
        with self.database.write() as session:
            return self.under(**switches).settle(
                session, claim_key(claim, cycle), case, site=MEI.site, by="jane"
            )

    def left(self) -> list[int]:
        """What the lots hold, in the order in which they were received."""
        with self.database.read() as session:
            query = sa.select(PointsLotRow.left_over).order_by(PointsLotRow.id)
            return list(session.scalars(query))

    def check(self) -> None:
        """Make sure that all sums agree: entries, moves, lots, accounts."""
        moved = sa.func.coalesce(sa.func.sum(PointsMoveRow.points), 0)
        with self.database.read() as session:
            for account in session.scalars(sa.select(PointsAccountRow)):
                of_account = PointsEntryRow.account_id == account.id
                lots = session.scalars(
                    sa.select(PointsLotRow).where(PointsLotRow.account_id == account.id)
                ).all()
                written = sa.func.coalesce(sa.func.sum(PointsEntryRow.points), 0)
                entries = session.scalars(sa.select(written).where(of_account)).one()
                assert account.balance == sum(lot.left_over for lot in lots) == entries
                for lot in lots:
                    of_lot = PointsMoveRow.lot_id == lot.id
                    assert lot.left_over >= 0
                    assert (
                        session.scalars(sa.select(moved).where(of_lot)).one()
                        == lot.left_over
                    )
            each = sa.select(PointsEntryRow.id, PointsEntryRow.points, moved)
            joined = each.outerjoin(
                PointsMoveRow, PointsMoveRow.entry_id == PointsEntryRow.id
            ).group_by(PointsEntryRow.id)
            assert all(points == sum_ for _, points, sum_ in session.execute(joined))


@contextmanager
def some_ledgers(url: str, at: datetime = OPENING) -> Iterator[Ledgers]:
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    try:
        yield Ledgers(Database(engine), StillClock(at))
    finally:
        engine.dispose()
