"""The tables of the desk: people, sessions, what they wrote, and what they run.

What decides a claim is in `schema`; nothing here changes an outcome.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from worker.adapters.store.schema import Base, BigId

NAME = sa.String(100)
"""A person's sign-in name, as events and rows keep it."""
HASH = sa.String(64)
"""A sha256 in hexadecimal."""


class StaffRow(Base):
    """A person who may sign in; never deleted, since the history names them."""

    __tablename__ = "staff"
    __table_args__ = (
        sa.CheckConstraint(
            "role in ('viewer', 'agent', 'lead', 'operator', 'admin')", name="role"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)
    """The sign-in name, in lower case."""
    full_name: Mapped[str] = mapped_column(sa.String(200), default="")
    role: Mapped[str] = mapped_column(sa.String(10))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    """Argon2id; null for one who signs in elsewhere (OIDC)."""
    must_change_password: Mapped[bool] = mapped_column(default=False)
    oidc_subject: Mapped[str | None] = mapped_column(sa.String(400), unique=True)
    """`issuer subject` of an account that signs in elsewhere."""
    totp_secret: Mapped[str | None] = mapped_column(sa.String(64))
    totp_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    """The newest time step whose code was used; no code works twice (RFC 6238)."""
    timezone: Mapped[str] = mapped_column(sa.String(60), default="UTC")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]


class DeskSessionRow(Base):
    """One browser that is signed in; the cookie's secret is kept as its sha256."""

    __tablename__ = "desk_sessions"
    __table_args__ = (sa.Index("ix_desk_sessions_staff", "staff_id"),)

    secret_sha256: Mapped[str] = mapped_column(HASH, primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"))
    csrf: Mapped[str] = mapped_column(sa.String(64))
    browser: Mapped[str] = mapped_column(sa.String(60), default="")
    """In words, so that a person knows their own: `Firefox on Linux`."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class RecoveryCodeRow(Base):
    """A code that stands in for a lost phone, once; kept as its sha256."""

    __tablename__ = "recovery_codes"
    __table_args__ = (sa.Index("ix_recovery_codes_staff", "staff_id"),)

    code_sha256: Mapped[str] = mapped_column(HASH, primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"))


class SignInFailureRow(Base):
    """How often signing in failed of late for a name or from an address."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(HASH, primary_key=True)
    """The sha256 of the name or of the address: neither is kept."""
    failures: Mapped[int]
    last_at: Mapped[datetime]


class ApiTokenRow(Base):
    """A token of an API; only its sha256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)
    secret_sha256: Mapped[str] = mapped_column(HASH, unique=True)
    made_by: Mapped[str] = mapped_column(NAME)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    scope: Mapped[str] = mapped_column(sa.String(10), server_default="read")
    """What it opens: `read`, or `points`."""


class RemarkRow(Base):
    """What a person noted on a claim for colleagues; members never see it."""

    __tablename__ = "remarks"
    __table_args__ = (sa.Index("ix_remarks_claim", "claim_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"))
    by: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(sa.Text)


class SavedViewRow(Base):
    """A work list that a person keeps under a name."""

    __tablename__ = "saved_views"
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "name", name="uq_saved_views_name"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(60))
    query: Mapped[str] = mapped_column(sa.String(1000))
    """The list's filters as the query of its address."""


class PresenceRow(Base):
    """Who looks at a claim just now, by the database's clock."""

    __tablename__ = "presences"

    claim_id: Mapped[int] = mapped_column(
        sa.ForeignKey("claims.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    seen_at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    is_writing: Mapped[bool] = mapped_column(default=False)


class DraftEditRow(Base):
    """A reply as a person changes it, kept while they write; one for each claim."""

    __tablename__ = "draft_edits"

    claim_id: Mapped[int] = mapped_column(
        sa.ForeignKey("claims.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(sa.String(30))
    claim_version: Mapped[int]
    """The claim as the writer saw it: what is newer stops the reply."""
    body: Mapped[str] = mapped_column(sa.Text)
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the form says besides: amount, clauses, box, contents."""
    by: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]


class PendingPlacementRow(Base):
    """What a person did in triage, and happens in a moment unless it is undone.

    Until its job carries it out, nothing of it has happened. `why_not` is set where it
    did not happen after all; the row then stays until somebody has read that.
    """

    __tablename__ = "pending_placements"
    __table_args__ = (
        sa.Index("ix_pending_placements_mail", "mail_id"),
        sa.Index("ix_pending_placements_claim", "claim_id"),
        # The job of a row that was undone must never find another one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    target: Mapped[str] = mapped_column(sa.String(200), unique=True)
    """`mail:41`, `mail:41:ORDER` of one that is split, or `claim:12`."""
    deed: Mapped[str] = mapped_column(sa.String(20))
    mail_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mails.id"))
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claims.id"))
    seen: Mapped[str] = mapped_column(sa.String(80))
    """How mail and claims stood when the person decided: what is newer stops it."""
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    by: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    why_not: Mapped[str] = mapped_column(sa.Text, default="")


class PendingReplyRow(Base):
    """A reply that was sent from the desk and goes out in a moment; one a claim.

    Until its job carries it out, nothing of it has happened. `why_not` is set where it
    was not sent after all; the row then stays until somebody has read that.
    """

    __tablename__ = "pending_replies"
    __table_args__ = (sa.UniqueConstraint("claim_id"),)

    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    """Random, since its job is named by it: SQLite gives a freed number again."""
    claim_id: Mapped[int] = mapped_column(
        sa.ForeignKey("claims.id", ondelete="CASCADE")
    )
    claim_version: Mapped[int]
    events_seen: Mapped[int]
    """How many events of the claim the writer had seen."""
    kind: Mapped[str] = mapped_column(sa.String(30))
    body: Mapped[str] = mapped_column(sa.Text)
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    why_not: Mapped[str] = mapped_column(sa.Text, default="")


class OperatorActionRow(Base):
    """Append only: what people did to the machinery and to accounts."""

    __tablename__ = "operator_actions"
    __table_args__ = (
        sa.Index("ix_operator_actions_at", "at"),
        sa.Index("ix_operator_actions_target", "target", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    action: Mapped[str] = mapped_column(sa.String(40))
    target: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Ids and codes only."""


class PausedQueueRow(Base):
    """A queue whose jobs rest until a person lets them run again."""

    __tablename__ = "paused_queues"

    queue: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    by: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]


class JobMinuteRow(Base):
    """How the jobs of a kind went in one span in one process.

    So charts cost the same whatever the number of jobs. `times` and `waits` count runs
    by the bucket of their duration and of their wait; see `domain.run_times`.
    """

    __tablename__ = "job_minutes"

    minutes: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """How long the span is: 1 or 60."""
    minute_at: Mapped[datetime] = mapped_column(primary_key=True)
    """Where it begins."""
    kind: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    queue: Mapped[str] = mapped_column(sa.String(40))
    added: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    put_back: Mapped[int] = mapped_column(default=0)
    times: Mapped[dict[str, Any]] = mapped_column(default=dict)
    waits: Mapped[dict[str, Any]] = mapped_column(default=dict)
