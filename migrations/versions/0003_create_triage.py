"""Create what triage asks for: placements that wait, and ways to find a mail's matters.

Alerts about mails and the tracking numbers of packages are found by columns of their
own, filled for the rows that are there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_placements",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column(
            "mail_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "claim_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("seen", sa.String(length=80), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claims.id"], name=op.f("fk_pending_placements_claim_id")
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["mails.id"], name=op.f("fk_pending_placements_mail_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_placements")),
        sa.UniqueConstraint("target", name=op.f("uq_pending_placements_target")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pending_placements_mail", "pending_placements", ["mail_id"])
    op.create_index("ix_pending_placements_claim", "pending_placements", ["claim_id"])
    _find_mails()
    _find_packages()
    for name, condition in _WAITING_MAILS.items():
        op.create_index(
            name,
            "mails",
            ["id"],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


_WAITING_MAILS = {
    "ix_mails_held": "fate = 'identity_hold' and counts_from is null",
    "ix_mails_parked": "fate = 'parked'",
}


def _find_mails() -> None:
    """Let alerts about mails be found by the mail; say which mails name two orders."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("alerts", sa.Column("mail_id", kind, nullable=True))
    op.execute(
        "update alerts set mail_id = cast(substr(ref, 6) as bigint)"
        " where ref like 'mail:%' and substr(ref, 6) not like '%:%'"
    )
    op.execute(
        "insert into alerts (code, ref, claim_id, mail_id, raised_at)"
        " select 'several_orders', 'mail:' || mails.id, claim_id, mails.id,"
        " settled_at from mails join claims on claims.id = mails.claim_id"
        " where claims.is_open and mails.settled_at is not null"
        " and cast(mails.flags as varchar) like '%several_orders%'"
    )
    where = sa.text("told_at is null and mail_id is not null")
    op.create_index(
        "ix_alerts_mail",
        "alerts",
        ["code", "mail_id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _find_packages() -> None:
    """Let packages be found by their tracking number."""
    op.add_column(
        "packages", sa.Column("tracking_key", sa.String(length=80), nullable=True)
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "update packages set tracking_key = nullif(substr(replace(lower("
            "json_extract(facts, '$.tracking_number')), ' ', ''), 1, 80), '')"
        )
    else:
        op.execute(
            "update packages set tracking_key = nullif(substr(replace(lower("
            "facts::json ->> 'tracking_number'), ' ', ''), 1, 80), '')"
        )
    where = sa.text("tracking_key is not null")
    op.create_index(
        "ix_packages_tracking",
        "packages",
        ["tracking_key"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    for name in _WAITING_MAILS:
        op.drop_index(name, table_name="mails")
    op.drop_index("ix_packages_tracking", table_name="packages")
    op.execute("alter table packages drop column tracking_key")
    op.drop_index("ix_alerts_mail", table_name="alerts")
    op.execute("alter table alerts drop column mail_id")
    op.drop_table("pending_placements")
