"""Fifty departments compared over five years of daily rows: the query as every screen asks it, beside the bare sums in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from bootstrap import Services
from core.access import SYSTEM
from core.database import Database, bulk_insert
from core.instants import day_of
from evaluation.http import shown
from evaluation.models import DAY_KEY, FIGURES, PLACE_COLUMNS, figure_days, figure_details, figure_months, figure_places
from evaluation.period import By, Period, first_of_month
from evaluation.places import PLACE_BITS, PLACE_MASK, row_number, row_numbers, time_key
from evaluation.scope import IN_DETAIL
from tests.bench.harness import Line, Options, percentile, spread, stopwatch, store
from tests.bench.house import house

LIMIT_MS, DETAILED_MS = 200.0, 1000.0  # five years of departments; whatever ten million cases are told apart by
TODAY = datetime(2026, 11, 2, 1, tzinfo=UTC)
DEPARTMENTS, ITEMS, READS, FLOOR_READS, SLICE = 50, 5, 40, 5, 20_000
LATE = 1_790_000_000_000_000  # when every tenth day was corrected
CHANNELS, DAYS_AT_ONCE = ("window", "web", "app", "post"), 20
FIVE_YEARS, MONTH = Period(date(2021, 11, 1), date(2026, 10, 31)), Period(date(2026, 10, 1), date(2026, 10, 31))
# What a comparison shows: timeliness, speed, cards, procedure, satisfaction.
COMPARED = ("accepted", "finish_rate", "early_rate", "on_time_rate", "overdue_rate", "statutory_speed", "promised_speed",
            "cards_per_1000", "correction_rate", "special_share", "satisfaction")


class Question(NamedTuple):
    """What is asked; `items` narrows to one of the catalogue's, by its place."""

    what: str
    by: By
    period: Period
    orgs: tuple[str, ...] = ()
    item: int | None = None
    codes: tuple[str, ...] = COMPARED

    @property
    def limit_ms(self) -> float | None:
        """Twenty thousand figures are an export, not a comparison."""
        if self.by == "day" and self.item is None:
            return None
        return DETAILED_MS if self.is_detailed else LIMIT_MS

    @property
    def is_detailed(self) -> bool:
        return self.by in IN_DETAIL or self.item is not None


QUESTIONS = (
    Question("departments compared, five years", "org", FIVE_YEARS), Question("departments compared, one month", "org", MONTH),
    Question("one department by month, five years", "month", FIVE_YEARS, ("org07",)),
    Question("the whole city by day, five years", "day", FIVE_YEARS), Question("items of one month", "item", MONTH),
    Question("items of five years", "item", FIVE_YEARS), Question("powers of five years", "power_kind", FIVE_YEARS),
    Question("one item by day, five years, one figure", "day", FIVE_YEARS, item=36, codes=("early_rate",)))


def run(options: Options) -> list[Line]:
    """Per database a line for each question."""
    return [line for name in options.stores for line in _measured(options.folder, name)]


def _measured(folder: Path, name: str) -> list[Line]:
    with store(name, folder) as (url, _others), house(url, folder, TODAY) as (services, _clock):
        kept = fill(services)
        return [_line(services, name, question, kept) for question in QUESTIONS]


def _line(services: Services, name: str, question: Question, kept: str) -> Line:
    items = () if question.item is None else (list(services.catalogue.items)[question.item],)
    took, bare, answers = [], [], 0
    for number in range(READS):
        with stopwatch() as spent:
            found = services.evaluation.queries.figures(SYSTEM, question.period, question.by, question.codes,
                                                        orgs=question.orgs, items=items)
            msgspec.json.encode([shown(one) for one in found])
        took.append(spent.wall * 1000)
        answers = len(found)
        if number < FLOOR_READS or not question.is_detailed:  # millions of rows each
            with stopwatch() as spent:
                _bare(services, question, items)
            bare.append(spent.wall * 1000)
    p95, most = percentile(took, 0.95), question.limit_ms
    limit, holds = ("–", None) if most is None else (f"p95 ≤ {most:g} ms", p95 <= most)
    return Line(f"{question.what}, {name}", f"{spread(took)} for {answers} figures, encoded",
                f"the same sums in SQL: {spread(bare)}", f"{percentile(took, 0.5) / percentile(bare, 0.5):.1f} at p50", limit,
                holds, f"{kept}; {READS} reads; p50 / p95 / p99")


