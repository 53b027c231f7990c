"""Brings a database to the newest schema, from nothing or from any older one (Alembic)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.database import Database

ROOT = Path(__file__).resolve().parent.parent


def migrate(database: Database, scripts: str = "migrations") -> None:
    """Upgrade to the newest revision; a database that has it already costs one query. `scripts` is the folder of its
    migrations: the public site of its own has others (`migrations_outer`)."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / scripts))
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == ScriptDirectory.from_config(config).get_current_head():
            return
        connection.rollback()
        if database.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
        config.attributes["connection"] = connection.execution_options(writes=True)
        command.upgrade(config, "head")
