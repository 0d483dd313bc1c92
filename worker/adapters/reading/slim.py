"""Cut the bulk out of a raw mail, so that the parser sees a slim one.

Only a line that begins with `--` can be a boundary. So whatever lies far behind such
a line and before the next one is the middle of some part's content: it is replaced by
a marker, and read from the raw bytes when the part is opened. A mail of 50 MB is
parsed as one of some 100 KB, and its attachments are decoded one at a time.

Limits are applied before anything is parsed. Source: reliability.md 4.2.
"""

import heapq
import itertools
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADERS_BYTES = 512 * 1024
"""Source: reliability.md 4.2."""
MAX_PARTS = 500
"""Source: reliability.md 4.2."""
MAX_DEPTH = 50
"""Source: reliability.md 4.2."""
KEPT_BYTES = 16 * 1024
"""Kept after each `--` line: room for the part's headers. Our choice."""
MIN_CUT_BYTES = 16 * 1024
"""A shorter middle is not worth a marker. Our choice."""
KEPT_BASE64_BYTES = 256
"""Kept of a file in base64. Our choice: enough to see that it is one."""
MAX_SLIM_BYTES = 16 * 1024 * 1024
"""Beyond this the rest is one marker: 500 parts of 32 KB. Our choice."""
MAX_DASH_LINES = 100_000
"""Lines that begin with `--`; the rest is one marker. Our choice."""

_CR = 0x0D
_HEADERS_END = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_MARKER = re.compile(r"claims-cut-([0-9a-f]{24})-([0-9]+)-")
_START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
_FIELD = rb"[!-9;-~]+:"
_ODD = re.compile(rb"^(?!" + _FIELD + rb"|[ \t\r\n]|>?From )", re.MULTILINE)
_SPACED_NAME = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*)[ \t]+:", re.MULTILINE)
_STRAY = re.compile(
    rb"^(?!" + _FIELD + rb"|[ \t\r\n]|>?From )(?=[^\r\n]*\r?\n(?:[^\r\n]+\r?\n){0,2}"
    rb"(?:from|to|cc|subject|date|received|received-spf|return-path|message-id|reply-to"
    rb"|delivered-to|mime-version|content-[a-z-]+|x-[a-z0-9-]+|list-[a-z-]+):)",
    re.MULTILINE | re.IGNORECASE,
)
_DASHES = (re.compile(rb"\n--"), re.compile(rb"\r--"))

# Each begins with plain letters, which are looked for at once; in lower-cased bytes.
_BOUNDARY = re.compile(rb"boundary\*?(?:0\*?)?[ \t]*=[ \t]*\"?([^\"\r\n;]{1,250})")
_CHARSETS = (
    re.compile(rb"charset=\"?(?!utf-?8|us-ascii|ascii)([a-z0-9][a-z0-9_-]{2,30})"),
    re.compile(rb"=\?(?!utf-?8|us-ascii|ascii)([a-z0-9][a-z0-9_-]{2,30})"),
)
_DASH_LINE = re.compile(rb"\n--([^\r\n]{1,250})")
_PART_HEADERS = re.compile(
    rb"[\r\n]?--[^\r\n]+\r?\n((?:[!-9;-~]+:[^\r\n]*\r?\n|[ \t][^\r\n]*\r?\n)+)\r?\n"
)
_FILE_HEADERS = (
    re.compile(rb"^content-transfer-encoding:[ \t]*base64", re.MULTILINE),
    re.compile(
        rb"^content-type:[ \t]*(?:application|audio|image|video)/", re.MULTILINE
    ),
    re.compile(
        rb"^content-(?:type|disposition):(?:[^\n]|\n[ \t])*"
        rb"[;\s](?:file)?name=\"?[a-z0-9]",
        re.MULTILINE,
    ),
)
"""A named file that is no text, in lower-cased headers."""
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n"


