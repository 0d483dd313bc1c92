"""Pages that only a form leads to: what was refused, and what is shown once."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.desk.acting import press
from tests.desk.every_page import ADMIN, NOBODY, Look
from tests.desk.visitors import PASSWORD


def enter_with_a_wrong_password(page: Page) -> None:
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    press(page, "Sign in")


def send_with_a_gap(page: Page) -> None:
    page.locator("#reply-body").fill("We pay since [why this amount].")
    page.locator("[data-send]").click()


def do_on_an_old_page(page: Page) -> None:
    form = page.locator("#do-carrier")
    form.locator("summary").click()
    form.locator("[name=version]").evaluate("one => { one.value = 0 }")
    form.get_by_label("What was asked").fill("a trace")
    form.get_by_role("button").click()


def remind_whom_it_cannot_be(page: Page) -> None:
    page.locator("input[name=claim]").first.check()
    page.once("dialog", lambda one: one.accept())
    page.get_by_role("button", name="Remind").click()


def choose_nothing(page: Page) -> None:
    press(page, "Try the chosen again")


def add_a_name_twice(page: Page) -> None:
    page.get_by_label("Sign-in name").fill("agent")
    press(page, "Add and show the first password")


def add_somebody(page: Page) -> None:
    page.get_by_label("Sign-in name").fill("another")
    press(page, "Add and show the first password")


def make_a_token(page: Page) -> None:
    page.get_by_label("Name").fill("another")
    press(page, "Make token")


def renew_codes(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Make new recovery codes")


def change_to_what_is_no_password(page: Page) -> None:
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password", exact=True).fill("short enough to fail")
    page.get_by_label("New password again").fill("short enough to fail")
    press(page, "Change")


def open_the_help_sheet(page: Page) -> None:
    page.keyboard.press("?")


def open_the_menu(page: Page) -> None:
    page.locator(".me summary").click()


ANSWERS: tuple[tuple[Look, Callable[[Page], None], str], ...] = (
    (Look("/sign-in", NOBODY), enter_with_a_wrong_password, "[role=alert]"),
    (Look("/claims/{review}/reply"), send_with_a_gap, "[role=alert]"),
    (Look("/claims/{review}"), do_on_an_old_page, "[role=alert]"),
    (Look("/claims?tab=all&q=parcel"), remind_whom_it_cannot_be, "h1:text('reminded')"),
    (Look("/operations/dead"), choose_nothing, "[role=alert]"),
    (Look("/people"), add_a_name_twice, "[role=alert]"),
    (Look("/people"), add_somebody, "code.password"),
    (Look("/people/tokens"), make_a_token, "code.secret"),
    (Look("/account/phone", "safe"), renew_codes, ".secrets"),
    (
        Look("/account/password", "viewer"),
        change_to_what_is_no_password,
        "[role=alert]",
    ),
    (Look("/claims", ADMIN), open_the_help_sheet, "dialog[open]"),
    (Look("/claims", ADMIN), open_the_menu, ".me[open]"),
)
"""Where one begins, what one does, and what is then there."""
