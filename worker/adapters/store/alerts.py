"""Alerts: what a person should know, one row an incident.

An alert is listed until its cause is gone, which is worked out when it is read, or
until a person has dismissed it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from worker.adapters.store.desk_schema import OperatorActionRow
from worker.adapters.store.engine import Database, insert
from worker.adapters.store.schema import (
    AlertRow,
    ClaimEventRow,
    ClaimRow,
    EmailRow,
    JobRow,
    MailboxRow,
    MailRow,
)
from worker.adapters.store.upkeep_schema import AuditRow
from worker.domain.claim import ClaimState, Event

WARNINGS = ("warn_48h", "warn_24h")
OF_HELD_EMAILS = (
    "bad_recipient",
    "before_go_live",
    "breaker",
    "budget_of_address",
    "budget_of_claim",
    "email_uncertain",
    "no_address_on_file",
    "template_error",
)
OF_ORDERS = ("orders_lost", "orders_unclear")
BREAKER = "breaker"
WATCHED = "watch_"
"""How the codes of watchdogs begin: their incidents end with the fault."""
DISMISSED = "alert_dismissed"
RAISED_AGAIN = "alert_raised_again"
_AWAITING = (ClaimState.AWAITING_DOCUMENTS, ClaimState.AWAITING_MEMBER)


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident: a stable code, what it is about as `kind:number`, and when."""

    alert_id: int
    code: str
    ref: str
    claim_id: int | None
    raised_at: datetime


class Alerts:
    """Reads alerts; the functions below write them in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, *, limit: int) -> list[Alert]:
        """Return the alerts that stand, newest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(AlertRow)
                .where(stands())
                .order_by(AlertRow.raised_at.desc(), AlertRow.id.desc())
                .limit(limit)
            ).scalars()
            return [
                Alert(row.id, row.code, row.ref, row.claim_id, row.raised_at)
                for row in rows
            ]


def raise_alert(
    session: Session, code: str, ref: str, *, at: datetime, claim_id: int | None = None
) -> None:
    """Record an incident once."""
    kind, _, number = ref.partition(":")
    mail_id = int(number) if kind == "mail" and number.isdecimal() else None
    session.execute(
        insert(session, AlertRow)
        .values(code=code, ref=ref, claim_id=claim_id, mail_id=mail_id, raised_at=at)
        .on_conflict_do_nothing(index_elements=["code", "ref"])
    )


def dismiss(session: Session, alert_id: int, *, by: str, at: datetime) -> bool:
    """Record that a person knows of an incident; False where it does not stand.

    So it is for one of a watchdog: off the list, it would be raised anew.
    """
    row = session.execute(
        sa.select(AlertRow).where(AlertRow.id == alert_id, stands())
    ).scalar_one_or_none()
    if row is None or row.code.startswith(WATCHED):
        return False
    row.told_at = at
    _log(session, row, DISMISSED, by=by, at=at)
    return True


def settle(
    session: Session, mail_id: int, codes: Sequence[str], *, by: str, at: datetime
) -> list[int]:
    """Dismiss what stands about a mail; return which alerts that were."""
    found = session.execute(
        sa.select(AlertRow.id).where(
            AlertRow.mail_id == mail_id,
            AlertRow.code.in_(codes),
            AlertRow.told_at.is_(None),
        )
    ).scalars()
    return [one for one in found.all() if dismiss(session, one, by=by, at=at)]


def raise_again(
    session: Session, mail_id: int, codes: Sequence[str], *, by: str, at: datetime
) -> int:
    """Let alerts about a mail stand again that a person dismissed; count them."""
    rows = session.execute(
        sa.select(AlertRow).where(
            AlertRow.ref == f"mail:{mail_id}",
            AlertRow.code.in_(codes),
            AlertRow.told_at.is_not(None),
        )
    ).scalars()
    count = 0
    for row in rows.all():
        row.told_at = None
        _log(session, row, RAISED_AGAIN, by=by, at=at)
        count += 1
    return count


def _log(
    session: Session, row: AlertRow, action: str, *, by: str, at: datetime
) -> None:
    session.add(
        OperatorActionRow(
            at=at,
            by=by,
            action=action,
            target=f"alert:{row.id}",
            reason="",
            data={"code": row.code, "ref": row.ref},
        )
    )


