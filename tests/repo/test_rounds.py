"""The figures' frame (bench/rounds.py): what counts, and when it is short."""

import json
from pathlib import Path

import pytest

from bench.rounds import Row, alternate, ratios
from bench.table import write


def test_the_median_of_the_rounds_counts_and_not_their_mean() -> None:
    row = Row(part="ingest", what="small", figures=[0.5, 0.9, 4.0], at_least=1.0)

    assert row.median == 0.9
    assert row.verdict == "short"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row(part="a", what="b", figures=[1.0], at_least=1.0), "ok"),
        (Row(part="a", what="b", figures=[1.0], at_most=0.9), "short"),
        (Row(part="a", what="b", figures=[0.8], at_most=0.9), "ok"),
        (Row(part="a", what="b", figures=[0.8]), ""),
        (Row(part="a", what="b", at_least=1.0, missing="no peer"), "missing"),
    ],
)
def test_a_row_says_how_it_stands_to_its_target(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


def test_the_order_turns_every_second_round_and_a_warm_up_does_not_count() -> None:
    ran: list[str] = []

    def note(name: str, seconds: float) -> float:
        ran.append(name)
        return seconds

    seconds = alternate(
        2, {"a": lambda: note("a", 1.0), "b": lambda: note("b", 2.0)}, warm_up=True
    )

    assert ran == ["b", "a", "a", "b", "b", "a"]
    assert seconds == {"a": [1.0, 1.0], "b": [2.0, 2.0]}
    assert ratios(seconds["b"], seconds["a"]) == [2.0, 2.0]


def test_the_table_is_written_for_people_and_for_programs(tmp_path: Path) -> None:
    row = Row(part="ingest", what="small", figures=[1.25, 1.75], at_least=1.2)

    write([row], {"cores": "2"}, tmp_path)

    line = "| ingest | small | 1.50× | 1.25 to 1.75 | ≥ 1.20× | ok |  |"
    assert line in (tmp_path / "README.md").read_text().splitlines()
    (said,) = json.loads((tmp_path / "figures.json").read_text())["rows"]
    assert (said["median"], said["verdict"]) == (1.5, "ok")
