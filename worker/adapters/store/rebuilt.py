"""A record made once more: what people placed in it, and copying it to a database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from worker.adapters.store import Store
from worker.adapters.store.actions_about import subject_of, with_subjects
from worker.adapters.store.engine import Database, make_engine, translated
from worker.adapters.store.job_adding import add_jobs
from worker.adapters.store.job_rows import NewJob
from worker.adapters.store.mail_changes import COPY_BY_PERSON, DISMISSED_BY_PERSON
from worker.adapters.store.outbox_changes import cancel_drafts
from worker.adapters.store.replica import SEEN
from worker.adapters.store.schema import (
    Base,
    ClaimRow,
    EmailRow,
    JobRow,
    MailboxRow,
    MailRow,
    SharedMailRow,
)
from worker.adapters.store.whole_claims import WholeClaims
from worker.adapters.store.words import put_words
from worker.domain.errors import UsageError
from worker.domain.mail import Mail

BATCH = 200
_MAIL = TypeAdapter(Mail)
OF_SOURCE = frozenset(
    {
        "api_tokens",
        "audits",
        "emails",
        "erasures",
        "known_sent",
        "legal_holds",
        "member_addresses",
        "members",
        "operator_actions",
        "orders",
        "packages",
        "points_accounts",
        "points_entries",
        "points_lots",
        "points_moves",
        "points_orders",
        "recoveries",
        "recovery_codes",
        "remarks",
        "saved_views",
        "sent_folders",
        "staff",
    }
)
"""What no mail and no rule gives: it is copied."""
OF_MADE = frozenset(
    {
        "assessments",
        "claim_events",
        "claim_flags",
        "claim_keys",
        "claims",
        "documents",
        "findings",
        "jobs",
        "mailboxes",
        "mails",
        "notes",
        "photograph_keys",
        "photographs",
        "pieces",
        "shared_mails",
        "slots",
    }
)
"""What mails, rules and people's acts give again."""
LEFT = frozenset(
    {
        "alerts",
        "desk_sessions",
        "draft_edits",
        "job_minutes",
        "notices",
        "paused_queues",
        "pending_placements",
        "pending_replies",
        "presences",
        "processes",
        "sign_in_failures",
    }
)
"""What belongs to the processes and browsers of the old record."""
_OF_OUTBOX = ("send", "draft", "sent")
_BY_PEOPLE = ("decided_usd", "paid_at", "payout_ref", "assigned_to", "erased_at")
_DRAFT, _HELD, _REASON = "draft", "held", "rebuilt"


