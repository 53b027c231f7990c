"""Replaying a log: in the order of its own time, as its clock reaches it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import FrozenClock
from core.errors import InvalidInput
from core.instants import from_us, to_us
from feeds.ingest import Ingest
from feeds.mapping import SourceMapping
from feeds.replay import Replay, replay_clock
from tests.unit.feeds.conftest import FakeRecorder

ROWS = """case_no,what,at,who,office
A1,open,2018-01-01T09:00,,
A1,close,2018-01-03T09:00,,
B2,open,2018-01-02T09:00,,
B2,dance,2018-01-02T10:00,,
"""


@pytest.fixture
def replay(tmp_path: Path, permits: SourceMapping, ingest: Ingest) -> Iterator[Replay]:
    path = tmp_path / "log.csv"
    path.write_text(ROWS, encoding="utf-8")
    with Replay(path, permits, ingest.limits) as replay:
        yield replay


def test_events_come_in_the_order_of_their_time_as_the_clock_reaches_them(replay: Replay, ingest: Ingest,
                                                                          recorder: FakeRecorder) -> None:
    clock = FrozenClock(from_us(replay.first_us))
    seen: list[int] = []

    def tick(_now_us: int) -> None:
        seen.append(len(recorder.events))
        clock.advance(timedelta(hours=12))

    account = replay.play(clock, ingest, threading.Event(), tick_s=0, on_tick=tick)
    assert [f"{event.case_no} {event.kind.value}" for event in recorder.events] == [
        "A1 accepted", "B2 accepted", "A1 concluded"]
    assert seen == [1, 1, 2, 2, 3]
    assert (account.accepted, replay.rejected) == (3, 1)


def test_a_stopped_replay_stops_and_goes_on_without_repeating(replay: Replay, ingest: Ingest, tmp_path: Path,
                                                              permits: SourceMapping, recorder: FakeRecorder) -> None:
    stop = threading.Event()
    replay.play(FrozenClock(from_us(replay.first_us)), ingest, stop, tick_s=0, on_tick=lambda _now: stop.set())
    assert len(recorder.events) == 1
    with Replay(tmp_path / "log.csv", permits, ingest.limits) as again:
        later = FrozenClock(datetime(2018, 2, 1, tzinfo=UTC))
        account = again.play(later, ingest, threading.Event(), tick_s=0)
    assert (account.accepted, account.duplicates) == (2, 1)


def test_a_file_without_events_cannot_be_replayed(tmp_path: Path, permits: SourceMapping, ingest: Ingest) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("case_no,what,at\n", encoding="utf-8")
    with Replay(path, permits, ingest.limits) as replay, pytest.raises(InvalidInput, match="replay_empty"):
        assert replay.first_us


def test_the_clock_of_a_replay_starts_then_and_runs_at_its_speed() -> None:
    start = to_us(datetime(2011, 10, 11, tzinfo=UTC))
    clock = replay_clock(start, 86_400)
    assert clock.speed == 86_400
    assert clock.now_us() >= start
    with pytest.raises(InvalidInput):
        replay_clock(start, 0)
