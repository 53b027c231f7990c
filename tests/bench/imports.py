"""`app.py import` of a generated file: read, mapped, recorded as history, swept to the present."""

from __future__ import annotations

import csv
from pathlib import Path

from msgspec import to_builtins

from cases.events import CaseEvent
from core.instants import from_us, written_local
from feeds.importer import import_file
from tests.bench.harness import Line, Options, stopwatch, store
from tests.bench.house import BATCH, floor_of, house, recorded
from tests.bench.workload import by_case, city_events

LIMIT, GOAL = 10_000, 20_000
MAPPING = "yangguang_csv"
_HEAD = ("id", "kind", "case_no", "area", "at", "order", "org", "item", "item_version", "actor", "step")


def run(options: Options) -> list[Line]:
    """One line per database."""
    events = by_case(city_events(options.events))
    path = options.folder / "log.csv"
    _write(path, events)
    return [_line(options, name, path, events) for name in options.stores]


def _line(options: Options, name: str, path: Path, events: list[CaseEvent]) -> Line:
    present = from_us(max(event.claimed_at for event in events))
    with store(name, options.folder) as (url, others), house(url, options.folder, present) as (services, _clock):
        with stopwatch(others) as spent:
            report = import_file(path, services.find_mapping(MAPPING), services.ingest)
            services.sweeper.sweep_all()
        kept = recorded(services.database)
        with store(name, options.folder) as (empty_url, empty_others):
            floor_rows, floor = floor_of(services.database, empty_url, empty_others)
    if report.account.rejected:
        raise RuntimeError(f"{report.account.rejected} records refused: {report.account.reasons}")
    rate = len(events) / spent.wall
    return Line(f"import of CSV, sweep included, {name}", f"{rate:,.0f} events/s; {spent.per(len(events))}",
                f"bulk insert of the same rows: {floor_rows / floor.wall:,.0f}/s; {floor.per(floor_rows)}",
                f"{spent.wall / floor.wall:.1f} wall, {spent.cpu / floor.cpu:.1f} CPU", f"≥ {LIMIT:,}/s, goal {GOAL:,}/s",
                rate >= LIMIT, f"{len(events):,} rows ({path.stat().st_size / 1e6:.0f} MB), {kept:,} new, batches of {BATCH}")


def _write(path: Path, events: list[CaseEvent]) -> None:
    """All that is said of them: a case whose applicant is missing would be a fault of the data, and a card."""
    told = [to_builtins(event.data) for event in events]
    data = sorted({name for one in told for name in one})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*_HEAD, *data))
        for event, one in zip(events, told, strict=True):
            at = written_local(event.claimed_at, event.utc_offset).isoformat()
            writer.writerow((event.source_event_id, event.kind.value, event.case_no, event.area, at, event.order, event.org,
                             event.item, event.item_version, event.actor, event.step,
                             *[_text(one.get(name)) for name in data]))


def _text(value: object) -> object:
    return ";".join(value) if isinstance(value, list | tuple) else value
