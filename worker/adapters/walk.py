"""Every file of a mail as a flat list: leaves, attached mails, archives, their members.

A container is in the list before what it holds, which names it in `inside`. Whatever
is left out is said in a note or in a defect (known-failures A3, A9).
"""

from dataclasses import dataclass, field, replace

from worker.adapters import attachments, filetypes
from worker.adapters.attachments import DECLARED_NOTES, Blob
from worker.adapters.filetypes import EMLX, MSG, TNEF, Type
from worker.adapters.reading import archives, body, msg, parts, tapes, tnef, uuencoded
from worker.adapters.reading.archives import ArchiveRefused, Member
from worker.adapters.reading.body import Body
from worker.adapters.reading.compound import CompoundDamaged
from worker.adapters.reading.headers import HEADER_ERRORS, all_headers, decoded_text
from worker.adapters.reading.letter import Enclosure, Letter
from worker.adapters.reading.parts import Part, Tree
from worker.adapters.reading.reports import REPORT_TYPES
from worker.adapters.reading.texts import decode, one_line
from worker.adapters.reading.uuencoded import Enclosed
from worker.domain.mail import Attachment, FileKind, Trouble

MAX_ROWS = 500
"""Files listed of one mail. Source: reliability.md 4.2 (parts)."""
MAX_OPENED = 150
"""Files opened of one mail; more are only measured. Our choice."""
MAX_COST = 300_000_000
"""Spent on one mail, in pixels of 27 ns: 8 s at worst, below the CPU limit of 20 s."""
MAX_TEXT_CHARS = 1_000_000
"""Text kept of all files of one mail. Our choice."""
MAX_MAIL_DEPTH = 6
"""Mails inside mails. Our choice."""
MAX_ARCHIVE_DEPTH = 2
"""Source: reliability.md 4.3."""
MAX_FIELD_CHARS = 500
MAX_PATH_CHARS = 300

