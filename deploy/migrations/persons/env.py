"""Runs the migrations of the links of persons on the connection, and in the schema, that `shared.migrate` gives.

The schema is that of the registry's store, whose own migrations are counted in another table.
"""

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    version_table=config.attributes["version_table"],
    version_table_schema=config.attributes["schema"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
