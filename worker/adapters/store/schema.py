"""The tables. Every rule that SQL can hold is a named constraint.

Business instants are `UtcInstant` (aware, UTC). Leases and retries of jobs and
mailboxes run by the database's own clock, as integer milliseconds since 1970, so
that both databases compare them alike and no process's clock matters
(reliability.md F9).
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
MONEY = sa.Numeric(12, 2)
NO_DEADLINE = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for none where rows are sorted by date."""
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class UtcInstant(sa.TypeDecorator[datetime]):
    """Aware UTC datetimes on both databases; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: sa.Dialect
    ) -> datetime | None:
        """Return UTC, without zone for SQLite, which would drop it silently."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a naive datetime reached the store"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Return an aware UTC datetime."""
        if value is None:
            return None
        return (
            value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        )


class Base(DeclarativeBase):
    """Holds the metadata with our constraint names."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it off the class
        datetime: UtcInstant,
        Decimal: MONEY,
        dict[str, Any]: sa.JSON,
        list[Any]: sa.JSON,
    }


class MailboxRow(Base):
    """One mailbox that is polled: its cursor, its lease, its health."""

    __tablename__ = "mailboxes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    uidvalidity: Mapped[int | None] = mapped_column(sa.BigInteger)
    last_uid: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    go_live_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(sa.String(100))
    lease_until_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    token: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    passes: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    passed_at: Mapped[datetime | None]
    backlog: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str | None] = mapped_column(sa.String(50))
    trouble_at: Mapped[datetime | None]


