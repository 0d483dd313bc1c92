"""What is wrong in the record; every question is one pass over an index.

On SQLite a mail's row continues on other pages behind its reading, and an e-mail's
behind its bytes. So what stands there is asked of indexes, and compared here: sets of
numbers cost less than the rows.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.schema import (
    ClaimEventRow,
    ClaimRow,
    EmailRow,
    JobRow,
    MailRow,
    SharedMailRow,
)
from worker.domain.gaps import Gap, GapCode
from worker.domain.mail import Fate

BATCH = 1000
ALIVE = frozenset({"waiting", "ready", "running"})
_OF_CLAIMS = (Fate.CLAIM, Fate.FOLLOW_UP, Fate.IDENTITY_HOLD)
_SENT = ("sent", "bounced")


def of_mails(session: Session) -> list[Gap]:
    """Return what is wrong with the ends of mails."""
    return [
        *_without_job(session),
        *_without_claim(session),
        *_rows_gone(session),
        *_in_two_claims(session),
    ]


def of_claims(session: Session) -> list[Gap]:
    """Return what is wrong with histories, and claims that no mail opened."""
    return [
        *_incomplete_events(session),
        *_states_without_event(session),
        *_without_mail(session),
    ]


def of_emails(session: Session) -> list[Gap]:
    """Return what is wrong with the outbox, bytes that were sent aside."""
    return [
        *_unsent_without_job(session),
        *_sent_without_copy(session),
        *_never_tried(session),
    ]


def ids(
    session: Session,
    column: sa.SQLColumnExpression[Any],
    *where: sa.ColumnElement[bool] | sa.TextClause,
) -> list[int]:
    """Return one column of numbers."""
    return list(session.execute(sa.select(column).where(*where)).scalars())


# -- mails ------------------------------------------------------------------------


def _without_job(session: Session) -> Iterator[Gap]:
    """Yield unsettled mails that nothing will settle.

    Understanding that waits counts only while its reading is alive too.
    """
    alive = set(
        session.execute(
            sa.select(JobRow.ref).where(
                JobRow.kind.in_(("read", "understand")),
                JobRow.state.in_(("ready", "running")),
            )
        ).scalars()
    )
    rows = session.execute(
        sa.select(MailRow.id, MailRow.uid, MailRow.uidvalidity).where(
            MailRow.fate.is_(None)
        )
    ).all()
    for row in rows:
        if str(row.id) not in alive:
            yield _of_mail(GapCode.MAIL_WITHOUT_JOB, row)


def _without_claim(session: Session) -> Iterator[Gap]:
    of_claims = set(ids(session, MailRow.id, MailRow.fate.in_(_OF_CLAIMS)))
    placed = set(ids(session, MailRow.id, MailRow.claim_id.is_not(None)))
    yield from _named(session, GapCode.MAIL_WITHOUT_CLAIM, of_claims - placed)


def _rows_gone(session: Session) -> Iterator[Gap]:
    refs = session.execute(sa.select(JobRow.ref).where(JobRow.kind == "read")).scalars()
    known = {int(ref) for ref in refs}
    for mail_id in sorted(known - set(ids(session, MailRow.id))):
        yield Gap(code=GapCode.MAIL_ROW_GONE, ref=f"mail:{mail_id}")


def _in_two_claims(session: Session) -> Iterator[Gap]:
    """Yield mails whose bytes came to two claims by the rules alone."""
    twice = (
        sa.select(MailRow.sha256)
        .where(MailRow.sha256.is_not(None))
        .group_by(MailRow.sha256)
        .having(sa.func.count() > 1)
    )
    rows = session.execute(
        sa.select(
            MailRow.id,
            MailRow.uid,
            MailRow.uidvalidity,
            MailRow.sha256,
            MailRow.claim_id,
        )
        .where(
            MailRow.sha256.in_(twice),
            MailRow.fate.in_((Fate.CLAIM, Fate.FOLLOW_UP)),
            MailRow.claim_id.is_not(None),
            MailRow.settled_by.is_(None),
            MailRow.erased_at.is_(None),
        )
        .order_by(MailRow.id)
    )
    claims: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        claims[row.sha256].add(row.claim_id)
        if len(claims[row.sha256]) > 1:
            yield _of_mail(GapCode.MAIL_IN_TWO_CLAIMS, row)


def _named(session: Session, code: GapCode, mail_ids: set[int]) -> Iterator[Gap]:
    wanted = sorted(mail_ids)
    for start in range(0, len(wanted), BATCH):
        rows = session.execute(
            sa.select(MailRow.id, MailRow.uid, MailRow.uidvalidity)
            .where(MailRow.id.in_(wanted[start : start + BATCH]))
            .order_by(MailRow.id)
        )
        yield from (_of_mail(code, row) for row in rows)


def _of_mail(code: GapCode, row: Any) -> Gap:  # noqa: ANN401 - three of its columns
    return Gap(
        code=code, ref=f"mail:{row.id}", uid=row.uid, uidvalidity=row.uidvalidity
    )


# -- claims -----------------------------------------------------------------------


def _incomplete_events(session: Session) -> Iterator[Gap]:
    """Yield claims whose events are not 1, 2, 3 ...; none at all is a gap too."""
    seq = ClaimEventRow.seq
    rows = session.execute(
        sa.select(
            ClaimEventRow.claim_id,
            sa.func.count().label("count"),
            sa.func.min(seq).label("first"),
            sa.func.max(seq).label("last"),
        ).group_by(ClaimEventRow.claim_id)
    )
    whole = {
        row.claim_id
        for row in rows
        if row.first == 1 and row.last == row._mapping["count"]  # noqa: SLF001 - its API
    }
    for claim_id in sorted(set(ids(session, ClaimRow.id)) - whole):
        yield Gap(code=GapCode.EVENTS_INCOMPLETE, ref=f"claim:{claim_id}")


def _states_without_event(session: Session) -> Iterator[Gap]:
    last = (
        sa.select(ClaimEventRow.claim_id, sa.func.max(ClaimEventRow.seq).label("seq"))
        .group_by(ClaimEventRow.claim_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(ClaimRow.id)
        .join(last, last.c.claim_id == ClaimRow.id)
        .join(
            ClaimEventRow,
            sa.and_(
                ClaimEventRow.claim_id == ClaimRow.id, ClaimEventRow.seq == last.c.seq
            ),
        )
        .where(ClaimEventRow.state_after != ClaimRow.state)
        .order_by(ClaimRow.id)
    ).scalars()
    for claim_id in rows:
        yield Gap(code=GapCode.STATE_WITHOUT_EVENT, ref=f"claim:{claim_id}")


def _without_mail(session: Session) -> Iterator[Gap]:
    opened = set(ids(session, MailRow.claim_id, MailRow.claim_id.is_not(None)))
    opened |= set(ids(session, SharedMailRow.claim_id))
    for claim_id in sorted(set(ids(session, ClaimRow.id)) - opened):
        yield Gap(code=GapCode.CLAIM_WITHOUT_MAIL, ref=f"claim:{claim_id}")


# -- e-mails ----------------------------------------------------------------------


def _unsent_without_job(session: Session) -> Iterator[Gap]:
    jobs = session.execute(
        sa.select(JobRow.ref).where(JobRow.kind == "send", JobRow.state.in_(ALIVE))
    ).scalars()
    alive = {int(ref.partition(":")[0]) for ref in jobs}
    unsent = ids(session, EmailRow.id, EmailRow.status.in_(("queued", "sending")))
    for email_id in sorted(set(unsent) - alive):
        yield Gap(code=GapCode.EMAIL_WITHOUT_JOB, ref=f"email:{email_id}")


def _sent_without_copy(session: Session) -> Iterator[Gap]:
    rows = ids(
        session,
        EmailRow.id,
        EmailRow.status.in_(_SENT),
        sa.func.coalesce(sa.func.length(EmailRow.raw), 0) == 0,
        EmailRow.erased_at.is_(None),
    )
    for email_id in sorted(rows):
        yield Gap(code=GapCode.EMAIL_WITHOUT_COPY, ref=f"email:{email_id}")


def _never_tried(session: Session) -> Iterator[Gap]:
    """Yield sent e-mails that no attempt led to; what staff sent has none of ours.

    After a recovery, what is known to have gone out has none either.
    """
    rows = ids(
        session,
        EmailRow.id,
        sa.text("status in ('sent', 'bounced') and attempts = 0"),  # as the index
        EmailRow.dedup_key.not_like("sent:%"),
        EmailRow.last_code != "recovered",
    )
    for email_id in sorted(rows):
        yield Gap(code=GapCode.EMAIL_NEVER_TRIED, ref=f"email:{email_id}")
