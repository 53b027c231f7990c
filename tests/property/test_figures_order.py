"""Whatever the order, the batches and the repetitions of delivery: the same figures, live as recounted."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from cases.chain import ChainKeys
from cases.events import CaseEvent, CasesMarked, Status
from cases.models import case_table
from cases.service import Recorder
from core.clock import FrozenClock
from core.doorbell import InProcessDoorbell
from core.unit_of_work import UnitOfWorkFactory
from evaluation.marks import CaseMarker
from evaluation.models import FIGURES, figure_days, figure_details
from evaluation.places import numbered_places
from evaluation.tally import FigureTables, Sums, wide
from tests.property.test_delivery_order import NOW, Items, areas, deliveries, in_batches, records

__all__ = ["areas", "records"]  # the fixtures of the record's own property tests
Rows = dict[tuple[Any, ...], list[int]]


def kept_after(records, areas, batches: list[list[CaseEvent]]) -> tuple[Rows, Rows]:
    """Both tables after these batches, once they were found to be the sums of what is kept of the cases."""
    database = records.fresh()
    tables = FigureTables(areas.default.calendar, database)
    uow = UnitOfWorkFactory(database, FrozenClock(NOW), InProcessDoorbell(), {CasesMarked: [tables.move]})
    recorder = Recorder(uow, ChainKeys(b"k" * 32), areas, Items(), CaseMarker(areas, Items()))
    for batch in batches:
        assert {outcome.status for outcome in recorder.record(batch)} <= {Status.OK, Status.DUPLICATE}
    sums = Sums()
    with database.read() as conn:
        for marks in conn.scalars(select(case_table.c.marks)):
            sums.add_marks(marks)
        details, days, places = _rows(conn, figure_details), _rows(conn, figure_days), numbered_places(conn)
    database.dispose()
    assert _summed(sums.days()) == days
    assert _summed({(number,): row for number, row in sums.numbered(places).items()}) == details
    return _summed(sums.rows()), days  # places have other numbers in another order


def _rows(conn: Connection, table: Table) -> Rows:
    keys, width = list(table.primary_key.columns), len(table.primary_key.columns)
    found = conn.execute(select(*keys, *table.c[FIGURES])).all()
    return _told({tuple(row[:width]): list(row[width:]) for row in found})


def _summed(rows: dict[Any, dict[int, int]]) -> Rows:
    return _told({key: wide(row) for key, row in rows.items()})


def _told(rows: Rows) -> Rows:
    return {key: counts for key, counts in rows.items() if any(counts)}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events=deliveries(), random=st.randoms(use_true_random=False))
def test_any_order_of_delivery_gives_the_same_figures(records, areas, events, random: Random):
    assert kept_after(records, areas, [events]) == kept_after(records, areas, in_batches(events, random))
