"""Files and letters as people look at them; runs in the reader's child alone.

Pictures are always ours: decoded, made smaller, written anew as JPEG.
"""

import base64
from collections.abc import Iterable

from worker.adapters import clean_html, filetypes, mime, pdf, pictures
from worker.adapters.reading import body, html_text, parts
from worker.adapters.reading.headers import HEADER_ERRORS
from worker.adapters.reading.parts import Part
from worker.adapters.view_frames import Asked, Seen, What
from worker.domain.mail import FileKind
from worker.ports import ReadFailed

MOST_INLINE = 12
"""Pictures shown inside one letter. Our choice."""
INLINE_SIDE = 900
"""Longer side of such a picture in pixels. Our choice."""


def see(asked: Asked, raw: bytes) -> Seen:
    """Return what is asked of a mail; an empty answer where there is nothing to see.

    Raises:
        ReadFailed: `unreadable`, when even the standard library finds no mail.
    """
    if asked.what is What.LETTER:
        return _letter(raw)
    data = mime.files(raw, (asked.path,)).get(asked.path)
    if data is None:
        return Seen()
    match asked.what:
        case What.FILE:
            return Seen(data=data)
        case What.PICTURE:
            return Seen(data=_picture(data, asked.page, asked.side))
        case What.PAGES:
            if _kind(data) is not FileKind.PDF:
                return Seen()
            count, pages = pdf.find_apart(data, asked.wanted)
            return Seen(page_count=count, pages=pages)


def _picture(data: bytes, page: int, side: int) -> bytes | None:
    kind = _kind(data)
    if kind is FileKind.PDF:
        drawn = pdf.draw_apart(data, page, side=side)
        return None if drawn is None else pictures.copied(drawn, side=side)
    is_picture = kind is FileKind.PICTURE and page == 0
    return pictures.copied(data, side=side) if is_picture else None


def _kind(data: bytes) -> FileKind:
    return filetypes.identify(data, declared="", filename="").kind


def _letter(raw: bytes) -> Seen:
    try:
        leaves = parts.read(raw).leaves
    except HEADER_ERRORS as error:
        code = "unreadable"
        raise ReadFailed(code, died=False) from error
    source = body.html(leaves)
    if not source:
        return Seen()
    cleaned = clean_html.clean(source, _inline(source, leaves))
    return Seen(html=cleaned.html, remote_pictures=cleaned.remote_pictures)


def _inline(source: str, leaves: Iterable[Part]) -> dict[str, str]:
    """Return the pictures that a letter shows of its own, as `data:` addresses."""
    wanted = html_text.content_ids(source)
    shown: dict[str, str] = {}
    for leaf in leaves:
        if leaf.content_id not in wanted or len(shown) >= MOST_INLINE:
            continue
        data = pictures.copied(b"".join(map(bytes, leaf.chunks())), side=INLINE_SIDE)
        if data is not None:
            address = base64.b64encode(data).decode("ascii")
            shown[str(leaf.content_id)] = f"data:image/jpeg;base64,{address}"
    return shown
