"""Runs the migrations of the ledger of the indicators service on the connection, and in the schema, that `shared.migrate` gives."""

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    version_table="migration",
    version_table_schema=config.attributes["schema"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
