"""Files made to do harm, or harmed on the way: a clear report, the good records kept, memory and time bounded."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest

from feeds.exports import neutralise
from feeds.limits import FeedLimits
from feeds.mapping import SourceMapping
from feeds.readers.archive import StreamBroken, unpacked
from feeds.records import Parsed

Parse = Callable[..., list[Parsed]]
Told = Callable[[list[Parsed]], list[str]]
Xes = Callable[..., bytes]
Packed = Callable[[bytes], bytes]
HEADER = b"case_no,what,at,who,office\n"
GOOD = b"A1,open,2011-01-01,,\n"
TRACE = ('<trace><string key="concept:name" value="{name}"/><date key="startdate" value="2011-01-01T00:00:00+01:00"/>'
         '<event><string key="concept:name" value="look"/><date key="time:timestamp" value="2011-01-02T00:00:00+01:00"/>'
         "</event></trace>")
LAUGHS = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]>'


def _codes(told: list[str]) -> list[str]:
    return [line.split()[-1] for line in told]


def test_a_billion_laughs_are_refused_at_the_doctype(parse: Parse, told: Told, xes: Xes) -> None:
    assert _codes(told(parse(xes(TRACE.format(name="&m;"), head=LAUGHS), "receipt_wabo"))) == ["xml_forbidden"]


@pytest.mark.parametrize("doctype", ['<!DOCTYPE log SYSTEM "file:///etc/passwd">',
                                     '<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
                                     '<!DOCTYPE log [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>'])
def test_external_entities_are_refused_unread(parse: Parse, told: Told, xes: Xes, doctype: str) -> None:
    log = xes(TRACE.format(name="a&x;"), head=f'<?xml version="1.0"?>{doctype}')
    assert _codes(told(parse(log, "receipt_wabo"))) == ["xml_forbidden"]


def test_an_undeclared_entity_is_broken_xml_and_the_trace_before_it_is_kept(parse: Parse, told: Told, xes: Xes) -> None:
    log = xes(TRACE.format(name="a"), TRACE.format(name="&b;"))
    assert told(parse(log, "receipt_wabo"))[:2] == ["a accepted", "a step"]
    assert _codes(told(parse(log, "receipt_wabo")))[-1] == "xml_broken"


def test_deep_nesting_is_refused(parse: Parse, told: Told, xes: Xes) -> None:
    log = xes(TRACE.format(name="a"), "<trace>" + "<list>" * 5000 + "</list>" * 5000 + "</trace>")
    assert _codes(told(parse(log, "receipt_wabo"))) == ["accepted", "step", "value_missing", "xml_too_deep"]


def test_one_endless_attribute_is_refused_without_being_gathered(parse: Parse, told: Told) -> None:
    head = b'<log><trace><string key="concept:name" value="'
    parsed = parse(head + b"x" * 3_000_000 + b'"/></trace></log>', "receipt_wabo")
    assert _codes(told(parsed)) == ["value_missing", "xml_token_too_long"]


def test_a_truncated_log_keeps_every_event_before_the_break(parse: Parse, told: Told, xes: Xes) -> None:
    log = xes(TRACE.format(name="a"), TRACE.format(name="b"))
    cut = log[:log.rindex(b"</event>") + len("</event>") + 3]
    parsed = parse(cut, "receipt_wabo")
    assert told(parsed)[:-1] == ["a accepted", "a step", "b accepted", "b step"]
    assert _codes(told(parsed))[-1] == "xml_broken"
    assert parsed[-1].rejection is not None
    assert parsed[-1].rejection.line == 1


def test_a_truncated_gzip_keeps_what_could_be_unpacked(parse: Parse, told: Told, permits: SourceMapping,
                                                       packed: Packed) -> None:
    content = HEADER + b"".join(f"A{n},open,2011-01-01,{n * 7919 % 10007},\n".encode() for n in range(20_000))
    parsed = parse(packed(content)[:-20_000], permits)
    assert 100 < len(parsed) < 20_000
    assert all(one.event for one in parsed[:-2])
    assert _codes(told(parsed))[-1] == "gzip_truncated"


def test_a_damaged_gzip_is_reported(parse: Parse, told: Told, permits: SourceMapping, packed: Packed) -> None:
    damaged = bytearray(packed(HEADER + GOOD * 3))
    damaged[-6] ^= 0xFF  # the checksum at the end
    parsed = parse(bytes(damaged), permits)
    assert _codes(told(parsed))[-1] == "gzip_broken"


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(b"\0" * 1_000_000) for _ in range(megabytes)]) + packer.flush()


def test_a_zip_bomb_is_stopped_by_its_ratio() -> None:
    pieces: list[int] = []
    with pytest.raises(StreamBroken, match="gzip_too_large"):
        pieces.extend(map(len, unpacked(BytesIO(_bomb(50)), FeedLimits())))
    assert sum(pieces) < 2_000_000


def test_a_large_content_is_stopped_by_its_size() -> None:
    with pytest.raises(StreamBroken, match="gzip_too_large"):
        list(unpacked(BytesIO(_bomb(3)), FeedLimits(max_decompressed_bytes=2_000_000, max_decompression_ratio=10**6)))


def test_a_bomb_inside_an_import_is_one_report(parse: Parse, told: Told, permits: SourceMapping) -> None:
    assert set(_codes(told(parse(_bomb(20), permits)))) <= {"gzip_too_large", "header_missing", "line_too_long"}


def test_an_enormous_line_is_passed_over_in_bounded_memory(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = HEADER + GOOD + b"B2,open,2011-01-01," + b"x" * 20_000_000 + b",\n" + GOOD.replace(b"A1", b"C3")
    tracemalloc.start()
    parsed = parse(content, permits)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told(parsed) == ["A1 accepted", "line 3 line_too_long", "C3 accepted"]
    assert peak < 5_000_000


@pytest.mark.parametrize(("following", "code"), [(10, "quotation_broken"), (10_000, "field_too_long")])
def test_an_unclosed_quotation_mark_costs_its_own_line_only(parse: Parse, told: Told, permits: SourceMapping,
                                                            following: int, code: str) -> None:
    content = HEADER + GOOD + b'B2,open,2011-01-01,"never closed,\n' + GOOD * following
    assert told(parse(content, permits)) == ["A1 accepted", f"line 3 {code}", *["A1 accepted"] * following]


def test_a_stray_quotation_mark_costs_its_own_line_only(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = HEADER + b'B2,open,2011-01-01,"a"b,\n' + GOOD
    assert told(parse(content, permits)) == ["line 2 quotation_broken", "A1 accepted"]


def test_a_bad_line_inside_a_quoted_field_spoils_that_record_only(parse: Parse, told: Told,
                                                                   permits: SourceMapping) -> None:
    content = HEADER + b'B2,open,2011-01-01,"two\nli\0nes\nend",\n' + GOOD
    assert told(parse(content, permits)) == ["line 3 nul_character", "line 2 record_invalid", "A1 accepted"]


def test_nul_characters_are_refused_line_by_line(parse: Parse, told: Told, permits: SourceMapping) -> None:
    content = HEADER + b"A\x001,open,2011-01-01,,\n" + GOOD
    assert told(parse(content, permits)) == ["line 2 nul_character", "A1 accepted"]


@pytest.mark.parametrize("bad", ["\x01", "\x0b", "\x7f", "\uffff"])
def test_control_characters_cost_their_own_line_only(parse: Parse, told: Told, permits: SourceMapping, bad: str) -> None:
    content = HEADER + f"A{bad}1,open,2011-01-01,,\n".encode() + GOOD
    assert told(parse(content, permits)) == ["line 2 control_character", "A1 accepted"]


def test_a_line_in_another_encoding_is_reported_and_the_rest_is_kept(parse: Parse, told: Told,
                                                                     permits: SourceMapping) -> None:
    content = HEADER + "甲,open,2011-01-01,,\n".encode() + "乙,open,2011-01-01,,\n".encode("gbk") + GOOD
    assert told(parse(content, permits)) == ["甲 accepted", "line 3 wrong_encoding", "A1 accepted"]


def test_xml_that_is_not_in_its_declared_encoding_is_called_that(parse: Parse, told: Told, xes: Xes) -> None:
    log = xes(TRACE.format(name="a"), TRACE.format(name="案件"), encoding="gbk")
    assert _codes(told(parse(log, "receipt_wabo"))) == ["accepted", "step", "value_missing", "wrong_encoding"]


def test_formulas_are_kept_as_written(parse: Parse, permits: SourceMapping) -> None:
    formula = "=cmd|' /C calc'!A0"
    event = parse(HEADER + f"A1,open,2011-01-01,{formula},\n".encode(), permits)[0].event
    assert event is not None
    assert event.actor == formula


@pytest.mark.parametrize(("text", "harmless"), [
    ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("+cmd|x", "'+cmd|x"), ("-2+3|x", "'-2+3|x"), ("\t=1", "'\t=1"),
    ("-12.5", "-12.5"), ("+86", "+86"), ("申请", "申请"), ("", ""), ("a=b", "a=b"), ("-", "'-"),
])
def test_formulas_are_made_harmless_where_they_are_exported(text: str, harmless: str) -> None:
    assert neutralise(text) == harmless


def test_whatever_bytes_come_nothing_is_raised(parse: Parse, permits: SourceMapping) -> None:
    for content in _garbage():
        assert parse(content, permits)
        assert parse(content, "receipt_wabo")


def _garbage() -> Iterator[bytes]:
    blocks = [bytes(range(256)) * 8, b"\x1f\x8b" + b"\xff" * 100, b"<" * 1000, b"{" * 100_000, b"\xff\xfe\x00\xd8" * 50,
              b"<log><trace>", b"\xef\xbb\xbf", b'"' * 9999, b"\n" * 5000, gzip.compress(b""), b",,,,\n" * 10, b"\0" * 9000]
    yield from blocks
    yield from (HEADER + block for block in blocks if block.strip())
