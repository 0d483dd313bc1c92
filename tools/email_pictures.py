"""Makes the pictures of docs/emails.md anew; needs Chromium.

Run `make pictures` after a template or a translation has changed. Each picture is one
sheet of e-mails with sample facts, as `claims templates preview` shows them.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.cli.templates import find_browser, take_picture
from worker.gallery import every_sample, frame, page

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
PHONE, DESKTOP = 360, 720
GAP = 16
"""Between frames, in pixels; the page has 24 at its sides."""
COLOURS = 256
"""Enough for letters on a plain ground, the rare colours too; few keep it small."""

MEMBERS = (
    *("received-open", "cannot_match", "held-confirm_identity"),
    *("held-identity_notice", "documents_missing", "documents_reminder"),
    *("documents_complete", "response", "approved", "rejected", "completed"),
    *("closed_incomplete", "withdrawn", "reopened-appeal"),
    *("payment_problem-refused", "merged"),
)
"""One sample of each kind that members get."""
STAFF = (
    *("staff_due_soon-24", "staff_overdue", "staff_dead_letter"),
    *("staff_mailbox_silent", "staff_digest", "staff_approval-pay", "staff_payout_due"),
)
LOOKS = (
    *(("received-open", code, PHONE, "dark") for code in ("en", "de", "es", "zh")),
    ("approved", "de", DESKTOP, "light"),
    ("approved", "de", DESKTOP, "dark"),
    ("response-open", "zh", DESKTOP, "light"),
    ("rejected", "es", DESKTOP, "dark"),
)

Shot = tuple[str, str, int, str]
"""Name of the sample, language, width in CSS pixels, `light` or `dark`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture: what is on it, and how wide it is in pixels."""

    name: str
    shots: tuple[Shot, ...]
    width: int


def sheets() -> Iterator[Sheet]:
    """Yield every sheet of the docs."""
    for code in ("en", "de", "es", "zh"):
        members = tuple((name, code, PHONE, "light") for name in MEMBERS)
        yield Sheet(f"emails-{code}", members, room_for(8, PHONE))
    yield Sheet("emails-dark-desktop", LOOKS, room_for(4, DESKTOP))
    staff = tuple((name, "en", PHONE, "light") for name in STAFF)
    yield Sheet("emails-staff", staff, room_for(len(STAFF), PHONE))


def room_for(count: int, width: int) -> int:
    """Return the width of a sheet with so many frames beside each other."""
    return 2 * 24 + count * (width + GAP)


def write(sheet: Sheet, renderer: JinjaRenderer, browser: str) -> Path:
    """Write one sheet and return where it lies."""
    samples = every_sample()
    frames = []
    for name, code, width, scheme in sheet.shots:
        reply = samples[name]
        html = renderer.render(reply.kind, reply.facts, locale=code).html
        frames.append(frame(html, name, width, scheme))
    flow = f'<div class="frames" style="flex-wrap:wrap;gap:{GAP}px">'
    target = PICTURES / f"{sheet.name}.webp"
    with tempfile.TemporaryDirectory() as home:
        view = Path(home) / "sheet.html"
        view.write_text(page(sheet.name, (flow, *frames, "</div>")), encoding="utf-8")
        taken = Path(home) / "sheet.png"
        take_picture(browser, view, taken, width=sheet.width)
        with Image.open(taken) as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.convert("RGB").save(target, lossless=True, method=6)
    return target


def main() -> int:
    """Write every sheet and say how large it is."""
    renderer, browser = JinjaRenderer(folder("templates") / "emails"), find_browser()
    for sheet in sheets():
        path = write(sheet, renderer, browser)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
