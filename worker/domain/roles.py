"""Roles: what each file of a mail may serve as, D1 to D4, with its evidence.

First the texts speak (mails, PDF, office files), then labels (file name, caption,
folder), and what neither tells is taken in the way kinder to the member and marked
provisional, so that a reviewer looks. Source: DESIGN section 4 (Roles); clause C7.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter

from worker.domain import labels, wording
from worker.domain.claim import ClaimType, reference
from worker.domain.counting import counted
from worker.domain.documents import DocumentKind, Piece, Why
from worker.domain.labels import D1, D2, D3, D4, Role
from worker.domain.lexicon import fold
from worker.domain.lexicon.headers import line_of
from worker.domain.mail import Attachment, FileKind, Mail
from worker.domain.orders import Order
from worker.domain.papers import TextReading, read_text
from worker.domain.values import total_usd
from worker.domain.waybills import is_waybill

MOST_FILES = 100
"""Looked at of one mail. Our choice."""
MOST_READ = 6
"""Pictures read by machine of one mail. Our choice: 12 s."""


def pieces(
    mail_id: int,
    mail: Mail,
    order: Order,
    claim_type: ClaimType,
    *,
    earlier: tuple[Piece, ...] = (),
    own_addresses: frozenset[str] = frozenset(),
) -> tuple[Piece, ...]:
    """Return what the files of a mail may serve as, in the order of the files.

    A file that serves as two documents gives two pieces. A file that cannot be used
    gives a piece with its reason, for the role that its name suggests. A file that the
    claim already has gives nothing, unless it is now labelled as something else: one
    picture is not proof of two things. Safe to run twice: pieces of this very mail
    among the earlier ones are left out of account.

    Args:
        mail_id: the row of the mail, kept in each piece.
        mail: what the reader made of it.
        order: the order that the claim is about.
        claim_type: tells what an unlabelled picture can be of.
        earlier: the claim's pieces from the mails before.
        own_addresses: ours; a quoted mail of ours proves nothing.

    Source: DESIGN section 4 (Roles, Verdict per document).
    """
    files = [
        file for file in mail.attachments[:MOST_FILES] if labels.may_count(file, mail)
    ]
    before = tuple(piece for piece in earlier if piece.mail_id != mail_id)
    new: list[Piece] = []
    for look in (_by_text, _by_label, _by_elimination):
        for file in files:
            case = _Case(mail, order, claim_type, own_addresses, (*before, *new))
            if all(piece.path != file.path for piece in new):
                roles = _without_repeats(file, look(file, case), case, look)
                new += [_piece(mail_id, file, role) for role in roles]
    position = {file.path: at for at, file in enumerate(files)}
    return tuple(sorted(new, key=lambda piece: (position[piece.path], piece.kind)))


def brings_files(mail: Mail, order: Order, own_addresses: frozenset[str]) -> bool:
    """Return whether a mail has a file that may be evidence.

    A logo is none, nor is a mail of ours that is quoted back to us, nor an earlier one
    of the member.
    """
    return any(
        labels.may_count(file, mail)
        and not (
            file.kind is FileKind.MAIL
            and (_is_ours(file, own_addresses) or _is_from_member(file, mail, order))
        )
        for file in mail.attachments[:MOST_FILES]
    )


def dropped(
    mail: Mail, found: tuple[Piece, ...], earlier: tuple[Piece, ...] = ()
) -> dict[str, str]:
    """Return, by path, why a file of the mail serves as nothing.

    The reader's own notes come first. No note holds a word that the sender chose, so
    they may stand in automatic mail.
    """
    used = {piece.path for piece in found}
    known = {piece.sha256 for piece in (*found, *earlier)}
    notes = {}
    for file in mail.attachments:
        if file.note:
            notes[file.path] = file.note
        elif file.path not in used and not labels.is_container(file):
            is_known = file.sha256 in known
            notes[file.path] = (
                "the same file as one we have"
                if is_known
                else "a logo or decoration, not counted"
                if file.kind is FileKind.PICTURE
                else "not one of the required documents"
            )
    return notes


def worth_reading(mail: Mail, found: tuple[Piece, ...]) -> tuple[str, ...]:
    """Return the files that show text which a machine might read, the likeliest first.

    Pictures, and PDF without text, by their paths; at most six, and none where proof
    of purchase and notification are certain. First what is taken for one of them on
    trust, then other pages, and photographs that nothing names while one is lacking.

    Args:
        mail: what the reader made of it.
        found: the claim's pieces, those of this mail among them.
    """
    good = [piece for piece in found if piece.why is None]
    papers = {D1, D2}
    if papers <= {piece.kind for piece in good if not piece.is_provisional}:
        return ()
    lacks_paper = not papers <= {piece.kind for piece in good}
    on_trust = {piece.path for piece in good if piece.kind in papers}
    certain = {piece.path for piece in good if not piece.is_provisional}
    ranked: list[tuple[int, str]] = []
    for file in mail.attachments[:MOST_FILES]:
        if file.path in certain or not _shows_text(file, mail):
            continue
        is_page = file.kind is FileKind.PDF or labels.is_paper_picture(file)
        if file.path in on_trust or is_page:
            ranked.append((0 if file.path in on_trust else 1, file.path))
        elif lacks_paper:
            ranked.append((2, file.path))
    return tuple(path for _, path in sorted(ranked, key=itemgetter(0))[:MOST_READ])


def with_texts(mail: Mail, texts: Mapping[str, str]) -> Mail:
    """Return the mail with what was recognised in its pictures, by their paths."""
    files = tuple(
        replace(file, text=texts[file.path], is_text_recognised=True)
        if file.path in texts and not file.text.strip()
        else file
        for file in mail.attachments
    )
    return replace(mail, attachments=files)


def confirmed(before: tuple[Piece, ...], read: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Return a mail's pieces once its pictures were read after all was answered.

    What the member was told counts goes on counting: reading makes it certain or adds
    to it, and takes nothing away.
    """
    certain = {
        (p.path, p.kind): p for p in read if p.why is None and not p.is_provisional
    }
    kept = tuple(certain.pop((p.path, p.kind), p) for p in before)
    return (*kept, *certain.values())


