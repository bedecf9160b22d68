"""The event store of one write service in one county.

The search path is the county's schema, so no table is named with one. There is no way back: history is never thrown away.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Make the tables; see `shared.event_store.interface` for what their rows mean."""
    op.create_table(
        "head",
        sa.Column("one", sa.Boolean, sa.CheckConstraint("one"), primary_key=True, server_default=sa.true()),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("county", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("recorded", INSTANT),
        sa.Column("closed", sa.Date),
        sa.Column("followed", sa.BigInteger, nullable=False),
        sa.Column("arrivals", sa.BigInteger, nullable=False),
        sa.Column("answers", sa.BigInteger, nullable=False),
        sa.Column("commits", sa.BigInteger, nullable=False),
        sa.Column("simulated", INSTANT),
        sa.Column("key", BYTEA, nullable=False),
    )
    op.create_table(
        "record",
        sa.Column("position", sa.BigInteger, sa.CheckConstraint("position > 0"), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("occurred", sa.Date, nullable=False),
        sa.Column("recorded", INSTANT, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("natural", sa.BigInteger),
        sa.Column("raw", BYTEA, nullable=False),
    )
    op.create_index("record_about", "record", ["about", "position"], postgresql_where=sa.text("about IS NOT NULL"))
    op.create_index("record_natural", "record", ["natural"], postgresql_where=sa.text('"natural" IS NOT NULL'))
    op.create_table(
        "report",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", BYTEA, primary_key=True),
        sa.Column("arrival", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, sa.CheckConstraint("outcome IN ('recorded', 'waiting', 'refused')"), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("zh", sa.Text),
        sa.Column("en", sa.Text),
        sa.Column("position", sa.BigInteger, sa.CheckConstraint("(position IS NOT NULL) = (outcome = 'recorded')")),
        sa.Column("flags", JSONB),
        sa.Column("kept", BYTEA, sa.CheckConstraint("(kept IS NULL) = (outcome = 'recorded')")),
        postgresql_with={"fillfactor": "90"},
    )
    # At most one content of an id stands, whatever the code above believes.
    op.create_index("report_bound", "report", ["source", "id"], unique=True, postgresql_where=sa.text("outcome <> 'refused'"))
    op.create_index("report_waiting", "report", ["arrival"], postgresql_where=sa.text("outcome = 'waiting'"))
    op.create_table(
        "waiting",
        sa.Column("need", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
    )
    op.create_index("waiting_report", "waiting", ["source", "id"])
    op.create_table(
        "state",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("state", JSONB, nullable=False),
        sa.Column("opened", sa.Boolean, nullable=False),
        sa.Column("occurred", sa.Date),
        sa.Column("position", sa.BigInteger, nullable=False),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table("alias", sa.Column("code", sa.Text, primary_key=True), sa.Column("oldest", sa.Text, nullable=False))
    op.create_table(
        "unit_fact",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("raw", BYTEA, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("body", BYTEA, nullable=False),
    )
    op.create_table(
        "aside",
        sa.Column("arrival", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kept", BYTEA, nullable=False),
        sa.Column("traceback", sa.Text, nullable=False),
    )
    op.execute("ALTER TABLE record ALTER COLUMN raw SET STORAGE EXTERNAL")  # small and hashed: compressing costs more than it saves
