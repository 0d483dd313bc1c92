"""The points ledger against a simple model: any order of events, retries, writers."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.ledgers import MEI, OPENING, Ledgers, bought, some_ledgers
from tests.points_model import (
    Key,
    Model,
    ModelAccount,
    ModelOrder,
    Moved,
    put_back,
    quarter,
)
from worker.adapters.store.points_entries import Holder, Posted, claim_key
from worker.adapters.store.points_schema import PointsEntryRow
from worker.adapters.store.schema import Base
from worker.domain.points import EARNED, EntryKind, PointsRefused
from worker.domain.policy import EarnBase, Lifetime
from worker.domain.settlement import OF_ANOTHER, OrderPoints, PaidCase, PointsMoved


class Switches(NamedTuple):
    """A policy of the company, which it may change on any day."""

    earn_base: EarnBase
    daily_points_cap: int
    review_photo_points: int


FIRST_POLICY = Switches(EarnBase.CASH_PAID, 400, 5)
POLICIES = [
    FIRST_POLICY,
    Switches(EarnBase.PRICE_BEFORE_POINTS, 250, 20),
    Switches(EarnBase.CASH_PAID, 0, 0),
]
MOST_A_DAY = 400
LEA = Holder("M10024", "eu")
ON_US = Holder(MEI.member_id, "us")
HOLDERS = st.sampled_from([MEI, ON_US, LEA])
ORDERS = st.sampled_from(["O-1", "O-2", "O-3"])
PRICES = st.sampled_from([333, 10_000])
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
        self.ledger = self.ledgers.under(**FIRST_POLICY._asdict())
        self.model = Model(FIRST_POLICY.daily_points_cap)
        self.number = 0
        self.again: list[tuple[Callable[[], Posted], Posted]] = []
        self.settled: list[tuple[Callable[[], PointsMoved], PointsMoved]] = []

    @property
    def now(self) -> datetime:
        return self.ledgers.clock.at

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

    def known(self, who: Holder, number: str) -> tuple[ModelAccount, Key]:
        return self.model.account(who.member_id, who.site), (who.site, number)

    @initialize()
    def have_points_and_orders(self) -> None:
        """Else most of what chance asks for would be refused."""
        for who, number in ((MEI, "O-1"), (ON_US, "O-1"), (LEA, "O-2")):
            for days in (3, 20):
                self.grant(who, 200, days)
            self.redeem(who, number, 250, 10_000)
        self.pay_a_claim(MEI, "O-3", 10_000, used=150, earned=0, due=100, returned=1)
        self.wait(24)

    @rule(which=st.sampled_from(POLICIES))
    def change_the_policy(self, which: Switches) -> None:
        self.ledger = self.ledgers.under(**which._asdict())
        self.model.is_cash_only = which.earn_base is EarnBase.CASH_PAID
        self.model.cap = which.daily_points_cap
        self.model.photo_points = which.review_photo_points

    @rule(who=HOLDERS, points=st.integers(1, 300), days=st.integers(1, 20))
    def grant(self, who: Holder, points: int, days: int) -> None:
        key, life = self.next(), Lifetime(days=days)
        posted = self.do(lambda: self.ledger.grant(who, key, points, life=life))
        account, last = self.model.account(*_of(who)), self.now + timedelta(days=days)
        given = self.model.receive(account, points, last.date(), self.now)
        assert posted is not None
        assert posted.points(EntryKind.GRANTED) == given
        assert posted.points(EntryKind.FORFEITED) == points - given

    @rule(who=HOLDERS, points=st.integers(1, 200))
    def spend(self, who: Holder, points: int) -> None:
        key = self.next()
        posted = self.do(lambda: self.ledger.spend_on(who, key, points))
        taken = self.model.account(*_of(who)).take(points, self.now)
        assert (posted is None) == (taken is None)

    @rule(who=HOLDERS, number=ORDERS, cents=PRICES)
    def place(self, who: Holder, number: str, cents: int) -> None:
        account, key = self.known(who, number)
        posted = self.do(lambda: self.ledger.place(who, bought(cents, number)))
        order = self.model.order(account, key)
        is_refused = not self.model.is_free(account, key) or (
            order is not None and order.is_told and order.cents != cents
        )
        assert (posted is None) == is_refused
        if not is_refused:
            self._told(account, key, cents)

    def _told(self, account: ModelAccount, key: Key, cents: int) -> ModelOrder:
        """The shop's price is taken where only a claim had brought one."""
        order = self.model.orders.setdefault(key, ModelOrder(account, cents))
        order.cents, order.is_told = cents, True
        return order

    @rule(who=HOLDERS, number=ORDERS, points=st.integers(1, 250), cents=PRICES)
    def redeem(self, who: Holder, number: str, points: int, cents: int) -> None:
        account, key = self.known(who, number)
        name = self.next()
        posted = self.do(
            lambda: self.ledger.redeem(who, name, bought(cents, number), points)
        )
        order = self.model.order(account, key) or ModelOrder(account, cents)
        fits = points + order.points <= cents // 2
        fits &= order.cents == cents or not order.is_told
        taken = None
        if order.is_open and fits and self.model.is_free(account, key):
            taken = account.take(points, self.now)
        assert (posted is None) == (taken is None)
        if taken is not None:
            order = self._told(account, key, cents)
            order.points += points
            for lot, part in taken.items():
                order.used[lot] = order.used.get(lot, 0) + part

    @rule(who=HOLDERS, number=ORDERS)
    def confirm(self, who: Holder, number: str) -> None:
        order = self.model.order(*self.known(who, number))
        posted = self.do(lambda: self.ledger.confirm(who, number))
        if order is None or order.is_cancelled:
            assert posted is None
            return
        assert posted is not None
        if order.is_confirmation_told:
            assert posted.is_repeat
            return
        order.is_confirmation_told = True
        given = self.model.confirm(order, self.now)
        assert posted.points(EntryKind.ORDER_CONFIRMED) == given

    @rule(
        who=HOLDERS,
        number=ORDERS,
        line=st.sampled_from(["1", "2"]),
        has_pictures=st.booleans(),
    )
    def review(
        self, who: Holder, number: str, line: str, *, has_pictures: bool
    ) -> None:
        order = self.model.order(*self.known(who, number))
        posted = self.do(
            lambda: self.ledger.review(who, number, line, has_pictures=has_pictures)
        )
        if order is None or (order.is_cancelled and line not in order.reviewed):
            assert posted is None
            return
        assert posted is not None
        assert posted.is_repeat == (line in order.reviewed)
        if not posted.is_repeat:
            order.reviewed.add(line)
            award = self.model.photo_points if has_pictures else 5
            last = quarter(self.now)
            given = self.model.receive(order.account, award, last, self.now)
            assert posted.points(EntryKind.REVIEW_APPROVED) == given

    @rule(who=HOLDERS, number=ORDERS)
    def cancel(self, who: Holder, number: str) -> None:
        order = self.model.order(*self.known(who, number))
        posted = self.do(lambda: self.ledger.cancel(who, number))
        if order is None or (order.is_confirmed and not order.is_cancelled):
            assert posted is None
            return
        assert posted is not None
        if not order.is_cancelled:
            order.is_cancelled = True
            due = sum(order.used.values())
            order.points_back += due
            expired = put_back(order, due, self.now)
            assert posted.points(EntryKind.ORDER_CANCELLED) == due - expired
            assert posted.points(EntryKind.REFUND_EXPIRED) == expired

    @rule(
        who=HOLDERS,
        number=ORDERS,
        cents=st.integers(1, 10_000),
        is_rest=st.booleans(),
    )
    def give_back(self, who: Holder, number: str, cents: int, *, is_rest: bool) -> None:
        key, order = self.next(), self.model.order(*self.known(who, number))
        if is_rest and order is not None and order.returned < order.cents:
            cents = order.cents - order.returned
        posted = self.do(lambda: self.ledger.give_back(who, key, number, cents))
        if order is None or order.is_cancelled or order.returned + cents > order.cents:
            assert posted is None
            return
        assert posted is not None
        moved = self.model.give_back(order, cents, self.now)
        assert moved == Moved(
            posted.points(EntryKind.RETURNED),
            posted.points(EntryKind.REFUND_EXPIRED),
            posted.points(EntryKind.EARNED_DEDUCTED),
            posted.points(EntryKind.SHORTFALL),
        )

    @rule(
        who=HOLDERS,
        number=ORDERS,
        cents=PRICES,
        used=st.sampled_from([0, 150, 400]),
        earned=st.sampled_from([0, 60]),
        due=st.integers(0, 200),
        returned=st.integers(0, 10_000),
    )
    def pay_a_claim(
        self,
        who: Holder,
        number: str,
        cents: int,
        used: int,
        earned: int,
        due: int,
        returned: int,
    ) -> None:
        """As it was foreseen; the directory may say another thing than the shop."""
        self.number += 1
        told = OrderPoints(product_cents=cents, points_used=used, earned=earned)
        case = PaidCase(
            member_id=who.member_id,
            order_number=number,
            order=told,
            due=min(due, used),
            returned_cents=min(returned, cents),
        )
        foreseen = self.ledger.foresee(case, site=who.site)
        claim = self.number

        def settle() -> PointsMoved:
            with self.ledgers.database.write() as session:
                key, site = claim_key(claim, 1), who.site
                return self.ledger.settle(session, key, case, site=site, by="jane")

        moved = settle()
        self.settled.append((settle, moved))
        assert moved == foreseen == self._paid(who, case)

    def _paid(self, who: Holder, case: PaidCase) -> PointsMoved:
        site = self.model.home_of(who.member_id, case.order_number, who.site)
        account, key = self.known(Holder(who.member_id, site), case.order_number)
        if not self.model.is_free(account, key):
            return OF_ANOTHER
        order = self.model.orders.get(key)
        if order is None:
            order = ModelOrder(account, case.order.product_cents, is_told=False)
            order.earned = case.order.earned
            order.is_confirmed = order.earned > 0
            self.model.orders[key] = order
        order.points = max(order.points, case.order.points_used)
        cents = max(min(case.returned_cents, order.cents - order.returned), 0)
        due = 0 if order.is_cancelled else case.due
        moved = self.model.move(order, cents, due, self.now)
        return PointsMoved(
            back=moved.back,
            expired=moved.expired,
            deducted=moved.deducted,
            shortfall=moved.shortfall,
        )

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
        accounts = self.model.accounts.values()
        assert found == sum(one.balance(self.now) for one in accounts)

    @rule(which=st.integers(0, 10**6))
    def repeat(self, which: int) -> None:
        """Any earlier request may come again, whatever has happened since."""
        if self.again:
            act, first = self.again[which % len(self.again)]
            posted = act()
            assert posted.is_repeat
            if not first.is_repeat:
                assert posted.entries == first.entries
        if self.settled:
            settle, moved = self.settled[which % len(self.settled)]
            assert settle() == moved

    @rule(who=HOLDERS, points=st.integers(1, 200))
    def spend_side_by_side(self, who: Holder, points: int) -> None:
        """Writers at once, one of them with another's key: each key spends once."""
        keys = [self.next() for _ in range(WRITERS - 1)]
        keys.append(keys[0])
        start = threading.Barrier(WRITERS)

        def pay(key: str) -> bool:
            start.wait()
            try:
                self.ledger.spend_on(who, key, points)
            except PointsRefused:
                return False
            return True

        with ThreadPoolExecutor(WRITERS) as pool:
            done = list(pool.map(pay, keys))
        paid = {key for key, is_paid in zip(keys, done, strict=True) if is_paid}
        account = self.model.account(*_of(who))
        for _ in paid:
            assert account.take(points, self.now) is not None
        if len(paid) < len(set(keys)):
            assert account.balance(self.now) < points

    @invariant()
    def both_hold_the_same(self) -> None:
        for (member, site), account in self.model.accounts.items():
            balance = self.ledger.balance(Holder(member, site))
            assert balance == account.balance(self.now)

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
            assert all(total <= MOST_A_DAY for total in session.scalars(by_day))


def _of(who: Holder) -> tuple[str, str]:
    return who.member_id, who.site


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
