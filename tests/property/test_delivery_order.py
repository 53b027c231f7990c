"""Whatever the order, the batches and the repetitions of delivery: the same cases, clocks and counters."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

import core.models  # noqa: F401  (its tables are part of the metadata)
from cases.areas import Area, Areas
from cases.chain import ChainKeys
from cases.events import CaseEvent, Due, EventData, EventKind, Status, case_id_of
from cases.fold import Fold
from cases.journal import events_of_cases
from cases.models import case_table, clock_rungs, clocks, counter_days, counter_lights
from cases.service import Recorder
from cases.states import fold_all
from config.calendars import load_calendars
from config.ladders import load_presets
from core.clock import FrozenClock
from core.database import Database, metadata
from core.doorbell import InProcessDoorbell
from core.instants import DAY_US, HOUR_US, to_us
from core.limits import Limit
from core.unit_of_work import UnitOfWorkFactory

NOW = datetime(2018, 11, 5, 2, 0, tzinfo=UTC)
FIRST = to_us(datetime(2018, 10, 1, tzinfo=UTC))
LIMIT_TEXTS = st.sampled_from([None, "7wd", "10wd", "20cd"])
_unpack = msgspec.msgpack.Decoder(Fold).decode


@dataclass(frozen=True)
class Item:
    promised: Limit | None
    statutory: Limit | None


class Items:
    """A catalogue of two items, one without limits."""

    def find_item(self, code: str) -> Item | None:
        return {"licence": Item(Limit(7), Limit(20)), "unlimited": Item(None, None)}.get(code)


# Random cases ---------------------------------------------------------------------------------------------------

DUES = st.builds(Due, st.integers(0, 40).map(lambda days: FIRST + days * DAY_US), st.sampled_from([480, 60]),
                 st.sampled_from(["day", "instant"]))
DATA = st.builds(
    EventData, approved_days=st.one_of(st.none(), st.integers(1, 9)), document_no=st.sampled_from([None, "1", "2"]),
    title=st.sampled_from([None, "a", "b"]), promised_limit=LIMIT_TEXTS, statutory_limit=LIMIT_TEXTS,
    promised_due=st.one_of(st.none(), DUES), statutory_due=st.one_of(st.none(), DUES),
    own_due=st.one_of(st.none(), DUES), step_due=st.one_of(st.none(), DUES),
    score=st.sampled_from([None, 1, 3, 5]), channel=st.sampled_from([None, None, "web", "window"]))


@st.composite
def deliveries(draw: st.DrawFn) -> list[CaseEvent]:
    """Events of a few cases from two sources, with equal times, equal ids across sources, and corrected versions."""
    events: list[CaseEvent] = []
    for number in range(draw(st.integers(1, 14))):
        source, case_no = draw(st.sampled_from(["hall", "bureau"])), draw(st.sampled_from(["A1", "A2"]))
        for version in range(1, draw(st.sampled_from([2, 2, 2, 3]))):
            events.append(draw(event(source, str(number // 2), version, case_no)))
    unique = {(event.source, event.source_event_id, event.source_version): event for event in reversed(events)}
    return list(unique.values())


@st.composite
def event(draw: st.DrawFn, source: str, id: str, version: int, case_no: str) -> CaseEvent:
    at = FIRST + draw(st.integers(0, 30)) * DAY_US + draw(st.sampled_from([0, 0, HOUR_US]))
    return CaseEvent(
        source=source, source_event_id=f"{case_no}-{id}", source_version=version, kind=draw(st.sampled_from(EventKind)),
        case_no=case_no, area="360500", claimed_at=at, utc_offset=draw(st.sampled_from([480, 60])),
        order=draw(st.integers(0, 2)), org=draw(st.sampled_from([None, "Water", "Land"])),
        item=draw(st.sampled_from([None, "licence", "unlimited", "unknown"])), step=draw(st.sampled_from([None, "s"])),
        data=draw(DATA))


# The record -----------------------------------------------------------------------------------------------------

@dataclass
class Records:
    """Makes empty records: each a copy of one empty database file."""

    template: Path
    made: int = 0

    def fresh(self) -> Database:
        self.made += 1
        copy = self.template.with_name(f"record{self.made}.db")
        shutil.copy(self.template, copy)
        return Database(f"sqlite:///{copy}")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    template = tmp_path_factory.mktemp("records") / "template.db"
    database = Database(f"sqlite:///{template}")
    metadata.create_all(database.engine)
    with database.transaction() as conn:
        conn.exec_driver_sql("select 1")
    database.dispose()
    return Records(template)


@pytest.fixture(scope="module")
def areas() -> Areas:
    return Areas(load_calendars(), load_presets(), Area("360500", "新余", "cn", "Asia/Shanghai", "kechuang"))


def recorded(records: Records, areas: Areas, batches: list[list[CaseEvent]]) -> dict[str, Any]:
    """Everything the record says after these batches, and its journal folded from the start."""
    database = records.fresh()
    uow = UnitOfWorkFactory(database, FrozenClock(NOW), InProcessDoorbell())
    recorder = Recorder(uow, ChainKeys(b"k" * 32), areas, Items())
    for batch in batches:
        outcomes = recorder.record(batch)
        assert {outcome.status for outcome in outcomes} <= {Status.OK, Status.DUPLICATE}
    found = _contents(database)
    database.dispose()
    return found


def _contents(database: Database) -> dict[str, Any]:
    with database.read() as conn:
        folds = {row.case_id: _unpack(row.fold) for row in conn.execute(select(case_table.c["case_id", "fold"]))}
        journal = events_of_cases(conn, list(folds))
        return {"cases": _rows(conn, case_table, without=("fold",)), "clocks": _rows(conn, clocks),
                "rungs": _rows(conn, clock_rungs, without=("detected_at",)),
                "lights": [row for row in _rows(conn, counter_lights) if any(row[2:])],
                "days": [row for row in _rows(conn, counter_days) if any(row[2:])],
                "folds": folds, "replayed": {case_id: fold_all(events) for case_id, events in journal.items()}}


def _rows(conn: Connection, table: Table, without: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    columns = [column for column in table.c if column.name not in without]
    return sorted((tuple(row) for row in conn.execute(select(*columns))), key=repr)


def in_batches(events: list[CaseEvent], random: Random) -> list[list[CaseEvent]]:
    shuffled = random.sample(events, len(events))
    repeated = shuffled + random.sample(shuffled, random.randint(0, len(shuffled)))
    batches: list[list[CaseEvent]] = []
    while repeated:
        size = random.randint(1, len(repeated))
        batches.append(repeated[:size])
        repeated = repeated[size:]
    return batches


# Laws -----------------------------------------------------------------------------------------------------------

def _by_case(events: list[CaseEvent]) -> dict[int, list[CaseEvent]]:
    by_case: dict[int, list[CaseEvent]] = {}
    for one in events:
        by_case.setdefault(case_id_of(one.area, one.case_no), []).append(one)
    return by_case


@given(deliveries(), st.randoms(use_true_random=False))
def test_any_order_of_the_same_events_folds_to_the_same_facts(events, random):
    for of_one_case in _by_case(events).values():
        assert fold_all(random.sample(of_one_case, len(of_one_case))) == fold_all(of_one_case)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events=deliveries(), random=st.randoms(use_true_random=False))
def test_any_order_of_delivery_gives_the_same_record(records, areas, events, random):
    at_once = recorded(records, areas, [events])
    assert recorded(records, areas, in_batches(events, random)) == at_once
    assert at_once["replayed"] == at_once["folds"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events=deliveries(), random=st.randoms(use_true_random=False))
def test_the_live_record_equals_the_journal_folded_from_the_start(records, areas, events, random):
    live = recorded(records, areas, in_batches(events, random))
    assert live["folds"] == live["replayed"]


def test_a_replaced_event_that_arrives_after_its_replacement_changes_nothing(records, areas):
    first = CaseEvent(source="hall", source_event_id="1", kind=EventKind.ACCEPTED, case_no="A1", area="360500",
                      claimed_at=FIRST + 9 * DAY_US)
    corrected = msgspec.structs.replace(first, source_version=2, claimed_at=FIRST)
    assert recorded(records, areas, [[corrected], [first]]) == recorded(records, areas, [[first], [corrected]])


def test_two_sources_that_number_alike_may_report_at_one_instant(records, areas):
    hall = CaseEvent(source="hall", source_event_id="1", kind=EventKind.ACCEPTED, case_no="A1", area="360500",
                     claimed_at=FIRST, item="licence")
    bureau = msgspec.structs.replace(hall, source="bureau", item="unlimited")
    assert recorded(records, areas, [[hall], [bureau]]) == recorded(records, areas, [[bureau], [hall]])


def test_a_late_fact_moves_the_instant_at_which_a_rung_passed(records, areas):
    later = CaseEvent(source="hall", source_event_id="1", kind=EventKind.ACCEPTED, case_no="A1", area="360500",
                      claimed_at=FIRST + 9 * DAY_US, item="licence")
    earlier = msgspec.structs.replace(later, source_event_id="2", claimed_at=FIRST + 7 * DAY_US)
    assert recorded(records, areas, [[later], [earlier]]) == recorded(records, areas, [[earlier], [later]])
