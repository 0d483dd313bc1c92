"""A real browser on a real server, for the pages as people see them."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.desk.visitors import PASSWORD
from tests.office import Office
from tests.services import ServiceMissing
from worker.desk.running import DeskServer

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=860)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Give Debian's Chromium without a window.

    Raises:
        ServiceMissing: it is not installed.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise ServiceMissing("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        yield browser
        browser.close()


@contextmanager
def a_served_desk(office: Office) -> Iterator[str]:
    """Serve the desk of an office on a free port, and give its address."""
    settings = office.parts.settings
    office.parts.settings = settings.model_copy(update={"desk_bind": "127.0.0.1:0"})
    server = DeskServer(office.parts)
    stop = threading.Event()
    serving = threading.Thread(target=server.run, args=(stop,))
    serving.start()
    try:
        yield server.address
    finally:
        stop.set()
        serving.join()


def sign_in(page: Page, address: str, name: str = "mei") -> None:
    """Sign in as a person would."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def picture(page: Page, folder: Path, name: str) -> Path:
    """Take a picture of the whole page."""
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
