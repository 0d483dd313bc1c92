"""Makes the desk's pictures anew: `make desk-pictures`; needs Chromium.

Every page of a running demo is taken on a desktop and on a phone, light and dark; then
the newcomer's walk of `tests/desk/walking.py` gives the README's picture.
"""

import io
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.desk.browsers import DESKTOP, PHONE, a_browser
from tests.desk.walking import a_demo, enter, until_there, walk

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
PAGES: dict[str, str | tuple[str, str]] = {
    "claims": "/claims",
    "claim": "/claims/4",
    "triage": "/triage",
    "triage-mail": "/triage/21",
    "operations": "/operations",
    "dead-letters": "/operations/dead",
    "figures": "/figures",
    "people": "/people",
    "account": "/account",
    "reply": "/claims/4/reply",
    "document": ("/claims/4", "a[href$='/view']"),
    "merge": "/triage/merge",
    "points": "/points/1",
    "dead-letter": ("/operations/dead", "a[href^='/operations/dead/']:not([download])"),
    "held": "/operations/held",
    "log": "/operations/log",
    "person": ("/people", "a[href^='/people/']"),
    "phone-code": "/account/phone",
    "sign-in": "/sign-in",
}
"""Where each page is; of a pair, the first such link on the page named before."""
LAST_SAMPLE = "1 duplicate"
"""What the operations page says once the demo's last mail is settled."""
SIGNED_OUT = ("sign-in",)
LONGEST = 2400
"""Pixels of a page that a picture shows; what is below looks like what is above."""
QUALITY = 70


def main() -> None:
    """Take the pictures, and say where they are."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        a_browser() as browser,
        a_demo(Path(folder) / "demo") as address,
    ):
        page = browser.new_page(viewport=DESKTOP, color_scheme="light")
        enter(page, address)
        page.goto(f"{address}/operations/dead")
        until_there(page, page.locator("tbody [data-open]").count)
        page.goto(f"{address}/operations")
        until_there(page, page.get_by_text(LAST_SAMPLE, exact=True).count)
        cookies = page.context.cookies()
        for scheme in ("light", "dark"):
            _sheet(browser, address, cookies, scheme)
        page = browser.new_page(viewport=DESKTOP, color_scheme="light")

        def picture(name: str) -> None:
            if name == "reply":
                _save(page.screenshot(), PICTURES / "desk.webp")

        walk(page, address, picture)
    sys.stdout.write(f"The pictures are in {PICTURES}.\n")


def _sheet(browser: Browser, address: str, cookies: list, scheme: str) -> None:  # type: ignore[type-arg]
    for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
        context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        context.add_cookies(cookies)
        page = context.new_page()
        for title, path in PAGES.items():
            if title in SIGNED_OUT:
                context.clear_cookies()
            shot = _whole(page, address + _path(page, address, path))
            _save(shot, PICTURES / f"desk-{title}-{name}-{scheme}.webp")
        context.close()


def _path(page: Page, address: str, path: str | tuple[str, str]) -> str:
    if isinstance(path, str):
        return path
    page.goto(address + path[0])
    found = page.locator(path[1]).first.get_attribute("href")
    if found is None:
        raise LookupError(f"{path[0]} has no {path[1]}")
    return found


def _whole(page: Page, where: str) -> bytes:
    answer = page.goto(where)
    if answer is None or not answer.ok:
        raise LookupError(f"{where} is no page to take")
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
