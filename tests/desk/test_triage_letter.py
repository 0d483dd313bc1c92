"""The HTML of a mail without a claim: a stranger's words, and nothing that runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.builders_mail import make_claim_mail
from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.claim_offices import Opened
from tests.desk.hostile import EVIL, VECTORS
from tests.desk.test_thread import RUNS, SHOWN_ADDRESSES, Seen
from tests.desk.visitors import a_person, signed_in
from tests.office import Office, an_office
from worker.desk.handing_out import LETTER_HEADERS
from worker.domain.staff import StaffRole

EVERYTHING = "\n".join(VECTORS)


@contextmanager
def a_stranger_wrote(home: Path, opened: Opened) -> Iterator[Office]:
    """Give an office with one mail that means harm and matches nothing."""
    raw = make_claim_mail(
        subject="hello",
        sender="x@elsewhere.example",
        text="first words",
        html=f"<p>first words</p><img src=https://{EVIL}/p.gif>{EVERYTHING}",
        files=[],
    )
    with an_office(home, raw_url=opened.raw_url) as office:
        office.parts.__dict__["viewer"] = opened.viewer
        office.deliver(raw)
        try:
            yield office
        finally:  # which is not this office's to close
            del office.parts.__dict__["viewer"]


def test_nothing_that_runs_or_loads_is_left_of_a_mail_in_triage(
    tmp_path: Path, opened: Opened
) -> None:
    with (
        a_stranger_wrote(tmp_path, opened) as office,
        signed_in(office, StaffRole.VIEWER) as visitor,
    ):
        page = visitor.get("/triage/1")
        letter = visitor.get("/triage/1/html")
        nothing = visitor.get("/triage/2/html")

    assert '<iframe sandbox src="/triage/1/html"' in page.text
    assert nothing.status_code == 404
    for name, value in LETTER_HEADERS.items():
        assert letter.headers[name] == value
    assert "<p>first words</p>" in letter.text
    for tag, attributes in Seen(letter.text.partition("<body>")[2]).tags:
        assert tag not in RUNS
        assert not [name for name in attributes if name.startswith("on")]
        assert "src" not in attributes
        assert (attributes.get("href") or "https:").startswith(SHOWN_ADDRESSES)


def test_no_script_of_a_mail_in_triage_runs_and_no_other_host_is_asked(
    tmp_path: Path, page: Page, opened: Opened
) -> None:
    asked: set[str] = set()
    page.on("request", lambda one: asked.add(urlsplit(one.url).netloc))

    with a_stranger_wrote(tmp_path, opened) as office:
        a_person(office)
        with a_served_desk(office) as address:
            sign_in(page, address)
            page.goto(f"{address}/triage/1")
            page.locator(".formatted summary").click()
            letter = page.frame_locator(".formatted iframe")
            letter.get_by_text("first words").first.wait_for()
            on_page = page.evaluate("window.hit")
            page.goto(f"{address}/triage/1/html")
            alone = page.evaluate("window.hit")

    assert (on_page, alone) == (None, None)
    assert asked == {urlsplit(address).netloc}