def _shows_text(file: Attachment, mail: Mail) -> bool:
    is_visible = file.kind in {FileKind.PICTURE, FileKind.PDF}
    is_own = file.inside is None or not file.is_inline  # not a shop's illustration
    return (
        is_visible
        and is_own
        and not file.text.strip()
        and labels.may_count(file, mail)
        and labels.unusable(file) is None
    )


# -- cases and roles ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known while one file is looked at; `known` grows file by file."""

    mail: Mail
    order: Order
    claim_type: ClaimType
    own_addresses: frozenset[str]
    known: tuple[Piece, ...]

    def lacks(self, kind: DocumentKind) -> bool:
        return all(p.kind is not kind or p.why is not None for p in self.known)

    def first_wanted(self, *kinds: DocumentKind) -> DocumentKind | None:
        """The first kind of which nothing was sent, else which is not good yet."""
        sent = {piece.kind for piece in self.known}
        wanted = [kind for kind in kinds if self.lacks(kind)]
        return next((k for k in wanted if k not in sent), next(iter(wanted), None))


_Look = Callable[[Attachment, _Case], list[Role]]


def _piece(mail_id: int, file: Attachment, role: Role) -> Piece:
    return Piece(
        mail_id=mail_id,
        path=file.path,
        filename=file.filename or file.path,
        sha256=file.sha256,
        kind=role.kind,
        is_provisional=role.is_provisional and role.why is None,
        why=role.why,
        evidence=role.evidence,
        total_usd=role.total_usd,
    )


def _without_repeats(
    file: Attachment, roles: list[Role], case: _Case, look: _Look
) -> list[Role]:
    """The roles, or for a file that we have: what its label claims beyond the first."""
    before = {piece.kind for piece in case.known if piece.sha256 == file.sha256}
    if not before or not file.size_bytes:
        return roles
    if look is not _by_label:
        return []
    return [
        replace(role, why=Why.DUPLICATE, evidence="the same file under another name")
        for role in roles
        if role.kind not in before
    ]


# -- by text ------------------------------------------------------------------------

_TEXTS = frozenset({FileKind.MAIL, FileKind.TEXT, FileKind.HTML})
_PAPERS = frozenset({FileKind.PDF, FileKind.OFFICE, FileKind.TEXT, FileKind.HTML})
_TITLE_LINES = 6
_TITLE_CHARACTERS = 400
_OPENING_CHARACTERS = 2_000
_OUR_NUMBER = re.compile(reference(0).partition("0")[0] + r"\d{6}")
_MAIL_LINES = (line_of("from"), line_of("subject"))


def _by_text(file: Attachment, case: _Case) -> list[Role]:
    """Roles of a file that can be read, by what it says."""
    is_mail = file.kind is FileKind.MAIL
    if file.trouble is not None or not (is_mail or file.text.strip()):
        return []
    text = f"{file.mail_subject}\n{file.text}" if is_mail else file.text
    reading = read_text(text, case.order.order_number)
    total = total_usd(reading, case.order)
    return [
        replace(role, total_usd=total) if role.kind is D1 and role.why is None else role
        for role in _text_roles(file, reading, case)
    ]


