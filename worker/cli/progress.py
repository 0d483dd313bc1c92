"""How far long work is, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.cli.console import err


@contextmanager
def shown_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield who is told what is being done, how much of it is, and how much there is.

    Where stderr is no terminal nothing is shown.
    """
    from rich.progress import Progress  # noqa: PLC0415 - a page of help needs it not

    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        tasks = {}

        def show(doing: str, done: int, total: int) -> None:
            if doing not in tasks:
                tasks[doing] = bar.add_task(doing, total=total)
            bar.update(tasks[doing], completed=done, total=total)

        yield show
