"""Alembic's entry: one connection as the owner role, timid about locks, no offline mode."""

from alembic import context
from sqlalchemy import create_engine, pool, text

TIMID = ("SET lock_timeout = '4s'", "SET statement_timeout = '15min'", "SET search_path = app, public")
SPREAD = (
    "SET citus.multi_shard_modify_mode = 'sequential'",
    "SET citus.enable_local_reference_table_foreign_keys = off",
)


def run() -> None:
    engine = create_engine(context.config.attributes["owner_url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        for line in (*TIMID, *SPREAD):
            connection.execute(text(line))
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
        connection.commit()
        context.configure(
            connection=connection,
            transaction_per_migration=True,
            version_table_schema="app",
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
