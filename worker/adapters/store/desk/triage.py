"""What no rule could settle, as one list of mails; see `decide/triage.py`.

Every kind is a partial index by the mail's number, so a page costs what it shows. A
mail that waits for two reasons is one row with both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session, aliased

from worker.adapters.store.alerts import stands
from worker.adapters.store.desk_schema import OperatorActionRow
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    AlertRow,
    ClaimEventRow,
    ClaimRow,
    JobRow,
    MailRow,
    MemberAddressRow,
    MemberRow,
    OrderRow,
    PackageRow,
    SharedMailRow,
)
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, Mail

_MAIL = TypeAdapter(Mail)
MOST_COUNTED = 1000
"""A tab with more says "999+": an exact number would cost what it counts."""
MOST_JUDGED = 2000
"""Of each thing noticed about mails that a count looks at. Our choice."""


class Waits(StrEnum):
    """Why a mail is in triage; the tabs."""

    UNMATCHED = "unmatched"
    SEVERAL_ORDERS = "several"
    HELD = "held"
    MACHINE = "machine"
    WITHDRAWAL = "withdrawal"
    AFTER_CLOSE = "closed"
    PARKED = "parked"


ALERT_OF: Mapping[Waits, str] = {
    Waits.SEVERAL_ORDERS: "several_orders",
    Waits.MACHINE: "machine_named_claim",
    Waits.WITHDRAWAL: "withdrawal_asked",
    Waits.AFTER_CLOSE: "mail_after_close",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageMail:
    """One mail with all that triage says of it; `mail` is None where it is unread."""

    mail_id: int
    waits: tuple[Waits, ...]
    at: datetime
    fate: Fate | None
    claim_id: int | None
    claim_events: int
    """How much has happened to its claim."""
    tier: SenderTier | None
    sender_address: str | None
    signal: str
    settled_by: str | None
    sha256: str | None
    mail: Mail | None

    @property
    def standing(self) -> str:
        """Return how it stands, as a word that changes when that does.

        With the held claim for which it stands, if any.
        """
        word = f"{self.fate}:{self.claim_id or 0}"
        if Waits.HELD in self.waits:
            word += f" {self.claim_events}"
        return word


@dataclass(frozen=True, slots=True)
class PointedOrder:
    """An order of the directory, and whose it is."""

    order_number: str
    member_id: str
    tracking_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pointed:
    """What some ids lead to in the directory; keys as `normal_id` gives them."""

    orders: Mapping[str, PointedOrder]
    by_tracking: Mapping[str, PointedOrder]
    members_at: Mapping[str, tuple[str, ...]]
    """Member ids by address."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of a mail's own history: who dismissed it, or put it back."""

    at: datetime
    by: str
    action: str


