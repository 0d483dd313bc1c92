"""Say of each order of the points ledger whether the shop told its price.

Of those that are there, only a claim can have brought the ones with entries of claims
alone; of those the shop's next word counts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BY_CLAIM_ALONE = """
update points_orders as o set is_told = false
where exists (select 1 from points_entries as e where e.account_id = o.account_id
        and e.order_key = o.order_key and e.key like 'claim:%')
and not exists (select 1 from points_entries as e where e.account_id = o.account_id
        and e.order_key = o.order_key and e.key not like 'claim:%')
"""


def upgrade() -> None:
    told = sa.Column("is_told", sa.Boolean(), server_default=sa.true(), nullable=False)
    op.add_column("points_orders", told)
    op.execute(_BY_CLAIM_ALONE)


def downgrade() -> None:
    op.execute("alter table points_orders drop column is_told")
