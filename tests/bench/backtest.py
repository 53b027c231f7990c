"""A back-test of another ladder over a million cases, compared card by card with the present one; two processes.

The cases are those of the simulated city, folded by the product from 40 days of its events, copied with numbers of their own
until there are enough. Floor: reading the same columns of the same rows in one process.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count as count_from
from pathlib import Path
from typing import Any

from alerts.backtest.service import PROCESSES, Period
from bootstrap import Services
from cases.changes import CASE_COLUMNS, Changes
from cases.models import case_table
from cases.projection import light_of
from cases.states import fold_all
from core.instants import DAY_US, to_us
from tests.bench.harness import Line, Options, stopwatch
from tests.bench.house import house
from tests.bench.workload import by_case, city_events

NOW = datetime.fromisoformat("2025-04-14T18:00:00+08:00")
EVENTS, LIMIT_S, DAYS = 60_000, 10.0, 40


def run(options: Options) -> list[Line]:
    """One line for the first size; SQLite, which is what reads slowest."""
    wanted, path = options.cases[0], options.folder / "backtest.db"
    with house(f"sqlite:///{path}", options.folder, NOW) as (services, _clock):
        made = _fill(services, path, wanted)
        floor_wall, floor_cpu = _floor(path)
        now = to_us(NOW)
        tested, present = services.previews.preset_everywhere("yulin"), services.previews.present()
        before = os.times()
        with stopwatch() as spent:
            result = services.backtester.run(tested, Period(now - DAYS * DAY_US, now), present, lines_max=100)
        after = os.times()
    cpu = spent.cpu + after.children_user + after.children_system - before.children_user - before.children_system
    changes = ", ".join(f"{name} {number:,}" for name, number in sorted(result.changes.items()))
    return [Line(f"back-test of 榆林 against 科创, {result.cases:,} cases, sqlite, {PROCESSES} processes",
                 f"{result.seconds:.1f} s wall, {cpu:.1f} s CPU ({cpu / result.cases * 1e6:.1f} µs a case)",
                 f"reading the same columns: {floor_wall:.1f} s wall, {floor_cpu:.1f} s CPU", f"{cpu / floor_cpu:.1f} CPU",
                 f"≤ {LIMIT_S:.0f} s", result.seconds <= LIMIT_S,
                 f"both ladders judged; {changes}; {result.scalar} judged one by one; cases made in {made:.0f} s")]


def _floor(path: Path) -> tuple[float, float]:
    connection = sqlite3.connect(path)
    with stopwatch() as spent:
        cursor = connection.execute("SELECT case_id, fold, acts FROM cases")
        while cursor.fetchmany(25_000):
            pass
    connection.close()
    return spent.wall, spent.cpu


def _fill(services: Services, path: Path, wanted: int) -> float:
    began, now_us = time.perf_counter(), to_us(NOW)
    grouped: dict[tuple[str, str], list[Any]] = {}
    for event in by_case(city_events(EVENTS, cases_per_day=300)):
        grouped.setdefault((event.area, event.case_no), []).append(event)
    written = Changes()
    for events in grouped.values():
        fold = fold_all(events)
        states = services.recorder.judged(now_us, 0, fold)
        recorder, tally = services.recorder, services.recorder.tally(fold, states)
        written.case(0, fold, light_of(fold, states), tally, None, marks=recorder.marks(fold, tally, states))
    services.database.dispose()
    connection = sqlite3.connect(path, isolation_level=None)
    columns = ("area", "case_no", *CASE_COLUMNS)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO {case_table.name} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})",
                           _copies(written.new_cases, wanted))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return time.perf_counter() - began


def _copies(models: list[tuple[Any, ...]], wanted: int) -> Iterator[tuple[Any, ...]]:
    for case_id in count_from(1):
        if case_id > wanted:
            return
        yield *models[case_id % len(models)][:-1], case_id
