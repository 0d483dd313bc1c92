"""A points account as simply as it can be said: lists and sums, no database.

Written from the terms apart from the program, so that both can be compared.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class ModelLot:
    left: int
    end: datetime


@dataclass
class ModelOrder:
    cents: int
    used: dict[int, int] = field(default_factory=dict)
    """What it used and did not get back, by lot."""
    points: int = 0
    earned: int = 0
    returned: int = 0
    is_confirmed: bool = False
    is_cancelled: bool = False


@dataclass
class Model:
    """Lots by the order of their receipt; all of them expire at a midnight UTC."""

    cap: int
    lots: list[ModelLot] = field(default_factory=list)
    orders: dict[str, ModelOrder] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)

    def balance(self, now: datetime) -> int:
        return sum(lot.left for lot in self.lots if lot.end > now)

    def receive(self, points: int, days: int, now: datetime) -> int:
        day = f"{now:%Y-%m-%d}"
        given = max(0, min(points, self.cap - self.received.get(day, 0)))
        self.received[day] = self.received.get(day, 0) + given
        if given:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            self.lots.append(ModelLot(given, midnight + timedelta(days=days + 1)))
        return given

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

    def put_back(self, order: ModelOrder, points: int, now: datetime) -> int:
        """The latest expiry first; what has expired is lost. Returns what came back."""
        back = 0
        latest = sorted(order.used, key=lambda n: (self.lots[n].end, n), reverse=True)
        for number in latest:
            part = min(points, order.used[number])
            points -= part
            order.used[number] -= part
            if self.lots[number].end > now:
                self.lots[number].left += part
                back += part
        return back
