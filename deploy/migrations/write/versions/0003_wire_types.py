"""What a release must be able to read to go on from here: the type, with its version, of everything recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them, read off the records there are."""
    op.create_table("wire_type", sa.Column("name", sa.Text, primary_key=True))
    op.execute("""INSERT INTO wire_type SELECT DISTINCT substring(convert_from(raw, 'UTF8') FROM '"type":"([a-z0-9_.]+)"') FROM record""")
