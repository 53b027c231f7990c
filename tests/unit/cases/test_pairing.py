"""Which special procedure an end is meant for: one rule for the clocks of a case and for whoever reads the journal."""

from __future__ import annotations

import pytest

from alerts.detectors.trace import Row, Trace
from cases.events import CaseEvent, EventData, EventKind
from cases.pairing import ended_by, kind_of
from cases.states import fold_all
from core.instants import DAY_US, HOUR_US

BEGUN = [("1", "hearing"), ("2", "hearing"), ("3", "auction"), ("", "special")]


@pytest.mark.parametrize(("said", "ends"), [
    (EventData(document_no="2"), [("2", "hearing")]), (EventData(document_no="2", special_kind="auction"), [("2", "hearing")]),
    (EventData(special_kind="hearing"), [("1", "hearing"), ("2", "hearing")]),
    (EventData(document_no="9", special_kind="auction"), [("3", "auction")]),
    (EventData(special_kind="special"), [("", "special")]), (EventData(document_no="9"), BEGUN),
    (EventData(special_kind="survey"), BEGUN), (EventData(), BEGUN)])
def test_its_number_comes_first_then_its_kind_then_all(said: EventData, ends: list[tuple[str, str]]):
    assert ended_by(said, BEGUN, lambda one: one) == ends


def test_a_source_that_names_no_kind_means_any():
    assert (kind_of(EventData()), kind_of(EventData(special_kind="hearing"))) == ("special", "hearing")


@pytest.mark.parametrize("ends", [
    [EventData(document_no="1")], [EventData(special_kind="auction"), EventData(special_kind="hearing")], [EventData()],
    [EventData(document_no="7", special_kind="hearing"), EventData(document_no="3")]])
def test_record_and_detectors_pair_the_same(ends: list[EventData]):
    events = [_event(0, EventKind.ACCEPTED, EventData())]
    events += [_event(place, EventKind.SPECIAL_STARTED, EventData(document_no=number, special_kind=kind))
               for place, (number, kind) in enumerate((("1", "hearing"), ("2", "hearing"), ("3", "auction")), start=1)]
    events += [_event(place, EventKind.SPECIAL_ENDED, data) for place, data in enumerate(ends, start=10)]
    by_clocks = [None if stop.end is None else stop.end.at for stop in fold_all(events).stops]
    by_detectors = [None if one.end is None else one.end.claimed_at for one in
                    Trace(1, "360500", "N-1", "a", "i", [_row(event) for event in events]).specials]
    assert by_clocks == by_detectors


def _event(place: int, kind: EventKind, data: EventData) -> CaseEvent:
    return CaseEvent(source="log", source_event_id=str(place), kind=kind, case_no="N-1", area="360500",
                     claimed_at=20_000 * DAY_US + place * HOUR_US, data=data)


def _row(event: CaseEvent) -> Row:
    return Row(int(event.source_event_id), event.kind.value, event.claimed_at, event.utc_offset, event.order, event.claimed_at,
               event.source, event.source_event_id, 1, "", "", "", event.data)