@dataclass(frozen=True, slots=True)
class Slim:
    """A mail to parse, and where its cut-out middles are in the raw bytes."""

    data: bytes
    raw: memoryview
    token: str
    cuts: tuple[tuple[int, int], ...]
    headers_end: int
    """Where the body begins in the raw bytes."""
    body_at: int
    """Where it begins in `data`, whose headers may have been mended."""
    defects: tuple[str, ...] = ()
    charset: str | None = None
    """The first one that the mail declares beside ASCII and UTF-8: for names that
    declare none."""

    def encoded(self, payload: str) -> bytes | memoryview:
        """Return a part's content as it was sent, from the payload that was parsed.

        Outside the cuts the slim mail equals the raw one, so a payload with cuts is
        one slice of the raw bytes; nothing is copied.
        """
        marks = [m for m in _MARKER.finditer(payload) if m.group(1) == self.token]
        if not marks:
            return _as_sent(payload)
        prefix = _as_sent(payload[: marks[0].start()])
        suffix = _as_sent(payload[marks[-1].end() :])
        start = self.cuts[int(marks[0].group(2))][0] - len(prefix)
        end = self.cuts[int(marks[-1].group(2))][1] + len(suffix)
        if start >= 0 and self.raw[start : start + len(prefix)] == prefix:
            return self.raw[start:end]
        return b"".join(self._pieces(payload, marks))

    def _pieces(
        self, payload: str, marks: list[re.Match[str]]
    ) -> Iterator[bytes | memoryview]:
        """Yield what was sent between the markers and behind them."""
        position = 0
        for mark in marks:
            first, end = self.cuts[int(mark.group(2))]
            yield _as_sent(payload[position : mark.start()])
            yield self.raw[first:end]
            position = mark.end()
        yield _as_sent(payload[position:])


def cut(raw: bytes | memoryview) -> Slim:
    """Return the slim form of a mail, within the limits on headers, parts and depth."""
    view = memoryview(raw)
    token = secrets.token_hex(12)
    headers_end = find_headers_end(view)
    head, defects = _bounded_headers(view, headers_end)
    cuts, is_bounded = _find_cuts(view, headers_end)
    data = _join(head, view, headers_end, cuts, token)
    lowered = data.lower()
    data, trouble = _bounded_structure(data, lowered)
    return Slim(
        data=data,
        raw=view,
        token=token,
        cuts=tuple(cuts),
        headers_end=headers_end,
        body_at=len(head),
        defects=(*defects, *(() if is_bounded else ("mail_cut",)), *trouble),
        charset=_declared_charset(data, lowered[: len(data)]),
    )


def find_headers_end(raw: memoryview) -> int:
    """Return where the body begins: behind the first empty line, else the end."""
    found = _HEADERS_END.search(raw, _start(raw))
    return len(raw) if found is None else found.end()


def _bounded_headers(raw: memoryview, end: int) -> tuple[bytes, tuple[str, ...]]:
    start = _start(raw)
    if end - start <= MAX_HEADERS_BYTES:
        return _mended(bytes(raw[start:end])), ()
    head = bytes(raw[start : start + MAX_HEADERS_BYTES])
    whole_lines = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    return _mended(head[:whole_lines]) + b"\n", ("headers_cut",)


def _start(raw: memoryview) -> int:
    """Return where the headers begin: behind a byte order mark and empty lines."""
    found = _START.match(raw)
    return 0 if found is None else found.end()


def _mended(head: bytes) -> bytes:
    """Return headers in which a badly folded line goes on with the one above.

    The standard library ends the headers at such a line, and the sender with them. It
    counts as one of the headers only when a well-known one follows soon.
    """
    if _ODD.search(head) is None:
        return head
    return _STRAY.sub(b" ", _SPACED_NAME.sub(rb"\1:", head))


