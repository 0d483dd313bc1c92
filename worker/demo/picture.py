"""The README's picture: `python -m worker.demo.picture docs/img/demo.svg`.

The samples run as in `claims demo --once`, and the last view of them is drawn.
"""

import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from worker import log as logs
from worker.demo.performing import LOG, headline, own_screen, until_settled
from worker.demo.show import opened
from worker.demo.view import screen
from worker.serve import stop_on_signals

WIDTH, HEIGHT = 120, 46
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Taken out: a picture that asks another site for its letters is not shown by many."""
SHOWN_FOLDER = "/tmp/claims-demo"  # noqa: S108 - drawn, not used


def draw(path: Path) -> None:
    """Run the samples and draw what the demo shows then, as SVG."""
    stop = stop_on_signals()
    console = Console(record=True, file=io.StringIO(), width=WIDTH, height=HEIGHT)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name,
        own_screen(Path(name) / LOG) as screens,
    ):
        logs.configure(stream=screens.log)
        with opened(Path(name), screens.log, has_desk=True) as show:
            *_, (scene, _) = until_settled(show, stop)
            hints = show.guide.hints(is_kept=False)
            view = screen(
                scene,
                width=WIDTH,
                height=HEIGHT,
                head=headline(show, scene),
                hints=[hint.replace(name, SHOWN_FOLDER) for hint in hints],
            )
            console.print(view)
    svg = console.export_svg(title="claims demo")
    path.write_text(WEB_FONT.sub("", svg), encoding="utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]).resolve())
