"""Create what audits, retention, erasure, recovery and notices ask for.

The bytes of each e-mail that is there get their digest, as new ones have it.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
COLUMNS = (
    ("mails", "erased_at", INSTANT),
    ("mails", "corrects", BIG),
    ("claims", "erased_at", INSTANT),
    ("emails", "raw_sha256", sa.String(length=64)),
    ("emails", "erased_at", INSTANT),
)
INDEXES = {
    "ix_mails_erased": ("mails", "erased_at is not null"),
    "ix_emails_never_tried": (
        "emails",
        "status in ('sent', 'bounced') and attempts = 0",
    ),
}
IS_HELD = "lifted_at is null"


def upgrade() -> None:
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    for name, (table, condition) in INDEXES.items():
        op.create_index(
            name,
            table,
            ["id"],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    _digest_emails()
    op.create_table(
        "audits",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("is_deep", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("gap_count", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("claim_id", BIG, nullable=True),
        sa.Column("member_key", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("lifted_by", sa.String(length=100), nullable=True),
        sa.Column("lifted_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(claim_id is null) != (member_key is null)",
            name=op.f("ck_legal_holds_of_one"),
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claims.id"], name=op.f("fk_legal_holds_claim_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    for column in ("claim_id", "member_key"):
        op.create_index(
            f"uq_legal_holds_{column}",
            "legal_holds",
            [column],
            unique=True,
            sqlite_where=sa.text(IS_HELD),
            postgresql_where=sa.text(IS_HELD),
        )
    op.create_table(
        "erasures",
        sa.Column("id", BIG, nullable=False),
        sa.Column("member_tag", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("member_tag", "at", name="uq_erasures_member"),
    )
    op.create_table(
        "notices",
        sa.Column("alert_id", BIG, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("again_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alerts.id"],
            name=op.f("fk_notices_alert_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("alert_id", "channel", name=op.f("pk_notices")),
    )
    op.create_table(
        "recoveries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("backup_at", INSTANT, nullable=False),
        sa.Column("lost_at", INSTANT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "backup_at <= lost_at", name=op.f("ck_recoveries_backup_before_loss")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoveries")),
    )
    op.create_table(
        "known_sent",
        sa.Column("message_id", sa.String(length=512), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_known_sent")),
    )


def _digest_emails() -> None:
    bind = op.get_bind()
    page = sa.text(
        "select id, raw from emails where id > :last and raw is not null"
        " order by id limit 200"
    )
    put = sa.text("update emails set raw_sha256 = :digest where id = :id")
    last = 0
    while rows := bind.execute(page, {"last": last}).all():
        bind.execute(
            put,
            [
                {"id": row.id, "digest": hashlib.sha256(row.raw).hexdigest()}
                for row in rows
            ],
        )
        last = rows[-1].id


def downgrade() -> None:
    for table in (
        "known_sent",
        "recoveries",
        "notices",
        "erasures",
        "legal_holds",
        "audits",
    ):
        op.drop_table(table)
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table_name=table)
    # Not in a batch: that would make the table anew, and deleting the old one would
    # delete what hangs on it.
    for table, name, _ in reversed(COLUMNS):
        op.execute(f"alter table {table} drop column {name}")
