from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from tests.builders_mail import (
    OUR_MX,
    SENT_AT,
    WORDS,
    a_file,
    auto_reply,
    bounce,
    invoice_pdf,
    make_claim_mail,
    make_mail,
    order_mail,
    photo,
)
from worker.adapters import mime
from worker.domain.authentication import Trust
from worker.domain.identity import SenderTier, judge_sender
from worker.domain.mail import DeliveryReport, FileKind, Mail
from worker.domain.orders import Member


def a_raw_mail(*headers: str, body: str | bytes = "hi") -> bytes:
    """A mail from header lines as they stand."""
    content = body.encode() if isinstance(body, str) else body
    return "\r\n".join((*headers, "", "")).encode("latin-1") + content


def test_a_claim_is_read() -> None:
    mail = mime.parse(make_claim_mail())

    assert mail.subject == "M104233+ORD-20261104-0183+Claim"
    assert mail.from_addresses == ("lena.hoffmann@mail.example",)
    assert mail.from_name == "Lena Hoffmann"
    assert mail.is_from_clear
    assert mail.to_addresses == ("claims@logistics.example",)
    assert mail.message_id == "<one@mail.example>"
    assert mail.date_at == SENT_AT
    assert mail.content_type == "multipart/mixed"
    assert mail.text == WORDS
    assert mail.own_text == WORDS
    assert mail.defects == ()


def test_a_mail_survives_its_json() -> None:
    mail = mime.parse(make_claim_mail())
    as_json = TypeAdapter(Mail)

    assert as_json.validate_json(as_json.dump_json(mail)) == mail


# -- subject ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        pytest.param(
            "=?utf-8?B?TTEwNDIzM++8i29yZC0yMDI2MTEwNC0wMTgz77yLQ0xBSU0=?=",
            "M104233＋ord-20261104-0183＋CLAIM",
            id="base64 with full-width plus",
        ),
        pytest.param("=?utf-8?q?a_b?= =?utf-8?q?=C3=A9?=", "a bé", id="neighbours"),
        pytest.param(
            "=?utf-8?B?ww==?= =?utf-8?B?qQ==?=", "é", id="character split in two"
        ),
        pytest.param("=?gb2312?B?1uzpRrv5?=", "朱镕基", id="gb2312 beyond itself"),
        pytest.param("=?nonsense?q?caf=E9?=", "café", id="unknown charset"),
        pytest.param("=?utf-8?q?open", "=?utf-8?q?open", id="never closed"),
        pytest.param("=?utf-8?B?YWJj", "=?utf-8?B?YWJj", id="base64 never closed"),
        pytest.param("=?utf-8?B?YW=Jj?=", "abc", id="padding inside"),
        pytest.param("=?utf-8*en?q?hi?=", "hi", id="RFC 2231 language"),
        pytest.param("a\r\n =?utf-8?q?b?=", "a b", id="folded"),
        pytest.param("=?utf-8?B?AAECAwRh?=", "a", id="NUL and controls"),
    ],
)
def test_subjects_are_decoded_however_broken(header: str, subject: str) -> None:
    mail = mime.parse(a_raw_mail("From: a@b.example", f"Subject: {header}"))

    assert mail.subject == subject


def test_a_subject_is_bounded() -> None:
    mail = mime.parse(a_raw_mail("From: a@b.example", "Subject: " + "x" * 5000))

    assert len(mail.subject) == 1000


def test_eight_bit_headers_are_read_as_utf_8_or_latin_1() -> None:
    utf_8 = "Subject: Müller".encode() + b"\r\n\r\nhi"
    latin_1 = "Subject: Müller".encode("latin-1") + b"\r\n\r\nhi"

    assert mime.parse(utf_8).subject == "Müller"
    assert mime.parse(latin_1).subject == "Müller"


