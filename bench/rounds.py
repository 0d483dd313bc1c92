"""The common frame of the figures: rounds, ratios within a round, rows of the table.

A machine is fast in one minute and slow in the next, so a figure is the ratio of ours
to a reference that ran in the same round. Quoted are the median and the spread of
these ratios. A module that has figures offers

    rows(rounds: int, *, smoke: bool) -> Iterator[Row]

which measures so many rounds; with `smoke` everything is tiny, once, and only shows
that nothing is broken. `bench/table.py` names the modules.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

ROUNDS = 5
CACHE = Path(tempfile.gettempdir()) / "claims-bench"
"""What is made once: mailboxes, other people's programs; and the runs' folders."""
# ext4 keeps off inodes that were freed in the last minutes and searches past each of
# them, which makes new files up to 30 times dearer.
SETTLES_AFTER_S = 370.0
TIMES = "×"
MANY = 100
T = TypeVar("T")
_KEPT = contextlib.ExitStack()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Args:
        part: what is measured, as in `ingest`.
        what: the case and its reference, as in `claims, SQLite, to mbsync`.
        figures: one for each round; none where nothing could be measured.
        unit: of the figures; ratios have `×`.
        at_least: the target, where more is better.
        at_most: the target, where less is better.
        note: what stands behind the figure, in absolute terms.
        missing: why there are no figures.
    """

    part: str
    what: str
    figures: Sequence[float] = ()
    unit: str = TIMES
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""
    missing: str = ""

    @property
    def median(self) -> float | None:
        """The figure that is quoted."""
        return statistics.median(self.figures) if self.figures else None

    @property
    def is_short(self) -> bool | None:
        """Whether the median misses the target; None without target or figures."""
        median = self.median
        if median is None or (self.at_least is None and self.at_most is None):
            return None
        is_low = self.at_least is not None and median < self.at_least
        return is_low or (self.at_most is not None and median > self.at_most)

    @property
    def verdict(self) -> str:
        """`ok`, `short`, `missing`, or empty where there is no target."""
        if self.missing:
            return "missing"
        return {None: "", True: "short", False: "ok"}[self.is_short]


def alternate(
    rounds: int, variants: Mapping[str, Callable[[], float]], *, warm_up: bool = False
) -> dict[str, list[float]]:
    """Run each variant once a round, in turned order every second round.

    Args:
        rounds: how many count.
        variants: by name; each returns the seconds it measured.
        warm_up: with one round before that does not count.

    Returns:
        The seconds of each variant, by round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    first = -1 if warm_up else 0
    for number in range(first, rounds):
        names = list(variants) if number % 2 == 0 else list(variants)[::-1]
        for name in names:
            os.sync()  # nobody pays for what the one before left to write
            taken = variants[name]()
            if number >= 0:
                seconds[name].append(taken)
    return seconds


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return `over / under` of each round."""
    return [a / b for a, b in zip(over, under, strict=True)]


def rate(count: int, seconds: Sequence[float]) -> str:
    """Return the median rate in words: `483/s`."""
    value = count / statistics.median(seconds)
    return f"{value:,.0f}/s" if value >= MANY else f"{value:.1f}/s"


def new_folder(name: str) -> Path:
    """Return a new folder for one run; nothing is removed before `clean_up`."""
    ours = _runs() / str(os.getpid())
    if not ours.exists():
        ours.mkdir(parents=True)
        for folder in (CACHE, _runs(), ours):
            folder.chmod(0o755)  # servers work as other users
        # Each run in a block group of its own, where the file system knows that.
        if chattr := shutil.which("chattr"):
            subprocess.run([chattr, "+T", ours], check=False, capture_output=True)  # noqa: S603 - our own folder
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=ours))


def keep(context: contextlib.AbstractContextManager[T]) -> T:
    """Enter a context that ends at the very end, as servers with many files do."""
    return _KEPT.enter_context(context)


def clean_up() -> None:
    """End what was kept; remove what this process and dead ones left in folders."""
    _KEPT.close()
    if not _runs().exists():
        return
    for folder in _runs().iterdir():
        pid = int(folder.name)
        if pid == os.getpid() or not psutil.pid_exists(pid):
            shutil.rmtree(folder, ignore_errors=True)
            _cleaned().touch()


def settle(say: Callable[[str], None]) -> None:
    """Wait until a clean-up of the minutes before makes no new file dear."""
    with contextlib.suppress(FileNotFoundError):
        left_s = _cleaned().stat().st_mtime + SETTLES_AFTER_S - time.time()
        if left_s > 0:
            say(f"waiting {left_s:.0f} s: files were removed just now")
            threading.Event().wait(left_s)


@contextlib.contextmanager
def tidy() -> Iterator[None]:
    """Clean up at the end, however it ends."""
    try:
        yield
    finally:
        clean_up()


def _runs() -> Path:
    return CACHE / "runs"


def _cleaned() -> Path:
    return CACHE / "cleaned"
