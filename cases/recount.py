"""Recount: every case folded anew from the journal, and the counters compared with what comes out.

A difference is a fault of ours: it is told as an alarm, and only then repaired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, select

from cases.areas import Areas
from cases.changes import LIGHTS, NO_ORG
from cases.journal import stream_cases
from cases.models import case_table, counter_days, counter_lights
from cases.projection import Catalogue, Light, light_of, project
from cases.states import fold_all
from cases.sweep import Sweeper
from cases.tally import MEASURES, tally_of
from core.database import bulk_insert
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

Counts = dict[tuple[str, str | int, str], int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter (or a case's light) that says something else than the journal."""

    counter: str
    place: str
    kept: int | str
    true: int | str


@dataclass(frozen=True, slots=True)
class Recount:
    """How many cases were counted, what differed, and whether the counters were rewritten."""

    cases: int
    differences: list[Difference]
    repaired: bool


class Recounter:
    """Compares, and repairs when asked to."""

    def __init__(self, uow: UnitOfWorkFactory, sweeper: Sweeper, areas: Areas, catalogue: Catalogue) -> None:
        self._uow, self._sweeper, self._areas, self._catalogue = uow, sweeper, areas, catalogue

    def recount(self, repair: bool = False) -> Recount:
        """Sweep to the present, then count everything again in one transaction, so that nothing moves meanwhile."""
        self._sweeper.sweep_all()
        with self._uow() as uow:
            truth = _Truth()
            for case_id, events in stream_cases(uow.conn):
                fold = fold_all(events)
                states = project(fold, case_id, self._areas.of(fold.area), self._catalogue, uow.now_us)
                truth.add(case_id, fold.org or NO_ORG, fold.item, light_of(fold, states),
                          tally_of(fold, fold.org or NO_ORG, states).entries())
            differences = [*_compare("counter_lights", _kept_lights(uow.conn), truth.lights),
                           *_compare("counter_days", _kept_days(uow.conn), truth.days),
                           *_light_differences(uow.conn, truth.case_lights)]
            if repair and differences:
                _rewrite(uow, truth)
            return Recount(len(truth.case_lights), differences, bool(repair and differences))


class _Truth:
    def __init__(self) -> None:
        self.lights: Counts = Counter()
        self.days: Counts = Counter()
        self.case_lights: dict[int, Light] = {}

    def add(self, case_id: int, org: str, item: str, light: Light, entries: Iterable[tuple[str, int, int]]) -> None:
        self.case_lights[case_id] = light
        if light is not Light.NONE:
            self.lights[org, item, light.value] += 1
        for entry_org, day, measure in entries:
            self.days[entry_org, day, MEASURES[measure]] += 1


def _compare(counter: str, kept: Counts, true: Counts) -> list[Difference]:
    return [Difference(counter, "/".join(map(str, place)), kept.get(place, 0), true.get(place, 0))
            for place in sorted(kept.keys() | true.keys(), key=str) if kept.get(place, 0) != true.get(place, 0)]


def _light_differences(conn: Connection, true: Mapping[int, Light]) -> list[Difference]:
    rows = conn.execute(select(*case_table.c["case_id", "case_no", "light"])).all()
    return [Difference("case_light", row.case_no, row.light, true[row.case_id].value if row.case_id in true else "absent")
            for row in rows if row.light != true.get(row.case_id)]


def _kept_lights(conn: Connection) -> Counts:
    return _kept(conn, counter_lights, "item", [light.value for light in LIGHTS])


def _kept_days(conn: Connection) -> Counts:
    return _kept(conn, counter_days, "day", list(MEASURES))


def _kept(conn: Connection, table: Table, second: str, names: list[str]) -> Counts:
    rows = conn.execute(select(*table.c["org", second, *names])).all()
    return {(row[0], row[1], name): value for row in rows for name, value in zip(names, row[2:], strict=True) if value}


def _rewrite(uow: UnitOfWork, truth: _Truth) -> None:
    """Put the true counters in place of the kept ones, and the true light on every case."""
    for table, second, names, counts in ((counter_lights, "item", [light.value for light in LIGHTS], truth.lights),
                                         (counter_days, "day", list(MEASURES), truth.days)):
        uow.conn.execute(delete(table))
        places = {place[:2] for place in counts}
        rows = [(*place, *(counts.get((*place, name), 0) for name in names)) for place in sorted(places, key=str)]
        bulk_insert(uow.conn, table, ("org", second, *names), rows)
    mark = "%s" if uow.conn.dialect.name == "postgresql" else "?"
    uow.conn.exec_driver_sql(f"UPDATE cases SET light = {mark} WHERE case_id = {mark}",
                             [(light.value, case_id) for case_id, light in truth.case_lights.items()])
