"""worker/adapters/wrapping.py: lines that fit."""

import pytest

from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.wrapping import COLUMNS, columns, wrap
from worker.domain.reply import SUPPORTED_LOCALES
from worker.gallery import every_sample

RENDERER = JinjaRenderer(folder("templates") / "emails")
LONG = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
)


def test_lines_break_at_spaces_and_lose_no_word() -> None:
    wrapped = wrap(LONG)

    assert wrapped.count("\n") == 1
    assert wrapped.split() == LONG.split()


@pytest.mark.parametrize(
    ("start", "margin"), [("- ", "  "), ("  ", "  "), ("✓ ", "  ")]
)
def test_what_follows_a_list_mark_stands_under_it(start: str, margin: str) -> None:
    first, second = wrap(start + LONG).split("\n")

    assert first.startswith(start + "one")
    assert second.startswith((margin + "f", f"{margin}thirteen"))


def test_chinese_breaks_between_signs_and_never_before_a_full_stop() -> None:
    wrapped = wrap("请保留您手中的所有包装和物品。" * 8)

    assert max(map(columns, wrapped.split("\n"))) <= COLUMNS
    assert not any(line.startswith("。") for line in wrapped.split("\n"))


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert wrap("x" * 100) == "x" * 100


def test_empty_lines_and_short_ones_stay() -> None:
    assert wrap("a\n\n  b\n") == "a\n\n  b\n"


@pytest.mark.parametrize("code", sorted(SUPPORTED_LOCALES))
def test_every_email_fits_and_wraps_once(code: str) -> None:
    for name, reply in every_sample().items():
        text = wrap(RENDERER.render(reply.kind, reply.facts, locale=code).text)

        assert max(map(columns, text.split("\n"))) <= COLUMNS, name
        assert wrap(text) == text
