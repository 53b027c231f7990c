"""Millions of open cases, written in bulk: every row is what the product itself would have written for such a case.

In each of the last 9,600 office minutes (about 23 working days) as many cases were accepted. Facts, clocks, lights and
counters of a minute's case come from the product's own fold and projection; the millions are copies with numbers of their own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count as count_from
from itertools import islice, takewhile
from random import Random
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.schema import CreateIndex, DropIndex

from cases.areas import Area, Areas
from cases.changes import CASE_COLUMNS, CLOCK_COLUMNS, LIGHTS, Changes, Counters
from cases.events import CaseEvent, EventKind
from cases.models import case_table, clocks, counter_days, counter_lights
from cases.projection import light_of, project
from cases.states import fold_all
from cases.tally import MEASURES, tally_of
from config.calendars import load_calendars
from config.catalogue import Catalogue, Item, load_catalogue
from config.ladders import load_presets
from core.database import Database, bulk_insert
from core.instants import DAY_US, MINUTE_US, to_us
from evaluation.marks import CaseMarker

NOW = datetime.fromisoformat("2026-03-10T10:00:00+08:00")
OFFICE_MINUTES = 9_600
CHUNK = 50_000
_NUMBER = "C{:09d}"
_ALL_CASE_COLUMNS = ("area", "case_no", *CASE_COLUMNS)
_FOLD = _ALL_CASE_COLUMNS.index("fold")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was made, and how long it took."""

    cases: int
    told: str


@dataclass(frozen=True, slots=True)
class _Model:
    """A case as the product writes it, cut open where its number stands."""

    case: tuple[Any, ...]
    fold: tuple[bytes, bytes]
    clocks: list[tuple[Any, ...]]


def load_cases_into(url: str, count: int) -> Loaded:
    """Fill the empty, migrated database with `count` open cases."""
    began = time.perf_counter()
    counters = Counters()
    models = _models(counters, count)
    load = _load_sqlite if url.startswith("sqlite") else _load_postgres
    rows = load(url, models, count)
    database = Database(url)
    _write_counters(database, counters)
    database.dispose()
    return Loaded(count, f"{count:,} cases and {rows:,} clocks made in {time.perf_counter() - began:.0f} s")


def _models(counters: Counters, count: int) -> list[_Model]:
    catalogue, areas = _world()
    calendar, rng, now_us = areas.default.calendar, Random(1), to_us(NOW)
    items = [item for item in catalogue.items.values() if item.promised and item.promised.unit == "wd"]
    day = calendar.add_working_days(calendar.today(now_us), -(OFFICE_MINUTES * MINUTE_US // calendar.day_us + 2))
    opened = (calendar.to_utc(calendar.advance(day * DAY_US, minute * MINUTE_US + 1)) for minute in count_from(0))
    instants = list(takewhile(lambda at: at < now_us, opened))[-OFFICE_MINUTES:]
    share, left = divmod(count, len(instants))
    return [_model(counters, rng.choice(items), at, now_us, areas, catalogue, share + (number < left))
            for number, at in enumerate(instants)]


def _world() -> tuple[Catalogue, Areas]:
    catalogue = load_catalogue()
    default = Area(catalogue.default_area, catalogue.city, "cn", "Asia/Shanghai", "kechuang")
    return catalogue, Areas(load_calendars(), load_presets(), default)


def _model(counters: Counters, item: Item, at: int, now_us: int, areas: Areas, catalogue: Catalogue, times: int) -> _Model:
    number = _NUMBER.format(0)
    fold = fold_all([CaseEvent(source="hall", source_event_id="1", kind=EventKind.ACCEPTED, case_no=number,
                               area=catalogue.default_area, claimed_at=at, org=item.org, item=item.code)])
    states = project(fold, 0, areas.default, catalogue, now_us)
    written = Changes()
    tally = tally_of(fold, fold.org, states, lambda _fold: areas.default.calendar)
    written.case(0, fold, light_of(fold, states), tally, None, marks=CaseMarker(areas, catalogue)(fold, tally, states))
    written.clocks_of(fold, 0, states, {}, now_us)
    for place, counts in written.counters.lights.items():
        counters.lights[place] = [total + times * one for total, one in zip(counters.lights[place], counts, strict=True)]
    for text, cases in written.counters.tallies.items():
        counters.tallies[text] += times * cases
    case = written.new_cases[0]
    before, _, after = case[_FOLD].partition(number.encode())
    return _Model(case, (before, after), written.new_clocks)


def _case_rows(models: Sequence[_Model], count: int) -> Iterator[tuple[Any, ...]]:
    for case_id in range(1, count + 1):
        model = models[case_id % len(models)]
        number, case = _NUMBER.format(case_id), model.case
        fold = model.fold[0] + number.encode() + model.fold[1]
        yield case[0], number, *case[2:_FOLD], fold, *case[_FOLD + 1:-1], case_id


def _clock_rows(models: Sequence[_Model], count: int) -> Iterator[tuple[Any, ...]]:
    for case_id in range(1, count + 1):
        for row in models[case_id % len(models)].clocks:
            yield *row[:-3], case_id, *row[-2:]


def _load_sqlite(url: str, models: Sequence[_Model], count: int) -> int:
    """Without journal, and with the indexes made afterwards; durability begins when the data is there."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-524288", "locking_mode=EXCLUSIVE"):
        connection.execute(f"PRAGMA {pragma}")
    rows = 0
    for table, columns, made in _tables(models, count):
        for index in table.indexes:
            connection.execute(str(DropIndex(index)))
        marks = ",".join("?" * len(columns))
        connection.execute("BEGIN")
        rows = connection.executemany(f"INSERT INTO {table.name} ({','.join(columns)}) VALUES ({marks})", made).rowcount
        connection.execute("COMMIT")
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=sqlite_dialect())))
    connection.close()
    return rows


def _load_postgres(url: str, models: Sequence[_Model], count: int) -> int:
    database, rows = Database(url), 0
    for table, columns, made in _tables(models, count):
        with database.transaction() as conn:
            for index in table.indexes:
                conn.execute(DropIndex(index))
        rows = 0
        while part := list(islice(made, CHUNK)):
            with database.transaction() as conn:
                bulk_insert(conn, table, columns, part)
            rows += len(part)
        with database.transaction() as conn:
            for index in table.indexes:
                conn.execute(CreateIndex(index))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
    database.dispose()
    return rows


def _tables(models: Sequence[_Model],
            count: int) -> Iterator[tuple[Table, tuple[str, ...], Iterator[tuple[Any, ...]]]]:
    yield case_table, _ALL_CASE_COLUMNS, _case_rows(models, count)
    yield clocks, CLOCK_COLUMNS, _clock_rows(models, count)


def _write_counters(database: Database, counters: Counters) -> None:
    with database.transaction() as conn:
        bulk_insert(conn, counter_lights, ("org", "item", *(light.value for light in LIGHTS)),
                    [(*place, *counts) for place, counts in counters.lights.items()])
        bulk_insert(conn, counter_days, ("org", "day", *MEASURES),
                    [(*place, *counts) for place, counts in counters.days().items()])
