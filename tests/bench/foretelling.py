"""The forecast: a training on a year and more of cases, and what foretelling costs per open case as open cases grow.

The past is recorded by the product itself; the open cases are written in bulk beside the model learnt from it. Floors: the
events learnt from, as the driver gives them; the same cases read, and the same rows of forecasts written, with nothing worked
out between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import func, insert, select

from bootstrap import Services
from cases.events import CaseEvent, EventData, EventKind
from cases.models import case_table, journal
from core.database import Database, bulk_upsert, look_up
from core.instants import to_us
from evaluation.forecast.models import forecast_models, forecasts
from evaluation.forecast.service import COLUMNS
from evaluation.forecast.stories import open_cases
from tests.bench.harness import Line, Options, Spent, stopwatch, store
from tests.bench.house import BATCH, house
from tests.bench.many_cases import NOW, load_cases_into

PAST_CASES, PAST_DAYS, OPEN, CHANGED, TRAININGS, LOOKS = 8_000, 420, (10_000, 100_000), 1_000, 3, 3
RATIO_LIMIT, TRAINING_LIMIT_S = 1.5, 600.0
_STORED = ("case_id", "area", "org", "item", "case_no", "fold")


def run(options: Options) -> list[Line]:
    """Per database a line for the training, lines for each number of open cases, and the ratio of the largest to the least."""
    return [line for name in options.stores for line in _measured(options, name)]


def _measured(options: Options, name: str) -> list[Line]:
    with store(name, options.folder / "past") as (url, others), house(url, options.folder / "past", NOW) as (services, _clock):
        trained = _training(services, others, name)
        model = _model_of(services.database)
    lines, costs = [trained], list[float]()
    for count in OPEN:
        folder = options.folder / f"open-{name}-{count}"
        with store(name, folder) as (url, others):
            lines += _foretold(url, others, folder, name, count, model, costs)
    ratio = costs[-1] / costs[0]
    lines.append(Line(f"foretelling, {name}, {OPEN[-1]:,} against {OPEN[0]:,} open cases",
                      f"{ratio:.2f} times the cost per case", "", "", f"≤ {RATIO_LIMIT}", ratio <= RATIO_LIMIT,
                      "least CPU time per case of each"))
    return lines


# Training --------------------------------------------------------------------------------------------------------------------


def _training(services: Services, others: Sequence[int], name: str) -> Line:
    events = list(_past(services))
    for start in range(0, len(events), BATCH):
        services.recorder.record(events[start:start + BATCH])
    service, took, floors, trials = services.forecasts.service, list[Spent](), list[Spent](), 0
    for _ in range(TRAININGS):
        with stopwatch(others) as spent:
            _, report = service.train()
        took.append(spent)
        trials = report.trials
        floors.append(_read_journal(services.database, others))
    wall, cpu, least = (median(one.wall for one in took), median(one.cpu for one in took), median(one.cpu for one in floors))
    return Line(f"training and a year of trials, {name}, {PAST_CASES:,} cases, {len(events):,} events",
                f"{wall:.1f} s wall, {cpu:.1f} s CPU",
                f"those events as the driver gives them: {median(one.wall for one in floors):.2f} s wall, {least:.2f} s CPU",
                f"{cpu / least:.0f} CPU", f"≤ {TRAINING_LIMIT_S:.0f} s wall, once a day", wall <= TRAINING_LIMIT_S,
                f"medians of {TRAININGS}; {trials:,} forecasts tried on the past, models learnt anew every four weeks of it")


def _past(services: Services) -> Iterator[CaseEvent]:
    """Cases of every item with a promise in working days; of some departments a third overruns, of others few."""
    random, made = Random(6), list[CaseEvent]()
    items = [item for item in services.catalogue.items.values() if item.promised and item.promised.unit == "wd"]
    area, begins = services.catalogue.default_area, NOW - timedelta(days=PAST_DAYS)
    for number in range(PAST_CASES):
        item = random.choice(items)
        at = begins + timedelta(days=PAST_DAYS * 0.9 * number / PAST_CASES)
        slow = sum(map(ord, item.org)) % 3 == 0
        days = 0.2 + random.random() * (2.1 if slow else 1.45) * int(item.promised.amount if item.promised else 1)
        for kind, after in ((EventKind.ACCEPTED, 0.0), (EventKind.STEP, days / 3), (EventKind.CONCLUDED, days)):
            if at + timedelta(days=after) < NOW:
                made.append(_event(f"P{number}", kind, at + timedelta(days=after), area, item.org, item.code))
    made.sort(key=lambda event: event.claimed_at)
    yield from made


def _event(case_no: str, kind: EventKind, at: datetime, area: str, org: str, item: str) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=f"{case_no}/{kind.value}", kind=kind, case_no=case_no, area=area,
                     claimed_at=to_us(at), org=org, item=item, data=EventData(),
                     step="审核" if kind is EventKind.STEP else None)


def _read_journal(database: Database, others: Sequence[int]) -> Spent:
    with stopwatch(others) as spent, database.read() as conn:
        conn.execute(select(journal)).all()
    return spent


def _model_of(database: Database) -> dict[str, Any]:
    with database.read() as conn:
        row = conn.execute(select(forecast_models).order_by(forecast_models.c.id.desc()).limit(1)).one()
    return {**row._mapping, "day": None, "seq": 0, "revision": ""}


# Foretelling -----------------------------------------------------------------------------------------------------------------


def _foretold(url: str, others: Sequence[int], folder: Path, name: str, count: int, model: dict[str, Any],
              costs: list[float]) -> list[Line]:
    with house(url, folder, NOW) as (services, _clock):
        services.database.dispose()
    loaded = load_cases_into(url, count)
    with house(url, folder, NOW) as (services, _clock):
        with services.database.transaction() as conn:
            conn.execute(insert(forecast_models).values(**model))
        every = _all_line(services, others, name, count, loaded.told, costs)
        return [every, _changed_line(services, others, name, count)]


def _all_line(services: Services, others: Sequence[int], name: str, count: int, told: str, costs: list[float]) -> Line:
    """As when a day begins: every open case anew."""
    took, floors = list[Spent](), list[Spent]()
    for _ in range(LOOKS):
        _forget_day(services.database)
        with stopwatch(others) as spent:
            looked = services.forecasts.service.refresh()
        assert looked == count
        took.append(spent)
        floors.append(_barely(services, others))
    cpu, least = min(one.cpu for one in took), min(one.cpu for one in floors)
    costs.append(cpu / count)
    with services.database.read() as conn:
        kept = conn.scalar(select(func.count()).select_from(forecasts).where(forecasts.c.chance.is_not(None))) or 0
    return Line(f"every open case foretold, {name}, {count:,} open",
                f"{cpu / count * 1e6:.0f} µs CPU and {median(one.wall for one in took) / count * 1e6:.0f} µs wall per case",
                f"the same cases read and the same rows written: {least / count * 1e6:.0f} µs CPU per case",
                f"{cpu / least:.1f}", "see the ratio", None,
                f"least CPU and median wall of {LOOKS}; {kept:,} with a chance; {told}")


def _changed_line(services: Services, others: Sequence[int], name: str, count: int) -> Line:
    """As every minute: the cases something happened to."""
    random, items = Random(8), list(services.catalogue.items.values())
    services.forecasts.service.refresh()
    took = []
    for round_ in range(LOOKS):
        chosen = [random.choice(items) for _ in range(CHANGED)]
        services.recorder.record([_event(f"N{round_}-{number}", EventKind.ACCEPTED, NOW, services.catalogue.default_area,
                                         item.org, item.code) for number, item in enumerate(chosen)])
        with stopwatch(others) as spent:
            looked = services.forecasts.service.refresh()
        assert looked == CHANGED
        took.append(spent)
    return Line(f"cases of {CHANGED:,} new events foretold, {name}, {count:,} open",
                f"{min(one.cpu for one in took) / CHANGED * 1e6:.0f} µs CPU per case, "
                f"{median(one.wall for one in took) * 1000:.0f} ms a look", "", "", "–", None,
                f"least CPU and median wall of {LOOKS}; the sums of the city over all forecasts in it")


def _barely(services: Services, others: Sequence[int]) -> Spent:
    """Rolled back: the same rows again."""
    database, batch = services.database, services.settings.forecast.batch
    with database.read() as conn:
        rows = [tuple(row) for row in conn.execute(select(*forecasts.c[COLUMNS]).order_by(forecasts.c.case_id))]
    with stopwatch(others) as spent, database.engine.connect().execution_options(writes=True) as conn:
        case_ids = [case_id for part in open_cases(conn) for case_id in part]
        for start in range(0, len(case_ids), batch):
            look_up(conn, _STORED, case_table, "case_id", case_ids[start:start + batch])
        for start in range(0, len(rows), batch):
            bulk_upsert(conn, forecasts, COLUMNS, rows[start:start + batch], key=("case_id",))
        conn.rollback()
    return spent


def _forget_day(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute(forecast_models.update().values(day=None))