def _bare(services: Services, question: Question, items: Sequence[str]) -> None:
    """The driver's own rows of one statement with the same sums."""
    catalogue, (first, last) = services.evaluation.indicators, question.period.days
    names = dict.fromkeys(name for code in question.codes for name in catalogue.find(code).names if name in FIGURES)
    sums = ", ".join(f"sum({name})" for name in names)
    narrowed = "".join(f" AND {column} IN ({', '.join(map(repr, given))})"
                       for column, given in (("org", question.orgs), ("item", items)) if given)
    least, most = row_numbers(0, first, last)
    if question.is_detailed:
        rows = f"figure_details JOIN figure_places ON place = id & {PLACE_MASK} WHERE id BETWEEN {least} AND {most}{narrowed}"
        column = {"day": f"id >> {PLACE_BITS}", "power_kind": "item"}.get(question.by, question.by)
    else:
        rows = f"figure_days WHERE basis = 0 AND day BETWEEN {first} AND {last}{narrowed}"
        column = "day" if question.by == "month" else question.by
    with services.database.read() as conn:
        conn.exec_driver_sql(f"SELECT {column}, {sums} FROM {rows} GROUP BY {column}").fetchall()


def fill(services: Services) -> str:
    """Five years of every department by day and month on both bases, and in detail by own days: as many rows as ten million
    cases leave there, some 5,500 a day over a thousand places. Returns what is kept, in words."""
    database, random = services.database, Random(6)
    days = _fill_days(database, random)
    _fill_months(database)
    details = _fill_details(database, _number_places(database, list(services.catalogue.items)), random)
    services.evaluation.roller.work()
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            for table in ("figure_days", "figure_months", "figure_details", "figure_detail_months"):
                conn.exec_driver_sql(f"VACUUM ANALYZE {table}")
    return f"{days:,} rows of departments' days, {details:,} in detail"


def _fill_days(database: Database, random: Random) -> int:
    first, last = (day_of(FIVE_YEARS.first), day_of(FIVE_YEARS.last))
    places = [(basis, day, "360500", f"org{number:02}") for basis in (0, 1) for day in range(first, last + 1)
              for number in range(DEPARTMENTS)]
    for start in range(0, len(places), SLICE):
        rows = [(*place, *_counts(random, 30), LATE if place[0] == 0 and place[1] % 10 == 0 else None)
                for place in places[start:start + SLICE]]
        with database.transaction() as conn:
            bulk_insert(conn, figure_days, (*DAY_KEY, *FIGURES, "corrected_at"), rows)
    return len(places)


def _fill_details(database: Database, places: int, random: Random) -> int:
    """Rows repeat a thousand others, which changes nothing for who adds them up."""
    first, last = (day_of(FIVE_YEARS.first), day_of(FIVE_YEARS.last))
    pool = [_counts(random, 10) for _ in range(1000)]
    for day in range(first, last + 1, DAYS_AT_ONCE):
        rows = [(row_number(time_key(0, at), place), *random.choice(pool))
                for at in range(day, min(day + DAYS_AT_ONCE, last + 1)) for place in range(1, places + 1)]
        with database.transaction() as conn:
            bulk_insert(conn, figure_details, ("id", *FIGURES), rows)
    return (last - first + 1) * places


def _fill_months(database: Database) -> None:
    months: dict[tuple[object, ...], list[int]] = {}
    with database.read() as conn:
        for basis, day, area, org, *counts in conn.exec_driver_sql(
                f"SELECT {', '.join((*DAY_KEY, *FIGURES))} FROM figure_days"):
            key = (basis, first_of_month(day), area, org)
            months[key] = [one + other for one, other in zip(months.get(key, [0] * len(counts)), counts, strict=True)]
    with database.transaction() as conn:
        bulk_insert(conn, figure_months, (*DAY_KEY, *FIGURES), [(*key, *counts) for key, counts in months.items()])


def _number_places(database: Database, items: Sequence[str]) -> int:
    """Numbers of each department's items by each channel; how many."""
    places = [(f"org{org:02}", items[(org * ITEMS + item) % len(items)], channel)
              for org in range(DEPARTMENTS) for item in range(ITEMS) for channel in CHANNELS]
    rows = [(number, "360500", *place) for number, place in enumerate(places, start=1)]
    with database.transaction() as conn:
        bulk_insert(conn, figure_places, ("place", *PLACE_COLUMNS), rows)
    return len(rows)


def _counts(random: Random, most: int) -> list[int]:
    return [random.randrange(most) for _ in FIGURES]
