"""The mails of a claim: what is shown of them, and what never gets through."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.builders_mail import make_claim_mail
from tests.desk.claim_offices import Opened, a_claims_office, lengthen
from tests.desk.hostile import EVIL, VECTORS
from tests.desk.visitors import a_person, signed_in
from worker.adapters.clean_html import clean
from worker.desk.claim_thread import SHOWN, folded
from worker.domain.staff import StaffRole

SHOWN_ADDRESSES = ("https:", "http:", "mailto:")


class Seen(HTMLParser):
    """Every tag and attribute that a browser would find."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


RUNS = (
    {"script", "style", "iframe", "object", "embed", "applet", "form", "input"}
    | {
        "button",
        "select",
        "textarea",
        "svg",
        "math",
        "meta",
        "base",
        "link",
        "template",
    }
    | {"video", "audio", "source", "body", "noscript", "title"}
)


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_runs_or_loads_is_left_of_a_letter(vector: str) -> None:
    cleaned = clean(f"<p>before</p>{vector}<p>after</p>").html

    for tag, attributes in Seen(cleaned).tags:
        assert tag not in RUNS
        assert not [name for name in attributes if name.startswith("on")]
        assert "srcset" not in attributes
        assert "background" not in attributes
        assert "src" not in attributes
        assert "url(" not in (attributes.get("style") or "")
        assert (attributes.get("href") or "https:").startswith(SHOWN_ADDRESSES)


def test_words_of_a_letter_stay() -> None:
    cleaned = clean("<h1>Claim</h1><p>The <b>cup</b> is <i>broken</i>.</p>")

    assert cleaned.html == "<h1>Claim</h1><p>The <b>cup</b> is <i>broken</i>.</p>"


def test_pictures_of_other_hosts_are_counted_and_left_out() -> None:
    cleaned = clean(
        f'<img src="https://{EVIL}/1.gif"><img src="https://{EVIL}/1.gif">'
        f"<img src=//{EVIL}/2.gif><table background=http://{EVIL}/3.gif></table>"
        '<img src="cid:unknown"><img src="relative.gif">'
    )

    assert cleaned.remote_pictures == 3
    assert EVIL not in cleaned.html


def test_a_picture_of_the_letter_itself_is_shown_as_we_made_it() -> None:
    cleaned = clean(
        '<img src="cid:box@x" alt="box">', {"box@x": "data:image/jpeg,ours"}
    )

    assert cleaned.html == '<img src="data:image/jpeg,ours" alt="box">'


def test_a_link_tells_nobody_where_it_was_followed_from() -> None:
    ((tag, attributes),) = Seen(
        clean('<a href="https://pay.example">pay</a>').html
    ).tags

    assert tag == "a"
    assert attributes == {
        "href": "https://pay.example",
        "rel": "noopener noreferrer nofollow",
        "target": "_blank",
    }


def test_text_cannot_be_hidden_by_its_style() -> None:
    style = "color:#fff;font-size:0;display:none;text-align:center"

    assert clean(f'<p style="{style}">x</p>').html == (
        '<p style="text-align:center">x</p>'
    )


def test_quotes_are_folded() -> None:
    assert [
        (one.text, one.is_quoted) for one in folded("new\n> old\n> older\nend")
    ] == [
        ("new", False),
        ("> old\n> older", True),
        ("end", False),
    ]


def test_what_stands_behind_the_own_words_is_quoted() -> None:
    text = "Thanks!\n\n-----Original Message-----\nFrom: us"

    assert [(one.text, one.is_quoted) for one in folded(text, "Thanks!")] == [
        ("Thanks!", False),
        ("-----Original Message-----\nFrom: us", True),
    ]


