"""What lifecycle.md section 7 promises of the e-mails, each promise as a test."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from babel.messages.pofile import read_po

from tools import messages
from worker.adapters.outgoing import MailIdentity, build
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.domain.amount_labels import LABELS, Figure, LineKind
from worker.domain.amounts import AmountLine
from worker.domain.clauses import ClauseId
from worker.domain.documents import Verdict
from worker.domain.money import Money
from worker.domain.reply import SUPPORTED_LOCALES, Reply, ReplyKind
from worker.gallery import every_sample
from worker.notify import decide
from worker.samples import (
    APPROVAL,
    DUE_AT,
    a_claim,
    a_complete_claim,
    a_member,
    an_assessment,
    an_incomplete_assessment,
    an_order,
    answers,
    documents,
)

RENDERER = JinjaRenderer(folder("templates") / "emails")
SAMPLES = every_sample()
OURS = MailIdentity("claims@ours.example", "Claims", "claims-worker", b"key")
NOW = datetime(2026, 11, 18, 19, 12, tzinfo=UTC)
MOST_BYTES = 100_000
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
every_language = pytest.mark.parametrize("code", sorted(SUPPORTED_LOCALES))


def text_of(reply: Reply, code: str = "en") -> str:
    return RENDERER.render(reply.kind, reply.facts, locale=code).text


# -- what each must say -------------------------------------------------------------

MUST_SAY = {
    "staff_draft_note": (
        "1. Claim",
        "12. How to read this",
        '"My tea set arrived broken."',
        "claims approve CLM-000012 --amount USD --reason WHY --by NAME",
        "[amount]",
    ),
    # E1
    "received-open": (
        "Your claim has the number CLM-000012",
        "Member ID: M104233",
        "Order number: ORD-20261104-0183",
        "Package: PKG-77",
        "What happened: The package or its contents are damaged",
        "reached us: Wednesday 18 November 2026, 19:10 UTC (20:10 Berlin time)",
        "✓ Order notification e-mail: received",
        "✗ Photos of the contents: missing",
        "Reply to this e-mail and attach the files",
        "keep all packaging",
        "within 7 days after the last required document",
        "not yet a decision",
    ),
    "received-complete": ("respond by Wednesday 25 November", "7 days after your last"),
    "received-only_photos": ("within 7 days", "not yet a decision"),
    # E2
    "cannot_match-order": (
        "does not name an order number",
        "M123456+ORD-20261231-0042+Claim",
        "The time of your first e-mail counts",
    ),
    # E3
    "held-confirm_identity": ("from your registered address", "still counts"),
    "held-identity_notice": ("If it was you", "on hold"),
    # E4, E4r
    "documents_missing": (
        "✗ Proof of purchase: we cannot use the file that you sent",
        "locked with a password",
        "Please show each damaged item",
        "by Wednesday 25 November 2026, 19:12 UTC",
        "If you cannot send photos, tell us why",
        "Clause C8 of the terms says:",
        "may be rejected if any of the above documents are missing",
    ),
    "documents_missing-wrong_order": (
        "The file belongs to another order. Please send the one for order ORD-",
    ),
    "documents_reminder": (
        "This is a reminder",
        "by Wednesday 25 November 2026, 19:12 UTC",
        "If you cannot send photos, tell us why",
        "may close the claim as incomplete",
        "Clause C8 of the terms says:",
    ),
    # E5
    "documents_complete": (
        "Thank you",
        "✓ Photos of the contents: received",
        "respond by Wednesday 25 November 2026, 19:10 UTC (20:10 Berlin time)",
    ),
    # E6
    "response-open": (
        "As of Wednesday 18 November 2026",
        "within 24 hours after the package was delivered (clause C11)",
        "reply to this e-mail and attach them",
        "Please send what is missing by Wednesday 25 November 2026, 19:12 UTC",
        "write to you again by Wednesday 2 December 2026, 19:10 UTC",
    ),
    # E7
    "approved-partial": (
        "You will receive 412.50 USD",
        "sales price 450.00 (clause G5): 450.00 USD",
        "Shipping, 100% of 62.50 (clause G3): 62.50 USD",
        "returned as points (clause P13): -50.00 USD",
        "The most that the terms allow here: 462.50 USD",
        "Amount approved: 412.50 USD",
        "What we did not accept, and why",
        "the payment details in your account",
        "it can take some days",
        "5,000 points that you used for this order go back",
        "appeal until Friday 18 December 2026, 19:12 UTC",
        "Clause G5 says:",
    ),
    # E8
    "rejected": (
        "Clause C11 says:",
        "No compensation claims will be accepted after more than 24 hours",
        "Package delivered: Wednesday 18 November 2026, 14:30 UTC",
        "Time between the two: 24 hours and 1 second",
        "What could change this",
        "appeal until Friday 18 December 2026, 19:12 UTC",
        "keep all packaging and contents until then",
        "notice that clause C13",
    ),
    # E9
    "completed": (
        "Amount: 462.50 USD",
        "Paid: Friday 20 November 2026",
        "Reference: P-881",
        "Points back in your account: 5,000",
        "no longer need to keep the packaging",
        "notice that clause C13",
    ),
    # E10
    "closed_incomplete": (
        "✗ Photos of the contents: missing",
        "Reply to this e-mail by Friday 18 December 2026",
        "notice that clause C13",
    ),
    # E11
    "withdrawn": (
        "you asked us on Wednesday 18 November",
        "send us a new e-mail",
        "more than 24 hours after receiving the package",
    ),
    # E12
    "reopened-appeal": (
        "Somebody who did not make the first decision",
        "respond by Wednesday 25 November 2026",
        "What you can add",
    ),
    # E13
    "payment_problem-refused": (
        "sent it back",
        "Sign in to your account",
        "never send bank or card details by e-mail",
    ),
    # E14
    "merged": ("is now in claim CLM-000012", "Claim CLM-000015 is closed"),
    # I1 to I5
    "staff_due_soon-48": ("CLM-000012", "48 hours are left"),
    "staff_due_soon-24": ("CLM-000012", "24 hours are left"),
    "staff_overdue": ("CLM-000012", "Overdue by: 3 hours"),
    "staff_dead_letter": ("claims dead show 4711", "reader_crashed"),
    "staff_mailbox_silent": ("35 minutes ago", "claims doctor"),
    "staff_digest": ("6 claims wait", "CLM-000001 | documents | 24 hours"),
}
"""English words for each demand of the table. Source: lifecycle.md section 7."""


@pytest.mark.parametrize("name", MUST_SAY)
def test_an_email_says_what_it_must(name: str) -> None:
    said = text_of(SAMPLES[name])

    assert [words for words in MUST_SAY[name] if words not in said] == []


def test_every_kind_has_something_that_it_must_say() -> None:
    asked_for_by_others = {
        ReplyKind.STAFF_APPROVAL,  # T21
        ReplyKind.STAFF_PAYOUT_DUE,  # T22
    }
    told = {SAMPLES[name].kind for name in MUST_SAY}

    assert told == set(ReplyKind) - asked_for_by_others


# -- size, words, numbers -----------------------------------------------------------


@every_language
def test_every_email_is_under_100_kb_as_it_is_sent(code: str) -> None:
    for name, reply in SAMPLES.items():
        rendered = RENDERER.render(reply.kind, reply.facts, locale=code)
        raw = build(reply, rendered, identity=OURS, now=NOW).raw

        assert len(raw) < MOST_BYTES, name


def test_a_sentence_without_a_translation_is_found() -> None:
    """So that the test which finds none of them means something."""
    text = (
        'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "Said"\nmsgstr "Gesagt"\n\nmsgid "Not said"\nmsgstr ""\n\n'
        'msgid "%(num)s day"\nmsgid_plural "%(num)s days"\n'
        'msgstr[0] "%(num)s Tag"\nmsgstr[1] ""\n'
    )
    catalog = read_po(BytesIO(text.encode()), locale="de")

    found = [message.id for message in messages.untranslated(catalog)]

    assert found == ["Not said", ("%(num)s day", "%(num)s days")]


@pytest.mark.parametrize(
    ("code", "one", "two"),
    [
        ("en", "need 1 document from", "need 2 documents from"),
        ("de", "noch 1 Unterlage von", "noch 2 Unterlagen von"),
        ("es", "necesitamos 1 documento ", "necesitamos 2 documentos "),
        ("zh", "提供 1 份材料", "提供 2 份材料"),
    ],
)
def test_one_and_two_are_told_in_the_plural_forms_of_the_language(
    code: str, one: str, two: str
) -> None:
    waiting = an_incomplete_assessment(
        documents=documents(*[Verdict.SATISFIED] * 3, Verdict.MISSING)
    )
    claim = a_claim(documents_due_at=DUE_AT)
    ((single,), (double,)) = (
        answers(replace(claim, state=waiting.state), assessment)
        for assessment in (waiting, an_incomplete_assessment())
    )

    assert one in text_of(single, code)
    assert two in text_of(double, code)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("en", ("1,480.00 and", "at 7.8053", "3,900.00 HKD", "18 December 2026")),
        ("de", ("1.480,00 und", "7,8053", "3.900,00 HKD", "18. Dezember 2026")),
        ("es", ("1.480,00", "7,8053", "3.900,00 HKD", "18 de diciembre de 2026")),
        ("zh", ("1,480.00", "7.8053", "3,900.00 HKD", "2026年12月18日星期五")),
    ],
)
def test_dates_and_sums_are_written_as_in_the_language(
    code: str, told: tuple[str, ...]
) -> None:
    figures: dict[str, Figure] = {
        "foreign": Money.of("3900", "HKD"),
        "rate": Decimal("7.8053"),
        "value": Money.of("1480"),
        "price": Money.of("1500"),
    }
    line = a_line(LineKind.GOODS_LOWER_FOREIGN, figures)
    said = text_of(approved(line), code)

    assert [words for words in told if words not in said] == []


def a_line(kind: LineKind, figures: dict[str, Figure]) -> AmountLine:
    return AmountLine(kind, Money.of("1480"), ClauseId("G5"), figures)


def approved(line: AmountLine) -> Reply:
    decision = replace(APPROVAL, lines=(line,))
    return decide(ReplyKind.APPROVED, a_complete_claim(), an_order(), decision)


@every_language
@pytest.mark.parametrize("kind", LineKind)
def test_every_line_of_the_arithmetic_is_told_in_the_language(
    kind: LineKind, code: str
) -> None:
    figures: dict[str, Figure] = {
        name: Money.of("12345.67") for name in PLACEHOLDER.findall(LABELS[kind])
    }
    line = a_line(kind, figures)
    amount = {"de": "12.345,67", "es": "12.345,67"}.get(code, "12,345.67")

    said = text_of(approved(line), code)

    assert "%(" not in said
    assert (line.label in said) == (code == "en")
    assert said.count(amount) == len(figures)


@pytest.mark.parametrize("locale", ["fr", "fr-CA", "xx", "", "12"])
def test_a_member_whose_language_we_do_not_write_reads_english(locale: str) -> None:
    order = an_order(member=replace(a_member(), locale=locale))
    (reply,) = answers(a_complete_claim(), an_assessment(), order=order)
    rendered = RENDERER.render(reply.kind, reply.facts, locale=locale)
    raw = build(reply, rendered, identity=OURS, now=NOW).raw

    assert rendered == RENDERER.render(reply.kind, reply.facts, locale="en")
    assert "Kind regards" in rendered.text
    assert b"\r\nContent-Language: en\r\n" in raw


@pytest.mark.parametrize(
    ("code", "signed"),
    [
        ("en", "Kind regards\nThe claims team"),
        ("de", "Freundliche Grüße\nIhr Team für Schadensfälle"),
        ("es", "Un cordial saludo\nEl equipo de reclamaciones"),
        ("zh", "祝好\n理赔团队"),
    ],
)
def test_the_claims_team_signs_in_the_language(code: str, signed: str) -> None:
    assert signed in text_of(SAMPLES["merged"], code)


# -- how it reads in a language -----------------------------------------------------


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("en", "✓ Photos of the packaging: received; a member of our team will look"),
        ("de", "✗ Fotos des Inhalts: fehlen"),
        ("es", "✗ Fotos del contenido: faltan"),
        ("es", "✓ Fotos del embalaje: recibidas;"),
        ("es", "✓ Correo de confirmación del pedido: recibido\n"),
        ("zh", "✗ 物品照片：缺少"),
    ],
)
def test_photos_are_spoken_of_as_many_and_a_paper_as_one(code: str, line: str) -> None:
    assert line in text_of(SAMPLES["received-open"], code)


@pytest.mark.parametrize("name", SAMPLES)
def test_chinese_has_no_blank_after_a_sign_that_is_as_wide_as_a_letter(
    name: str,
) -> None:
    sample = SAMPLES[name]

    told = RENDERER.render(sample.kind, sample.facts, locale="zh")

    for part in (told.subject, told.text, told.html):
        assert re.findall(r".{,9}[）。，：；](?:</\w+>)* +\S", part) == []


def test_an_answer_says_nothing_to_do_only_where_nothing_is_missing() -> None:
    nothing = "You do not need to do anything."

    assert nothing in text_of(SAMPLES["response"])
    assert nothing in text_of(SAMPLES["response-note"])
    assert "We still need 1 document from you." in text_of(SAMPLES["response-unclear"])
    assert nothing not in text_of(SAMPLES["response-unclear"])


def test_a_decision_on_an_appeal_does_not_offer_another() -> None:
    for name in ("appeal-approved", "appeal-rejected"):
        told = text_of(SAMPLES[name])
        assert "Your appeal\n" in told
        assert "If you do not agree" not in told


def test_a_digest_without_claims_counts_none() -> None:
    none = SAMPLES["staff_digest-none"]

    told = RENDERER.render(none.kind, none.facts, locale="en")

    assert told.subject == "No claim lacks one thing only"
    assert "no claim waits for one thing only" in told.text
    assert "oldest" not in told.text
