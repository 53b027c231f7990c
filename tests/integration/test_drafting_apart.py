"""The product's own second process: built from what the program was built from, and of no use where that was edited since."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, update
from sqlalchemy.exc import DBAPIError

from bootstrap import Services, build_services
from cases.models import case_table
from config.ladders import RULES_DIR
from config.settings import load_settings
from core.clock import FrozenClock
from core.database import Database
from core.errors import ConfigError
from core.instants import from_us
from drafting import _names_its_server, drafter_of, drafting_of, rules_print
from feeds import delivery_reading
from feeds.quarantine import Delivery
from tests.bench.workload import as_json, batches, city_events
from tests.companions import AwaitedCompanion, reading_apart

EVENTS = city_events(1_200, 20_000)
NOW_US = max(event.claimed_at for event in EVENTS)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> type[AwaitedCompanion]:
    return reading_apart(monkeypatch, delivery_reading)


@pytest.fixture
def services(apart: type[AwaitedCompanion], fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    shutil.copytree(RULES_DIR, tmp_path / "rules")
    settings = load_settings({"database.url": fresh_database_url, "journal.key_path": str(tmp_path / "journal.key"),
                              "journal.anchor_dir": str(tmp_path), "paths.rules_dir": str(tmp_path / "rules")})
    services = build_services(settings, FrozenClock(from_us(NOW_US)))
    yield services
    services.delivery_reader.close()
    services.database.dispose()


def test_a_day_delivered_over_it_is_the_day_the_journal_tells(services: Services, apart: type[AwaitedCompanion]) -> None:
    taken = drafted = 0
    for batch in batches(EVENTS, 300):
        read = services.delivery_reader.read("hall", [as_json(event) for event in batch], 1, NOW_US)
        drafted += len(read.drafts.cases) if read.drafts is not None else 0
        _, account = services.ingest.take(Delivery("hall"), read.parsed, drafts=read.drafts)
        assert account.accepted + account.duplicates == len(batch)
        taken += (read.drafts.taken or 0) if read.drafts is not None else 0
    assert len(apart.started) == 1
    assert taken == drafted > 300, "nobody wrote in between"
    assert services.recounter.recount().differences == []
    services.sweeper.sweep_all()
    assert services.recounter.recount().differences == []


def test_with_other_files_than_its_program_was_built_from_it_drafts_nothing(services: Services, tmp_path: Path) -> None:
    printed = rules_print(services.settings)
    drafting = drafting_of(services.settings, services.catalogue, printed)
    assert drafting is not None
    assert drafting.maker == "drafting:drafter_of"
    assert drafter_of(drafting.setup) is not None
    [*_, ladder] = sorted((tmp_path / "rules").glob("*.yaml"))
    ladder.write_text(ladder.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="edited_since"):
        drafter_of(drafting.setup)
    assert drafting_of(services.settings, services.catalogue, printed) is None, "or while the program read them"


def test_with_other_code_than_its_program_runs_it_drafts_nothing(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    drafting = drafting_of(services.settings, services.catalogue, rules_print(services.settings))
    assert drafting is not None
    monkeypatch.setattr("drafting._CODE", "of another version")
    with pytest.raises(ConfigError, match="edited_since"):
        drafter_of(drafting.setup)


def test_it_cannot_write_nor_make_a_database_that_is_not_there(services: Services, tmp_path: Path) -> None:
    drafting = drafting_of(services.settings, services.catalogue, rules_print(services.settings))
    assert drafting is not None
    database = drafter_of(drafting.setup)._database
    with pytest.raises(DBAPIError), database.read() as conn:
        conn.execute(update(case_table).values(marks=""))
    database.dispose()
    absent = Database(f"sqlite:///{tmp_path}/no/such folder/x.db", only_reads=True)
    with pytest.raises(DBAPIError), absent.read():
        pass
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(("url", "is_told"), [
    ("postgresql+psycopg://anna@db/y", True), ("postgresql+psycopg://anna@/y?host=/run/postgresql", True),
    ("postgresql+psycopg://db/y", False), ("postgresql+psycopg:///y", False), ("sqlite:///y.db", True)])
def test_an_address_that_leaves_something_to_the_environment_is_not_handed_over(url: str, is_told: bool) -> None:
    assert _names_its_server(make_url(url)) is is_told


def test_it_can_be_turned_off(services: Services) -> None:
    ingest = services.settings.ingest.model_copy(update={"drafts_stand_s": 0})
    settings = services.settings.model_copy(update={"ingest": ingest})
    assert drafting_of(settings, services.catalogue, rules_print(settings)) is None
