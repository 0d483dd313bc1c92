"""The tables of upkeep: audits, holds, erasures, recoveries and notices."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from worker.adapters.store.schema import Base, BigId

_IS_HELD = "lifted_at is null"


class AuditRow(Base):
    """One audit and what it found."""

    __tablename__ = "audits"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    is_deep: Mapped[bool]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    gap_count: Mapped[int]
    gaps: Mapped[list[Any]] = mapped_column(default=list)
    """The first thousand, as `code` and `ref`: ids and codes only."""


class LegalHoldRow(Base):
    """A claim, or all claims of a member, that nothing may delete."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        sa.CheckConstraint("(claim_id is null) != (member_key is null)", name="of_one"),
        sa.Index(
            "uq_legal_holds_claim_id",
            "claim_id",
            unique=True,
            sqlite_where=sa.text(_IS_HELD),
            postgresql_where=sa.text(_IS_HELD),
        ),
        sa.Index(
            "uq_legal_holds_member_key",
            "member_key",
            unique=True,
            sqlite_where=sa.text(_IS_HELD),
            postgresql_where=sa.text(_IS_HELD),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claims.id"))
    member_key: Mapped[str | None] = mapped_column(sa.String(80))
    reason: Mapped[str] = mapped_column(sa.Text)
    by: Mapped[str] = mapped_column(sa.String(100))
    at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(sa.String(100))
    lifted_at: Mapped[datetime | None]


class ErasureRow(Base):
    """A member who was erased, known again only by who has the secret key."""

    __tablename__ = "erasures"
    __table_args__ = (
        sa.UniqueConstraint("member_tag", "at", name="uq_erasures_member"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_tag: Mapped[str] = mapped_column(sa.String(64))
    """HMAC-SHA256 of the member's key under the secret key."""
    by: Mapped[str] = mapped_column(sa.String(100))
    at: Mapped[datetime]
    basis: Mapped[str] = mapped_column(sa.String(40))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class NoticeRow(Base):
    """The telling of an alert over one channel; the key makes it be told once."""

    __tablename__ = "notices"

    alert_id: Mapped[int] = mapped_column(
        sa.ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    again_at_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    """Nobody else tells it before, by the database's clock."""
    done_at: Mapped[datetime | None]


class RecoveryRow(Base):
    """A backup that was put back: what went out in between may have been sent."""

    __tablename__ = "recoveries"
    __table_args__ = (
        sa.CheckConstraint("backup_at <= lost_at", name="backup_before_loss"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    backup_at: Mapped[datetime]
    lost_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(100))
    at: Mapped[datetime]


class KnownSentRow(Base):
    """A Message-ID of ours that is known to have gone out after a backup."""

    __tablename__ = "known_sent"

    message_id: Mapped[str] = mapped_column(sa.String(512), primary_key=True)
