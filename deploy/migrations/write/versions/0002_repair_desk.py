"""What the repair desk needs: when reports arrived, every answer about those not simply recorded, and what was done about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = TIMESTAMP(timezone=True)
OUTCOME = "outcome IN ('recorded', 'waiting', 'refused')"


def upgrade() -> None:
    """Add them; see `shared.event_store.interface` for what their rows mean. What is kept already has no time of arrival."""
    op.add_column("report", sa.Column("arrived", INSTANT))
    op.create_index("report_kept", "report", ["arrival"], postgresql_where=sa.text("outcome <> 'recorded'"))
    op.create_index("report_kept_id", "report", ["id"], postgresql_where=sa.text("outcome <> 'recorded'"))
    op.create_table(
        "attempt",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True),
        sa.Column("digest", BYTEA, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("outcome", sa.Text, sa.CheckConstraint(OUTCOME), nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("zh", sa.Text),
        sa.Column("en", sa.Text),
        sa.Column("position", sa.BigInteger),
    )
    op.create_index("attempt_id", "attempt", ["id"])
    op.create_table(
        "act",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("act", sa.Text, nullable=False, unique=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('resubmitted', 'corrected', 'dismissed')"), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("changes", sa.Text),
        sa.Column("copy", sa.Text),
        sa.Column("outcome", sa.Text, sa.CheckConstraint(OUTCOME), nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("zh", sa.Text),
        sa.Column("en", sa.Text),
        sa.Column("revision", sa.BigInteger),
        sa.Column("position", sa.BigInteger),
    )
    op.create_index("act_report", "act", ["source", "id"])
    op.create_index("act_copy", "act", ["source", "copy"], postgresql_where=sa.text("copy IS NOT NULL"))
