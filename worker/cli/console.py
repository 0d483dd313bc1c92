"""Where the command line prints: results on stdout, everything else on stderr."""

import sys

from rich.console import Console

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, *, code: int | None) -> None:
    """Print one line that says what is wrong and what to do, and exit with `code`."""
    err.print(f"[bold red]claims:[/] {message.strip()}", soft_wrap=True, markup=True)
    if code is not None:
        sys.exit(code)
