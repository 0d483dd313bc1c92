"""Which leaves are the text of a mail, and what that text is."""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.adapters.reading import html_text
from worker.adapters.reading.parts import Part
from worker.adapters.reading.texts import MAX_ENCODED_FACTOR, clean, decode

MAX_BODY_CHARS = 200_000
"""Of a mail's text. Our choice: a person's mail has 2,000."""
STUB_CHARS = 200
"""A plain text below this beside a much longer HTML only points at it. Our choice."""
STUB_FACTOR = 4

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


def read(leaves: Iterable[Part], limit: int = MAX_BODY_CHARS) -> Body:
    """Return the text a person wrote: plain text, or the HTML where there is none.

    Of an alternative the plain text counts, unless it is empty or a stub such as
    "your client cannot show HTML". A text with a file name is body only when it comes
    first.
    """
    texts: list[str] = []
    paths: set[str] = set()
    ids: frozenset[str] = frozenset()
    groups = _groups(leaves)
    for group in groups:
        plain = "\n\n".join(_plain(p, limit) for p in group if not _is_html(p)).strip()
        sources = [_source(p) for p in group if _is_html(p)]
        rich = "\n\n".join(html_text.to_text(s, limit) for s in sources).strip()
        texts.append(_chosen(plain, rich) if group[0].alternative else plain or rich)
        paths.update(p.path for p in group)
        ids = ids.union(*(html_text.content_ids(s) for s in sources))
    text = clean("\n\n".join(filter(None, texts)), limit)
    return Body(text, frozenset(paths), ids)


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


def _plain(leaf: Part, limit: int) -> str:
    return _decoded(leaf, limit * MAX_ENCODED_FACTOR)


def _source(leaf: Part) -> str:
    return _decoded(leaf, html_text.MAX_HTML_CHARS * 2)


def _decoded(leaf: Part, limit_bytes: int) -> str:
    data = leaf.head(limit_bytes)
    return decode(data, leaf.charset, is_cut=len(data) >= limit_bytes)


def _chosen(plain: str, rich: str) -> str:
    is_stub = len(plain) < STUB_CHARS and len(rich) > STUB_FACTOR * (len(plain) + 50)
    return rich if is_stub or not plain else plain
