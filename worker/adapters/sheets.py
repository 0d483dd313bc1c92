"""Lists as files for spreadsheets: CSV and XLSX, in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

Cell = str | int | float | Decimal | date | datetime | None
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Source: OWASP, CSV Injection."""


def write_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows as CSV in UTF-8 with a byte order mark, which Excel asks for.

    A text that a spreadsheet would run as a formula gets an apostrophe before it;
    numbers stay numbers. Instants are ISO 8601 in UTC.
    """
    file = io.StringIO()
    csv.writer(file).writerows([_plain(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def write_xlsx(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows as an XLSX file; every text is a text, whatever it begins with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, _typed(value))
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return f"'{cell}" if cell.lstrip(" ").startswith(_BEGINS_FORMULA) else cell
        case datetime():
            return cell.astimezone(UTC).isoformat(timespec="seconds")
        case _:
            return str(cell)


def _typed(cell: Cell) -> str | float | datetime | None:
    match cell:
        case Decimal():
            return float(cell)
        case str():
            return ILLEGAL_CHARACTERS_RE.sub("", cell)
        case datetime():
            return cell.astimezone(UTC).isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
        case _:
            return cell