def test_a_letter_is_framed_with_a_policy_of_its_own(
    tmp_path: Path, opened: Opened
) -> None:
    html = f"<p>my cup</p><img src=https://{EVIL}/p.gif><script>hit=1</script>"

    with (
        a_claims_office(tmp_path, make_claim_mail(html=html), opened=opened) as office,
        signed_in(office, StaffRole.VIEWER) as visitor,
    ):
        page = visitor.get("/claims/1")
        letter = visitor.get("/claims/1/mails/1/html")

    policy = letter.headers["content-security-policy"]
    assert '<iframe sandbox src="/claims/1/mails/1/html"' in page.text
    assert "<p>my cup</p>" in letter.text
    assert "1 remote picture not loaded" in letter.text
    assert "hit=1" not in letter.text
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert policy.endswith("; sandbox")
    assert letter.headers["x-frame-options"] == "SAMEORIGIN"
    assert page.headers["x-frame-options"] == "DENY"


def test_a_mail_is_told_with_its_sender_and_what_proves_them(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1").text

    assert "lena.hoffmann@mail.example" in page
    assert "Proven: on file, and authenticated" in page
    assert "our server vouches for the sender&#39;s domain" in page
    assert "the tea set inside is broken" in page


def test_our_answers_stand_between_theirs(tmp_path: Path, opened: Opened) -> None:
    with (
        a_claims_office(tmp_path, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        page = visitor.get("/claims/1").text
        (email,) = office.emails
        letter = visitor.get(f"/claims/1/emails/{email.email_id}/html")
        raw = visitor.get(f"/claims/1/emails/{email.email_id}/raw")

    assert page.index('id="mail-1"') < page.index(f'id="email-{email.email_id}"')
    assert "Thank you for your e-mail" in page
    assert "CLM-000001" in letter.text
    assert raw.content == email.raw


def test_a_draft_is_no_part_of_the_thread(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        draft = office.store.outbox.draft_of(1)
        assert draft is not None
        page = visitor.get("/claims/1").text
        raw = visitor.get(f"/claims/1/emails/{draft.email_id}/raw")

    assert f'id="email-{draft.email_id}"' not in page
    assert raw.status_code == 404


def test_the_raw_mail_is_saved_byte_for_byte_and_never_shown(tmp_path: Path) -> None:
    raw = make_claim_mail(html="<script>hit=1</script>")

    with a_claims_office(tmp_path, raw) as office, signed_in(office) as visitor:
        saved = visitor.get("/claims/1/mails/1/raw")

    assert saved.content == raw
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert saved.headers["content-type"] == "message/rfc822"
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in saved.headers["content-security-policy"]


def test_mails_of_another_claim_are_not_there(tmp_path: Path, opened: Opened) -> None:
    stranger = make_claim_mail(subject="hello", sender="x@elsewhere.example", files=[])

    with (
        a_claims_office(tmp_path, make_claim_mail(), stranger, opened=opened) as office,
        signed_in(office) as visitor,
    ):
        answers = [
            visitor.get(f"/claims/{path}").status_code
            for path in (
                "1/mails/2/raw",
                "1/mails/2/html",
                "2/mails/1/raw",
                "9/mails/1/raw",
            )
        ]

    assert answers == [404] * 4


def test_a_long_thread_shows_its_end_and_leads_to_the_rest(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office:
        lengthen(office, SHOWN + 6)
        a_person(office)
        total = len(office.parts.desk.claim_pages.thread(1))
        with signed_in(office) as visitor:
            page = visitor.get("/claims/1").text
            before = total - SHOWN
            older = visitor.get(f"/claims/1/thread?before={before}")
            part = visitor.get(
                f"/claims/1/thread?before={before}", headers={"HX-Request": "true"}
            )

    assert page.count('<article class="letter ') == SHOWN
    assert f'href="/claims/1/thread?before={before}"' in page
    assert older.text.count('<article class="letter ') == before
    assert 'id="mail-1"' in older.text
    assert "<html" in older.text
    assert "<html" not in part.text
    assert 'id="mail-1"' in part.text


def test_a_mail_that_could_not_be_read_can_be_saved(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        with office.store.database.write() as session:
            session.connection().exec_driver_sql("update mails set reading = null")
        page = visitor.get("/claims/1")

    assert page.status_code == 200
    assert "A mail that could not be read" in page.text
    assert "/claims/1/mails/1/raw" in page.text
