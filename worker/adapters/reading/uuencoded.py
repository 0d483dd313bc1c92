"""Files that old mail programs write into the text itself: `begin 644 box.jpg`."""

import binascii
import re
from dataclasses import dataclass

MAX_FILES = 50
"""Of one text. Our choice."""

_BEGIN = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,200}?)[ \t]*\r?\n(?=[!-`][!-` ]{1,90}\r?\n)",
    re.MULTILINE,
)
"""The line behind it must look like one of data: people begin sentences so too."""
_END = re.compile(rb"^end[ \t]*\r?$\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One file inside a text; its name is as the sender's bytes have it."""

    name: bytes
    encoded: bytes


def split(text: bytes) -> tuple[bytes, tuple[Enclosed, ...]]:
    """Return a text without the files inside it, and these files.

    A file that never ends goes to the end of the text.
    """
    rest: list[bytes] = []
    found: list[Enclosed] = []
    at = 0
    while len(found) < MAX_FILES:
        begin = _BEGIN.search(text, at)
        if begin is None:
            break
        end = _END.search(text, begin.end())
        last = len(text) if end is None else end.start()
        found.append(Enclosed(begin.group(1), text[begin.end() : last]))
        rest.append(text[at : begin.start()])
        at = len(text) if end is None else end.end()
    return b"".join((*rest, text[at:])), tuple(found)


def decoded(encoded: bytes) -> bytes:
    """Return what some uuencoded lines say; damaged lines are left out."""
    pieces: list[bytes] = []
    for line in encoded.splitlines():
        if line.startswith(b"end"):
            break
        if not line or line.startswith(b"begin "):
            continue
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some programs pad a line with one character too many.
            needed = ((line[0] - 32 & 63) * 4 + 5) // 3
            try:
                pieces.append(binascii.a2b_uu(line[:needed]))
            except binascii.Error:
                continue
    return b"".join(pieces)
