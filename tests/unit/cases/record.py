"""A small record for the tests of the cases: databases made once per file, a made catalogue, and facts in one line each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from sqlalchemy import Table, delete, select
from sqlalchemy.engine import make_url

from alerts.alarms import AlarmService, standing_alarms
from alerts.models import cards as card_table
from alerts.rules import CardRules
from alerts.service import CardService
from alerts.wire import CardWriter
from bootstrap import reactions
from cases.areas import Area, Areas
from cases.chain import ChainKeys
from cases.events import CaseEvent, EventData, EventKind, Outcome, Status, case_id_of
from cases.models import clock_rungs
from cases.queries import CaseQueries
from cases.recount import Recounter
from cases.service import Recorder
from cases.sweep import Sweeper
from config.calendars import load_calendars
from config.ladders import load_presets
from core.clock import FrozenClock
from core.database import Database, metadata
from core.doorbell import InProcessDoorbell
from core.instants import to_us
from core.limits import Limit, parse_limit
from core.unit_of_work import UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from tests.unit.alerts.house import PlainWording

SHANGHAI = ZoneInfo("Asia/Shanghai")
AREA = "360500"
KEYS = ChainKeys(b"a secret of the tests, 32 bytes+")
K = EventKind


# Databases --------------------------------------------------------------------------------------------------------

@contextmanager
def made_database(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """A database with every table, for all tests of a file: making one takes longer than most of them."""
    if dialect == "sqlite":
        with opened(f"sqlite:///{folder / 'record.db'}") as database:
            yield database
        return
    with fresh_postgres(str(request.getfixturevalue("postgres_url"))) as url, opened(url) as database:
        yield database


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    database.create_all()
    yield database
    database.dispose()


@contextmanager
def fresh_postgres(server_url: str) -> Iterator[str]:
    """URL of an empty database of that server, dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    _administer(server_url, f'CREATE DATABASE "{name}"')
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    _administer(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


def emptied(database: Database) -> Database:
    with database.transaction() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(delete(table))
    return database


def rows_of(database: Database, table: Table, *without: str) -> list[tuple[Any, ...]]:
    """The rows of a table, sorted, without the columns named."""
    columns = [column for column in table.c if column.name not in without]
    with database.read() as conn:
        return sorted((tuple(row) for row in conn.execute(select(*columns))), key=repr)


# What the city promises -------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Item:
    promised: Limit | None
    statutory: Limit | None
    name: str = "item"


@dataclass
class City:
    """A catalogue of a few items; `broken` ones raise when they are looked up."""

    items: dict[str, Item] = field(default_factory=lambda: {
        "permit": Item(parse_limit("7wd"), parse_limit("10wd")),
        "long": Item(parse_limit("20wd"), None),
        "unlimited": Item(None, None)})
    broken: set[str] = field(default_factory=set)

    def find_item(self, code: str) -> Item | None:
        if code in self.broken:
            raise RuntimeError(f"{code} is broken")
        return self.items.get(code)

    def find_organisation(self, code: str) -> None:
        return None


@cache
def calendars() -> dict[str, WorkingCalendar]:
    return load_calendars()


@cache
def city_areas(preset: str = "kechuang") -> Areas:
    return Areas(calendars(), load_presets(), Area(AREA, "新余", "cn", "Asia/Shanghai", preset))


# The record -------------------------------------------------------------------------------------------------------

class Record:
    """Everything that writes and reads cases, on one database and one frozen clock."""

    def __init__(self, database: Database, clock: FrozenClock | None = None, *, batch: int = 100,
                 preset: str = "kechuang", city: City | None = None, judged_by: str = "") -> None:
        self.database, self.city, self.areas = database, city or City(), city_areas(preset)
        self.clock = clock or FrozenClock(datetime(2018, 10, 15, 2, 0, tzinfo=UTC))
        self.uow = UnitOfWorkFactory(database, self.clock, InProcessDoorbell())
        self.recorder = Recorder(self.uow, KEYS, self.areas, self.city)
        self.sweeper = Sweeper(self.uow, self.recorder, batch, retry_after_s=300, judged_by=str(sorted(self.city.items)))
        self.recounter = Recounter(self.uow, self.sweeper, self.recorder)
        self.queries = CaseQueries(database, self.areas, self.city)
        self.alarms = AlarmService()
        self.card_service = CardService(self.uow, CardWriter(PlainWording(), SHANGHAI), CardRules())
        self.uow.reactions.update(reactions(self.card_service, self.alarms))

    def at(self, text: str) -> Record:
        """Move the clock."""
        self.clock.move_to(shanghai(text))
        return self

    def take(self, *events: CaseEvent) -> list[Outcome]:
        """Record, and insist that everything is well."""
        outcomes = self.recorder.record(events)
        assert {outcome.status for outcome in outcomes} <= {Status.OK}, outcomes
        return outcomes

    def rungs(self) -> list[tuple[str, str, str]]:
        """(clock, rung, instant) of every claimed rung, by instant."""
        with self.database.read() as conn:
            found = conn.execute(select(clock_rungs).order_by(clock_rungs.c.at, clock_rungs.c.rung)).all()
        return [(row.kind, row.rung, told(row.at)) for row in found]

    def cards(self) -> list[tuple[int, bool, str | None]]:
        """(level, condition, why it closed) of every card ever raised, oldest first."""
        with self.database.read() as conn:
            found = conn.execute(select(card_table).order_by(card_table.c.id)).all()
        return [(row.level, row.condition, row.closed_reason) for row in found]

    def alarm_codes(self) -> dict[str, int]:
        """Standing alarms with their counts."""
        with self.database.read() as conn:
            return {alarm.code: alarm.count for alarm in standing_alarms(conn)}

    def light(self, case_no: str = "1") -> str:
        found = self.queries.find_case(case_no, self.clock.now_us())
        assert found is not None, f"no case {case_no}"
        return found.light


# Facts in one line ------------------------------------------------------------------------------------------------

def shanghai(text: str) -> datetime:
    """`10-15 10:00` of 2018, or `2026-12-20 10:00`, on Shanghai's clocks."""
    full = text if len(text.split(" ")[0]) == 10 else f"2018-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=SHANGHAI)


def us(text: str) -> int:
    return to_us(shanghai(text))


def told(at: int | None) -> str:
    """The inverse, without the year."""
    return "-" if at is None else datetime.fromtimestamp(at / 1e6, SHANGHAI).strftime("%m-%d %H:%M")


def event(kind: EventKind, when: str, *, case_no: str = "1", id: str | None = None, version: int = 1, item: str = "permit",
          org: str | None = "Land", source: str = "hall", order: int = 0, step: str | None = None,
          area: str = AREA, **data: Any) -> CaseEvent:
    """One event; its id follows from what it says unless one is given."""
    return CaseEvent(source=source, source_event_id=id or f"{case_no}/{kind.value}/{when}/{order}", source_version=version,
                     kind=kind, case_no=case_no, area=area, claimed_at=us(when), order=order, org=org, item=item or None,
                     step=step, data=EventData(**data))


def renumbered(events: Sequence[CaseEvent], case_no: str) -> list[CaseEvent]:
    """The same story of another case."""
    return [msgspec.structs.replace(one, case_no=case_no, source_event_id=f"{case_no}:{one.source_event_id}")
            for one in events]


def case_id(case_no: str = "1", area: str = AREA) -> int:
    return case_id_of(area, case_no)
