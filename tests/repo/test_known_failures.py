"""Each row of docs/known-failures.md has its tests, or a reason why it has none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "known-failures.md"
ROWS = {"L": 17, "D": 8, "S": 7, "P": 12, "A": 10, "T": 8}
"""How many rows each part of the list has."""
IDS = [f"{part}{n}" for part, last in ROWS.items() for n in range(1, last + 1)]

TABLE_ROW = re.compile(r"^\| ([A-Z]\d+) \|.*\| ([^|]*) \|([^|]*)\|$", re.MULTILINE)
FILE = re.compile(r"`([^`]+)`")
NAMED = re.compile(
    r"^ *def test_((?:[ldspat]\d+_(?:and_)?)+)", re.MULTILINE | re.IGNORECASE
)


def table() -> dict[str, tuple[list[str], str]]:
    """Return the files of each row, and its remark."""
    return {
        row: (FILE.findall(files), remark.strip())
        for row, files, remark in TABLE_ROW.findall(PAGE.read_text())
    }


def rows_tested(text: str) -> set[str]:
    """Return the rows that the tests of a file are named after; one may have two."""
    named = "_".join(NAMED.findall(text)).upper().split("_")
    return {word for word in named if re.fullmatch(r"[A-Z]\d+", word)}


def test_the_rows_are_read_from_the_names_of_tests() -> None:
    text = """
def test_L3_one(bed: Bed) -> None:
    def test_D3_D8_two() -> None:
def test_S2_and_S3_three() -> None:
def test_p9_a_b2_four() -> None:
"""

    assert rows_tested(text) == {"L3", "D3", "D8", "S2", "S3", "P9"}


def test_every_row_is_there_once_and_in_its_order() -> None:
    assert [row for row, _, _ in TABLE_ROW.findall(PAGE.read_text())] == IDS


@pytest.mark.parametrize("row", IDS)
def test_every_row_has_a_test_of_its_name_in_each_file_or_a_reason(row: str) -> None:
    files, remark = table()[row]

    assert files or remark
    for file in files:
        assert row in rows_tested((ROOT / file).read_text()), file
