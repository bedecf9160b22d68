"""The declaration that a version was computed by, as text: a later release can follow it until its successor is built."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of versions there already nobody wrote it down."""
    op.add_column("measure", sa.Column("declaration", sa.Text))
