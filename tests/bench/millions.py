"""A minute's sweep and the heat map with millions of open cases: what they cost must not follow how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select

from bootstrap import Services
from cases.models import clocks
from core.clock import FrozenClock
from core.database import Database, bulk_update
from core.instants import to_us
from tests.bench.harness import Line, Options, percentile, spread, stopwatch, store
from tests.bench.house import house
from tests.bench.many_cases import NOW, Loaded, load_cases_into

RATIO_LIMIT, BOARD_LIMIT_MS = 1.5, 20.0
MINUTES, FLOOR_MINUTES, READS = 10, 5, 200


def run(options: Options) -> list[Line]:
    """Per database and size a line for the sweep and one for the board, and the ratio of the largest to the smallest."""
    lines: list[Line] = []
    for name in options.stores:
        costs: list[float] = []
        for count in options.cases:
            with store(name, options.folder) as (url, others):
                lines += _measured(url, others, options.folder, name, count, costs)
            _forget(options.folder)
        if len(costs) > 1:
            ratio = costs[-1] / costs[0]
            lines.append(Line(f"sweep, {name}, {options.cases[-1]:,} against {options.cases[0]:,} open cases",
                              f"{ratio:.2f} times the cost per rung", "", "", f"≤ {RATIO_LIMIT}", ratio <= RATIO_LIMIT,
                              "medians of the CPU time per rung"))
    return lines


def _measured(url: str, others: Sequence[int], folder: Path, name: str, count: int, costs: list[float]) -> list[Line]:
    with house(url, folder, NOW) as (services, _clock):
        services.database.dispose()
    loaded = load_cases_into(url, count)
    with house(url, folder, NOW) as (services, clock):
        sweep, cost = _sweep_line(services, clock, others, name, loaded)
        costs.append(cost)
        return [sweep, _board_line(services, name, count)]


def _sweep_line(services: Services, clock: FrozenClock, others: Sequence[int], name: str,
                loaded: Loaded) -> tuple[Line, float]:
    walls, cpus, rungs = [], [], []
    services.sweeper.sweep_all()
    for _ in range(MINUTES):
        clock.advance(timedelta(minutes=1))
        with stopwatch(others) as spent:
            swept = services.sweeper.sweep_all()
        if not swept.rungs:
            continue  # in some minutes nothing passes
        walls.append(spent.wall / swept.rungs * 1e6)
        cpus.append(spent.cpu / swept.rungs * 1e6)
        rungs.append(swept.rungs)
    floor = _floor(services.database, clock, others)
    line = Line(f"sweep of one minute, {name}, {loaded.cases:,} open cases",
                f"{median(cpus):.0f} µs CPU and {median(walls):.0f} µs wall per rung, its card written and told; "
                f"{median(walls) * median(rungs) / 1000:.0f} ms a minute",
                f"read by index and update the same clocks: {floor:.0f} µs CPU per rung", f"{median(cpus) / floor:.1f}",
                "see the ratio", None, f"{MINUTES} minutes, {sum(rungs):,} rungs; {loaded.told}")
    return line, median(cpus)


def _floor(database: Database, clock: FrozenClock, others: Sequence[int]) -> float:
    """Microseconds of CPU per rung of the next minutes: found by index, its clock updated; taken back, never committed."""
    costs: list[float] = []
    key = ("case_id", "kind", "ordinal")
    for _ in range(FLOOR_MINUTES):
        since = clock.now_us()
        clock.advance(timedelta(minutes=1))
        due = select(*clocks.c["next_at", *key]).where(clocks.c.next_at > since, clocks.c.next_at <= clock.now_us())
        with database.engine.connect().execution_options(writes=True) as conn, stopwatch(others) as spent:
            rows = [tuple(row) for row in conn.execute(due.order_by(clocks.c.next_at))]
            bulk_update(conn, clocks, ("next_at", *key), [(row[0] + 1, *row[1:]) for row in rows], key)
            conn.rollback()
        if rows:
            costs.append(spent.cpu / len(rows) * 1e6)
    return median(costs)


def _board_line(services: Services, name: str, count: int) -> Line:
    now_us, took, bare = to_us(services.clock.now()), [], []
    for _ in range(READS):
        with stopwatch() as spent:
            services.case_queries.board(now_us)
            services.case_queries.figures(now_us)
        took.append(spent.wall * 1000)
        with stopwatch() as spent, services.database.read() as conn:
            conn.exec_driver_sql("SELECT * FROM counter_lights").fetchall()
        bare.append(spent.wall * 1000)
    return Line(f"heat map and key figures, {name}, {count:,} open cases", spread(took),
                f"all rows of the light counters as the driver gives them: {spread(bare)}",
                f"{percentile(took, 0.5) / percentile(bare, 0.5):.1f} at p50", f"p95 ≤ {BOARD_LIMIT_MS:g} ms",
                percentile(took, 0.95) <= BOARD_LIMIT_MS, f"{READS} reads; p50 / p95 / p99")


def _forget(folder: Path) -> None:
    """The files of a database measured: 10 million cases are 10 GB."""
    for path in folder.glob("*.db*"):
        path.unlink()
