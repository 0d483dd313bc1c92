"""To whom a reply goes, under which key, and in which thread."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.domain.claim import Claim
from worker.domain.errors import GiveUp
from worker.domain.orders import Member, Order
from worker.domain.reply import MailCause, Reply, ReplyKind, language_of


@dataclass(frozen=True, slots=True)
class Identity:
    """Our own address, which is never answered, and ids that show the right form."""

    address: str
    example_member_id: str = "M123456"
    example_order_number: str = "ORD-20261231-0042"


def address_on_file(claim: Claim, member: Member) -> str | None:
    """Return the on-file address that wrote, while it is on file; else the primary."""
    if claim.member_address in member.addresses:
        return claim.member_address
    return member.addresses[0] if member.addresses else None


def need_address(claim: Claim, member: Member) -> str:
    """Return the address on file.

    Raises:
        GiveUp: `no_address_on_file`.
    """
    to = address_on_file(claim, member)
    if to is None:
        reason = "no_address_on_file"
        raise GiveUp(reason)
    return to


def locale(member: Member) -> str:
    """Return the language of the member, if we write it, else English."""
    return language_of(member.locale)


def mail_key(cause: MailCause, kind: ReplyKind, recipient: str) -> str:
    """Return the key of an answer to one mail: one e-mail per kind and recipient."""
    digest = hashlib.sha256(recipient.encode()).hexdigest()[:12]
    return f"mail:{cause.mail_id}:{kind}:{digest}"


def stamp(at: datetime | None) -> str:
    """Return an instant as part of a key; a promise without one is made once."""
    return "1" if at is None else f"{at:%Y%m%dT%H%M%SZ}"


def to_sender(
    kind: ReplyKind,
    cause: MailCause,
    facts: dict[str, Any],
    claim: Claim | None = None,
) -> Reply:
    """Return an answer to the address that the mail came from."""
    to = cause.sender.address or ""
    return Reply(
        kind=kind,
        to=to,
        dedup_key=mail_key(cause, kind, to),
        facts=facts,
        claim_id=None if claim is None else claim.claim_id,
        mail_id=cause.mail_id,
        in_reply_to=cause.message_id,
        references=_references(cause),
    )


def _references(cause: MailCause) -> tuple[str, ...]:
    own = () if cause.message_id is None else (cause.message_id,)
    return (*cause.references, *own)


def about_claim(  # noqa: PLR0913 - a reply has that many sides
    kind: ReplyKind,
    to: str,
    claim: Claim,
    order: Order,
    facts: dict[str, Any],
    *,
    cycle: str,
    cause: MailCause | None = None,
    thread: tuple[str, ...] = (),
    is_draft: bool = False,
) -> Reply:
    """Return an e-mail about a claim; `cycle` tells its promise from earlier ones."""
    references = thread if cause is None else _references(cause)
    return Reply(
        kind=kind,
        to=to,
        dedup_key=f"claim:{claim.claim_id}:{kind}:{cycle}",
        facts=facts,
        locale=locale(order.member),
        claim_id=claim.claim_id,
        mail_id=None if cause is None else cause.mail_id,
        in_reply_to=references[-1] if references else None,
        references=references,
        is_draft=is_draft,
        is_automatic_reply=cause is not None,
    )
