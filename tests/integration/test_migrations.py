"""Migrations go up, down and up again on both databases, and leave exactly the tables the code declares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from core.database import Database, import_models

REPOSITORY = Path(__file__).resolve().parents[2]


def alembic_for(url: str) -> Config:
    config = Config(REPOSITORY / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


@pytest.fixture
def tables(fresh_database_url: str) -> Callable[[], set[str]]:
    """The names of the tables that stand in the database now, Alembic's own left out."""

    def names() -> set[str]:
        database = Database(fresh_database_url)
        try:
            return set(inspect(database.engine).get_table_names()) - {"alembic_version"}
        finally:
            database.dispose()

    return names


def test_it_goes_up_down_and_up_again(fresh_database_url, tables):
    config = alembic_for(fresh_database_url)
    declared = set(import_models().tables)

    command.upgrade(config, "head")
    after_upgrade = tables()
    command.downgrade(config, "base")
    after_downgrade = tables()
    command.upgrade(config, "head")

    assert declared == after_upgrade
    assert set() == after_downgrade
    assert declared == tables()


def test_every_single_step_can_be_taken_back(fresh_database_url):
    config = alembic_for(fresh_database_url)
    steps = list(ScriptDirectory.from_config(config).walk_revisions())

    for _step in steps:
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
        command.upgrade(config, "+1")

    with pytest.raises(Exception, match="Relative revision"):
        command.upgrade(config, "+1")


def test_the_migrated_schema_is_the_declared_one(fresh_database_url):
    command.upgrade(alembic_for(fresh_database_url), "head")

    assert [] == differences(fresh_database_url)


def test_create_all_gives_the_same_schema_as_the_migrations(fresh_database_url):
    """Tests and benchmarks create tables directly; they must be testing what installations have."""
    database = Database(fresh_database_url)
    database.create_all()
    database.dispose()

    assert [] == differences(fresh_database_url)


def test_there_is_one_head():
    assert 1 == len(ScriptDirectory.from_config(alembic_for("sqlite://")).get_heads())


def differences(url: str) -> list[object]:
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            return list(compare_metadata(context, import_models()))
    finally:
        database.dispose()
