"""axe-core on every page of the desk: nothing of WCAG 2.2 A and AA is violated.

The pages are found in the application: a new one fails here until it is looked at.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.desk.answers import ANSWERS
from tests.desk.browsers import DESKTOP, PHONE
from tests.desk.every_page import (
    ERASED,
    LOOKS,
    NO_PAGES,
    NOBODY,
    NOWHERE,
    PAGES,
    Look,
    looking,
    unfold,
)
from tests.desk.full_desk import FullDesk, with_a_provider
from tests.desk.routes import ways
from worker.desk.app import create_app

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL_RULES = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},  # off by default
    "resultTypes": ["violations"],
    "iframes": False,  # letters of others, in frames of their own
}
COLOURS = {**ALL_RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
GRAVE = {"serious", "critical"}
pytestmark = pytest.mark.timeout(300)


def faults(page: Page, options: dict[str, Any]) -> set[str]:
    """What axe finds: each a rule, how grave it is, and the first place."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("options => axe.run(document, options)", options)
    return {
        f"{one['impact']} {one['id']}: {one['nodes'][0]['target']}"
        f" ({len(one['nodes'])}) {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in GRAVE or any(tag in TAGS[:-1] for tag in one["tags"])
    }


def faults_everywhere(page: Page, *, thorough: bool) -> dict[str, set[str]]:
    """What it finds on a desktop by day, on a phone by night; thorough: crosswise."""
    found = {}
    for size, scheme, options in (
        (DESKTOP, "light", ALL_RULES),
        (DESKTOP, "dark", COLOURS),
        (PHONE, "dark", ALL_RULES),
        (PHONE, "light", COLOURS),
    ):
        if thorough or options is ALL_RULES:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found[f"{size['width']} px, {scheme}"] = faults(page, options) | too_wide(
                page
            )
    return {where: some for where, some in found.items() if some}


def too_wide(page: Page) -> set[str]:
    """Whether the page has to be moved sideways."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return {f"{wide} px wide"} if wide > window else set()


@pytest.fixture(scope="module")
def tab(chromium: Browser, full_desk: FullDesk) -> Iterator[Callable[[str], Page]]:
    """Give the tab of somebody; there is one for each."""
    with ExitStack() as open_tabs:

        @cache
        def tab_of(who: str) -> Page:
            return open_tabs.enter_context(looking(chromium, full_desk, who))

        yield tab_of


def test_every_page_is_looked_at(full_desk: FullDesk) -> None:
    app = create_app(full_desk.office.parts)
    routes = {one.path for one in ways(app) if one.method == "GET"}

    assert routes - NO_PAGES <= PAGES.keys()
    assert routes >= NO_PAGES


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_page_has_no_grave_fault(
    full_desk: FullDesk, tab: Callable[[str], Page], look: Look
) -> None:
    page = tab(look.who)
    answer = page.goto(full_desk.where(look.path))
    assert answer is not None
    assert answer.ok is (look.path not in {NOWHERE, ERASED})
    unfold(page)
    is_first = any(look is looks[0] for looks in PAGES.values())

    assert faults_everywhere(page, thorough=is_first) == {}


@pytest.mark.parametrize(
    ("path", "says"),
    [("/sign-in", "with an account of this desk"), ("/sign-in/oidc/back", "Sign in")],
)
def test_the_sign_in_with_a_provider_has_no_grave_fault(
    full_desk: FullDesk, tab: Callable[[str], Page], path: str, says: str
) -> None:
    page = tab(NOBODY)
    with with_a_provider(full_desk):
        page.goto(full_desk.where(path))
    expect(page.get_by_role("link", name="Sign in with Example ID")).to_be_visible()
    expect(page.locator("main")).to_contain_text(says)

    assert faults_everywhere(page, thorough=True) == {}


@pytest.mark.parametrize(
    ("look", "act", "there"),
    [pytest.param(*one, id=one[1].__name__) for one in ANSWERS],
)
def test_what_a_form_leads_to_has_no_grave_fault(
    full_desk: FullDesk,
    chromium: Browser,
    look: Look,
    act: Callable[[Page], None],
    there: str,
) -> None:
    with looking(chromium, full_desk, look.who) as page:
        page.goto(full_desk.where(look.path))
        act(page)
        page.locator(there).first.wait_for()

        assert faults_everywhere(page, thorough=False) == {}
