"""Export: exactly the list as it is filtered, and no cell that calculates."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.desk.claims_made import add_claims, set_proposed
from tests.desk.visitors import signed_in
from tests.office import OPENING, Office, an_office
from worker.adapters.sheets import csv_file, harmless, xlsx_file
from worker.adapters.store.desk.work import Wanted
from worker.desk import work_export
from worker.domain.staff import StaffRole

HARMFUL = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "=cmd|' /C'!A0",
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        yield office


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_export_has_the_filtered_list_in_its_order(office: Office) -> None:
    add_claims(office, 60)
    office.parts.desk.assignments.assign({7: "mei", 3: "mei"}, by="mei")
    set_proposed(office, 3, Decimal("1250.5"))

    with signed_in(office, StaffRole.AGENT) as visitor:
        mine = visitor.get("/claims.csv?tab=mine")
        every = visitor.get("/claims.csv")

    header, *rows = rows_of(mine.content)
    assert header == list(work_export.COLUMNS)
    assert [row[0] for row in rows] == ["CLM-000003", "CLM-000007"]
    first = dict(zip(header, rows[0], strict=True))
    assert first["Assigned to"] == "mei"
    assert first["Proposed USD"] == "1250.50"
    assert first["Received (UTC)"] == "2026-11-17 19:12:00"
    assert first["Date is for"] == "us"
    assert len(rows_of(every.content)) == 61
    assert mine.headers["content-disposition"] == 'attachment; filename="claims.csv"'


def test_the_workbook_says_the_same_in_numbers_and_dates(office: Office) -> None:
    add_claims(office, 2)
    set_proposed(office, 1, Decimal("96.00"))

    with signed_in(office) as visitor:
        sent = visitor.get("/claims.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(sent.content)).active
    assert sheet is not None
    header, first, second = sheet.iter_rows(values_only=True)
    assert header == work_export.COLUMNS
    assert first[:2] == ("CLM-000001", "M2000000")
    assert first[6] == datetime(2026, 11, 17, 19, 12)  # noqa: DTZ001 - as Excel has it
    assert first[12] == 96
    assert second[12] is None


@pytest.mark.parametrize("text", HARMFUL)
def test_no_cell_is_a_formula(office: Office, text: str) -> None:
    add_claims(office, 1, member_id=text, order_number=f"O{text}")

    with signed_in(office) as visitor:
        as_csv = visitor.get("/claims.csv")
        as_xlsx = visitor.get("/claims.xlsx")

    assert rows_of(as_csv.content)[1][1][0] == "'"
    assert rows_of(as_csv.content)[1][2].startswith("O")
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx.content)).active
    assert sheet is not None
    assert "f" not in {cell.data_type for row in sheet.rows for cell in row}
    assert str(sheet["B2"].value).startswith("'")


@pytest.mark.parametrize("text", ["a=b", "ORD-1", "", "中文", "1+1"])
def test_harmless_cells_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_signs_that_no_workbook_may_hold_are_left_out() -> None:
    content = b"".join(xlsx_file("T", ("a",), [("x\x00\x0by",)]))

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert sheet["A2"].value == "xy"


def test_csv_comes_in_pieces() -> None:
    rows = [(number, None, OPENING, Decimal("1.20")) for number in range(1000)]

    pieces = list(csv_file(("n", "x", "at", "usd"), rows))

    assert len(pieces) > 3
    assert rows_of(b"".join(pieces))[1] == ["0", "", "2026-11-18 19:12:00", "1.20"]


def test_a_long_list_is_read_in_parts_and_cut_with_a_word(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_claims(office, 12)
    monkeypatch.setattr(work_export, "MOST_ROWS", 10)

    with signed_in(office) as visitor:
        rows = rows_of(visitor.get("/claims.csv").content)
    wanted = Wanted(now=OPENING)
    parts = list(office.parts.desk.work.all(wanted, limit=100, batch=5))

    assert len(rows) == 12
    assert rows[-1] == [work_export.CUT]
    assert [one.claim_id for one in parts] == list(range(1, 13))


def test_who_exported_how_much_is_in_the_log(office: Office) -> None:
    add_claims(office, 3)

    with signed_in(office) as visitor:
        assert visitor.get("/claims.csv").status_code == 200

    (action,) = office.parts.desk.actions.newest(limit=5)
    assert (action.by, action.action, action.data) == ("mei", "export", {"rows": 3})
