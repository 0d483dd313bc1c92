"""An office with claims as the desk shows them, and mails that mean harm."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from tests.builders import a_member, a_package, a_when, an_order
from tests.builders_mail import MEMBER, ORDER, File, make_claim_mail
from tests.office import Office, an_office
from worker.adapters.reader import ReaderPool
from worker.adapters.store.schema import MailRow
from worker.domain.orders import Order

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
ADDRESS = "lena.hoffmann@mail.example"


def the_order(name: str = "Lena Hoffmann") -> Order:
    """The order of the default claim mail: one package, delivered in time."""
    package = a_package(
        "PK-1",
        delivered=a_when(DELIVERED),
        arrived=a_when(DELIVERED - timedelta(hours=40)),
    )
    return an_order(
        ORDER,
        member=a_member(MEMBER, name=name, addresses=(ADDRESS,)),
        packages=(replace(package, destination_tz="Europe/Berlin"),),
    )


@contextmanager
def a_claims_office(
    home: Path,
    *raws: bytes,
    name: str = "Lena Hoffmann",
    opened: "Opened | None" = None,
) -> Iterator[Office]:
    """Open an office to which these mails came; without any, a complete claim.

    With `opened` its files can be looked at, by children that tests share.
    """
    settings = {} if opened is None else {"raw_url": opened.raw_url}
    with an_office(home, the_order(name), **settings) as office:
        if opened is not None:
            office.parts.__dict__["viewer"] = opened.viewer
        office.deliver(*(raws or (make_claim_mail(),)))
        try:
            yield office
        finally:
            if opened is not None:  # which is not this office's to close
                del office.parts.__dict__["viewer"]


@dataclass(frozen=True)
class Opened:
    """A raw store, and a child that opens what is in it: it takes a while to start."""

    raw_url: str
    viewer: ReaderPool


@contextmanager
def an_opener(home: Path) -> Iterator[Opened]:
    """Give a raw store with its child."""
    home.mkdir(exist_ok=True)
    url = (home / "raw").as_uri()
    viewer = ReaderPool(url, size=1)
    try:
        yield Opened(url, viewer)
    finally:
        viewer.close()


def a_follow_up(
    number: int, *, text: str = "", files: list[File] | None = None
) -> bytes:
    """A later mail of the member, each with its own Message-ID."""
    raw = make_claim_mail(
        subject=f"Re: {MEMBER}+{ORDER}+Claim",
        text=text or f"This is letter number {number}.",
        files=files or [],
    )
    return raw.replace(b"<one@mail.example>", f"<{number}@mail.example>".encode())


def lengthen(office: Office, count: int) -> None:
    """Let a claim have so many more mails, each a copy of its first one."""
    with office.store.database.write() as session:
        first = session.get_one(MailRow, 1)
        columns = [one.key for one in sa.inspect(MailRow).column_attrs]
        values = {key: getattr(first, key) for key in columns}
        for number in range(1, count + 1):
            fresh = {
                "id": None,
                "uid": 1000 + number,
                "fate": "follow_up",
                "received_at": first.first_seen_at + timedelta(hours=number),
            }
            session.add(MailRow(**{**values, **fresh}))
