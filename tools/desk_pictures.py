"""Makes the desk's pictures anew: `make desk-pictures`; needs Chromium.

The newcomer's walk of `tests/desk/walking.py` through a running demo gives the README's
picture; then every page is taken on a desktop and on a phone, light and dark.
"""

import io
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.desk.browsers import DESKTOP, PHONE, a_browser
from tests.desk.walking import a_demo, walk

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
PAGES = {
    "claims": "/claims",
    "claim": "/claims/4",
    "triage": "/triage",
    "triage-mail": "/triage/21",
    "operations": "/operations",
    "dead-letters": "/operations/dead",
    "figures": "/figures",
    "people": "/people",
    "account": "/account",
}
LONGEST = 2400
"""Pixels of a page that a picture shows; what is below looks like what is above."""
QUALITY = 80


def main() -> None:
    """Take the pictures, and say where they are."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        a_browser() as browser,
        a_demo(Path(folder) / "demo") as address,
    ):
        page = browser.new_page(viewport=DESKTOP, color_scheme="light")

        def picture(name: str) -> None:
            if name == "reply":
                _save(page.screenshot(), PICTURES / "desk.webp")

        walk(page, address, picture)
        cookies = page.context.cookies()
        for scheme in ("light", "dark"):
            _sheet(browser, address, cookies, scheme)
    sys.stdout.write(f"The pictures are in {PICTURES}.\n")


def _sheet(browser: Browser, address: str, cookies: list, scheme: str) -> None:  # type: ignore[type-arg]
    for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
        context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        context.add_cookies(cookies)
        page = context.new_page()
        for title, path in PAGES.items():
            shot = _whole(page, address + path)
            _save(shot, PICTURES / f"desk-{title}-{name}-{scheme}.webp")
        context.close()


def _whole(page: Page, where: str) -> bytes:
    page.goto(where)
    page.wait_for_load_state("networkidle") if "/operations" not in where else None
    height = page.evaluate("document.documentElement.scrollHeight")
    width = page.viewport_size["width"] if page.viewport_size else 0
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, LONGEST)}
    return page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]


def _save(shot: bytes, path: Path) -> None:
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    if re.search("desktop", path.name):
        picture = picture.resize((960, round(picture.height * 960 / picture.width)))
    picture.save(path, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