# -- sender -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "addresses", "is_clear"),
    [
        pytest.param(["Lena <l@mail.example>"], ["l@mail.example"], True, id="one"),
        pytest.param(["L@Mail.Example"], ["l@mail.example"], True, id="lower case"),
        pytest.param(
            ['"H, Lena" <l@mail.example>'], ["l@mail.example"], True, id="quoted comma"
        ),
        pytest.param(
            ["=?utf-8?q?L=C3=A9na?= <l@mail.example>"],
            ["l@mail.example"],
            True,
            id="encoded name",
        ),
        pytest.param(
            ["a@mail.example, b@mail.example"],
            ["a@mail.example", "b@mail.example"],
            False,
            id="two mailboxes",
        ),
        pytest.param(
            ["a@mail.example", "b@mail.example"],
            ["a@mail.example", "b@mail.example"],
            False,
            id="two headers",
        ),
        pytest.param(
            ["a@good.example <x@evil.example>"],
            ["x@evil.example", "a@good.example"],
            False,
            id="parsers disagree (E12)",
        ),
        pytest.param(["a\x01@mail.example"], ["a@mail.example"], False, id="control"),
        pytest.param(["a@b@mail.example"], ["a@b@mail.example"], False, id="two ats"),
        pytest.param(
            ["l@mail.example (x@evil.example)"],
            ["l@mail.example"],
            True,
            id="an address in a comment",
        ),
        pytest.param(
            ["=?utf-8?q?x=40evil=2Eexample?= <l@mail.example>"],
            ["l@mail.example"],
            True,
            id="an address in an encoded name",
        ),
        pytest.param(
            ['"l@mail.example" <x@evil.example>'],
            ["x@evil.example"],
            True,
            id="an address as a quoted name",
        ),
        pytest.param(["a@localhost"], ["a@localhost"], False, id="no domain"),
        pytest.param([], [], False, id="none"),
        pytest.param([""], [], False, id="empty"),
    ],
)
def test_the_sender_is_clear_only_without_any_doubt(
    values: list[str], addresses: list[str], *, is_clear: bool
) -> None:
    sender = mime.read_sender(values)

    assert sender.is_clear is is_clear
    if is_clear or len(values) != 1:
        assert list(sender.addresses) == addresses


@pytest.mark.parametrize(
    "values",
    [
        ["l@mail.example", "l@mail.example"],
        ["l@mail.example", ""],
        ["l@mail.example"] * 5,
        ["l@mail.example\x00@evil.example"],
        ["l@mail.example\x00"],
        ["l\x00@mail.example"],
        ["Lena\x00 <l@mail.example>"],
        ["l@mail.example\r\n <x@evil.example>"],
        ["l@mail.example\rFrom: x@evil.example"],
        ['"l@mail.example"@evil.example'],
        ['"l"@mail.example'],
        ['"l@mail.example" x@evil.example'],
        ["<l@mail.example> <x@evil.example>"],
        ["<l@mail.example>x@evil.example"],
        ["<<l@mail.example>>"],
        ["<x@evil.example>, l@mail.example"],
        ["l@mail.example; x@evil.example"],
        ["l@mail.example x@evil.example"],
        ["members: l@mail.example;"],
        ["members: l@mail.example, x@evil.example;"],
        ["undisclosed:;"],
        ["<@relay.example:l@mail.example>"],
        ["<@evil.example,@b.example:l@mail.example>"],
        ["l . h @ mail . example"],
        ["l@mail.example(comment"],
        ["l@(comment)mail.example"],
        ["l(comment)@mail.example"],
        ["Lena <l@mail.example"],
        ["l@[192.0.2.1]"],
        ["l@mail..example"],
        [".l@mail.example"],
        ["l@mail.example."],
        ["l@-mail.example"],
        ["l\u202e@mail.example"],
        ["l@m\u0430il.example"],
        ["=?utf-8?q?l=40mail=2Eexample?="],
        ["=?utf-8?q?Lena_=3Cl=40mail=2Eexample=3E?="],
        ["=?utf-8?q?Lena_=3Cl=40mail=2Eexample=3E?= <x@evil.example"],
        ["=?utf-8?b?bEBtYWlsLmV4YW1wbGU=?=@evil.example"],
        ["Lena <l@mail.example>, <>,x@evil.example"],
        ["l@mail.example" + " " * 20_000 + ", x@evil.example"],
        ["l@mail.example" + "(" * 5_000],
        ["x" * 300 + "@mail.example"],
    ],
)
def test_T3_a_from_that_two_readers_may_read_differently_is_not_clear(
    values: list[str],
) -> None:
    """Obsolete routes and spaces, groups, comments, NUL, quoted parts, two headers."""
    assert not mime.read_sender(values).is_clear


