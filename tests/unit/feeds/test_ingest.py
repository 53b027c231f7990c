"""Ingest: acknowledged one by one, refused records kept, accounts kept, second chances given."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from cases.events import CaseEvent, EventKind, Status
from core.access import Actor
from core.clock import FrozenClock
from core.database import Database
from core.errors import Conflict, NotFound, Unavailable
from core.instants import DAY_US, HOUR_US, MINUTE_US
from feeds.ingest import Ingest
from feeds.mapping import SourceMapping, find_mapping, read_mapping
from feeds.public_event import EventReader
from feeds.quarantine import Delivery
from feeds.queries import FeedQueries
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed
from feeds.repair import Repairs
from tests.unit.feeds.conftest import PERMITS, FakeRecorder

DESK = Delivery("desk")
ALICE = Actor("alice", frozenset())


def _event(number: int, claimed_at: int, **changes: object) -> Parsed:
    values: dict[str, object] = {"source": "desk", "source_event_id": str(number), "kind": EventKind.ACCEPTED,
                                 "case_no": f"A{number}", "area": "city", "claimed_at": claimed_at}
    return Parsed(CaseEvent(**(values | changes)))  # type: ignore[arg-type]


def _bad(code: str = "code_unknown", raw: str = '{"what": "dance"}') -> Parsed:
    return Parsed(None, Rejection(Refusal(code, "what", "dance").as_outcome(), 7), raw, 7)


@pytest.fixture
def queries(database: Database, ingest: Ingest) -> FeedQueries:
    return FeedQueries(database, ingest.limits)


def test_every_record_is_acknowledged_in_its_place(ingest: Ingest, frozen_clock: FrozenClock) -> None:
    now = frozen_clock.now_us()
    outcomes, account = ingest.take(DESK, [_event(1, now), _bad(), _event(1, now), _event(2, now)])
    assert [one.status for one in outcomes] == [Status.OK, Status.UNSUITABLE, Status.DUPLICATE, Status.OK]
    assert (account.accepted, account.duplicates, account.rejected) == (2, 1, 1)
    assert outcomes[1].detail["remedy"]


@pytest.mark.parametrize(("ahead", "status"), [(10 * MINUTE_US, Status.OK), (10 * MINUTE_US + 1, Status.UNSUITABLE)])
def test_an_event_from_the_future_is_unsuitable_beyond_the_tolerance(ingest: Ingest, frozen_clock: FrozenClock, ahead: int,
                                                                     status: Status) -> None:
    outcomes, _ = ingest.take(DESK, [_event(1, frozen_clock.now_us() + ahead)])
    assert outcomes[0].status is status


def test_an_event_that_breaks_the_record_stands_alone(ingest: Ingest, recorder: FakeRecorder, queries: FeedQueries,
                                                      frozen_clock: FrozenClock) -> None:
    recorder.poison = {"A3"}
    outcomes, _ = ingest.take(DESK, [_event(number, frozen_clock.now_us()) for number in range(6)])
    assert [one.status for one in outcomes].count(Status.OK) == 5
    assert (outcomes[3].status, outcomes[3].code) == (Status.ERROR, "not_recorded")
    assert "A3" in queries.quarantined().records[0].raw


def test_a_database_that_is_away_says_come_again_and_keeps_nothing(ingest: Ingest, recorder: FakeRecorder,
                                                                   queries: FeedQueries, frozen_clock: FrozenClock) -> None:
    recorder.failure = OperationalError("INSERT", {}, Exception("gone"))
    with pytest.raises(Unavailable) as caught:
        ingest.take(DESK, [_event(1, frozen_clock.now_us()), _bad()])
    assert caught.value.retry_after == 7
    assert queries.quarantined().total == 0


def test_a_refused_record_is_kept_once_however_often_it_comes(ingest: Ingest, queries: FeedQueries) -> None:
    for _ in range(3):
        ingest.take(DESK, [_bad()])
    page = queries.quarantined()
    assert page.total == 1
    assert (page.records[0].times, page.records[0].position, page.records[0].code) == (3, "line 7", "code_unknown")


def test_at_most_so_much_of_a_record_is_kept(ingest: Ingest, queries: FeedQueries) -> None:
    ingest.take(DESK, [_bad(raw="x" * 1_000_000)])
    assert len(queries.quarantined().records[0].raw) == ingest.limits.max_quarantined_chars


def test_the_quarantine_is_read_page_by_page(ingest: Ingest, queries: FeedQueries) -> None:
    ingest.take(DESK, [_bad(raw=str(number)) for number in range(5)])
    first = queries.quarantined(limit=2)
    second = queries.quarantined(limit=2, before=first.next_before)
    third = queries.quarantined(limit=2, before=second.next_before)
    assert [one.raw for page in (first, second, third) for one in page.records] == ["4", "3", "2", "1", "0"]
    assert (first.total, third.next_before) == (5, None)


def test_the_account_of_a_source_grows_with_every_delivery(ingest: Ingest, queries: FeedQueries,
                                                           frozen_clock: FrozenClock) -> None:
    now = frozen_clock.now_us()
    ingest.take(DESK, [_event(1, now - DAY_US)])
    ingest.take(DESK, [_event(2, now - HOUR_US), _event(1, now - DAY_US), _bad()])
    ingest.take(DESK, [_bad()])
    health = queries.health_of("desk", now)
    assert (health.accepted, health.duplicates, health.rejected, health.open_quarantined) == (2, 1, 2, 1)
    assert (health.last_event_at, health.last_received_at, health.lag_s) == (now - HOUR_US, now, 3600.0)


@pytest.mark.parametrize(("after_s", "state"), [(0, "ok"), (1799, "ok"), (1800, "late"), (7200, "silent")])
def test_a_source_that_falls_silent_is_late_and_then_silent(ingest: Ingest, queries: FeedQueries,
                                                            frozen_clock: FrozenClock, after_s: int, state: str) -> None:
    now = frozen_clock.now_us()
    ingest.take(DESK, [_event(1, now)])
    ingest.take(Delivery("log", "log.csv", kind="file"), [_event(2, now, source="log")])
    states = {one.source: one.state for one in queries.health(now + after_s * 1_000_000)}
    assert states == {"desk": state, "log": "ok"}


def test_silence_is_measured_as_the_house_measures_it(ingest: Ingest, database: Database, frozen_clock: FrozenClock) -> None:
    ingest.take(DESK, [_event(1, frozen_clock.now_us())])
    at_night = FeedQueries(database, ingest.limits, lambda _since, _until: 0.0)
    assert at_night.health(frozen_clock.now_us() + DAY_US)[0].state == "ok"


def test_an_unknown_source_is_not_found(queries: FeedQueries) -> None:
    with pytest.raises(NotFound):
        queries.health_of("nobody", 0)


# --- second chances ---------------------------------------------------------------------------------------------


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
    record = _quarantined(ingest, queries, DESK, _bad("record_invalid", GOOD_JSON.replace("accepted", "akzepted")))
    assert repairs.repair(record, GOOD_JSON.replace("accepted", "nonsense"), ALICE).status is Status.MALFORMED
    assert queries.quarantined().total == 1
    assert repairs.repair(record, GOOD_JSON, ALICE).status is Status.OK
    assert [event.case_no for event in recorder.events] == ["A1"]
    handled = queries.get_quarantined(record)
    assert (handled.state, handled.handled_by) == ("repaired", "alice")


def test_a_record_is_handled_once(ingest: Ingest, queries: FeedQueries, repairs: Repairs) -> None:
    record = _quarantined(ingest, queries, DESK, _bad())
    repairs.dismiss(record, ALICE)
    with pytest.raises(Conflict):
        repairs.repair(record, GOOD_JSON, ALICE)
    with pytest.raises(NotFound):
        repairs.dismiss(record + 1, ALICE)


def test_a_line_of_csv_is_repaired_as_a_line_under_its_header(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                              recorder: FakeRecorder) -> None:
    refused = Parsed(None, Rejection(Refusal("field_count").as_outcome(), 2), "A1,open", 2, ("case_no", "what", "at"))
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"), refused)
    assert repairs.repair(record, "A1,open", ALICE).code == "field_count"
    assert repairs.repair(record, "A1,open,2018-01-01", ALICE).status is Status.OK
    assert recorder.events[0].kind is EventKind.ACCEPTED


def test_a_record_is_replayed_when_the_code_table_has_grown(ingest: Ingest, queries: FeedQueries, repairs: Repairs,
                                                            permits: SourceMapping) -> None:
    refused = _bad(raw='{"case_no": "A1", "what": "dance", "at": "2018-01-01"}')
    record = _quarantined(ingest, queries, Delivery("permits", "x.csv", "permits", "file"), refused)
    assert repairs.replay([record], ALICE)[record].code == "code_unknown"
    permits.path.write_text(PERMITS.replace("    look: step", "    look: step\n    dance: step"), encoding="utf-8")
    assert repairs.replay([record], ALICE)[record].status is Status.OK
    assert queries.quarantined().total == 0