class Triage:
    """Reads what waits; newest or oldest mail first, from any mail on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        kinds: Collection[Waits],
        *,
        after: int | None,
        newest_first: bool,
        limit: int,
    ) -> list[TriageMail]:
        """Return at most `limit` mails that come after a mail in the list's order."""
        with self._database.read() as session:
            numbers: set[int] = set()
            for kind in Waits:
                if kind not in kinds:
                    continue
                number, query = _waiting(kind)
                if after is not None:
                    query = query.where(
                        number < after if newest_first else number > after
                    )
                query = query.order_by(number.desc() if newest_first else number)
                numbers.update(session.execute(query.limit(limit)).scalars())
            wanted = sorted(numbers, reverse=newest_first)[:limit]
            every = _reasons(session, wanted)
            return [_shown(row, every) for row in _rows(session, wanted)]

    def get(self, mail_id: int) -> TriageMail | None:
        """Return one mail, waiting or not; None where there is none."""
        with self._database.read() as session:
            for row in _rows(session, [mail_id]):
                return _shown(row, _reasons(session, [mail_id]))
        return None

    def counts(self) -> dict[Waits, int]:
        """Return how many wait in each kind, at most MOST_COUNTED."""
        with self._database.read() as session:
            return {
                kind: session.execute(_count((kind,))).scalar_one() for kind in Waits
            }

    def total(self) -> int:
        """Return how many mails wait, whatever for; at most MOST_COUNTED."""
        with self._database.read() as session:
            found = session.execute(_count(tuple(Waits))).scalar_one()
        return min(found, MOST_COUNTED)

    def next_after(self, mail_id: int) -> int | None:
        """Return the next mail that waits: what to look at when this one is done."""
        found = self.page(
            tuple(Waits), after=mail_id, newest_first=False, limit=1
        ) or self.page(tuple(Waits), after=None, newest_first=False, limit=1)
        numbers = [one.mail_id for one in found if one.mail_id != mail_id]
        return numbers[0] if numbers else None

    def shared_with(self, mail_id: int) -> list[int]:
        """Return the claims that a mail counts for beside its own."""
        with self._database.read() as session:
            return list(
                session.execute(
                    sa.select(SharedMailRow.claim_id)
                    .where(SharedMailRow.mail_id == mail_id)
                    .order_by(SharedMailRow.claim_id)
                ).scalars()
            )

    def dead_letter_of(self, mail_id: int) -> int | None:
        """Return the quarantined job of a mail that could not be read."""
        with self._database.read() as session:
            return session.execute(
                sa.select(JobRow.id)
                .where(
                    JobRow.kind.in_(_READING),
                    JobRow.ref == str(mail_id),
                    JobRow.state == "quarantined",
                )
                .order_by(JobRow.id)
                .limit(1)
            ).scalar()

    def history(self, mail_id: int) -> list[Deed]:
        """Return what people did to the mail itself, oldest first."""
        with self._database.read() as session:
            alerts = sa.select(
                sa.literal("alert:") + sa.cast(AlertRow.id, sa.String)
            ).where(
                AlertRow.code.in_(list(ALERT_OF.values())),  # for the index
                AlertRow.ref == f"mail:{mail_id}",
            )
            rows = session.execute(
                sa.select(OperatorActionRow)
                .where(
                    sa.or_(
                        OperatorActionRow.target == f"mail:{mail_id}",
                        OperatorActionRow.target.in_(alerts),
                    )
                )
                .order_by(OperatorActionRow.id)
                .limit(50)
            ).scalars()
            return [Deed(row.at, row.by, row.action) for row in rows]

    def has_settled(self, mail_id: int, codes: Sequence[str]) -> bool:
        """Return whether a person dismissed what was noticed on a mail."""
        with self._database.read() as session:
            return (
                session.execute(
                    sa.select(AlertRow.id).where(
                        AlertRow.ref == f"mail:{mail_id}",
                        AlertRow.code.in_(codes),
                        AlertRow.told_at.is_not(None),
                    )
                ).first()
                is not None
            )

    def pointed(
        self, ids: Collection[str], words: Collection[str], addresses: Collection[str]
    ) -> Pointed:
        """Return what order numbers, tracking numbers and addresses lead to.

        Three questions however many mails they come from. Only the local directory is
        asked; `parts.orders` knows one that is elsewhere.
        """
        with self._database.read() as session:
            orders = _orders(session, OrderRow.key.in_(list(ids)))
            tracked = session.execute(
                sa.select(PackageRow.tracking_key, OrderRow.key)
                .join(OrderRow, OrderRow.id == PackageRow.order_pk)
                .where(PackageRow.tracking_key.in_(list(words)))
            ).all()
            more = _orders(session, OrderRow.key.in_([key for _, key in tracked]))
            members: dict[str, tuple[str, ...]] = {}
            for address, member_id in session.execute(
                sa.select(MemberAddressRow.address, MemberRow.member_id)
                .join(MemberRow, MemberRow.id == MemberAddressRow.member_pk)
                .where(MemberAddressRow.address.in_(list(addresses)))
                .order_by(MemberRow.id)
            ):
                members[address] = (*members.get(address, ()), member_id)
            return Pointed(
                orders,
                {str(number): more[key] for number, key in tracked if key in more},
                members,
            )


_READING = ("read", "understand")


@cache
def _waiting(kind: Waits) -> tuple[sa.SQLColumnExpression[Any], sa.Select[Any]]:
    """Return the number by which a kind is sorted, and the query for its mails."""
    if kind in ALERT_OF:
        number = AlertRow.mail_id
        is_open = stands(ALERT_OF[kind])
        return number, sa.select(number).where(*_noticed(kind), is_open)
    fate = {
        Waits.UNMATCHED: Fate.CANNOT_MATCH,
        Waits.HELD: Fate.IDENTITY_HOLD,
        Waits.PARKED: Fate.PARKED,
    }[kind]
    # As text, so that both databases see that the partial index fits.
    query = sa.select(MailRow.id).where(sa.text(f"mails.fate = '{fate.value}'"))
    if kind is Waits.HELD:
        query = query.where(MailRow.counts_from.is_(None), _is_first_of_held())
    if kind is Waits.PARKED:
        query = query.where(
            sa.exists().where(
                JobRow.kind.in_(_READING),
                JobRow.ref == sa.cast(MailRow.id, sa.String),
                JobRow.state == "quarantined",
            )
        )
    return MailRow.id, query


