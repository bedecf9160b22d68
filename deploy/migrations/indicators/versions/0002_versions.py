"""Versions of measures: a cell belongs to one version, so that one can be built beside another; the rebuild under way, or the last one.

See `services.indicators.versions` for what the rows mean.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every measure there is becomes a version that serves; cells follow their measure's, those of no measure go."""
    op.drop_constraint("measure_pkey", "measure")
    op.add_column("measure", sa.Column("number", sa.Integer))
    op.add_column("measure", sa.Column("state", sa.Text, nullable=False, server_default="serving"))
    op.add_column("measure", sa.Column("upto", JSONB))
    op.execute(
        "UPDATE measure SET number = n FROM (SELECT name AS of, row_number() OVER (ORDER BY name) AS n FROM measure) m WHERE name = of"
    )
    op.alter_column("measure", "state", server_default=None)
    op.create_primary_key("measure_pkey", "measure", ["number"])
    op.create_check_constraint("measure_state", "measure", "state IN ('building', 'serving', 'retired', 'dropped')")
    for state in ("building", "serving"):
        op.create_index(f"measure_{state}", "measure", ["name"], unique=True, postgresql_where=sa.text(f"state = '{state}'"))
    op.create_table(
        "rebuild",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("measures", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("difference", JSONB),
        sa.Column("last_version", sa.Integer, nullable=False),
        sa.Column("change", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO rebuild SELECT 0, 'none', '{}', '', NULL, coalesce(max(number), 0), 0 FROM measure")
    op.add_column("cell", sa.Column("version", sa.Integer))
    op.execute("UPDATE cell SET version = measure.number FROM measure WHERE measure.name = cell.measure")
    op.execute("DELETE FROM ledger USING cell WHERE ledger.cell = cell.id AND cell.version IS NULL")
    op.execute("DELETE FROM cell WHERE version IS NULL")
    op.drop_column("cell", "measure")
    op.alter_column("cell", "version", nullable=False)
    op.create_index("cell_version", "cell", ["version"])
    op.execute("CREATE SEQUENCE cell_id AS integer OWNED BY cell.id")
    op.execute("SELECT setval('cell_id', coalesce(max(id), 0) + 1, false) FROM cell")
