"""Claims for the desk's tests: some from mails on the real steps, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from tests.builders import a_member, a_package, a_when, an_order
from tests.builders_mail import claim_files, make_claim_mail
from tests.office import OPENING, Office
from worker.adapters.store.schema import ClaimRow
from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.orders import Order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A member with one order, and what they write about it."""

    name: str
    member: str
    order: str
    text: str
    locale: str = "en"
    value: str = "450.00"
    ago: timedelta = timedelta(hours=1)
    has_all: bool = True
    first: int = 0
    """Which file is the first to be sent where not all are."""

    @property
    def address(self) -> str:
        return f"{self.name.split()[0].lower()}@post{self.member[-3:]}.example"

    @property
    def tracking(self) -> str:
        return f"TRK{self.order[-4:]}"

    @property
    def directory(self) -> Order:
        delivered = OPENING - self.ago - 3 * HOUR
        package = a_package(
            sales_price_usd=self.value,
            value_usd=self.value,
            arrived=a_when(delivered - DAY),
            delivered=a_when(delivered),
            tracking_number=self.tracking,
        )
        member = a_member(
            self.member,
            name=self.name,
            addresses=(self.address,),
            locale=self.locale,
        )
        return an_order(self.order, member=member, packages=(package,))

    @property
    def mail(self) -> bytes:
        files = claim_files(self.order)
        return make_claim_mail(
            member=self.member,
            order=self.order,
            sender=f"{self.name} <{self.address}>",
            text=self.text,
            files=files if self.has_all else files[self.first : self.first + 1],
            received_at=OPENING - self.ago,
            headers=[("Message-ID", f"<{self.member}@post.example>")],
        )


LENA = Case(
    "Lena Hoffmann",
    "M104233",
    "ORD-20261104-0183",
    "My parcel arrived today. The ceramic tea set inside is broken.",
    value="480.00",
)
WEI = Case(
    "Wei Chen",
    "M104300",
    "ORD-20261104-0200",
    "你好，包裹今天到了，里面的玻璃花瓶破损了。请帮我理赔。",
    locale="zh",
    value="96.00",
    ago=2 * DAY,
)
LUCIA = Case(
    "Lucia Fernández",
    "M104301",
    "ORD-20261104-0201",
    "Hola, mi paquete llegó hoy con la lámpara rota.",
    locale="es",
    has_all=False,
    value="1250.00",
)
KATHARINA = Case(
    "Katharina Vogel",
    "M104302",
    "ORD-20261104-0202",
    "Guten Tag, das Paket kam heute an, die Schuhe sind beschädigt.",
    locale="de",
    ago=6 * DAY,
    has_all=False,
    first=2,
)
CASES = (LENA, WEI, LUCIA, KATHARINA)


def directory(cases: Sequence[Case] = CASES) -> tuple[Order, ...]:
    return tuple(case.directory for case in cases)


def deliver(office: Office, cases: Sequence[Case] = CASES) -> None:
    """Let each member's mail come in, in order: claims 1, 2, ..."""
    office.deliver(*(case.mail for case in cases))


def add_claims(office: Office, number: int, **changes: object) -> list[Claim]:
    """Open claims at once, the first one due first; without mails."""
    made = []
    with office.store.transaction() as work:
        for at in range(number):
            claim = Claim(
                claim_id=0,
                member_id=f"M{2_000_000 + at}",
                order_number=f"ORD-{20_260_000 + at}",
                package_id="1",
                claim_type=ClaimType.DAMAGE,
                state=ClaimState.UNDER_REVIEW,
                version=1,
                received_at=OPENING - DAY,
                docs_complete_at=OPENING - DAY,
                respond_by=OPENING + 3 * DAY + at * HOUR,
            )
            made.append(work.open_claim(replace(claim, **changes)))  # type: ignore[arg-type]
    return made


def a_deadline(office: Office, claim_id: int, at: datetime) -> None:
    """Let our answer to a claim be due at an instant."""
    with office.store.transaction() as work:
        claim = work.lock_claim(claim_id)
        assert claim is not None
        work.save_claim(claim, replace(claim, respond_by=at))


def set_proposed(office: Office, claim_id: int, amount: Decimal) -> None:
    """Let software propose an amount."""
    with office.store.database.write() as session:
        session.execute(
            sa.update(ClaimRow)
            .where(ClaimRow.id == claim_id)
            .values(proposed_usd=amount)
        )


def assigned(office: Office) -> dict[int, str | None]:
    """Who has which claim."""
    with office.store.database.read() as session:
        rows = session.execute(sa.select(ClaimRow.id, ClaimRow.assigned_to))
        return {row.id: row.assigned_to for row in rows}
