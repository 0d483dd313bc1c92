"""Which leaves are the text of a mail, and what that text is."""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.adapters.reading import html_text, tnef, uuencoded
from worker.adapters.reading.parts import Part
from worker.adapters.reading.texts import MAX_ENCODED_FACTOR, clean, decode
from worker.adapters.reading.uuencoded import Enclosed

MAX_BODY_CHARS = 200_000
"""Of a mail's text. Our choice: a person's mail has 2,000."""
MAX_ENCLOSING_BYTES = 64 * 1024 * 1024
"""Of a text with files in it. Our choice: as of an attached mail."""

_BODY_TYPES = frozenset({"text/plain", "text/html"})
_BINARY_STARTS = (b"%PDF", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG", b"GIF8")


@dataclass(frozen=True, slots=True)
class Body:
    """The text of one mail and the leaves that it came from."""

    text: str
    paths: frozenset[str]
    """Of every leaf that is body, with those of an alternative that was not chosen."""
    content_ids: frozenset[str]
    """Pictures that the HTML shows."""
    enclosed: tuple[Enclosed, ...] = ()
    """Files that were written into the text (uuencode)."""


def read(leaves: Iterable[Part], limit: int = MAX_BODY_CHARS) -> Body:
    """Return the text a person wrote: plain text, or the HTML where there is none.

    Of an alternative the plain text counts, unless it is empty or a stub such as
    "your client cannot show HTML". A text with a file name is body only when it comes
    first.
    """
    texts: list[str] = []
    paths: set[str] = set()
    ids: frozenset[str] = frozenset()
    enclosed: list[Enclosed] = []
    leaves = tuple(leaves)
    for group in _groups(leaves):
        pieces = [_plain(p, limit) for p in group if not _is_html(p)]
        plain = "\n\n".join(text for text, _ in pieces).strip()
        enclosed += [file for _, files in pieces for file in files]
        sources = [_source(p) for p in group if _is_html(p)]
        rich = "\n\n".join(html_text.to_text(s, limit) for s in sources).strip()
        texts.append(
            html_text.chosen(plain, rich) if group[0].alternative else plain or rich
        )
        paths.update(p.path for p in group)
        ids = ids.union(*(html_text.content_ids(s) for s in sources))
    text = clean("\n\n".join(filter(None, texts)), limit)
    if not text.strip():
        text = _winmail_text(leaves)[:limit]
    return Body(text, frozenset(paths), ids, tuple(enclosed))


def html(leaves: Iterable[Part]) -> str:
    """Return the HTML of a mail's text, as its sender wrote it; "" without any."""
    found = [p for group in _groups(tuple(leaves)) for p in group if _is_html(p)]
    return "\n".join(map(_source, found))


def _groups(leaves: Iterable[Part]) -> list[list[Part]]:
    """Return the body leaves, those of one alternative together, in their order."""
    groups: dict[str, list[Part]] = {}
    for leaf in leaves:
        if _is_body(leaf, is_first=not groups):
            alone = f"leaf {leaf.path}"
            groups.setdefault(leaf.alternative or alone, []).append(leaf)
    return list(groups.values())


def _is_body(leaf: Part, *, is_first: bool) -> bool:
    if leaf.declared_type not in _BODY_TYPES or leaf.disposition == "attachment":
        return False
    if leaf.filename and not is_first:
        return False
    head = leaf.head(64)
    return not head.startswith(_BINARY_STARTS)


def _is_html(leaf: Part) -> bool:
    return leaf.declared_type == "text/html"


def _plain(leaf: Part, limit: int) -> tuple[str, tuple[Enclosed, ...]]:
    """Return the text of a leaf, and the files that were written into it."""
    start = leaf.head(limit * MAX_ENCODED_FACTOR)
    if b"begin " not in start:
        is_cut = len(start) >= limit * MAX_ENCODED_FACTOR
        return decode(start, leaf.charset, is_cut=is_cut), ()
    rest, enclosed = uuencoded.split(leaf.head(MAX_ENCLOSING_BYTES))
    rest = rest[: limit * MAX_ENCODED_FACTOR]
    return decode(rest, leaf.charset, is_cut=True), enclosed


def _winmail_text(leaves: Iterable[Part]) -> str:
    """Return the text inside a winmail.dat, where Outlook put it nowhere else."""
    for leaf in leaves:
        if leaf.head(len(tnef.SIGNATURE)) == tnef.SIGNATURE:
            return tnef.read(leaf.head(MAX_ENCLOSING_BYTES)).text
    return ""


def _source(leaf: Part) -> str:
    return _decoded(leaf, html_text.MAX_HTML_CHARS * 2)


def _decoded(leaf: Part, limit_bytes: int) -> str:
    data = leaf.head(limit_bytes)
    return decode(data, leaf.charset, is_cut=len(data) >= limit_bytes)