def _text_roles(file: Attachment, reading: TextReading, case: _Case) -> list[Role]:
    if file.kind is FileKind.MAIL:
        return list(_mail_roles(file, reading, case))
    if file.is_text_recognised:
        return list(_recognised_roles(file, reading))
    if file.kind not in _PAPERS:
        return []
    roles = list(_paper_roles(file, reading))
    is_label = is_waybill(file.text, reading, case.order)
    return [_as_label(role) for role in roles] if is_label else roles


def _mail_roles(file: Attachment, reading: TextReading, case: _Case) -> Iterator[Role]:
    """An attached or forwarded mail: a notification, and with goods and prices D1.

    What the member wrote, an invoice's covering mail and an answer about a claim may
    still carry the order number; a reviewer looks at those.
    """
    if _is_ours(file, case.own_addresses):
        return
    opening = f"{file.mail_subject}\n{file.text[:_OPENING_CHARACTERS]}"
    is_notice = wording.names_notification(opening)
    is_about_order = is_notice or wording.names_an_order(opening)
    is_tied = reading.names_order or bool(reading.other_orders)
    by_member = _is_from_member(file, case.mail, case.order)
    if reading.lists_contents or (reading.names_order and reading.has_total):
        is_doubtful = by_member or wording.is_titled_offer(file.mail_subject)
        is_sure = reading.lists_contents and not is_doubtful
        yield _judged(D1, reading, is_sure=is_sure)
    if is_notice or (not by_member and is_tied):
        is_other_matter = by_member or wording.names_a_claim(
            opening[:_TITLE_CHARACTERS]
        )
        is_covering = not is_notice and wording.names_invoice(file.mail_subject)
        is_sure = is_about_order and not is_other_matter and not is_covering
        yield _judged(D2, reading, is_sure=is_sure)


def _paper_roles(file: Attachment, reading: TextReading) -> Iterator[Role]:
    """A PDF, office or text file: an invoice, and where its title says so a notice.

    A quotation or a pro forma invoice shows no purchase; a reviewer looks at it.
    """
    title = f"{file.filename}\n{_title(file.text)}"
    is_named = wording.names_invoice(file.filename)
    has_words = is_named or wording.names_invoice(file.text)
    is_tied = reading.names_order or bool(reading.other_orders)
    has_value = bool(reading.amounts)
    if is_named or (has_words and has_value) or (is_tied and reading.lists_contents):
        is_offer = wording.is_titled_offer(title)
        yield _judged(D1, reading, is_sure=has_value and not is_offer)
    opening = file.text[:_OPENING_CHARACTERS]
    has_mail_lines = all(line.search(opening) for line in _MAIL_LINES)
    is_notice = (
        wording.names_notification(file.filename)
        or wording.is_titled_notification(title)
        or (has_mail_lines and wording.names_an_order(file.text))
    )
    if is_notice:
        yield _judged(D2, reading, is_sure=True)


def _as_label(role: Role) -> Role:
    """What a label may be by its name: no invoice; of a notice it may be a part."""
    if role.kind is not D1:
        return replace(role, is_provisional=True)
    evidence = "a parcel's label: no goods and no value"
    return Role(D1, evidence, why=Why.NOT_THIS_KIND)


def _recognised_roles(file: Attachment, reading: TextReading) -> Iterator[Role]:
    """A picture of text: a receipt, and an order page counts as the notice.

    A misread digit must not make it another order's. A photograph that nothing calls
    a page may only show a label with the number: it needs goods and prices too.
    """
    reading = replace(reading, other_orders=())
    is_page = file.kind is FileKind.PDF or labels.is_paper_picture(file)
    is_purchase = reading.names_order and (reading.lists_contents or reading.has_total)
    if not is_page and not is_purchase:
        return
    roles = {role.kind: role for role in _paper_roles(file, reading)}
    is_order_page = wording.names_an_order(file.text) or wording.names_notification(
        file.text
    )
    is_invoice = wording.names_invoice(_title(file.text))
    if reading.names_order and is_order_page and not is_invoice:
        roles.setdefault(D2, _judged(D2, reading, is_sure=True))
    for role in roles.values():
        yield replace(role, evidence=f"read off the picture: {role.evidence}")


