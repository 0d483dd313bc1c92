"""orders.csv: one row a package, read into orders, or every fault with its line.

Nothing is half-imported: one bad row and no order is given. Rows are read as a
stream.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from worker.adapters.order_rows import (
    COLUMNS,
    REQUIRED_COLUMNS,
    CsvFaults,
    Orders,
    Row,
)
from worker.domain.errors import UsageError, WrongUse
from worker.domain.orders import Order


@dataclass(frozen=True, slots=True)
class OrdersFile:
    """What a file holds: an order for each group of rows, in the order they came.

    `package_count` is the number of rows, one for each package.
    """

    rows: tuple[Order, ...]
    package_count: int


def read_orders(source: Path | Iterable[str], *, default_tz: str = "UTC") -> OrdersFile:
    """Return the orders that a CSV file describes.

    Args:
        source: a file in UTF-8, with or without a byte-order mark, or its lines;
            the columns may stand in any order.
        default_tz: the zone of times without an offset, where the row has no
            `destination_tz`; `placed_at` is always in this zone.

    Raises:
        WrongUse: the file cannot be opened.
        UsageError: there are no orders in it.
        CsvFaults: with every fault of every row; not one row is imported.

    Source: DESIGN section 5, orders.csv.
    """
    if not isinstance(source, Path):
        return _read_lines(source, default_tz, "the file")
    try:
        with source.open(encoding="utf-8-sig", newline="") as lines:
            return _read_lines(lines, default_tz, str(source))
    except OSError as error:
        message = f"{source} cannot be read: {error.strerror}"
        raise WrongUse(message) from error
    except UnicodeDecodeError as error:
        faults = [(1, "the file is not UTF-8; save it as CSV in UTF-8")]
        raise CsvFaults(faults) from error


def _read_lines(lines: Iterable[str], default_tz: str, name: str) -> OrdersFile:
    faults: list[tuple[int, str]] = []
    orders = Orders(ZoneInfo(default_tz))
    package_count = line = 0
    reader = csv.reader(lines, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(filter(any, reader), [])]
        if not header:
            raise UsageError(f"{name} is empty")
        faults += [(1, fault) for fault in _header_faults(header)]
        line = reader.line_num
        for cells in reader if not faults else ():
            line, number = reader.line_num, line + 1
            if not any(cell.strip() for cell in cells):
                continue
            package_count += 1
            row = Row(header, cells)
            orders.add(number, row)
            faults += [(number, fault) for fault in row.faults]
    except csv.Error as error:
        faults.append((line + 1, f"this is not CSV: {error}"))
    if faults:
        raise CsvFaults(faults)
    if not package_count:
        raise UsageError(f"{name} has no orders")
    return OrdersFile(orders.complete(), package_count)


def _header_faults(header: list[str]) -> Iterator[str]:
    if len(header) == 1 and ";" in header[0]:
        yield "the columns are separated by semicolons; save the file with commas"
        return
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            close = get_close_matches(name, set(COLUMNS) - set(header), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield f"unknown column {name!r}{hint}"
        elif header.count(name) > 1:
            yield f"the column {name} stands there {header.count(name)} times"
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        yield f"missing columns: {', '.join(missing)}"
