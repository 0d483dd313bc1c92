"""A sample mail and what must become of it, and the stage on which they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.demo.cast import Customer, customers
from worker.demo.letters import File, letter, message_id
from worker.domain.claim import ClaimState
from worker.domain.mail import Fate
from worker.domain.reply import ReplyKind


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of a mail, once everything is done.

    `documents` has a sign for each of D1 to D4: `+` there, `~` there but a person
    looks, `x` missing or unusable, `-` not needed; empty where no claim is assessed.
    """

    fate: Fate
    state: ClaimState | None = None
    documents: str = ""
    emails: tuple[ReplyKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One mail of the demo.

    `envelope_from` may be empty (a bounce); `helo` is how the sending server names
    itself. A mail with `received_at` lies in the mailbox before the worker begins;
    the others arrive over SMTP.
    """

    title: str
    sender: str
    message_id: str
    raw: bytes
    envelope_from: str
    helo: str
    expected: Expected
    received_at: datetime | None = None


class Stage:
    """Makes sample mails at an instant, of the members that there are."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(microsecond=0)
        self.people = customers(self.now)

    def claim(  # noqa: PLR0913 - a mail has many parts, all of them optional
        self,
        one: Customer,
        title: str,
        text: str,
        expected: Expected,
        *,
        files: Sequence[File],
        subject: str | None = None,
        key: str = "claim",
        received_at: datetime | None = None,
        html: str = "",
        inline: Mapping[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        helo: str | None = None,
    ) -> Sample:
        """Return a mail of a member, who signs it, from their own provider."""
        sent_at = received_at or self.now
        number = message_id(f"{key}-{one.number}", one.domain, sent_at)
        raw = letter(
            sender=one.sender,
            subject=one.subject if subject is None else subject,
            text=f"{text}\n\n{one.first_name}\n",
            sent_at=sent_at,
            message_id=number,
            files=files,
            html=html,
            inline=inline,
            headers=headers,
        )
        return Sample(
            title=title,
            sender=one.address,
            message_id=number,
            raw=raw,
            envelope_from=one.address,
            helo=f"mail.{one.domain}" if helo is None else helo,
            expected=expected,
            received_at=received_at,
        )

    def other(
        self,
        sender: str,
        title: str,
        text: str,
        expected: Expected,
        *,
        subject: str,
        files: Sequence[File] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Sample:
        """Return a mail of somebody who is no member, or of a machine."""
        address = sender.rpartition("<")[2].rstrip(">")
        domain = address.rpartition("@")[2]
        number = message_id(title.replace(" ", "-"), domain, self.now)
        raw = letter(
            sender=sender,
            subject=subject,
            text=text,
            sent_at=self.now,
            message_id=number,
            files=files,
            headers=headers,
        )
        return Sample(
            title=title,
            sender=address,
            message_id=number,
            raw=raw,
            envelope_from=address,
            helo=f"mail.{domain}",
            expected=expected,
        )
