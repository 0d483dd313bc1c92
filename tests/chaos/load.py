"""Many small mails about orders of their own, and the directory that knows them."""

import random
from dataclasses import dataclass
from datetime import timedelta

from tests.builders_mail import SENT_AT, auto_reply, make_claim_mail

NAME = "Ottilie Quastenberg"
PARCEL, NEWS, AWAY = "The parcel is broken.", "Is there any news?", "away"
CANARIES = (
    NAME.rpartition(" ")[2],
    "@mail.example",
    "M7000",
    "ORD-20261104-",
    PARCEL.rstrip("."),
    NEWS.rstrip("?"),
    f"Automatic reply: {AWAY}",
    "out of office until Monday",
)
"""What these mails hold, each and every one some of it, and no log may."""


@dataclass(frozen=True, slots=True)
class Load:
    """The mails in their order, the directory's rows, and what must come of them."""

    mails: list[bytes]
    orders: list[str]
    claims: int


def make_load(count: int, chance: random.Random) -> Load:
    """Return mails: mostly claims, and follow-ups, copies, machines' and strangers'."""
    mails: list[bytes] = []
    rows: list[str] = []
    opened: list[int] = []
    for number in range(count):
        kind = chance.random()
        if kind < 0.1 and opened:
            earlier = chance.choice(opened)
            mails.append(a_claim(earlier, text=f"{NEWS} {number}"))
        elif kind < 0.15 and opened:
            mails.append(a_claim(chance.choice(opened)))
        elif kind < 0.2:
            mails.append(auto_reply(f"Automatic reply: {AWAY} {number}"))
        else:
            opened.append(number)
            rows.append(an_order_row(number))
            mails.append(a_claim(number))
    return Load(mails, rows, len(opened))


def _ids(number: int) -> tuple[str, str, str]:
    return f"M7000{number:05}", f"ORD-20261104-{number:05}", f"m{number}@mail.example"


def a_claim(number: int, *, text: str = PARCEL) -> bytes:
    """Return a mail about the order of this number; the same number, the same mail."""
    member, order, address = _ids(number)
    sender = f"{NAME} <{address}>"
    at = SENT_AT + timedelta(seconds=number % 600)
    return make_claim_mail(
        member=member, order=order, sender=sender, text=text, files=[], received_at=at
    )


def an_order_row(number: int) -> str:
    """Return the line of the order directory for a number."""
    member, order, address = _ids(number)
    at = "2026-11-18T14:30:00+00:00"
    return (
        f"{order},{member},{NAME},{address},en,2026-11-04T10:20:00+00:00,1,480.00,"
        f"450.00,62.50,45.00,2026-11-17T09:00:00+00:00,{at},{at},TRK{number:05},0,0"
    )
