"""The files of a claim: what they are, how they are saved, and how they look.

A file is addressed by its mail's number and a short hash of its place in that mail, so
that no address holds a name. Nothing of it is opened in this process: children do that
and hand back bytes to be saved, or pictures of our own making.
"""

import hashlib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Response

from worker.adapters.reading.marks import Wanted, find
from worker.adapters.store.desk.claim_pages import ThreadMail
from worker.adapters.view_frames import Asked, Seen, What
from worker.desk.claim_words import TROUBLES
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import page
from worker.domain.claim import Claim
from worker.domain.documents import Piece
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.mail import Attachment, FileKind, Trouble
from worker.domain.orders import Order
from worker.domain.staff import Right
from worker.lookups import order_of
from worker.ports import ReadFailed

router = APIRouter()
Sees = Annotated[Visit, needs(Right.SEE_CLAIMS)]

THUMB_SIDE, PAGE_SIDE = 240, 1400
SIDES = {"small": THUMB_SIDE, "large": PAGE_SIDE}
MOST_PAGES = 20
"""Of a PDF that are shown; see adapters/pdf.py."""
ALONE = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For what is handed over as it came: should a browser open it, nothing in it runs."""
SAFE_TYPES = frozenset(
    {
        "application/pdf",
        "application/zip",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "message/rfc822",
        "text/plain",
    }
)
"""Said as they are, by content; all others are bytes."""
BYTES = "application/octet-stream"
_DRAWN = frozenset({FileKind.PICTURE, FileKind.PDF})
_CLOSED = frozenset({Trouble.ENCRYPTED, Trouble.TOO_LARGE})
_UNSAFE = re.compile(r"[^A-Za-z0-9._ ()+-]+")


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """One file as the page lists it; `roles` are the documents that it serves as."""

    mail_id: int
    key: str
    name: str
    file: Attachment
    roles: tuple[Piece, ...]
    why_not: str
    """Why it serves as nothing; "" where it serves, or nothing is known."""

    @property
    def is_drawn(self) -> bool:
        """Return whether a small picture of it can be asked for."""
        return self.file.kind in _DRAWN and self.file.trouble not in _CLOSED

    @property
    def can_be_viewed(self) -> bool:
        """Return whether there is anything to look at."""
        return self.is_drawn or bool(self.file.text)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a text; `label` says what it names, "" where nothing."""

    text: str
    label: str = ""


def file_key(path: str) -> str:
    """Return a file's part of its address: it follows from its place in the mail."""
    return hashlib.sha256(path.encode("utf-8", "replace")).hexdigest()[:12]


def files_of(
    mail: ThreadMail, pieces: Mapping[tuple[int, str], Sequence[Piece]]
) -> list[ClaimFile]:
    """Return the files of a mail in their order, with what they serve as.

    Args:
        mail: the mail.
        pieces: of the claim, by mail and path.
    """
    if mail.mail is None:
        return []
    return [_claim_file(mail, one, pieces) for one in mail.mail.attachments]


def _claim_file(
    mail: ThreadMail,
    file: Attachment,
    pieces: Mapping[tuple[int, str], Sequence[Piece]],
) -> ClaimFile:
    trouble = "" if file.trouble is None else TROUBLES[file.trouble]
    return ClaimFile(
        mail_id=mail.mail_id,
        key=file_key(file.path),
        name=file.filename or file.mail_subject or f"part {file.path}",
        file=file,
        roles=tuple(pieces.get((mail.mail_id, file.path), ())),
        why_not=mail.notes.get(file.path) or file.note or trouble,
    )


def by_file(pieces: Sequence[Piece]) -> dict[tuple[int, str], list[Piece]]:
    """Return the pieces of a claim by mail and path."""
    found: dict[tuple[int, str], list[Piece]] = {}
    for piece in pieces:
        found.setdefault((piece.mail_id, piece.path), []).append(piece)
    return found


def look(visit: Visit, asked: Asked, raw: bytes = b"") -> Seen | None:
    """Return what a child sees of a mail; None where it cannot be opened.

    Raises:
        RetryLater: the raw store or the child cannot be reached just now.
    """
    try:
        return visit.parts.viewer.see(asked, raw)
    except (ReadFailed, GiveUp):
        return None


def claim_of(visit: Visit, claim_id: int) -> Claim:
    """Return a claim, or answer that there is none."""
    claim = visit.parts.store.claims.get(claim_id)
    if claim is None:
        raise HTTPException(404)
    return claim


def mail_of(visit: Visit, claim_id: int, mail_id: int) -> ThreadMail:
    """Return a mail of a claim; one of another claim is not there."""
    found = visit.parts.desk.claim_pages.mails(claim_id, [mail_id]).get(mail_id)
    if found is None:
        raise HTTPException(404)
    return found


def file_of(mail: ThreadMail, key: str) -> Attachment:
    """Return the file of a mail that an address names."""
    for file in () if mail.mail is None else mail.mail.attachments:
        if file_key(file.path) == key:
            return file
    raise HTTPException(404)


