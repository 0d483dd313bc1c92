"""The work list by keyboard, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.claims_made import add_claims
from tests.desk.visitors import a_person
from tests.office import Office, an_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        a_person(office)
        add_claims(office, 4)
        yield office


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    with a_served_desk(office) as address:
        yield address


def test_a_list_is_worked_through_without_a_mouse(address: str, page: Page) -> None:
    sign_in(page, address)
    keys = page.keyboard
    keys.press("j")
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("x")
    expect(page.locator("[data-selected]")).to_have_text("2 selected")
    keys.press("a")
    expect(page.locator(".flash")).to_contain_text("2 claims assigned to mei.")
    page.wait_for_load_state()

    keys.press("j")
    keys.press("a")
    expect(page.locator(".flash")).to_contain_text("CLM-000001 assigned to mei.")
    page.wait_for_load_state()
    keys.press("2")
    expect(page.locator("tr[data-open]")).to_have_count(3)
    page.wait_for_load_state()
    keys.press("?")
    expect(page.locator("dialog")).to_contain_text("assign it, or the selected ones")
    keys.press("Escape")

    keys.press("/")
    keys.type("jax?")
    expect(page.get_by_label("Search claims")).to_have_value("jax?")
    page.locator("h1").click()
    keys.press("j")
    keys.press("j")
    keys.press("Enter")
    page.wait_for_url("**/claims/2")


def test_the_list_stays_new_and_rests_while_something_is_selected(
    office: Office, address: str, page: Page
) -> None:
    sign_in(page, address)
    page.keyboard.press("j")
    office.parts.desk.assignments.assign({1: "jonas"}, by="jonas")
    page.evaluate("refresh()")
    expect(page.locator('tr[data-open="/claims/1"]')).to_contain_text("jonas")
    expect(page.locator("tr.at")).to_contain_text("CLM-000001")

    page.keyboard.press("x")
    office.parts.desk.assignments.assign({2: "jonas"}, by="jonas")
    page.evaluate("refresh()")
    expect(page.locator('tr[data-open="/claims/2"]')).to_contain_text("nobody")


def test_everything_works_without_scripts(
    address: str, context: BrowserContext
) -> None:
    browser = context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, address)
    page.get_by_label("Select CLM-000002").check()
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator('tr[data-open="/claims/2"]')).to_contain_text("(you)")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator('tr[data-open="/claims/2"]')).to_contain_text("nobody")
    plain.close()
