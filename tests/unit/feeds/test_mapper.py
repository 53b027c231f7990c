"""Rows become events: ids, times, codes, case values."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from cases.events import EventKind
from core.instants import written_local
from feeds.limits import FeedLimits
from feeds.mapper import CASE_CHANGED, CASE_REPEATED, ORDER_LAST, Mapper, stem_of
from feeds.mapping import SourceMapping, find_mapping
from feeds.readers.xes import read_xes
from feeds.reasons import Rejection
from feeds.records import Parsed, Row
from tests.unit.feeds.conftest import PERMITS

Parse = Callable[..., list[Parsed]]
Told = Callable[[list[Parsed]], list[str]]
WriteMapping = Callable[[str], SourceMapping]
HEADER = b"case_no,what,at,who,office\n"


def _only(parsed: list[Parsed]) -> Parsed:
    assert len(parsed) == 1
    return parsed[0]


def _note(parsed: Parsed) -> Rejection:
    assert parsed.note is not None
    return parsed.note


def _claimed(parsed: Parsed) -> str:
    assert parsed.event is not None
    return written_local(parsed.event.claimed_at, parsed.event.utc_offset).isoformat()


@pytest.mark.parametrize(("written", "claimed"), [
    ("2011-10-30T01:30:00+02:00", "2011-10-30T01:30:00+02:00"),
    ("2011-10-11 13:42:22.688000+02:00", "2011-10-11T13:42:22.688000+02:00"),
    ("2014-04-11T00:00:00.000+02:00", "2014-04-11T00:00:00+02:00"),
    ("2014-04-11T00:00:00Z", "2014-04-11T00:00:00+00:00"),
    ("2014-04-11", "2014-04-11T00:00:00+08:00"),
    ("2014/4/11", "2014-04-11T00:00:00+08:00"),
    ("2014/04/11 8:05", "2014-04-11T08:05:00+08:00"),
    ("2014/04/11 08:05:30", "2014-04-11T08:05:30+08:00"),
    ("1990-07-01T12:00", "1990-07-01T12:00:00+09:00"),
])
def test_the_offset_is_the_written_one_or_that_of_the_zone_at_that_local_time(parse: Parse, permits: SourceMapping,
                                                                              written: str, claimed: str) -> None:
    one = _only(parse(HEADER + f"A1,open,{written},,\n".encode(), permits))
    assert _claimed(one) == claimed


def test_summer_time_of_the_mapping_s_zone_is_kept(parse: Parse, write_mapping: WriteMapping) -> None:
    mapping = write_mapping(PERMITS + "time: {zone: Europe/Amsterdam, formats: ['%d.%m.%Y %H:%M', iso]}\n")
    rows = b"A1,open,01.07.2011 08:00,,\nA1,look,2011-12-01T08:00,,\n"
    assert [_claimed(one) for one in parse(HEADER + rows, mapping)] == ["2011-07-01T08:00:00+02:00",
                                                                       "2011-12-01T08:00:00+01:00"]


def test_a_time_without_offset_is_refused_where_no_zone_is_stated(parse: Parse, told: Told,
                                                                   write_mapping: WriteMapping) -> None:
    mapping = write_mapping(PERMITS + "time: {zone: none}\n")
    one = _only(parse(HEADER + b"A1,open,2011-07-01 08:00,,\n", mapping))
    assert told([one]) == ["line 2 time_zone_missing"]
    assert one.rejection is not None
    assert one.rejection.outcome.detail["field"] == "at"


@pytest.mark.parametrize(("row", "code"), [
    ("A1,open,yesterday,,", "time_unreadable"), ("A1,open,,,", "value_missing"), (",open,2011-01-01,,", "value_missing"),
    ("A1,dance,2011-01-01,,", "code_unknown"), ("A1,,2011-01-01,,", "value_missing"),
    ("A1,open,0011-01-01,,", "time_out_of_range"), ("A1,open,2011-02-30,,", "time_unreadable"),
    ("A1,open,31/01/2011,,", "time_unreadable"), ("A1,open,2011/13/01,,", "time_unreadable"),
    (f"{'9' * 200},open,2011-01-01,,", "value_too_long"),
])
def test_a_row_that_cannot_be_an_event_says_why_and_the_next_is_read(parse: Parse, told: Told, permits: SourceMapping,
                                                                      row: str, code: str) -> None:
    content = HEADER + f"{row}\nB2,open,2011-01-01,,\n".encode()
    assert told(parse(content, permits)) == [f"line 2 {code}", "B2 accepted"]


def test_an_unknown_code_is_a_step_only_if_the_mapping_says_so(parse: Parse, told: Told,
                                                                write_mapping: WriteMapping) -> None:
    mapping = write_mapping(PERMITS.replace("    look: step", "    look: step\n    '*': step"))
    assert told(parse(HEADER + b"A1,dance,2011-01-01,,\n", mapping)) == ["A1 step"]


def test_an_absent_office_is_shown_as_none(parse: Parse, permits: SourceMapping) -> None:
    one = _only(parse(HEADER + b"A1,open,2011-01-01,,  \n", permits))
    assert one.event is not None
    assert one.event.org == "(none)"


def test_reading_a_file_again_repeats_every_id_and_identical_rows_stay_two(parse: Parse, permits: SourceMapping) -> None:
    content = HEADER + b"A1,look,2011-01-01,,\nA1,look,2011-01-01,,\nA2,look,2011-01-01,,\n"
    first = [one.event.source_event_id for one in parse(content, permits) if one.event]
    again = [one.event.source_event_id for one in parse(content, permits) if one.event]
    assert first == again
    assert len(set(first)) == 3


def test_a_longer_file_repeats_the_ids_of_its_beginning(parse: Parse, permits: SourceMapping) -> None:
    content = HEADER + b"A1,look,2011-01-01,,\nA1,look,2011-01-01,,\n"
    longer = content + b"A1,look,2011-01-01,,\n"
    ids = [one.event.source_event_id for one in parse(content, permits) if one.event]
    assert [one.event.source_event_id for one in parse(longer, permits) if one.event][:2] == ids


CASE_VALUES = PERMITS + """
case_events:
  - {kind: received, at: 'case:came', required: true, data: {own_due: 'case:due', promised_limit: 'case:limit'}}
  - {kind: collected, at: 'case:went', place: last}
