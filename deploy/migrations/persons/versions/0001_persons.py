"""Which pseudonym belongs to which resident id, and who did what about it.

A resident id is in no table: a link holds its HMAC-SHA-256 under a key, and the keys are in no table either, only their fingerprints.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; see `services.registry.persons.links` for what their rows mean."""
    op.create_table(
        "person_key",
        sa.Column("version", sa.SmallInteger, sa.CheckConstraint("version > 0"), primary_key=True, autoincrement=False),
        sa.Column("fingerprint", BYTEA, nullable=False),
    )
    op.create_table(
        "person_link",
        sa.Column("key_version", sa.SmallInteger, sa.ForeignKey("person_key.version"), primary_key=True, autoincrement=False),
        sa.Column("tag", BYTEA, sa.CheckConstraint("length(tag) = 32"), primary_key=True),
        sa.Column("person", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "person_act",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("act", sa.Text, sa.CheckConstraint("act IN ('key_made', 'key_rotated', 'person_erased')"), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("key_version", sa.SmallInteger),
    )
