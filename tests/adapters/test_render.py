"""worker/adapters/render.py: strict templates, and errors that tell no facts."""

from itertools import pairwise
from pathlib import Path

import pytest

from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.domain.errors import GiveUp
from worker.domain.reply import ReplyKind
from worker.samples import every_reply

EMAILS = folder("templates") / "emails"
PARTS = {"subject.txt": "Claim {{ ref }}", "body.txt": "{{ ref }}", "body.html": "x"}


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A folder with one kind, `note`."""
    write(tmp_path / "note", PARTS)
    return tmp_path


def write(kind: Path, parts: dict[str, str]) -> None:
    kind.mkdir(parents=True, exist_ok=True)
    for name, text in parts.items():
        (kind / name).write_text(text, encoding="utf-8")


def test_the_three_parts_are_rendered(templates: Path) -> None:
    write(templates / "note", {"body.html": "<p>{{ ref }}</p>"})

    rendered = JinjaRenderer(templates).render("note", {"ref": "<b>"}, locale="en")

    assert rendered.subject == "Claim <b>"
    assert rendered.text == "<b>\n"
    assert rendered.html == "<p>&lt;b&gt;</p>\n"


def test_the_team_signs_with_the_name_that_was_set(templates: Path) -> None:
    write(templates / "note", {"body.txt": "{{ signature }}"})

    renderer = JinjaRenderer(templates, signature="Parcel desk")

    assert renderer.render("note", {"ref": "1"}, locale="en").text == "Parcel desk\n"


@pytest.mark.parametrize(
    ("part", "template"),
    [
        pytest.param("body.txt", "{{ nothing }}", id="undefined"),
        pytest.param("body.html", "{{ ref.nothing }}", id="undefined-attribute"),
        pytest.param("body.html", "{% if %}", id="syntax"),
        pytest.param("body.txt", "{% extends 'gone.txt' %}", id="gone"),
        pytest.param("body.txt", "{{ ref + 1 }}", id="type"),
        pytest.param("body.txt", "{{ 1 // 0 }}", id="arithmetic"),
        pytest.param("body.txt", "{{ ref.index('zz') }}", id="value"),
        pytest.param("body.txt", "{{ ref.__class__.__mro__ }}", id="sandbox"),
        pytest.param("body.txt", "{{ items.append(1) }}", id="immutable"),
        pytest.param("body.txt", "{{ range(10000000) | list }}", id="endless"),
        pytest.param("subject.txt", "one\ntwo", id="two-lines"),
        pytest.param("subject.txt", "  \n ", id="empty"),
        pytest.param("subject.txt", "a\u2028b", id="line-separator"),
        pytest.param("subject.txt", "a\u202eb", id="right-to-left-override"),
        pytest.param("subject.txt", "{{ ref }}\r\nBcc: x", id="crlf"),
    ],
)
def test_a_fault_of_a_template_gives_up_and_tells_no_facts(
    templates: Path, part: str, template: str
) -> None:
    write(templates / "note", {part: template})
    facts = {"ref": "secret", "items": []}

    with pytest.raises(GiveUp) as failure:
        JinjaRenderer(templates).render("note", facts, locale="en")

    assert failure.value.reason == "template_error"
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__ or failure.value.__context__ is None
    told = f"{failure.value} {failure.value.__notes__}"
    assert f"note/{part}" in told
    assert "secret" not in told


def test_a_kind_without_templates_gives_up(templates: Path) -> None:
    with pytest.raises(GiveUp, match="template_error"):
        JinjaRenderer(templates).render("other", {}, locale="en")


@pytest.mark.parametrize("kind", ["../note", "/etc/passwd", "note/../../x"])
def test_a_kind_cannot_leave_the_folder(templates: Path, kind: str) -> None:
    with pytest.raises(GiveUp, match="template_error"):
        JinjaRenderer(templates / "note").render(kind, {}, locale="en")


def test_a_translation_is_preferred_and_english_is_what_remains(
    templates: Path,
) -> None:
    write(templates / "de" / "note", PARTS | {"body.txt": "Schaden {{ ref }}"})
    renderer = JinjaRenderer(templates)
    texts = {
        locale: renderer.render("note", {"ref": "1"}, locale=locale).text
        for locale in ("de", "de-AT", "de_CH", "fr", "en")
    }

    assert texts == {
        "de": "Schaden 1\n",
        "de-AT": "Schaden 1\n",
        "de_CH": "Schaden 1\n",
        "fr": "1\n",
        "en": "1\n",
    }


def test_a_template_is_compiled_once(templates: Path) -> None:
    renderer = JinjaRenderer(templates)
    first = renderer.render("note", {"ref": "1"}, locale="en")
    write(templates / "note", {"body.txt": "changed"})

    assert renderer.render("note", {"ref": "1"}, locale="en") == first


def test_facts_are_data_and_never_run() -> None:
    """A name that is a template is printed as it is (lifecycle.md 8, point 12)."""
    (reply,) = every_reply()["received-complete"]
    renderer = JinjaRenderer(EMAILS)

    rendered = renderer.render(
        ReplyKind.RECEIVED,
        reply.facts | {"name": "{{ 7 * 7 }} <script>"},
        locale="en",
    )

    assert "Dear {{ 7 * 7 }} <script>," in rendered.text
    assert "Dear {{ 7 * 7 }} &lt;script&gt;," in rendered.html


def text_of(sample: str) -> str:
    reply = every_reply()[sample][-1]
    rendered = JinjaRenderer(EMAILS).render(reply.kind, reply.facts, locale="en")
    return rendered.text


def test_a_list_of_documents_has_no_empty_lines_of_its_own() -> None:
    lines = text_of("received-open").splitlines()

    marked = [at for at, line in enumerate(lines) if line.startswith(("✓", "✗"))]

    assert len(marked) == 4
    assert "" not in lines[marked[0] : marked[-1]]


@pytest.mark.parametrize("sample", sorted(every_reply()))
def test_no_heading_has_an_empty_line_below_it(sample: str) -> None:
    lines = text_of(sample).splitlines()

    below = [
        after
        for line, after in pairwise(lines)
        if len(line) > len("--") and set(line) == {"-"}
    ]

    assert "" not in below


@pytest.mark.parametrize("sample", sorted(every_reply()))
def test_a_line_of_money_has_one_colon(sample: str) -> None:
    money = [line for line in text_of(sample).splitlines() if "USD (clause" in line]

    assert all(line.count(":") == 1 for line in money)
