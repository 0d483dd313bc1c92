"""worker/adapters/outgoing.py: the bytes that leave, and what can never be in them."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.adapters.outgoing import MailIdentity, build
from worker.adapters.wrapping import wrap
from worker.domain.errors import GiveUp
from worker.domain.identity import SenderTier
from worker.domain.reply import (
    Reply,
    ReplyKind,
    is_issued,
    issue_message_id,
    reply_address,
    verify_message_id,
    verify_reply_address,
)
from worker.ports import Rendered
from worker.samples import (
    NOW,
    a_claim,
    a_complete_claim,
    an_assessment,
    answers,
    every_reply,
    unmatched,
)

KEY = b"a secret of the house"
IDENTITY = MailIdentity("claims@logistics.example", "Logistics claims", "desk-1", KEY)
RENDERED = Rendered(
    "M104233+ORD-20261104-0183+Claim [#CLM-000012]",
    "Dear Lena,\n\n✓ Proof of purchase: received \n.\nFrom here on\n",
    '<!DOCTYPE html>\n<p style="color:red">✓ Grüße</p>\n',
)
USUAL_HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "X-Claims-Mailer"),
    *("Content-Language", "MIME-Version", "Content-Type"),
]


def a_reply(**changes: object) -> Reply:
    (reply,) = answers(a_complete_claim(), an_assessment())
    return replace(reply, **changes)  # type: ignore[arg-type]


def raw_of(
    reply: Reply, rendered: Rendered = RENDERED, identity: MailIdentity = IDENTITY
) -> bytes:
    return build(reply, rendered, identity=identity, now=NOW).raw


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def read_reply(
    reply: Reply, rendered: Rendered = RENDERED, identity: MailIdentity = IDENTITY
) -> EmailMessage:
    return read(raw_of(reply, rendered, identity))


# -- the whole ----------------------------------------------------------------------


def test_an_answer_has_these_headers_and_no_others() -> None:
    message = read_reply(a_reply())

    assert message.keys() == USUAL_HEADERS
    assert message["From"] == "Logistics claims <claims@logistics.example>"
    assert message["To"] == "lena.hoffmann@mail.example"
    assert message["Date"] == "Wed, 18 Nov 2026 19:12:00 +0000"
    assert message["In-Reply-To"] == "<one@mail.example>"
    assert message["References"] == "<zero@mail.example> <one@mail.example>"
    assert message["Content-Language"] == "en"


def test_text_comes_first_and_html_second_and_both_survive() -> None:
    message = read_reply(a_reply())

    text, html = message.iter_parts()

    assert message.get_content_type() == "multipart/alternative"
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n").rstrip() == RENDERED.text.rstrip()
    assert html.get_content_type() == "text/html"
    assert html.get_content().replace("\r\n", "\n").rstrip() == RENDERED.html.rstrip()


def test_the_bytes_are_seven_bit_short_lines_that_end_in_crlf() -> None:
    raw = raw_of(a_reply())

    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_the_same_reply_gives_the_same_bytes() -> None:
    assert raw_of(a_reply()) == raw_of(a_reply())


def test_text_in_another_script_travels_in_base64() -> None:
    text = "荷物が壊れていました。\n" * 20
    part = next(read_reply(a_reply(), replace(RENDERED, text=text)).iter_parts())

    assert part["Content-Transfer-Encoding"] == "base64"
    assert part.get_content().replace("\r\n", "\n").rstrip() == text.rstrip()


@given(st.text(max_size=3000))
@example("0" * 76 + " ")
def test_any_text_comes_out_as_it_was_wrapped(text: str) -> None:
    part = next(read_reply(a_reply(), replace(RENDERED, text=text)).iter_parts())

    payload = part.get_payload(decode=True)

    assert isinstance(payload, bytes)
    expected = wrap(text).replace("\r\n", "\n").replace("\r", "\n")
    assert payload.decode().replace("\r\n", "\n").rstrip("\n") == expected.rstrip("\n")


# -- automatic or not ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "submitted"),
    [
        ({}, "auto-replied"),
        ({"is_automatic_reply": False}, "auto-generated"),
        ({"kind": ReplyKind.APPROVED}, None),
        ({"kind": ReplyKind.REJECTED}, None),
        ({"is_draft": True}, None),
        ({"kind": ReplyKind.COMPLETED, "is_automatic_reply": False}, "auto-generated"),
    ],
)
def test_only_what_no_person_wrote_says_that_it_is_automatic(
    changes: dict[str, object], submitted: str | None
) -> None:
    message = read_reply(a_reply(**changes))

    assert message["Auto-Submitted"] == submitted
    suppress = None if submitted is None else "DR, RN, NRN, OOF, AutoReply"
    assert message["X-Auto-Response-Suppress"] == suppress
    assert message["X-Claims-Mailer"] == "desk-1"


# -- nothing can be injected --------------------------------------------------------

NASTY = [
    pytest.param("a\r\nBcc: x@y.example", id="crlf"),
    pytest.param("a\nBcc: x@y.example", id="lf"),
    pytest.param("a\rBcc: x@y.example", id="cr"),
    pytest.param("a\0b", id="nul"),
    pytest.param("a\u2028Bcc: x@y.example", id="line-separator"),
    pytest.param("a\u0085Bcc: x@y.example", id="next-line"),
    pytest.param("a\u202egpj.exe", id="right-to-left-override"),
    pytest.param("a\u2066b\u2069", id="isolates"),
    pytest.param("=?utf-8?Q?=0D=0ABcc:_x@y.example?=", id="encoded-crlf"),
    pytest.param("a\ud800b", id="surrogate"),
    pytest.param('"quoted\\"', id="quotes"),
]


@pytest.mark.parametrize("nasty", NASTY)
def test_a_subject_cannot_add_a_header_or_turn_the_line_around(nasty: str) -> None:
    message = read_reply(a_reply(), replace(RENDERED, subject=nasty))

    assert message.keys() == USUAL_HEADERS
    assert str(message["Subject"]).isprintable()


@pytest.mark.parametrize("nasty", NASTY)
def test_our_own_name_cannot_either(nasty: str) -> None:
    message = read_reply(a_reply(), identity=replace(IDENTITY, from_name=nasty))

    assert message.keys() == USUAL_HEADERS
    (address,) = message["From"].addresses
    assert address.addr_spec == "claims@logistics.example"
    assert address.display_name.isprintable()


@pytest.mark.parametrize("nasty", NASTY)
def test_ids_instance_and_locale_cannot_either(nasty: str) -> None:
    reply = a_reply(in_reply_to=nasty, references=(nasty,), locale=nasty)

    message = read_reply(reply, identity=replace(IDENTITY, instance=nasty))

    assert set(message.keys()) <= set(USUAL_HEADERS)
    assert "References" not in message
    assert "In-Reply-To" not in message


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "lena",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: c@d.example",
        "Lena <a@b.example>",
        "a(comment)@b.example",
        "a b@c.example",
        "\u202ea@b.example",
        "lená@mail.example",
        f"{'a' * 250}@b.example",
        "a@" + "b" * 64 + ".example",
    ],
)
def test_a_recipient_is_one_plain_address_or_nothing_is_built(recipient: str) -> None:
    with pytest.raises(GiveUp, match="bad_recipient"):
        raw_of(a_reply(to=recipient))


def test_a_domain_in_another_script_is_sent_in_its_ascii_form() -> None:
    message = read_reply(a_reply(to="lena@bücher.example"))

    assert message["To"] == "lena@xn--bcher-kva.example"


@given(st.text(max_size=300))
def test_no_subject_breaks_the_headers(subject: str) -> None:
    message = read_reply(a_reply(), replace(RENDERED, subject=subject))

    assert message.keys() == USUAL_HEADERS


def test_a_long_subject_is_cut() -> None:
    outgoing = build(
        a_reply(), replace(RENDERED, subject="x" * 500), identity=IDENTITY, now=NOW
    )

    assert outgoing.subject == "x" * 200


# -- threading ----------------------------------------------------------------------


def test_the_first_and_the_newest_references_are_kept() -> None:
    ids = tuple(f"<{n}@mail.example>" for n in range(40))

    kept = str(read_reply(a_reply(references=ids))["References"]).split()

    assert len(kept) == 20
    assert kept[0] == ids[0]
    assert kept[1:] == list(ids[-19:])


def test_references_stay_under_900_bytes() -> None:
    ids = tuple(f"<{'x' * 200}{n}@mail.example>" for n in range(10))

    kept = str(read_reply(a_reply(references=ids))["References"])

    assert len(kept) <= 900
    assert kept.split() == [ids[0], *ids[-3:]]


def test_what_is_not_a_message_id_is_left_out() -> None:
    ids = ("no brackets", "<two words>", "<ok@x>", f"<{'y' * 300}>", "<ü@x>", "<ok@x>")

    assert read_reply(a_reply(references=ids))["References"] == "<ok@x>"


# -- our own Message-IDs ------------------------------------------------------------


def test_a_message_id_of_ours_leads_back_to_its_claim() -> None:
    outgoing = build(a_reply(), RENDERED, identity=IDENTITY, now=NOW)

    assert outgoing.message_id == read(outgoing.raw)["Message-ID"]
    assert verify_message_id(outgoing.message_id, KEY) == 12
    assert verify_message_id(outgoing.message_id.upper(), KEY) == 12
    assert verify_message_id(outgoing.message_id, b"another key") is None


def test_the_same_promise_has_the_same_message_id_whenever_it_is_built() -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    first = build(a_reply(), RENDERED, identity=IDENTITY, now=NOW)
    second = build(a_reply(), RENDERED, identity=IDENTITY, now=later)

    assert first.message_id == second.message_id
    other = build(a_reply(dedup_key="x"), RENDERED, identity=IDENTITY, now=NOW)
    assert other.message_id != first.message_id


@given(st.text(max_size=60), st.none() | st.integers(1, 2**40 - 1))
def test_every_message_id_is_known_again(key: str, claim_id: int | None) -> None:
    issued = issue_message_id(key, claim_id, secret_key=KEY, domain="x.example")

    assert is_issued(issued, KEY)
    assert verify_message_id(issued, KEY) == claim_id


@given(st.integers(0, 41), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567."))
def test_a_message_id_with_one_letter_changed_is_not_ours(at: int, to: str) -> None:
    issued = issue_message_id("key", 12, secret_key=KEY, domain="x.example")
    forged = issued[: at + 1] + to + issued[at + 2 :]

    assert forged == issued or not is_issued(forged, KEY)


@pytest.mark.parametrize("other", ["", "<>", "<a@b>", "<a.b.c@d>", "CLM-000012"])
def test_other_ids_are_not_ours(other: str) -> None:
    assert not is_issued(other, KEY)


def test_a_stranger_cannot_tell_from_the_message_id_whether_a_claim_exists() -> None:
    held = every_reply(SenderTier.C)["held"][0]
    (nothing,) = unmatched(member=True, order=True)
    assert held.kind is nothing.kind is ReplyKind.CONFIRM_IDENTITY
    assert held.claim_id == 12
    assert nothing.claim_id is None

    sizes = {len(raw_of(reply)) for reply in (held, nothing)}
    headers = [read_reply(reply).items() for reply in (held, nothing)]

    assert len(sizes) == 1
    differing = [a[0] for a, b in zip(*headers, strict=True) if a != b]
    assert set(differing) <= {"Message-ID", "Content-Type"}


# -- Reply-To tokens ----------------------------------------------------------------


def test_reply_to_is_absent_unless_asked_for() -> None:
    assert read_reply(a_reply())["Reply-To"] is None


def test_a_reply_token_leads_to_its_claim_and_cannot_be_forged() -> None:
    identity = replace(IDENTITY, uses_reply_tokens=True)

    address = read_reply(a_reply(), identity=identity)["Reply-To"]

    assert address.startswith("claims+CLM12.")
    assert verify_reply_address(address, KEY) == 12
    assert verify_reply_address(address.lower(), KEY) == 12
    assert verify_reply_address(address.replace("CLM12", "CLM13"), KEY) is None
    assert verify_reply_address("claims@logistics.example", KEY) is None
    assert reply_address("a+b@c.example", 12, secret_key=KEY).startswith("a+b+CLM12.")


def test_a_stranger_never_gets_a_token() -> None:
    identity = replace(IDENTITY, uses_reply_tokens=True)
    reply = a_reply(kind=ReplyKind.CONFIRM_IDENTITY, claim_id=a_claim().claim_id)

    assert read_reply(reply, identity=identity)["Reply-To"] is None