@dataclass(frozen=True, slots=True)
class Placement:
    """A mail that a person gave to a claim."""

    mail_id: int
    by: str
    order_number: str
    package_id: str | None


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A mail that a person said is no claim, or a copy of another."""

    mail_id: int
    by: str
    copy_of: int | None


def placements(store: Store) -> dict[tuple[int, datetime], Placement]:
    """Return the mails that people gave to claims, by claim and instant."""
    facts = (ClaimRow.id, ClaimRow.order_number, ClaimRow.package_id)
    assigned = (
        sa.select(MailRow.id, MailRow.settled_by, MailRow.settled_at, *facts)
        .join(ClaimRow, ClaimRow.id == MailRow.claim_id)
        .where(MailRow.settled_by.is_not(None))
    )
    shared = sa.select(
        SharedMailRow.mail_id, SharedMailRow.by, SharedMailRow.at, *facts
    ).join(ClaimRow, ClaimRow.id == SharedMailRow.claim_id)
    with store.database.read() as session:
        rows = [*session.execute(assigned), *session.execute(shared)]
    return {
        (claim_id, at): Placement(mail_id, by, order, package)
        for mail_id, by, at, claim_id, order, package in rows
    }


def dismissals(store: Store) -> list[Dismissal]:
    """Return the mails that people dismissed and left so, oldest first."""
    with store.database.read() as session:
        rows = session.execute(
            sa.select(MailRow.id, MailRow.settled_by, MailRow.signal)
            .where(MailRow.settled_by.is_not(None), MailRow.claim_id.is_(None))
            .order_by(MailRow.id)
        ).all()
    return [
        Dismissal(
            row.id,
            row.settled_by,
            int(row.signal.removeprefix(COPY_BY_PERSON))
            if row.signal.startswith(COPY_BY_PERSON)
            else None,
        )
        for row in rows
        if row.signal.startswith((DISMISSED_BY_PERSON, COPY_BY_PERSON))
    ]


def erased_claims(store: Store) -> frozenset[int]:
    """Return the claims of which nothing personal is left."""
    with store.database.read() as session:
        return frozenset(
            session.execute(
                sa.select(ClaimRow.id).where(ClaimRow.erased_at.is_not(None))
            ).scalars()
        )


def expect_empty(url: str) -> None:
    """Make sure that no record is in a database of any schema; changes nothing there.

    Raises:
        RetryLater: it cannot be reached.
        SettingsInvalid: the URL cannot be read.
        UsageError: there are mails, claims or e-mails in it.
    """
    engine = make_engine(url)
    try:
        with translated(), engine.connect() as connection:
            _expect_empty(connection)
    finally:
        engine.dispose()


def copy_record(
    source: Store,
    made: Store,
    url: str,
    *,
    jobs_for: Callable[[int, int], list[NewJob]],
    draft_job: Callable[[str, int], NewJob] | None = None,
) -> None:
    """Fill an empty, migrated database with a record that was made once more.

    Its e-mails are those of the source. One that only the new record has is held
    there: nobody knows whether it went out. A draft that only the new record has is a
    draft there, in place of those that the source had for the claim: `draft_job` lays
    it into the staff's mailbox and takes those away, where there is one. What was
    erased, and a claim that was not made again, is taken over as it is; a mail without
    a fate is judged there, by `jobs_for` of its number and its mailbox.

    Raises:
        UsageError: there are mails or claims in the database already, or the record
            was at work meanwhile.
    """
    engine = make_engine(url)
    target = Database(engine)
    try:
        with (
            source.database.read() as old,
            made.database.read() as new,
            target.write() as write,
        ):
            _expect_empty(write.connection())
            cursors = _cursors(old)  # first: what came before them is in `mails`
            unsettled = _expect_settled(old, new)
            whole = WholeClaims(old, new)
            for table in Base.metadata.sorted_tables:
                if table.name not in LEFT:
                    _copy(table, old, new, write, whole)
            _take_cursors(cursors, write)
            _take_acts(old, new, write, whole)
            _add_new_emails(new, write, whole, draft_job)
            _put_all_words(write)
            _judge_later(unsettled, jobs_for, write)
            _number_on(write)
    except IntegrityError as error:
        kind = type(error.orig).__name__
        raise UsageError(
            f"the two records do not fit ({kind}): stop the workers and rebuild again"
        ) from None
    finally:
        target.close()


def _expect_empty(connection: sa.Connection) -> None:
    there = set(sa.inspect(connection).get_table_names())
    for table in (MailRow, ClaimRow, EmailRow):
        if table.__tablename__ not in there:
            continue
        if connection.execute(sa.select(sa.exists().select_from(table))).scalar_one():
            raise UsageError("--into needs an empty database: this one has a record")


def _expect_settled(old: Session, new: Session) -> list[dict[str, Any]]:
    """Return what the mailbox showed of mails that had no fate to be made again."""
    known = set(new.execute(sa.select(MailRow.id)).scalars())
    columns = [getattr(MailRow, name) for name in SEEN]
    found = []
    query = sa.select(MailRow.fate, *columns).order_by(MailRow.id)
    for row in old.execute(query.execution_options(yield_per=BATCH)):
        if row.id in known:
            continue
        if row.fate is not None:
            raise UsageError(
                "mails were settled meanwhile: stop the workers and rebuild again"
            )
        found.append({name: getattr(row, name) for name in SEEN})
    return found


def _copy(
    table: sa.Table, old: Session, new: Session, write: Session, whole: WholeClaims
) -> None:
    if table.name in OF_SOURCE:
        _insert(table, _rows(old, table), write)
    elif table.name == "jobs":
        _insert(table, _rows(old, table, JobRow.kind.in_(_OF_OUTBOX)), write)
        _insert(table, _rows(new, table, JobRow.kind.not_in(_OF_OUTBOX)), write)
    elif table.name == "mails":
        _insert(table, _rows(new, table, MailRow.erased_at.is_(None)), write)
        _insert(table, _rows(old, table, MailRow.erased_at.is_not(None)), write)
    else:
        _insert(table, whole.left_out(table, _rows(new, table)), write)
        _insert(table, whole.taken(table, _rows(old, table), write), write)


def _rows(
    session: Session, table: sa.Table, *where: sa.ColumnElement[bool]
) -> Iterator[dict[str, Any]]:
    query = sa.select(table).where(*where).order_by(*table.primary_key.columns)
    for row in session.execute(query.execution_options(yield_per=BATCH)):
        values = dict(row._mapping)  # noqa: SLF001 - its API
        if table.name == "jobs":
            values.pop("id")  # those of two records would meet
        if table.name == "operator_actions":  # which names jobs by these
            data = with_subjects(session, values["target"], values["data"])
            values["data"] = data
        if table.name == "assessments":
            values["job_id"] = None
        if table.name == "claims":
            values["merged_into"] = None  # which may have a higher number
        yield values


def _insert(table: sa.Table, rows: Iterator[dict[str, Any]], write: Session) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            write.execute(table.insert(), batch)
            batch = []
    if batch:
        write.execute(table.insert(), batch)


def _cursors(old: Session) -> dict[int, dict[str, Any]]:
    rows = old.execute(
        sa.select(MailboxRow.id, MailboxRow.uidvalidity, MailboxRow.last_uid)
    )
    return {
        row.id: {"uidvalidity": row.uidvalidity, "last_uid": row.last_uid}
        for row in rows
    }


def _take_cursors(cursors: dict[int, dict[str, Any]], write: Session) -> None:
    for number, values in cursors.items():
        write.execute(
            sa.update(MailboxRow).where(MailboxRow.id == number).values(**values)
        )


def _judge_later(
    unsettled: list[dict[str, Any]],
    jobs_for: Callable[[int, int], list[NewJob]],
    write: Session,
) -> None:
    for mail in unsettled:
        write.execute(sa.insert(MailRow).values(**mail, signal="", flags=[], notes={}))
        jobs = jobs_for(mail["id"], mail["mailbox_id"])
        add_jobs(write, jobs, at=mail["first_seen_at"])


def _take_acts(old: Session, new: Session, write: Session, whole: WholeClaims) -> None:
    """Set what people gave to claims beside their states."""
    columns = [getattr(ClaimRow, name) for name in _BY_PEOPLE]
    given = {row.id: row for row in old.execute(sa.select(ClaimRow.id, *columns))}
    merged = sa.select(ClaimRow.id, ClaimRow.merged_into)
    into = {row.id: row.merged_into for row in new.execute(merged)}
    into |= {
        row.id: row.merged_into for row in old.execute(merged) if row.id in whole.ids
    }
    for claim_id, target in into.items():
        values: dict[str, Any] = {"merged_into": target}
        if claim_id in given:
            values |= {name: getattr(given[claim_id], name) for name in _BY_PEOPLE}
        write.execute(
            sa.update(ClaimRow)
            .where(ClaimRow.id == claim_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _add_new_emails(
    new: Session,
    write: Session,
    whole: WholeClaims,
    draft_job: Callable[[str, int], NewJob] | None,
) -> None:
    known = set(write.execute(sa.select(EmailRow.dedup_key)).scalars())
    next_id = _last_email(write) + 1
    table = Base.metadata.tables["emails"]
    for row in whole.left_out(table, _rows(new, table)):
        if row["dedup_key"] in known:
            continue
        values = row | {"id": next_id, "attempts": 0, "sent_at": None}
        if row["status"] == _DRAFT:
            stale = cancel_drafts(write, row["claim_id"])
            if draft_job is not None:
                jobs = [draft_job("remove", one) for one in stale]
                jobs.append(draft_job("put", next_id))
                add_jobs(write, jobs, at=row["created_at"])
        elif row["status"] != "cancelled":
            values |= {"status": _HELD, "held_reason": _REASON}
        write.execute(table.insert(), [values])
        next_id += 1


def _last_email(write: Session) -> int:
    """Return the highest number of an e-mail that is there, or that a job still names.

    A damaged record may have lost e-mails whose jobs it has.
    """
    last = write.execute(sa.select(sa.func.max(EmailRow.id))).scalar() or 0
    jobs = sa.select(JobRow.kind, JobRow.ref).where(JobRow.kind.in_(_OF_OUTBOX))
    for row in write.execute(jobs.execution_options(yield_per=BATCH)):
        subject = subject_of(row.kind, row.ref)
        if subject is not None:
            last = max(last, subject[1])
    return last


def _put_all_words(write: Session) -> None:
    last = 0
    while True:
        rows = write.execute(
            sa.select(MailRow.id, MailRow.reading)
            .where(MailRow.id > last, MailRow.reading.is_not(None))
            .order_by(MailRow.id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        put_words(write, {row.id: _MAIL.validate_json(row.reading) for row in rows})
        last = rows[-1].id


def _number_on(write: Session) -> None:
    """Let PostgreSQL number on behind what was copied; SQLite does so by itself."""
    if write.get_bind().dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        if "id" in table.columns and isinstance(table.c.id.type, sa.BigInteger):
            write.execute(
                sa.text(
                    f"select setval(pg_get_serial_sequence('{table.name}', 'id'),"  # noqa: S608 - our own name
                    f" coalesce((select max(id) from {table.name}), 0) + 1, false)"
                )
            )
