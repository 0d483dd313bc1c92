"""Rows of the order directory, one a package: their cells read into orders.

Of the same order there may be several rows, one for each of its packages. A file and
the shop's own directory are read by these rules alike.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from decimal import Decimal
from functools import lru_cache, partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from worker.domain.amounts import item_lines
from worker.domain.counting import counted
from worker.domain.errors import UsageError
from worker.domain.orders import Member, Order, Package, When, normal_id, parse_when

# Source: DESIGN section 5, orders.csv
REQUIRED_COLUMNS = (
    "order_number",
    "member_id",
    "member_name",
    "member_email",
    "locale",
    "placed_at",
    "package_id",
    "package_value_usd",
    "sales_price_usd",
    "shipping_fee_usd",
    "guarantee_fee_usd",
    "arrived_at",
    "delivered_at",
    "collected_at",
    "tracking_number",
    "points_applied",
    "points_earned",
)
OPTIONAL_COLUMNS = (
    "destination_tz",
    "currency",
    "fx_rate",
    "estimated_weight_kg",
    "actual_weight_kg",
    "lines_json",
    "goods_category",
    "carrier_events",
    "delivery_address",
    "profile_address",
)
COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS

_MONEY = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_POINTS = re.compile(r"\d{1,9}", re.ASCII)
_CODE = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
# Source: the lengths of the directory's columns, adapters/store/schema.py
_ID_LENGTH = 80
_TEXT_LENGTH = 200
_ADDRESS_LENGTH = 320
_LINE_LIMIT = Decimal(10) ** 10
_SHOWN_FAULTS = 3
_ZERO = Decimal(0)

Value = TypeVar("Value")


class CsvFaults(UsageError):
    """The file cannot be imported; `faults` are (line number, what is wrong there).

    The texts name columns and what is expected, never what a cell holds.
    """

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        lines = "; ".join(
            f"line {number}: {text}" for number, text in faults[:_SHOWN_FAULTS]
        )
        rest = len(faults) - _SHOWN_FAULTS
        more = f"; and {rest} more" if rest > 0 else ""
        super().__init__(f"nothing was imported: {lines}{more}")
        self.faults = faults


def read_order(rows: Sequence[Mapping[str, str]], *, default_tz: str = "UTC") -> Order:
    """Return the one order that rows describe: its cells by column, a row a package.

    Args:
        rows: the cells as a file has them; an empty one says nothing.
        default_tz: as `read_orders` has it.

    Raises:
        CsvFaults: with every fault; line 1 is the first package.

    Source: DESIGN section 5, orders.csv.
    """
    faults: list[tuple[int, str]] = []
    orders = Orders(ZoneInfo(default_tz))
    for number, cells in enumerate(rows, start=1):
        row = Row(list(cells), list(cells.values()))
        orders.add(number, row)
        faults += [(number, fault) for fault in row.faults]
    found = orders.complete()
    if faults or len(found) != 1:
        raise CsvFaults(faults or [(1, "expected the packages of one order")])
    return found[0]


def read_member(cells: Mapping[str, str]) -> Member:
    """Return the member that cells describe: the columns of a file that are theirs.

    Raises:
        CsvFaults: with every fault.
    """
    row = Row(list(cells), list(cells.values()))
    member = _member(row)
    if row.faults:
        raise CsvFaults([(1, fault) for fault in row.faults])
    return member


class Row:
    """One row: its cells by column, and what is wrong with them."""

    def __init__(self, header: list[str], cells: list[str]) -> None:
        self.faults: list[str] = []
        self._cells = dict(zip(header, map(str.strip, cells), strict=False))
        if len(cells) != len(header):
            fault = f"{counted(len(cells), 'cell')}, but the header has {len(header)}"
            self.faults.append(fault)

    def read(self, name: str, parse: Callable[[str], Value], *, empty: Value) -> Value:
        """Return what a cell says, or `empty`; a fault is noted and gives `empty`."""
        text = self._cells.get(name, "")
        if not text:
            return empty
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name}: {error}")
            return empty

    def need(self, name: str, parse: Callable[[str], Value], *, empty: Value) -> Value:
        """Return what a cell says; an empty one is a fault too."""
        if not self._cells.get(name):
            self.faults.append(f"{name}: is empty")
        return self.read(name, parse, empty=empty)


@dataclass(slots=True)
class _Gathered:
    """One order while its rows come in: its first line, and its packages' lines."""

    line: int
    order: Order
    line_by_package: dict[str, int]
    packages: list[Package]