def _some(kind: Waits) -> sa.Select[tuple[int]]:
    """Return the query for the mails of a kind that are counted; its cost is bounded.

    What is noticed about a mail is judged when it is read, so only the newest are.
    """
    number, query = _waiting(kind)
    if kind in ALERT_OF:
        newest = (
            sa.select(AlertRow.id)
            .where(*_noticed(kind))
            .order_by(AlertRow.mail_id.desc())
            .limit(MOST_JUDGED)
        )
        query = query.where(AlertRow.id.in_(newest))
    some = query.with_only_columns(number.label("id")).limit(MOST_COUNTED).subquery()
    return sa.select(some.c.id)


@cache
def _count(kinds: tuple[Waits, ...]) -> sa.Select[int]:
    """Return the query that counts the mails of some kinds, each mail once.

    Building it took as long as running it, on a page that staff open all day.
    """
    every = sa.union(*map(_some, kinds)) if len(kinds) > 1 else _some(kinds[0])
    return sa.select(sa.func.count()).select_from(every.subquery())


def _noticed(kind: Waits) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for what was noticed and not dismissed, by the index."""
    return (
        AlertRow.code == sa.literal_column(f"'{ALERT_OF[kind]}'"),
        AlertRow.mail_id.is_not(None),
        AlertRow.told_at.is_(None),
    )


def _is_first_of_held() -> sa.ColumnElement[bool]:
    """Return the condition for the one mail that stands for a held claim."""
    earlier = aliased(MailRow)
    return sa.and_(
        sa.exists().where(
            ClaimRow.id == MailRow.claim_id, ClaimRow.state == "identity_hold"
        ),
        ~sa.exists().where(
            earlier.claim_id == MailRow.claim_id,
            earlier.id < MailRow.id,
            earlier.fate == Fate.IDENTITY_HOLD,
            earlier.counts_from.is_(None),
        ),
    )


def _reasons(session: Session, numbers: list[int]) -> dict[int, tuple[Waits, ...]]:
    """Return every reason for which mails wait, also those of other tabs."""
    found: dict[int, tuple[Waits, ...]] = dict.fromkeys(numbers, ())
    for kind in Waits:
        number, query = _waiting(kind)
        for one in session.execute(query.where(number.in_(numbers))).scalars():
            found[one] = (*found[one], kind)
    return found


_Found = tuple[MailRow, int]
"""A mail, and how many events its claim has."""


def _rows(session: Session, numbers: list[int]) -> list[_Found]:
    if not numbers:
        return []
    events = (
        sa.select(sa.func.count())
        .where(ClaimEventRow.claim_id == MailRow.claim_id)
        .scalar_subquery()
    )
    rows = session.execute(sa.select(MailRow, events).where(MailRow.id.in_(numbers)))
    found: list[_Found] = [(row, count) for row, count in rows]
    return sorted(found, key=lambda one: numbers.index(one[0].id))


def _shown(found: _Found, every: Mapping[int, tuple[Waits, ...]]) -> TriageMail:
    row, events = found
    return TriageMail(
        mail_id=row.id,
        waits=every[row.id],
        at=row.received_at or row.first_seen_at,
        fate=Fate(row.fate) if row.fate else None,
        claim_id=row.claim_id,
        claim_events=events,
        tier=SenderTier(row.sender_tier) if row.sender_tier else None,
        sender_address=row.sender_address,
        signal=row.signal,
        settled_by=row.settled_by,
        sha256=row.sha256,
        mail=_MAIL.validate_json(row.reading) if row.reading else None,
    )


def _orders(session: Session, where: sa.ColumnElement[bool]) -> dict[str, PointedOrder]:
    found: dict[str, PointedOrder] = {}
    for key, number, member, tracking in session.execute(
        sa.select(
            OrderRow.key,
            OrderRow.order_number,
            MemberRow.member_id,
            PackageRow.tracking_key,
        )
        .join(MemberRow, MemberRow.id == OrderRow.member_pk)
        .outerjoin(PackageRow, PackageRow.order_pk == OrderRow.id)
        .where(where)
        .order_by(OrderRow.id, PackageRow.package_id)
    ):
        known = found.get(key, PointedOrder(number, member))
        more = () if tracking is None else (tracking,)
        found[key] = PointedOrder(number, member, (*known.tracking_numbers, *more))
    return found
