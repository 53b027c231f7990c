"""The event as others send it."""

from __future__ import annotations

import pytest

from cases.events import EventKind
from core.instants import written_local
from feeds.public_event import EventReader
from feeds.reasons import Refusal

READER = EventReader("city", max_attributes=2)


def _raw(**changes: str) -> bytes:
    fields = {"id": '"e1"', "kind": '"accepted"', "case_no": '"A1"', "at": '"2026-03-09T09:30:00+08:00"'} | changes
    return ("{" + ", ".join(f'"{name}": {value}' for name, value in fields.items() if value) + "}").encode()


def test_an_event_keeps_the_offset_it_was_written_with() -> None:
    event = READER.read("hall", _raw(at='"2026-03-09T01:30:00Z"', org='"JS"', version="2"))
    assert written_local(event.claimed_at, event.utc_offset).isoformat() == "2026-03-09T01:30:00+00:00"
    assert (event.source, event.source_event_id, event.source_version) == ("hall", "e1", 2)
    assert (event.kind, event.area, event.org) == (EventKind.ACCEPTED, "city", "JS")


@pytest.mark.parametrize(("due", "granularity", "means"), [
    ('"2026-03-16"', "", ("2026-03-16T00:00:00+08:00", "day")),
    ('"2026-03-16T17:00:00+08:00"', "", ("2026-03-16T17:00:00+08:00", "day")),
    ('"2026-03-16T17:00:00+08:00"', '"instant"', ("2026-03-16T17:00:00+08:00", "instant")),
])
def test_a_due_date_is_a_day_unless_said_otherwise(due: str, granularity: str, means: tuple[str, str]) -> None:
    extra = f', "due_granularity": {granularity}' if granularity else ""
    read = READER.read("hall", _raw(data=f'{{"statutory_due": {due}{extra}}}')).data.statutory_due
    assert read is not None
    assert (written_local(read.at, read.utc_offset).isoformat(), read.granularity) == means


@pytest.mark.parametrize(("changes", "code", "field"), [
    ({"id": ""}, "record_invalid", "id"),
    ({"kind": '"akzepted"'}, "record_invalid", "kind"),
    ({"at": '"2026-03-09T09:30:00"'}, "record_invalid", "at"),
    ({"at": '"2026-03-09"'}, "record_invalid", "at"),
    ({"at": '"0026-03-09T09:30:00Z"'}, "time_out_of_range", "at"),
    ({"case_no": '""'}, "record_invalid", "case_no"),
    ({"case_no": f'"{"9" * 129}"'}, "record_invalid", "case_no"),
    ({"version": "0"}, "record_invalid", "version"),
    ({"promised_due": '"2026-03-16"'}, "record_invalid", "promised_due"),
    ({"data": '{"promise_due": "2026-03-16"}'}, "record_invalid", "data.promise_due"),
    ({"data": '{"promised_due": "2026-02-30"}'}, "time_unreadable", "data.promised_due"),
    ({"data": '{"promised_due": "2026-03-16T10:00"}'}, "time_zone_missing", "data.promised_due"),
    ({"data": '{"promised_limit": "7 days"}'}, "record_invalid", "data.promised_limit"),
    ({"data": '{"attributes": {"a": "1", "b": "2", "c": "3"}}'}, "attributes_too_many", "data.attributes"),
    ({"org": '"a\\u0000b"'}, "nul_character", "org"),
    ({"org": '"a\\u000bb"'}, "control_character", "org"),
    ({"data": '{"title": "\\f"}'}, "control_character", "data.title"),
    ({"data": '{"title": "\uffff"}'}, "control_character", "data.title"),
    ({"data": '{"materials": ["a", "\\u0000"]}'}, "nul_character", "data.materials"),
    ({"data": '{"attributes": {"a\\b": "1"}}'}, "control_character", "data.attributes"),
    ({"org": '"\\ud800"'}, "json_invalid", ""),
    ({"org": "nonsense"}, "json_invalid", ""),
])
def test_what_is_wrong_is_named(changes: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        READER.read("hall", _raw(**changes))
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_record_of_endless_depth_is_refused() -> None:
    with pytest.raises(Refusal):
        READER.read("hall", b'{"data": ' * 100_000)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert READER.read("hall", _raw(org='"a\\\\u0000b"')).org == "a\\u0000b"


def test_every_member_of_a_whole_event_is_kept() -> None:
    """How fast it is read is measured by `make bench ARGS=read`."""
    event = READER.read("hall", _raw(org='"JS"', item='"JS-001"', actor='"Zhang San"', step='"审核"', order="3",
                                     data='{"promised_due": "2026-03-16", "title": "permit"}'))

    assert (event.org, event.item, event.actor, event.step, event.order) == ("JS", "JS-001", "Zhang San", "审核", 3)
    assert (event.data.title, event.data.promised_due is not None, event.data.statutory_due) == ("permit", True, None)


@pytest.mark.parametrize("colon", ['":', '" : ', '":\n'])
@pytest.mark.parametrize(("more", "field"), [('"case_no":"A2"', "case_no"), ('"data":{"title":"x","title":"y"}', "title")])
def test_a_name_that_stands_twice_in_one_object_is_refused(more: str, field: str, colon: str) -> None:
    told = f'{{"id":"1","kind":"accepted","case_no":"A1","at":"2018-10-15T09:00:00+08:00",{more}}}'
    rejection = READER.parse("desk", told.replace('":', colon).encode()).rejection
    assert rejection is not None
    assert (rejection.outcome.code, rejection.outcome.detail["field"]) == ("name_repeated", field)


def test_one_name_in_two_objects_and_in_words_is_no_name_twice() -> None:
    told = ('{"id":"1","kind":"accepted","case_no":"A1","at":"2018-10-15T09:00:00+08:00","actor":null,'
            '"data":{"title":"he said \\"id\\": 7, \\"id\\": 8","attributes":{"title":"y","id":"z"}}}')
    assert READER.parse("desk", told.encode()).event is not None


@pytest.mark.parametrize("twice", ['"case_no" :"A2"', '"case_no"\n: "A2"', '"case\\u005fno":"A2"',
                                   '"case_no" :"A2","actor":"he \\"said\\":"'])
def test_a_name_written_otherwise_is_the_same_name(twice: str) -> None:
    told = f'{{"id":"1","kind":"accepted","case_no":"A1","at":"2018-10-15T09:00:00+08:00",{twice}}}'
    rejection = READER.parse("desk", told.encode()).rejection
    assert rejection is not None
    assert rejection.outcome.code == "name_repeated"
