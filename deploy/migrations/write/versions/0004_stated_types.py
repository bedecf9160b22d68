"""What a release must be able to read to go on from here: also what corrections state, in a version of its own."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it, read off the corrections there are."""
    op.execute("""
        INSERT INTO wire_type
        SELECT DISTINCT original.type || '.v' || coalesce(stated.data ->> 'version', '1')
        FROM (SELECT convert_from(raw, 'UTF8')::json -> 'data' AS data FROM record WHERE type LIKE '%.fact_corrected') AS stated
        JOIN record AS original ON original.source = stated.data ->> 'source' AND original.id = stated.data ->> 'id'
        ON CONFLICT DO NOTHING
    """)
