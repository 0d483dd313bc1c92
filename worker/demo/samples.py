"""The sample mails: what arrives in the demo, and what must become of each.

Made when the demo starts, with times relative to now, so that the clocks are alive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from worker.demo import papers
from worker.demo.cast import SHOP, SHOP_ADDRESS, Customer, customers
from worker.demo.letters import (
    File,
    everything,
    invoice,
    letter,
    message_id,
    notice_subject,
    notice_with_prices,
    order_mail,
    photos,
)
from worker.domain.claim import ClaimState
from worker.domain.mail import Fate
from worker.domain.reply import ReplyKind

REPORTED_AFTER = timedelta(hours=24)  # Source: clause C11
SHORTLY = timedelta(seconds=40)
NO_DOCUMENTS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must become of a mail, in the end.

    `documents` has a sign for each of D1 to D4: `+` there, `~` there but to be looked
    at, `x` missing or unusable, `-` not needed; empty without an assessed claim.
    """

    fate: Fate
    state: ClaimState | None = None
    documents: str = NO_DOCUMENTS
    emails: tuple[ReplyKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One mail of the demo.

    `helo` is how the sending server names itself. A mail with `received_at` waits in
    the mailbox before the worker begins; the others arrive over SMTP.
    """

    key: str
    title: str
    sender: str
    message_id: str
    raw: bytes
    helo: str
    expected: Expected
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Everything that the demo shows: who there is, and which mails come."""

    people: dict[str, Customer]
    samples: tuple[Sample, ...]
    by_hand: Sample
    """A complete claim that is left for the visitor to send."""


def make_play(now: datetime) -> Play:
    """Return the sample members, their orders and mails."""
    people = customers(now)
    writer = _Writer(people, now.replace(microsecond=0))
    samples = (*writer.waiting(), *writer.claims(), *writer.others())
    return Play(people, samples, writer.by_hand())
