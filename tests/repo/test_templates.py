"""Rules about templates/emails: triples, words, and what an e-mail may look like."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from worker.adapters.languages import Language
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.documents import Verdict, Why
from worker.domain.findings import FindingVerdict
from worker.domain.identity import SenderTier
from worker.domain.reply import SUPPORTED_LOCALES, Reply, ReplyKind
from worker.gallery import every_sample
from worker.notify import respond
from worker.ports import Rendered
from worker.samples import (
    NOW,
    RESPOND_BY,
    a_claim,
    a_complete_claim,
    a_finding,
    an_assessment,
    an_incomplete_assessment,
    an_order,
    answers,
    documents,
    every_reply,
)

EMAILS = folder("templates") / "emails"
PARTS = {"subject.txt", "body.txt", "body.html"}
RENDERER = JinjaRenderer(EMAILS)
MAX_HTML_BYTES = 100_000  # Gmail cuts what is longer than 102 kB
EVERY_REPLY = every_sample() | {
    f"{name}-{reply.kind}-{tier}": reply
    for tier in (SenderTier.B, SenderTier.C)
    for name, replies in every_reply(tier).items()
    for reply in replies
}
SHARED = sorted((EMAILS / "_base").iterdir())
every_email = pytest.mark.parametrize(
    "reply",
    [
        pytest.param(
            replace(reply, locale=code),
            id=f"{name}-{code}",
            # Four times the same checks; `make check` runs them once.
            marks=[] if code == "en" else pytest.mark.slow,
        )
        for name, reply in EVERY_REPLY.items()
        for code in sorted(SUPPORTED_LOCALES)
    ],
)


def render(reply: Reply) -> Rendered:
    return RENDERER.render(reply.kind, reply.facts, locale=reply.locale)


class Page(HTMLParser):
    """What a reader of the HTML part sees, and how it is built."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "tags left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title", "h1"} & set(self._open):
            self.text += f" {data} "

    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]


MARKUP = "<b>&"
CODES = {
    *("kind", "mark", "verdict", "why", "claim_type", "questions", "clause", "what"),
    *("waits_for", "would_change_it", "missing"),
    *("state", "problem", "reasons"),
}
"""Facts that templates look up; the others they print."""


def with_markup(facts: Any) -> Any:  # noqa: ANN401 - facts are any plain data
    """Return the facts with markup in every string that is printed."""
    if isinstance(facts, dict):
        return {k: v if k in CODES else with_markup(v) for k, v in facts.items()}
    if isinstance(facts, list):
        return [with_markup(value) for value in facts]
    return f"{MARKUP}{facts}" if isinstance(facts, str) else facts


def in_words(reply: Reply) -> Any:  # noqa: ANN401 - facts are any plain data
    return Language(reply.locale, EMAILS.parent / "locale").in_words(reply.facts)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


# -- files --------------------------------------------------------------------------


def test_every_kind_has_its_folder_and_every_folder_a_kind() -> None:
    folders = {path.name for path in EMAILS.iterdir()} - {"_base"}

    assert folders == {kind.value for kind in ReplyKind}


@pytest.mark.parametrize("kind", ReplyKind)
def test_a_kind_is_exactly_three_files(kind: ReplyKind) -> None:
    assert {path.name for path in (EMAILS / kind).iterdir()} == PARTS


@pytest.mark.parametrize("kind", ReplyKind)
def test_every_kind_has_a_sample(kind: ReplyKind) -> None:
    assert any(reply.kind is kind for reply in EVERY_REPLY.values())


