"""Two people with one claim open, each in a browser of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.desk.browsers import DESKTOP, a_served_desk, sign_in
from tests.desk.claims import a_damage
from tests.desk.visitors import a_person
from tests.office import Office
from worker.domain.claim import ClaimState


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with a_damage(tmp_path / "office") as office:
        yield office


def at_the_claim(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_context(viewport=DESKTOP, reduced_motion="reduce").new_page()
    page.set_default_timeout(15_000)
    sign_in(page, address, name)
    page.goto(f"{address}/claims/1")
    return page


def test_two_browsers_collide_on_one_claim(chromium: Browser, office: Office) -> None:
    a_person(office, "mei")
    a_person(office, "kim")
    with a_served_desk(office) as address:
        mei = at_the_claim(chromium, address, "mei")
        kim = at_the_claim(chromium, address, "kim")

        # The shortcut leads into the text; the mark follows what is typed.
        mei.keyboard.press("r")
        text = mei.locator("#reply-body")
        expect(text).to_be_focused()
        expect(mei.locator(".marks mark")).to_have_text("[why this amount]")
        text.fill("The lid is broken.")
        mei.get_by_label("Amount, USD").fill("80.00")
        expect(mei.locator("#reply-state")).to_contain_text("Saved")
        expect(mei.locator(".marks mark")).to_have_count(0)

        # The other hears of it, and what they type is not lost.
        kim.locator("#reply-body").fill("Nothing is broken.")
        expect(kim.locator("#presence")).to_contain_text("mei is writing a reply")
        expect(kim.locator("#reply-state")).to_contain_text("Not saved here: mei has")

        # Ctrl+Enter sends; Undo takes it back; sent again, it decides.
        text.focus()
        mei.keyboard.press("Control+Enter")
        mei.get_by_role("button", name="Undo").first.click()
        expect(mei.locator("#reply-body")).to_have_value("The lid is broken.")
        mei.get_by_role("button", name="Approve and send").click()
        expect(mei.locator(".pending")).to_contain_text("Goes out in a moment")
        office.run_again()
        expect(mei.locator("h1")).to_have_text("CLM-000001")
        expect(mei.locator(".pending")).to_have_count(0)

        kim.get_by_role("button", name="Approve and send").click()
        expect(kim.locator(".reply .flash.bad").first).to_be_visible()
        expect(kim.locator("body")).to_contain_text("Nothing is broken.")
        for page in (mei, kim):
            page.context.close()

    assert office.state() is ClaimState.APPROVED_PARTIAL
    assert office.kinds == ["received", "approved"]


def test_without_scripts_a_reply_is_written_and_sent(
    chromium: Browser, office: Office
) -> None:
    a_person(office, "mei")
    with a_served_desk(office) as address:
        context = chromium.new_context(viewport=DESKTOP, java_script_enabled=False)
        page = context.new_page()
        page.set_default_timeout(15_000)
        sign_in(page, address)
        page.goto(f"{address}/claims/1")
        page.get_by_label("Amount, USD").fill("80.00")
        page.locator("#reply-body").fill("The lid is broken.")
        page.get_by_role("button", name="Approve and send").click()
        expect(page.locator(".pending")).to_contain_text("Goes out in a moment")
        context.close()
    office.run_again()

    assert office.kinds == ["received", "approved"]
