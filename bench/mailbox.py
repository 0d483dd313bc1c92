"""A full mailbox: made mails, later mails to the same claims, and mails from the wild.

Deterministic: the same arguments give the same mails, in the same order, with the same
order directory.
"""

import csv
import email
import email.policy
import email.utils
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.boxes import OUR_MX, OURS, Box, Fact, box
from worker.adapters.order_rows import COLUMNS

SEED = 20261121
SHARES = {"small": 9, "claims": 1}
"""Of the made mails: nine small ones for one with attachments."""
HOUSE = {
    "CLAIMS_FROM": OURS,
    "CLAIMS_TRUSTED_MX": OUR_MX,
    "CLAIMS_TRUSTED_AUTHSERV": OUR_MX,
}
GO_LIVE = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_AFTER = timedelta(hours=1)
UTF8 = "utf-8"


@dataclass(frozen=True, slots=True)
class MadeMail:
    """One mail with its instant; `member_id` and `order_number` if it is a claim."""

    raw: bytes
    at: datetime
    sender: str = ""
    member_id: str | None = None
    order_number: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What goes into the mailbox, in this order, and the directory it belongs to."""

    mails: Sequence[MadeMail]
    orders: Path

    @property
    def clock(self) -> datetime:
        """When business time begins: after the last mail."""
        return max(mail.at for mail in self.mails) + CLOCK_AFTER


def make_load(
    folder: Path,
    *,
    corpus: Path | None,
    made: int,
    wild: int,
    again: int,
) -> Load:
    """Return the load; its files are in `folder`.

    Args:
        folder: an existing folder, for the directory.
        corpus: a folder with *.eml in any depth.
        made: how many mails are made.
        wild: how many of the corpus join.
        again: how many claims are written about once more, as a follow-up.
    """
    mails = []
    for number, (profile, share) in enumerate(SHARES.items()):
        count = made * share // sum(SHARES.values())
        mails += _made(box(profile, count, seed=SEED + number))
    claims = [mail for mail in mails if mail.order_number is not None]
    orders = folder / "orders.csv"
    known = _write_directory(orders, claims)
    mails += [_again(mail) for mail in known[: again * 7 : 7]]
    mails.sort(key=lambda mail: mail.at)
    if corpus is not None and wild:
        mails += _wild(corpus, wild, mails[0].at, mails[-1].at)
        mails.sort(key=lambda mail: mail.at)
    return Load(mails, orders)


def _made(made: Box) -> list[MadeMail]:
    mails = []
    for fact in made.facts:
        is_claim = fact.kind == "claim"
        mails.append(
            MadeMail(
                raw=made.raw(fact),
                at=fact.at,
                sender=fact.sender,
                member_id=fact.member_id if is_claim else None,
                order_number=fact.order_number if is_claim else None,
            )
        )
    return mails


def _write_directory(path: Path, claims: list[MadeMail]) -> list[MadeMail]:
    """Write two thirds of the claims' orders; return the claims whose sender is known.

    Of every twelve one has another address on file, one no guarantee, one was reported
    late, and one was never delivered.
    """
    chosen: dict[str, MadeMail] = {}
    for number, mail in enumerate(claims):
        if number % 3 and mail.order_number is not None:
            chosen.setdefault(mail.order_number, mail)
    addresses: dict[str, list[str]] = defaultdict(list)
    rows, known = [], []
    for number, (order_number, mail) in enumerate(chosen.items()):
        special = number % 12
        member_id = mail.member_id or ""
        is_known = special != 0
        address = mail.sender if is_known else f"other.{mail.sender}"
        if address not in addresses[member_id]:
            addresses[member_id].append(address)
        if is_known:
            known.append(mail)
        hours = 80 if special == 2 else 6  # noqa: PLR2004 - one of twelve
        delivered = mail.at - timedelta(hours=hours)
        was_delivered = special != 3  # noqa: PLR2004 - one of twelve
        rows.append(
            order_row(
                order_number,
                member_id,
                placed_at=mail.at - timedelta(days=20),
                delivered_at=delivered if was_delivered else None,
                guarantee_fee_usd="" if special == 1 else "30.00",
            )
        )
    for row in rows:
        row["member_email"] = ";".join(addresses[row["member_id"]])
    write_orders(path, rows)
    return known


def orders_of(facts: Iterable[Fact]) -> list[dict[str, str]]:
    """Return the rows of orders.csv for claims: delivered six hours before each."""
    return [
        order_row(
            fact.order_number,
            fact.member_id,
            placed_at=fact.at - timedelta(days=20),
            delivered_at=fact.at - timedelta(hours=6),
            member_email=fact.sender,
        )
        for fact in facts
    ]


def order_row(
    order_number: str,
    member_id: str,
    *,
    placed_at: datetime,
    delivered_at: datetime | None,
    member_email: str = "",
    guarantee_fee_usd: str = "30.00",
) -> dict[str, str]:
    """Return one row of orders.csv: an order of one package, worth 240 USD."""
    facts = {
        "order_number": order_number,
        "member_id": member_id,
        "member_name": "A Member",
        "member_email": member_email,
        "locale": "en",
        "placed_at": placed_at.isoformat(),
        "package_id": "1",
        "package_value_usd": "240.00",
        "sales_price_usd": "230.00",
        "shipping_fee_usd": "35.50",
        "guarantee_fee_usd": guarantee_fee_usd,
        "tracking_number": f"TRK-{order_number}",
        "points_applied": "0",
        "points_earned": "0",
    }
    if delivered_at is not None:
        facts["arrived_at"] = (delivered_at - timedelta(days=1)).isoformat()
        facts["delivered_at"] = facts["collected_at"] = delivered_at.isoformat()
    return dict.fromkeys(COLUMNS, "") | facts


def write_orders(path: Path, rows: list[dict[str, str]]) -> None:
    """Write the order directory that `claims orders import` reads."""
    with path.open("w", encoding=UTF8, newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _again(mail: MadeMail) -> MadeMail:
    """Return another mail of the same sender about the same order, an hour later."""
    at = mail.at + timedelta(hours=1)
    text = (
        f"Return-Path: <{mail.sender}>\r\n"
        "Received: from mx1.mail.example (mx1.mail.example [192.0.2.1]) by"
        " in.claims.example (Postfix) with ESMTPS id 00AGAIN00;"
        f" {email.utils.format_datetime(at)}\r\n"
        f"From: {mail.sender}\r\nTo: claims@claims.example\r\n"
        f"Date: {email.utils.format_datetime(at)}\r\n"
        f"Message-ID: <again.{mail.order_number}@mail.example>\r\n"
        f"Subject: Re: {mail.member_id}+{mail.order_number}+Claim\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "Hello, the box was torn open and the contents are broken. Any news?\r\n"
    )
    return MadeMail(text.encode(), at, mail.sender)


def _wild(corpus: Path, count: int, first: datetime, last: datetime) -> list[MadeMail]:
    files = sorted(corpus.rglob("*.eml"))
    chance = random.Random(SEED)  # noqa: S311 - the same sample every time
    sample = sorted(chance.sample(files, min(count, len(files))))
    chance.shuffle(sample)
    step = (last - first) / (len(sample) + 1)
    return [
        MadeMail(file.read_bytes(), first + step * number)
        for number, file in enumerate(sample, start=1)
    ]
