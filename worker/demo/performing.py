"""The demo from its first line to its last."""

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from worker import log as logs
from worker.adapters.embedded_redis import find_redis_server
from worker.demo.plain import Ticker
from worker.demo.results import LEGEND, find_faults, results_table
from worker.demo.show import Show, opened
from worker.demo.view import WIDE, screen
from worker.demo.watching import Scene
from worker.domain.counting import counted
from worker.domain.errors import SettingsInvalid, UsageError, WrongUse
from worker.serve import stop_on_signals
from worker.terminal import Printer

LOOK_EVERY = timedelta(milliseconds=250)
MAIL_EVERY = timedelta(seconds=1.5)
"""How fast sample mails arrive while somebody watches."""
GIVE_UP_AFTER = timedelta(seconds=150)
QUIET_FOR = timedelta(seconds=45)
"""Longer than the schedule's pace: what has not happened by then will not."""
PIPED_WIDTH = 150
LOG = "demo.log"


def perform(*, once: bool, data_dir: Path | None) -> None:
    """Show the program at work; see `run_demo`."""
    if find_redis_server() is None:
        fault = "the demo needs redis-server: install your system's package for it"
        raise SettingsInvalid([fault])
    faults: list[str] = []
    with (
        _folder(data_dir) as folder,
        contextlib.chdir(folder),  # no .env of the visitor's speaks into it
        own_screen(folder / LOG) as screens,
    ):
        stop = stop_on_signals()
        # A terminal that is closed ends the demo as Ctrl-C does.
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
        console = _console(screens.out)
        logs.configure(stream=screens.log)
        if once:
            faults = _once(folder, screens, console, stop)
        else:
            _live(folder, screens.log, console, stop, is_kept=data_dir is not None)
        if data_dir is not None:
            console.print(f"The data is in {folder}.", soft_wrap=True, markup=False)
    if once and stop.is_set():
        raise KeyboardInterrupt
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise UsageError(f"not as expected: {faults[0]}{more}")


# -- with an audience ---------------------------------------------------------------


def _live(
    folder: Path, log: TextIO, console: Console, stop: threading.Event, *, is_kept: bool
) -> None:
    """Let the samples arrive one by one, and whatever else comes, until Ctrl-C."""
    console.print("[dim]Starting mail servers, redis, poller, workers ...[/]")
    with opened(folder, log, has_desk=True) as show:
        console.print(show.guide.text(), soft_wrap=True, markup=False)
        if console.is_terminal and not console.is_dumb_terminal:
            _watch_screen(show, console, stop, is_kept=is_kept)
        else:
            _watch_lines(show, console, stop)
        console.print("[dim]Ending ...[/]")


def _watch_screen(
    show: Show, console: Console, stop: threading.Event, *, is_kept: bool
) -> None:
    hints = show.guide.hints(is_kept=is_kept)
    # Without a refreshing thread: children are started from here by fork.
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for scene in _scenes(show, stop, mail_every=MAIL_EVERY):
            _fit(console)
            view = screen(
                scene,
                width=console.width,
                height=console.height - 1,
                head=headline(show, scene),
                hints=hints,
            )
            live.update(view, refresh=True)


def _watch_lines(show: Show, console: Console, stop: threading.Event) -> None:
    ticker = Ticker()
    for scene in _scenes(show, stop, mail_every=MAIL_EVERY):
        for line in ticker.news(scene):
            console.print(line, soft_wrap=True, markup=False)


def headline(show: Show, scene: Scene) -> str:
    """Return what the demo is doing just now, as markup."""
    total, waiting = len(show.play.samples), show.waiting
    done = f"{total - waiting} of {total} sample mails have arrived"
    what = done if waiting else "all sample mails have arrived; your turn"
    return f" [bold]claims demo[/]  {what}  [dim]{scene.now:%H:%M:%S} UTC[/]"


# -- once ---------------------------------------------------------------------------


