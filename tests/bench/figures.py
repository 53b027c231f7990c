"""Fifty departments compared over five years of daily rows: the query as every screen asks it, beside the bare sums in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random

import msgspec

from bootstrap import Services
from core.access import SYSTEM
from core.database import Database, bulk_insert
from core.instants import day_of
from evaluation.http import shown
from evaluation.models import DAY_KEY, FIGURES, PLACE_COLUMNS, figure_days, figure_details, figure_places
from evaluation.period import By, Period
from evaluation.places import PLACE_MASK, row_number, row_numbers, time_key
from tests.bench.harness import Line, Options, percentile, spread, stopwatch, store
from tests.bench.house import house

LIMIT_MS = 200.0
DEPARTMENTS, ITEMS, READS, SLICE = 50, 4, 40, 20_000
FIVE_YEARS, MONTH = Period(date(2021, 11, 1), date(2026, 10, 31)), Period(date(2026, 10, 1), date(2026, 10, 31))
# What a comparison shows: timeliness, speed, cards, procedure, satisfaction.
COMPARED = ("accepted", "finish_rate", "early_rate", "on_time_rate", "overdue_rate", "statutory_speed", "promised_speed",
            "cards_per_1000", "correction_rate", "special_share", "satisfaction")
QUESTIONS: tuple[tuple[str, By, Period, tuple[str, ...]], ...] = (
    ("departments compared, five years", "org", FIVE_YEARS, ()), ("departments compared, one month", "org", MONTH, ()),
    ("one department by month, five years", "month", FIVE_YEARS, ("org07",)),
    ("the whole city by day, five years", "day", FIVE_YEARS, ()), ("items of one month", "item", MONTH, ()))


def run(options: Options) -> list[Line]:
    """Per database a line for each question."""
    return [line for name in options.stores for line in _measured(options.folder, name)]


def _measured(folder: Path, name: str) -> list[Line]:
    with store(name, folder) as (url, _others), house(url, folder) as (services, _clock):
        days, details = _fill(services.database)
        return [_line(services, name, question, f"{days:,} rows of departments' days, {details:,} in detail")
                for question in QUESTIONS]


def _line(services: Services, name: str, question: tuple[str, By, Period, tuple[str, ...]], kept: str) -> Line:
    what, by, period, orgs = question
    took, bare, answers = [], [], 0
    for _ in range(READS):
        with stopwatch() as spent:
            found = services.evaluation.queries.figures(SYSTEM, period, by, COMPARED, orgs=orgs)
            msgspec.json.encode([shown(one) for one in found])
        took.append(spent.wall * 1000)
        answers = len(found)
        with stopwatch() as spent:
            _bare(services, by, period, orgs)
        bare.append(spent.wall * 1000)
    p95 = percentile(took, 0.95)
    return Line(f"{what}, {name}", f"{spread(took)} for {answers} figures, encoded", f"the same sums in SQL: {spread(bare)}",
                f"{percentile(took, 0.5) / percentile(bare, 0.5):.1f} at p50", f"p95 ≤ {LIMIT_MS:g} ms", p95 <= LIMIT_MS,
                f"{kept}; {READS} reads; p50 / p95 / p99")


def _bare(services: Services, by: By, period: Period, orgs: Sequence[str]) -> None:
    """The driver's own rows of one statement with the same sums."""
    catalogue, (first, last) = services.evaluation.indicators, period.days
    names = dict.fromkeys(name for code in COMPARED for name in catalogue.find(code).names if name in FIGURES)
    column, sums = "day" if by == "month" else by, ", ".join(f"sum({name})" for name in names)
    narrowed = f" AND org IN ({', '.join(repr(org) for org in orgs)})" if orgs else ""
    of_days = f"figure_days WHERE basis = 0 AND day BETWEEN {first} AND {last}{narrowed}"
    least, most = row_numbers(0, first, last)
    of_items = f"figure_details JOIN figure_places ON place = id & {PLACE_MASK} WHERE id BETWEEN {least} AND {most}"
    with services.database.read() as conn:
        rows = of_items if by == "item" else of_days
        conn.exec_driver_sql(f"SELECT {column}, {sums} FROM {rows} GROUP BY {column}").fetchall()


def _fill(database: Database) -> tuple[int, int]:
    """Five years of every department on both bases, and in detail the last of them."""
    random, days, details = Random(6), 0, 0
    first, last = (day_of(FIVE_YEARS.first), day_of(FIVE_YEARS.last))
    places = [(basis, day, "360500", f"org{number:02}") for basis in (0, 1) for day in range(first, last + 1)
              for number in range(DEPARTMENTS)]
    for start in range(0, len(places), SLICE):
        rows = [(*place, *_counts(random)) for place in places[start:start + SLICE]]
        with database.transaction() as conn:
            bulk_insert(conn, figure_days, (*DAY_KEY, *FIGURES), rows)
        days += len(rows)
    numbers = _number_places(database)
    recent = [place for place in places if place[1] > last - 365 and place[0] == 0]
    for start in range(0, len(recent), SLICE // ITEMS):
        rows = [(row_number(time_key(basis, day), numbers[org, item]), *_counts(random))
                for basis, day, _area, org in recent[start:start + SLICE // ITEMS] for item in range(ITEMS)]
        with database.transaction() as conn:
            bulk_insert(conn, figure_details, ("id", *FIGURES), rows)
        details += len(rows)
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM ANALYZE figure_days")
            conn.exec_driver_sql("VACUUM ANALYZE figure_details")
    return days, details


def _number_places(database: Database) -> dict[tuple[str, int], int]:
    """The number of each department and item."""
    pairs = [(f"org{number:02}", item) for number in range(DEPARTMENTS) for item in range(ITEMS)]
    rows = [(number, "360500", org, f"{org}-{item}", "web") for number, (org, item) in enumerate(pairs, start=1)]
    with database.transaction() as conn:
        bulk_insert(conn, figure_places, ("place", *PLACE_COLUMNS), rows)
    return {pair: number for number, pair in enumerate(pairs, start=1)}


def _counts(random: Random) -> list[int]:
    return [random.randrange(30) for _ in FIGURES]
