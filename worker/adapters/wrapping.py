"""Plain text -> lines that fit a narrow window."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

COLUMNS = 76
"""Source: RFC 5322 §2.1.1 (lines should be no more than 78 characters)."""
_INDENT = re.compile(r" *(?:[-✓✗○] )?")
_WORD = re.compile(r"[^ ]* +|[^ ]+")
_NO_LINE_STARTS_WITH = frozenset("、。，．！？：；）」』】〉》”’…,.!?:;)")
_NO_LINE_ENDS_WITH = frozenset("（「『【〈《“‘(")


def columns(text: str) -> int:
    """Return how many columns a text takes; Chinese signs take two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(map(_is_wide, text))


def wrap(text: str, width: int = COLUMNS) -> str:
    """Return the text with no line over the width, where a line can be broken at all.

    Lines break at spaces and between Chinese signs, never before closing punctuation.
    What follows a list mark is indented under it. Safe to run twice.
    """
    lines = text.split("\n")
    return "\n".join(part for line in lines for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    indent = _INDENT.match(line)
    start = "" if indent is None else indent[0]
    margin = " " * len(start)
    lines, current, taken = [], start, columns(start)
    for piece in _pieces(line[len(start) :]):
        is_over = taken + columns(piece.rstrip()) > width
        if is_over and current.strip(" -✓✗○"):
            lines.append(current.rstrip())
            current, taken = margin, len(margin)
        current += piece
        taken += columns(piece)
    return [*lines, current.rstrip()]


def _pieces(text: str) -> list[str]:
    """Return the text cut wherever a line may end; spaces stay before the cut."""
    if columns(text) == len(text):
        return _WORD.findall(text)
    cuts = [
        position
        for position, (before, after) in enumerate(pairwise(text), start=1)
        if _may_break(before, after)
    ]
    return [text[i:j] for i, j in pairwise([0, *cuts, len(text)])]


def _may_break(before: str, after: str) -> bool:
    if before == " ":
        return after != " "
    if after == " " or after in _NO_LINE_STARTS_WITH or before in _NO_LINE_ENDS_WITH:
        return False
    return _is_wide(before) or _is_wide(after)


@lru_cache(maxsize=8192)
def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"
