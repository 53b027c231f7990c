"""Readers: formats and encodings as they come, good records kept whatever follows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feeds.limits import FeedLimits
from feeds.mapping import SourceMapping
from feeds.readers.csv_rows import read_csv
from feeds.records import Parsed, Row
from tests.unit.feeds.conftest import PERMITS

Parse = Callable[..., list[Parsed]]
Told = Callable[[list[Parsed]], list[str]]
Xes = Callable[..., bytes]
HEADER = "case_no,what,at,who,office\n"
TWO = HEADER + "甲1,open,2011-01-01,张三,城管局\n乙2,close,2011-01-02,,\n"
EVENT = ('<event><string key="concept:name" value="look"/><date key="time:timestamp" '
         'value="2011-01-0{day}T00:00:00+01:00"/></event>')
NAME = '<string key="concept:name" value="{name}"/><date key="case:startdate" value="x"/>'


def _trace(name: str, *days: int) -> str:
    start = '<date key="startdate" value="2011-01-01T00:00:00.000+01:00"/>'
    return f'<trace><string key="concept:name" value="{name}"/>{start}{"".join(EVENT.format(day=day) for day in days)}</trace>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_of_a_csv_file_is_found(parse: Parse, permits: SourceMapping, encoding: str) -> None:
    parsed = parse(TWO.encode(encoding), permits)
    assert [(one.event.case_no, one.event.org) for one in parsed if one.event] == [("甲1", "城管局"), ("乙2", "(none)")]


def test_windows_line_ends_and_a_missing_last_one_are_fine(parse: Parse, told: Told, permits: SourceMapping) -> None:
    assert told(parse(TWO.replace("\n", "\r\n").rstrip().encode(), permits)) == ["甲1 accepted", "乙2 concluded"]


def test_quoted_fields_may_contain_separators_and_line_ends(parse: Parse, permits: SourceMapping) -> None:
    content = HEADER + 'A1,open,2011-01-01,"Zhang, San","office\nof ""permits"""\nB2,oops,2011-01-01,,\n'
    parsed = parse(content.encode(), permits)
    assert parsed[0].event is not None
    assert (parsed[0].event.actor, parsed[0].event.org) == ("Zhang, San", 'office\nof "permits"')
    assert parsed[1].line == 4


