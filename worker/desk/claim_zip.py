"""All documents of a claim in one ZIP, with a list of what they are and count as."""

import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from worker.adapters.store.desk.claim_pages import ThreadMail
from worker.adapters.view_frames import Asked, What
from worker.desk.claim_files import (
    ALONE,
    ClaimFile,
    Sees,
    by_file,
    claim_of,
    files_of,
    look,
    saved_name,
)
from worker.desk.claim_words import DOCUMENT_VERDICTS, DOCUMENTS
from worker.desk.guard import RowId, Visit
from worker.desk.words import machine_instant
from worker.domain.claim import Claim
from worker.domain.errors import RetryLater
from worker.domain.mail import Fate, FileKind

router = APIRouter()
MOST_NAME = 80
_UNSAFE = re.compile(r"[^\w .,()+-]+")


@router.get("/claims/{claim_id:int}/documents.zip")
def save_documents(visit: Sees, claim_id: RowId) -> Response:
    """Hand over the claim's files while they are being gathered."""
    claim = claim_of(visit, claim_id)
    return StreamingResponse(
        _zipped(visit, claim),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{claim.ref}-documents.zip"',
            "Content-Security-Policy": ALONE,
        },
    )


def safe_name(name: str) -> str:
    """Return a file name that no system takes for more than a name."""
    plain = re.sub(r"\.{2,}", ".", _UNSAFE.sub("_", name)).strip(" ._")
    stem, dot, ending = plain.rpartition(".")
    if dot and len(ending) < 10:  # noqa: PLR2004 - longer is no ending
        return f"{stem[:MOST_NAME]}.{ending}"
    return plain[:MOST_NAME] or "file"


@dataclass(slots=True)
class _Sink:
    """Where the ZIP is written; what came in is taken out after each file."""

    written: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self.written += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data = bytes(self.written)
        self.written.clear()
        return data


def _zipped(visit: Visit, claim: Claim) -> Iterator[bytes]:
    sink, names = _Sink(), set[str]()
    lines = [*_head(visit, claim), "", "Files", ""]
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:  # type: ignore[call-overload]  # writes need no more
        for mail, shown in _files(visit, claim):
            data = _data(visit, mail, shown)
            if data is None:
                lines += [f"(not included) {shown.name}", *_about(mail, shown, None)]
                continue
            name = _unique(_place(claim, shown), names)
            packed.writestr(_info(name, mail), data)
            lines += [name, *_about(mail, shown, data)]
            yield sink.taken()
        text = "\r\n".join(lines) + "\r\n"
        packed.writestr(f"{claim.ref}/manifest.txt", text.encode())
    yield sink.taken()


def _files(visit: Visit, claim: Claim) -> Iterator[tuple[ThreadMail, ClaimFile]]:
    """Yield what came as a file, and whatever serves as a document, oldest first."""
    pages = visit.parts.desk.claim_pages
    pieces = by_file(visit.parts.store.claims.pieces(claim.claim_id))
    for place in pages.thread(claim.claim_id):
        if place.is_ours:
            continue
        for mail in pages.mails(claim.claim_id, [place.number]).values():
            if mail.fate is Fate.DUPLICATE:
                continue
            for one in files_of(mail, pieces):
                is_holder = one.file.kind is FileKind.ARCHIVE
                if one.roles or (one.file.inside is None and not is_holder):
                    yield mail, one


def _data(visit: Visit, mail: ThreadMail, shown: ClaimFile) -> bytes | None:
    try:
        seen = look(visit, Asked(What.FILE, mail.sha256, shown.file.path))
    except RetryLater:
        return None
    if seen is not None and seen.data is not None:
        return seen.data
    return shown.file.text.encode() or None


def _place(claim: Claim, shown: ClaimFile) -> str:
    roles = "+".join(sorted({str(one.kind) for one in shown.roles})) or "other files"
    name = safe_name(saved_name(shown.file, shown.mail_id))
    return f"{claim.ref}/{roles}/mail-{shown.mail_id} {name}"


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    number, made = 2, name
    while made.casefold() in taken:
        made = f"{stem} ({number}){dot}{ending}" if dot else f"{name} ({number})"
        number += 1
    taken.add(made.casefold())
    return made


def _info(name: str, mail: ThreadMail) -> zipfile.ZipInfo:
    came = mail.received_at
    earliest = 1980  # of the format
    if came.year < earliest:
        return zipfile.ZipInfo(name)
    return zipfile.ZipInfo(name, came.timetuple()[:6])


def _head(visit: Visit, claim: Claim) -> Iterator[str]:
    made_at = machine_instant(visit.parts.clock.now())
    yield f"Documents of claim {claim.ref}"
    yield f"Made {made_at} by {visit.person.name}"
    yield f"Order {_line(claim.order_number)}, member {_line(claim.member_id)}"
    yield ""
    for one in visit.parts.store.claims.documents(claim.claim_id):
        words = DOCUMENT_VERDICTS[one.verdict][0]
        why = f" ({one.why})" if one.why else ""
        yield f"{one.kind} {DOCUMENTS[one.kind]}: {words}{why}. {_line(one.evidence)}"


def _about(mail: ThreadMail, shown: ClaimFile, data: bytes | None) -> Sequence[str]:
    said = [
        f"    from mail {mail.mail_id}, received {machine_instant(mail.received_at)}"
    ]
    if data is None:
        said.append(f"    {_line(shown.why_not) or 'could not be opened'}")
    else:
        digest = hashlib.sha256(data).hexdigest()
        said.append(f"    sha256 {digest}, {len(data)} bytes")
    for role in shown.roles:
        count = f"not counted: {role.why}" if role.why else "counts"
        count = "counts, to be looked at" if role.is_provisional else count
        said.append(f"    {role.kind}: {count}. {_line(role.evidence)}")
    return [*said, ""]


def _line(text: str) -> str:
    return " ".join(text.split())
