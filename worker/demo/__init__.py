"""The demo: everything embedded, sample members' mails arriving."""

from pathlib import Path


def run_demo(*, once: bool, data_dir: Path | None) -> None:
    """Run the demo."""
    raise NotImplementedError(once, data_dir)
