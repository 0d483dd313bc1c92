"""A browser for the tests that ask for one; they are `services` by that alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.conftest import do_without
from tests.desk.browsers import DESKTOP, a_browser
from tests.desk.claim_offices import Opened, an_opener
from tests.services import ServiceMissing


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of a process."""
    try:
        with a_browser() as browser:
            yield browser
    except ServiceMissing as missing:
        do_without(str(missing))


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: no cookie, no storage."""
    made = chromium.new_context(viewport=DESKTOP, reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab of it; what the page's scripts complain of fails the test."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A raw store with a child that opens its files, for the tests of a module."""
    with an_opener(tmp_path_factory.mktemp("opened")) as opened:
        yield opened
