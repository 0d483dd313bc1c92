"""The tables of the points ledger. Entries are only ever added."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from worker.adapters.store.schema import Base, BigId

KEY_LENGTH = 240
SITE_LENGTH = 40
ID_LENGTH = 80
"""Of members, orders, and what a shop calls its own matters by."""


class PointsAccountRow(Base):
    """A member's points on one site; its row is locked for every write (P5)."""

    __tablename__ = "points_accounts"
    __table_args__ = (
        sa.UniqueConstraint("member_key", "site", name="uq_points_accounts_member"),
        sa.CheckConstraint("balance >= 0", name="balance"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_key: Mapped[str] = mapped_column(sa.String(ID_LENGTH))
    site: Mapped[str] = mapped_column(sa.String(SITE_LENGTH))
    balance: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    """The sum of what its lots have left."""
    opened_at: Mapped[datetime]


class PointsEntryRow(Base):
    """One line of what happened to an account; what has one key happened once.

    `points` is what moved, negative where points left; `noted` is what did not move
    and is shown all the same: forfeited, expired on return, or missing.
    """

    __tablename__ = "points_entries"
    __table_args__ = (
        sa.UniqueConstraint("key", "kind", name="uq_points_entries_key"),
        sa.Index("ix_points_entries_account", "account_id", "id"),
        sa.Index("ix_points_entries_day", "account_id", "day"),
        sa.Index(
            "ix_points_entries_order",
            "account_id",
            "order_key",
            sqlite_where=sa.text("order_key is not null"),
            postgresql_where=sa.text("order_key is not null"),
        ),
        sa.CheckConstraint("points = 0 or noted = 0", name="moves_or_notes"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("points_accounts.id"))
    key: Mapped[str] = mapped_column(sa.String(KEY_LENGTH))
    kind: Mapped[str] = mapped_column(sa.String(20))
    points: Mapped[int] = mapped_column(default=0)
    noted: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    day: Mapped[date]
    """The day in the site's zone, for the daily limit (P11)."""
    order_key: Mapped[str | None] = mapped_column(sa.String(ID_LENGTH))
    policy_version: Mapped[str] = mapped_column(sa.String(40))
    actor: Mapped[str] = mapped_column(sa.String(100))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was asked for, so that one key is never used for two things."""


class PointsLotRow(Base):
    """Points that were received at once and expire as a whole."""

    __tablename__ = "points_lots"
    __table_args__ = (
        sa.CheckConstraint("0 <= left_over and left_over <= points", name="left_over"),
        sa.Index(
            "ix_points_lots_account",
            "account_id",
            "expires_at",
            sqlite_where=sa.text("left_over > 0"),
            postgresql_where=sa.text("left_over > 0"),
        ),
        sa.Index(
            "ix_points_lots_expiry",
            "expires_at",
            "id",
            sqlite_where=sa.text("left_over > 0 and expires_at is not null"),
            postgresql_where=sa.text("left_over > 0 and expires_at is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("points_accounts.id"))
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("points_entries.id"))
    category: Mapped[str] = mapped_column(sa.String(20))
    points: Mapped[int]
    left_over: Mapped[int]
    earned_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class PointsMoveRow(Base):
    """So many points of an entry in one lot, negative where they left it.

    What a lot has left is the sum of `points`. `noted` would have come back to the lot
    and had expired.
    """

    __tablename__ = "points_moves"
    __table_args__ = (sa.Index("ix_points_moves_lot", "lot_id"),)

    entry_id: Mapped[int] = mapped_column(
        sa.ForeignKey("points_entries.id"), primary_key=True
    )
    lot_id: Mapped[int] = mapped_column(
        sa.ForeignKey("points_lots.id"), primary_key=True
    )
    points: Mapped[int] = mapped_column(default=0)
    noted: Mapped[int] = mapped_column(default=0)


class PointsOrderRow(Base):
    """What the ledger knows of an order: what it used, earned, and gave back."""

    __tablename__ = "points_orders"
    __table_args__ = (
        sa.Index("ix_points_orders_order", "order_key"),
        sa.CheckConstraint(
            "0 <= points_back and points_back <= points_used", name="points_back"
        ),
    )

    site: Mapped[str] = mapped_column(sa.String(SITE_LENGTH), primary_key=True)
    order_key: Mapped[str] = mapped_column(sa.String(ID_LENGTH), primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("points_accounts.id"))
    product_cents: Mapped[int] = mapped_column(sa.BigInteger)
    is_told: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """Whether the price is the shop's; else a claim brought the directory's."""
    points_used: Mapped[int] = mapped_column(default=0)
    earned: Mapped[int] = mapped_column(default=0)
    """What it was given, after the daily limit."""
    returned_cents: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    points_back: Mapped[int] = mapped_column(default=0)
    """What was due back so far, that of expired lots included."""
    deducted: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
