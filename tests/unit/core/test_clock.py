"""Where "now" comes from: it never runs backwards, whoever asks and however fast it runs."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from config.calendars import load_calendars
from core.clock import AcceleratedClock, FrozenClock, SwitchedClock, SystemClock
from core.instants import HOUR_US, MINUTE_US, SECOND_US, from_us, to_us

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2018, 10, 15, 10, tzinfo=SHANGHAI)


class RealTime:
    """A monotonic clock of the machine that the test moves."""

    def __init__(self) -> None:
        self.us = 17

    def __call__(self) -> int:
        return self.us


def test_a_frozen_clock_moves_only_when_told():
    clock = FrozenClock(MORNING)
    assert clock.now() == MORNING == clock.now()
    clock.advance(timedelta(hours=1, microseconds=1))
    assert clock.now_us() == to_us(MORNING) + HOUR_US + 1
    clock.move_to(datetime(2020, 1, 1, tzinfo=UTC))
    assert (clock.now(), clock.speed) == (datetime(2020, 1, 1, tzinfo=UTC), 0.0)


def test_the_system_clock_is_aware_and_agrees_with_the_machine():
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before - timedelta(seconds=1) <= now <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_switched_clock_tells_the_time_of_the_clock_behind_it():
    clock = SwitchedClock(FrozenClock(MORNING))
    assert (clock.now(), clock.speed) == (MORNING, 0.0)
    clock.switch_to(AcceleratedClock(MORNING + timedelta(days=1), 60, real_us=lambda: 0))
    assert (clock.now(), clock.now_us(), clock.speed) == (
        MORNING + timedelta(days=1), to_us(MORNING + timedelta(days=1)), 60)


def test_an_accelerated_clock_runs_its_factor_times_faster():
    real = RealTime()
    clock = AcceleratedClock(MORNING, 240, real_us=real)
    real.us += 15 * SECOND_US
    assert clock.now() == MORNING + timedelta(hours=1)


def test_an_accelerated_clock_passes_the_night_at_its_idle_speed():
    calendar, real = load_calendars()["cn"], RealTime()
    clock = AcceleratedClock(MORNING, 240, 3600, next_change=calendar.next_office_change, real_us=real,
                             is_busy=lambda us: calendar.office_state(us)[0] == "working")
    told = []
    for _ in range(6):
        told.append((clock.now().astimezone(SHANGHAI).strftime("%a %H:%M"), clock.speed))
        real.us += 15 * SECOND_US
    # Two office hours to 12:00 take 30 s, the two hours of lunch 2 s, 13 s of the afternoon are 52 minutes, and so on.
    assert told == [("Mon 10:00", 240), ("Mon 11:00", 240), ("Mon 12:00", 3600), ("Mon 14:52", 240), ("Mon 15:52", 240),
                    ("Mon 16:52", 240)]


def test_a_weekend_at_idle_speed_ends_at_the_opening_of_monday():
    calendar, real = load_calendars()["cn"], RealTime()
    friday_evening = datetime(2018, 10, 19, 17, 30, tzinfo=SHANGHAI)
    clock = AcceleratedClock(friday_evening, 60, 3600, next_change=calendar.next_office_change, real_us=real,
                             is_busy=lambda us: calendar.office_state(us)[0] == "working")
    real.us += 63 * SECOND_US
    assert clock.now().astimezone(SHANGHAI) == datetime(2018, 10, 22, 8, 30, tzinfo=SHANGHAI)
    real.us += SECOND_US
    assert clock.now().astimezone(SHANGHAI) == datetime(2018, 10, 22, 8, 31, tzinfo=SHANGHAI)


def test_how_often_one_asks_does_not_change_what_time_it_is():
    calendar = load_calendars()["cn"]
    often, seldom = RealTime(), RealTime()
    clocks = [AcceleratedClock(MORNING, 97.3, 3311.7, next_change=calendar.next_office_change, real_us=real,
                               is_busy=lambda us: calendar.office_state(us)[0] == "working") for real in (often, seldom)]
    for _ in range(20_000):
        often.us += 13_337
        clocks[0].now_us()
    seldom.us = often.us
    assert abs(clocks[0].now_us() - clocks[1].now_us()) < SECOND_US


@pytest.mark.parametrize("step_us", [1, 37, 1_001, 250_003])
def test_an_accelerated_clock_never_runs_backwards(step_us):
    real, edge = RealTime(), 7 * MINUTE_US
    clock = AcceleratedClock(MORNING, 239.7, 0.31, is_busy=lambda us: us // edge % 2 == 0,
                             next_change=lambda us: (us // edge + 1) * edge, real_us=real)
    told = []
    for _ in range(3_000):
        real.us += step_us
        told.append(clock.now_us())
    assert all(earlier <= later for earlier, later in pairwise(told))


def test_threads_that_share_an_accelerated_clock_each_see_it_run_forwards():
    clock = AcceleratedClock(MORNING, 100_000)
    seen: list[list[int]] = [[] for _ in range(8)]
    begin = threading.Barrier(8)

    def watch(own: list[int]) -> None:
        begin.wait()
        own.extend(clock.now_us() for _ in range(2_000))

    threads = [threading.Thread(target=watch, args=[own]) for own in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(earlier <= later for own in seen for earlier, later in pairwise(own))
    assert from_us(min(own[0] for own in seen)) >= MORNING
