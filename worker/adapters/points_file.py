"""A file of events for the points ledger: CSV with a header, or a JSON object a line.

Lines are read as a stream; each is an event of its own, so one bad line keeps no other
from counting. The same file again changes nothing.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from worker.adapters.points_events import REQUIRED, PointsEvent, faults
from worker.domain.counting import counted
from worker.domain.errors import UsageError, WrongUse

COLUMNS = tuple(PointsEvent.model_fields)
LONGEST_LINE = 10_000
"""Characters that are looked at to tell JSON from CSV. Our choice."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its event, or what is wrong with it."""

    number: int
    event: PointsEvent | None
    fault: str = ""


def read_events(path: Path) -> Iterator[Line]:
    """Yield the lines of a file, the empty ones left out.

    Raises:
        WrongUse: the file cannot be opened, or is not UTF-8.
        UsageError: its header is not understood.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline(LONGEST_LINE)
            is_json = path.suffix.lower() in {".jsonl", ".ndjson", ".json"} or (
                first.lstrip().startswith("{")
            )
            lines.seek(0)
            yield from _json_lines(lines) if is_json else _csv_lines(lines, path)
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongUse(f"{path} is not UTF-8") from error


def _json_lines(lines: Iterable[str]) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if not text:
            continue
        try:
            yield Line(number, PointsEvent.model_validate_json(text))
        except ValidationError as error:
            yield Line(number, None, faults(error))


def _csv_lines(lines: Iterable[str], path: Path) -> Iterator[Line]:
    reader = csv.reader(lines, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(filter(any, reader), [])]
        _check_header(header, path)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(reader.line_num, header, cells)
    except csv.Error as error:
        yield Line(reader.line_num, None, f"this is not CSV: {error}; the rest is left")


def _row(number: int, header: list[str], cells: list[str]) -> Line:
    if len(cells) != len(header):
        fault = f"{counted(len(cells), 'cell')}, but the header has {len(header)}"
        return Line(number, None, fault)
    given = {
        name: cell.strip()
        for name, cell in zip(header, cells, strict=True)
        if cell.strip()
    }
    try:
        return Line(number, PointsEvent.model_validate(given))
    except ValidationError as error:
        return Line(number, None, faults(error))


def _check_header(header: list[str], path: Path) -> None:
    if not header:
        raise UsageError(f"{path} is empty")
    for name in header:
        if name not in COLUMNS:
            close = get_close_matches(name, COLUMNS, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"{path}: unknown column {name!r}{hint}")
    if len(set(header)) != len(header):
        raise UsageError(f"{path}: a column stands there twice")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise UsageError(
            f"{path}: missing columns: {', '.join(missing)}; {', '.join(REQUIRED)} are"
            f" required, and may be followed by {', '.join(COLUMNS[len(REQUIRED) :])}"
        )
