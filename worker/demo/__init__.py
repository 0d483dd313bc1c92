"""The demo: everything embedded, sample members' mails arriving."""

from pathlib import Path


def run_demo(*, once: bool, data_dir: Path | None) -> None:
    """Show the program at work until Ctrl-C; with `once`, until the samples are done.

    Args:
        once: print the table of results at the end.
        data_dir: an empty or new folder to keep the data in; None keeps nothing.

    Raises:
        UsageError: the folder is not empty, or a sample did not end as expected.
        SettingsInvalid: no redis-server is on this machine.
    """
    # Pillow, rich and all, which the other commands need not load.
    from worker.demo.performing import perform  # noqa: PLC0415

    perform(once=once, data_dir=data_dir)