def test_T3_an_unclear_from_is_nobodys_in_a_whole_mail() -> None:
    raw = a_raw_mail(
        f"Received: from x by {OUR_MX}; Wed, 18 Nov 2026 19:10:00 +0000",
        f"Authentication-Results: {OUR_MX}; dmarc=pass header.from=mail.example",
        "From: l@mail.example",
        "From: x@evil.example",
    )
    member = Member("M1", "Lena", ("l@mail.example",))
    ours = Trust(authserv_ids=frozenset({OUR_MX}), exchangers=frozenset({OUR_MX}))

    found = judge_sender(mime.parse(raw), member, ours)

    assert found.address is None
    assert found.tier is SenderTier.C
    assert not found.may_be_answered


def test_two_parsers_of_two_minds_never_name_the_shown_address_alone() -> None:
    """Python 3.13's parser answers nothing here, older ones the forged address."""
    sender = mime.read_sender(["a@good.example <x@evil.example>"])

    assert "x@evil.example" in sender.addresses
    assert not sender.is_clear


# -- trace --------------------------------------------------------------------------


def test_hops_and_results_are_counted_among_all_headers() -> None:
    raw = a_raw_mail(
        "Return-Path: <a@b.example>",
        "Received: from x (y [192.0.2.1]) by Store.Logistics.Example. (Postfix)"
        " with ESMTP id 1;\r\n Thu, 19 Nov 2026 16:05:00 +0100 (CET)",
        "Authentication-Results: mx.logistics.example; dmarc=pass",
        "Received: from a by mx.logistics.example; nonsense",
        "Received: (qmail 123 invoked by uid 89); 18 Nov 2026 19:10:00 -0000",
        "From: a@b.example",
    )

    mail = mime.parse(raw)

    assert [(h.position, h.by_host) for h in mail.hops] == [
        (1, "store.logistics.example"),
        (3, OUR_MX),
        (4, ""),
    ]
    assert mail.hops[0].at == datetime(2026, 11, 19, 15, 5, tzinfo=UTC)
    assert mail.hops[1].at is None
    assert mail.hops[2].at == datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
    assert mail.auth_results[0].position == 2
    assert mail.auth_results[0].text == "mx.logistics.example; dmarc=pass"


def test_a_host_that_the_sender_named_is_not_the_host_that_received() -> None:
    hello = "Received: from x (HELO by mx.logistics.example) (192.0.2.1)"
    raw = a_raw_mail(f"{hello} by mx.real.example; Wed, 18 Nov 2026 19:10:00 +0000")

    assert mime.parse(raw).hops[0].by_host == "mx.real.example"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Wed, 18 Nov 2026 20:10:00 +0100", SENT_AT),
        ("Wed, 18 Nov 2026 19:10:00 -0000", SENT_AT),
        ("18 Nov 2026 19:10 GMT", SENT_AT),
        ("yesterday", None),
        ("Wed, 18 Nov 9026 19:10:00 +0000", None),
        ("", None),
    ],
)
def test_a_date_is_utc_or_nothing(date: str, expected: datetime | None) -> None:
    assert mime.parse(a_raw_mail(f"Date: {date}")).date_at == expected


def test_only_sane_ids_are_kept_and_the_last_twenty() -> None:
    many = " ".join(f"<{n}@b.example>" for n in range(30))
    raw = a_raw_mail(
        "Message-ID: nonsense <id@b.example> more",
        "In-Reply-To: <a b@c.example> <ok@b.example>",
        f"References: {many}",
    )

    mail = mime.parse(raw)

    assert mail.message_id == "<id@b.example>"
    assert mail.in_reply_to == ("<ok@b.example>",)
    assert len(mail.references) == 20
    assert mail.references[-1] == "<29@b.example>"


