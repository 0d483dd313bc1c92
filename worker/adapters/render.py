"""Jinja2 over templates/emails -> ports.Renderer."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.domain.errors import GiveUp
from worker.ports import Rendered

_FAULTS_OF_TEMPLATES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""All that rendering can raise: Jinja's own, and what an expression in it may."""
_GAP_OF_LINES = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


class JinjaRenderer:
    """Renders e-mails; see ports.Renderer. Safe to share between threads.

    A translation is the same tree under its language: `de/received/body.txt` is
    preferred to `received/body.txt` for `de` and `de-AT`.

    Args:
        folder: templates/emails, wherever it was installed.
        team_name: how the e-mails are signed.
    """

    def __init__(self, folder: Path, *, team_name: str = "The claims team") -> None:
        self._templates = ImmutableSandboxedEnvironment(
            loader=jinja2.FileSystemLoader(folder),
            undefined=jinja2.StrictUndefined,
            autoescape=jinja2.select_autoescape(["html"], default=False),
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["team_name"] = team_name
        self._find = lru_cache(maxsize=None)(self._load)

    def render(self, kind: str, facts: dict[str, Any], *, locale: str) -> Rendered:
        """Return the rendered parts. See ports.Renderer."""
        return Rendered(
            subject=_subject(self._part(kind, "subject.txt", facts, locale), kind),
            text=_tidy(self._part(kind, "body.txt", facts, locale)),
            html=self._part(kind, "body.html", facts, locale).strip() + "\n",
        )

    def _part(self, kind: str, part: str, facts: dict[str, Any], locale: str) -> str:
        try:
            return self._find(kind, part, locale).render(facts)
        except _FAULTS_OF_TEMPLATES as error:
            # Without the cause: an expression's error may quote the facts.
            raise _template_error(kind, part, type(error).__name__) from None

    def _load(self, kind: str, part: str, locale: str) -> jinja2.Template:
        name = f"{kind}/{part}"
        language = locale.replace("_", "-").split("-")[0]
        return self._templates.select_template(
            [f"{locale}/{name}", f"{language}/{name}", name]
        )


def _subject(text: str, kind: str) -> str:
    subject = text.strip()
    if not subject or not subject.isprintable():
        raise _template_error(kind, "subject.txt", "not one printable line")
    return subject


def _tidy(text: str) -> str:
    """Return the text without trailing blanks and without double empty lines."""
    return _GAP_OF_LINES.sub("\n\n", _TRAILING.sub("", text)).strip() + "\n"


def _template_error(kind: str, part: str, what: str) -> GiveUp:
    error = GiveUp("template_error")
    error.add_note(f"{kind}/{part}: {what}")
    return error
