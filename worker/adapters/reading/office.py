"""Office files to text: Word, Excel, PowerPoint (OOXML) and OpenDocument.

They are zip files of XML. The tags are taken away by regular expressions: no XML
parser runs, so no entity is ever expanded.
"""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from worker.adapters.reading.texts import clean

MAX_XML_BYTES = 5 * 1024 * 1024
"""Read of one file inside. Our choice."""
MAX_TOTAL_BYTES = 10 * 1024 * 1024
"""Read of all files inside one. Our choice: a long invoice has 100 KB."""
MAX_SHEETS = 20
MAX_PREVIEW_BYTES = 20 * 1024 * 1024

ZIP_ERRORS = (
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the standard library raises for damaged, locked or exotic archives."""

_TEXT_FILES = re.compile(
    r"word/(?:header|document|footnotes|footer)\d*\.xml|ppt/slides/slide\d+\.xml"
    r"|content\.xml|xl/sharedStrings\.xml|xl/worksheets/sheet\d+\.xml"
)
_PARTS = ("word/header", "word/document", "word/footnotes", "word/footer")
_PREVIEWS = ("QuickLook/Preview.pdf", "preview.jpg", "QuickLook/Thumbnail.jpg")
_LINE_END = re.compile(r"</(?:w:p|a:p|text:p|text:h|w:tr|row|table:table-row|si)>")
_CELL_END = re.compile(r"</(?:w:tc|table:table-cell|c)>|<w:tab/>|<text:tab/>")
_VALUE = re.compile(r"<v>([^<]*)</v>")
_TAG = re.compile(r"<[^<>]*>")


def to_text(data: bytes, limit: int) -> str:
    """Return the text of an office file, at most `limit` characters.

    Raises:
        ZIP_ERRORS: the file is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [n for n in archive.namelist() if _TEXT_FILES.fullmatch(n)]
        files = _Files(archive)
        if any(name.startswith("xl/") for name in names):
            return clean("\n".join(_sheets(files, names)), limit).strip()
        found = [_plain(files.xml(name)) for name in sorted(names, key=_order)]
    return clean("\n".join(found), limit).strip()


def preview(data: bytes) -> bytes:
    """Return the picture or PDF that a Pages or Numbers file shows itself by.

    Raises:
        ZIP_ERRORS: the file is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        found = next((name for name in _PREVIEWS if name in names), None)
        if found is None:
            return b""
        with archive.open(found) as member:
            return member.read(MAX_PREVIEW_BYTES)


def has_macros(data: bytes) -> bool:
    """Return whether an office file carries a macro project; it is never run."""
    return b"vbaProject.bin" in data


class _Files:
    """The XML inside one file, as far as its budget goes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_TOTAL_BYTES

    def xml(self, name: str) -> str:
        """Return the beginning of one file as text."""
        with self._archive.open(name) as member:
            data = member.read(min(MAX_XML_BYTES, self._left))
        self._left -= len(data)
        return data.decode("utf-8", "replace")


def _order(name: str) -> tuple[int, int, str]:
    """Headers stand above the text and footers below; slides by their number."""
    rank = next((n for n, part in enumerate(_PARTS) if name.startswith(part)), 0)
    return rank, len(name), name


def _sheets(files: _Files, names: list[str]) -> Iterator[str]:
    shared: list[str] = []
    if "xl/sharedStrings.xml" in names:
        source = files.xml("xl/sharedStrings.xml")
        shared = [_TAG.sub("", item) for item in source.split("</si>")]
    sheets = sorted((n for n in names if n.startswith("xl/worksheets/")), key=_order)
    for name in sheets[:MAX_SHEETS]:
        for row in files.xml(name).split("</row>"):
            *cells, _ = (_cell(piece, shared) for piece in row.split("</c>"))
            if any(cells):
                yield html.unescape("\t".join(cells))


def _cell(piece: str, shared: list[str]) -> str:
    """Return what the cell at the end of a piece of a row shows."""
    cell = piece[max(piece.rfind("<c "), piece.rfind("<c>"), 0) :]
    value = _VALUE.search(cell)
    if value is None:
        return _TAG.sub("", cell) if "<is>" in cell else ""
    if 't="s"' not in cell or not value.group(1).isdigit():
        return value.group(1)
    number = int(value.group(1)[:9])
    return shared[number] if number < len(shared) else ""


def _plain(source: str) -> str:
    source = _CELL_END.sub("\t", _LINE_END.sub("\n", source))
    return html.unescape(_TAG.sub("", source))