def wanted_in(
    claim: Claim, order: Order | None, pieces: Sequence[Piece]
) -> tuple[Wanted, ...]:
    """Return what in a file speaks for a claim: its ids, and the amounts known."""
    ids = [("order number", claim.order_number), ("member", claim.member_id)]
    if claim.package_id is not None:
        ids.append(("package", claim.package_id))
    amounts = {f"{piece.total_usd:.2f}": "total" for piece in pieces if piece.total_usd}
    package = None if order is None else order.package(claim.package_id)
    if package is not None:
        if package.tracking_number:
            ids.append(("tracking number", package.tracking_number))
        for label, amount in (
            ("sales price", package.sales_price_usd),
            ("value", package.value_usd),
            ("shipping", package.shipping_fee_usd),
        ):
            amounts.setdefault(f"{amount:.2f}", label)
    return (
        *(Wanted(label, value) for label, value in ids),
        *(Wanted(label, value, is_amount=True) for value, label in amounts.items()),
    )


def stretches(text: str, wanted: Sequence[Wanted]) -> list[Stretch]:
    """Return a text in pieces, those that name something with what it is."""
    found, at = [], 0
    for mark in find(text, wanted):
        found.append(Stretch(text[at : mark.start]))
        found.append(Stretch(text[mark.start : mark.end], mark.label))
        at = mark.end
    found.append(Stretch(text[at:]))
    return [one for one in found if one.text]


def to_save(data: bytes, name: str, media_type: str) -> Response:
    """Return bytes that a browser saves and never shows."""
    plain = _UNSAFE.sub("_", name).strip(" .") or "file"
    kind = media_type if media_type in SAFE_TYPES else BYTES
    return Response(
        data,
        media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{plain[:100]}";'
            f" filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": ALONE,
        },
    )


def saved_name(file: Attachment, mail_id: int) -> str:
    """Return the name under which a file is saved: its own, else one by its type."""
    if file.filename:
        return file.filename
    ending = mimetypes.guess_extension(file.media_type) or ".bin"
    if file.kind is FileKind.MAIL:
        ending = ".eml"
    return f"mail-{mail_id}-{_UNSAFE.sub('-', file.path)}{ending}"


@router.get("/claims/{claim_id:int}/files/{mail_id:int}/{key}")
def save_file(visit: Sees, claim_id: RowId, mail_id: RowId, key: str) -> Response:
    """Hand over one file as it came; what stood in a mail's text comes as text."""
    claim_of(visit, claim_id)
    mail = mail_of(visit, claim_id, mail_id)
    file = file_of(mail, key)
    seen = look(visit, Asked(What.FILE, mail.sha256, file.path))
    if seen is not None and seen.data is not None:
        return to_save(seen.data, saved_name(file, mail_id), file.media_type)
    if not file.text:
        raise HTTPException(404)
    name = f"mail-{mail_id}-{file_key(file.path)}.txt"
    return to_save(file.text.encode(), name, "text/plain")


@router.get("/claims/{claim_id:int}/files/{mail_id:int}/{key}/picture")
def show_picture(
    visit: Sees,
    claim_id: RowId,
    mail_id: RowId,
    key: str,
    side: str = "small",
    number: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
) -> Response:
    """Show a picture of ours of a file: itself, or one page of it."""
    claim_of(visit, claim_id)
    mail = mail_of(visit, claim_id, mail_id)
    path = file_of(mail, key).path
    pixels = SIDES.get(side, THUMB_SIDE)
    seen = look(visit, Asked(What.PICTURE, mail.sha256, path, number - 1, pixels))
    if seen is None or seen.data is None:
        raise HTTPException(404)
    headers = {"Content-Security-Policy": ALONE, "Content-Disposition": "inline"}
    return Response(seen.data, media_type="image/jpeg", headers=headers)


@router.get("/claims/{claim_id:int}/files/{mail_id:int}/{key}/view")
def view_file(visit: Sees, claim_id: RowId, mail_id: RowId, key: str) -> Response:
    """Show a file in large, with what decided marked where it is text."""
    claim = claim_of(visit, claim_id)
    mail = mail_of(visit, claim_id, mail_id)
    file = file_of(mail, key)
    pieces = visit.parts.store.claims.pieces(claim_id)
    own = [one for one in pieces if (one.mail_id, one.path) == (mail_id, file.path)]
    wanted = wanted_in(claim, _order(visit, claim), own)
    shown = _claim_file(mail, file, by_file(pieces))
    seen = None
    if file.kind is FileKind.PDF and shown.is_drawn:
        seen = look(visit, Asked(What.PAGES, mail.sha256, file.path, wanted=wanted))
    return page(
        visit,
        "claim_file.html",
        claim=claim,
        mail=mail,
        shown=shown,
        seen=seen,
        stretches=stretches(file.text, wanted),
    )


def _order(visit: Visit, claim: Claim) -> Order | None:
    try:
        return order_of(visit.parts.orders, claim)
    except RetryLater:
        return None
