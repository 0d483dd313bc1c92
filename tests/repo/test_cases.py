"""Every acceptance case of the terms has a test of its name."""

import re
from pathlib import Path

import pytest

FLOW = Path(__file__).parents[1] / "flow"
NAMED = re.compile(r"^def test_(EX_\d\d)_", re.MULTILINE)
CASES = [f"EX_{number:02}" for number in range(1, 81)]

NAMES = [name for path in FLOW.glob("*.py") for name in NAMED.findall(path.read_text())]


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_a_test_of_its_name(case: str) -> None:
    assert case in NAMES


def test_no_test_names_a_case_that_the_terms_do_not_have() -> None:
    assert set(NAMES) <= {f"EX_{number:02}" for number in range(1, 81)}
