"""The newcomer's walk through the desk of a running demo, with pictures on the way."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Error, Page, expect

from worker.demo.desk import NAME, PASSWORD

ADDRESS = re.compile(r"The desk +(http://\S+)")
STARTS_WITHIN_S = 60.0
SLOWLY_MS = 20_000
"""A page in a frame is a second one to be made, beside a whole demo on two cores."""
WORDS = "We look at your photographs this week and write to you again."
Picture = Callable[[str], object]


@contextmanager
def a_demo(folder: Path) -> Iterator[str]:
    """Run `claims demo` and give the address of its desk.

    Raises:
        AssertionError: it does not say one in time.
    """
    words = [sys.executable, "-m", "worker", "demo", "--data-dir", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    assert process.stdout is not None
    late = threading.Timer(STARTS_WITHIN_S, process.kill)
    late.start()
    try:
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, "the demo ended before it named its desk"
            found = ADDRESS.search(line)
        late.cancel()
        # Whatever else it says must not fill the pipe.
        rest = threading.Thread(target=process.stdout.read)
        rest.start()
        yield found[1]
        process.terminate()
        rest.join()
    finally:
        late.cancel()
        process.terminate()
        process.wait(30)
        process.stdout.close()


def walk(page: Page, address: str, picture: Picture) -> None:
    """Open a claim, read why it stands there, answer it, requeue a dead letter."""
    enter(page, address, picture)

    row = page.get_by_role("row").filter(has_text="M104233")
    until_there(page, row.count)
    picture("claims")
    row.get_by_role("link").first.click()
    expect(page.locator("#why")).to_contain_text("A person decides")
    expect(page.locator("#documents")).to_contain_text("Proof of purchase")
    picture("claim")

    page.get_by_role("button", name="Say where it stands").click()
    page.locator("#reply-body").fill(WORDS)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Goes out in a moment")).to_be_visible()
    framed = page.frame_locator('iframe[name="preview-pending"]')
    expect(framed.get_by_text(WORDS)).to_be_visible(timeout=SLOWLY_MS)
    picture("reply")
    sent = page.locator("#mails").get_by_text(WORDS)
    until_there(page, sent.count)

    page.get_by_role("link", name="Operations").click()
    picture("operations")
    page.get_by_role("link", name=re.compile("Dead letters")).first.click()
    until_there(page, page.locator("tbody [data-open]").count)
    picture("dead-letters")
    page.locator("tbody [data-open] a").first.click()
    page.get_by_role("button", name="Try again").click()
    until_there(page, page.get_by_text("No dead letters. Good.").count)


def enter(page: Page, address: str, picture: Picture = str) -> None:
    """Sign in as the demo says."""
    page.goto(address)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    picture("sign-in")
    page.get_by_role("button", name="Sign in").click()


def until_there(page: Page, count: Callable[[], int], *, tries: int = 60) -> None:
    """Load the page again, once a second, until something is on it."""
    for _ in range(tries):
        if count():
            return
        page.wait_for_timeout(1000)
        with suppress(Error):  # where the page goes on by itself just then
            page.reload()
    raise AssertionError("it never came")
