"""Labels: what a file is called, what it can be used for, and what is decoration.

Photographs and scans show themselves only to the eye, so here speak the file name, the
caption beside it in the mail, and the folder or archive around it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from worker.domain import wording
from worker.domain.documents import DocumentKind, Why
from worker.domain.mail import PAGES, Attachment, FileKind, Looks, Mail

D1 = DocumentKind.PROOF_OF_PURCHASE
D2 = DocumentKind.ORDER_NOTIFICATION
D3 = DocumentKind.PACKAGING_PHOTOS
D4 = DocumentKind.CONTENTS_PHOTOS

INLINE_SIDE = 250
"""A picture inside a text with a shorter side below this is decoration: phones take
ten times as much. Source: known-failures A6."""
VISIBLE_SIDE = 150
"""Below this no damage can be seen. Source: known-failures A6, adapters/pictures.py."""
PIXEL_BYTES = 20_000
"""An inline picture that cannot be opened is decoration below this. Our choice."""


@dataclass(frozen=True, slots=True)
class Role:
    """One thing that a file may serve as, and one sentence why."""

    kind: DocumentKind
    evidence: str
    is_provisional: bool = False
    why: Why | None = None
    total_usd: Decimal | None = None


def named_roles(file: Attachment, mail: Mail) -> list[Role]:
    """Return the documents that the nearest label names; none without a label.

    Names of papers are provisional, because nobody has read them yet.
    """
    for source, words in _labels(file, mail):
        roles = list(
            _roles_of(words, f"by its {source}", is_photo=shows_photographs(file))
        )
        if roles:
            return roles
    return []


def is_called_photographs(file: Attachment) -> bool:
    """Return whether a file that is no picture is named as a set of them."""
    is_picture = file.kind is FileKind.PICTURE
    return not is_picture and wording.names_photographs(file.filename)


def is_paper_picture(file: Attachment) -> bool:
    """Return whether a picture shows a page or a screen, by its looks or its name."""
    looks = file.picture is not None and file.picture.looks_like in PAGES
    return looks or wording.names_a_screenshot(file.filename)


def shows_photographs(file: Attachment) -> bool:
    """Return whether its picture, or the page drawn of it, is a photograph."""
    return file.picture is not None and file.picture.looks_like is Looks.PHOTOGRAPH


def is_screen(file: Attachment) -> bool:
    """Return whether a picture may be of a screen: anything but a paper's."""
    return file.picture is not None and file.picture.looks_like is not Looks.SCAN


def unusable(file: Attachment) -> Why | None:
    """Return why a file cannot serve as anything; None when a person can look at it."""
    if file.trouble is not None:
        return Why(file.trouble.value)
    if file.kind is FileKind.ARCHIVE or is_unread_mail(file):
        return Why.UNREADABLE
    if file.kind is FileKind.OTHER:
        return Why.NOT_THIS_KIND
    if file.picture is not None and _side(file) < VISIBLE_SIDE:
        return Why.TOO_SMALL
    return None


def may_count(file: Attachment, mail: Mail) -> bool:
    """Return whether a file can be evidence: no logo, calendar, opened container."""
    match file.kind:
        case FileKind.PICTURE:
            return not _is_decoration(file, mail)
        case FileKind.CALENDAR:
            return False
        case FileKind.OTHER | FileKind.TEXT if file.media_type in _NEVER_EVIDENCE:
            return False
        case _:
            return not is_container(file) and not _CLUTTER.fullmatch(file.filename)


def is_container(file: Attachment) -> bool:
    """Return whether it only holds files that are listed themselves."""
    is_opened = file.trouble is None and not file.note
    return file.kind is FileKind.ARCHIVE and is_opened


def is_unread_mail(file: Attachment) -> bool:
    """Return whether it is a mail that the reader could not open."""
    is_mail = file.kind is FileKind.MAIL or file.media_type == _WINMAIL
    return is_mail and file.trouble is not None


