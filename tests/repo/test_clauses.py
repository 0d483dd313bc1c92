"""Rules about clauses: every id that is cited exists, and mechanical ones are held."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.domain.clauses import CLAUSES

ROOT = Path(__file__).parents[2]
LETTERS = {"C": 13, "D": 6, "P": 16, "X": 14}
TERMS = {
    *(
        f"{letter}{number}"
        for letter, last in LETTERS.items()
        for number in range(1, last + 1)
    ),
    *(f"G{number}" for number in range(1, 9)),
    *("G9a", "G9b"),
}
"""The ids of the terms."""
FAMILIES = {"G9": {"G9a", "G9b"}}
"""Ids that stand for several together."""
MECHANICAL = ("G1", "G2", "G3", "G5", "G6", "G8", "C6", "C7", "C10", "C11", "C12")
"""Clauses that software works out by itself."""

LONG = 40
"""Letters of a text that nobody writes again by chance."""

CLAUSE = r"[CDGPX]\d{1,2}[a-z]?\b"
CITED = re.compile(
    rf"\b[Cc]lauses?\s+(?:\"\"\")?({CLAUSE}(?:(?:,\s+|\s+and\s+|\s+or\s+|-){CLAUSE})*)"
)
ONE = re.compile(CLAUSE)
LITERAL = re.compile(rf"ClauseId\(\"({CLAUSE})\"\)")


def sources(*folders: str) -> dict[str, str]:
    """Return the texts of a folder by path."""
    files = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for path in sorted(files)
        if path.suffix in {".py", ".txt", ".html"}
    }


def cited(text: str) -> set[str]:
    """Return the ids that follow the word clause, and those in code."""
    listed = {one for group in CITED.findall(text) for one in ONE.findall(group)}
    return listed | set(LITERAL.findall(text))


CITING = {
    path: text for path, text in sources("worker", "templates").items() if cited(text)
}


@pytest.mark.parametrize("path", CITING, ids=str)
def test_every_clause_that_is_cited_exists(path: str) -> None:
    assert cited(CITING[path]) <= TERMS | FAMILIES.keys()


def test_citations_are_found_in_lists_and_over_line_ends() -> None:
    text = 'Source: clauses C5, C11,\n    G3 and G9a. The clause C10: ClauseId("P13")'

    assert cited(text) == {"C5", "C11", "G3", "G9a", "C10", "P13"}


def test_every_clause_of_the_terms_has_its_text_in_one_place() -> None:
    documents = {f"D{number}" for number in range(1, 7)}

    assert CLAUSES.keys() == TERMS - documents
    assert all(clause.title and clause.text for clause in CLAUSES.values())


@pytest.mark.parametrize("path", sources("worker"), ids=str)
def test_no_other_file_repeats_the_text_of_a_clause(path: str) -> None:
    said = " ".join(sources("worker")[path].replace('"', " ").split())
    long = [clause for clause in CLAUSES.values() if len(clause.text) > LONG]

    repeated = [clause.clause_id for clause in long if clause.text in said]
    assert path == "worker/domain/clauses.py" or not repeated


def functions(folder: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Yield every function and method of a folder with its source."""
    for path, text in sources(folder).items():
        if path.endswith(".py"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    yield node, ast.get_source_segment(text, node) or ""


def clauses_of_rules() -> set[str]:
    """Return the clauses that functions of the domain name as their source."""
    told = (ast.get_docstring(one) or "" for one, _ in functions("worker/domain"))
    found = (text[text.index("Source:") :] for text in told if "Source:" in text)
    return {clause for text in found for clause in cited(text)}


def clauses_of_tests() -> set[str]:
    """Return the clauses that stand in the name or the body of a test of a rule."""
    standing_alone = re.compile(rf"(?<![A-Za-z0-9]){CLAUSE}")
    return {
        clause
        for one, text in functions("tests/flow")
        if one.name.startswith("test_")
        # In names an id stands between underscores.
        for clause in standing_alone.findall(text.replace("_", " "))
    }


RULES, TESTED = clauses_of_rules(), clauses_of_tests()


@pytest.mark.parametrize("clause", MECHANICAL)
def test_every_mechanical_clause_is_the_source_of_a_function_and_has_a_test(
    clause: str,
) -> None:
    assert clause in RULES
    assert clause in TESTED


@pytest.mark.parametrize("clause", sorted(RULES - FAMILIES.keys()))
def test_every_clause_that_a_function_rests_on_exists_and_has_a_test(
    clause: str,
) -> None:
    assert clause in TERMS
    assert clause in TESTED


def test_no_test_names_a_clause_that_the_terms_do_not_have() -> None:
    named = {
        clause
        for one, _ in functions("tests/flow")
        if one.name.startswith("test_")
        # D is left out: a test may name a day so.
        for clause in re.findall(
            r"(?<= )[CGPX]\d{1,2}[a-z]?\b", one.name.replace("_", " ")
        )
    }

    assert named <= TERMS | FAMILIES.keys()