class Orders:
    """The orders of a file while it is read."""

    def __init__(self, default_tz: tzinfo) -> None:
        self._default_tz = default_tz
        self._gathered: dict[str, _Gathered] = {}
        self._addresses: dict[str, tuple[int, tuple[str, ...]]] = {}

    def add(self, line: int, row: Row) -> None:
        """Take in one row; what contradicts an earlier row is noted in it."""
        package = _package(row, self._default_tz)
        order = _order(row, package, self._default_tz)
        if row.faults:
            return
        self._compare_member(line, row, order.member)
        fresh = _Gathered(line, order, {}, [])
        known = self._gathered.setdefault(normal_id(order.order_number), fresh)
        differing = [] if known is fresh else _differing(known.order, order)
        if differing:
            names = ", ".join(differing)
            row.faults.append(f"{names}: line {known.line} of this order differs")
        package_key = normal_id(package.package_id)
        first_line = known.line_by_package.setdefault(package_key, line)
        if first_line != line:
            row.faults.append(f"package_id: the same as in line {first_line}")
        known.packages.append(package)

    def complete(self) -> tuple[Order, ...]:
        """Return the orders, each with its packages."""
        return tuple(
            replace(known.order, packages=tuple(known.packages))
            if len(known.packages) > 1
            else known.order
            for known in self._gathered.values()
        )

    def _compare_member(self, line: int, row: Row, member: Member) -> None:
        key = normal_id(member.member_id)
        first_line, addresses = self._addresses.setdefault(
            key, (line, member.addresses)
        )
        if addresses != member.addresses:
            fault = f"member_email: line {first_line} of this member differs"
            row.faults.append(fault)


def _differing(first: Order, other: Order) -> list[str]:
    """Return the columns in which two rows of one order contradict each other."""
    pairs = {
        "member_id": (
            normal_id(first.member.member_id),
            normal_id(other.member.member_id),
        ),
        "member_name": (first.member.name, other.member.name),
        "locale": (first.member.locale, other.member.locale),
        "placed_at": (first.placed, other.placed),
        "guarantee_fee_usd": (first.guarantee_fee_usd, other.guarantee_fee_usd),
        "points_applied": (first.points_applied, other.points_applied),
        "points_earned": (first.points_earned, other.points_earned),
    }
    return [name for name, (one, two) in pairs.items() if one != two]


def _order(row: Row, package: Package, default_tz: tzinfo) -> Order:
    member = _member(row)
    return Order(
        order_number=row.need("order_number", _id, empty=""),
        member=member,
        placed=_when(row, "placed_at", default_tz),
        guarantee_fee_usd=row.read("guarantee_fee_usd", _money, empty=None),
        packages=(package,),
        points_applied=row.read("points_applied", _points, empty=0),
        points_earned=row.read("points_earned", _points, empty=0),
    )


def _member(row: Row) -> Member:
    return Member(
        member_id=row.need("member_id", _id, empty=""),
        name=row.read("member_name", _text, empty=""),
        addresses=row.read("member_email", _addresses, empty=()),
        locale=row.read("locale", _locale, empty="en"),
    )