def _find_cuts(raw: memoryview, start: int) -> tuple[list[tuple[int, int]], bool]:
    """Return the middles to cut out, and whether the rest stays within bounds."""
    cuts: list[tuple[int, int]] = []
    begin, room, kept = start, 0, 0
    hits = itertools.chain(_dash_lines(raw, start), (len(raw),))
    for number, hit in enumerate(hits):
        end = hit - 1 if hit > begin and raw[hit - 1] == _CR else hit
        first = begin + room
        is_cut = end - first >= MIN_CUT_BYTES
        kept += room if is_cut else max(0, hit - begin)
        file = _base64_at(raw, begin, first if is_cut else end) if room else None
        if file is not None:
            first, is_cut = file, True
        if kept > MAX_SLIM_BYTES or number > MAX_DASH_LINES:
            cuts.append((begin, len(raw)))
            return cuts, False
        if is_cut:
            cuts.append((first, end))
        begin, room = max(hit, start), KEPT_BYTES
    return cuts, True


def _base64_at(raw: memoryview, begin: int, end: int) -> int | None:
    """Return from where the part that begins here is nothing but base64 of a file.

    None where it is text, which the parser must see, or anything else.
    """
    start = bytes(raw[begin:end])
    headers = _PART_HEADERS.match(start)
    if headers is None:
        return None
    lowered = headers.group(1).lower()
    if not all(pattern.search(lowered) for pattern in _FILE_HEADERS):
        return None
    kept = headers.end() + KEPT_BASE64_BYTES
    content = start[kept:].rstrip(b"=\r\n")
    is_worth_it = len(content) > KEPT_BASE64_BYTES
    if not is_worth_it or content.translate(None, _BASE64):
        return None
    return begin + kept


def _dash_lines(raw: memoryview, start: int) -> Iterator[int]:
    """Yield where the line end before each `--` is, ascending.

    The first may be that of the headers' empty line.
    """
    from_ = max(0, start - 1)
    return heapq.merge(*((m.start() for m in p.finditer(raw, from_)) for p in _DASHES))


def _join(
    head: bytes,
    raw: memoryview,
    start: int,
    cuts: list[tuple[int, int]],
    token: str,
) -> bytes:
    pieces: list[bytes | memoryview] = [head]
    position = start
    for number, (first, end) in enumerate(cuts):
        pieces += [raw[position:first], f"claims-cut-{token}-{number}-".encode()]
        position = end
    return b"".join((*pieces, raw[position:]))


def _bounded_structure(data: bytes, lowered: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return the mail up to its 500th part or 50th level, and what was wrong.

    Boundaries nest as they are first used; one that is seen again closes those that
    were opened after it. Attached mails count too.
    """
    found = _BOUNDARY.finditer(lowered)
    names = {data[m.start(1) : m.end(1)].strip() for m in found}
    parts, open_names = 0, list[bytes]()
    for start, rest in _dashed(data):
        name = rest.rstrip()
        if name.endswith(b"--") and name[:-2] in names:
            continue
        if name not in names:
            continue
        parts += 1
        if name in open_names:
            del open_names[open_names.index(name) + 1 :]
        else:
            open_names.append(name)
        if parts > MAX_PARTS:
            return data[:start], ("parts_cut",)
        if len(open_names) > MAX_DEPTH:
            return data[:start], ("depth_cut",)
    return data, ()


def _dashed(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where each line begins that begins with `--`, and what is behind that."""
    first = _DASH_LINE.match(b"\n" + data[:300])
    if first is not None:
        yield 0, first.group(1)
    for line in _DASH_LINE.finditer(data):
        yield line.start() + 1, line.group(1)


def _declared_charset(data: bytes, lowered: bytes) -> str | None:
    found = [m for pattern in _CHARSETS if (m := pattern.search(lowered))]
    if not found:
        return None
    first = min(found, key=lambda match: match.start())
    return data[first.start(1) : first.end(1)].decode("ascii")


def _as_sent(text: str) -> bytes:
    return text.encode("ascii", "surrogateescape")
