"""Jinja2 over templates/emails -> ports.Renderer."""

import hashlib
import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

import jinja2
from jinja2.environment import TemplateModule
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from worker.adapters.languages import Language
from worker.adapters.wrapping import columns
from worker.domain.errors import GiveUp
from worker.domain.reply import language_of
from worker.ports import Rendered

TEMPLATE_OPTIONS = {"trim_blocks": True, "lstrip_blocks": True}
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
_AFTER_WIDE_SIGN = re.compile(r"([）。，：；])((?:</\w+>)*) +(?=\S)")
"""A Chinese sign of punctuation is as wide as a letter and brings its own room."""
_BEFORE_UNIT = re.compile(
    r" (?=[%A-Z])(?:(?<=\d )(?=%|[A-Z]{3}\b)|(?<=\w )(?=[GXCP]\d{1,2}[a-z]?\b))"
)
"""The blank of "19:10 UTC", "462.50 USD", "30 %" and "clause C11"."""
_HYPHEN_OF_EMAIL = re.compile(r"-(?=[mM]ail)(?<=\b[eE]-)")


class _Gettext:
    """Jinja's newstyle gettext for one language, which an e-mail calls 40 times."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self._say = lru_cache(maxsize=None)(say)
        self._say_safely = lru_cache(maxsize=None)(
            lambda text: Markup(say(text))  # noqa: S704 - a text of our templates
        )

    @jinja2.pass_eval_context
    def __call__(self, at: EvalContext, text: str, /, **values: object) -> str:
        said = self._say_safely(text) if at.autoescape else self._say(text)
        return said % values if values or "%" in said else said


class _Templates(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way for our own macros, words and facts.

    They are most of what a template calls and asks for, and nothing that the sandbox
    forbids; everything else goes the long way.
    """

    def call(
        self, context: Context, what: object, /, *args: object, **kwargs: object
    ) -> object:
        """See jinja2.sandbox."""
        if isinstance(what, Macro | _Gettext):
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            ours = cast("Callable[..., object]", what)
            return ours(context.eval_ctx, *args, **kwargs)
        return super().call(context, what, *args, **kwargs)

    def getattr(self, of: object, attribute: str) -> object:
        """See jinja2.sandbox."""
        if isinstance(of, dict) and attribute in of:
            return of[attribute]
        if isinstance(of, TemplateModule) and not attribute.startswith("_"):
            found: object = of.__dict__.get(attribute)
            if found is not None:
                return found
        return super().getattr(of, attribute)


class JinjaRenderer:
    """Renders e-mails; see ports.Renderer. Safe to share between threads.

    The words are translated by the catalogs that lie in `locale/` beside the folder.
    Where an e-mail needs more than other words, the same tree under its language
    comes first: `de/received/body.txt` before `received/body.txt`.

    Args:
        folder: templates/emails, wherever it was installed.
        signature: how the e-mails are signed; None signs as the claims team.
    """

    def __init__(self, folder: Path, *, signature: str | None = None) -> None:
        self._folder = folder
        self._signature = signature
        self._loader = jinja2.FileSystemLoader(folder)
        self._language = lru_cache(maxsize=None)(self._load_language)
        self._find = lru_cache(maxsize=None)(self._load)

    @cached_property
    def version(self) -> str:
        """See ports.Renderer."""
        digest = hashlib.sha256()
        for path in sorted(self._folder.parent.rglob("*.*")):
            if path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()[:12]

    def render(self, kind: str, facts: dict[str, Any], *, locale: str) -> Rendered:
        """Return the rendered parts. See ports.Renderer."""
        code = language_of(locale)
        try:
            language, _ = self._language(code)
            words = language.in_words(facts)
        except _FAULTS_OF_TEMPLATES as error:
            raise _template_error(kind, "facts", type(error).__name__) from None
        return Rendered(
            subject=_subject(self._part(kind, "subject.txt", words, code), kind),
            text=_tidy(self._part(kind, "body.txt", words, code)),
            html=_close(self._part(kind, "body.html", words, code)),
        )

    def _part(self, kind: str, part: str, words: dict[str, Any], code: str) -> str:
        try:
            text = self._find(kind, part, code).render(words)
        except _FAULTS_OF_TEMPLATES as error:
            # Without the cause: an expression's error may quote the facts.
            raise _template_error(kind, part, type(error).__name__) from None
        return text if text.isascii() else _AFTER_WIDE_SIGN.sub(r"\1\2", text)

    def _load(self, kind: str, part: str, code: str) -> jinja2.Template:
        _, templates = self._language(code)
        name = f"{kind}/{part}"
        return templates.select_template([f"{code}/{name}", name])

    def _load_language(self, code: str) -> tuple[Language, jinja2.Environment]:
        language = Language(code, self._folder.parent / "locale")
        templates = _Templates(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            autoescape=jinja2.select_autoescape(["html"], default=False),
            auto_reload=False,
            cache_size=-1,
            extensions=["jinja2.ext.i18n"],
            **TEMPLATE_OPTIONS,
        )
        say = language.catalog
        templates.install_gettext_callables(  # type: ignore[attr-defined]
            say.gettext, say.ngettext, newstyle=True, pgettext=say.pgettext
        )
        templates.globals["_"] = templates.globals["gettext"] = _Gettext(say.gettext)
        templates.filters["columns"] = columns
        templates.filters["number"] = language.number
        templates.globals["gap"] = "" if code == "zh" else " "
        templates.globals["language"] = language.tag
        templates.globals["signature"] = self._signature
        return language, templates


def _subject(text: str, kind: str) -> str:
    subject = text.strip()
    if not subject or not subject.isprintable():
        raise _template_error(kind, "subject.txt", "not one printable line")
    return subject


def _tidy(text: str) -> str:
    """Return the text without trailing blanks and without double empty lines."""
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return _GAP_OF_LINES.sub("\n\n", lines).strip() + "\n"


def _close(html: str) -> str:
    """Return the HTML without empty lines, each number on one line with its unit.

    A line does not end within "e-mail" either.
    """
    stripped = (line.rstrip(" \t") for line in html.split("\n"))
    closed = "\n".join(filter(None, stripped)).strip() + "\n"
    return _HYPHEN_OF_EMAIL.sub("&#8209;", _BEFORE_UNIT.sub("&nbsp;", closed))


def _template_error(kind: str, part: str, what: str) -> GiveUp:
    error = GiveUp("template_error")
    error.add_note(f"{kind}/{part}: {what}")
    return error
