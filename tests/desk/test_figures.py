"""The lead's page: what it shows of a period, whom it lets in, and its files."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page

from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.visitors import a_person, signed_in
from tests.flow.test_decide import FIRST, SECOND, an_order_of, complete, late
from tests.office import Office, an_office
from worker import decide
from worker.domain.staff import StaffRole

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    orders = (an_order_of(FIRST), an_order_of(SECOND))
    with an_office(tmp_path / "office", *orders) as office:
        yield office


@pytest.fixture
def busy(office: Office) -> Office:
    """One claim that was opened on 18 November and rejected a day later."""
    office.deliver(late())
    office.clock.at += DAY
    decide.reject(office.parts, office.claim, clauses=("C11",), by="=cmd|jane")
    office.run()
    return office


def test_a_lead_sees_how_the_period_went(busy: Office) -> None:
    with signed_in(busy) as visitor:
        seen = visitor.get("/figures?days=7").text

    assert "13 Nov 2026 to 19 Nov 2026, beside 6 Nov 2026 to 12 Nov 2026" in seen
    assert "1 of 1 opened" in seen
    assert "100.0 %" in seen
    assert "C11" in seen
    assert "=cmd|jane" in seen


def test_every_figure_says_how_it_is_computed(busy: Office) -> None:
    with signed_in(busy) as visitor:
        seen = visitor.get("/figures").text

    tiles = seen.count('class="tile" id="')
    assert tiles == 10
    assert seen.count("How it is computed") == tiles + 1


@pytest.mark.parametrize("role", [StaffRole.VIEWER, StaffRole.AGENT])
def test_the_figures_are_for_leads(office: Office, role: StaffRole) -> None:
    with signed_in(office, role) as visitor:
        assert visitor.get("/figures").status_code == 403
        assert visitor.get("/figures/export.csv").status_code == 403


def test_an_empty_period_says_what_to_do(busy: Office) -> None:
    with signed_in(busy) as visitor:
        seen = visitor.get("/figures?from=2026-01-01&to=2026-01-31")

    assert seen.status_code == 200
    assert "Nothing happened in this period" in seen.text
    assert "Choose a longer period" in seen.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-11-02&to=2026-11-01", "The last day is before the first."),
        ("from=yesterday&to=2026-11-01", "Give both days"),
        ("from=2026-11-01", "Give both days"),
        ("from=2025-01-01&to=2026-01-02", "Choose 366 days at most."),
        ("from=0001-01-01&to=0001-01-02", "No record is so old"),
        ("days=8", "Choose 7, 30 or 90 days."),
    ],
)
def test_a_period_that_is_none_is_explained(
    office: Office, query: str, said: str
) -> None:
    with signed_in(office) as visitor:
        seen = visitor.get(f"/figures?{query}")
        refused = visitor.get(f"/figures/export.csv?{query}")

    assert (seen.status_code, refused.status_code) == (422, 422)
    assert said in seen.text
    assert said in refused.text


def test_the_csv_has_the_figures_and_no_formula(busy: Office) -> None:
    with signed_in(busy) as visitor:
        got = visitor.get("/figures/export.csv?days=7")

    lines = got.content.decode("utf-8-sig").splitlines()
    assert got.headers["content-disposition"] == (
        'attachment; filename="figures-2026-11-13-2026-11-19.csv"'
    )
    assert "C11,0,0,1" in lines
    assert "'=cmd|jane,1,1,1" in lines
    assert "2026-11-18,1,0" in lines
    rows = {row[0]: row for row in csv.reader(lines) if row}
    assert rows["Time to decide, median"][1:4] == ["4.7", "", "hours"]


def test_the_xlsx_has_the_figures_and_no_formula(busy: Office) -> None:
    with signed_in(busy) as visitor:
        got = visitor.get("/figures/export.xlsx?days=7")

    sheet = load_workbook(io.BytesIO(got.content)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    person = next(cell for cell in cells if cell.value == "'=cmd|jane")
    assert person.data_type == "s"
    assert "f" not in {cell.data_type for cell in cells}


def test_another_kind_of_file_is_not_there(office: Office) -> None:
    with signed_in(office) as visitor:
        assert visitor.get("/figures/export.pdf").status_code == 404


def test_a_period_is_chosen_in_the_browser(busy: Office, page: Page) -> None:
    a_person(busy)
    busy.deliver(complete())
    busy.clock.at = datetime(2026, 11, 20, tzinfo=UTC)

    with a_served_desk(busy) as address:
        sign_in(page, address)
        page.goto(f"{address}/figures")
        page.get_by_label("From").fill("2026-11-19")
        page.get_by_label("to", exact=True).fill("2026-11-19")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("The numbers as a table").click()

        shown = page.get_by_role("row", name="19 Nov 2026")
        assert shown.is_visible()
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
