"""The same over HTTP: a source posts batches to POST /api/v1/events of the real server, two at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from core.database import Database
from core.instants import from_us
from tests.bench.harness import Line, Options, Spent, spread, stopwatch, store
from tests.bench.house import BATCH, floor_of, recorded
from tests.bench.served import Served, served
from tests.bench.workload import as_json, batches, city_events

CONNECTIONS, WARM_UP = 2, 2 * BATCH  # one is read while the other is recorded
LIMIT, GOAL = 10_000, 20_000
BUSY_CITY = 20_000  # cases a day: so all events are of the last days, and few cases are overdue on arrival


def run(options: Options) -> list[Line]:
    """One line per database."""
    return [_line(options, name) for name in options.stores]


def _post(server: Served, batch: Sequence[bytes]) -> float:
    """Milliseconds until the answer."""
    began = time.perf_counter()
    server.post(batch)
    return (time.perf_counter() - began) * 1000


def _line(options: Options, name: str) -> Line:
    events = city_events(options.events, BUSY_CITY)
    present, raw = from_us(max(event.claimed_at for event in events)), [as_json(event) for event in events]
    with store(name, options.folder) as (url, others), served(url, options.folder, present) as server:
        warm_up, measured = raw[:WARM_UP], raw[WARM_UP:]
        for batch in batches(warm_up, BATCH):
            _post(server, batch)
        server.settle()
        took: list[float] = []
        with stopwatch((server.pid, *others)) as spent:
            with ThreadPoolExecutor(CONNECTIONS) as senders:
                took.extend(senders.map(partial(_post, server), batches(measured, BATCH)))
        database = Database(url)
        kept = recorded(database)
        with store(name, options.folder) as (empty_url, empty_others):
            floor_rows, floor = floor_of(database, empty_url, empty_others)
        database.dispose()
    rate = len(measured) / spent.wall
    return Line(f"POST /api/v1/events, {name}", f"{rate:,.0f} events/s; {spent.per(len(measured))}, client included; "
                f"answer to {BATCH} events p50/p95/p99 {spread(took)}",
                f"bulk insert of the same rows: {floor_rows / floor.wall:,.0f}/s; {floor.per(floor_rows)}",
                _times(spent, len(measured), floor, floor_rows), f"≥ {LIMIT:,}/s, goal {GOAL:,}/s",
                rate >= LIMIT, f"{len(measured):,} events after {WARM_UP:,} to warm up, {kept:,} new, {CONNECTIONS} at once, "
                f"posts of {BATCH}")


def _times(spent: Spent, events: int, floor: Spent, rows: int) -> str:
    return f"{spent.wall / events / (floor.wall / rows):.1f} wall, {spent.cpu / events / (floor.cpu / rows):.1f} CPU"