def _package(row: Row, default_tz: tzinfo) -> Package:
    zone = row.read("destination_tz", _zone, empty=None)
    tz = default_tz if zone is None else zone
    package = Package(
        package_id=row.need("package_id", _id, empty=""),
        value_usd=row.need("package_value_usd", _money, empty=_ZERO),
        sales_price_usd=row.need("sales_price_usd", _money, empty=_ZERO),
        shipping_fee_usd=row.need("shipping_fee_usd", _money, empty=_ZERO),
        arrived=_when(row, "arrived_at", tz),
        delivered=_when(row, "delivered_at", tz),
        collected=_when(row, "collected_at", tz),
        tracking_number=row.read("tracking_number", _text, empty=None),
        destination_tz=None if zone is None else zone.key,
        currency=row.read("currency", _currency, empty="USD"),
        fx_rate=row.read("fx_rate", _number, empty=None),
        estimated_weight_kg=row.read("estimated_weight_kg", _number, empty=None),
        actual_weight_kg=row.read("actual_weight_kg", _number, empty=None),
        lines_json=row.read("lines_json", str, empty=None),
        goods_category=row.read("goods_category", _code, empty=None),
        carrier_events=row.read("carrier_events", _codes, empty=()),
        delivery_address=row.read("delivery_address", _text, empty=None),
        profile_address=row.read("profile_address", _text, empty=None),
    )
    if package.currency != "USD" and not package.fx_rate:
        row.faults.append(f"fx_rate: needed for a value in {package.currency}")
    if not _has_readable_lines(package):
        fault = 'lines_json: expected [{"name", "sales_price_usd", "value_usd"}, ...]'
        row.faults.append(fault)
    return package


# -- cells ------------------------------------------------------------------------


def _when(row: Row, name: str, tz: tzinfo) -> When | None:
    return row.read(name, partial(parse_when, tz=tz), empty=None)


def _text(text: str) -> str:
    if len(text) > _TEXT_LENGTH or not text.isprintable():
        message = f"expected one line of at most {_TEXT_LENGTH} characters"
        raise ValueError(message)
    return text


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        message = "expected a word such as perishable"
        raise ValueError(message)
    return text


def _codes(text: str) -> tuple[str, ...]:
    return tuple(_code(word.strip()) for word in text.split(";"))


def _id(text: str) -> str:
    longest = text if text.isascii() else max(text, normal_id(text), key=len)
    if len(longest) > _ID_LENGTH or not text.isprintable():
        message = f"expected an id of at most {_ID_LENGTH} characters"
        raise ValueError(message)
    return text


def _locale(text: str) -> str:
    return _matched(_LOCALE, text, "a language such as en or pt-BR")


def _currency(text: str) -> str:
    return _matched(_CURRENCY, text.upper(), "a currency code such as HKD")


def _money(text: str) -> Decimal:
    return Decimal(_matched(_MONEY, text, "an amount such as 1234.50, without a sign"))


def _number(text: str) -> Decimal:
    return Decimal(_matched(_NUMBER, text, "a number such as 7.85"))


def _points(text: str) -> int:
    return int(_matched(_POINTS, text, "a whole number of points"))


def _matched(pattern: re.Pattern[str], text: str, expected: str) -> str:
    if pattern.fullmatch(text) is None:
        message = f"expected {expected}"
        raise ValueError(message)
    return text


def _addresses(text: str) -> tuple[str, ...]:
    parts = [part.strip().lower() for part in text.split(";")]
    addresses = tuple(dict.fromkeys(part for part in parts if part))
    for number, address in enumerate(addresses, 1):
        if len(address) > _ADDRESS_LENGTH or not _ADDRESS.fullmatch(address):
            message = f"address {number} is none; several are separated by ;"
            raise ValueError(message)
    return addresses


@lru_cache
def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, OSError, ValueError) as error:
        message = "expected a time zone such as Asia/Taipei"
        raise ValueError(message) from error


def _has_readable_lines(package: Package) -> bool:
    """Return whether the item lines, if there are any, can be counted with."""
    if package.lines_json is None:
        return True
    lines = item_lines(package)
    amounts = [
        amount for line in lines for amount in (line.sales_price_usd, line.value)
    ]
    return bool(lines) and all(
        amount.is_finite() and 0 <= amount < _LINE_LIMIT for amount in amounts
    )
