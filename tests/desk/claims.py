"""An office with claims as the desk shows them, and mails that mean harm."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.builders import a_member, a_package, a_when, an_order
from tests.builders_mail import MEMBER, ORDER, File, make_claim_mail
from tests.office import Office, an_office
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
    home: Path, *raws: bytes, name: str = "Lena Hoffmann"
) -> Iterator[Office]:
    """Open an office to which these mails came; without any, a complete claim."""
    with an_office(home, the_order(name)) as office:
        office.deliver(*(raws or (make_claim_mail(),)))
        try:
            yield office
        finally:
            if "viewer" in office.parts.__dict__:
                office.parts.viewer.close()


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
