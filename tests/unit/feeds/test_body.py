"""A body cut into records: exactly as sent, no more than allowed, in bounded memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from core.errors import InvalidInput, TooLarge
from feeds.body import split_body

MEMBERS = ['{"a": [1, {"b": "]},{"}], "c": "\\\\"}', '{}', '"te,xt]"', '-1.5e3', 'null', '[[], {}]', '"\\"\\ud800"']
MIB = 1024 * 1024


@pytest.mark.parametrize("form", ["[{}]", ' \n[ {} ]\n', '{{"events": [{}]}}', '\ufeff{{ "events" :[ {}\n] }}\n'])
@pytest.mark.parametrize("between", [",", " ,\n\t"])
def test_every_record_is_cut_out_as_it_was_sent(form: str, between: str) -> None:
    body = form.format(between.join(MEMBERS)).encode()
    assert split_body(body, 100, is_lines=False) == [one.encode() for one in MEMBERS]


@pytest.mark.parametrize("body", ["[]", " [ ] ", '{"events": []}', '\ufeff[]'])
def test_an_empty_delivery_has_no_records(body: str) -> None:
    assert split_body(body.encode(), 100, is_lines=False) == []


@pytest.mark.parametrize("body", ["", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "[1]x", '["a]', '[{"a": 1]', "{}", "1",
                                  '{"events": 1}', '{"events": [1]', '{"events": [1], "more": 1}', '{"event": [1]}',
                                  "[" * 1000 + "]" * 1000])
def test_what_is_no_array_is_refused_as_a_whole(body: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        split_body(body.encode(), 100, is_lines=False)
    assert refused.value.code == "body_unreadable"


def test_the_cut_agrees_with_a_whole_reader_of_json() -> None:
    events = [{"id": f"e{n}", "data": {"title": '引号"\\[' * (n % 4), "attributes": {"k": "}"}}} for n in range(500)]
    for text in (json.dumps(events), json.dumps({"events": events}, ensure_ascii=False, indent=1)):
        assert [json.loads(one) for one in split_body(text.encode(), 500, is_lines=False)] == events


@pytest.mark.parametrize("is_lines", [True, False])
def test_more_records_than_allowed_are_refused_before_they_are_held(is_lines: bool) -> None:
    body = b"1\n" * (8 * MIB) if is_lines else b"[" + b"1," * (8 * MIB) + b"1]"
    tracemalloc.start()
    with pytest.raises(TooLarge, match="too_many_events"):
        split_body(body, 1000, is_lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MIB


def test_one_enormous_record_is_cut_out_without_being_taken_apart() -> None:
    body = b"[[" + b"1," * (4 * MIB) + b"1]]"
    tracemalloc.start()
    records = split_body(body, 10, is_lines=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(body) + MIB
    assert records == [body[1:-1]]


def test_empty_lines_are_passed_over() -> None:
    assert split_body(b"\n{}\r\n \t\n 2\n\n", 10, is_lines=True) == [b"{}\r", b"2"]


@pytest.mark.parametrize("body", [b'{"events":[{"id":"1"}],"events":[{"id":"2"}]}', b'{"events":[],"events":[{"id":"2"}]}'])
def test_of_two_lists_of_events_none_is_dropped_in_silence(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="body_unreadable"):
        split_body(body, 10, is_lines=False)


def test_the_word_events_within_an_event_is_a_word() -> None:
    body = b'{"events":[{"title":"events","events":1}]}'
    assert split_body(body, 10, is_lines=False) == [b'{"title":"events","events":1}']
