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
MAX_SHEETS = 20

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
    r"word/document\.xml|ppt/slides/slide\d+\.xml|content\.xml"
    r"|xl/sharedStrings\.xml|xl/worksheets/sheet\d+\.xml"
)
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
        if "xl/sharedStrings.xml" in names or "xl/worksheets/sheet1.xml" in names:
            return clean("\n".join(_sheets(archive, names)), limit).strip()
        found = [_plain(_xml(archive, name)) for name in names]
    return clean("\n".join(found), limit).strip()


def has_macros(data: bytes) -> bool:
    """Return whether an office file carries a macro project; it is never run."""
    return b"vbaProject.bin" in data


def _sheets(archive: zipfile.ZipFile, names: list[str]) -> Iterator[str]:
    shared: list[str] = []
    if "xl/sharedStrings.xml" in names:
        source = _xml(archive, "xl/sharedStrings.xml")
        shared = [_TAG.sub("", item) for item in source.split("</si>")]
    sheets = sorted(n for n in names if n.startswith("xl/worksheets/"))
    for name in sheets[:MAX_SHEETS]:
        for row in _xml(archive, name).split("</row>"):
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


def _xml(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        return member.read(MAX_XML_BYTES).decode("utf-8", "replace")
