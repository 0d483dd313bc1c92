"""The work list's address: tab, search and filters as one query."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from worker.adapters.store.desk.work import Tab, Wanted
from worker.bootstrap import Parts
from worker.desk.words import plain
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.staff import Person

Code = TypeVar("Code", ClaimType, ClaimState)
LONGEST_SEARCH = 200
_LONGEST = 100
_MOST_DAYS = 36_500
_MOST_USD = Decimal(10) ** 9
_LABELS = {
    "type": "Type",
    "state": "State",
    "flag": "Flag",
    "lang": "Language",
    "who": "Assigned to",
    "low": "From USD",
    "high": "To USD",
    "older": "Older than days",
    "newer": "Newer than days",
}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What an address asks for, as it was written; what cannot be read is left out.

    `low` and `high` are amounts in USD, `older` and `newer` ages in days.
    """

    q: str = ""
    tab: str = ""
    type: str = ""
    state: str = ""
    flag: str = ""
    lang: str = ""
    who: str = ""
    low: str = ""
    high: str = ""
    older: str = ""
    newer: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "ListQuery":
        """Return the query of an address; other fields of it are no matter."""
        most = {"q": LONGEST_SEARCH}
        return cls(
            **{
                field.name: given.get(field.name, "").strip()[
                    : most.get(field.name, _LONGEST)
                ]
                for field in fields(cls)
            }
        )

    @classmethod
    def parse(cls, text: str) -> "ListQuery":
        """Return the query that `str` wrote, or anybody."""
        return cls.of(dict(parse_qsl(text)))

    def __str__(self) -> str:
        return urlencode(list(self._given()))

    def path(self, **more: str) -> str:
        """Return the list's address, with some other values; "" takes one away."""
        known = {field.name for field in fields(self)}
        changed = replace(self, **{k: v for k, v in more.items() if k in known})
        beside = urlencode({k: v for k, v in more.items() if k not in known and v})
        query = "&".join(one for one in (str(changed), beside) if one)
        return f"/claims?{query}" if query else "/claims"

    @property
    def shown_tab(self) -> Tab:
        """Return the tab; a search without one looks at all claims."""
        try:
            return Tab(self.tab)
        except ValueError:
            return Tab.FOUND if self.q else Tab.OPEN

    @property
    def filters(self) -> list[tuple[str, str, str]]:
        """Return the filters that are set: name, label and value as people read it."""
        return [
            (name, _LABELS[name], plain(value) if name != "who" else value)
            for name, value in self._given()
            if name in _LABELS
        ]

    def without(self, name: str) -> str:
        """Return the list's address without one filter."""
        return self.path(**{name: ""})

    def without_filters(self) -> str:
        """Return the list's address with no filter."""
        return self.path(**dict.fromkeys(_LABELS, ""))

    def wanted(
        self, parts: Parts, person: Person, claim_ids: tuple[int, ...] | None = None
    ) -> Wanted:
        """Return what the store is asked for; `claim_ids` is what a search found."""
        return Wanted(
            now=parts.clock.now(),
            me=person.name,
            tab=self.shown_tab,
            claim_type=_one_of(ClaimType, self.type),
            state=_one_of(ClaimState, self.state),
            flag=self.flag,
            locale=self.lang,
            assigned_to=self.who,
            amount_from=_amount(self.low),
            amount_to=_amount(self.high),
            older_than=_days(self.older),
            newer_than=_days(self.newer),
            claim_ids=claim_ids,
        )

    def _given(self) -> Iterator[tuple[str, str]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value:
                yield field.name, value


def _one_of(kind: type[Code], text: str) -> Code | None:
    try:
        return kind(text)
    except ValueError:
        return None


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) <= _MOST_USD else None


def _days(text: str) -> timedelta | None:
    is_number = text.isascii() and text.isdigit() and int(text) <= _MOST_DAYS
    return timedelta(days=int(text)) if is_number else None
