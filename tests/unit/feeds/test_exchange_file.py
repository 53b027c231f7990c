"""Our own exchange file says as JSON Lines and as CSV what POST /api/v1/events says, and loses nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cases.events import Due
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import find_mapping
from feeds.public_event import EventReader, PublicData, PublicEvent
from feeds.readers.jsonl import read_jsonl
from feeds.records import Parsed

Parse = Callable[..., list[Parsed]]
DATA: dict[str, Any] = {
    "title": "施工许可", "applicant": "李四", "applicant_kind": "person", "reason": "r", "document_no": "d-1",
    "special_kind": "hearing", "approved_days": 5, "promised_due": "2026-03-16T12:00:00+08:00", "statutory_due": "2026-03-20",
    "own_due": "2026-03-17", "step_due": "2026-03-10", "due_granularity": "instant", "promised_limit": "7wd",
    "statutory_limit": "20wd", "parent_org": "P", "post": "clerk", "opinion": "o", "result": "granted",
    "materials": ["M1", "M2, with a comma"], "deferred": ["D|1"], "deferred_due": "2026-03-30", "fee_code": "F",
    "amount_fen": 100, "quantity": 2, "receipt_no": "R", "waiver": "w", "certificate_no": "C",
    "certificate_at": "2026-03-12T10:00:00+08:00", "ticket_no": "A001", "score": 5, "channel": "hall", "phone_hash": "h",
    "device": "K1", "topic": "t", "from_step": "审核", "attributes": {"k": "v", "来源": "窗口"}}
EVENT: dict[str, Any] = {
    "id": "1", "version": 2, "kind": "accepted", "case_no": "A1", "area": "360502", "at": "2026-03-09T09:30:00+08:00",
    "order": 3, "org": "JS", "item": "JS-001", "item_version": "2", "actor": "zhang", "station": "w1", "step": "受理",
    "data": DATA}


def test_json_lines_say_all_that_an_event_over_http_says(parse: Parse) -> None:
    assert (set(EVENT), set(DATA)) == (set(PublicEvent.__struct_fields__), set(PublicData.__struct_fields__))
    over_http = EventReader("360500").read("yangguang_csv", json.dumps(EVENT).encode())
    [one] = parse(json.dumps(EVENT).encode(), "yangguang_csv")
    assert (one.event, one.note) == (over_http, None)


@pytest.mark.parametrize(("granularity", "stated"), [("", "day"), ("day", "day"), ("instant", "instant")])
def test_a_due_moment_of_a_csv_is_as_fine_as_its_column_says(parse: Parse, granularity: str, stated: str) -> None:
    content = f"kind,case_no,at,own_due,due_granularity\naccepted,A1,2026-03-09,2026-03-16,{granularity}\n"
    [one] = parse(content.encode(), "yangguang_csv")
    assert one.event is not None
    assert one.event.data.own_due == Due(1773590400000000, 480, stated)


def test_an_unknown_granularity_is_told_and_guessed_by_nobody(parse: Parse) -> None:
    content = b"kind,case_no,at,own_due,due_granularity\naccepted,A1,2026-03-09,2026-03-16,hour\n"
    [one] = parse(content, "yangguang_csv")
    assert one.note is not None
    assert one.note.outcome.detail["field"] == "due_granularity / data.due_granularity"


def test_attributes_too_many_or_too_long_are_left_out_and_told(parse: Parse) -> None:
    many = {"k" * 200: "v", "a": "x" * 2001, "b": "kept"}
    [one] = parse(json.dumps(EVENT | {"data": {"attributes": many}}).encode(), "yangguang_csv")
    assert one.event is not None
    assert one.event.data.attributes == {"b": "kept"}
    assert one.note is not None
    [one] = parse(json.dumps(EVENT | {"data": {"attributes": {str(n): "v" for n in range(50)}}}).encode(), "yangguang_csv")
    assert one.note is not None
    assert one.note.outcome.code == "attributes_too_many"


def test_no_column_of_the_exchange_file_is_told_as_unread(limits: FeedLimits) -> None:
    mapper = Mapper(find_mapping("yangguang_csv"), "a.jsonl", limits, None, "360500")
    list(mapper.parse(read_jsonl(iter([json.dumps(EVENT).encode()]), limits)))
    mapper.close()
    assert mapper.columns_unread == []
