"""The pages of accounts in a browser: a phone is set up, and nothing overflows."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.desk.browsers import PHONE, a_served_desk, sign_in
from tests.desk.visitors import PASSWORD, a_person
from tests.office import Office, an_office
from worker.domain.staff import StaffRole

_WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        a_person(office, "ada", StaffRole.ADMIN)
        yield office


def test_codes_of_a_phone_are_set_up_by_hand(office: Office, page: Page) -> None:
    with a_served_desk(office) as address:
        sign_in(page, address, "ada")
        page.goto(f"{address}/account")
        page.get_by_role("link", name="Set up codes").click()
        expect(page.get_by_role("img", name="The secret to scan")).to_be_visible()
        page.get_by_text("Or type the secret").click()
        secret = page.locator(".secret").inner_text().replace(" ", "")
        page.get_by_label("Password").fill(PASSWORD)
        code = pyotp.TOTP(secret).at(office.clock.at)
        page.get_by_role("textbox", name="Code").fill(code)
        page.get_by_role("button", name="Turn codes on").click()

        expect(page.locator(".secrets li")).to_have_count(8)
        page.get_by_role("link", name="I have kept them").click()
        expect(page.get_by_text("8 recovery codes left")).to_be_visible()


def test_somebody_is_shut_out_only_after_a_second_thought(
    office: Office, page: Page
) -> None:
    mei = a_person(office)
    page.set_viewport_size(PHONE)
    with a_served_desk(office) as address:
        sign_in(page, address, "ada")
        for path in ("/people", f"/people/{mei.person_id}", "/account"):
            page.goto(f"{address}{path}")
            wide, window = page.evaluate(_WIDTHS)
            assert wide <= window, path

        page.goto(f"{address}/people")
        page.get_by_role("link", name="mei").click()
        page.once("dialog", lambda asked: asked.dismiss())
        page.get_by_role("button", name="Disable").click()
        expect(page.get_by_text("cannot sign in any more")).to_have_count(0)
        page.once("dialog", lambda asked: asked.accept())
        page.get_by_role("button", name="Disable").click()
        expect(page.get_by_text("mei cannot sign in any more.")).to_be_visible()
