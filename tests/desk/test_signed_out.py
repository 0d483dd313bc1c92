"""A real browser on a page whose session ends: what was typed is never lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.claims import a_damage
from tests.desk.visitors import a_person
from tests.office import Office

TYPED = "The lid broke on the way, and the cup with it."
SIGNED_OUT = "You are signed out; what you typed is kept here."


@pytest.fixture
def damage(tmp_path: Path) -> Iterator[Office]:
    with a_damage(tmp_path) as office:
        a_person(office)
        yield office


@pytest.fixture
def address(damage: Office) -> Iterator[str]:
    with a_served_desk(damage) as address:
        yield address


def end_sessions(office: Office, name: str = "mei") -> None:
    person = office.parts.desk.people.named(name)
    assert person is not None
    office.parts.desk.sessions.end_all(person.person_id)


def kept_of(office: Office) -> str:
    edit = office.parts.desk.writing.edit_of(1)
    return "" if edit is None else edit.written.body


def test_a_reply_outlives_the_session_in_which_it_was_begun(
    damage: Office, page: Page, address: str
) -> None:
    sign_in(page, address)
    page.goto(f"{address}/claims/1/reply")
    end_sessions(damage)
    page.locator("#reply-body").fill(TYPED)
    page.get_by_text(SIGNED_OUT).wait_for()
    page.get_by_role("button", name="Approve and send").click()
    page.wait_for_timeout(300)
    where, text = page.url, page.locator("#reply-body").input_value()
    lost = kept_of(damage)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    other = opened.value
    sign_in(other, address)
    other.close()
    page.evaluate("dispatchEvent(new Event('focus'))")  # as the tab comes to the front
    page.locator("#reply-state").get_by_text("by mei").wait_for()

    assert where == f"{address}/claims/1/reply"
    assert (text, lost) == (TYPED, "")
    assert kept_of(damage) == TYPED
    assert page.get_by_text(SIGNED_OUT).count() == 0


def test_nobody_sends_what_somebody_else_typed_in_the_browser(
    damage: Office, page: Page, address: str
) -> None:
    a_person(damage, "kim")
    sign_in(page, address)
    page.goto(f"{address}/claims/1/reply")
    other = page.context.new_page()
    other.goto(f"{address}/account")
    end_sessions(damage)
    sign_in(other, address, "kim")
    page.locator("#reply-body").fill(TYPED)
    page.get_by_text("Somebody else is signed in here now").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_timeout(300)

    assert page.locator("#reply-body").input_value() == TYPED
    assert kept_of(damage) == ""


def test_a_note_is_kept_and_sent_once_signed_in_again(
    damage: Office, page: Page, address: str
) -> None:
    sign_in(page, address)
    page.goto(f"{address}/claims/1")
    note = page.locator('form[action$="/remarks"]')
    note.locator("textarea").fill(TYPED)
    end_sessions(damage)
    note.get_by_role("button").click()
    note.get_by_text(SIGNED_OUT).wait_for()
    other = page.context.new_page()
    sign_in(other, address)
    other.close()
    note.get_by_role("button").click()
    page.get_by_text(TYPED).wait_for()

    (remark,) = damage.parts.desk.remarks.of(1)
    assert remark.text == TYPED


def test_single_keys_do_nothing_where_they_are_switched_off(
    page: Page, address: str
) -> None:
    sign_in(page, address)
    page.goto(f"{address}/claims")
    page.keyboard.press("?")
    shown = page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("x")  # no row is at hand
    chosen = page.locator('input[name="claim"]:checked').count()
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url("**/figures*")
    page.goto(f"{address}/account")
    page.get_by_role("button", name="Switch them off").click()
    page.get_by_text("are off in this browser").wait_for()
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_timeout(300)

    assert shown
    assert chosen == 0
    assert not page.locator("#shortcuts").is_visible()
    assert page.url == f"{address}/account"
