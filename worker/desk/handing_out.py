"""What others have written, as it reaches a browser: saved, or shown in a cage."""

import re
from urllib.parse import quote

from fastapi import HTTPException, Response

from worker.adapters.view_frames import Asked, Seen
from worker.desk.guard import Visit
from worker.desk.pages import page
from worker.domain.errors import GiveUp
from worker.ports import ReadFailed

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
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'; sandbox"
)
"""For the HTML of strangers: no script, no other host, no form, no name of ours."""
LETTER_HEADERS = {
    "Content-Security-Policy": LETTER_POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9._ ()+-]+")


def look(visit: Visit, asked: Asked, raw: bytes = b"") -> Seen | None:
    """Return what a child sees of a mail; None where it cannot be opened.

    Raises:
        RetryLater: the raw store or the child cannot be reached just now.
    """
    try:
        return visit.parts.viewer.see(asked, raw)
    except (ReadFailed, GiveUp):
        return None


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


def save_raw(visit: Visit, sha256: str | None, name: str) -> Response:
    """Hand over a mail byte for byte, or answer that it is not kept."""
    try:
        raw = visit.parts.raw.get(sha256) if sha256 else None
    except GiveUp:
        raw = None
    if raw is None:
        raise HTTPException(404)
    return to_save(raw, name, "message/rfc822")


def show_letter(visit: Visit, asked: Asked, raw: bytes = b"") -> Response:
    """Show the HTML of a letter, cleaned, for a sandboxed frame."""
    seen = look(visit, asked, raw)
    response = page(visit, "letter.html", seen=seen)
    response.headers.update(LETTER_HEADERS)
    return response
