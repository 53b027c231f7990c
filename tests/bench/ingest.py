"""From the JSON of another system to committed journal, states, clocks, counters and cards, in one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bootstrap import Services
from core.clock import FrozenClock
from tests.bench.harness import Line, Options, Spent, stopwatch, store
from tests.bench.house import BATCH, floor_of, house, present_at, recorded
from tests.bench.workload import as_json, by_case, city_events

LIMIT, GOAL = 10_000, 20_000
ORDERS = {"interleaved": "as a city delivers", "case by case": "as a log holds them"}


def run(options: Options) -> list[Line]:
    """Both orders of delivery on each database."""
    return [_line(options, name, order) for name in options.stores for order in ORDERS]


def _line(options: Options, name: str, order: str) -> Line:
    events = city_events(options.events)
    if order == "case by case":
        events = by_case(events)
    with store(name, options.folder) as (url, others), house(url, options.folder) as (services, clock):
        raw, present = [as_json(event) for event in events], present_at(events)
        del events
        spent = _feed(services, clock, raw, present, others)
        kept = recorded(services.database)
        with store(name, options.folder) as (empty_url, empty_others):
            floor_rows, floor = floor_of(services.database, empty_url, empty_others)
    rate = len(raw) / spent.wall
    return Line(f"Recorder, {name}, {order} ({ORDERS[order]})",
                f"{rate:,.0f} events/s; {spent.per(len(raw))}, of it {len(raw) / spent.cpu:,.0f} events/s of one core",
                f"bulk insert of the same rows: {floor_rows / floor.wall:,.0f}/s; {floor.per(floor_rows)}",
                f"{spent.wall / floor.wall:.1f} wall, {spent.cpu / floor.cpu:.1f} CPU",
                f"≥ {LIMIT:,}/s, goal {GOAL:,}/s", rate >= LIMIT, f"{len(raw):,} events, {kept:,} new, batches of {BATCH}")


def _feed(services: Services, clock: FrozenClock, raw: Sequence[bytes], present: Sequence[datetime],
          others: Sequence[int]) -> Spent:
    read = services.event_reader.read
    with stopwatch(others) as spent:
        for number, start in enumerate(range(0, len(raw), BATCH)):
            clock.move_to(present[number])
            services.recorder.record([read("hall", line) for line in raw[start:start + BATCH]])
    return spent
