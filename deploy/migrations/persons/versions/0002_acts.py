"""How many persons an act concerned, resident ids exchanged (a row per asker and day), and rosters taken out of the system."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ACTS = "act IN ('key_made', 'key_rotated', 'person_erased', 'ids_exchanged', 'roster_exported')"


def upgrade() -> None:
    """See `services.registry.persons.links` for what the rows mean."""
    op.drop_constraint("person_act_act_check", "person_act")
    op.create_check_constraint("person_act_act_check", "person_act", ACTS)
    op.add_column("person_act", sa.Column("persons", sa.BigInteger))
    op.add_column("person_act", sa.Column("day", sa.Date))
    op.execute("UPDATE person_act SET persons = 1 WHERE act = 'person_erased'")
    op.create_index("person_act_exchanged", "person_act", ["who", "day"], unique=True, postgresql_where=sa.text("act = 'ids_exchanged'"))
