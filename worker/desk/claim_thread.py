"""The mails of a claim, theirs and ours: text first, what is formatted in a cage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from worker.adapters import sent_mails
from worker.adapters.store.desk.claim_pages import Place, ThreadEmail, ThreadMail
from worker.adapters.view_frames import Asked, What
from worker.desk.claim_files import (
    ClaimFile,
    Sees,
    by_file,
    claim_of,
    files_of,
    look,
    mail_of,
    to_save,
)
from worker.desk.guard import RowId, Visit
from worker.desk.pages import page
from worker.domain.authentication import Authentication, authenticate
from worker.domain.documents import Piece
from worker.domain.errors import GiveUp

router = APIRouter()
SHOWN = 20
"""Mails of a thread that are shown at once. Source: the desk's brief, issue 5."""
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


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a letter; what is quoted is folded away."""

    text: str
    is_quoted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One letter of the thread; exactly one of `mail` and `email` is there."""

    at: datetime
    parts: tuple[Part, ...]
    mail: ThreadMail | None = None
    email: ThreadEmail | None = None
    files: tuple[ClaimFile, ...] = ()
    proof: Authentication | None = None
    """What our own server or check says of the sender's domain."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Some letters of a thread, newest last; `before` are older and not shown."""

    entries: tuple[Entry, ...]
    total: int
    before: int
    mails: Mapping[int, ThreadMail]


def thread_of(
    visit: Visit, claim_id: int, pieces: Sequence[Piece], *, end: int | None = None
) -> Thread:
    """Return the last letters of a claim, or those before number `end`."""
    pages = visit.parts.desk.claim_pages
    places = pages.thread(claim_id)
    end = len(places) if end is None else min(end, len(places))
    begin = max(0, end - SHOWN)
    shown = places[begin:end]
    mails = pages.mails(claim_id, [one.number for one in shown if not one.is_ours])
    emails = pages.emails(claim_id, [one.number for one in shown if one.is_ours])
    found = by_file(pieces)
    entries = (
        _ours(one, emails) if one.is_ours else _theirs(visit, one, mails, found)
        for one in shown
    )
    kept = tuple(entry for entry in entries if entry is not None)
    return Thread(kept, len(places), begin, mails)


def _ours(place: Place, emails: Mapping[int, ThreadEmail]) -> Entry | None:
    email = emails.get(place.number)
    if email is None:
        return None
    texts = sent_mails.parse(email.raw).texts if email.raw else ()
    return Entry(at=place.at, parts=tuple(folded("".join(texts[:1]))), email=email)


def _theirs(
    visit: Visit,
    place: Place,
    mails: Mapping[int, ThreadMail],
    pieces: Mapping[tuple[int, str], Sequence[Piece]],
) -> Entry | None:
    mail = mails.get(place.number)
    if mail is None:
        return None
    if mail.mail is None:
        return Entry(at=place.at, parts=(), mail=mail)
    domain = (mail.mail.from_address or "").rpartition("@")[2]
    proof = authenticate(mail.mail, domain, visit.parts.house.trust)
    return Entry(
        at=place.at,
        parts=tuple(folded(mail.mail.text, mail.mail.own_text)),
        mail=mail,
        files=tuple(files_of(mail, pieces)),
        proof=proof if mail.mail.is_from_clear else None,
    )


def folded(text: str, own: str = "") -> list[Part]:
    """Return a letter in what was written and what was quoted, in order.

    What stands behind the writer's own words is quoted; elsewhere lines with `>` are.
    """
    own = own.strip()
    if own and text.lstrip().startswith(own):
        rest = text.lstrip()[len(own) :].strip()
        return [Part(own, False), *([Part(rest, True)] if rest else [])]  # noqa: FBT003 - a field
    found: list[Part] = []
    for line in text.splitlines():
        is_quoted = line.lstrip().startswith(">")
        if found and found[-1].is_quoted is is_quoted:
            found[-1] = Part(f"{found[-1].text}\n{line}", is_quoted)
        else:
            found.append(Part(line, is_quoted))
    return [Part(one.text.strip("\n"), one.is_quoted) for one in found]


@router.get("/claims/{claim_id:int}/thread")
def show_thread(
    visit: Sees, claim_id: RowId, before: Annotated[int, Query(ge=0)]
) -> Response:
    """Show older letters: alone for htmx, as a page of their own without."""
    claim = claim_of(visit, claim_id)
    pieces = visit.parts.store.claims.pieces(claim_id)
    thread = thread_of(visit, claim_id, pieces, end=before)
    is_part = "HX-Request" in visit.request.headers
    template = "claim_letters.html" if is_part else "claim_thread.html"
    return page(visit, template, claim=claim, thread=thread)


@router.get("/claims/{claim_id:int}/mails/{mail_id:int}/html")
def show_mail(visit: Sees, claim_id: RowId, mail_id: RowId) -> Response:
    """Show the HTML of a received mail, cleaned, for the frame on the page."""
    mail = mail_of(visit, claim_id, mail_id)
    return _letter(visit, Asked(What.LETTER, mail.sha256))


@router.get("/claims/{claim_id:int}/mails/{mail_id:int}/raw")
def save_mail(visit: Sees, claim_id: RowId, mail_id: RowId) -> Response:
    """Hand over a received mail, byte for byte."""
    mail = mail_of(visit, claim_id, mail_id)
    try:
        raw = visit.parts.raw.get(mail.sha256)
    except GiveUp:
        raise HTTPException(404) from None
    return to_save(raw, f"mail-{mail_id}.eml", "message/rfc822")


@router.get("/claims/{claim_id:int}/emails/{email_id:int}/html")
def show_email(visit: Sees, claim_id: RowId, email_id: RowId) -> Response:
    """Show the HTML of an e-mail of ours, cleaned alike."""
    return _letter(visit, Asked(What.LETTER), _email(visit, claim_id, email_id).raw)


@router.get("/claims/{claim_id:int}/emails/{email_id:int}/raw")
def save_email(visit: Sees, claim_id: RowId, email_id: RowId) -> Response:
    """Hand over an e-mail of ours, byte for byte."""
    raw = _email(visit, claim_id, email_id).raw
    return to_save(raw, f"email-{email_id}.eml", "message/rfc822")


def _email(visit: Visit, claim_id: int, email_id: int) -> ThreadEmail:
    emails = visit.parts.desk.claim_pages.emails(claim_id, [email_id])
    if email_id not in emails or not emails[email_id].raw:
        raise HTTPException(404)
    return emails[email_id]


def _letter(visit: Visit, asked: Asked, raw: bytes = b"") -> Response:
    seen = look(visit, asked, raw)
    response = page(visit, "letter.html", seen=seen)
    response.headers.update(LETTER_HEADERS)
    return response
