"""The quarantine's second chances: repaired, replayed as they are, one or all alike, or dismissed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from cases.events import CaseEvent, EventKind, Status
from core.access import Actor
from core.clock import FrozenClock
from core.database import Database
from core.errors import Conflict, NotFound
from feeds.ingest import Ingest
from feeds.mapping import SourceMapping, find_mapping, read_mapping
from feeds.public_event import EventReader
from feeds.quarantine import Delivery
from feeds.queries import FeedQueries
from feeds.reasons import REMEDIES, Refusal, Rejection
from feeds.records import Parsed
from feeds.repair import Repairs
from tests.unit.feeds.conftest import PERMITS, FakeRecorder, refused

DESK = Delivery("desk")
ALICE = Actor("alice", frozenset())


@pytest.fixture
def repairs(ingest: Ingest, database: Database, frozen_clock: FrozenClock, permits: SourceMapping) -> Repairs:
    def find(name: str) -> SourceMapping:
        return read_mapping(permits.path) if name == "permits" else find_mapping(name)

    return Repairs(ingest, database, frozen_clock, EventReader("city"), find)


def _quarantined(ingest: Ingest, queries: FeedQueries, delivery: Delivery, parsed: Parsed) -> int:
    ingest.take(delivery, [parsed])
    return queries.quarantined().records[0].id


GOOD_JSON = '{"id": "1", "kind": "accepted", "case_no": "A1", "at": "2018-10-15T09:00:00+08:00"}'


def test_a_repaired_record_is_recorded_and_leaves_the_quarantine(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                                 recorder: FakeRecorder) -> None:
    record = _quarantined(ingest, queries, DESK, refused("record_invalid", GOOD_JSON.replace("accepted", "akzepted")))
    assert repairs.repair(record, GOOD_JSON.replace("accepted", "nonsense"), ALICE).status is Status.MALFORMED
    assert queries.quarantined().total == 1
    assert repairs.repair(record, GOOD_JSON, ALICE).status is Status.OK
    assert [event.case_no for event in recorder.events] == ["A1"]
    handled = queries.get_quarantined(record)
    assert (handled.state, handled.handled_by) == ("repaired", "alice")


def test_a_record_is_handled_once(ingest: Ingest, queries: FeedQueries, repairs: Repairs) -> None:
    record = _quarantined(ingest, queries, DESK, refused())
    repairs.dismiss(record, ALICE)
    with pytest.raises(Conflict):
        repairs.repair(record, GOOD_JSON, ALICE)
    with pytest.raises(NotFound):
        repairs.dismiss(record + 1, ALICE)


def test_a_line_of_csv_is_repaired_as_a_line_under_its_header(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                              recorder: FakeRecorder) -> None:
    line = Parsed(None, Rejection(Refusal("field_count").as_outcome(), 2), "A1,open", 2, ("case_no", "what", "at"))
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"), line)
    assert repairs.repair(record, "A1,open", ALICE).code == "field_count"
    assert repairs.repair(record, "A1,open,2018-01-01", ALICE).status is Status.OK
    assert recorder.events[0].kind is EventKind.ACCEPTED


def test_a_record_is_replayed_when_the_code_table_has_grown(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                            permits: SourceMapping) -> None:
    dance = refused(raw='{"case_no": "A1", "what": "dance", "at": "2018-01-01"}')
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"), dance)
    assert repairs.replay([record], ALICE)[record].code == "code_unknown"
    permits.path.write_text(PERMITS.replace("    look: step", "    look: step\n    dance: step"), encoding="utf-8")
    assert repairs.replay([record], ALICE)[record].status is Status.OK
    assert queries.quarantined().total == 0


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_refused_line_is_kept_and_repaired_with_the_separator_of_its_file(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, write_mapping: Callable[[str], SourceMapping],
        parse: Callable[..., list[Parsed]], recorder: FakeRecorder, separator: str, stated: bool) -> None:
    mapping = write_mapping(f"{PERMITS}separator: '{separator}'\n" if stated else PERMITS)
    content = 'case_no,what,at,who\nA1,open,"2018-01-01"\n'.replace(",", separator)
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"),
                          parse(content.encode(), mapping)[0])
    raw = queries.get_quarantined(record).raw
    assert raw == separator.join(["A1", "open", "2018-01-01"])
    assert repairs.repair(record, f'{raw}{separator}"Li{separator} Wang"', ALICE).status is Status.OK
    assert recorder.events[0].actor == f"Li{separator} Wang"


def test_a_repair_says_nothing_about_the_source_itself(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                       frozen_clock: FrozenClock) -> None:
    """A dropped file is a live source with a name; repairing a record of it must not make it one nobody watches."""
    delivery = Delivery("permits", "x.csv", "permits", "live", "许可")
    event = CaseEvent(source="permits", source_event_id="1", kind=EventKind.ACCEPTED, case_no="A0", area="city",
                      claimed_at=frozen_clock.now_us())
    ingest.take(delivery, [Parsed(event), refused(raw='{"case_no": "A1", "what": "open", "at": "2018-01-01"}')])
    before = queries.health_of("permits", frozen_clock.now_us())
    frozen_clock.advance(timedelta(hours=1))
    assert repairs.replay([queries.quarantined().records[0].id], ALICE) != {}
    after = queries.health_of("permits", frozen_clock.now_us())
    assert (after.name, after.kind, after.last_received_at, after.lag_s) == ("许可", "live", before.last_received_at, 0.0)
    assert (after.accepted, after.state) == (2, "late")


def test_all_records_alike_are_replayed_in_batches_and_the_others_left_alone(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder) -> None:
    good = [GOOD_JSON.replace('"1"', f'"{number}"').replace("A1", f"A{number}") for number in range(1200)]
    ingest.take(DESK, [refused("not_recorded", raw) for raw in [*good, "{broken"]])
    ingest.take(DESK, [refused("code_unknown", good[0])])
    ingest.take(Delivery("other"), [refused("not_recorded", good[1])])
    chosen = queries.quarantined(source="desk", limit=2).records[1].id
    assert repairs.replay_alike(chosen, ALICE) == {Status.OK: 1200, Status.MALFORMED: 1}
    assert {event.source for event in recorder.events} == {"desk"}
    left = queries.quarantined().records
    assert sorted((one.source, one.code) for one in left) == [
        ("desk", "code_unknown"), ("desk", "json_invalid"), ("other", "not_recorded")]


def test_a_record_handled_meanwhile_is_left_out_of_a_replay(ingest: Ingest, queries: FeedQueries,
                                                            repairs: Repairs) -> None:
    ingest.take(DESK, [refused("not_recorded", GOOD_JSON), refused("not_recorded", GOOD_JSON.replace("A1", "A2"))])
    second, first = (one.id for one in queries.quarantined().records)
    repairs.dismiss(first, ALICE)
    assert list(repairs.replay([first, second], ALICE)) == [second]
    assert queries.get_quarantined(first).state == "dismissed"


def test_a_value_left_out_of_an_event_is_repaired_by_a_higher_version_of_it(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder, parse: Callable[..., list[Parsed]],
        write_mapping: Callable[[str], SourceMapping]) -> None:
    mapping = write_mapping(PERMITS.replace("  actor: who", "  data: {own_due: due}"))
    delivery = Delivery("permits", "x.csv", "permits", "file")
    ingest.take(delivery, parse(b"case_no,what,at,due\nA1,open,2018-01-01,soon\n", mapping))
    record = queries.quarantined().records[0].id
    assert repairs.replay([record], ALICE)[record].code == "time_unreadable"
    good = queries.get_quarantined(record).raw.replace("soon", "2018-02-01")
    assert repairs.repair(record, good, ALICE).status is Status.OK
    kept, corrected = recorder.events
    assert (corrected.source_event_id, corrected.source_version) == (kept.source_event_id, kept.source_version + 1)
    assert (kept.data.own_due is None, corrected.data.own_due is None) == (True, False)
    assert queries.quarantined().total == 0


def test_a_case_value_is_repaired_without_repeating_the_event_of_its_row(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder, parse: Callable[..., list[Parsed]],
        write_mapping: Callable[[str], SourceMapping]) -> None:
    case_events = "case_events: [{kind: received, at: 'case:came', data: {own_due: 'case:due'}}]\n"
    content = b"case_no,what,at,case:came,case:due\nA1,look,2018-01-01,2018-01-01,soon\n"
    ingest.take(Delivery("permits", "x.csv", "permits", "file"), parse(content, write_mapping(PERMITS + case_events)))
    record = queries.quarantined().records[0].id
    assert repairs.repair(record, queries.get_quarantined(record).raw.replace("soon", "2018-02-01"), ALICE).status is Status.OK
    assert [(event.kind.value, event.source_version) for event in recorder.events] == [
        ("received", 1), ("step", 1), ("received", 2)]


def test_an_event_over_http_ahead_of_the_clock_is_kept_as_it_was_sent_and_replayed_when_its_time_has_come(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder, frozen_clock: FrozenClock) -> None:
    moment = (frozen_clock.now() + timedelta(hours=2)).isoformat()
    sent = GOOD_JSON.replace("2018-10-15T09:00:00+08:00", moment)
    record = _quarantined(ingest, queries, DESK, EventReader("city").parse("desk", sent.encode()))
    assert queries.get_quarantined(record).raw == sent
    assert repairs.replay([record], ALICE)[record].code == "future_dated"
    frozen_clock.advance(timedelta(hours=3))
    assert repairs.replay([record], ALICE)[record].status is Status.OK
    assert [event.case_no for event in recorder.events] == ["A1"]


def test_a_refusal_of_the_record_says_what_can_be_done(ingest: Ingest, queries: FeedQueries, recorder: FakeRecorder) -> None:
    recorder.poison.add("A1")
    event = EventReader("city").parse("desk", GOOD_JSON.encode())
    [outcome], _account = ingest.take(DESK, [event])
    assert outcome.detail["remedy"] == REMEDIES["not_recorded"]
    assert queries.quarantined().records[0].raw == GOOD_JSON


def test_a_repair_that_fails_leaves_the_record_as_it_came(ingest: Ingest, queries: FeedQueries, repairs: Repairs) -> None:
    sent = GOOD_JSON.replace("accepted", "akzepted")
    record = _quarantined(ingest, queries, DESK, refused("record_invalid", sent))
    repairs.repair(record, GOOD_JSON.replace("accepted", "nearly"), ALICE)
    kept = queries.get_quarantined(record)
    assert (kept.raw, kept.to_repair) == (sent, GOOD_JSON.replace("accepted", "nearly"))
    repairs.repair(record, " ", ALICE)
    kept = queries.get_quarantined(record)
    assert (kept.raw, kept.to_repair) == (sent, sent)


def test_bytes_in_another_encoding_are_never_replayed_as_question_marks(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                                        recorder: FakeRecorder) -> None:
    sent = GOOD_JSON.replace("A1", "施工").encode("gbk")
    record = _quarantined(ingest, queries, DESK, EventReader("city").parse("desk", sent))
    assert repairs.replay([record], ALICE)[record].code == "wrong_encoding"
    assert recorder.events == []
    assert repairs.repair(record, GOOD_JSON, ALICE).status is Status.OK


def test_a_question_mark_the_source_itself_sent_may_be_replayed(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                               recorder: FakeRecorder) -> None:
    sent = GOOD_JSON.replace("A1", "A\ufffd")
    record = _quarantined(ingest, queries, DESK, refused("not_recorded", sent))
    assert repairs.replay([record], ALICE)[record].status is Status.OK
    assert [event.case_no for event in recorder.events] == ["A\ufffd"]


def test_what_is_kept_in_part_is_not_replayed_until_somebody_completes_it(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder,
        parse: Callable[..., list[Parsed]], write_mapping: Callable[[str], SourceMapping]) -> None:
    parsed = parse(b"case_no,what,at,who,office\nA1,shut?,2018-01-01,," + b"x" * 9000 + b"\n", write_mapping(PERMITS))
    line = Parsed(None, parsed[0].rejection, "A1,open,2018-01-01,," + "x" * 9000, 2,
                  ("case_no", "what", "at", "who", "office"), ",")
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"), line)
    assert repairs.replay([record], ALICE)[record].code == "kept_in_part"
    assert repairs.replay([record], ALICE)[record].code == "kept_in_part"
    assert recorder.events == []
    assert repairs.repair(record, "A1,open,2018-01-01,,x", ALICE).status is Status.OK


def test_a_file_of_only_a_header_is_not_replayed_as_a_record_until_somebody_writes_one_under_it(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder,
        parse: Callable[..., list[Parsed]], permits: SourceMapping) -> None:
    [empty] = parse(b"case_no,what,at\n", permits)
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"), empty)
    assert repairs.replay([record], ALICE)[record].code == "no_records"
    assert repairs.repair(record, "A1,open,2018-01-01", ALICE).status is Status.OK
    assert [event.case_no for event in recorder.events] == ["A1"]


def test_a_replay_takes_the_record_as_it_came_and_leaves_the_repair_in_the_form(
        ingest: Ingest, queries: FeedQueries, repairs: Repairs, recorder: FakeRecorder) -> None:
    record = _quarantined(ingest, queries, DESK, refused("record_invalid", GOOD_JSON.replace("accepted", "akzepted")))
    repairs.repair(record, GOOD_JSON.replace("accepted", "nearly"), ALICE)
    assert "akzepted" in str(repairs.replay([record], ALICE)[record].detail)
    assert queries.get_quarantined(record).to_repair == GOOD_JSON.replace("accepted", "nearly")


def test_half_a_character_in_a_repair_is_refused_and_breaks_nothing(ingest: Ingest, queries: FeedQueries,
                                                                    repairs: Repairs) -> None:
    record = _quarantined(ingest, queries, DESK, refused())
    assert repairs.repair(record, GOOD_JSON.replace("A1", "A\ud800"), ALICE).code == "control_character"
