"""The desk by the keyboard alone: every stop is seen, and no stop is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.builders_mail import make_claim_mail
from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.claim_offices import lengthen
from tests.desk.claims_made import add_claims
from tests.desk.test_triage import orders, unmatched
from tests.desk.visitors import PASSWORD, a_person
from tests.flow.test_operating import dead, park
from tests.office import Office, an_office
from worker.domain.staff import StaffRole

MOST_STOPS = 120
STOP = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  const look = getComputedStyle(at);
  const on = document.elementFromPoint(
    Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1));
  return {
    what: at.outerHTML.slice(0, 120),
    isPage: at === document.body,
    isFrame: at.tagName === "IFRAME",
    isSeen: at.matches(":focus-visible") && look.outlineStyle !== "none"
      && parseFloat(look.outlineWidth) >= 2 && box.width > 0 && box.height > 0,
    isCovered: !at.contains(on) && !on?.contains(at) && at.labels?.[0] !== on,
  };
}"""
"""What the keyboard is at, and whether one sees that it is."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", *orders()) as office:
        yield office


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    with a_served_desk(office) as address:
        yield address


def step(page: Page, key: str = "Tab") -> None:
    """Go one stop on, which has to be seen."""
    page.keyboard.press(key)
    stop = page.evaluate(STOP)
    if not stop["isPage"] and not stop["isFrame"]:
        assert stop["isSeen"], f"no mark at {stop['what']}"
        assert not stop["isCovered"], f"something lies over {stop['what']}"


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until a place is reached."""
    expect(place).to_be_visible()
    for _ in range(MOST_STOPS):
        step(page)
        if place.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not come to {place}")


def open_by_key(page: Page, place: Locator) -> None:
    """Go to a link or button and press it."""
    tab_to(page, place)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def skip(page: Page) -> None:
    """The first stop of a page leads past its head."""
    step(page)
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_day_without_a_mouse(office: Office, address: str, page: Page) -> None:
    a_person(office, "ada", StaffRole.ADMIN)
    office.deliver(make_claim_mail())
    mail_id = unmatched(office)
    park(office, make_claim_mail(subject="cannot be read"))
    (letter,) = dead(office)
    before = office.kinds
    keys = page.keyboard

    page.goto(f"{address}/sign-in")
    expect(page.get_by_label("Name")).to_be_focused()
    keys.type("ada")
    step(page)
    keys.type(PASSWORD)
    with page.expect_navigation():
        keys.press("Enter")

    skip(page)
    open_by_key(page, page.get_by_role("link", name="CLM-000001"))
    skip(page)
    tab_to(page, page.get_by_role("button", name="Say where it stands"))
    with page.expect_navigation():
        keys.press("Enter")
    tab_to(page, page.locator("#reply-body"))
    keys.press("Control+A")
    keys.type("We look at it this week.")
    open_by_key(page, page.get_by_role("button", name="Send", exact=True))
    expect(page.locator(".pending")).to_contain_text("Goes out in a moment")
    office.run_again()

    page.goto(f"{address}/claims")
    open_by_key(page, page.get_by_role("link", name="Triage", exact=True).first)
    skip(page)
    open_by_key(page, page.locator(f'tbody a[href="/triage/{mail_id}"]'))
    skip(page)
    tab_to(page, page.get_by_label("Order number"))
    keys.type(orders()[1].order_number)
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("in 10 seconds")

    open_by_key(page, page.get_by_role("link", name="Operations", exact=True).first)
    skip(page)
    open_by_key(page, page.get_by_role("link", name="Dead letters").first)
    skip(page)
    path = f"/operations/dead/{letter.job_id}"
    open_by_key(page, page.locator(f'tbody a[href="{path}"]').first)
    skip(page)
    open_by_key(page, page.get_by_role("button", name="Try again"))
    expect(page.get_by_role("status")).to_contain_text("1 dead letter tried again.")

    assert len(office.kinds) == len(before) + 1
    assert dead(office) == []


def test_the_help_sheet_keeps_the_keyboard_and_gives_it_back(
    office: Office, address: str, page: Page
) -> None:
    a_person(office)
    add_claims(office, 2)
    sign_in(page, address)
    link = page.get_by_role("link", name="CLM-000002")
    tab_to(page, link)
    page.keyboard.press("?")
    inside = "() => document.activeElement.closest('dialog') !== null"
    for _ in range(4):
        # A browser lets its own bar have a turn; the page behind has none.
        assert page.evaluate(inside) or page.evaluate(STOP)["isPage"]
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    expect(link).to_be_focused()

    page.goto(f"{address}/claims")
    tab_to(page, page.locator(".me summary"))
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Keyboard shortcuts")
    tab_to(page, button)
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Close"))
    page.keyboard.press("Enter")
    expect(button).to_be_focused()


def test_what_comes_anew_leaves_the_keyboard_where_it_was(
    office: Office, address: str, page: Page
) -> None:
    a_person(office)
    office.deliver(make_claim_mail())
    lengthen(office, 26)
    add_claims(office, 2)
    sign_in(page, address)
    for place in (
        page.get_by_role("link", name="CLM-000002"),
        page.locator("#work .tabs a").nth(1),
    ):
        page.goto(f"{address}/claims")
        tab_to(page, place)
        page.evaluate("refresh()")
        expect(place).to_be_focused()

    page.goto(f"{address}/claims/1")
    page.locator(".older a").focus()
    page.keyboard.press("Enter")
    page.locator("#mail-1").wait_for()
    expect(page.get_by_text("8 older mails", exact=True)).to_be_focused()
    step(page)
    assert page.evaluate("document.activeElement.closest('.letters .letters') !== null")
