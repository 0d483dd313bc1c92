"""Create the points ledger; say of each token what it opens."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "api_tokens",
        sa.Column("scope", sa.String(length=10), server_default="read", nullable=False),
    )
    op.create_table(
        "points_accounts",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("member_key", sa.String(length=80), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_points_accounts_balance")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_accounts")),
        sa.UniqueConstraint("member_key", "site", name="uq_points_accounts_member"),
    )
    op.create_table(
        "points_entries",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=240), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("noted", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=True),
        sa.Column("policy_version", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "points = 0 or noted = 0", name=op.f("ck_points_entries_moves_or_notes")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["points_accounts.id"],
            name=op.f("fk_points_entries_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_entries")),
        sa.UniqueConstraint("key", "kind", name="uq_points_entries_key"),
    )
    op.create_index(
        "ix_points_entries_account",
        "points_entries",
        ["account_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_points_entries_day", "points_entries", ["account_id", "day"], unique=False
    )
    op.create_index(
        "ix_points_entries_order",
        "points_entries",
        ["account_id", "order_key"],
        unique=False,
        sqlite_where=sa.text("order_key is not null"),
        postgresql_where=sa.text("order_key is not null"),
    )
    op.create_table(
        "points_orders",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("product_cents", sa.BigInteger(), nullable=False),
        sa.Column("points_used", sa.Integer(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("returned_cents", sa.BigInteger(), nullable=False),
        sa.Column("points_back", sa.Integer(), nullable=False),
        sa.Column("deducted", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "0 <= points_back and points_back <= points_used",
            name=op.f("ck_points_orders_points_back"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["points_accounts.id"],
            name=op.f("fk_points_orders_account_id"),
        ),
        sa.PrimaryKeyConstraint("site", "order_key", name=op.f("pk_points_orders")),
    )
    op.create_index(
        "ix_points_orders_order", "points_orders", ["order_key"], unique=False
    )
    op.create_table(
        "points_lots",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "entry_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("left_over", sa.Integer(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "0 <= left_over and left_over <= points",
            name=op.f("ck_points_lots_left_over"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["points_accounts.id"],
            name=op.f("fk_points_lots_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["points_entries.id"], name=op.f("fk_points_lots_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_lots")),
    )
    op.create_index(
        "ix_points_lots_account",
        "points_lots",
        ["account_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("left_over > 0"),
        postgresql_where=sa.text("left_over > 0"),
    )
    op.create_index(
        "ix_points_lots_expiry",
        "points_lots",
        ["expires_at", "id"],
        unique=False,
        sqlite_where=sa.text("left_over > 0 and expires_at is not null"),
        postgresql_where=sa.text("left_over > 0 and expires_at is not null"),
    )
    op.create_table(
        "points_moves",
        sa.Column(
            "entry_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "lot_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("noted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["points_entries.id"], name=op.f("fk_points_moves_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["points_lots.id"], name=op.f("fk_points_moves_lot_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", "lot_id", name=op.f("pk_points_moves")),
    )
    op.create_index("ix_points_moves_lot", "points_moves", ["lot_id"], unique=False)


def downgrade() -> None:
    for table in ("moves", "lots", "orders", "entries", "accounts"):
        op.drop_table(f"points_{table}")
    op.execute("alter table api_tokens drop column scope")
