"""The members of the demo: each with one order, delivered relative to now."""

import csv
import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from worker.adapters.order_rows import COLUMNS
from worker.domain.amounts import fee

SHOP = "Harbour Lane Store"
SHOP_ADDRESS = "orders@harbourlane.example"
SHOES = (("Blue running shoes", "135.00"), ("Ceramic tea set", "315.00"))
LAMP = (("Brass desk lamp", "180.00"), ("Light bulb, pack of 4", "20.00"))
VASE = (("Glass vase, large", "96.00"),)
CAMERA = (("Mirrorless camera body", "860.00"), ("Leather strap", "40.00"))
HOURS_AGO = timedelta(hours=6)
UNCLAIMED_FOR = timedelta(days=46)  # Source: clause C12 allows 30 days
TWO_DAYS_AGO = timedelta(days=2)
DAYS_AGO = timedelta(days=5, hours=20)
LONG_AGO = timedelta(days=7, hours=2)
ORDERED_BEFORE = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A member with one order of one package."""

    name: str
    address: str
    member_id: str
    number: str
    """The last part of the order number."""
    placed_at: datetime
    delivered_at: datetime | None
    arrived_at: datetime | None = None
    items: tuple[tuple[str, str], ...] = SHOES
    shipping: str = "62.50"
    has_guarantee: bool = True
    locale: str = "en"
    points: int = 0
    """Points that paid for a part of the order."""

    @property
    def order_number(self) -> str:
        """Return the order number as the shop writes it."""
        return f"ORD-{self.placed_at:%Y%m%d}-{self.number}"

    @property
    def subject(self) -> str:
        """Return the subject that the terms ask for. Source: clause C6."""
        return f"{self.member_id}+{self.order_number}+Claim"

    @property
    def sender(self) -> str:
        """Return the From header."""
        return f"{self.name} <{self.address}>"

    @property
    def domain(self) -> str:
        """Return the domain of the address."""
        return self.address.rpartition("@")[2]

    @property
    def first_name(self) -> str:
        """Return how the member signs."""
        return self.name.partition(" ")[0]

    @property
    def price(self) -> Decimal:
        """Return what the goods cost together, in USD."""
        return sum((Decimal(price) for _, price in self.items), Decimal(0))


def customers(now: datetime) -> dict[str, Customer]:
    """Return every member by the key that the samples use; times relative to now."""
    made = _Maker(now)
    return {
        "lena": made("Lena Hoffmann", "lena.hoffmann@mail.example"),
        "jonas": made("Jonas Weber", "jonas.weber@post.example", items=LAMP),
        "mei": made(
            "Mei Tanaka",
            "mei@tanaka.example",
            delivered=None,
            items=CAMERA,
            points=2000,
        ),
        "amara": made("Amara Okafor", "amara@okafor.example", has_guarantee=False),
        "piotr": made(
            "Piotr Nowak", "p.nowak@poczta.example", lay_for=UNCLAIMED_FOR, items=VASE
        ),
        "katharina": made("Katharina Vogel", "k.vogel@brief.example", locale="de"),
        "wei": made("Chen Wei", "chen.wei@youxiang.example", locale="zh"),
        "lucia": made("Lucía Fernández", "lucia@correo.example", locale="es"),
        "noah": made("Noah Kim", "noah.kim@mail.example", items=LAMP),
        "emma": made("Emma Clarke", "emma.clarke@mail.example", items=VASE),
        "david": made("David Cohen", "david.cohen@mail.example"),
        "fatima": made("Fatima Zahra", "fatima@zahra.example", items=LAMP),
        "hugo": made("Hugo Martin", "hugo@courrier.example", locale="fr"),
        "grace": made("Grace Liu", "grace.liu@mail.example"),
        "ivan": made("Ivan Petrov", "ivan.petrov@plain.example", items=VASE),
        "sara": made("Sara Lindqvist", "sara@lindqvist.example"),
        "sofia": made(
            "Sofia Rossi", "sofia@posta.example", delivered=TWO_DAYS_AGO, items=VASE
        ),
        "oliver": made(
            "Oliver Grant", "o.grant@mail.example", delivered=LONG_AGO, items=LAMP
        ),
        "nadia": made("Nadia Haddad", "nadia@haddad.example", delivered=DAYS_AGO),
        "alex": made("Alex Rivers", "alex.rivers@mail.example", items=CAMERA),
    }


class _Maker:
    """Makes customers with ids of their own."""

    def __init__(self, now: datetime) -> None:
        self._now = now.replace(microsecond=0)
        self._numbers = itertools.count()

    def __call__(  # noqa: PLR0913 - in what members differ
        self,
        name: str,
        address: str,
        *,
        delivered: timedelta | None = HOURS_AGO,
        lay_for: timedelta = timedelta(days=1),
        items: tuple[tuple[str, str], ...] = SHOES,
        has_guarantee: bool = True,
        locale: str = "en",
        points: int = 0,
    ) -> Customer:
        """Return a member whose package came so long ago, after lying for so long."""
        number = next(self._numbers)
        delivered_at = None if delivered is None else self._now - delivered
        arrived_at = None if delivered_at is None else delivered_at - lay_for
        return Customer(
            name=name,
            address=address,
            member_id=f"M{104233 + 9127 * number}",
            number=f"{183 + 37 * number:04}",
            placed_at=(arrived_at or self._now) - ORDERED_BEFORE,
            delivered_at=delivered_at,
            arrived_at=arrived_at,
            items=items,
            has_guarantee=has_guarantee,
            locale=locale,
            points=points,
        )


def orders_csv(people: Iterable[Customer]) -> str:
    """Return the order directory as `claims orders import` takes it."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS[: COLUMNS.index("points_earned") + 1])
    writer.writeheader()
    for one in people:
        writer.writerow(_row(one))
    return file.getvalue()


def _row(one: Customer) -> dict[str, str]:
    return {
        "order_number": one.order_number,
        "member_id": one.member_id,
        "member_name": one.name,
        "member_email": one.address,
        "locale": one.locale,
        "placed_at": one.placed_at.isoformat(),
        "package_id": "1",
        "package_value_usd": f"{one.price:.2f}",
        "sales_price_usd": f"{one.price:.2f}",
        "shipping_fee_usd": one.shipping,
        "guarantee_fee_usd": f"{fee(one.price):.2f}" if one.has_guarantee else "",
        "arrived_at": _iso(one.arrived_at),
        "delivered_at": _iso(one.delivered_at),
        "collected_at": _iso(one.delivered_at),
        "tracking_number": f"TRK{one.number}",
        "points_applied": str(one.points),
        "points_earned": "0",
    }


def _iso(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()
