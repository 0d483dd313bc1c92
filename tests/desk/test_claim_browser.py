"""A real browser on the page of a claim that means harm: nothing of it runs."""

from email.header import Header
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Page

from tests.builders_mail import a_file, claim_files, invoice_pdf, make_claim_mail
from tests.desk.browsers import PHONE, a_served_desk, sign_in
from tests.desk.claim_offices import Opened, a_claims_office, lengthen
from tests.desk.hostile import RUN, VECTORS
from tests.desk.visitors import a_person

NAME = f"<img src=x onerror={RUN}>"


def test_no_script_of_a_mail_runs_and_no_other_host_is_asked(
    tmp_path: Path, page: Page, opened: Opened
) -> None:
    everything = "\n".join(VECTORS)
    sender = Header(NAME, "utf-8").encode(maxlinelen=10_000)
    raw = make_claim_mail(
        text=everything,
        html=f"<p>first words</p>{everything}",
        sender=f"{sender} <lena.hoffmann@mail.example>",
        files=[
            *claim_files(),
            *(a_file(invoice_pdf(), f"{one}.pdf") for one in VECTORS[:10]),
            a_file(f"<p>a page</p>{everything}".encode(), "letter.html"),
        ],
    )
    asked: set[str] = set()
    dialogs: list[str] = []
    page.on("request", lambda one: asked.add(urlsplit(one.url).netloc))

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)

    with a_claims_office(tmp_path, raw, name=NAME, opened=opened) as office:
        a_person(office)
        with a_served_desk(office) as address:
            sign_in(page, address)
            page.goto(f"{address}/claims/1")
            page.locator("#mail-1 .formatted summary").click()
            letter = page.frame_locator("#mail-1 iframe")
            letter.locator("body").wait_for()
            letter.get_by_text("first words").wait_for()
            page.wait_for_load_state("networkidle")
            on_page = page.evaluate("window.hit")
            page.goto(f"{address}/claims/1/mails/1/html")
            alone = page.evaluate("window.hit") if page.url else None
            page.goto(f"{address}/claims/1")
            page.locator("#mail-1 .files a[href$='/view']").last.click()
            page.wait_for_load_state("networkidle")
            on_file = page.evaluate("window.hit")

    assert dialogs == []
    assert (on_page, alone, on_file) == (None, None, None)
    assert asked == {urlsplit(address).netloc}


def test_the_page_fits_a_phone_and_shows_its_pictures(
    tmp_path: Path, page: Page, opened: Opened
) -> None:
    wrong: list[str] = []
    page.set_viewport_size(PHONE)
    page.on("pageerror", lambda error: wrong.append(str(error)))

    with a_claims_office(tmp_path, opened=opened) as office:
        a_person(office)
        with a_served_desk(office) as address:
            sign_in(page, address)
            page.goto(f"{address}/claims/1")
            thumb = page.locator("#documents .thumb img").first
            thumb.scroll_into_view_if_needed()
            thumb.evaluate("image => image.decode()")  # fails without a picture
            width = page.evaluate("document.documentElement.scrollWidth")

    assert width == PHONE["width"]
    assert wrong == []


def test_older_letters_come_without_leaving_the_page(
    tmp_path: Path, page: Page
) -> None:
    with a_claims_office(tmp_path) as office:
        lengthen(office, 26)
        a_person(office)
        with a_served_desk(office) as address:
            sign_in(page, address)
            page.goto(f"{address}/claims/1")
            before = page.locator(".letter").count()
            page.get_by_role("link", name="Show older mails").click()
            page.locator("#mail-1").wait_for()
            after = page.locator(".letter").count()
            path = urlsplit(page.url).path

    assert before == 20
    assert after == 28
    assert path == "/claims/1"