def test_headers_of_machines_are_kept_with_all_their_values() -> None:
    mail = mime.parse(
        a_raw_mail(
            "Return-Path: <>",
            "Auto-Submitted: auto-replied",
            "List-Unsubscribe: <mailto:u@b.example>",
            "X-Loop: one",
            "X-Loop: two",
            "X-Other: not kept",
        )
    )

    assert mail.header("return-path") == "<>"
    assert mail.header("auto-submitted") == "auto-replied"
    assert mail.header("list-unsubscribe") == "<mailto:u@b.example>"
    assert mail.headers["x-loop"] == ("one", "two")
    assert "x-other" not in mail.headers


def test_an_out_of_office_answer_is_no_report() -> None:
    mail = mime.parse(auto_reply())

    assert mail.header("auto-submitted") == "auto-replied"
    assert mail.reports == ()


# -- reports ------------------------------------------------------------------------


def test_a_bounce_names_its_status_and_the_mail_that_came_back() -> None:
    mail = mime.parse(bounce(status="5.1.1", original_id="<sent@claims.example>"))

    assert mail.content_type == "multipart/report"
    assert mail.reports == (
        DeliveryReport(
            "failed",
            "5.1.1",
            "<sent@claims.example>",
            "jonas.weber@post.example",
            is_formal=True,
        ),
    )
    assert [a.kind for a in mail.attachments] == [FileKind.MAIL]


def test_a_bounce_in_plain_words_is_a_report_too() -> None:
    raw = make_mail(
        sender="MAILER-DAEMON@mail.post.example",
        text="<lena@post.example>: 550 5.1.1 unknown user\n\n"
        "Message-ID: <sent@claims.example>",
    )

    assert mime.parse(raw).reports == (
        DeliveryReport("failed", "5.1.1", "<sent@claims.example>", "lena@post.example"),
    )


def test_a_person_who_writes_of_codes_sends_no_report() -> None:
    assert mime.parse(make_mail(text="I got 5.1.1 back")).reports == ()


# -- text ---------------------------------------------------------------------------


def test_plain_text_counts_before_html() -> None:
    mail = mime.parse(make_mail(text="the words", html="<p>the <b>same</b> words"))

    assert mail.text == "the words"
    assert mail.attachments == ()


@pytest.mark.parametrize("text", ["", " \n", "Your client cannot show HTML."])
def test_html_counts_where_the_plain_text_is_empty_or_a_stub(text: str) -> None:
    html = "<p>Dear team,</p>" + "<p>my parcel arrived broken.</p>" * 20

    mail = mime.parse(make_mail(text=text, html=html))

    assert mail.text.startswith("Dear team,\n\nmy parcel arrived broken.")


def test_short_html_without_plain_text_is_the_text() -> None:
    assert mime.parse(make_mail(text="", html="<p>hi</p>")).text == "hi"


def test_a_text_without_its_label_is_read() -> None:
    assert (
        mime.parse(a_raw_mail("From: a@b.example", body="hi there")).text == "hi there"
    )


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("utf-8", "Größe 5".encode()),
        ("iso-8859-1", "Größe 5".encode("latin-1")),
        ("us-ascii", "Größe 5".encode()),
        ("us-ascii", "Größe 5".encode("latin-1")),
        ("nonsense", "Größe 5".encode()),
        ("utf-8", "Größe 5".encode("latin-1")),
        ("utf-16", "Größe 5".encode("utf-16")),
        ("zlib", "Größe 5".encode()),
    ],
)
def test_text_is_decoded_by_its_charset_or_a_better_guess(
    charset: str, data: bytes
) -> None:
    raw = a_raw_mail(f"Content-Type: text/plain; charset={charset}", body=data)

    assert mime.parse(raw).text == "Größe 5"


