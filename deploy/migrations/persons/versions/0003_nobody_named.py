"""Acts no longer say whom they concerned, and nothing of what was deleted before stays in the tables' files."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See `services.registry.persons.links` for why. A type that is computed has PostgreSQL write every row that is there anew."""
    op.execute("ALTER TABLE person_act DROP COLUMN person, ALTER COLUMN reason TYPE text USING reason || ''")
    op.execute("ALTER TABLE person_link ALTER COLUMN person TYPE text USING person || ''")
