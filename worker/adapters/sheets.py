"""Tables as files: CSV and XLSX, in which no cell is a formula.

What members wrote may begin with a sign that spreadsheets calculate from; such a cell
gets an apostrophe. Source: OWASP, CSV injection.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

Cell = str | int | float | Decimal | date | datetime | None
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_IN_MEMORY = 4_000_000
_BATCH = 200
_CHUNK = 64_000
_BOM = "\ufeff"
"""Tells Excel that a CSV file is UTF-8."""


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def csv_file(header: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a table as CSV (RFC 4180, UTF-8), some rows at a time; instants in UTC."""
    buffer = io.StringIO()
    buffer.write(_BOM)
    writer = csv.writer(buffer)
    writer.writerow([_as_text(cell) for cell in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_as_text(cell) for cell in row])
        if number % _BATCH == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def xlsx_file(
    title: str, header: Sequence[Cell], rows: Iterable[Sequence[Cell]]
) -> Iterator[bytes]:
    """Yield a table as an Excel workbook of one sheet; instants in UTC.

    Rows go to disk as they come, so memory does not grow with them.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append([_as_cell(cell) for cell in header])
    for row in rows:
        sheet.append([_as_cell(cell) for cell in row])
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        book.save(file)
        file.seek(0)
        yield from _chunks(file)


def _taken(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return taken


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _as_text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, str):
        return harmless(cell)
    return "" if cell is None else str(cell)


def _as_cell(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    if isinstance(cell, str):
        return harmless(ILLEGAL_CHARACTERS_RE.sub("", cell))
    return cell