_OPENED_ARCHIVES = tapes.PACKED_TYPES | {"application/zip", "application/x-tar"}
_UNSAID = frozenset({FileKind.MAIL, FileKind.TEXT, FileKind.OTHER})
_DEEP_NOTE = "mail inside many mails, its files were not opened"
_REFUSALS = {
    "locked": (Trouble.ENCRYPTED, "archive locked with a password"),
    "too_many": (Trouble.TOO_LARGE, "archive with more than 1,000 files, not opened"),
    "too_big": (Trouble.TOO_LARGE, "archive too large when unpacked, not opened"),
    "damaged": (Trouble.UNREADABLE, "archive that cannot be opened"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file was found."""

    prefix: str = ""
    inside: str | None = None
    mail_depth: int = 0
    archive_depth: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """One file before it was looked at."""

    path: str
    filename: str
    declared: str
    blob: Blob
    charset: str | None = None
    is_inline: bool = False
    content_id: str | None = None


@dataclass(slots=True)
class Walk:
    """The list so far, and what is left of the mail's budget."""

    wanted: frozenset[str] = frozenset()
    """Paths whose bytes are kept, and then nothing is looked at."""
    kept: dict[str, bytes] = field(default_factory=dict)
    rows: list[Attachment] = field(default_factory=list)
    defects: set[str] = field(default_factory=set)
    opened: int = 0
    cost: int = 0
    text_chars: int = 0
    unpacked_bytes: int = 0

    def add_mail_files(self, tree: Tree, text: Body, place: Place) -> None:
        """Add the files of one mail: its leaves that are neither body nor report."""
        self.defects.update(tree.defects)
        for leaf in tree.leaves:
            is_file = leaf.path not in text.paths
            if is_file and leaf.declared_type not in REPORT_TYPES:
                self._add(_file_of_leaf(leaf, text, place), place)
        for number, enclosed in enumerate(text.enclosed, start=1):
            self._add(_file_of_text(enclosed, f"{place.prefix}text!{number}"), place)

    def _add(self, file: File, place: Place) -> None:
        if len(self.rows) >= MAX_ROWS:
            self.defects.add("attachments_cut")
            return
        found = filetypes.identify(
            file.blob.data, declared=file.declared, filename=file.filename
        )
        row = _row(file, found, place)
        if row.path in self.wanted and file.blob.is_whole:
            self.kept[row.path] = bytes(file.blob.data)
        if not file.blob.is_whole or not file.blob.size_bytes:
            self._add_file(file, found, row)
        elif found.media_type == MSG:
            self._add_outlook(file, row, place)
        elif found.media_type == TNEF:
            self._add_winmail(file, row, place)
        elif file.declared in DECLARED_NOTES and found.kind in _UNSAID:
            self._append(replace(row, note=DECLARED_NOTES[file.declared]))
        elif found.kind is FileKind.MAIL:
            self._add_mail(file, row, place)
        elif found.media_type in _OPENED_ARCHIVES:
            self._add_archive(file, row, place)
        else:
            self._add_file(file, found, row)

    def _add_file(self, file: File, found: Type, row: Attachment) -> None:
        is_measured_only = self.opened >= MAX_OPENED or bool(self.wanted)
        left = 0 if is_measured_only else MAX_COST - self.cost
        look = attachments.look(file.blob, found, charset=file.charset, budget=left)
        self.opened += 1
        self.cost += look.cost
        self._append(
            replace(
                row,
                text=look.text,
                trouble=look.trouble,
                picture=look.picture,
                note=look.note,
            )
        )

    def _add_mail(self, file: File, row: Attachment, place: Place) -> None:
        data = file.blob.data
        if row.media_type == EMLX:
            data = bytes(data).partition(b"\n")[2]
        try:
            tree = parts.read(data)
        except HEADER_ERRORS:
            note = "attached mail that cannot be read"
            self._append(replace(row, trouble=Trouble.UNREADABLE, note=note))
            return
        headers = all_headers(tree.root)
        text = body.read(tree.leaves, limit=attachments.MAX_TEXT_CHARS)
        is_deep = place.mail_depth >= MAX_MAIL_DEPTH
        self._append(
            replace(
                row,
                text=text.text,
                note=_DEEP_NOTE if is_deep else "",
                mail_subject=decoded_text(headers, "subject", MAX_FIELD_CHARS),
                mail_from=decoded_text(headers, "from", MAX_FIELD_CHARS),
                mail_date=decoded_text(headers, "date", MAX_FIELD_CHARS),
            )
        )
        if not is_deep:
            below = _inside_mail(row, place)
            self.add_mail_files(tree, text, replace(below, prefix=f"{row.path}/"))

    def _add_outlook(self, file: File, row: Attachment, place: Place) -> None:
        """Add an Outlook message file and what is attached to it."""
        try:
            letter = msg.read(file.blob.data)
        except CompoundDamaged:
            note = "Outlook message that cannot be read"
            self._append(replace(row, trouble=Trouble.UNREADABLE, note=note))
            return
        self._add_letter(letter, row, place)

    def _add_winmail(self, file: File, row: Attachment, place: Place) -> None:
        """Add a winmail.dat: an envelope, whose text is that of the mail around it."""
        if place.mail_depth >= MAX_MAIL_DEPTH:
            self._append(replace(row, note=_DEEP_NOTE))
            return
        letter = tnef.read(file.blob.data)
        trouble = None if letter.is_whole else Trouble.UNREADABLE
        note = "" if letter.is_whole else "winmail.dat that breaks off"
        self._append(replace(row, trouble=trouble, note=note))
        self._add_enclosures(letter, row, place, mark="!")

    def _add_letter(self, letter: Letter, row: Attachment, place: Place) -> None:
        is_deep = place.mail_depth >= MAX_MAIL_DEPTH
        self._append(
            replace(
                row,
                text=letter.text,
                note=_DEEP_NOTE if is_deep else "",
                mail_subject=letter.subject,
                mail_from=letter.sender,
                mail_date=letter.date,
            )
        )
        if not is_deep:
            self._add_enclosures(letter, row, place, mark="/")

    def _add_enclosures(
        self, letter: Letter, holder: Attachment, place: Place, *, mark: str
    ) -> None:
        below = _inside_mail(holder, place)
        for number, enclosure in enumerate(letter.enclosures, start=1):
            file = _file_of_enclosure(enclosure, f"{holder.path}{mark}{number}")
            if len(self.rows) >= MAX_ROWS:
                self.defects.add("attachments_cut")
                return
            if enclosure.open_letter is not None:
                kind = Type(MSG, FileKind.MAIL)
                self._add_letter(
                    enclosure.open_letter(), _row(file, kind, below), below
                )
            elif enclosure.note:
                row = _row(file, filetypes.UNKNOWN, below)
                self._append(replace(row, note=enclosure.note))
            else:
                self._add(file, below)

    def _add_archive(self, file: File, row: Attachment, place: Place) -> None:
        if place.archive_depth >= MAX_ARCHIVE_DEPTH:
            note = "archive inside archives, not opened"
            self._append(replace(row, note=note))
            return
        left = archives.MAX_TOTAL_BYTES - self.unpacked_bytes
        try:
            members = _members(file, row.media_type, left)
        except ArchiveRefused as refused:
            trouble, note = _REFUSALS[refused.code]
            self._append(replace(row, trouble=trouble, note=note))
            return
        self._append(row)
        below = replace(place, inside=row.path, archive_depth=place.archive_depth + 1)
        for member in members:
            self._add_member(member, row.path, below)

    def _add_member(self, member: Member, archive: str, place: Place) -> None:
        self.unpacked_bytes += member.size_bytes
        name = one_line(member.name, MAX_PATH_CHARS)
        path = self._unique(f"{archive}!{name}")
        try:
            blob = attachments.collect(
                member.chunks(), open_limit=attachments.MAX_OPEN_BYTES
            )
        except ArchiveRefused as refused:
            trouble, note = _REFUSALS[refused.code]
            empty = attachments.collect((), open_limit=0)
            row = _row(File(path, name, "", empty), filetypes.UNKNOWN, place)
            self._append(replace(row, trouble=trouble, note=note))
            return
        self._add(File(path, name, "", blob), place)

    def _unique(self, path: str) -> str:
        """Return the path, numbered when an archive has two files of one name."""
        taken = {row.path for row in self.rows}
        numbered = (f"{path}#{n}" for n in range(2, len(taken) + 3))
        return (
            path if path not in taken else next(p for p in numbered if p not in taken)
        )

    def _append(self, row: Attachment) -> None:
        """Add a row, its text within the mail's budget."""
        left = max(0, MAX_TEXT_CHARS - self.text_chars)
        if len(row.text) > left:
            self.defects.add("text_cut")
        self.text_chars += min(len(row.text), left)
        self.rows.append(replace(row, text=row.text[:left]))


def walk(tree: Tree, text: Body, *, wanted: frozenset[str] = frozenset()) -> Walk:
    """Return every file of a mail, and what had to be left out.

    With `wanted` paths their bytes are kept instead, and nothing is looked at.
    """
    found = Walk(wanted=wanted)
    found.add_mail_files(tree, text, Place())
    return found


def _file_of_leaf(leaf: Part, text: Body, place: Place) -> File:
    is_mail = leaf.declared_type.startswith("message/") or (
        leaf.filename.lower().endswith(".eml")
    )
    limit = attachments.MAX_MAIL_BYTES if is_mail else attachments.MAX_OPEN_BYTES
    return File(
        path=place.prefix + leaf.path,
        filename=leaf.filename,
        declared=leaf.declared_type,
        blob=attachments.collect(leaf.chunks(), open_limit=limit),
        charset=leaf.charset,
        is_inline=leaf.disposition == "inline" or leaf.content_id in text.content_ids,
        content_id=leaf.content_id,
    )


def _file_of_text(enclosed: Enclosed, path: str) -> File:
    data = uuencoded.decoded(enclosed.encoded)
    return File(
        path=path,
        filename=decode(enclosed.name, None),
        declared="",
        blob=attachments.collect((data,), open_limit=attachments.MAX_OPEN_BYTES),
    )


def _file_of_enclosure(enclosure: Enclosure, path: str) -> File:
    return File(
        path=path,
        filename=enclosure.filename,
        declared=enclosure.declared,
        blob=attachments.collect(
            (enclosure.data,), open_limit=attachments.MAX_OPEN_BYTES
        ),
        is_inline=enclosure.content_id is not None,
        content_id=enclosure.content_id,
    )


def _members(file: File, media_type: str, budget_bytes: int) -> list[Member]:
    """Return the files of an archive.

    Raises:
        ArchiveRefused: nothing of it should be opened.
    """
    data = bytes(file.blob.data)
    if media_type == "application/zip":
        return archives.members(data, budget_bytes=budget_bytes)
    if media_type == "application/x-tar":
        return tapes.tar_members(data, budget_bytes=budget_bytes)
    name = file.filename or "unpacked"
    return [tapes.unpacked(data, media_type, name, budget_bytes=budget_bytes)]


def _inside_mail(row: Attachment, place: Place) -> Place:
    return replace(place, inside=row.path, mail_depth=place.mail_depth + 1)


def _row(file: File, found: Type, place: Place) -> Attachment:
    return Attachment(
        path=file.path,
        filename=attachments.display_name(file.filename),
        media_type=found.media_type,
        size_bytes=file.blob.size_bytes,
        sha256=file.blob.sha256,
        kind=found.kind,
        is_inline=file.is_inline,
        content_id=one_line(file.content_id, 300) if file.content_id else None,
        inside=place.inside,
    )
