"""The points of some members as simply as can be said: lists and sums, no database.

Written from the terms apart from the program, so that both can be compared.
"""

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

Key = tuple[str, str]
"""An order: its site and its number."""


@dataclass
class ModelLot:
    left: int
    end: datetime


@dataclass
class ModelAccount:
    """Lots by the order of their receipt; all of them expire at a midnight UTC."""

    lots: list[ModelLot] = field(default_factory=list)
    received: dict[date, int] = field(default_factory=dict)

    def balance(self, now: datetime) -> int:
        return sum(lot.left for lot in self.lots if lot.end > now)

    def add(self, points: int, last: date) -> None:
        end = datetime.combine(last + timedelta(days=1), time(), UTC)
        self.lots.append(ModelLot(points, end))

    def take(self, points: int, now: datetime) -> dict[int, int] | None:
        """What is taken by lot, the soonest expiry first; None if there are too few."""
        if self.balance(now) < points:
            return None
        return self.take_some(points, now)

    def take_some(self, points: int, now: datetime) -> dict[int, int]:
        taken: dict[int, int] = {}
        for number in sorted(
            range(len(self.lots)), key=lambda n: (self.lots[n].end, n)
        ):
            lot = self.lots[number]
            part = min(points, lot.left) if lot.end > now else 0
            if part:
                taken[number], lot.left = part, lot.left - part
                points -= part
        return taken


@dataclass
class ModelOrder:
    account: ModelAccount
    cents: int
    is_told: bool = True
    used: dict[int, int] = field(default_factory=dict)
    """What it used and did not get back, by lot."""
    points: int = 0
    points_back: int = 0
    earned: int = 0
    deducted: int = 0
    returned: int = 0
    is_confirmed: bool = False
    is_confirmation_told: bool = False
    """By the shop; the order directory may know of it before."""
    is_cancelled: bool = False
    reviewed: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        return not (self.is_confirmed or self.is_cancelled or self.returned)


@dataclass(frozen=True)
class Moved:
    """What a return gives and takes: as the ledger's entries say it."""

    back: int
    expired: int
    deducted: int
    shortfall: int


@dataclass
class Model:
    """Accounts by member and site, orders by site and number, the policy of today."""

    cap: int
    is_cash_only: bool = True
    photo_points: int = 5
    accounts: dict[tuple[str, str], ModelAccount] = field(default_factory=dict)
    orders: dict[Key, ModelOrder] = field(default_factory=dict)

    def account(self, member: str, site: str) -> ModelAccount:
        return self.accounts.setdefault((member, site), ModelAccount())

    def order(self, account: ModelAccount, key: Key) -> ModelOrder | None:
        """The member's own order; None where there is none, or it is another's."""
        found = self.orders.get(key)
        return found if found is not None and found.account is account else None

    def is_free(self, account: ModelAccount, key: Key) -> bool:
        return key not in self.orders or self.order(account, key) is not None

    def home_of(self, member: str, number: str, site: str) -> str:
        """The site of the member's own order, else the one that is asked for."""
        own = [
            (-self.orders[one, number].points, one)
            for (who, one), account in self.accounts.items()
            if who == member and self.order(account, (one, number))
        ]
        return min(own)[1] if own else site

    def receive(
        self, account: ModelAccount, points: int, last: date, now: datetime
    ) -> int:
        """Give as far as the day's limit allows; what was received before counts."""
        today = account.received.get(now.date(), 0)
        given = max(0, min(points, self.cap - today))
        account.received[now.date()] = today + given
        if given:
            account.add(given, last)
        return given

    def earned_on(self, cents: int, points: int) -> int:
        """A point for each dollar, without the part that points paid or with it."""
        return max(cents - (points if self.is_cash_only else 0), 0) // 100

    def confirm(self, order: ModelOrder, now: datetime) -> int:
        """What the directory said it had earned was given before."""
        left = order.points - order.points_back
        award = self.earned_on(order.cents - order.returned, left)
        if order.earned:
            award = 0
        order.is_confirmed = True
        given = self.receive(order.account, award, quarter(now), now)
        order.earned += given
        return given

    def give_back(self, order: ModelOrder, cents: int, now: datetime) -> Moved:
        """The share of the price comes back; with the last part, what is left."""
        before, after = order.returned, order.returned + cents
        left = order.points - order.points_back
        share = order.points * after // order.cents
        due = share - order.points * before // order.cents
        return self.move(order, cents, left if after == order.cents else due, now)

    def move(self, order: ModelOrder, cents: int, due: int, now: datetime) -> Moved:
        account = order.account
        due = max(min(due, order.points - order.points_back), 0)
        order.returned += cents
        order.points_back += due
        expired = put_back(order, due, now)
        share = order.points * order.returned // order.cents
        kept = self.earned_on(order.cents - order.returned, order.points - share)
        wanted = max(order.earned - order.deducted - kept, 0)
        order.deducted += wanted
        taken = sum(account.take_some(wanted, now).values())
        return Moved(due - expired, expired, taken, wanted - taken)


def put_back(order: ModelOrder, points: int, now: datetime) -> int:
    """The latest expiry first, the rest as a new lot; returns what is lost."""
    account, lost = order.account, 0
    latest = sorted(order.used, key=lambda n: (account.lots[n].end, n), reverse=True)
    for number in latest:
        part = min(points, order.used[number])
        points -= part
        order.used[number] -= part
        if account.lots[number].end > now:
            account.lots[number].left += part
        else:
            lost += part
    if points:
        account.add(points, quarter(now))
    return lost


def quarter(now: datetime) -> date:
    """Three months later, in a shorter month its last day."""
    month = now.month + 2
    year, month = now.year + month // 12, month % 12 + 1
    return date(year, month, min(now.day, calendar.monthrange(year, month)[1]))
