"""A record with several faults says all of them at once, wherever it came in and wherever it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cases.events import Outcome
from core.access import Actor
from core.clock import FrozenClock
from core.database import Database
from feeds.importer import import_file
from feeds.ingest import Ingest
from feeds.mapping import SourceMapping
from feeds.public_event import EventReader
from feeds.quarantine import Delivery
from feeds.queries import FeedQueries, QuarantinedRecord
from feeds.reasons import REMEDIES
from feeds.records import Parsed
from feeds.repair import Repairs
from tests.unit.feeds.conftest import PERMITS, FakeRecorder

Parse = Callable[..., list[Parsed]]
WITH_DUES = PERMITS.replace("  actor: who", "  data: {own_due: due, promised_limit: limit}")
HEADER = "case_no,what,at,due,limit\n"
NOTED = HEADER + "A1,open,2018-01-01,soon,20\n"
REFUSED = HEADER + "A1,dance,yesterday,soon,20\n"


@pytest.fixture
def mapping(write_mapping: Callable[[str], SourceMapping]) -> SourceMapping:
    return write_mapping(WITH_DUES)


@pytest.fixture
def repairs(ingest: Ingest, database: Database, frozen_clock: FrozenClock, mapping: SourceMapping) -> Repairs:
    return Repairs(ingest, database, frozen_clock, EventReader("city"), lambda _name: mapping)


def _faults(outcome: Outcome) -> list[tuple[str, str]]:
    assert all(one.detail["remedy"] == REMEDIES[one.code] for one in (outcome, *outcome.others))
    return [(one.code, one.detail["field"]) for one in (outcome, *outcome.others)]


def _kept_faults(record: QuarantinedRecord) -> list[tuple[str, str, str]]:
    assert all(one.remedy == REMEDIES[one.code] for one in record.faults)
    return [(one.code, one.field, one.value) for one in record.faults]


def test_every_side_value_that_cannot_be_read_has_its_own_reason_and_remedy(
        ingest: Ingest, queries: FeedQueries, parse: Parse, mapping: SourceMapping) -> None:
    ingest.take(Delivery("permits", "x.csv", "permits", "file"), parse(NOTED.encode(), mapping))
    [kept] = queries.quarantined().records
    assert kept.is_recorded
    assert _kept_faults(kept) == [("time_unreadable", "due", "soon"), ("limit_unreadable", "limit", "20")]


def test_a_refused_row_says_all_that_is_wrong_with_it(parse: Parse, mapping: SourceMapping) -> None:
    [one] = parse(REFUSED.encode(), mapping)
    assert one.rejection is not None
    assert _faults(one.rejection.outcome) == [("time_unreadable", "at"), ("code_unknown", "what"), ("time_unreadable", "due"),
                                              ("limit_unreadable", "limit")]


def test_a_column_that_fills_two_values_is_one_fault(ingest: Ingest, parse: Parse, xes: Callable[..., bytes]) -> None:
    """`deadline` is both the statutory and the own due date of that log."""
    log = xes('<trace><string key="concept:name" value="1"/><date key="startdate" value="2011-01-01T00:00:00+01:00"/>'
              '<date key="enddate_planned" value="soon"/><date key="deadline" value="never"/></trace>')
    [one] = parse(log, "receipt_wabo")
    assert one.note is not None
    assert _faults(one.note.outcome) == [("time_unreadable", "case:enddate_planned"), ("time_unreadable", "case:deadline")]


def test_a_row_of_no_case_says_what_else_is_wrong_with_it(parse: Parse, mapping: SourceMapping) -> None:
    [one] = parse((HEADER + ",open,yesterday,,\n").encode(), mapping)
    assert one.rejection is not None
    assert _faults(one.rejection.outcome) == [("value_missing", "case_no"), ("time_unreadable", "at")]


def test_a_repair_is_told_what_is_still_wrong_and_nothing_that_is_mended(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, parse: Parse, mapping: SourceMapping) -> None:
    ingest.take(Delivery("permits", "x.csv", "permits", "file"), parse(REFUSED.encode(), mapping))
    [kept] = queries.quarantined().records
    tried = kept.raw.replace("dance", "open").replace("yesterday", "2018-01-01")
    outcome = repairs.repair(kept.id, tried, Actor("alice", frozenset()))
    assert _faults(outcome) == [("time_unreadable", "due"), ("limit_unreadable", "limit")]
    assert _kept_faults(queries.get_quarantined(kept.id)) == [
        ("time_unreadable", "due", "soon"), ("limit_unreadable", "limit", "20")]
    repairs.repair(kept.id, tried.replace("soon", "2018-02-01"), Actor("alice", frozenset()))
    assert _kept_faults(queries.get_quarantined(kept.id)) == [("limit_unreadable", "limit", "20")]


def test_the_report_of_a_file_counts_and_names_each_of_them(tmp_path: Path, ingest: Ingest, mapping: SourceMapping) -> None:
    path = tmp_path / "due.csv"
    path.write_text(NOTED, encoding="utf-8")
    report = import_file(path, mapping, ingest).as_dict()
    assert report["unread"] == {"due": 1, "limit": 1}
    [sample] = json.loads(json.dumps(report["samples"]))
    assert (sample["code"], sample["field"]) == ("time_unreadable", "due")
    assert [(one["code"], one["field"], one["remedy"]) for one in sample["others"]] == [
        ("limit_unreadable", "limit", REMEDIES["limit_unreadable"])]


@pytest.mark.parametrize(("sent", "faults"), [
    ({"id": 7, "kind": "akzepted", "data": {"promise_due": "x", "score": 9}},
     {("record_invalid", "id"), ("record_invalid", "kind"), ("record_invalid", "case_no"), ("record_invalid", "at"),
      ("record_invalid", "data.promise_due"), ("record_invalid", "data.score")}),
    ({"id": "1", "kind": "accepted", "case_no": "A1", "at": "2018-01-01T00:00:00+08:00",
      "data": {"materials": ["a", 7], "x": 1}},
     {("record_invalid", "data.materials[1]"), ("record_invalid", "data.x")}),
    ({"id": "1", "kind": "accepted", "case_no": "A1", "at": "2018-01-01T00:00:00+08:00",
      "data": {"own_due": "2018-02-30", "promised_due": "2018-02-30T10:00"}},
     {("time_unreadable", "data.own_due"), ("time_unreadable", "data.promised_due")}),
    ({"id": "1", "kind": "accepted", "case_no": "A1", "at": "2018-01-01T00:00:00+08:00", "data": 7},
     {("record_invalid", "data")}),
])
def test_an_event_over_http_says_all_that_is_wrong_with_it(sent: dict[str, object], faults: set[tuple[str, str]]) -> None:
    rejection = EventReader("city").parse("desk", json.dumps(sent).encode()).rejection
    assert rejection is not None
    told = _faults(rejection.outcome)
    assert (set(told), len(told)) == (faults, len(faults))


def test_a_value_that_only_looks_like_a_nul_is_kept_and_breaks_no_page(
        ingest: Ingest, queries: FeedQueries, parse: Parse, mapping: SourceMapping, recorder: FakeRecorder) -> None:
    content = HEADER + "A1,dance\\u0000,2018-01-01,\\u0000,\n"
    ingest.take(Delivery("permits", "x.csv", "permits", "file"), parse(content.encode(), mapping))
    [kept] = queries.quarantined().records
    assert _kept_faults(kept) == [("code_unknown", "what", "dance\\u0000"), ("time_unreadable", "due", "\\u0000")]
    assert recorder.events == []
