"""Let open and closed claims be listed together, by their next date."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_claims_all", "claims", ["deadline_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_claims_all", table_name="claims")
