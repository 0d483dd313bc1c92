"""Where the command line prints: results on stdout, everything else on stderr."""

import sys

from rich.markup import escape

from worker.terminal import Printer

out = Printer(highlight=False)
err = Printer(stderr=True, highlight=False)


def warn(message: str) -> None:
    """Print one line about something that works and should still be looked at."""
    err.print(f"[yellow]claims:[/] {escape(message)}", soft_wrap=True)


def fail(message: str, *, code: int | None) -> None:
    """Print one line that says what is wrong and what to do, and exit with `code`."""
    err.print(f"[bold red]claims:[/] {escape(message.strip())}", soft_wrap=True)
    if code is not None:
        sys.exit(code)
