"""Flags of claims with their evidence, and who raised and cleared them.

Source: clauses.md section 2.2.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, dialect_of, insert, insert_into, once
from worker.adapters.store.schema import ClaimFlagRow, table_of
from worker.domain.claim import SYSTEM
from worker.domain.findings import Finding

RULE, PERSON = "rule", "person"
_SET = "set_"
"""Begins the code of a flag that a person set; the clause follows."""


def is_set_by_person(code: str) -> bool:
    """Return whether a flag's code is of those that people set."""
    return code.startswith(_SET)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFlag:
    """One flag: the clause it hints at, its evidence, and its two ends."""

    clause: str
    code: str
    evidence: str
    suggested_by: str
    set_by: str
    set_at: datetime
    cleared_by: str | None
    cleared_at: datetime | None
    cleared_reason: str

    @property
    def is_open(self) -> bool:
        """Return whether nobody has cleared it."""
        return self.cleared_at is None


class Flags:
    """Reads flags; the functions below write them in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @once
    def of_claim(self, claim_id: int) -> list[ClaimFlag]:
        """Return the flags of a claim, cleared ones too, oldest first."""
        with self._database.read() as session:
            rows = session.connection().execute(_OF_CLAIM, {"the_claim": claim_id})
            names = ClaimFlag.__dataclass_fields__
            return [
                ClaimFlag(**{name: getattr(row, name) for name in names})
                for row in rows
            ]

    def standing_exclusions(
        self, claim_id: int, *, though_cleared_by: str
    ) -> frozenset[str]:
        """Return the X clauses whose flags nobody else has cleared."""
        return frozenset(
            flag.clause
            for flag in self.of_claim(claim_id)
            if flag.clause.startswith("X")
            and (flag.is_open or flag.cleared_by == though_cleared_by)
        )


def sync(
    session: Session,
    claim_id: int,
    findings: Sequence[Finding],
    *,
    at: datetime,
    is_first: bool = False,
) -> None:
    """Write what rules raise now, and clear what they raise no more.

    The same evidence is raised once: after a person cleared it, it stays cleared.
    """
    raised = {
        (finding.clause, code, _key(finding.evidence)): finding
        for finding in findings
        for code in finding.flags
    }
    connection = session.connection()
    rows = [
        {
            "claim_id": claim_id,
            "clause": clause,
            "code": code,
            "evidence": finding.evidence,
            "evidence_key": key,
            "suggested_by": RULE,
            "set_by": SYSTEM,
            "set_at": at,
            "cleared_reason": "",
        }
        for (clause, code, key), finding in raised.items()
    ]
    if rows:
        connection.execute(_raising(dialect_of(session)), rows)
    if is_first:
        return
    standing = connection.execute(_STANDING, {"the_claim": claim_id})
    over = [
        row.id
        for row in standing
        if (row.clause, row.code, row.evidence_key) not in raised
    ]
    if over:
        connection.execute(_CLEARING, {"the_flags": over, "the_time": at})


_FLAGS = table_of(ClaimFlagRow)
_OF_CLAIM = (
    sa.select(_FLAGS)
    .where(_FLAGS.c.claim_id == sa.bindparam("the_claim"))
    .order_by(_FLAGS.c.id)
)
_STANDING = sa.select(
    _FLAGS.c.id, _FLAGS.c.clause, _FLAGS.c.code, _FLAGS.c.evidence_key
).where(
    _FLAGS.c.claim_id == sa.bindparam("the_claim"),
    _FLAGS.c.suggested_by == RULE,
    _FLAGS.c.cleared_at.is_(None),
)
_CLEARING = (
    sa.update(_FLAGS)
    .where(_FLAGS.c.id.in_(sa.bindparam("the_flags", expanding=True)))
    .values(
        cleared_by=SYSTEM,
        cleared_at=sa.bindparam("the_time", type_=_FLAGS.c.cleared_at.type),
        cleared_reason="the facts changed",
    )
)


@cache
def _raising(dialect: str) -> sa.Insert:
    return insert_into(dialect, _FLAGS).on_conflict_do_update(
        index_elements=["claim_id", "clause", "code", "evidence_key"],
        set_={"cleared_by": None, "cleared_at": None, "cleared_reason": ""},
        where=_FLAGS.c.cleared_by == SYSTEM,
    )


def set_by_person(
    session: Session,
    claim_id: int,
    clause: str,
    evidence: str,
    *,
    by: str,
    at: datetime,
) -> None:
    """Write a flag that a person sets; one that was cleared opens again."""
    fresh = {
        "suggested_by": PERSON,
        "set_by": by,
        "set_at": at,
        "cleared_by": None,
        "cleared_at": None,
        "cleared_reason": "",
    }
    session.execute(
        insert(session, ClaimFlagRow)
        .values(
            claim_id=claim_id,
            clause=clause,
            code=f"{_SET}{clause.lower()}",
            evidence=evidence,
            evidence_key=_key(evidence),
            **fresh,
        )
        .on_conflict_do_update(
            index_elements=["claim_id", "clause", "code", "evidence_key"], set_=fresh
        )
    )


def clear(
    session: Session,
    claim_id: int,
    clause: str,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> int:
    """Clear every open flag of a clause; return how many there were."""
    rows = session.execute(
        sa.update(ClaimFlagRow)
        .where(
            ClaimFlagRow.claim_id == claim_id,
            ClaimFlagRow.clause == clause,
            ClaimFlagRow.cleared_at.is_(None),
        )
        .values(cleared_by=by, cleared_at=at, cleared_reason=reason)
        .returning(ClaimFlagRow.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    return len(list(rows))


def _key(evidence: str) -> str:
    return hashlib.sha256(evidence.encode()).hexdigest()
