"""Let all claims be listed by their next date, and those that changed lately."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_claims_all", "claims", ["deadline_at", "id"])
    op.create_index("ix_claim_events_at", "claim_events", ["at", "claim_id"])


def downgrade() -> None:
    op.drop_index("ix_claim_events_at", table_name="claim_events")
    op.drop_index("ix_claims_all", table_name="claims")
