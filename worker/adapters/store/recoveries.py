"""Backups that were put back: which e-mails went out in between, as far as known."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.alerts import raise_alert
from worker.adapters.store.desk_schema import PendingPlacementRow, PendingReplyRow
from worker.adapters.store.engine import Database, insert
from worker.adapters.store.job_rows import ALIVE
from worker.adapters.store.schema import ClaimRow, EmailRow, JobRow, MailRow
from worker.adapters.store.upkeep_schema import KnownSentRow, RecoveryRow

HELD = "recovered"
"""Why an e-mail is held that may have gone out before, and the code of one that did."""

BEFORE_ARRIVAL = timedelta(days=1)
"""So much earlier than it came to the mailbox our servers may have had a mail that was
not read yet, by its trace headers. Our choice."""
WHY_NOT = "A backup was put back, and this may have happened before: look again."


_GONE_OUT = sa.select(
    sa.or_(
        sa.exists().where(KnownSentRow.message_id == sa.bindparam("the_id")),
        sa.exists().where(
            RecoveryRow.backup_at <= sa.bindparam("the_time"),
            RecoveryRow.lost_at >= sa.bindparam("the_time"),
        ),
    )
)


class Recoveries:
    """Reads recoveries; the functions below write in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def may_have_gone_out(self, message_id: str, caused_at: datetime | None) -> bool:
        """Return whether an e-mail is known to have gone out, or its cause is covered.

        Both are asked at once: every answer is.
        """
        values = {"the_id": message_id, "the_time": caused_at}
        with self._database.read() as session:
            return bool(session.connection().execute(_GONE_OUT, values).scalar())

    def is_known_sent(self, message_id: str) -> bool:
        """Return whether an e-mail with this Message-ID is known to have gone out."""
        with self._database.read() as session:
            return session.get(KnownSentRow, message_id) is not None


def begin(
    session: Session,
    *,
    backup_at: datetime,
    lost_at: datetime,
    sent: Iterable[str],
    answers: Collection[str],
    by: str,
    at: datetime,
) -> tuple[int, int]:
    """Record a recovery, and settle what the backup had still to send.

    It covers what came before the backup too where that was not judged then.
    What is known to have gone out is sent; all else is held for a person, and so are
    the kinds of `answers`, which stop a clock that only a person can stop now. What
    people had placed or sent, and had not happened yet, does not happen: they look
    again. Returns how many e-mails were sent and held.
    """
    since = min([backup_at, *_causes_at_work(session)])
    session.add(RecoveryRow(backup_at=since, lost_at=lost_at, by=by, at=at))
    for message_id in sent:
        session.execute(
            insert(session, KnownSentRow)
            .values(message_id=message_id[:512])
            .on_conflict_do_nothing()
        )
    _stop_pending(session, at=at)
    _end_sending(session, at=at)
    known = sa.select(KnownSentRow.message_id)
    unsent = EmailRow.status.in_(("queued", "sending"))
    gone_out = session.execute(
        sa.update(EmailRow)
        .where(
            unsent,
            EmailRow.message_id.in_(known),
            EmailRow.kind.not_in(answers),
        )
        .values(status="sent", sent_at=lost_at, last_code=HELD)
        .returning(EmailRow.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    sent_count = len(list(gone_out))
    held = session.execute(
        sa.update(EmailRow)
        .where(unsent)
        .values(status="held", held_reason=HELD)
        .returning(EmailRow.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    return sent_count, len(list(held))


def _stop_pending(session: Session, *, at: datetime) -> None:
    """Let what people did just before the backup wait until they look again."""
    for reply in session.execute(
        sa.select(PendingReplyRow).where(PendingReplyRow.why_not == "")
    ).scalars():
        reply.why_not = WHY_NOT
        ref = f"reply:{reply.key}"
        raise_alert(session, "reply_not_sent", ref, at=at, claim_id=reply.claim_id)
    for placed in session.execute(
        sa.select(PendingPlacementRow).where(PendingPlacementRow.why_not == "")
    ).scalars():
        placed.why_not = WHY_NOT
        ref = f"placement:{placed.id}"
        raise_alert(session, "placement_failed", ref, at=at, claim_id=placed.claim_id)


def _end_sending(session: Session, *, at: datetime) -> None:
    """End the jobs that send: beside the one of a release, they would send twice."""
    session.execute(
        sa.update(JobRow)
        .where(JobRow.kind == "send", JobRow.state.in_(ALIVE))
        .values(state="done", token=None, finished_at=at, reason=HELD)
        .execution_options(synchronize_session=False)
    )


def _causes_at_work(session: Session) -> list[datetime]:
    """Return when that came which the backup had not judged, or not answered yet.

    An answer is caused by its mail, by its claim's first mail, or by a date.
    """
    arrival = sa.func.coalesce(MailRow.internaldate_at, MailRow.first_seen_at)
    first = session.execute(
        sa.select(sa.func.min(arrival)).where(MailRow.fate.is_(None))
    ).scalar()
    found = [None if first is None else first - BEFORE_ARRIVAL]
    jobs = session.execute(
        sa.select(JobRow.kind, JobRow.ref).where(
            JobRow.kind.in_(("validate", "remind")), JobRow.state.in_(ALIVE)
        )
    )
    for kind, ref in jobs:
        number, _, cause = ref.partition(":")
        column = ClaimRow.next_due_at if kind == "remind" else ClaimRow.received_at
        query = sa.select(column).where(ClaimRow.id == int(number))
        if cause.startswith("mail:"):
            mail_id = int(cause.removeprefix("mail:"))
            query = sa.select(MailRow.received_at).where(MailRow.id == mail_id)
        found.append(session.execute(query).scalar())
    return [at for at in found if at is not None]