def test_a_wrong_number_of_fields_is_reported_with_its_line(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = HEADER + "A1,open,2011-01-01\nB2,open,2011-01-01,,\nC3,open,2011-01-01,,,,\nD4,open,2011-01-01,,\n"
    parsed = parse(content.encode(), permits)
    assert told(parsed) == ["line 2 field_count", "B2 accepted", "line 4 field_count", "D4 accepted"]
    assert parsed[0].raw == "A1,open,2011-01-01"
    assert parsed[0].header == ("case_no", "what", "at", "who", "office")


def test_columns_may_stand_in_any_order_and_others_be_added(parse: Parse, told: Told, permits: SourceMapping) -> None:
    assert told(parse(b"extra,at,what,case_no\nx,2011-01-01,open,A1\n", permits)) == ["A1 accepted"]


@pytest.mark.parametrize(("content", "code"), [
    (b"", "file_empty"), (b"   \n", "file_empty"), (b"a,b,c\n1,2,3\n", "mapping_columns_missing"),
    (b"case_no,case_no,what,at\n1,2,3,4\n", "header_repeated"), (b"PK\x03\x04zip", "archive_unsupported"),
])
def test_a_file_that_is_no_table_of_this_source_says_so_once(parse: Parse, told: Told, permits: SourceMapping,
                                                             content: bytes, code: str) -> None:
    assert [line.split()[-1] for line in told(parse(content, permits))] == [code]


def test_json_lines_keep_good_lines_between_bad_ones(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = (b'{"case_no": "A1", "what": "open", "at": "2011-01-01", "office": {"name": "x"}}\n'
               b'{"case_no": \n[1, 2]\n\n'
               b'{"case_no": 7, "what": "open", "at": "2011-01-01"}\n{"case_no": "\\u0000", "what": "open"}\n'
               b'{"case_no": "A\\f", "what": "open"}\n')
    assert told(parse(content, permits, "x.jsonl")) == [
        "A1 accepted", "line 2 json_invalid", "line 3 json_invalid", "7 accepted", "line 6 nul_character",
        "line 7 control_character"]


def test_a_file_that_is_one_json_array_is_told_to_have_a_line_for_each_object(parse: Parse, permits: SourceMapping) -> None:
    [refused] = parse(b'[{"case_no": "A1"},\n', permits)[:1]
    assert refused.rejection is not None
    assert (refused.rejection.outcome.code, refused.rejection.line) == ("json_invalid", 1)
    assert "one object per line" in refused.rejection.outcome.detail["remedy"]


def test_an_xes_log_gives_case_values_first_and_events_in_order(parse: Parse, told: Told, xes: Xes) -> None:
    parsed = parse(xes(_trace("a", 1, 2), _trace("b", 3)), "receipt_wabo")
    assert told(parsed) == ["a accepted", "a step", "a step", "b accepted", "b step"]
    assert [one.event.order for one in parsed if one.event] == [0, 1, 2, 0, 1]


def test_case_values_behind_the_events_of_a_trace_count_as_well(parse: Parse, told: Told, xes: Xes) -> None:
    trace = _trace("a", 1).replace("</trace>", '<date key="enddate" value="2011-02-01T00:00:00+01:00"/></trace>')
    assert told(parse(xes(trace), "receipt_wabo")) == ["a accepted", "a concluded", "a step"]


def test_nested_attributes_prefixes_and_value_before_key_are_read(parse: Parse, xes: Xes) -> None:
    nested = ('<x:trace xmlns:x="u"><string value="a" key="concept:name"><string key="concept:name" value="inner"/></string>'
              '<date key="startdate" value="2011-01-01T00:00:00+01:00"/>'
              '<list key="l"><values><string key="group" value="hidden"/></values></list></x:trace>')
    event = parse(xes(nested), "receipt_wabo")[0].event
    assert event is not None
    assert (event.case_no, event.org) == ("a", "(none)")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_xes_is_read_in_its_declared_encoding(parse: Parse, xes: Xes, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    event = parse(xes(_trace("案件甲"), head=head, encoding=encoding), "receipt_wabo")[0].event
    assert event is not None
    assert event.case_no == "案件甲"


def test_a_trace_longer_than_the_limit_is_handed_on_in_pieces(parse: Parse, told: Told, xes: Xes,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.limits.FeedLimits.max_trace_events", 2, raising=False)
    parsed = parse(xes(_trace("a", 1, 2, 3, 4, 5)), "receipt_wabo")
    assert told(parsed) == ["a accepted", *["a step"] * 5]
    assert [one.event.order for one in parsed if one.event] == [0, 1, 2, 3, 4, 5]


def test_a_record_of_a_log_on_a_single_line_is_found_by_its_trace_and_event(parse: Parse, told: Told, xes: Xes) -> None:
    bad = _trace("b", 1, 2).replace('value="2011-01-02', 'value="soon')
    parsed = parse(xes(_trace("a", 1), bad), "receipt_wabo")
    assert [line for line in told(parsed) if line.startswith("line")] == ["line 1, trace 2, event 2 time_unreadable"]
    assert [one.position for one in parsed if one.event][-1] == "line 1, trace 2, event 1"


def test_the_place_of_a_break_in_a_log_is_told_to_the_byte(parse: Parse, told: Told, xes: Xes) -> None:
    cut = xes(_trace("a", 1), _trace("b", 1, 2))
    cut = cut[:cut.rindex(b"</event>")]
    assert told(parse(cut, "receipt_wabo"))[-1] == f"line 1, trace 2, event 2, byte {len(cut)} xml_broken"


@pytest.mark.parametrize("lines", ["", "\n", "\n\n"])
def test_a_table_of_only_a_header_says_that_it_has_no_records(parse: Parse, told: Told, permits: SourceMapping,
                                                              lines: str) -> None:
    [one] = parse(f"case_no,what,at,who,office{lines}".encode(), permits)
    assert told([one]) == ["line 1 no_records"]
    assert one.raw == "case_no,what,at,who,office"


def test_an_xes_without_traces_says_so(parse: Parse, told: Told, xes: Xes) -> None:
    assert [line.split()[-1] for line in told(parse(xes(), "receipt_wabo"))] == ["xml_no_traces"]


def test_gzip_is_recognised_by_its_content_also_in_several_members(parse: Parse, told: Told, permits: SourceMapping,
                                                                    packed: Callable[[bytes], bytes]) -> None:
    content = TWO.encode()
    assert told(parse(packed(content[:40]) + packed(content[40:]) + b"\0\0", permits)) == ["甲1 accepted", "乙2 concluded"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_that_of_the_header_unless_the_mapping_states_one(parse: Parse, told: Told, permits: SourceMapping,
                                                                           write_mapping: Callable[[str], SourceMapping],
                                                                           separator: str) -> None:
    content = (HEADER + 'A1,open,2011-01-01,"Li, Wang; Zhao",x\n').replace(",", separator).encode()
    assert told(parse(content, permits)) == ["A1 accepted"]
    assert told(parse(content, write_mapping(f"{PERMITS}separator: '|'\n"))) == ["line 1 mapping_columns_missing"]


def test_a_header_of_which_a_quoted_name_has_other_separators_is_read(parse: Parse, told: Told, permits: SourceMapping) -> None:
    assert told(parse(b'"a;b;c;d;e;f",case_no,what,at\nx,A1,open,2011-01-01\n', permits)) == ["A1 accepted"]


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "Bürgeramt – Müller"), ("latin-1", "Bürgeramt")])
def test_a_declared_western_encoding_is_read(parse: Parse, write_mapping: Callable[[str], SourceMapping], encoding: str,
                                             name: str) -> None:
    content = (HEADER + f"A1,open,2011-01-01,,{name}\n").encode(encoding)
    parsed = parse(content, write_mapping(f"{PERMITS}encoding: {encoding}\n"))
    assert [one.event.org for one in parsed if one.event] == [name]


def test_what_is_no_utf8_is_taken_for_chinese_only_where_the_source_is(parse: Parse, told: Told, permits: SourceMapping,
                                                                       write_mapping: Callable[[str], SourceMapping]) -> None:
    content = HEADER.encode() + "A1,open,2011-01-01,,Bürgeramt Ost\n".encode("latin-1") + b"A2,open,2011-01-01,,x\n"
    dutch = write_mapping(PERMITS.replace("Asia/Shanghai", "Europe/Amsterdam"))
    parsed = parse(content, dutch)
    assert told(parsed) == ["line 2 wrong_encoding", "A2 accepted"]
    assert parsed[0].rejection is not None
    assert "cp1252" in parsed[0].rejection.outcome.detail["remedy"]
    assert len(told(parse(content, permits))) == 2


def test_xes_declared_as_windows_1252_is_read(parse: Parse, xes: Xes) -> None:
    head = '<?xml version="1.0" encoding="windows-1252"?>'
    event = parse(xes(_trace("Müller – 1"), head=head, encoding="cp1252"), "receipt_wabo")[0].event
    assert event is not None
    assert event.case_no == "Müller – 1"


def test_a_file_without_any_of_the_columns_a_value_may_come_from_says_so_once(parse: Parse) -> None:
    [one] = parse(b"id,what,when\nA1,Payment,2001-01-01\n", "traffic_fines")
    assert one.rejection is not None
    assert one.rejection.outcome.detail["value"] == ("activity / concept:name, case_id / case:concept:name, "
                                                     "timestamp / time:timestamp")


def _titled(*offices: bytes) -> bytes:
    return HEADER.encode() + b"".join(b"A1,open,2011-01-01,," + office + b"\n" for office in offices)


def test_one_damaged_line_does_not_turn_a_utf8_file_into_chinese_nonsense(parse: Parse, told: Told,
                                                                          permits: SourceMapping) -> None:
    parsed = parse(_titled("施工许可证".encode()[:-1], "施工许可".encode(), "城管".encode()), permits)
    assert told(parsed) == ["line 2 wrong_encoding", "A1 accepted", "A1 accepted"]
    assert [one.event.org for one in parsed if one.event] == ["施工许可", "城管"]


def test_a_gbk_line_that_looks_like_utf8_by_chance_is_read_as_the_others_are(parse: Parse, permits: SourceMapping) -> None:
    parsed = parse(_titled(*(office.encode("gbk") for office in ("一", "施工许可", "城管局"))), permits)
    assert [one.event.org for one in parsed if one.event] == ["一", "施工许可", "城管局"]


def test_lines_that_end_with_a_carriage_return_alone_are_lines(parse: Parse, told: Told, permits: SourceMapping) -> None:
    assert told(parse(TWO.replace("\n", "\r").encode(), permits)) == ["甲1 accepted", "乙2 concluded"]


def test_a_carriage_return_within_a_line_is_called_that(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = HEADER + "A1,open,2011-01-01,,\rB2,open,2011-01-01,,\nC3,open,2011-01-01,,\n"
    assert told(parse(content.encode(), permits)) == ["line 2 stray_line_end", "C3 accepted"]


def test_columns_without_a_name_are_nobodys(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = "".join(f"{line},,\n" for line in TWO.splitlines())
    assert told(parse(content.encode(), permits)) == ["甲1 accepted", "乙2 concluded"]


def test_a_name_that_stands_twice_in_a_line_of_json_costs_that_line_only(parse: Parse, told: Told) -> None:
    line = '{"kind":"accepted","case_no":"A1","at":"2026-03-09"}\n'
    content = line + line.replace('"case_no":"A1"', '"case_no":"A1","case_no":"A2"') + line.replace("A1", "A3")
    assert told(parse(content.encode(), "yangguang_csv")) == ["A1 accepted", "line 2 name_repeated", "A3 accepted"]


def test_one_long_damaged_line_does_not_speak_for_a_utf8_file(parse: Parse, told: Told, permits: SourceMapping) -> None:
    parsed = parse(_titled(("施工许可证" * 8).encode()[:-1], "城管".encode(), "教体".encode()), permits)
    assert told(parsed) == ["line 2 wrong_encoding", "A1 accepted", "A1 accepted"]
    assert [one.event.org for one in parsed if one.event] == ["城管", "教体"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_the_end_of_lines_is_found_however_the_file_is_cut(end: str, size: int) -> None:
    content = "a,b\n1,2\n3,4\n".replace("\n", end).encode()
    chunks = (content[start:start + size] for start in range(0, len(content), size))
    rows = [one.fields for one in read_csv(chunks, FeedLimits()) if isinstance(one, Row)]
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_value_under_a_column_without_a_name_is_kept_by_its_place() -> None:
    [row] = read_csv(iter((b"a,,\n1,2,3\n",)), FeedLimits())
    assert isinstance(row, Row)
    assert row.fields == {"a": "1", "(column 2)": "2", "(column 3)": "3"}
