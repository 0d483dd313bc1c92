"""Brings the catalogs in templates/locale up to date with the templates.

Run `make messages` after a sentence of an e-mail has changed, then translate what it
lists; a test fails until every sentence is translated. Nothing is guessed: a changed
sentence starts without a translation.
"""

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from worker.domain.amount_labels import LABELS

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "templates" / "locale"
LANGUAGES = {"de": "de", "es": "es", "zh": "zh_Hans"}
"""The catalogs' names, and Babel's names of their languages."""
HEADER = "# Words of the e-mails; `make messages` keeps their list up to date."
BEGUN = datetime(2026, 11, 22, tzinfo=UTC)
"""A constant, so that nothing changes where no sentence did."""
_SOURCES = {
    "templates/emails": [("**.txt", "jinja2"), ("**.html", "jinja2")],
    "worker/adapters": [("languages.py", "python")],
}
_JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
_OPTIONS = {"**.txt": _JINJA, "**.html": _JINJA}


def extract() -> Catalog:
    """Return every sentence of the e-mails, in the order of the files."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for folder, methods in _SOURCES.items():
        found = extract_from_dir(
            ROOT / folder, methods, _OPTIONS, directory_filter=lambda _: True
        )
        for file, _line, sentence, _comments, context in sorted(found, key=_order):
            # Without line numbers, which would change with every edit.
            place = [(f"{folder}/{file}", 0)]
            catalog.add(sentence, locations=place, context=context)
    for sentence in LABELS.values():
        catalog.add(sentence, locations=[("worker/domain/amount_labels.py", 0)])
    return catalog


def _order(found: tuple[Any, ...]) -> tuple[Any, ...]:
    file, line, sentence, _comments, context = found
    return file, line, str(sentence), context or ""


def read(language: str) -> Catalog:
    """Return the catalog of a language; an empty one if there is none yet."""
    path = LOCALE / f"{language}.po"
    if not path.is_file():
        return Catalog(locale=LANGUAGES[language], fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGES[language])


def untranslated(catalog: Catalog) -> list[Message]:
    """Return the sentences that lack a translation or any of its plural forms."""
    return [message for message in catalog if message.id and not all(forms(message))]


def forms(message: Message) -> list[str]:
    """Return the translation in each plural form."""
    string = message.string
    return [string] if isinstance(string, str) else list(string or [""])


def main() -> int:
    """Update every catalog; return 1 if a translation is missing."""
    sentences, is_done = extract(), True
    for language in LANGUAGES:
        catalog = read(language)
        catalog.update(sentences, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.header_comment = HEADER
        catalog.creation_date = BEGUN
        written = BytesIO()
        write_po(written, catalog, width=88, include_lineno=False)
        (LOCALE / f"{language}.po").write_bytes(written.getvalue())
        for message in untranslated(catalog):
            is_done = False
            context = f" ({message.context})" if message.context else ""
            print(f"{language}: {message.id}{context}")
    return 0 if is_done else 1


if __name__ == "__main__":
    sys.exit(main())