def _judged(kind: DocumentKind, reading: TextReading, *, is_sure: bool) -> Role:
    """The role: certain with our number, refused with another's, else to look at."""
    if reading.names_order:
        return Role(kind, _said("order number", reading), not is_sure)
    if reading.other_orders:
        other = reading.other_orders[0].upper()
        return Role(kind, f"names another order: {other}", why=Why.WRONG_ORDER)
    return Role(kind, _said("no order number", reading), is_provisional=True)


def _said(number: str, reading: TextReading) -> str:
    """What a text holds, for staff."""
    counts = ((reading.item_lines, "item line"), (len(reading.amounts), "amount"))
    said = [counted(number, one) for number, one in counts if number]
    return f"{', '.join([number, *said])} in its text"


def _title(text: str) -> str:
    lines = [line.strip() for line in text[:2_000].splitlines() if line.strip()]
    return "\n".join(lines[:_TITLE_LINES])[:_TITLE_CHARACTERS]


def _is_ours(file: Attachment, own_addresses: frozenset[str]) -> bool:
    """Whether it is a mail of ours that was quoted back to us."""
    sender = file.mail_from.lower()
    by_us = any(address in sender for address in own_addresses)
    opening = f"{file.mail_subject} {file.text[:_OPENING_CHARACTERS]}"
    return by_us or _OUR_NUMBER.search(opening) is not None


def _is_from_member(file: Attachment, mail: Mail, order: Order) -> bool:
    sender, name = fold(file.mail_from), fold(order.member.name)
    addresses = (*order.member.addresses, *mail.from_addresses)
    return any(address in sender for address in addresses) or (
        "@" not in sender and bool(name) and name in sender
    )


# -- by label and by elimination ------------------------------------------------------

_PHOTOS = (D3, D4)


def _by_label(file: Attachment, case: _Case) -> list[Role]:
    """Roles of a file that shows itself only to the eye, by what it is called."""
    has_spoken = file.kind in _TEXTS and file.trouble is None
    if has_spoken or (file.is_inline and _is_in_shop_mail(file, case)):
        return []
    why = labels.unusable(file)
    roles = labels.named_roles(file, case.mail)
    if why is not None:
        return [
            replace(role, why=why, evidence=f"{role.evidence}, {why}") for role in roles
        ]
    if file.kind is FileKind.PICTURE:
        return roles
    return [replace(role, is_provisional=True) for role in roles]


def _by_elimination(file: Attachment, case: _Case) -> list[Role]:
    """Roles of a file that nothing tells: what is still wanted, to be looked at."""
    why = labels.unusable(file)
    is_recognised = file.is_text_recognised
    is_readable = not is_recognised and (file.kind in _TEXTS or bool(file.text.strip()))
    if _is_in_shop_mail(file, case) or why is Why.NOT_THIS_KIND:
        return []
    if why is None and is_readable and file.kind is not FileKind.PICTURE:
        return []
    evidence = f"cannot be used: {why}" if why else "no label; a person looks at it"
    return [
        Role(kind, evidence, is_provisional=True, why=why)
        for kind in _likely_kinds(file, case)
    ]


def _likely_kinds(file: Attachment, case: _Case) -> tuple[DocumentKind, ...]:
    """What an unlabelled file is of: photographs D3 and D4, a screen D2, a scan D1.

    Of a parcel that never came there is no photograph, so there it is of a paper; and
    where both papers are good, a page is taken for a photograph of a label. A PDF
    whose page is a photograph may be photographs put into one file.
    """
    has_photos = case.claim_type is not ClaimType.TOTAL_LOSS
    is_picture = file.kind is FileKind.PICTURE
    is_paper = labels.is_paper_picture(file) if is_picture else True
    if labels.is_called_photographs(file) or (has_photos and not is_paper):
        return _PHOTOS
    is_screen = is_picture and labels.is_screen(file)
    is_mail = is_screen or labels.is_unread_mail(file)
    wanted = case.first_wanted(*((D2, D1) if is_mail else (D1, D2)))
    if wanted is not None:
        return (wanted,)
    is_shown = is_picture or labels.shows_photographs(file)
    return _PHOTOS if has_photos and is_shown else ()


def _is_in_shop_mail(file: Attachment, case: _Case) -> bool:
    """Whether a picture came inside an order mail: then it is the shop's."""
    papers = {piece.path for piece in case.known if piece.kind in {D1, D2}}
    shop_mails = {
        holder.path
        for holder in case.mail.attachments
        if holder.kind is FileKind.MAIL and holder.path in papers
    }
    return file.kind is FileKind.PICTURE and file.inside in shop_mails
