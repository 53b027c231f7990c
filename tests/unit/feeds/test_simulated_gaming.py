"""Bad habits of the simulated city: each shows in its unit's cases, and everybody else stays as he was."""

from __future__ import annotations

from datetime import datetime

import pytest

from cases.events import CaseEvent, EventKind
from config.calendars import load_calendars
from config.catalogue import load_catalogue
from config.setting_groups import DemoSettings
from config.settings import load_settings
from core.errors import ConfigError
from core.instants import DAY_US, MINUTE_US, day_of, to_us
from feeds.simulated_city import SimulatedCity
from feeds.simulated_gaming import HABITS, bad_habits_of

FROM = to_us(datetime.fromisoformat("2026-03-02T00:00:00+08:00"))
CATALOGUE = load_catalogue()
CALENDAR = load_calendars()["cn"]
UNIT = "shichang"


def _events(habit: str = "") -> list[CaseEvent]:
    habits = {UNIT: habit} if habit else {}
    opened = day_of(datetime(2026, 3, 2).date())  # noqa: DTZ001
    return SimulatedCity(CATALOGUE, CALENDAR, 7, 120, opened, habits).events_between(FROM, FROM + 12 * DAY_US)


def _by_case(events: list[CaseEvent]) -> list[dict[EventKind, CaseEvent]]:
    cases: dict[str, dict[EventKind, CaseEvent]] = {}
    for event in events:
        if event.org == UNIT:
            cases.setdefault(event.case_no, {})[event.kind] = event
    return list(cases.values())


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_changes_its_unit_and_nobody_else_and_is_the_same_every_time(habit: str) -> None:
    plain, habitual = _events(), _events(habit)
    assert [event for event in plain if event.org != UNIT] == [event for event in habitual if event.org != UNIT]
    assert [event for event in plain if event.org == UNIT] != [event for event in habitual if event.org == UNIT]
    assert habitual == _events(habit)


def test_habits_look_as_they_should() -> None:
    first = _by_case(_events("decided_first"))
    assert any(case[EventKind.DECIDED].claimed_at < case[EventKind.ACCEPTED].claimed_at for case in first
               if {EventKind.DECIDED, EventKind.ACCEPTED} <= case.keys())
    rounded = [event for event in _events("rounding") if event.org == UNIT and event.item]  # consultations are of the hall
    assert {event.claimed_at // MINUTE_US % 5 for event in rounded} == {0}


def test_the_shipped_habits_belong_to_the_shipped_city_and_an_unknown_one_is_refused() -> None:
    shipped = load_settings().demo.bad_habits
    assert isinstance(load_settings().demo, DemoSettings)
    assert sorted(bad_habits_of(shipped, CATALOGUE).values()) == sorted(HABITS)
    assert bad_habits_of("nowhere=night", CATALOGUE) == {}
    with pytest.raises(ConfigError):
        bad_habits_of(f"{UNIT}=sleeping", CATALOGUE)
