"""The amount and the clauses of a draft that staff edited and sent."""

import pytest

from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.sent_mails import parse, text_of_html
from worker.domain.claim import ClaimState
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.money import Money
from worker.domain.reply import SUPPORTED_LOCALES
from worker.replies.sent_texts import cited, open_gaps, read_amount, read_clauses
from worker.samples import a_complete_claim, a_draft, a_failed_check, an_assessment

RENDERER = JinjaRenderer(folder("templates") / "emails")
C11, X11 = ClauseId("C11"), ClauseId("X11")


def an_approval(code: str = "en") -> tuple[str, str]:
    reply = a_draft(a_complete_claim(), an_assessment())
    rendered = RENDERER.render(reply.kind, reply.facts, locale=code)
    return rendered.text, text_of_html(rendered.html)


def a_rejection(*clauses: str) -> tuple[str, str]:
    claim = a_complete_claim(state=ClaimState.INELIGIBLE_PROPOSED)
    failed = tuple(map(a_failed_check, clauses))
    reply = a_draft(claim, an_assessment(findings=failed))
    rendered = RENDERER.render(reply.kind, reply.facts, locale="en")
    return rendered.text, text_of_html(rendered.html)


def filled(draft: tuple[str, ...], amount: str) -> tuple[str, ...]:
    return tuple(text.replace("[amount]", amount) for text in draft)


@pytest.mark.parametrize("code", sorted(SUPPORTED_LOCALES))
@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("80.00 USD", "80"),
        ("80", "80"),
        ("$80", "80"),
        ("USD 1,080.50", "1080.50"),
        ("1.080,50 USD", "1080.50"),
        ("80,5", None),
        ("1,080", None),
        ("80.00 EUR", None),
        ("80.00 €", None),
        ("eighty", None),
        ("80 90", None),
        ("[amount]", None),
    ],
)
def test_an_amount_is_read_in_any_language_or_not_at_all(
    code: str, written: str, amount: str | None
) -> None:
    draft = an_approval(code)

    found = read_amount(draft, filled(draft, written))

    assert found == (None if amount is None else Money.of(amount))


def test_line_ends_and_emphasis_of_a_mail_program_do_not_matter() -> None:
    draft = an_approval()
    words = filled(draft, "*80.00 USD*")[0].split()

    assert read_amount(draft, ("\n".join(words),)) == Money.of("80")
    assert read_amount(draft, ("\n> ".join(words),)) == Money.of("80")


def test_two_amounts_in_one_mail_are_in_doubt() -> None:
    draft = an_approval()
    once = tuple(text.replace("[amount]", "80.00 USD", 1) for text in draft)

    assert read_amount(draft, filled(once, "90.00 USD")) is None
    assert read_amount(draft, (filled(draft, "80")[0], filled(draft, "90")[1])) is None
    assert read_amount(draft, (filled(draft, "80")[0], "another text")) is None
    assert read_amount(draft, ("another text",)) is None
    assert read_amount(draft, ()) is None


def test_an_amount_that_a_member_wrote_beside_ours_is_in_doubt() -> None:
    draft = an_approval()
    quoted = f"{filled(draft, '80.00 USD')[0]}\n> Amount approved: 9999.00 USD"

    assert read_amount(draft, (quoted,)) is None


def test_a_gap_that_was_left_is_seen_and_a_signature_is_none() -> None:
    draft = an_approval()

    assert open_gaps(draft, draft) == ("[amount]", "[why this amount]")
    assert open_gaps(draft, (f"{filled(draft, '80')[0]} [logo]",)) == (
        "[why this amount]",
    )


def test_the_clauses_of_a_rejection_are_those_that_it_names_and_quotes() -> None:
    draft = a_rejection("C11")
    other = tuple(f"Clause X11 says: {CLAUSES[X11].text} See clause C12.".splitlines())

    assert read_clauses(draft[0]) == read_clauses(draft[1]) == {"C11"}
    assert cited(draft, draft, (C11,)) == (C11,)
    assert cited(draft, other, (C11,)) == (X11,)
    assert cited(draft, (draft[0], "nothing"), (C11,)) == ()
    assert cited(draft, (CLAUSES[C11].text,), (C11,)) == ()


def test_what_a_rejection_quotes_for_understanding_is_not_relied_on() -> None:
    draft = a_rejection("G1")

    assert cited(draft, draft, (ClauseId("G1"),)) == (ClauseId("G1"),)


# -- the mail -----------------------------------------------------------------------


def test_every_alternative_and_every_token_of_a_mail_is_read() -> None:
    mail = parse(
        b"From: Desk <desk@shop.example>\r\nSender: Jane <Jane@Shop.example>\r\n"
        b"To: Lena <lena@mail.example>, x@y.example\r\nCc: z@y.example\r\n"
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <new@shop>\r\n"
        b"References: <one@x>\r\n <two@x>\r\nX-Claims-Draft: <three@x>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n\xfc\r\n"
        b"--b\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<p>A<br>B</p>\r\n"
        b"--b\r\nContent-Type: text/plain\r\n"
        b"Content-Disposition: attachment; filename=a.txt\r\n\r\nattached\r\n--b--\r\n"
    )

    assert mail.from_address == "jane@shop.example"
    assert mail.to_addresses == {"lena@mail.example", "x@y.example", "z@y.example"}
    assert mail.subject == "Grüße"
    assert mail.message_id == "<new@shop>"
    assert mail.tokens == ("<one@x>", "<two@x>", "<three@x>", "<new@shop>")
    assert [text.split() for text in mail.texts] == [["ü"], ["A", "B"]]


def test_two_senders_are_nobody() -> None:
    assert parse(b"From: a@x.example, b@x.example\r\n\r\n").from_address == ""