def _once(
    folder: Path, screens: "Screens", console: Console, stop: threading.Event
) -> list[str]:
    """Process the samples and print the results; return what was not as expected."""
    began = time.monotonic()
    beside = _console(screens.err)
    is_shown = beside.is_terminal and not beside.is_dumb_terminal
    with opened(folder, screens.log) as show:
        samples = show.play.samples
        last: Scene | None = None
        faults = ["stopped before its end"]
        progress = Live(console=beside, auto_refresh=False, transient=True)
        with progress if is_shown else contextlib.nullcontext() as live:
            for scene, found in until_settled(show, stop):
                last, faults = scene, found
                if live is not None:
                    live.update(Text(_progress(show, scene)), refresh=True)
        if stop.is_set():
            return faults
        if last is not None:
            _fit(console)
            table = results_table(last, samples, is_wide=console.width >= WIDE)
            console.print(table)
            console.print(LEGEND, style="dim")
        seconds = time.monotonic() - began
        words = "all as expected" if not faults else f"{len(faults)} not as expected"
        for fault in faults:
            console.print(f"! {fault}", style="red", markup=False, soft_wrap=True)
        console.print(f"{len(samples)} sample mails in {seconds:.1f} s: {words}.")
        return faults


def until_settled(
    show: Show, stop: threading.Event
) -> Iterator[tuple[Scene, list[str]]]:
    """Yield scenes and what is not as expected in them, until that is nothing.

    Ends too when nothing moves any more, or it takes too long.
    """
    began = moved_at = time.monotonic()
    last: list[str] = []
    for scene in _scenes(show, stop, mail_every=timedelta(0)):
        faults = find_faults(scene, show.play.samples, replies=show.replies)
        yield scene, faults
        now = time.monotonic()
        if scene.busy or show.waiting or faults != last:
            moved_at, last = now, faults
        is_quiet = now - moved_at > (QUIET_FOR.total_seconds() if faults else 0)
        if is_quiet or now - began > GIVE_UP_AFTER.total_seconds():
            return


def _progress(show: Show, scene: Scene) -> str:
    settled = sum(mail.fate is not None for mail in scene.mails)
    sent = scene.counts.emails_by_status.get("sent", 0)
    return (
        f"{settled} of {counted(len(show.play.samples), 'sample')} settled,"
        f" {counted(sent, 'reply', 'replies')} sent"
    )


# -- around it ----------------------------------------------------------------------


def _scenes(
    show: Show, stop: threading.Event, *, mail_every: timedelta
) -> Iterator[Scene]:
    """Keep everything going, and yield what it looks like."""
    mail_at = time.monotonic()
    while not stop.is_set():
        show.supervisor.tend()
        if time.monotonic() >= mail_at and show.send_next():
            mail_at = time.monotonic() + mail_every.total_seconds()
            if not mail_every:
                continue
        scene = show.look()
        if scene is not None:
            yield scene
        stop.wait(LOOK_EVERY.total_seconds())


@contextlib.contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    """Give the folder to work in: a new one that is removed, or the visitor's.

    Raises:
        WrongUse: the visitor's has something in it.
    """
    if data_dir is None:
        with tempfile.TemporaryDirectory(
            prefix="claims-demo-", ignore_cleanup_errors=True
        ) as name:
            yield Path(name).resolve()
        return
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        is_used = any(data_dir.iterdir())
    except OSError as error:
        raise WrongUse(f"{data_dir} cannot be used: {error.strerror}") from None
    if is_used:
        raise WrongUse(f"{data_dir} is not empty: name a new folder for the demo")
    yield data_dir.resolve()


@dataclass(frozen=True, slots=True)
class Screens:
    """Where the demo's own words go, and everything else."""

    out: TextIO
    err: TextIO
    log: TextIO


@contextlib.contextmanager
def own_screen(path: Path) -> Iterator[Screens]:
    """Give the screens and the log, to which all else of ours and children's goes.

    Whatever writes to the streams 1 and 2 meanwhile writes into the log.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    saved = {number: os.dup(number) for number in (1, 2)}
    with path.open("a", encoding="utf-8", buffering=1) as log:
        for number in saved:
            os.dup2(log.fileno(), number)
        try:
            with _opened_again(saved[1]) as out, _opened_again(saved[2]) as err:
                yield Screens(out, err, log)
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, copy in saved.items():
                os.dup2(copy, number)
                os.close(copy)


def _opened_again(number: int) -> TextIO:
    return os.fdopen(
        os.dup(number), "w", encoding=sys.stdout.encoding, errors="replace"
    )


def _console(screen_file: TextIO) -> Console:
    is_piped = not screen_file.isatty() and "COLUMNS" not in os.environ
    console = Printer(
        file=screen_file, highlight=False, width=PIPED_WIDTH if is_piped else None
    )
    _fit(console)
    return console


def _fit(console: Console) -> None:
    """Take the size from the screen itself: rich asks streams that are the log now."""
    if console.file.isatty():
        size = os.get_terminal_size(console.file.fileno())
        if size.columns and size.lines:
            console.size = (size.columns, size.lines)
