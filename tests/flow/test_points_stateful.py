"""The points ledger against a simple model: any order of events, retries, writers."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.ledgers import MEI, OPENING, Ledgers, bought, some_ledgers
from tests.points_model import Model, ModelOrder
from worker.adapters.store.points_entries import Posted
from worker.adapters.store.points_schema import PointsEntryRow
from worker.adapters.store.schema import Base
from worker.domain.points import EARNED, EntryKind, PointsRefused
from worker.domain.policy import Lifetime

CAP = 400
ORDERS = st.sampled_from(["O-1", "O-2", "O-3", "O-4"])
WRITERS = 3
pytestmark = pytest.mark.slow


class Machine(RuleBasedStateMachine):
    """Each rule lets the ledger and the model do one thing, and compares them."""

    ledgers: Ledgers
    """Set by the test, for all of its runs."""

    def __init__(self) -> None:
        super().__init__()
        self.ledgers.clock.at = OPENING
        with self.ledgers.database.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name.startswith("points_"):
                    session.execute(table.delete())
        self.ledger = self.ledgers.under(daily_points_cap=CAP)
        self.model = Model(CAP)
        self.number = 0
        self.again: list[tuple[Callable[[], Posted], Posted]] = []

    def next(self) -> str:
        self.number += 1
        return f"k-{self.number}"

    def do(self, act: Callable[[], Posted]) -> Posted | None:
        """Let the ledger do something; None where it refuses."""
        try:
            posted = act()
        except PointsRefused:
            return None
        self.again.append((act, posted))
        return posted

    @rule(points=st.integers(1, 300), days=st.integers(1, 20))
    def grant(self, points: int, days: int) -> None:
        key, life = self.next(), Lifetime(days=days)
        posted = self.do(lambda: self.ledger.grant(MEI, key, points, life=life))
        given = self.model.receive(points, days, self.ledgers.clock.at)
        assert posted is not None
        assert posted.points(EntryKind.GRANTED) == given
        assert posted.points(EntryKind.FORFEITED) == points - given

    @rule(points=st.integers(1, 200))
    def spend(self, points: int) -> None:
        key = self.next()
        posted = self.do(lambda: self.ledger.spend_on(MEI, key, points))
        taken = self.model.take(points, self.ledgers.clock.at)
        assert (posted is None) == (taken is None)

    @rule(
        number=ORDERS, points=st.integers(1, 250), cents=st.sampled_from([333, 10_000])
    )
    def redeem(self, number: str, points: int, cents: int) -> None:
        key = self.next()
        posted = self.do(
            lambda: self.ledger.redeem(MEI, key, bought(cents, number), points)
        )
        order = self.model.orders.get(number) or ModelOrder(cents)
        is_open = not (order.is_confirmed or order.is_cancelled or order.returned)
        fits = order.cents == cents and points + order.points <= cents // 2
        taken = None
        if is_open and fits:
            taken = self.model.take(points, self.ledgers.clock.at)
        assert (posted is None) == (taken is None)
        if taken is not None:
            self.model.orders[number] = order
            order.points += points
            for lot, part in taken.items():
                order.used[lot] = order.used.get(lot, 0) + part

    @rule(number=ORDERS)
    def confirm(self, number: str) -> None:
        order = self.model.orders.get(number)
        posted = self.do(lambda: self.ledger.confirm(MEI, number))
        if order is None or order.is_cancelled:
            assert posted is None
            return
        assert posted is not None
        if order.is_confirmed:
            assert posted.is_repeat
            return
        order.is_confirmed = True
        share = order.points * order.returned // order.cents
        award = (order.cents - order.returned - (order.points - share)) // 100
        given = self._received(award)
        order.earned = given
        assert posted.points(EntryKind.ORDER_CONFIRMED) == given

    def _received(self, award: int) -> int:
        """Purchases are valid for three months: 92 days from June or July."""
        return self.model.receive(award, 92, self.ledgers.clock.at)

    @rule(number=ORDERS)
    def cancel(self, number: str) -> None:
        order = self.model.orders.get(number)
        posted = self.do(lambda: self.ledger.cancel(MEI, number))
        if order is None or (order.is_confirmed and not order.is_cancelled):
            assert posted is None
            return
        assert posted is not None
        if not order.is_cancelled:
            order.is_cancelled = True
            due = sum(order.used.values())
            back = self.model.put_back(order, due, self.ledgers.clock.at)
            assert posted.points(EntryKind.ORDER_CANCELLED) == back
            assert posted.points(EntryKind.REFUND_EXPIRED) == due - back

    @rule(number=ORDERS, cents=st.integers(1, 10_000))
    def give_back(self, number: str, cents: int) -> None:
        key, order = self.next(), self.model.orders.get(number)
        posted = self.do(lambda: self.ledger.give_back(MEI, key, number, cents))
        is_over = order is None or order.is_cancelled
        if order is None or is_over or order.returned + cents > order.cents:
            assert posted is None
            return
        assert posted is not None
        before, after = order.returned, order.returned + cents
        share = [order.points * part // order.cents for part in (before, after)]
        kept = [
            min((order.cents - part - (order.points - s)) // 100, order.earned)
            for part, s in zip((before, after), share, strict=True)
        ]
        order.returned = after
        due = share[1] - share[0]
        back = self.model.put_back(order, due, self.ledgers.clock.at)
        wanted = kept[0] - kept[1]
        taken = sum(self.model.take_some(wanted, self.ledgers.clock.at).values())
        assert posted.points(EntryKind.RETURNED) == back
        assert posted.points(EntryKind.REFUND_EXPIRED) == due - back
        assert posted.points(EntryKind.EARNED_DEDUCTED) == taken
        assert posted.points(EntryKind.SHORTFALL) == wanted - taken

    @rule(hours=st.sampled_from([1, 13, 24, 24 * 5]))
    def wait(self, hours: int) -> None:
        self.ledgers.clock.at += timedelta(hours=hours)

    @rule()
    def sweep(self) -> None:
        while self.ledger.sweep():
            pass
        with self.ledgers.database.read() as session:
            text = "select coalesce(sum(balance), 0) from points_accounts"
            found = session.execute(sa.text(text)).scalar_one()
        assert found == self.model.balance(self.ledgers.clock.at)

    @rule(which=st.integers(0, 10**6))
    def repeat(self, which: int) -> None:
        """Any earlier request may come again, whatever has happened since."""
        if self.again:
            act, first = self.again[which % len(self.again)]
            posted = act()
            assert posted.is_repeat
            if not first.is_repeat:
                assert posted.entries == first.entries

    @rule(points=st.integers(1, 200))
    def spend_side_by_side(self, points: int) -> None:
        """Writers at once, one of them with another's key: each key spends once."""
        keys = [self.next() for _ in range(WRITERS - 1)]
        keys.append(keys[0])
        start = threading.Barrier(WRITERS)

        def pay(key: str) -> bool:
            start.wait()
            try:
                self.ledger.spend_on(MEI, key, points)
            except PointsRefused:
                return False
            return True

        with ThreadPoolExecutor(WRITERS) as pool:
            done = list(pool.map(pay, keys))
        paid = {key for key, is_paid in zip(keys, done, strict=True) if is_paid}
        for _ in paid:
            assert self.model.take(points, self.ledgers.clock.at) is not None
        if len(paid) < len(set(keys)):
            assert self.model.balance(self.ledgers.clock.at) < points

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.ledger.balance(MEI) == self.model.balance(self.ledgers.clock.at)

    def teardown(self) -> None:
        self.ledgers.check()
        with self.ledgers.database.read() as session:
            entry = PointsEntryRow
            doubled = sa.select(entry.key).group_by(entry.key, entry.kind)
            many = doubled.having(sa.func.count() > 1)
            assert session.scalars(many).all() == []
            by_day = (
                sa.select(sa.func.sum(entry.points))
                .where(entry.kind.in_(EARNED))
                .group_by(entry.account_id, entry.day)
            )
            assert all(total <= CAP for total in session.scalars(by_day))


@pytest.fixture
def ledgers(database_url: str) -> Iterator[Ledgers]:
    with some_ledgers(database_url) as made:
        yield made


@pytest.mark.timeout(600)
def test_P1_to_P15_the_ledger_does_what_a_simple_model_does(ledgers: Ledgers) -> None:
    made = type("AMachine", (Machine,), {"ledgers": ledgers})
    quick = settings(
        max_examples=20,
        stateful_step_count=25,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(made, settings=quick)
