"""Rules about README.md, docs/ and deploy/: what they name and show is there.

Where a block of output is not what the program prints, copy it from the failure.
"""

import io
import os
import re
import sqlite3
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import pytest
import typer

from worker.adapters import migrations
from worker.cli import make_app
from worker.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
SETTINGS_PAGE = DOCS / "settings.md"
UNIT = ROOT / "deploy" / "systemd" / "claims@.service"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONFIGURATIONS = [
    ROOT / "docker-compose.yml",
    ROOT / "Dockerfile",
    ROOT / "Makefile",
    *sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file()),
]
TREES = ("worker", "bench", "tools", "migrations", "templates")
TOP = {path.name for path in ROOT.iterdir()}
NOT_YET = "(not acted on yet)"
DEFAULTS = {None: "unset", (): "empty", True: "`true`", False: "`false`"}

# As the script `claims` does it: help shows that name.
PROGRAM = "import sys; sys.argv[0] = 'claims'; from worker.cli import main; main()"

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)]*))?\)")
VARIABLE = re.compile(rf"\b{PREFIX}[A-Z_]*[A-Z]\b")
TABLE_ROW = re.compile(rf"^\| `({PREFIX}[A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
SHOWN = re.compile(r"(?ms)^<!-- output: ([^\n]+) -->\n```text\n(.*?)^```$")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


# -- what the pages hold ------------------------------------------------------------


def spans(page: Path) -> list[str]:
    """Return the code within sentences and tables."""
    return SPAN.findall(FENCE.sub("", page.read_text()))


def shell_lines(page: Path) -> Iterator[str]:
    """Return each command line of the blocks of shell, as one line."""
    for language, block in FENCE.findall(page.read_text()):
        if language not in {"sh", "console"}:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if language == "sh" or line.startswith("$ "):
                yield line.removeprefix("$ ").partition("#")[0].strip()


def claims_commands(page: Path) -> Iterator[list[str]]:
    """Return the words behind `claims` wherever a page names a command."""
    for text in (*spans(page), *shell_lines(page)):
        found = re.match(r"(?:[A-Z_]+=\S+ )*claims (.+)", text)
        if found:
            yield found[1].split()


def check_command(words: list[str]) -> None:
    """Make sure that a command, its subcommand and its options exist."""
    command = typer.main.get_command(make_app())
    names = list(takewhile(re.compile(r"[a-z][a-z-]*").fullmatch, words))
    while children := getattr(command, "commands", {}):
        if not names:
            break
        assert names[0] in children, f"there is no `claims {' '.join(words)}`"
        command = children[names.pop(0)]
    known = {"--help"} | {option for one in command.params for option in one.opts}
    options = {word for word in words if word.startswith("--")}
    assert options <= known, f"`claims {' '.join(words)}` has no such option"


def names_of_variables(path: Path) -> set[str]:
    """Return the settings that a file names; identifiers of Python are none."""
    text = path.read_text()
    if path.suffix != ".py":
        return set(VARIABLE.findall(text))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    texts = [token.string for token in tokens if token.type != tokenize.NAME]
    # Up to Python 3.11 an f-string is one token, with identifiers in braces.
    return set(VARIABLE.findall(re.sub(r"\{[^{}]*\}", "", "\n".join(texts))))


def variable_of(field: str) -> str:
    alias = Settings.model_fields[field].alias
    return PREFIX + field.upper() if alias is None else alias


def shown_default(field: str) -> str:
    default = Settings.model_fields[field].default
    if default is None or isinstance(default, bool | tuple):
        return DEFAULTS[default]
    assert not isinstance(default, datetime)
    return f"`{default}`"


def files_of(tree: str) -> list[Path]:
    files = (path for path in (ROOT / tree).rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts]


def printed(*words: str) -> str:
    """Return what a command prints on 80 columns, lines stripped at their end."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *words],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb", "PYTHONUTF8": "1"},
        text=True,
        timeout=60,
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n")


# -- paths, links and targets -------------------------------------------------------


@every_page
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    candidates = {text.removesuffix("/") for text in spans(page) if " " not in text}
    paths = {one for one in candidates if one.partition("/")[0] in TOP}

    missing = {
        path for path in paths if "<" not in path and not list(ROOT.glob(path))
    } - {"claims"}

    assert missing == set()


@every_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = {target for target, _ in LINK.findall(page.read_text())}
    inside = {link for link in links if "://" not in link}

    assert {link for link in inside if not (page.parent / link).exists()} == set()


@every_page
def test_every_link_within_a_page_has_its_heading(page: Path) -> None:
    text = page.read_text()
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


@every_page
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    lines = [*spans(page), *shell_lines(page)]
    named = {line.split()[1] for line in lines if re.match(r"make [a-z]", line)}

    assert named <= targets


# -- commands -----------------------------------------------------------------------


@every_page
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    for words in claims_commands(page):
        check_command(words)


def test_a_page_shows_every_command() -> None:
    page = (DOCS / "commands.md").read_text()
    named = set(re.findall(r"(?m)^│ ([a-z-]+) ", page))

    commands = typer.main.get_command(make_app()).commands  # type: ignore[attr-defined]
    assert {name for name, one in commands.items() if not one.hidden} <= named


def test_every_command_that_a_configuration_names_exists() -> None:
    for path in CONFIGURATIONS:
        for words in re.findall(r"`claims ([^`]+)`", path.read_text()):
            check_command(words.split())


@pytest.mark.parametrize(
    "path", [DOCS / "running.md", UNIT], ids=lambda path: path.name
)
def test_every_instance_of_the_unit_is_a_command(path: Path) -> None:
    instances = set(re.findall(r"(?<![:\w])claims@([a-z]+)(?![\w.])", path.read_text()))
    instances.discard("localhost")  # in the default of CLAIMS_FROM

    assert instances
    for instance in instances:
        check_command([instance])


@pytest.mark.slow
def test_what_the_pages_show_is_what_the_program_prints() -> None:
    blocks = [one for page in PAGES for one in SHOWN.findall(page.read_text())]

    assert blocks
    for command, shown in blocks:
        assert shown.strip("\n") == printed(*command.split()), command


def test_the_operators_questions_to_the_database_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "claims.db"
    migrations.upgrade(f"sqlite:///{path}")

    page = (DOCS / "operating.md").read_text()
    blocks = [text for kind, text in FENCE.findall(page) if kind == "sql"]

    assert blocks
    with sqlite3.connect(path) as connection:
        for statement in "".join(blocks).split(";"):
            connection.execute(statement)
    connection.close()


# -- settings -----------------------------------------------------------------------


def test_the_table_has_every_setting_with_its_default() -> None:
    rows = TABLE_ROW.findall(SETTINGS_PAGE.read_text())
    table = {name: default for name, default, _ in rows}

    assert table == {
        variable_of(field): shown_default(field) for field in Settings.model_fields
    }


def test_the_table_marks_the_settings_that_nothing_reads_yet() -> None:
    sources = "\n".join(
        path.read_text() for path in files_of("worker") if path.suffix == ".py"
    )
    unread = {
        variable_of(field)
        for field in Settings.model_fields
        if not re.search(rf"settings\.{field}\b", sources)
    }
    rows = TABLE_ROW.findall(SETTINGS_PAGE.read_text())

    assert {name for name, _, text in rows if NOT_YET in text} == unread


@pytest.mark.parametrize("tree", ["", *TREES])
def test_every_variable_that_is_named_is_a_setting(tree: str) -> None:
    known = {variable_of(field) for field in Settings.model_fields}
    files = files_of(tree) if tree else [*PAGES, *CONFIGURATIONS]

    unknown = {str(path): names_of_variables(path) - known for path in files}

    assert {path: names for path, names in unknown.items() if names} == {}


def test_the_example_is_read_as_settings_without_a_fault(tmp_path: Path) -> None:
    example = (ROOT / "deploy" / "example.env").read_text()
    everything = re.sub(rf"^#({PREFIX})", r"\1", example, flags=re.MULTILINE)
    path = tmp_path / "worker.env"
    path.write_text(everything)

    settings = Settings(_env_file=path)

    named = {line.partition("=")[0] for line in everything.splitlines()}
    for field in Settings.model_fields:
        if variable_of(field) in named:
            assert getattr(settings, field) != Settings.model_fields[field].default


# -- pictures -----------------------------------------------------------------------


def test_every_picture_is_shown_and_all_are_small() -> None:
    pictures = list((ROOT / "docs" / "img").iterdir())
    shown = " ".join(page.read_text() for page in PAGES)

    assert [one.name for one in pictures if f"img/{one.name})" not in shown] == []
    assert sum(one.stat().st_size for one in pictures) < 5_000_000