class MailRow(Base):
    """One (mailbox, UIDVALIDITY, UID) and what became of it."""

    __tablename__ = "mails"
    __table_args__ = (
        sa.UniqueConstraint("mailbox_id", "uidvalidity", "uid", name="uq_mails_key"),
        sa.CheckConstraint(
            "fate is null or settled_at is not null", name="fate_has_settled_at"
        ),
        sa.Index("ix_mails_content", "content_sha256"),
        sa.Index("ix_mails_sha256", "sha256"),
        sa.Index("ix_mails_message_id", "message_id"),
        sa.Index("ix_mails_claim", "claim_id"),
        sa.Index(
            "ix_mails_unmatched",
            "id",
            sqlite_where=sa.text("fate = 'cannot_match'"),
            postgresql_where=sa.text("fate = 'cannot_match'"),
        ),
        sa.Index(
            "ix_mails_open",
            "mailbox_id",
            "id",
            sqlite_where=sa.text("fate is null"),
            postgresql_where=sa.text("fate is null"),
        ),
        sa.Index(
            "ix_mails_fate",
            "fate",
            "settled_at",
            sqlite_where=sa.text("fate is not null"),
            postgresql_where=sa.text("fate is not null"),
        ),
        # What waits for a person, by number: see `desk/triage.py`.
        sa.Index(
            "ix_mails_held",
            "id",
            sqlite_where=sa.text("fate = 'identity_hold' and counts_from is null"),
            postgresql_where=sa.text("fate = 'identity_hold' and counts_from is null"),
        ),
        sa.Index(
            "ix_mails_parked",
            "id",
            sqlite_where=sa.text("fate = 'parked'"),
            postgresql_where=sa.text("fate = 'parked'"),
        ),
        sa.Index(
            "ix_mails_erased",
            "id",
            sqlite_where=sa.text("erased_at is not null"),
            postgresql_where=sa.text("erased_at is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(sa.ForeignKey("mailboxes.id"))
    uidvalidity: Mapped[int] = mapped_column(sa.BigInteger)
    uid: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    internaldate_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    trouble: Mapped[str | None] = mapped_column(sa.String(50))
    alias_of: Mapped[int | None] = mapped_column(BigId)
    reading: Mapped[str | None] = mapped_column(sa.Text)
    content_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    message_id: Mapped[str | None] = mapped_column(sa.String(512))
    received_at: Mapped[datetime | None]
    received_from: Mapped[str | None] = mapped_column(sa.String(20))
    header_date_at: Mapped[datetime | None]
    fate: Mapped[str | None] = mapped_column(sa.String(20))
    settled_at: Mapped[datetime | None]
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claims.id"))
    sender_tier: Mapped[str | None] = mapped_column(sa.String(1))
    sender_address: Mapped[str | None] = mapped_column(sa.String(320))
    counts_from: Mapped[datetime | None]
    """From when its files count for the claim; null while its sender is unproven."""
    signal: Mapped[str] = mapped_column(sa.String(200), default="")
    flags: Mapped[list[Any]] = mapped_column(default=list)
    notes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By path, why a file serves as nothing."""
    settled_by: Mapped[str | None] = mapped_column(sa.String(100))
    """The person who gave it its fate; null is the rules."""
    erased_at: Mapped[datetime | None]
    """From when its text and raw bytes are gone; UID and digest stay as a tombstone."""
    corrects: Mapped[int | None] = mapped_column(BigId)
    """The mail whose bytes a person corrected here; its UID is that one's, negative."""


class JobRow(Base):
    """One piece of work. The Dramatiq message carries only its id."""

    __tablename__ = "jobs"
    __table_args__ = (
        sa.UniqueConstraint("kind", "ref", name="uq_jobs_kind_ref"),
        sa.CheckConstraint(
            "state in ('waiting', 'ready', 'running', 'done', 'quarantined')",
            name="state",
        ),
        sa.CheckConstraint(
            "state != 'running' or token is not null", name="running_has_token"
        ),
        sa.CheckConstraint(
            "state not in ('done', 'quarantined') or finished_at is not null",
            name="final_has_finished_at",
        ),
        sa.Index(
            "ix_jobs_due",
            "queue",
            "run_at_ms",
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        ),
        sa.Index(
            "ix_jobs_waiting",
            "queue",
            "id",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.Index(
            "ix_jobs_leases",
            "lease_until_ms",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        ),
        sa.Index(
            "ix_jobs_lane",
            "lane",
            "id",
            sqlite_where=sa.text("state in ('waiting', 'ready', 'running')"),
            postgresql_where=sa.text("state in ('waiting', 'ready', 'running')"),
        ),
        sa.Index(
            "ix_jobs_quarantined",
            "id",
            sqlite_where=sa.text("state = 'quarantined'"),
            postgresql_where=sa.text("state = 'quarantined'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    ref: Mapped[str] = mapped_column(sa.String(200))
    queue: Mapped[str] = mapped_column(sa.String(40))
    lane: Mapped[str | None] = mapped_column(sa.String(60))
    """Jobs of one lane run one at a time, in the order of their ids."""
    state: Mapped[str] = mapped_column(sa.String(12), default="ready")
    run_at_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    rung_at_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    lease_until_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    token: Mapped[str | None] = mapped_column(sa.String(32))
    owner: Mapped[str | None] = mapped_column(sa.String(100))
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    """Exceptions of our own and deaths of the reader child; three quarantine."""
    transients: Mapped[int] = mapped_column(default=0)
    first_transient_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    vanished: Mapped[int] = mapped_column(default=0)
    """Runs that ended with the worker's process; after five the job runs alone."""
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class MemberRow(Base):
    """A member of the order directory; `key` is the id without case and spaces."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    member_id: Mapped[str] = mapped_column(sa.String(80))
    name: Mapped[str] = mapped_column(sa.String(200))
    locale: Mapped[str] = mapped_column(sa.String(20))


class MemberAddressRow(Base):
    """One address on file; position 0 is the primary one."""

    __tablename__ = "member_addresses"
    __table_args__ = (sa.Index("ix_member_addresses_address", "address"),)

    member_pk: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(sa.String(320))


class OrderRow(Base):
    """An order of the directory."""

    __tablename__ = "orders"
    __table_args__ = (sa.Index("ix_orders_member_pk", "member_pk"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    order_number: Mapped[str] = mapped_column(sa.String(80))
    member_pk: Mapped[int] = mapped_column(sa.ForeignKey("members.id"))
    placed: Mapped[dict[str, Any] | None]
    placed_at: Mapped[datetime | None]
    guarantee_fee_usd: Mapped[Decimal | None]
    points_applied: Mapped[int] = mapped_column(default=0)
    points_earned: Mapped[int] = mapped_column(default=0)


class PackageRow(Base):
    """One package of an order; imprecise times are stored as written and as ends."""

    __tablename__ = "packages"
    __table_args__ = (
        sa.Index(
            "ix_packages_tracking",
            "tracking_key",
            sqlite_where=sa.text("tracking_key is not null"),
            postgresql_where=sa.text("tracking_key is not null"),
        ),
    )

    order_pk: Mapped[int] = mapped_column(
        sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True
    )
    package_id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    facts: Mapped[str] = mapped_column(sa.Text)
    """The package as JSON (pydantic of `domain.orders.Package`)."""
    tracking_key: Mapped[str | None] = mapped_column(sa.String(80))
    """The tracking number without case and spaces, by which a package is found."""


class ClaimRow(Base):
    """One member's request for one package."""

    __tablename__ = "claims"
    __table_args__ = (
        sa.Index(
            "uq_claims_open_package",
            "order_key",
            "package_key",
            unique=True,
            sqlite_where=sa.text("is_open and state != 'identity_hold'"),
            postgresql_where=sa.text("is_open and state != 'identity_hold'"),
        ),
        sa.Index("ix_claims_order_key", "order_key"),
        sa.Index("ix_claims_member_key", "member_key"),
        sa.Index(
            "ix_claims_next_due",
            "next_due_at",
            sqlite_where=sa.text("next_due_at is not null"),
            postgresql_where=sa.text("next_due_at is not null"),
        ),
        # The work list, and one person's part of it. A claim without a date has the
        # last one there is, so that one order serves both databases.
        sa.Index(
            "ix_claims_work",
            "deadline_at",
            "id",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        ),
        # Open and closed together.
        sa.Index("ix_claims_all", "deadline_at", "id"),
        sa.Index(
            "ix_claims_assigned",
            "assigned_to",
            "deadline_at",
            "id",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        ),
        sa.Index(
            "ix_claims_state_work",
            "state",
            "deadline_at",
            "id",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        ),
        # The read API goes through claims by number, of one state or the open ones.
        sa.Index("ix_claims_state", "state", "id"),
        sa.Index(
            "ix_claims_open",
            "id",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        ),
        sa.Index(
            "ix_claims_closed",
            "id",
            sqlite_where=sa.text("not is_open"),
            postgresql_where=sa.text("not is_open"),
        ),
        sa.Index("ix_claims_locale", "locale"),
        sa.Index(
            "ix_claims_merged_into",
            "merged_into",
            sqlite_where=sa.text("merged_into is not null"),
            postgresql_where=sa.text("merged_into is not null"),
        ),
        sa.CheckConstraint(
            "respond_by is null or docs_complete_at is not null",
            name="respond_by_has_docs_complete_at",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[str] = mapped_column(sa.String(80))
    member_key: Mapped[str] = mapped_column(sa.String(80))
    order_number: Mapped[str] = mapped_column(sa.String(80))
    order_key: Mapped[str] = mapped_column(sa.String(80))
    package_id: Mapped[str | None] = mapped_column(sa.String(80))
    package_key: Mapped[str] = mapped_column(sa.String(80), default="")
    claim_type: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(30))
    is_open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime]
    docs_complete_at: Mapped[datetime | None]
    respond_by: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    documents_asked_at: Mapped[datetime | None]
    documents_due_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None]
    member_address: Mapped[str | None] = mapped_column(sa.String(320))
    held_address: Mapped[str | None] = mapped_column(sa.String(320))
    """Who wrote the mail of a held claim: only the same address joins it."""
    merged_into: Mapped[int | None] = mapped_column(sa.ForeignKey("claims.id"))
    flags: Mapped[list[Any]] = mapped_column(default=list)
    decided_usd: Mapped[Decimal | None]
    paid_at: Mapped[datetime | None]
    payout_ref: Mapped[str | None] = mapped_column(sa.String(100))
    assigned_to: Mapped[str | None] = mapped_column(sa.String(100))
    deadline_at: Mapped[datetime] = mapped_column(
        default=NO_DEADLINE, server_default=sa.text("'9999-12-31 00:00:00.000000'")
    )
    """The next date that somebody has to keep; see `deadlines.deadline_at`."""
    proposed_usd: Mapped[Decimal | None]
    """What the terms gave in the newest assessment, at most; null is no figure."""
    proposed_points: Mapped[int] = mapped_column(default=0, server_default="0")
    """The points that would come back with it (P13)."""
    locale: Mapped[str | None] = mapped_column(sa.String(20))
    """The member's language, as the directory had it at the last assessment."""
    erased_at: Mapped[datetime | None]
    """From when nothing personal is left of it."""


class ClaimKeyRow(Base):
    """What a claim is found by besides its own ids, as `normal_id` writes it.

    The tracking numbers of its package and the member's addresses on file, which the
    order directory may keep elsewhere.
    """

    __tablename__ = "claim_keys"
    __table_args__ = (sa.Index("ix_claim_keys_claim", "claim_id"),)

    key: Mapped[str] = mapped_column(sa.String(320), primary_key=True)
    claim_id: Mapped[int] = mapped_column(
        sa.ForeignKey("claims.id", ondelete="CASCADE"), primary_key=True
    )


class ClaimEventRow(Base):
    """Append only: what happened to a claim, in order, without gaps."""

    __tablename__ = "claim_events"
    __table_args__ = (
        sa.UniqueConstraint("claim_id", "seq", name="uq_claim_events_seq"),
        sa.Index("ix_claim_events_event_at", "event", "at"),
        sa.Index("ix_claim_events_at", "at", "claim_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"))
    seq: Mapped[int]
    event: Mapped[str] = mapped_column(sa.String(40))
    actor: Mapped[str] = mapped_column(sa.String(100))
    at: Mapped[datetime]
    state_before: Mapped[str | None] = mapped_column(sa.String(30))
    state_after: Mapped[str] = mapped_column(sa.String(30))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    clauses: Mapped[list[Any]] = mapped_column(default=list)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PieceRow(Base):
    """One file of a claim and one document it may serve as."""

    __tablename__ = "pieces"
    __table_args__ = (
        sa.UniqueConstraint(
            "claim_id", "mail_id", "path", "kind", name="uq_pieces_file_kind"
        ),
        sa.Index("ix_pieces_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"))
    mail_id: Mapped[int] = mapped_column(sa.ForeignKey("mails.id"))
    path: Mapped[str] = mapped_column(sa.String(400))
    filename: Mapped[str] = mapped_column(sa.String(200))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(2))
    is_provisional: Mapped[bool] = mapped_column(default=False)
    why: Mapped[str | None] = mapped_column(sa.String(20))
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    total_usd: Mapped[Decimal | None]


class PhotographRow(Base):
    """A photograph of a claim: its perceptual hash, and its camera's time."""

    __tablename__ = "photographs"
    __table_args__ = (
        sa.UniqueConstraint("claim_id", "mail_id", "path", name="uq_photographs_file"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"))
    mail_id: Mapped[int] = mapped_column(sa.ForeignKey("mails.id"))
    path: Mapped[str] = mapped_column(sa.String(400))
    filename: Mapped[str] = mapped_column(sa.String(200))
    phash: Mapped[str | None] = mapped_column(sa.String(32))
    taken_at: Mapped[str | None] = mapped_column(sa.String(60))
    """As the camera wrote it, so without a zone mostly."""


class PhotographKeyRow(Base):
    """One part of a photograph's hash, by which near ones are found."""

    __tablename__ = "photograph_keys"

    key: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    photograph_id: Mapped[int] = mapped_column(
        sa.ForeignKey("photographs.id", ondelete="CASCADE"), primary_key=True
    )


class SharedMailRow(Base):
    """A mail that a person let count for another claim beside its own."""

    __tablename__ = "shared_mails"

    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"), primary_key=True)
    mail_id: Mapped[int] = mapped_column(sa.ForeignKey("mails.id"), primary_key=True)
    by: Mapped[str] = mapped_column(sa.String(100))
    at: Mapped[datetime]


class ClaimFlagRow(Base):
    """A flag of a clause on a claim: who raised it, on what, and who cleared it.

    A rule raises the same evidence once: what a person cleared stays cleared.
    """

    __tablename__ = "claim_flags"
    __table_args__ = (
        sa.UniqueConstraint(
            "claim_id", "clause", "code", "evidence_key", name="uq_claim_flags_raised"
        ),
        sa.Index(
            "ix_claim_flags_open",
            "code",
            "claim_id",
            sqlite_where=sa.text("cleared_at is null"),
            postgresql_where=sa.text("cleared_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"))
    clause: Mapped[str] = mapped_column(sa.String(4))
    code: Mapped[str] = mapped_column(sa.String(50))
    evidence: Mapped[str] = mapped_column(sa.Text)
    evidence_key: Mapped[str] = mapped_column(sa.String(64))
    """The sha256 of the evidence, which may be longer than an index takes."""
    suggested_by: Mapped[str] = mapped_column(sa.String(10))
    set_by: Mapped[str] = mapped_column(sa.String(100))
    set_at: Mapped[datetime]
    cleared_by: Mapped[str | None] = mapped_column(sa.String(100))
    cleared_at: Mapped[datetime | None]
    cleared_reason: Mapped[str] = mapped_column(sa.Text, default="")


class DocumentRow(Base):
    """The present verdict on one required document of a claim."""

    __tablename__ = "documents"

    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    verdict: Mapped[str] = mapped_column(sa.String(20))
    why: Mapped[str | None] = mapped_column(sa.String(20))
    files: Mapped[list[Any]] = mapped_column(default=list)
    evidence: Mapped[str] = mapped_column(sa.Text, default="")
    waived_by: Mapped[str | None] = mapped_column(sa.String(100))
    waived_at: Mapped[datetime | None]
    waived_reason: Mapped[str] = mapped_column(sa.Text, default="")


class AssessmentRow(Base):
    """What software worked out about a claim at one version; never changed later."""

    __tablename__ = "assessments"
    __table_args__ = (
        sa.UniqueConstraint("job_id", name="uq_assessments_job"),
        sa.Index("ix_assessments_claim", "claim_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"))
    job_id: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(30))
    policy_version: Mapped[str] = mapped_column(sa.String(40))
    body: Mapped[str] = mapped_column(sa.Text)
    """The whole assessment as JSON (pydantic of `domain.findings.Assessment`)."""


class FindingRow(Base):
    """One finding of one assessment, by clause, so that decisions can be counted."""

    __tablename__ = "findings"

    assessment_id: Mapped[int] = mapped_column(
        sa.ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    clause: Mapped[str] = mapped_column(sa.String(4))
    verdict: Mapped[str] = mapped_column(sa.String(20))
    text: Mapped[str] = mapped_column(sa.Text)
    evidence: Mapped[str] = mapped_column(sa.Text, default="")


class EmailRow(Base):
    """The outbox: every answer, rendered once, with everything that became of it."""

    __tablename__ = "emails"
    __table_args__ = (
        sa.CheckConstraint(
            "status in ('draft', 'queued', 'sending', 'sent', 'bounced', 'refused',"
            " 'held', 'cancelled')",
            name="status",
        ),
        sa.CheckConstraint(
            "status not in ('sent', 'bounced') or sent_at is not null",
            name="sent_at",
        ),
        sa.CheckConstraint(
            "status not in ('queued', 'sending', 'sent') or raw is not null",
            name="has_bytes",
        ),
        sa.Index("ix_emails_claim", "claim_id"),
        sa.Index("ix_emails_message_id", "message_id"),
        sa.Index("ix_emails_recipient", "recipient", "created_at"),
        sa.Index("ix_emails_status", "status", "created_at"),
        sa.Index(
            "ix_emails_held",
            "held_reason",
            sqlite_where=sa.text("status = 'held'"),
            postgresql_where=sa.text("status = 'held'"),
        ),
        sa.Index(
            "ix_emails_never_tried",
            "id",
            sqlite_where=sa.text("status in ('sent', 'bounced') and attempts = 0"),
            postgresql_where=sa.text("status in ('sent', 'bounced') and attempts = 0"),
        ),
        sa.Index(
            "ix_emails_looked_at",
            "looked_at",
            sqlite_where=sa.text("looked_at is not null"),
            postgresql_where=sa.text("looked_at is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    dedup_key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claims.id"))
    mail_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mails.id"))
    kind: Mapped[str] = mapped_column(sa.String(30))
    recipient: Mapped[str] = mapped_column(sa.String(320))
    subject: Mapped[str] = mapped_column(sa.String(400), default="")
    message_id: Mapped[str | None] = mapped_column(sa.String(512))
    raw: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    status: Mapped[str] = mapped_column(sa.String(12))
    held_reason: Mapped[str] = mapped_column(sa.String(60), default="")
    policy_version: Mapped[str] = mapped_column(sa.String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)
    """Attempts that ended after the final dot without an answer."""
    last_code: Mapped[str] = mapped_column(sa.String(40), default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    """When a person released or discarded it."""
    raw_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    """The digest of its bytes when they were made, which an audit compares."""
    erased_at: Mapped[datetime | None]


class NoteRow(Base):
    """The newest note for staff on a claim; replaced with each assessment."""

    __tablename__ = "notes"

    claim_id: Mapped[int] = mapped_column(sa.ForeignKey("claims.id"), primary_key=True)
    version: Mapped[int]
    written_at: Mapped[datetime]
    policy_version: Mapped[str] = mapped_column(sa.String(40))
    body: Mapped[str] = mapped_column(sa.Text)
    """The twelve points as JSON (pydantic of `domain.note.Note`)."""


class SentFolderRow(Base):
    """The sent folder of the staff's mailbox: how far it was looked through."""

    __tablename__ = "sent_folders"

    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(sa.BigInteger)
    last_uid: Mapped[int] = mapped_column(sa.BigInteger)
    passed_at: Mapped[datetime]


class SlotRow(Base):
    """One firing of one deadline; the key makes it fire once."""

    __tablename__ = "slots"

    name: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    slot: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    fired_at: Mapped[datetime]


class AlertRow(Base):
    """Something a person should know; one row per incident, told once."""

    __tablename__ = "alerts"
    __table_args__ = (
        sa.UniqueConstraint("code", "ref", name="uq_alerts_incident"),
        sa.Index(
            "ix_alerts_mail",
            "code",
            "mail_id",
            sqlite_where=sa.text("told_at is null and mail_id is not null"),
            postgresql_where=sa.text("told_at is null and mail_id is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(40))
    ref: Mapped[str] = mapped_column(sa.String(200))
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claims.id"))
    mail_id: Mapped[int | None] = mapped_column(BigId)
    """The mail that `ref` names, where it names one."""
    raised_at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class ProcessRow(Base):
    """A running process of ours: who holds leases, and when it last was alive."""

    __tablename__ = "processes"

    owner: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    host: Mapped[str] = mapped_column(sa.String(100))
    pid: Mapped[int]
    boot_ticks: Mapped[int] = mapped_column(sa.BigInteger)
    """Start time of the process from the kernel, so that a reused pid is noticed."""
    alive_at_ms: Mapped[int] = mapped_column(sa.BigInteger)


def table_of(row: type[Base]) -> sa.Table:
    """Return the table of a row, for statements that load no rows as objects."""
    table = row.__table__
    if not isinstance(table, sa.Table):
        raise TypeError(row.__name__)
    return table
