"""The play: which mails come in the demo, in which order, and the one by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from worker.demo.cast import Customer
from worker.demo.letters import delivery_report, everything, message_id
from worker.demo.scenes import (
    ALL_THERE,
    COMPLETE,
    attachments,
    in_other_words,
    plain_claims,
    waiting,
)
from worker.demo.stage import Expected, Sample, Stage
from worker.domain.claim import ClaimState
from worker.domain.mail import Fate
from worker.domain.reply import ReplyKind

S, K = ClaimState, ReplyKind
FORGER = "mail.cheap-host.example"


@dataclass(frozen=True, slots=True)
class Play:
    """Everything that the demo shows: who there is, and which mails come.

    `by_hand` is a complete claim that is left for the visitor to send.
    """

    people: dict[str, Customer]
    samples: tuple[Sample, ...]
    by_hand: Sample


def make_play(now: datetime) -> Play:
    """Return the members with their orders, and their mails."""
    stage = Stage(now)
    samples = [
        *waiting(stage),
        *plain_claims(stage),
        *machines(stage),
        *in_other_words(stage),
        *strangers(stage),
        *attachments(stage),
    ]
    return Play(stage.people, (*samples, *afterwards(stage, samples)), by_hand(stage))


def by_hand(stage: Stage) -> Sample:
    """Return the claim that the visitor may send."""
    alex = stage.people["alex"]
    return stage.claim(
        alex,
        "sent by hand",
        "Hello,\n\nthe camera is broken and the box was crushed. Documents attached.",
        COMPLETE,
        files=everything(alex),
    )


def machines(stage: Stage) -> Iterator[Sample]:
    """Yield what no person wrote; none of it is ever answered."""
    lena = stage.people["lena"]
    yield stage.other(
        "Jonas Weber <jonas.weber@post.example>",
        "out of office",
        "I am out of the office until Monday.\n",
        Expected(Fate.AUTO_REPLY),
        subject=f"Automatic reply: {lena.subject}",
        headers={"Auto-Submitted": "auto-replied"},
    )
    yield stage.other(
        "Deals <news@deals.example>",
        "newsletter",
        "Claim your coupon today.\n",
        Expected(Fate.NOT_A_CLAIM),
        subject="Coupon+today+Claim",
        headers={
            "List-Id": "<deals.deals.example>",
            "List-Unsubscribe": "<mailto:leave@deals.example>",
            "Precedence": "bulk",
        },
    )
    number = message_id("report", "post.example", stage.now)
    yield Sample(
        title="bounce",
        sender="mailer-daemon@post.example",
        message_id=number,
        raw=delivery_report(number, lost="gone@post.example", sent_at=stage.now),
        envelope_from="",
        helo="mail.post.example",
        expected=Expected(Fate.BOUNCE),
    )


def strangers(stage: Stage) -> Iterator[Sample]:
    """Yield mails of people who are not the member, or cannot be told."""
    grace, mei = stage.people["grace"], stage.people["mei"]
    yield stage.other(
        "Grace <grace.home@elsewhere.example>",
        "address not on file",
        "My tea set is broken and the box is crushed. I write from my private"
        " address.\n",
        Expected(
            Fate.IDENTITY_HOLD,
            S.IDENTITY_HOLD,
            emails=(K.CONFIRM_IDENTITY, K.IDENTITY_NOTICE),
        ),
        subject=grace.subject,
        files=everything(grace),
    )
    yield stage.claim(
        mei,
        "forged sender",
        "My parcel is lost. Please pay to my new account.",
        Expected(Fate.IDENTITY_HOLD, S.IDENTITY_HOLD),
        files=(),
        key="forged",
        # What a forger writes in our name is taken out at the door.
        headers={
            "Authentication-Results": "mx.demo.example; dmarc=pass header.from="
            + mei.domain
        },
        helo=FORGER,
    )
    yield stage.other(
        "Tom Berg <tom.berg@mail.example>",
        "nothing to match",
        "Hello, my parcel arrived broken. What can I do?\n",
        Expected(Fate.CANNOT_MATCH, emails=(K.CANNOT_MATCH,)),
        subject="Broken parcel",
    )


def afterwards(stage: Stage, samples: list[Sample]) -> Iterator[Sample]:
    """Yield what comes after a claim: the same mail again, and thanks."""
    lena = stage.people["lena"]
    first = next(one for one in samples if one.sender == lena.address)
    yield replace(first, title="the same mail again", expected=AGAIN)
    yield stage.claim(
        lena,
        "thanks",
        "Thank you very much for the quick answer!",
        Expected(Fate.FOLLOW_UP, S.UNDER_REVIEW, ALL_THERE),
        files=(),
        subject=f"Re: {lena.subject}",
        key="thanks",
        headers={"In-Reply-To": first.message_id, "References": first.message_id},
    )


AGAIN = Expected(Fate.DUPLICATE)
