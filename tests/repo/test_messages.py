"""Rules about templates/locale: every sentence is said in every language."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from tools import messages
from worker.adapters.languages import Language
from worker.domain.money import Money
from worker.domain.orders import Precision
from worker.domain.reply import SUPPORTED_LOCALES
from worker.replies.values import instant, money, recorded, span
from worker.samples import NOW, at

ROOT = Path(__file__).parents[2]

PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")
SENTENCES = [message for message in messages.extract() if message.id]
every_language = pytest.mark.parametrize("language", messages.LANGUAGES)


def texts(sentence: str | tuple[str, ...] | list[str]) -> list[str]:
    return [sentence] if isinstance(sentence, str) else list(sentence)


def translated(language: str) -> list[Message]:
    return [message for message in messages.read(language) if message.id]


def test_every_language_that_we_write_has_a_catalog() -> None:
    assert {*messages.LANGUAGES, "en"} == SUPPORTED_LOCALES


def test_the_templates_are_read_to_the_last_one() -> None:
    """A sentence of the layout, of the shared words, of a kind, and of the code."""
    found = {text for message in SENTENCES for text in texts(message.id)}

    assert {
        "Kind regards",
        "Proof of purchase",
        "Where your claim stands",
        "%(day)s, %(time)s UTC",
    } <= found


@every_language
def test_every_sentence_is_translated_and_no_other(language: str) -> None:
    catalog = messages.read(language)

    assert {m.id for m in translated(language)} == {m.id for m in SENTENCES}
    assert messages.untranslated(catalog) == []
    assert not catalog.obsolete


@every_language
def test_no_translation_is_a_guess(language: str) -> None:
    assert [m.id for m in translated(language) if m.fuzzy] == []


@every_language
def test_a_translation_has_every_plural_form_of_its_language(language: str) -> None:
    forms = messages.read(language).num_plurals

    for message in translated(language):
        count = forms if isinstance(message.id, list | tuple) else 1
        assert len(messages.forms(message)) == count


@every_language
def test_a_translation_has_the_placeholders_of_its_sentence(language: str) -> None:
    for message in translated(language):
        wanted = sorted(PLACEHOLDER.findall(texts(message.id)[-1]))
        for form in messages.forms(message):
            assert sorted(PLACEHOLDER.findall(form)) == wanted, message.id
            assert "%" not in PLACEHOLDER.sub("", form)
            assert not {"<", ">", "&"} & set(form), "markup belongs to the templates"


def test_the_tool_changes_nothing_that_is_up_to_date() -> None:
    before = {path: path.read_bytes() for path in messages.LOCALE.iterdir()}

    done = subprocess.run(  # noqa: S603 - our own tool
        [sys.executable, ROOT / "tools" / "messages.py"], check=False, timeout=60
    )

    assert done.returncode == 0
    assert {path: path.read_bytes() for path in messages.LOCALE.iterdir()} == before


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "en",
            [
                "Wednesday 18 November 2026, 19:12 UTC (20:12 Berlin time)",
                "1,234.50 USD",
                "25 hours and 1 second",
            ],
        ),
        (
            "de",
            [
                "Mittwoch, 18. November 2026, 19:12 UTC (20:12 Ortszeit Berlin)",
                "1.234,50 USD",
                "25 Stunden und 1 Sekunde",
            ],
        ),
        (
            "es",
            [
                (
                    "miércoles 18 de noviembre de 2026 a las 19:12 UTC (20:12, hora de"
                    " Berlín)"
                ),
                "1.234,50 USD",
                "25 horas y 1 segundo",
            ],
        ),
        (
            "zh",
            [
                "2026年11月18日星期三 19:12 UTC（柏林时间 20:12）",
                "1,234.50 USD",
                "25 小时 1 秒",
            ],
        ),
    ],
)
def test_dates_money_and_spans_read_as_in_the_language(
    code: str, told: list[str]
) -> None:
    facts = [
        instant(NOW, "Europe/Berlin"),
        money(Money.of("1234.50")),
        span(timedelta(hours=25, seconds=1)),
    ]

    assert Language(code, messages.LOCALE).in_words(facts) == told


@pytest.mark.parametrize("code", sorted(SUPPORTED_LOCALES))
@pytest.mark.parametrize("seconds", [0, 1, 61, 3661, 86400, 40 * 86400])
def test_no_unit_of_time_is_left_without_a_word(code: str, seconds: int) -> None:
    told = Language(code, messages.LOCALE).in_words(span(timedelta(seconds=seconds)))

    assert "duration" not in told


def test_a_language_without_a_catalog_says_english(tmp_path: Path) -> None:
    day = recorded(replace(at(NOW), precision=Precision.DAY))

    told = Language("de", tmp_path).in_words(day)

    assert told.endswith("(the time of day is not recorded)")
