"""The extra `ocr`: pictures of text are read, and count as the papers they show."""

import re
from pathlib import Path

import pytest

from bench import ocr as bench_ocr
from tests.drawn_papers import ENGLISH, a_paper, receipt, saved, screen
from worker.adapters import ocr
from worker.adapters.ocr import Words
from worker.bootstrap import Parts
from worker.settings import Settings


def test_the_extra_is_installed_for_the_tests() -> None:
    assert ocr.is_installed()


def test_runs_of_words_side_by_side_are_one_line_also_on_an_askew_paper() -> None:
    slope = 0.1
    found = [
        Words("Total", 100, 400 + 100 * slope, 30, slope),
        Words("$9.00", 700, 400 + 700 * slope, 30, slope),
        Words("Tea set", 100, 340 + 100 * slope, 30, slope),
        Words("$4.00", 700, 340 + 700 * slope, 30, slope),
    ]

    assert ocr.in_lines(found) == "Tea set  $4.00\nTotal  $9.00"


@pytest.mark.slow
def test_an_order_page_and_a_photographed_receipt_are_read() -> None:
    paper = a_paper(3, ENGLISH, "ORD-20261104-0183")
    files = {
        "2": saved(screen(8, 2, paper=paper)),
        "3": saved(receipt(4, 2, paper=paper), "JPEG", quality=35),
        "4": b"\xff\xd8\xff no picture",
    }

    texts = ocr.read(files)

    assert texts.keys() == {"2", "3"}
    for text in texts.values():
        squeezed = re.sub(r"\s", "", text)
        assert "ORD-20261104-0183" in squeezed
        assert paper.total in squeezed


@pytest.mark.slow
@pytest.mark.parametrize("document", ["D1", "D2"])
def test_a_picture_of_a_paper_satisfies_and_without_ocr_reaches_a_reviewer(
    document: str,
) -> None:
    (with_ocr,) = bench_ocr.verdicts(document, [0], with_ocr=True)
    (without,) = bench_ocr.verdicts(document, [0], with_ocr=False)

    assert with_ocr[1] == "satisfied"
    assert without[1] == "provisional"


def test_where_it_is_switched_off_nobody_reads_pictures(tmp_path: Path) -> None:
    assert Parts(Settings(ocr=False, data_dir=tmp_path)).scanner is None
