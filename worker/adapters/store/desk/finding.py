"""Search: which claims somebody means by what they typed."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database
from worker.adapters.store.schema import (
    ClaimKeyRow,
    ClaimRow,
    MailRow,
    SharedMailRow,
)
from worker.adapters.store.words import mails_with
from worker.domain.orders import normal_id

MOST_FOUND = 1000
"""Claims that one search shows; more words find fewer."""
MOST_MAILS = 150
"""Mails that a search takes from the index, so that a frequent word costs no more."""
NEWEST = 2000
"""Mails that PostgreSQL looks through before its index of words is asked."""
BY_THE_INDEX = (
    f"set local gin_fuzzy_search_limit = {4 * MOST_MAILS};"
    " set local enable_seqscan = off"
)
"""How PostgreSQL looks for words: a planner that takes a rare word for a frequent one
would read the whole table until LIMIT."""
AS_BEFORE = (
    "set local gin_fuzzy_search_limit to default; set local enable_seqscan to default"
)
"""The rest of a page may be in the same transaction."""


@dataclass(frozen=True, slots=True)
class Found:
    """The claims that were found, in no order; `is_cut` says that there are more."""

    claim_ids: tuple[int, ...]
    is_cut: bool = False


class Finder:
    """Finds claims by ids, addresses, tracking numbers and the words of their mails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, asked: str) -> Found:
        """Return the claims that an id names, and those with mails of these words."""
        with self._database.read() as session:
            by_id = session.execute(select_by_id(asked)).scalars().all()
            by_words, mails = _by_words(session, asked)
        claim_ids = tuple(dict.fromkeys([*by_id, *by_words]))
        is_cut = max(len(by_id), len(claim_ids)) > MOST_FOUND or mails > MOST_MAILS
        return Found(claim_ids[:MOST_FOUND], is_cut)


def select_by_id(asked: str) -> sa.CompoundSelect[Any]:
    """Return the query for the claims of a member, order, address or tracking."""
    key = normal_id(asked)
    most = MOST_FOUND + 1
    parts = (
        sa.select(ClaimRow.id).where(ClaimRow.member_key == key).limit(most),
        sa.select(ClaimRow.id).where(ClaimRow.order_key == key).limit(most),
        sa.select(ClaimKeyRow.claim_id).where(ClaimKeyRow.key == key).limit(most),
    )
    # SQLite takes a LIMIT only within a subquery of a union.
    return sa.union(*(sa.select(part.subquery()) for part in parts)).limit(most)


def select_by_words(
    dialect: str, asked: str, *, newest: int | None = None
) -> sa.Select[Any] | None:
    """Return the query for the claims whose mails have every word; None without one.

    The last claims come, one more than the most where there are more. Beside each
    stands how many mails were looked at, again one more where there are more; with
    `newest` it is how many of so many last mails have the words.
    """
    limit = MOST_MAILS + 1 if newest is None else newest
    mails = mails_with(dialect, asked, limit=limit, newest=newest)
    if mails is None:
        return None
    found = mails.cte("found")
    own = (
        sa.select(MailRow.claim_id.label("claim_id"))
        .join(found, found.c.mail_id == MailRow.id)
        .where(MailRow.claim_id.is_not(None))
    )
    shared = sa.select(SharedMailRow.claim_id).join(
        found, found.c.mail_id == SharedMailRow.mail_id
    )
    both = sa.union(own, shared).subquery()
    looked_at = sa.select(sa.func.count()).select_from(found).scalar_subquery()
    return (
        sa.select(both.c.claim_id, looked_at.label("mails"))
        .order_by(both.c.claim_id.desc())
        .limit(MOST_MAILS + 1)
    )


def _by_words(session: Session, asked: str) -> tuple[list[int], int]:
    """Return the claims whose mails have every word, and how many mails have.

    The index of PostgreSQL reads all places of a word before the first is shown. So
    where the newest mails alone have it too often, the index is not asked.
    """
    dialect = session.get_bind().dialect.name
    is_postgres = dialect == "postgresql"
    if is_postgres:
        session.connection().exec_driver_sql(BY_THE_INDEX)
    claims: list[int] = []
    mails = 0
    for newest in (NEWEST, None) if is_postgres else (None,):
        query = select_by_words(dialect, asked, newest=newest)
        if query is None:
            break
        rows = session.execute(query).all()
        claims = [row.claim_id for row in rows]
        mails = max((row.mails for row in rows), default=0)
        if mails > MOST_MAILS:
            break
    if is_postgres:
        session.connection().exec_driver_sql(AS_BEFORE)
    return claims, mails