@pytest.mark.parametrize(
    "path", sorted(EMAILS.rglob("*.*")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_clauses_that_a_template_names_exist(path: Path) -> None:
    named = re.findall(r"\bclause ([A-Z]\d+[a-z]?)\b", path.read_text(encoding="utf-8"))

    assert set(named) <= CLAUSES.keys()


# -- every e-mail -------------------------------------------------------------------


@every_email
def test_it_renders_to_one_line_and_two_bodies(reply: Reply) -> None:
    rendered = render(reply)

    assert rendered.subject.isprintable()
    assert len(rendered.subject) <= 78
    assert len(rendered.html.encode()) < MAX_HTML_BYTES
    assert "{{" not in rendered.text + rendered.html
    assert "None" not in rendered.text + rendered.html
    assert not re.search(r" \n|\n\n\n| {3}", rendered.text)


@every_email
def test_text_and_html_say_the_same_words(reply: Reply) -> None:
    rendered = render(reply)

    assert words(Page(rendered.html).text) == words(rendered.text)


@every_email
def test_the_html_needs_nothing_from_outside(reply: Reply) -> None:
    page = Page(render(reply).html)

    assert not {"img", "script", "link", "iframe", "form", "a"} & set(page.names())
    assert not re.search(r"https?:|url\(|@import|//", render(reply).html)


@every_email
def test_the_html_is_readable_by_everybody(reply: Reply) -> None:
    page = Page(render(reply).html)
    names = page.names()
    metas = [attributes for tag, attributes in page.tags if tag == "meta"]

    language = "zh-Hans" if reply.locale == "zh" else reply.locale
    assert page.tags[0] == ("html", {"lang": language, "dir": "ltr"})
    assert names.count("h1") == 1
    assert "h3" not in names
    assert {"name": "color-scheme", "content": "light dark"} in metas
    assert any(attributes.get("name") == "viewport" for attributes in metas)
    assert re.search(r"<title>[^<]+</title>", render(reply).html)
    assert "width:" not in re.sub(r"max-width:|width:100%", "", render(reply).html)


@every_email
def test_every_table_says_what_its_cells_mean(reply: Reply) -> None:
    html = render(reply).html

    for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL):
        assert re.search(r'<th scope="(?:row|col)"', row)


@every_email
def test_no_line_ends_between_a_number_and_its_unit(reply: Reply) -> None:
    html = render(reply).html

    assert re.findall(r"\d (?:%|[A-Z]{3}\b)|\w [GXCP]\d{1,2}[a-z]?\b", html) == []
    assert not re.search(r"\be-mail", html, re.IGNORECASE)


IDS = re.compile(r"(.{21})(?:CLM-\d+|ORD-\d+-\d+)")


TO_MEMBERS = {n: r for n, r in EVERY_REPLY.items() if not n.startswith("staff_")}


@pytest.mark.parametrize("code", sorted(SUPPORTED_LOCALES))
@pytest.mark.parametrize("name", TO_MEMBERS)
def test_no_line_ends_within_an_id_that_fits_on_one(name: str, code: str) -> None:
    html = render(replace(TO_MEMBERS[name], locale=code)).html

    for before in IDS.findall(html[html.index("</head>") :]):
        assert before.endswith(('white-space:nowrap;">', 'inline-block;">')), before


def test_an_id_that_is_longer_than_a_line_may_break() -> None:
    long = "ORD-" + "20261104" * 4
    facts = EVERY_REPLY["received-complete"].facts | {"order_number": long}

    html = RENDERER.render("received", facts, locale="en").html

    assert long in html
    assert f'nowrap;">{long}' not in html


def test_the_subject_to_copy_breaks_after_a_plus() -> None:
    html = render(EVERY_REPLY["cannot_match"]).html
    pieces = re.findall(r'inline-block;">([^<]*)</span>(?=<)', html)

    assert pieces == ["M123456+", "ORD-20261231-0042+", "Claim"]


@every_email
def test_headings_follow_the_title_in_order(reply: Reply) -> None:
    names = Page(render(reply).html).names()
    headings = [name for name in names if re.fullmatch(r"h\d", name)]

    assert headings[0] == "h1"
    assert set(headings[1:]) <= {"h2"}


def test_what_the_terms_say_is_marked_as_english() -> None:
    html = render(replace(EVERY_REPLY["rejected"], locale="de")).html

    assert "auf Englisch verfasst" in html
    assert re.search(r'<blockquote class="quote" lang="en"', html)


LAYOUT = (EMAILS / "_base" / "layout.html").read_text()
LIGHT = {
    "muted": "#55606e",
    "callout": "#1c2430",
    "have": "#1d7a3d",
    "need": "#b3261e",
    "wish": "#7a5a00",
    "look": "#7a5a00",
    "card": "#1c2430",
}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", LIGHT)
def test_words_stand_out_from_their_background(name: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, by light and in the dark."""
    dark = LAYOUT[LAYOUT.index("prefers-color-scheme: dark") :]
    told = re.search(rf"\.{name}[ ,][^}}]*?(?<!-)color: (#\w{{6}})", dark)
    inside = "callout" if name == "callout" else "card"
    ground = re.search(rf"\.{inside} {{ background-color: (#\w{{6}})", dark)

    assert ground is not None
    words_in_the_dark = "#e6e9ed" if told is None or name == "callout" else told[1]
    assert contrast(LIGHT[name], "#eef4fc") >= 4.5
    assert contrast(words_in_the_dark, ground[1]) >= 4.5
    assert name == "callout" or told is not None


@every_email
def test_no_fact_reaches_the_html_unescaped(reply: Reply) -> None:
    hostile = RENDERER.render(
        reply.kind, with_markup(in_words(reply)), locale=reply.locale
    )

    assert MARKUP not in hostile.html
    assert MARKUP in hostile.text or not reply.facts


@every_email
def test_marks_have_words_and_not_only_colours(reply: Reply) -> None:
    for row in re.findall(r"^[✓✗○] .*$", render(reply).text, re.MULTILINE):
        assert re.fullmatch(r"[✓✗○] [^\W\d_][\w -]+(?:: |：)\w.+", row)


@every_email
def test_it_never_says_fraud_and_speaks_kindly(reply: Reply) -> None:
    rendered = render(reply)
    text = rendered.text.lower()

    assert not re.search("fraud|betrug|betrüg|fraude|estafa|欺诈|诈骗", text)
    assert re.match(r"dear |hello,|guten tag|hola[,:]|您好|.+，您好", text)
    assert re.search(
        "^(kind regards|freundliche grüße|un cordial saludo|祝好)$", text, re.MULTILINE
    )


# -- every word ---------------------------------------------------------------------


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("claim_type", [ClaimType.DAMAGE, ClaimType.UNKNOWN])
def test_every_reason_has_its_words(why: Why, claim_type: ClaimType) -> None:
    (reply,) = answers(
        a_claim(state=ClaimState.AWAITING_DOCUMENTS, claim_type=claim_type),
        an_incomplete_assessment(
            claim_type=claim_type, documents=documents(*[why] * 4)
        ),
    )

    rendered = render(reply)

    assert rendered.text.count("we cannot use the file that you sent") == 4


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_words(verdict: Verdict) -> None:
    (reply,) = answers(
        a_claim(state=ClaimState.AWAITING_DOCUMENTS),
        an_incomplete_assessment(documents=documents(*[verdict] * 4)),
    )

    listed = re.findall(r"^[✓✗○] ", render(reply).text, re.MULTILINE)

    assert len(listed) == (0 if verdict is Verdict.NOT_REQUIRED else 4)


@pytest.mark.parametrize("claim_type", ClaimType)
def test_every_claim_type_has_its_words(claim_type: ClaimType) -> None:
    (reply,) = answers(
        a_complete_claim(claim_type=claim_type), an_assessment(claim_type=claim_type)
    )

    assert "What happened: " in render(reply).text


@pytest.mark.parametrize("state", ClaimState)
@pytest.mark.parametrize("verdict", FindingVerdict)
@pytest.mark.parametrize("is_open", [True, False])
def test_every_state_and_check_has_its_words_in_a_response(
    state: ClaimState, verdict: FindingVerdict, *, is_open: bool
) -> None:
    findings = tuple(a_finding(clause, verdict) for clause in ("G1", "C11", "C12"))
    make = an_incomplete_assessment if is_open else an_assessment

    reply = respond(
        a_complete_claim(state=state),
        make(findings=findings),
        an_order(),
        NOW,
        RESPOND_BY,
        tier=SenderTier.A,
    )

    assert "What is still open" in render(reply).text


def test_the_terms_are_quoted_word_by_word() -> None:
    rejected = render(EVERY_REPLY["rejected"])
    approved = render(EVERY_REPLY["approved"])

    assert CLAUSES[ClauseId("C11")].text in rejected.text
    assert CLAUSES[ClauseId("G3")].text in approved.text
    assert CLAUSES[ClauseId("G5")].text in approved.text
