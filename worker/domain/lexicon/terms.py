"""How texts and lists are compared, and how a list is written and searched.

In a list `*stem` may stand inside a word (German compounds), `word!` is a whole word
and `_` is a space; all else is the beginning of a word. Scripts whose words cannot be
told apart (Chinese, Japanese, Korean, Thai, Devanagari) match anywhere; Arabic and
Hebrew words also behind the article and the particles that are attached to them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property

_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u093c\u200c\u200d]"
)
"""Accents, the vowel points of Hebrew and Arabic, Arabic's stretching stroke, Hindi's
dot below, joiners without width. Vowels of Hindi and Thai are letters: they stay."""
_PLAIN = dict.fromkeys(map(ord, "\u2018\u2019\u02bc`\u00b4\u05f3"), "'")
_PLAIN |= {ord("ł"): "l", ord("ı"): "i", ord("ø"): "o", ord("đ"): "d"}
_PLAIN |= {ord("æ"): "ae", ord("œ"): "oe", ord("\u05f4"): '"'}
_PLAIN |= {ord("ى"): "ي", ord("ی"): "ي", ord("ک"): "ك", ord("ة"): "ه"}
_PLAIN |= {ord("\u066b"): ".", ord("\u066c"): ","}
_PLAIN |= {
    zero + digit: str(digit)
    for zero in (0x0660, 0x06F0, 0x0966, 0x0E50)
    for digit in range(10)
}
"""Letters that a decomposition leaves, and the digits of Arabic, Hindi and Thai."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_JOINTS = re.compile(r"[\s_.+~()\[\]{}#\u2010-\u2015-]+")
_ANYWHERE = re.compile(
    "[\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_ATTACHED = (
    (re.compile("[\u0590-\u05ff]"), "[והבלמשכ]{0,3}"),
    (re.compile("[\u0600-\u06ff]"), "[وف]?(?:ال|لل|[بلك](?:ال)?)?"),
)
"""Scripts, and what their words carry in front: "and", "in", "to", "the"."""


def fold(text: str) -> str:
    """Return text as it is compared: NFKC, no case, no accents, plain quotes."""
    # A ligature may stand for eighteen letters: what it unfolds to is cut.
    text = unicodedata.normalize("NFKC", text)[: 2 * len(text)].casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)


def spread(text: str) -> str:
    """Return a name folded, its words apart: `outerBox_1.jpg` is `outer box 1 jpg`."""
    return " ".join(_JOINTS.sub(" ", fold(_CAMEL.sub(" ", text))).split())


_NOTHING = r"(?!)"


class Terms:
    """One list, to be searched in folded text; compiled when first asked."""

    def __init__(self, terms: str) -> None:
        self._terms = terms

    def __or__(self, other: "Terms") -> "Terms":
        """Return one list of the terms of both."""
        return Terms(f"{self._terms} {other._terms}")

    @cached_property
    def pattern(self) -> str:
        """The list as a regular expression, for use inside another."""
        return "|".join(_parts(self._terms))

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _latin(self) -> re.Pattern[str]:
        """Those terms that a text of ASCII can hold: most texts are, once folded."""
        terms = (term for term in self._terms.split() if fold(term).isascii())
        return re.compile("|".join(_parts(" ".join(terms))) or _NOTHING)

    def _for(self, text: str) -> re.Pattern[str]:
        return self._latin if text.isascii() else self._compiled

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first term of the list in a folded text, or None."""
        return self._for(text).search(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return every term of the list in a folded text, in order."""
        return self._for(text).finditer(text)


def _parts(terms: str) -> Iterator[str]:
    """The alternatives of a list: one expression for each way to bound a term."""
    groups: dict[tuple[str, str], set[str]] = {}
    for term in terms.split():
        bare = fold(term.strip("*!").replace("_", " "))
        end = r"(?!\w)" if term.endswith("!") else ""
        if term.startswith("*") or _ANYWHERE.match(term):
            bounds = ("", "")
        else:
            attached = next((a for script, a in _ATTACHED if script.match(term)), "")
            bounds = (rf"\b{attached}", end)
        groups.setdefault(bounds, set()).add(bare)
    for (start, end), words in groups.items():
        yield f"{start}(?:{_tree(words)}){end}"


def _tree(words: Iterable[str]) -> str:
    """An expression for any of these words that shares their beginnings.

    So a search takes as long for a thousand words as for a few.
    """
    rests: dict[str, list[str]] = {}
    for word in sorted(words):
        rests.setdefault(word[:1], []).append(word[1:])
    has_end = rests.pop("", None) is not None
    branches = [re.escape(first) + _tree(rest) for first, rest in rests.items()]
    if not branches:
        return ""
    if len(branches) == 1 and not has_end:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if has_end else ''}"
