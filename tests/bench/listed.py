"""The list behind a figure of a department with a million cases: a page as a signed-in browser asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
from flask.testing import FlaskClient

from bootstrap import Services
from cases.models import case_table
from core.database import bulk_insert
from core.instants import DAY_US
from evaluation.marks import Marks
from evaluation.models import FIGURES
from tests.bench.figures import FIVE_YEARS
from tests.bench.harness import Line, percentile, spread, stopwatch
from tests.staff import run_callback

CASES, AT_ONCE, READS, LIMIT_MS = 1_000_000, 20_000, 6, 1000.0
ORG, AREA = "org07", "360500"
ASKED = (("late cases of one month", "period=2026-10&indicator=overdue_rate&part=above"),
         ("received in one month, four years ago", "period=2022-10&indicator=received&part=above"),
         ("concluded in a year", "from=2025-11-01&to=2026-10-31&indicator=overdue_rate&part=below"),
         ("what cases of five years were quicker by", f"from={FIVE_YEARS.first}&to={FIVE_YEARS.last}&indicator=promised_speed"))
_COLUMNS = ("case_id", "area", "case_no", "org", "item", "state", "light", "opened_at", "closed_at", "last_event_at", "tally",
            "fold", "marks")
_CONCLUDED, _OUTCOMES = FIGURES.index("concluded"), [FIGURES.index(name) for name in ("early", "on_due_day", "late")]


def lines(services: Services, client: FlaskClient, name: str) -> list[Line]:
    """One for each question, with the cases written first."""
    with services.database.transaction() as conn:
        rows = _rows()
        for _ in range(0, CASES, AT_ONCE):
            bulk_insert(conn, case_table, _COLUMNS, [next(rows) for _ in range(AT_ONCE)])
    return [_line(services, client, f"a page of a list, {CASES:,} cases of the department: {what}, {name}", query)
            for what, query in ASKED]


def _line(services: Services, client: FlaskClient, what: str, query: str) -> Line:
    took, bare = [], []
    for _ in range(READS):
        with stopwatch() as spent:
            answer = run_callback(client, "/counted/", "counted-body.children",
                                  {"counted-address.search": f"?{query}&org={ORG}"})
        assert answer.status_code == 200, answer.text
        took.append(spent.wall * 1000)
        with stopwatch() as spent, services.database.read() as conn:
            conn.exec_driver_sql(f"SELECT count(marks) FROM cases WHERE org = '{ORG}'").fetchall()
        bare.append(spent.wall * 1000)
    p95 = percentile(took, 0.95)
    return Line(what, spread(took), f"what is kept of the department's cases, read in SQL: {spread(bare)}",
                f"{percentile(took, 0.5) / percentile(bare, 0.5):.1f} at p50", f"p95 ≤ {LIMIT_MS:g} ms", p95 <= LIMIT_MS,
                f"{READS} requests; p50 / p95 / p99")


def _rows() -> Iterator[tuple[Any, ...]]:
    """Five years of cases, each concluded within three weeks."""
    random, encode = Random(3), msgspec.json.Encoder().encode
    first, last = FIVE_YEARS.days
    for number in range(CASES):
        opened = first + number * (last - first) // CASES
        took = random.randrange(1, 20)
        closed, item = opened + took, f"item{number % 40}"
        marks = Marks(AREA, ORG, item, ("window", "web")[number % 2], received=opened, accepted=opened, ended=closed,
                      ending=_CONCLUDED, outcome=random.choice(_OUTCOMES), timing=(20, took, 10, took, 1, 1, 1, took, 0, 0))
        yield (number + 1, AREA, f"C{number:09d}", ORG, item, "concluded", "done", opened * DAY_US, closed * DAY_US,
               closed * DAY_US, "x" * 60, b"f" * 400, encode(marks).decode())
