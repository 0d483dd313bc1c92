"""The outbox: answers stored with the claim, sent after the commit.

draft ──release──▶ queued ──begin──▶ sending ──▶ sent | refused | held
                     ▲                  │          │
                     └──── deferred ────┘          └──▶ bounced
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, once
from worker.adapters.store.schema import EmailRow
from worker.ports import SentEmail

NOTE = "staff_draft_note"
"""The kind that lies beside a draft and is none."""
AUTOMATIC = ("queued", "sending", "sent", "bounced")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmail:
    """An answer to be stored: `status` is `queued`, `draft` or `held`.

    What staff sent from their own mail program is stored as `sent`, with `sent_at`.
    `policy_version` names the switches under which it was written.
    """

    dedup_key: str
    kind: str
    recipient: str
    status: str
    claim_id: int | None = None
    mail_id: int | None = None
    subject: str = ""
    message_id: str | None = None
    raw: bytes | None = None
    held_reason: str = ""
    policy_version: str = ""
    sent_at: datetime | None = None
    last_code: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """An outbox row as the sender needs it."""

    email_id: int
    claim_id: int | None
    mail_id: int | None
    kind: str
    recipient: str
    subject: str
    message_id: str
    raw: bytes
    status: str
    attempts: int
    uncertain: int
    created_at: datetime
    held_reason: str
    policy_version: str


class Outbox:
    """Reads the outbox; the functions below write it in a caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, email_id: int) -> Email:
        """Return one e-mail."""
        with self._database.read() as session:
            return to_email(session.get_one(EmailRow, email_id))

    def get_many(self, email_ids: Sequence[int]) -> list[Email]:
        """Return e-mails by their numbers, in order of these."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(EmailRow)
                .where(EmailRow.id.in_(email_ids))
                .order_by(EmailRow.id)
            ).scalars()
            return [to_email(row) for row in rows]

    @once
    def draft_of(self, claim_id: int) -> Email | None:
        """Return the claim's newest draft of an e-mail to the member, or None."""
        return self._newest(
            EmailRow.claim_id == claim_id,
            EmailRow.status == "draft",
            EmailRow.kind != NOTE,
        )

    def held(self, *, limit: int = 500, reason: str = "") -> list[Email]:
        """Return the e-mails that wait for a person, oldest first.

        With `reason` those alone that are held for it.
        """
        is_wanted = _is_held_for(reason) if reason else EmailRow.status == "held"
        with self._database.read() as session:
            rows = session.execute(
                sa.select(EmailRow).where(is_wanted).order_by(EmailRow.id).limit(limit)
            ).scalars()
            return [to_email(row) for row in rows]

    def find(self, email_id: int) -> Email | None:
        """Return one e-mail, or None when there is none of this number."""
        return self._newest(EmailRow.id == email_id)

    @once
    def of_claim(self, claim_id: int) -> list[Email]:
        """Return every e-mail of a claim, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(EmailRow)
                .where(EmailRow.claim_id == claim_id)
                .order_by(EmailRow.id)
            ).scalars()
            return [to_email(row) for row in rows]

    def of_mail(self, mail_id: int) -> list[Email]:
        """Return every e-mail that one received mail caused, oldest first."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(EmailRow)
                .where(EmailRow.mail_id == mail_id)
                .order_by(EmailRow.id)
            ).scalars()
            return [to_email(row) for row in rows]

    def with_message_id(self, message_ids: Sequence[str]) -> SentEmail | None:
        """Return the newest e-mail with one of these Message-IDs, or None."""
        return self._sent(EmailRow.message_id.in_(message_ids))

    def last_sent_to(self, address: str) -> SentEmail | None:
        """Return the newest e-mail that the relay took for an address, or None."""
        return self._sent(
            EmailRow.recipient == address.lower(), EmailRow.status == "sent"
        )

    def _sent(self, *where: sa.ColumnElement[bool]) -> SentEmail | None:
        found = self._newest(*where)
        if found is None:
            return None
        return SentEmail(found.email_id, found.claim_id, found.status)

    @once
    def has_receipt(self, claim_id: int) -> bool:
        """Return whether the claim's first mail was answered, or is about to be."""
        with self._database.read() as session:
            found = session.connection().execute(_RECEIPT, {"the_claim": claim_id})
            return bool(found.scalar())

    def automatic_to(
        self, recipient: str, kinds: Sequence[str], *, since: datetime
    ) -> int:
        """Return how many e-mails of some kinds were queued to one address."""
        return self._counted(
            _TO, the_recipient=recipient, the_kinds=list(kinds), since=since
        )

    def automatic_about(self, claim_id: int, *, since: datetime) -> int:
        """Return how many e-mails were queued about one claim."""
        return self._counted(_ABOUT, the_claim=claim_id, since=since)

    def automatic(self, decisions: Collection[str], *, since: datetime) -> int:
        """Return how many e-mails were queued to members without a person.

        Those of these kinds are a person's, or to staff. What was queued before a
        person last looked at held e-mails does not count any more.
        """
        return self._counted(_AUTOMATIC, the_kinds=list(decisions), since=since)

    def held_for(self, reason: str) -> list[int]:
        """Return every e-mail that is held for this reason, oldest first."""
        with self._database.read() as session:
            return list(
                session.execute(
                    sa.select(EmailRow.id)
                    .where(_is_held_for(reason))
                    .order_by(EmailRow.id)
                ).scalars()
            )

    def bounced(self, claim_id: int) -> int:
        """Return how many e-mails about a claim came back."""
        with self._database.read() as session:
            found = session.connection().execute(_BOUNCED, {"the_claim": claim_id})
            return int(found.scalar_one())

    def held_reasons(self) -> list[str]:
        """Return why e-mails are held, each reason once."""
        with self._database.read() as session:
            query = sa.select(EmailRow.held_reason).where(EmailRow.status == "held")
            return sorted(session.execute(query.distinct()).scalars())

    def is_held_for(self, reason: str) -> bool:
        """Return whether any e-mail is held for this reason."""
        with self._database.read() as session:
            return oldest_held_for(session, reason) is not None

    def _counted(self, query: sa.Select[int], **values: object) -> int:
        with self._database.read() as session:
            return int(session.connection().execute(query, values).scalar_one())

    def counts(self) -> dict[str, int]:
        """Return how many e-mails stand in each status."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(EmailRow.status, sa.func.count()).group_by(EmailRow.status)
            )
            return {row[0]: row[1] for row in rows}

    def _newest(self, *where: sa.ColumnElement[bool]) -> Email | None:
        with self._database.read() as session:
            row = session.execute(
                sa.select(EmailRow).where(*where).order_by(EmailRow.id.desc()).limit(1)
            ).scalar_one_or_none()
            return None if row is None else to_email(row)


def oldest_held_for(session: Session, reason: str) -> int | None:
    """Return the e-mail that is held longest for this reason."""
    found = session.connection().execute(_OLDEST_HELD, {"the_reason": reason})
    number: int | None = found.scalar()
    return number


def _is_held_for(reason: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    return sa.and_(EmailRow.status == "held", EmailRow.held_reason == reason)


def to_email(row: EmailRow) -> Email:
    """Return the row as the sender needs it."""
    return Email(
        email_id=row.id,
        claim_id=row.claim_id,
        mail_id=row.mail_id,
        kind=row.kind,
        recipient=row.recipient,
        subject=row.subject,
        message_id=row.message_id or "",
        raw=row.raw or b"",
        status=row.status,
        attempts=row.attempts,
        uncertain=row.uncertain,
        created_at=row.created_at,
        held_reason=row.held_reason,
        policy_version=row.policy_version,
    )


# Made once: each answer asks them, and making them takes longer.
_SINCE = sa.bindparam("since", type_=EmailRow.created_at.type)
_KINDS: sa.BindParameter[str] = sa.bindparam("the_kinds", expanding=True)
_COUNT = (
    sa.select(sa.func.count())
    .select_from(EmailRow)
    .where(EmailRow.status.in_(AUTOMATIC), EmailRow.created_at > _SINCE)
)
_LOOKED_AT = sa.select(sa.func.max(EmailRow.looked_at)).scalar_subquery()
_AUTOMATIC = _COUNT.where(
    EmailRow.created_at > sa.func.coalesce(_LOOKED_AT, _SINCE),
    EmailRow.kind.not_in(_KINDS),
)
_TO = _COUNT.where(
    EmailRow.recipient == sa.bindparam("the_recipient"), EmailRow.kind.in_(_KINDS)
)
_ABOUT = _COUNT.where(EmailRow.claim_id == sa.bindparam("the_claim"))
_RECEIPT = sa.select(
    sa.exists().where(
        EmailRow.claim_id == sa.bindparam("the_claim"), EmailRow.kind == "received"
    )
)
_BOUNCED = sa.select(sa.func.count()).where(
    EmailRow.claim_id == sa.bindparam("the_claim"), EmailRow.status == "bounced"
)
_OLDEST_HELD = sa.select(sa.func.min(EmailRow.id)).where(
    _is_held_for(sa.bindparam("the_reason"))
)
