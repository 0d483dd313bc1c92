"""No scenario is missing, and every test that the table names exists."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.chaos.rig import ROOT
from tests.chaos.scenarios import LAST, SCENARIOS, node_ids


def test_every_scenario_is_in_the_table() -> None:
    assert list(SCENARIOS) == list(range(1, LAST + 1))


def test_every_scenario_has_tests_or_a_reason() -> None:
    assert [n for n, one in SCENARIOS.items() if not one.tests and not one.reason] == []


@pytest.mark.parametrize("number", SCENARIOS)
def test_every_test_of_a_scenario_exists(number: int) -> None:
    named = node_ids(SCENARIOS[number])

    assert [name for name in named if not _exists(name)] == []


def _exists(name: str) -> bool:
    path, _, rest = name.partition("::")
    return rest in _tests_of(ROOT / path)


@cache
def _tests_of(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (one for one in node.body if isinstance(one, ast.FunctionDef))
            found |= {f"{node.name}::{one.name}" for one in inner}
    return frozenset(found)