"""
CASE_HEADER = b"case_no,case:came,case:went,case:due,case:limit,what,at\n"


def test_case_values_repeated_on_every_row_are_told_once(parse: Parse, told: Told, write_mapping: WriteMapping) -> None:
    rows = (b"A1,2011-01-03,2011-01-09,2011-01-10,20wd,look,2011-01-04\n"
            b"A1,2011-01-03,2011-01-09,2011-01-10,20wd,look,2011-01-05\n"
            b"B2,2011-01-03,,,,look,2011-01-04\n"
            b"A1,2011-01-03,2011-01-09,2011-01-10,20wd,look,2011-01-06\n")
    parsed = parse(CASE_HEADER + rows, write_mapping(CASE_VALUES))
    assert told(parsed) == ["A1 received", "A1 collected", "A1 step", "A1 step", "B2 received", "B2 step", "A1 step"]
    received, collected = parsed[0].event, parsed[1].event
    assert received is not None
    assert collected is not None
    assert received.source_event_id == "A1#received"
    assert received.data.own_due is not None
    assert (received.data.own_due.granularity, received.data.promised_limit) == ("day", "20wd")
    assert (received.order, collected.order) == (0, ORDER_LAST)


def test_case_values_that_contradict_earlier_rows_are_reported_once(parse: Parse, told: Told,
                                                                     write_mapping: WriteMapping) -> None:
    rows = (b"A1,2011-01-03,,,,look,2011-01-04\nA1,2011-01-04,,,,look,2011-01-05\nA1,2011-01-04,,,,look,2011-01-06\n")
    assert told(parse(CASE_HEADER + rows, write_mapping(CASE_VALUES))) == [
        "A1 received", "A1 step", "line 3 case_facts_contradict", "A1 step", "A1 step"]


def test_a_case_value_that_is_filled_later_is_told_then(parse: Parse, told: Told, write_mapping: WriteMapping) -> None:
    rows = b"A1,2011-01-03,,,,look,2011-01-04\nA1,2011-01-03,2011-01-08,,,look,2011-01-05\n"
    assert told(parse(CASE_HEADER + rows, write_mapping(CASE_VALUES))) == [
        "A1 received", "A1 step", "A1 collected", "A1 step"]


def test_a_missing_required_case_value_is_reported_and_the_events_are_kept(parse: Parse, told: Told,
                                                                           write_mapping: WriteMapping) -> None:
    rows = b"A1,,,,,look,2011-01-04\nA1,,,,,look,2011-01-05\n"
    assert told(parse(CASE_HEADER + rows, write_mapping(CASE_VALUES))) == ["line 2 value_missing", "A1 step", "A1 step"]


@pytest.mark.parametrize(("value", "code"), [("2o11-01-10,20wd", "time_unreadable"), ("2011-01-10,20", "limit_unreadable")])
def test_a_wrong_due_date_or_limit_is_noted_and_the_event_kept_with_the_other(parse: Parse, told: Told,
                                                                              write_mapping: WriteMapping, value: str,
                                                                              code: str) -> None:
    rows = f"A1,2011-01-03,,{value},look,2011-01-04\n".encode()
    parsed = parse(CASE_HEADER + rows, write_mapping(CASE_VALUES))
    assert told(parsed) == ["A1 received", "A1 step"]
    received, note = parsed[0].event, _note(parsed[0])
    assert received is not None
    assert (received.data.own_due is None) != (received.data.promised_limit is None)
    assert (note.outcome.code, note.position) == (code, "line 2")
    assert note.outcome.detail["problem"].endswith("the event is recorded without it")
    assert parsed[1].note is None


def test_all_that_cannot_be_read_of_a_record_is_one_note(parse: Parse, write_mapping: WriteMapping) -> None:
    rows = b"A1,2011-01-03,,soon,20,look,2011-01-04\n"
    note = _note(parse(CASE_HEADER + rows, write_mapping(CASE_VALUES))[0])
    assert [(one.code, one.detail["field"], one.detail["value"]) for one in (note.outcome, *note.outcome.others)] == [
        ("time_unreadable", "case:due", "soon"), ("limit_unreadable", "case:limit", "20")]


def test_a_stop_with_an_unreadable_due_date_still_stops_the_clock(parse: Parse, xes: Callable[..., bytes]) -> None:
    event = ('<event><string key="action_code" value="08_AWB45_025"/><date key="dueDate" value="2011-13-45"/>'
             '<date key="time:timestamp" value="2011-01-05T00:00:00+01:00"/></event>')
    log = xes('<trace><string key="concept:name" value="1"/>'
              f'<date key="startDate" value="2011-01-01T00:00:00+01:00"/>{event}</trace>')
    _accepted, stop = parse(log, "bpic15", "BPIC15_4.xes")
    assert stop.event is not None
    assert (stop.event.kind, stop.event.data.step_due) == (EventKind.CORRECTION_NOTIFIED, None)
    assert _note(stop).outcome.detail["field"] == "dueDate"


def test_an_acceptance_with_an_unreadable_promise_still_opens_the_case(parse: Parse, xes: Callable[..., bytes]) -> None:
    log = xes('<trace><string key="concept:name" value="1"/><date key="startdate" value="2011-01-01T00:00:00+01:00"/>'
              '<date key="enddate_planned" value="soon"/><date key="deadline" value="2011-02-01T00:00:00+01:00"/></trace>')
    one = _only(parse(log, "receipt_wabo"))
    assert one.event is not None
    assert (one.event.kind, one.event.data.promised_due) == (EventKind.ACCEPTED, None)
    assert one.event.data.statutory_due is not None
    assert _note(one).outcome.detail["field"] == "case:enddate_planned"


def test_an_actor_the_record_has_no_room_for_is_left_out_and_noted(parse: Parse, permits: SourceMapping) -> None:
    one = _only(parse(HEADER + f"A1,open,2011-01-01,{'x' * 129},\n".encode(), permits))
    assert one.event is not None
    assert one.event.actor is None
    assert (_note(one).outcome.code, _note(one).outcome.detail["field"]) == ("value_too_long", "actor")


@pytest.mark.parametrize(("days", "read"), [("0", 0), ("9999", 9999), ("10000", None), ("-1", None), ("999999999", None)])
def test_approved_days_are_bounded_as_over_http(parse: Parse, write_mapping: WriteMapping, days: str,
                                                read: int | None) -> None:
    mapping = write_mapping(PERMITS.replace("  kinds:", "  data: {approved_days: days}\n  kinds:"))
    one = _only(parse(f"case_no,what,at,days\nA1,open,2011-01-01,{days}\n".encode(), mapping))
    assert one.event is not None
    assert one.event.data.approved_days == read
    assert (one.note is None) == (read is not None)


def test_an_area_that_the_record_has_no_room_for_is_never_met(write_mapping: WriteMapping) -> None:
    mapper = Mapper(write_mapping(PERMITS.replace("{value: city}", "district")), "x.csv", FeedLimits())
    row = Row(2, {"case_no": "A1", "district": "x" * 65, "what": "open", "at": "2011-01-01"}, "", 1)
    assert [one.rejection.outcome.code for one in mapper.map(row) if one.rejection] == ["value_too_long"]
    assert mapper.areas_met() == ()


def test_conditions_choose_between_the_meanings_of_a_code(parse: Parse, told: Told) -> None:
    header = b"case_id,activity,resource,timestamp,article,vehicleclass,dismissal\n"
    rows = (b"A1,Send Appeal to Prefecture,,2001-01-01,,,NIL\nA2,Send Appeal to Prefecture,,2001-01-01,,,#\n"
            b"A3,Appeal to Judge,,2001-01-01,,,G\nA4,Appeal to Judge,,2001-01-01,,,#\n"
            b"A5,Payment,,2001-01-01,,,\nA6,Flee the Country,,2001-01-01,,,\n")
    assert told(parse(header + rows, "traffic_fines")) == [
        "A1 step", "A2 voided", "A3 voided", "A4 step", "A5 concluded", "line 7 code_unknown"]


def test_the_same_case_number_in_two_municipalities_is_two_cases(parse: Parse, xes: Callable[..., bytes]) -> None:
    log = xes('<trace><string key="concept:name" value="1"/><date key="startDate" value="2011-01-01T00:00:00+01:00"/></trace>')
    first, second = (_only(parse(log, "bpic15", name)).event for name in ("BPIC15_1.xes.gz", "other/BPIC15_2.xes"))
    assert first is not None
    assert second is not None
    assert (first.area, first.org, first.source) == ("BPIC15_1", "BPIC15_1", "bpic15.BPIC15_1")
    assert (second.area, second.org, second.source) == ("BPIC15_2", "BPIC15_2", "bpic15.BPIC15_2")


def test_a_file_of_any_name_names_its_municipality(parse: Parse, xes: Callable[..., bytes]) -> None:
    log = xes('<trace><string key="concept:name" value="1"/><date key="startDate" value="2011-01-01T00:00:00+01:00"/></trace>')
    event = _only(parse(log, "bpic15", f"{'hidden' * 20}.xes.gz")).event
    assert event is not None
    assert event.kind is EventKind.ACCEPTED
    assert len(event.area) == 64
    assert len(event.source) == 64


@pytest.mark.parametrize(("name", "stem"), [("a/b/BPIC15_1.xes.gz", "BPIC15_1"), ("x.csv", "x"), ("日志.jsonl.gz", "日志"),
                                            ("logs\\y.xes", "y"), (".gz", "unnamed"), ("plain", "plain")])
def test_the_stem_of_a_file_name(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_our_own_file_reads_the_same_from_csv_and_json_lines(parse: Parse) -> None:
    table = ("id,kind,case_no,at,org,item,promised_due,approved_days\n"
             "e1,受理,A1,2026-03-09T09:30:00+08:00,JS,JS-001,2026-03-16,\n").encode()
    lines = (b'{"id": "e1", "kind": "accepted", "case_no": "A1", "at": "2026-03-09T09:30:00+08:00", "org": "JS", '
             b'"item": "JS-001", "data": {"promised_due": "2026-03-16"}, "order": 1}\n')
    event = _only(parse(table, "yangguang_csv")).event
    assert event is not None
    assert event.area == "360500"
    assert _only(parse(lines, "yangguang_csv")).event == event


def test_a_case_of_no_area_is_refused_where_the_installation_has_no_default(permits: SourceMapping,
                                                                           write_mapping: WriteMapping) -> None:
    mapper = Mapper(write_mapping(PERMITS.replace("{value: city}", "district")), "x.csv", FeedLimits())
    row = Row(2, {"case_no": "A1", "what": "open", "at": "2011-01-01"}, "", 1)
    assert [one.rejection.outcome.code for one in mapper.map(row) if one.rejection] == ["area_unknown"]


def _mapped(mapping: SourceMapping, name: str, records: Iterable[Row]) -> tuple[list[Parsed], dict[str, int]]:
    mapper = Mapper(mapping, name, FeedLimits(), None, "360500")
    parsed = list(mapper.parse(records))
    mapper.close()
    return parsed, dict(+mapper.remarks)


def test_a_case_told_by_two_traces_keeps_the_values_of_the_first_and_the_events_of_both(told: Told,
                                                                                        xes: Callable[..., bytes]) -> None:
    def trace(start: str, group: str, at: str) -> str:
        return (f'<trace><string key="concept:name" value="1"/><string key="group" value="{group}"/>'
                f'<date key="startdate" value="{start}T00:00:00+01:00"/><event><string key="concept:name" value="T02"/>'
                f'<date key="time:timestamp" value="{at}T00:00:00+01:00"/></event></trace>')

    log = xes(trace("2011-01-01", "A", "2011-01-02"), trace("2011-01-01", "A", "2011-01-03"),
              trace("2011-01-05", "B", "2011-01-06"))
    mapping = find_mapping("receipt_wabo")
    parsed, remarks = _mapped(mapping, "x.xes", read_xes(iter((log,)), FeedLimits()))  # type: ignore[arg-type]
    assert [line.split()[-1] for line in told(parsed)] == ["accepted", "step", "step", "case_facts_contradict", "step"]
    assert remarks == {CASE_REPEATED: 2, CASE_CHANGED: 1}


def test_a_table_whose_case_changes_department_says_so_once(permits: SourceMapping) -> None:
    rows = [Row(line, {"case_no": no, "what": "look", "at": "2011-01-01", "office": office}, f"{line}", line)
            for line, (no, office) in enumerate([("1", "A"), ("1", "A"), ("2", "A"), ("1", "B"), ("1", "A"), ("1", "B")])]
    parsed, remarks = _mapped(permits, "x.csv", rows)
    assert [one.event.org for one in parsed if one.event] == ["A", "A", "A", "B", "A", "B"]
    assert remarks == {CASE_CHANGED: 1}


@pytest.mark.parametrize(("told", "codes"), [('["a", 1]', ("a", "1")), ("[附件]a|b", ("[附件]a", "b")), ('["a", null]', None),
                                             ('["a", ["b"]]', None)])
def test_an_array_of_codes_is_read_as_one_or_refused(told: str, codes: tuple[str, ...] | None, permits: SourceMapping,
                                                     write_mapping: WriteMapping) -> None:
    mapping = write_mapping(PERMITS.replace("  actor: who", "  data: {materials: papers}"))
    row = Row(2, {"case_no": "A1", "what": "open", "at": "2011-01-01", "papers": told}, "", 1)
    [parsed] = Mapper(mapping, "x.csv", FeedLimits()).map(row)
    assert parsed.event is not None
    assert parsed.event.data.materials == codes
    assert (parsed.note is None) == (codes is not None)
