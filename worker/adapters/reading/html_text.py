"""HTML to text, for reading: what a person would see, line by line.

A linear scanner of our own: `html.parser` of Python 3.11 takes quadratic time on
unclosed comments and declarations (CVE-2025-6069), and a mail may be nothing else.
"""

import html
import re
import string

MAX_HTML_CHARS = 1_000_000
"""Source: reliability.md 4.2 (cap HTML at 1 MB)."""
MAX_QUOTE_DEPTH = 20
STUB_CHARS = 200
"""A plain text below this beside a much longer HTML only points at it. Our choice."""
STUB_FACTOR = 4

# Quantifiers are possessive and the alternatives begin with different characters, so
# each `<` costs at most the way to the next `<`.
_TAG = re.compile(
    r"""<!--|<[!?][^<>]*+>|<(/?)([A-Za-z][A-Za-z0-9:-]*+)"""
    r"""(?:((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>|[^<>]*+>)"""
)
_CID = re.compile(r"""cid:([^"'\s<>)]{1,300})""", re.IGNORECASE)
_BLANK = re.compile(r"[ \t\r\n\f\u00a0]+")
_MANY_LINES = re.compile(r"\n{3,}")

_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
"""For searching: `str.lower` changes the length of some texts."""

SILENT = frozenset({"head", "script", "style", "title", "template", "noscript"})
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol"})


def to_text(source: str, limit: int) -> str:
    """Return the visible text of some HTML, at most `limit` characters.

    Blocks begin a new line, table cells are parted by tabs, list items get a dash and
    quoted blocks `> `, so that quotes are told from what a person wrote.
    """
    scanner = _Scanner(source[:MAX_HTML_CHARS], limit)
    scanner.run()
    return scanner.text()[:limit].rstrip()


def content_ids(source: str) -> frozenset[str]:
    """Return the Content-IDs that some HTML shows as pictures, without brackets."""
    return frozenset(m.group(1) for m in _CID.finditer(source[:MAX_HTML_CHARS]))


def chosen(plain: str, rich: str) -> str:
    """Return which of two forms of one text a person reads: plain, unless a stub."""
    is_stub = len(plain) < STUB_CHARS and len(rich) > STUB_FACTOR * (len(plain) + 50)
    return rich if is_stub or not plain else plain


class _Scanner:
    """One pass over the tags; text between them is collected into lines."""

    def __init__(self, source: str, limit: int) -> None:
        self._source = source
        self._lowered = source.translate(_LOWER)
        self._limit = limit
        self._lines: list[str] = []
        self._pieces: list[str] = []
        self._has_words = False
        self._length = 0
        self._quotes = 0
        self._preformatted = 0
        self._never_ends: set[str] = set()

    def run(self) -> None:
        """Go over the source once."""
        position = 0
        while self._length < self._limit:
            tag = _TAG.search(self._source, position)
            if tag is None:
                break
            self._add_text(self._source[position : tag.start()])
            position = self._take(tag)
        self._add_text(self._source[position:])
        self._break_line()

    def text(self) -> str:
        """Return the lines collected so far."""
        return _MANY_LINES.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def _take(self, tag: re.Match[str]) -> int:
        """Act on one tag; return where to read on."""
        if tag.group().startswith("<!--"):
            return self._skip_to("-->", tag.end(), len("-->"))
        if not tag.group(2):
            return tag.end()
        name = tag.group(2).lower()
        is_end = bool(tag.group(1))
        if name in SILENT and not is_end:
            return self._skip_to(f"</{name}", tag.end(), 0)
        self._layout(name, is_end=is_end)
        return tag.end()

    def _skip_to(self, end: str, start: int, beyond: int) -> int:
        """Return where an end begins, or beyond; skip nothing where it never comes."""
        if end in self._never_ends:
            return start
        found = self._lowered.find(end, start)
        if found < 0:
            self._never_ends.add(end)
            return start
        return found + beyond

    def _layout(self, name: str, *, is_end: bool) -> None:
        match name:
            case "br":
                self._break_line()
            case "td" | "th":
                if not is_end and self._has_words:
                    self._pieces.append("\t")
            case "blockquote":
                self._break_line()
                step = -1 if is_end else 1
                self._quotes = min(max(self._quotes + step, 0), MAX_QUOTE_DEPTH)
            case "pre":
                self._break_line()
                self._preformatted = max(self._preformatted + (-1 if is_end else 1), 0)
            case _:
                if name in BLOCKS:
                    self._start_block(name, is_end=is_end)

    def _start_block(self, name: str, *, is_end: bool) -> None:
        if self._has_words:
            self._break_line()
        if name in SPACED and self._lines and self._lines[-1].strip(" >"):
            self._lines.append(("> " * self._quotes).rstrip())
        if name == "li" and not is_end:
            self._pieces = ["- "]

    def _add_text(self, piece: str) -> None:
        if not piece:
            return
        try:
            piece = html.unescape(piece)
        except ValueError:  # a character number of more than 4,300 digits
            piece = piece.replace("&#", " ")
        if self._preformatted:
            *whole, last = piece.split("\n")
            for line in whole:
                self._append(line)
                self._break_line()
            self._append(last)
            return
        piece = _BLANK.sub(" ", piece)
        if not self._pieces or self._pieces[-1][-1:] in {" ", "\t"}:
            piece = piece.lstrip()
        self._append(piece)

    def _append(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)
            self._length += len(piece)
            self._has_words = self._has_words or bool(piece.strip(" \t-"))

    def _break_line(self) -> None:
        line = "".join(self._pieces).rstrip()
        self._lines.append(("> " * self._quotes + line).rstrip())
        self._length += 1
        self._pieces = []
        self._has_words = False
