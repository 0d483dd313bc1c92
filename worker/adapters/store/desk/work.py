"""The work list: which claims, in which order, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    NO_DEADLINE,
    ClaimFlagRow,
    ClaimRow,
    UtcInstant,
)
from worker.domain.claim import ClaimState, ClaimType

PAGE = 50
MOST_COUNTED = 1000
"""Tabs count no further, so that they cost the same at any size."""
ANY = "any"
"""The flag filter's word for whatever flag."""
NOBODY = "-"
"""The filter's word for claims that nobody has."""
WAITING = (ClaimState.AWAITING_DOCUMENTS, ClaimState.AWAITING_MEMBER)


class Tab(StrEnum):
    """One list of claims, in the order of the page."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    WAITING = "waiting"
    """On the member."""
    APPROVAL = "approval"
    DUE_24H = "due24"
    """Our answer is due within 24 hours, and not late yet."""
    DUE_48H = "due48"
    BREACHED = "breached"
    """Our answer is late."""
    CLOSED = "closed"
    FOUND = "all"
    """Open and closed: where a search looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which claims a list shows. Amounts are in USD, proposed or decided.

    `me` is whose list it is; `claim_ids` what a search found, None without one.
    """

    now: datetime
    me: str = ""
    tab: Tab = Tab.OPEN
    claim_type: ClaimType | None = None
    state: ClaimState | None = None
    flag: str = ""
    locale: str = ""
    assigned_to: str = ""
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None
    claim_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One claim of a list. `is_ours` says that the date is for us to answer by."""

    claim_id: int
    member_id: str
    order_number: str
    package_id: str | None
    claim_type: ClaimType
    state: ClaimState
    flags: tuple[str, ...]
    received_at: datetime
    deadline_at: datetime | None
    is_ours: bool
    is_open: bool
    assigned_to: str | None
    locale: str | None
    proposed_usd: Decimal | None
    decided_usd: Decimal | None

    @property
    def place(self) -> "Place":
        """Return where the claim stands in its list."""
        return Place(self.deadline_at or NO_DEADLINE, self.claim_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list, from which it goes on; written `20261125T190000.000000-12`."""

    deadline_at: datetime
    claim_id: int

    def __str__(self) -> str:
        return f"{self.deadline_at.astimezone(UTC):{_WRITTEN}}-{self.claim_id}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Return the place that somebody wrote, or None."""
        at, _, number = text.partition("-")
        try:
            when = datetime.strptime(at, _WRITTEN).replace(tzinfo=UTC)
            return cls(when, int(number) if number.isascii() else 0)
        except (ValueError, OverflowError):
            return None


_WRITTEN = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class Page:
    """Some claims of a list, and whether there are more on either side."""

    items: tuple[WorkItem, ...]
    has_more: bool = False
    has_before: bool = False


class WorkList:
    """Reads lists of claims; each method is a few queries, all by an index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        wanted: Wanted,
        *,
        after: Place | None = None,
        before: Place | None = None,
        limit: int = PAGE,
    ) -> Page:
        """Return the claims behind a place, or the last ones before one."""
        query = select_page(wanted, after=after, before=before).limit(limit + 1)
        with self._database.read() as session:
            items = [_item(row) for row in session.execute(query)]
        is_cut = len(items) > limit
        items = items[:limit]
        if before is not None and after is None:
            return Page(tuple(reversed(items)), has_more=True, has_before=is_cut)
        return Page(tuple(items), has_more=is_cut, has_before=after is not None)

    def next_after(self, wanted: Wanted, claim_id: int) -> int | None:
        """Return the claim that follows one in its list, or None at the end.

        One that is not in the list any more is followed by the list's first.
        """
        with self._database.read() as session:
            at = session.execute(
                sa.select(ClaimRow.deadline_at).where(
                    ClaimRow.id == claim_id, *_conditions(wanted)
                )
            ).scalar()
            place = None if at is None else Place(at, claim_id)
            query = select_page(wanted, after=place).limit(1)
            found = session.execute(query).first()
            return None if found is None else found.id

    def all(
        self, wanted: Wanted, *, limit: int, batch: int = 500
    ) -> Iterator[WorkItem]:
        """Yield a whole list, a batch at a time, so that no transaction stays open."""
        after: Place | None = None
        while limit > 0:
            page = self.page(wanted, after=after, limit=min(batch, limit))
            yield from page.items
            if not page.has_more:
                return
            after, limit = page.items[-1].place, limit - len(page.items)

    def counts(self, wanted: Wanted) -> dict[Tab, int]:
        """Return how many claims each tab of a person has, filters aside.

        One more than MOST_COUNTED stands for all beyond.
        """
        plain = Wanted(now=wanted.now, me=wanted.me)
        counted = [tab for tab in Tab if tab not in {Tab.CLOSED, Tab.FOUND}]
        conditions = [_conditions(replace(plain, tab=tab)) for tab in counted]
        query = sa.select(*(_how_many(some) for some in conditions))
        with self._database.read() as session:
            return dict(zip(counted, session.execute(query).one(), strict=True))

    def locales(self) -> list[str]:
        """Return the languages that claims have, by one look at the index for each."""
        with self._database.read() as session:
            rows = session.execute(sa.select(_LOCALES.c.locale).limit(_MOST_LOCALES))
            return [locale for locale in rows.scalars() if locale]


_MOST_LOCALES = 60
_LOCALES = sa.select(sa.func.min(ClaimRow.locale).label("locale")).cte(recursive=True)
_LOCALES = _LOCALES.union_all(
    sa.select(
        sa.select(sa.func.min(ClaimRow.locale))
        .where(ClaimRow.locale > _LOCALES.c.locale)
        .scalar_subquery()
    ).where(_LOCALES.c.locale.is_not(None))
)
_HOURS_24, _HOURS_48 = timedelta(hours=24), timedelta(hours=48)
_COLUMNS = (
    ClaimRow.id,
    ClaimRow.member_id,
    ClaimRow.order_number,
    ClaimRow.package_id,
    ClaimRow.claim_type,
    ClaimRow.state,
    ClaimRow.flags,
    ClaimRow.received_at,
    ClaimRow.deadline_at,
    ClaimRow.respond_by,
    ClaimRow.is_open,
    ClaimRow.assigned_to,
    ClaimRow.locale,
    ClaimRow.proposed_usd,
    ClaimRow.decided_usd,
)
# As the partial indexes have it: SQLite takes them for nothing else.
_OPEN: sa.ColumnElement[bool] = sa.literal_column("claims.is_open")
_CLOSED: sa.ColumnElement[bool] = sa.literal_column("not claims.is_open")
_IS_OURS = ClaimRow.deadline_at == ClaimRow.respond_by


def select_page(
    wanted: Wanted, *, after: Place | None = None, before: Place | None = None
) -> sa.Select[Any]:
    """Return the query for a list from a place on, the most urgent first.

    Before a place, it goes backwards. Closed claims stand the newest first.
    """
    is_back = before is not None and after is None
    place = before if is_back else after
    query = sa.select(*_COLUMNS).where(*_conditions(wanted))
    if wanted.tab is Tab.CLOSED:
        if place is not None:
            here = ClaimRow.id
            query = query.where(
                here > place.claim_id if is_back else here < place.claim_id
            )
        return query.order_by(ClaimRow.id.asc() if is_back else ClaimRow.id.desc())
    if place is not None:
        here_now = sa.tuple_(ClaimRow.deadline_at, ClaimRow.id)
        there = sa.tuple_(
            sa.literal(place.deadline_at, UtcInstant()), sa.literal(place.claim_id)
        )
        query = query.where(here_now < there if is_back else here_now > there)
    keys = (ClaimRow.deadline_at, ClaimRow.id)
    return query.order_by(*(key.desc() if is_back else key for key in keys))


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    return [*_of_tab(wanted), *_of_filters(wanted)]


def _of_tab(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    now, until = wanted.now, ClaimRow.deadline_at
    conditions: dict[Tab, list[sa.ColumnElement[bool]]] = {
        Tab.FOUND: [],
        Tab.CLOSED: [_CLOSED],
        Tab.OPEN: [_OPEN],
        Tab.MINE: [_OPEN, ClaimRow.assigned_to == wanted.me],
        Tab.UNASSIGNED: [_OPEN, ClaimRow.assigned_to.is_(None)],
        Tab.WAITING: [_OPEN, ClaimRow.state.in_(WAITING)],
        Tab.APPROVAL: [_OPEN, ClaimRow.state == ClaimState.DECISION_PROPOSED],
        Tab.DUE_24H: [_OPEN, _IS_OURS, until.between(now, now + _HOURS_24)],
        Tab.DUE_48H: [_OPEN, _IS_OURS, until.between(now, now + _HOURS_48)],
        Tab.BREACHED: [_OPEN, _IS_OURS, until < now],
    }
    return conditions[wanted.tab]


def _of_filters(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    equal = (
        (ClaimRow.claim_type, wanted.claim_type),
        (ClaimRow.state, wanted.state),
        (ClaimRow.locale, wanted.locale or None),
    )
    found = [column == value for column, value in equal if value is not None]
    if wanted.claim_ids is not None:
        found.append(ClaimRow.id.in_(wanted.claim_ids))
    if wanted.assigned_to:
        name = None if wanted.assigned_to == NOBODY else wanted.assigned_to
        found.append(ClaimRow.assigned_to == name)
    if wanted.flag:
        found.append(_flagged(wanted.flag))
    return found + _of_ranges(wanted)


def _of_ranges(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    amount = sa.func.coalesce(ClaimRow.decided_usd, ClaimRow.proposed_usd)
    if wanted.amount_from is not None:
        found.append(amount >= wanted.amount_from)
    if wanted.amount_to is not None:
        found.append(amount <= wanted.amount_to)
    if wanted.older_than is not None:
        found.append(ClaimRow.received_at <= wanted.now - wanted.older_than)
    if wanted.newer_than is not None:
        found.append(ClaimRow.received_at >= wanted.now - wanted.newer_than)
    return found


def _flagged(code: str) -> sa.ColumnElement[bool]:
    flagged = sa.select(ClaimFlagRow.id).where(
        ClaimFlagRow.claim_id == ClaimRow.id,
        sa.literal_column("claim_flags.cleared_at is null"),
    )
    if code != ANY:
        flagged = flagged.where(ClaimFlagRow.code == code)
    return flagged.exists()


def _how_many(conditions: Sequence[sa.ColumnElement[bool]]) -> sa.ScalarSelect[int]:
    some = sa.select(ClaimRow.id).where(*conditions).limit(MOST_COUNTED + 1).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery()


def _item(row: sa.Row[Any]) -> WorkItem:
    has_date = row.deadline_at != NO_DEADLINE
    return WorkItem(
        claim_id=row.id,
        member_id=row.member_id,
        order_number=row.order_number,
        package_id=row.package_id,
        claim_type=ClaimType(row.claim_type),
        state=ClaimState(row.state),
        flags=tuple(row.flags),
        received_at=row.received_at,
        deadline_at=row.deadline_at if has_date else None,
        is_ours=has_date and row.deadline_at == row.respond_by,
        is_open=row.is_open,
        assigned_to=row.assigned_to,
        locale=row.locale,
        proposed_usd=row.proposed_usd,
        decided_usd=row.decided_usd,
    )
