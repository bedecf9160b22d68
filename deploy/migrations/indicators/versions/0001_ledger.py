"""The indicators of one county: the facts taken in, the ledger, and up to where.

The search path is the county's schema, so no table is named with one. The ledger can always be derived again from the facts.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; see `services.indicators.store` for what their rows mean."""
    op.create_table(
        "checkpoint",
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "fact",
        sa.Column("service", sa.SmallInteger, primary_key=True),
        sa.Column("position", sa.BigInteger, sa.CheckConstraint("position > 0"), primary_key=True),
        sa.Column("raw", BYTEA, nullable=False),
    )
    op.create_table(
        "measure",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
    )
    op.create_table(
        "cell",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("part", sa.Text),
    )
    op.create_table(
        "ledger",
        sa.Column("cell", sa.Integer, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    op.create_index("ledger_cell", "ledger", ["cell"])