def stands(code: str | None = None) -> sa.ColumnElement[bool]:
    """Return the condition for alerts whose cause is there, and that nobody dismissed.

    What happened once and cannot be undone, such as a bounce, stands until a person has
    dismissed it. For alerts of one `code` only what may end those is asked.
    """
    gone = [
        cause if code is not None else AlertRow.code.in_(codes) & cause
        for codes, cause in _gone()
        if code is None or code in codes
    ]
    return sa.and_(AlertRow.told_at.is_(None), *map(sa.not_, gone))


def _gone() -> list[tuple[tuple[str, ...], sa.ColumnElement[bool]]]:
    """Return by which conditions the causes of alerts are gone, with their codes."""
    number = sa.case(
        # Only these have the row's id alone behind the colon.
        (
            AlertRow.code.in_(("dead_letter", *OF_HELD_EMAILS))
            & (AlertRow.ref.like("job:%") | AlertRow.ref.like("email:%")),
            sa.cast(
                sa.func.replace(
                    sa.func.replace(AlertRow.ref, "job:", ""), "email:", ""
                ),
                sa.BigInteger,
            ),
        ),
        else_=None,
    )
    is_dead = sa.exists().where(JobRow.id == number, JobRow.state == "quarantined")
    is_held = sa.exists().where(EmailRow.id == number, EmailRow.status == "held")
    holds_up = sa.exists().where(
        EmailRow.held_reason == BREAKER, EmailRow.status == "held"
    )
    waits = sa.exists().where(JobRow.state == "ready", JobRow.reason.like("orders_%"))
    is_refused = sa.exists().where(EmailRow.status == "queued", EmailRow.attempts > 0)
    has_claim = sa.exists().where(
        MailRow.id == AlertRow.mail_id, MailRow.claim_id.is_not(None)
    )
    return [
        (WARNINGS, ~_is_unanswered()),
        (("documents_expiry",), ~_is_expired()),
        (("approval_needed",), ~_is_proposed()),
        (
            ("withdrawal_asked",),
            ~_of_claim(ClaimRow.is_open) & AlertRow.claim_id.is_not(None),
        ),
        (("mail_after_close",), _of_claim(ClaimRow.is_open)),
        (("machine_named_claim",), has_claim),
        (("dead_letter",), ~is_dead),
        (OF_HELD_EMAILS, number.is_not(None) & ~is_held),
        (("breaker_open",), ~holds_up),
        (("mailbox_lost",), ~sa.exists().where(MailboxRow.trouble.is_not(None))),
        (OF_ORDERS, ~waits),
        (("audit_gaps",), ~_has_gaps()),
        (("smtp_blocked",), ~is_refused),
    ]


def _of_claim(*conditions: sa.SQLColumnExpression[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(ClaimRow.id == AlertRow.claim_id, *conditions)


def _is_unanswered() -> sa.ColumnElement[bool]:
    """Return the condition for the clock of which an alert warned.

    See `deadlines.is_answered`; a later clock has warnings of its own.
    """
    return _of_claim(
        ClaimRow.is_open,
        ClaimRow.respond_by.is_not(None),
        ClaimRow.docs_complete_at <= AlertRow.raised_at,
        sa.or_(
            ClaimRow.promised_at.is_(None), ClaimRow.promised_at <= AlertRow.raised_at
        ),
        sa.or_(
            ClaimRow.responded_at.is_(None),
            ClaimRow.responded_at < ClaimRow.docs_complete_at,
            ClaimRow.responded_at <= ClaimRow.promised_at,
        ),
    )


def _has_gaps() -> sa.ColumnElement[bool]:
    """Return the condition for an audit whose newest follower found something too."""
    later = aliased(AuditRow)
    return sa.exists().where(
        AuditRow.gap_count > 0, ~sa.exists().where(later.id > AuditRow.id)
    )


def _is_expired() -> sa.ColumnElement[bool]:
    return _of_claim(
        ClaimRow.is_open,  # as all of these are, for the index
        ClaimRow.state.in_(_AWAITING),
        ClaimRow.documents_due_at <= AlertRow.raised_at,
    )


def _is_proposed() -> sa.ColumnElement[bool]:
    """Return the condition for the proposal that an alert tells of."""
    later = aliased(ClaimEventRow)
    return _of_claim(
        ClaimRow.is_open, ClaimRow.state == ClaimState.DECISION_PROPOSED
    ) & ~sa.exists().where(
        later.claim_id == AlertRow.claim_id,
        later.event == Event.DECISION_PROPOSED,
        later.at > AlertRow.raised_at,
    )
