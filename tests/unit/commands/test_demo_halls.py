"""The day of the drawn halls: by the calendar, the same every time, with something for a supervisor to see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import pytest

from commands.demo_hall_day import AWAY_MIN, HallDay
from config.calendars import CALENDAR_DIR, load_calendars
from core.clock import AcceleratedClock
from core.instants import DAY_US, to_us
from core.working_calendar import WorkingCalendar
from video.scenes.course import COME_US

START = datetime.fromisoformat("2024-04-22T09:40:00+08:00")
WINDOWS = [f"w{number:02}" for number in range(1, 10)]
SPEED, IDLE_SPEED = 120, 3600
Told = list[tuple[float, int, dict[str, object]]]


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return load_calendars(CALENDAR_DIR)["cn"]


@pytest.fixture(scope="module")
def told(calendar: WorkingCalendar) -> Told:
    return list(_played(calendar, 12 * 60))


def _played(calendar: WorkingCalendar, minutes_s: int) -> Iterator[tuple[float, int, dict[str, object]]]:
    """Real second, business instant and command of a show of so many real seconds."""
    real = [0]
    clock = AcceleratedClock(START, SPEED, IDLE_SPEED, is_busy=lambda us: calendar.office_state(us)[0] == "working",
                             next_change=calendar.next_office_change, real_us=lambda: real[0])
    day = HallDay(WINDOWS, calendar, 20070423, SPEED, IDLE_SPEED)
    for tick in range(minutes_s * 4):
        real[0] = tick * 250_000
        business = clock.now_us()
        for command in day.commands(business, tick / 4):
            yield tick / 4, business, command


def test_it_is_the_same_every_time(told: Told, calendar: WorkingCalendar) -> None:
    again = list(_played(calendar, 3 * 60))

    assert again == told[:len(again)]


def test_somebody_is_away_for_too_long_every_few_real_minutes(told: Told, calendar: WorkingCalendar) -> None:
    """Longer than the quarter of an hour of the rules, and back before the next one."""
    left: dict[object, tuple[float, int]] = {}
    spans = []
    for real_s, business, command in told:
        if command.get("cue") == "leave" and calendar.office_state(business)[0] == "working":
            left[command["window"]] = (real_s, business)
        elif command.get("cue") == "come" and command["window"] in left:
            began_s, began = left.pop(command["window"])
            spans.append((began_s, real_s - began_s, (business - began) / 60_000_000))

    assert len(spans) >= 4
    assert all(real_s > 2 * COME_US / 1_000_000 for _, real_s, _ in spans)
    assert all(AWAY_MIN[0] - 10 < minutes < AWAY_MIN[1] for _, _, minutes in spans)
    assert spans[0][0] < 60
    assert max(later[0] - earlier[0] for earlier, later in pairwise(spans)) < 240


def test_a_camera_is_covered_and_one_cut_off_now_and_then(told: Told) -> None:
    kinds = [command.get("cue", command.get("is_connected")) for _, _, command in told]

    assert kinds.count("cover") == kinds.count("uncover") >= 1
    assert kinds.count(False) == kinds.count(True) >= 2
    covered = {command["window"] for _, _, command in told if command.get("cue") == "cover"}
    assert covered.isdisjoint(command["window"] for _, _, command in told if command.get("is_connected") is False)


def test_halls_are_dark_at_night_and_full_when_the_office_opens(told: Told, calendar: WorkingCalendar) -> None:
    is_there, is_open = dict.fromkeys(WINDOWS, True), dict.fromkeys(WINDOWS, True)
    seen_dark = False
    for number, (_real_s, business, command) in enumerate(told):
        window = str(command["window"])
        is_there[window] = {"come": True, "leave": False}.get(str(command.get("cue")), is_there[window])
        is_open[window] = {"open": True, "close": False}.get(str(command.get("cue")), is_open[window])
        seen_dark |= not any(is_open.values())
        is_last_of_tick = number + 1 == len(told) or told[number + 1][1] != business
        if is_last_of_tick and calendar.office_state(business)[0] == "working":
            assert all(is_open.values())
            assert sum(is_there.values()) >= len(WINDOWS) - 1
    assert seen_dark


def test_absences_lie_in_office_hours(calendar: WorkingCalendar) -> None:
    day = HallDay(WINDOWS, calendar, 7, SPEED, IDLE_SPEED)
    first = calendar.to_local(to_us(START)) // DAY_US

    for number in range(first, first + 30):
        morning, afternoon = day.absences(number)
        assert 9 * 60 < morning.begin_min < morning.end_min <= 12 * 60
        assert 14 * 60 + 30 < afternoon.begin_min < afternoon.end_min <= 17 * 60 + 30
        assert morning.window != afternoon.window


def test_a_show_without_windows_says_nothing(calendar: WorkingCalendar) -> None:
    assert HallDay([], calendar, 1, SPEED, IDLE_SPEED).commands(to_us(START), 100.0) == []
    assert HallDay(["w01"], calendar, 1, SPEED, IDLE_SPEED).commands(to_us(START), 0.0) == []
