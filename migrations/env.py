"""Runs the migrations on the database that is named, in this order, by

1. a connection the caller already holds (`config.attributes["connection"]`),
2. `alembic -x url=...`,
3. the caller's `sqlalchemy.url` (`app.py` sets it from `--database`),
4. the settings (`database.url`, environment variable YANGGUANG_DATABASE__URL).
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from config.settings import load_settings
from core.database import Database, import_models

metadata = import_models()


def database_url() -> str:
    """The database to migrate."""
    named = context.get_x_argument(as_dictionary=True).get("url") or context.config.get_main_option("sqlalchemy.url")
    return named or load_settings(env=os.environ).database.url


def migrate(connection: Connection) -> None:
    """Runs what is asked for in one transaction: a migration that fails leaves the database as it was."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",  # SQLite changes a table by writing it anew
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_by_url() -> None:
    database = Database(database_url())
    try:
        with database.engine.connect() as connection:
            # Works outside a transaction only. Writing a table anew must not trip over rows that refer to it.
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.rollback()
            migrate(connection.execution_options(writes=True))
    finally:
        database.dispose()


def write_sql() -> None:
    """`alembic upgrade head --sql`: prints the statements for a database administrator to review."""
    context.configure(url=database_url(), target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


held: Connection | None = context.config.attributes.get("connection")
if context.is_offline_mode():
    write_sql()
elif held is not None:
    migrate(held)
else:
    migrate_by_url()