# -- private ------------------------------------------------------------------------

_WINMAIL = "application/ms-tnef"
"""Outlook's own wrapping of a mail, which holds what was attached to it."""
_NEVER_EVIDENCE = frozenset(
    {
        "application/applefile",
        "application/pgp-signature",
        "application/pkcs7-signature",
        "text/vcard",
    }
)
"""What mail programs add by themselves."""
_CLUTTER = re.compile(r"att\d{2,6}\.(?:txt|html?|dat|bin|c)|noname", re.IGNORECASE)
_FILE_NAME = re.compile(r"[^\s,;:()\[\]<>\"']{1,100}\.[a-z]{3,4}\b", re.IGNORECASE)
_SHORTEST_STEM = 4
_CAPTION_CHARACTERS = 20_000


def _labels(file: Attachment, mail: Mail) -> Iterator[tuple[str, str]]:
    """Where a file may be labelled, the nearest first."""
    yield "file name", file.filename
    yield "caption", _caption(file, mail)
    container, _, inner = file.path.rpartition("!")
    yield "folder", inner.rpartition("/")[0]
    for holder in mail.attachments:
        if container and holder.path == container:
            yield "archive", holder.filename


def _roles_of(words: str, source: str, *, is_photo: bool) -> Iterator[Role]:
    """The documents that some words name.

    "Contents of the box" is contents and may show the box; "box of the product" is a
    box and may show the product; "broken cup" is contents, "damaged" alone neither.
    """
    has_box = wording.names_packaging(words)
    has_contents = wording.names_contents(words)
    has_goods = wording.names_goods(words)
    if wording.names_invoice(words):
        yield Role(D1, f"an invoice {source}", is_provisional=True)
    elif wording.names_notification(words):
        yield Role(D2, f"an order notification {source}", is_provisional=True)
    elif has_box or has_contents or has_goods:
        if has_box:
            yield Role(D3, f"packaging {source}", is_provisional=has_contents)
        if has_contents or has_goods:
            is_doubtful = has_box and not has_contents
            yield Role(D4, f"contents {source}", is_provisional=is_doubtful)
    elif wording.names_an_order(words) and not is_photo:
        yield Role(D2, f"an order {source}", is_provisional=True)


def _caption(file: Attachment, mail: Mail) -> str:
    """The words beside the file's name in the mail: behind it, else in front."""
    stem = file.filename.rpartition(".")[0]
    if len(stem) < _SHORTEST_STEM:
        return ""
    for line in mail.own_text[:_CAPTION_CHARACTERS].splitlines():
        before, name, after = line.partition(stem)
        if name:
            behind = _FILE_NAME.split(_EXTENSION.sub("", after))[0]
            in_front = _FILE_NAME.split(before)[-1]
            return behind if _WORD.search(behind) else in_front
    return ""


_EXTENSION = re.compile(r"\A\.[A-Za-z]{3,4}\b")
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")


def _is_decoration(file: Attachment, mail: Mail) -> bool:
    """Whether a picture is a logo, a pixel, or one that a text repeats.

    An attached drawing with a telling name is kept: a screenshot has few colours too.
    So is a photograph that was put in twice.
    """
    is_graphic = file.picture is not None and file.picture.looks_like is Looks.GRAPHIC
    if not file.is_inline:
        is_named = named_roles(file, mail) or is_paper_picture(file)
        return is_graphic and not is_named
    if file.picture is None:
        return file.size_bytes < PIXEL_BYTES
    if is_graphic or _side(file) < INLINE_SIDE:
        return True
    copies = Counter(other.sha256 for other in mail.attachments if other.is_inline)
    return copies[file.sha256] > 1 and not shows_photographs(file)


def _side(file: Attachment) -> int:
    """The shorter side in pixels; 0 when it is not known."""
    return min(file.picture.width, file.picture.height) if file.picture else 0
