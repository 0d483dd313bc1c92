"""Triage with the keyboard alone, as people sort a long list."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.test_triage import orders, unmatched
from tests.desk.visitors import a_person
from tests.office import an_office


def test_a_mail_is_chosen_dismissed_and_put_back_by_keys(
    page: Page, tmp_path: Path
) -> None:
    with an_office(tmp_path / "office", *orders()) as office:
        a_person(office)
        first, second = unmatched(office, 1), unmatched(office, 2)
        with a_served_desk(office) as address:
            sign_in(page, address)
            page.goto(f"{address}/triage")
            page.keyboard.press("e")
            expect(page.locator("[data-open]")).to_have_count(2)

            page.keyboard.press("j")
            page.keyboard.press("j")
            page.keyboard.press("e")
            expect(page.get_by_role("status")).to_contain_text(
                f"Mail {second} is no claim"
            )
            assert office.fate(second) == "not_a_claim"
            assert office.fate(first) == "cannot_match"

            page.get_by_role("button", name="Undo").click()
            page.wait_for_url(f"**/triage/{second}")
            assert office.fate(second) == "cannot_match"
