"""Dead letters: the jobs in quarantine, with what each is about."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.actions_about import subject_of
from worker.adapters.store.engine import Database, clock_of, dialect_of
from worker.adapters.store.schema import EmailRow, JobRow, MailRow
from worker.ports import Bell

MOST_COUNTED = 10_000
"""So many are looked at for totals, that a page costs the same at any size."""
_IS_DEAD = JobRow.state == "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job that nothing tries again by itself, and what it is about, as ids."""

    job_id: int
    kind: str
    ref: str
    queue: str
    reason: str
    attempts: int
    failures: int
    transients: int
    vanished: int
    created_at: datetime
    died_at: datetime
    mail_id: int | None = None
    email_id: int | None = None
    claim_id: int | None = None


class DeadLetters:
    """Reads jobs in quarantine; the functions below change them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(
        self,
        *,
        kind: str = "",
        reason: str = "",
        below: int | None = None,
        limit: int,
    ) -> list[DeadLetter]:
        """Return the newest first; `below` is the last number of the page before."""
        query = sa.select(JobRow).where(*_matching(kind, reason))
        if below is not None:
            query = query.where(JobRow.id < below)
        with self._database.read() as session:
            rows = session.execute(query.order_by(JobRow.id.desc()).limit(limit))
            return _letters(session, rows.scalars().all())

    def find(self, job_id: int) -> DeadLetter | None:
        """Return one, or None when this job is none (any more)."""
        with self._database.read() as session:
            row = session.execute(
                sa.select(JobRow).where(JobRow.id == job_id, _IS_DEAD)
            ).scalar_one_or_none()
            return None if row is None else _letters(session, [row])[0]

    def ids(
        self,
        *,
        kind: str = "",
        reason: str = "",
        until: datetime | None = None,
        after: int = 0,
        limit: int,
    ) -> list[int]:
        """Return the numbers of those that match, oldest first.

        Those alone that come `after` a number; with `until`, that had died by then.
        """
        query = sa.select(JobRow.id).where(*_matching(kind, reason), JobRow.id > after)
        if until is not None:
            query = query.where(JobRow.finished_at <= until)
        with self._database.read() as session:
            rows = session.execute(query.order_by(JobRow.id).limit(limit))
            return list(rows.scalars())

    def groups(self) -> Counter[tuple[str, str]]:
        """Return how many died of which kind and reason, among the newest 10,000."""
        newest = (
            sa.select(JobRow.kind, JobRow.reason)
            .where(_IS_DEAD)
            .order_by(JobRow.id.desc())
            .limit(MOST_COUNTED)
            .subquery()
        )
        columns = (newest.c.kind, newest.c.reason)
        with self._database.read() as session:
            rows = session.execute(
                sa.select(*columns, sa.func.count()).group_by(*columns)
            )
            return Counter({(kind, reason): count for kind, reason, count in rows})


def lock(session: Session, job_id: int) -> tuple[str, str] | None:
    """Return kind and ref of a dead letter, which nobody else changes meanwhile."""
    row = session.execute(
        sa.select(JobRow.kind, JobRow.ref)
        .where(JobRow.id == job_id, _IS_DEAD)
        .with_for_update()
    ).one_or_none()
    return None if row is None else (row.kind, row.ref)


def revive(session: Session, job_id: int) -> Bell | None:
    """Make a dead letter ready once more with all its tries; None where it is none."""
    now_ms = clock_of(dialect_of(session))
    queue = session.execute(
        sa.update(JobRow)
        .where(JobRow.id == job_id, _IS_DEAD)
        .values(
            state="ready",
            token=None,
            run_at_ms=now_ms,
            rung_at_ms=now_ms,
            failures=0,
            transients=0,
            first_transient_ms=None,
            vanished=0,
            reason="",
            finished_at=None,
        )
        .returning(JobRow.queue)
        .execution_options(synchronize_session=False)
    ).scalar()
    return None if queue is None else Bell(queue, job_id)


def give_up(session: Session, job_id: int, *, at: datetime) -> bool:
    """End a dead letter for good; False where it is none (any more)."""
    done = session.execute(
        sa.update(JobRow)
        .where(JobRow.id == job_id, _IS_DEAD)
        .values(state="done", reason="discarded", finished_at=at)
        .returning(JobRow.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    return done is not None


def _matching(kind: str, reason: str) -> list[sa.ColumnElement[bool]]:
    where = [_IS_DEAD]
    if kind:
        where.append(JobRow.kind == kind)
    if reason:
        where.append(JobRow.reason == reason)
    return where


def _letters(session: Session, rows: Sequence[JobRow]) -> list[DeadLetter]:
    """Return the rows with the mail, e-mail and claim of each."""
    numbers: dict[str, dict[int, int]] = {"mail": {}, "email": {}, "claim": {}}
    for row in rows:
        subject = subject_of(row.kind, row.ref)
        if subject is not None:
            numbers[subject[0]][row.id] = subject[1]
    mails, emails = numbers["mail"], numbers["email"]
    claim_of_mail = _claims(session, MailRow, mails.values())
    claim_of_email = _claims(session, EmailRow, emails.values())
    found = []
    for row in rows:
        mail_id, email_id = mails.get(row.id), emails.get(row.id)
        claim_id = claim_of_mail.get(mail_id or 0) or claim_of_email.get(email_id or 0)
        claim_id = numbers["claim"].get(row.id, claim_id)
        found.append(
            DeadLetter(
                job_id=row.id,
                kind=row.kind,
                ref=row.ref,
                queue=row.queue,
                reason=row.reason,
                attempts=row.attempts,
                failures=row.failures,
                transients=row.transients,
                vanished=row.vanished,
                created_at=row.created_at,
                died_at=row.finished_at or row.created_at,
                mail_id=mail_id,
                email_id=email_id,
                claim_id=claim_id,
            )
        )
    return found


def _claims(
    session: Session, table: type[MailRow] | type[EmailRow], ids: Iterable[int]
) -> dict[int, int]:
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(
        sa.select(table.id, table.claim_id).where(
            table.id.in_(wanted), table.claim_id.is_not(None)
        )
    )
    return {row.id: row.claim_id for row in rows}