def test_a1_no_text_holds_what_postgresql_refuses() -> None:
    raw = a_raw_mail(
        "Subject: a\x00b",
        "From: =?utf-8?b?AAA=?= <a@b.example>",
        'Content-Type: multipart/mixed; boundary="B"',
        body=b"--B\r\n\r\na\x00b\xed\xa0\x80\x1b[31m\r\n"
        b"--B\r\nContent-Type: text/plain; name=a\x00b.txt\r\n\r\nc\x00d\r\n--B--",
    )

    data = TypeAdapter(Mail).dump_json(mime.parse(raw))

    assert b"\\u0000" not in data
    assert b"\\u001b" not in data


def test_a_body_that_is_a_pdf_is_a_file() -> None:
    pdf = a_file(invoice_pdf(), "", media_type="text/plain", disposition="")

    mail = mime.parse(make_mail(files=[pdf]))

    assert mail.text == WORDS
    assert [a.kind for a in mail.attachments] == [FileKind.PDF]


# -- identity -----------------------------------------------------------------------


def test_the_same_mail_by_another_way_has_the_same_digest() -> None:
    raw = make_mail(files=[a_file(photo(), "a.jpg")])
    trace = b"Received: by mx2; Thu, 19 Nov 2026 00:00:00 +0000\r\nX-Spam-Level: *\r\n"
    by_another_way = trace + raw.replace(b"\r\n", b"\n") + b"\n"

    assert mime.parse(raw).content_sha256 == mime.parse(by_another_way).content_sha256


@pytest.mark.parametrize(
    "other",
    [
        make_mail(text="other words"),
        make_mail(subject="other"),
        make_mail(message_id="<two@mail.example>"),
        make_mail(sender="b@mail.example"),
    ],
    ids=["text", "subject", "Message-ID", "sender"],
)
def test_another_mail_has_another_digest(other: bytes) -> None:
    assert mime.parse(make_mail()).content_sha256 != mime.parse(other).content_sha256


# -- damage -------------------------------------------------------------------------


def test_a_badly_folded_header_does_not_end_the_headers() -> None:
    raw = a_raw_mail(
        "Received: from x",
        "by mx.logistics.example; Wed, 18 Nov 2026 19:10:00 +0000",
        "From: a@b.example",
        "Subject : spaced",
    )

    mail = mime.parse(raw)

    assert mail.from_addresses == ("a@b.example",)
    assert mail.subject == "spaced"
    assert mail.hops[0].by_host == OUR_MX


def test_empty_lines_and_a_byte_order_mark_before_the_headers_are_skipped() -> None:
    raw = b"\xef\xbb\xbf\r\n\r\n" + make_mail()

    assert mime.parse(raw).subject == "hello"


def test_a_boundary_that_is_never_used_is_replaced_by_the_one_that_is() -> None:
    raw = a_raw_mail(
        'Content-Type: multipart/mixed; boundary="declared"',
        body="--used\r\nContent-Type: text/plain\r\n\r\nthe words\r\n"
        "--used\r\nContent-Type: application/pdf\r\n\r\n%PDF-\r\n--used--\r\n",
    )

    mail = mime.parse(raw)

    assert mail.text == "the words"
    assert [a.kind for a in mail.attachments] == [FileKind.PDF]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        b"\r\n" * 1000,
        b"no headers at all",
        b"From",
        a_raw_mail("Content-Type: multipart/mixed; boundary="),
        a_raw_mail('Content-Type: multipart/mixed; boundary="B"', body="--B"),
        a_raw_mail("Content-Type: message/rfc822", body=""),
        a_raw_mail("Content-Type: text/plain; charset=\x00"),
        a_raw_mail("Content-Transfer-Encoding: \x00\x00", "From: \x00"),
        order_mail()[:300],
    ],
)
def test_p4_no_mail_is_too_broken_to_be_read(raw: bytes) -> None:
    assert isinstance(mime.parse(raw), Mail)


def test_mail_parsers_attribute_error_is_survived() -> None:
    """Known trap: the start boundary is missing and there is no epilogue."""
    raw = a_raw_mail(
        "From: a@b.example",
        'Content-Type: multipart/mixed; boundary="B"',
        body='--C\r\nContent-Type: multipart/mixed; boundary="D"\r\n\r\ntext',
    )

    assert mime.parse(raw).from_addresses == ("a@b.example",)
