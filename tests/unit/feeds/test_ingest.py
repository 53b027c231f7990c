"""Ingest: acknowledged one by one, refused records kept, accounts kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cases.areas import Area
from cases.events import HOSTED, CaseEvent, EventKind, Status
from core.clock import FrozenClock
from core.database import Database
from core.errors import NotFound, Unavailable
from core.instants import DAY_US, HOUR_US, MINUTE_US
from feeds.ingest import Ingest
from feeds.quarantine import Delivery
from feeds.queries import FeedQueries
from feeds.records import Parsed
from tests.unit.feeds.conftest import FakeRecorder, refused

DESK = Delivery("desk")


def _event(number: int, claimed_at: int, **changes: object) -> Parsed:
    values: dict[str, object] = {"source": "desk", "source_event_id": str(number), "kind": EventKind.ACCEPTED,
                                 "case_no": f"A{number}", "area": "city", "claimed_at": claimed_at}
    return Parsed(CaseEvent(**(values | changes)))  # type: ignore[arg-type]


def test_every_record_is_acknowledged_in_its_place(ingest: Ingest, frozen_clock: FrozenClock) -> None:
    now = frozen_clock.now_us()
    outcomes, account = ingest.take(DESK, [_event(1, now), refused(), _event(1, now), _event(2, now)])
    assert [one.status for one in outcomes] == [Status.OK, Status.UNSUITABLE, Status.DUPLICATE, Status.OK]
    assert (account.accepted, account.duplicates, account.rejected) == (2, 1, 1)
    assert outcomes[1].detail["remedy"]


@pytest.mark.parametrize(("ahead", "status"), [(10 * MINUTE_US, Status.OK), (10 * MINUTE_US + 1, Status.UNSUITABLE)])
def test_an_event_from_the_future_is_unsuitable_beyond_the_tolerance(ingest: Ingest, frozen_clock: FrozenClock, ahead: int,
                                                                     status: Status) -> None:
    outcomes, _ = ingest.take(DESK, [_event(1, frozen_clock.now_us() + ahead)])
    assert outcomes[0].status is status


def test_no_feed_may_speak_for_the_cases_handled_here(ingest: Ingest, queries: FeedQueries, frozen_clock: FrozenClock) -> None:
    outcomes, _ = ingest.take(DESK, [_event(1, frozen_clock.now_us(), source=HOSTED), _event(2, frozen_clock.now_us())])
    assert [one.status for one in outcomes] == [Status.UNSUITABLE, Status.OK]
    assert (outcomes[0].code, outcomes[0].detail["field"]) == ("source_reserved", "source")
    assert "A1" in queries.quarantined().records[0].raw


@pytest.mark.parametrize("poison", [ValueError("poisoned"), DataError("INSERT", {}, Exception("too long")),
                                    IntegrityError("INSERT", {}, Exception("null"))])
def test_an_event_that_breaks_the_record_stands_alone(ingest: Ingest, recorder: FakeRecorder, queries: FeedQueries,
                                                      frozen_clock: FrozenClock, poison: Exception) -> None:
    recorder.poison, recorder.poisoned_by = {"A3"}, poison
    outcomes, _ = ingest.take(DESK, [_event(number, frozen_clock.now_us()) for number in range(6)])
    assert [one.status for one in outcomes].count(Status.OK) == 5
    assert (outcomes[3].status, outcomes[3].code) == (Status.ERROR, "not_recorded")
    assert "A3" in queries.quarantined().records[0].raw


@pytest.mark.parametrize("failure", [OperationalError("INSERT", {}, Exception("gone")),
                                     InterfaceError("INSERT", {}, Exception("closed")), PoolTimeout("no connection free")])
def test_a_database_that_is_away_says_come_again_and_keeps_nothing(
        ingest: Ingest, recorder: FakeRecorder, queries: FeedQueries, frozen_clock: FrozenClock,
        failure: Exception) -> None:
    recorder.failure = failure
    with pytest.raises(Unavailable) as caught:
        ingest.take(DESK, [_event(1, frozen_clock.now_us()), refused()])
    assert caught.value.retry_after == 7
    assert queries.quarantined().total == 0


def test_an_area_cannot_be_stored_while_the_database_is_away(ingest: Ingest, database: Database,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away(*_: object, **__: object) -> Iterator[Connection]:
        raise OperationalError("BEGIN", {}, Exception("gone"))
        yield

    monkeypatch.setattr(database, "transaction_of", away)
    with pytest.raises(Unavailable):
        ingest.store_area(Area("east", "东区", "cn", "Asia/Shanghai", "kechuang"))


def test_a_refused_record_is_kept_once_however_often_it_comes(ingest: Ingest, queries: FeedQueries) -> None:
    for _ in range(3):
        ingest.take(DESK, [refused()])
    page = queries.quarantined()
    assert page.total == 1
    assert (page.records[0].times, page.records[0].position, page.records[0].code) == (3, "line 7", "code_unknown")


def test_at_most_so_much_of_a_record_is_kept(ingest: Ingest, queries: FeedQueries) -> None:
    ingest.take(DESK, [refused(raw="x" * 1_000_000)])
    assert len(queries.quarantined().records[0].raw) == ingest.limits.max_quarantined_chars


def test_the_quarantine_is_read_page_by_page(ingest: Ingest, queries: FeedQueries) -> None:
    ingest.take(DESK, [refused(raw=str(number)) for number in range(5)])
    first = queries.quarantined(limit=2)
    second = queries.quarantined(limit=2, before=first.next_before)
    third = queries.quarantined(limit=2, before=second.next_before)
    assert [one.raw for page in (first, second, third) for one in page.records] == ["4", "3", "2", "1", "0"]
    assert (first.total, third.next_before) == (5, None)


def test_the_account_of_a_source_grows_with_every_delivery(ingest: Ingest, queries: FeedQueries,
                                                           frozen_clock: FrozenClock) -> None:
    now = frozen_clock.now_us()
    ingest.take(DESK, [_event(1, now - DAY_US)])
    ingest.take(DESK, [_event(2, now - HOUR_US), _event(1, now - DAY_US), refused()])
    ingest.take(DESK, [refused()])
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
