"""Runs the migrations of the public site's own database: by the connection the caller holds, by `alembic -x url=...`, or by the
settings (`portal.database_url`)."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from config.settings import load_settings
from core.database import Database
from exchange.outer.models import metadata


def database_url() -> str:
    named = context.get_x_argument(as_dictionary=True).get("url") or context.config.get_main_option("sqlalchemy.url")
    return named or load_settings(env=os.environ).portal.database_url


def migrate(connection: Connection) -> None:
    """One transaction: a migration that fails leaves the database as it was."""
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite",
                      compare_type=True, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


def migrate_by_url() -> None:
    database = Database(database_url())
    try:
        with database.engine.connect() as connection:
            migrate(connection.execution_options(writes=True))
    finally:
        database.dispose()


held: Connection | None = context.config.attributes.get("connection")
if held is not None:
    migrate(held)
else:
    migrate_by_url()
