"""Units of the simulated city with bad habits, so that a demonstration has something to find. Pure and seeded like the city.

A habit changes the events of one case after its life is told; it draws from a generator of its own, so that the rest of the
city is the same with and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

import msgspec

from cases.events import CaseEvent, EventData, EventKind
from config.catalogue import Catalogue
from core.errors import ConfigError
from core.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US

K = EventKind
LATE_ENTRY = "late_entry"
_HANDLING = frozenset({K.ACCEPTED, K.STEP, K.DECIDED, K.CONCLUDED})
_PLAIN = frozenset({K.SUBMITTED, K.PRE_ACCEPTED, K.RECEIVED, K.ACCEPTED, K.STEP, K.DECIDED, K.CONCLUDED, K.COLLECTED})
Habit = Callable[[list[CaseEvent], Random, str], list[CaseEvent]]


def bad_habits_of(text: str, catalogue: Catalogue) -> dict[str, str]:
    """`shuili=late_entry tiyu=night` → habit by organisation. One of another city's organisations is left out; an unknown habit
    raises ConfigError."""
    habits = dict(part.partition("=")[::2] for part in text.split())
    wrong = next((habit for habit in habits.values() if habit not in HABITS), None)
    if wrong is not None:
        raise ConfigError("config_invalid", key="demo.bad_habits", problem=f"unknown habit {wrong!r}",
                          remedy=f"one of {', '.join(HABITS)}")
    return {org: habit for org, habit in habits.items() if org in catalogue.organisations}


def with_habit(events: list[CaseEvent], habit: str, seed: str, chief: str) -> list[CaseEvent]:
    """The events of a case as a unit with that habit would report them; `chief` is one of its people."""
    return HABITS[habit](events, Random(f"{seed}/{habit}/{events[0].case_no}"), chief)


def held_back(events: Sequence[CaseEvent], seed: str) -> bool:
    """Whether such a unit enters this case only when it is finished."""
    done = _first(events, K.CONCLUDED)
    accepted = _first(events, K.ACCEPTED)
    lasted = done.claimed_at - accepted.claimed_at if done is not None and accepted is not None else 0
    return lasted > DAY_US and Random(f"{seed}/held/{events[0].case_no}").random() < 0.4


def _alone(events: list[CaseEvent], rng: Random, chief: str) -> list[CaseEvent]:
    """Handler, reviewer and approver are one person."""
    if rng.random() > 0.6:
        return events
    return [msgspec.structs.replace(event, actor=chief) if event.kind in _HANDLING else event for event in events]


def _night(events: list[CaseEvent], rng: Random, _chief: str) -> list[CaseEvent]:
    """What was done in the afternoon is said to have been done in the evening, where nothing followed before."""
    if rng.random() > 0.6:
        return events
    ends = [event.claimed_at for event in events[1:]] + [1 << 62]
    return [_later(event, 5 * HOUR_US) if event.kind in _HANDLING and end - event.claimed_at > 6 * HOUR_US else event
            for event, end in zip(events, ends, strict=True)]


def _at_once(events: list[CaseEvent], rng: Random, _chief: str) -> list[CaseEvent]:
    """From acceptance to conclusion in a few minutes."""
    accepted = _first(events, K.ACCEPTED)
    if accepted is None or not {event.kind for event in events} <= _PLAIN or rng.random() > 0.35:
        return events
    at, told = accepted.claimed_at, []
    for event in events:
        if event.claimed_at > accepted.claimed_at:
            at += rng.randrange(20, 100) * SECOND_US
            event = msgspec.structs.replace(event, claimed_at=at)
        told.append(event)
    return told


def _rounding(events: list[CaseEvent], _rng: Random, _chief: str) -> list[CaseEvent]:
    """Every time is written to the nearest five minutes below."""
    step = 5 * MINUTE_US
    return [msgspec.structs.replace(event, claimed_at=event.claimed_at // step * step + SECOND_US) for event in events]


def _decided_first(events: list[CaseEvent], rng: Random, _chief: str) -> list[CaseEvent]:
    """The decision was taken before the case was accepted."""
    accepted, decided = _first(events, K.ACCEPTED), _first(events, K.DECIDED)
    if accepted is None or decided is None or rng.random() > 0.15:
        return events
    moved = msgspec.structs.replace(decided, claimed_at=accepted.claimed_at - rng.randrange(20, 300) * MINUTE_US)
    return [moved if event is decided else event for event in events]


def _specials(events: list[CaseEvent], rng: Random, _chief: str) -> list[CaseEvent]:
    """A special procedure without a document appears when the limit is nearly used and ends with the case."""
    accepted, done = _first(events, K.ACCEPTED), _first(events, K.CONCLUDED)
    if accepted is None or done is None or not {event.kind for event in events} <= _PLAIN or rng.random() > 0.5:
        return events
    lasted = done.claimed_at - accepted.claimed_at
    if lasted < DAY_US:
        return events
    start = accepted.claimed_at + int(lasted * 0.9)
    data = EventData(special_kind="site_survey", approved_days=5)
    began, ended = (msgspec.structs.replace(
        done, kind=kind, source_event_id=f"{done.case_no}-{name}", claimed_at=at // SECOND_US * SECOND_US, data=data)
        for kind, name, at in ((K.SPECIAL_STARTED, "s1", start), (K.SPECIAL_ENDED, "s2", done.claimed_at - MINUTE_US)))
    return sorted([*events, began, ended], key=lambda event: event.claimed_at)


def _later_entry(events: list[CaseEvent], _rng: Random, _chief: str) -> list[CaseEvent]:
    return events  # what it claims is the same; `held_back` says when it is delivered


def _first(events: Sequence[CaseEvent], kind: EventKind) -> CaseEvent | None:
    return next((event for event in events if event.kind is kind), None)


def _later(event: CaseEvent, by: int) -> CaseEvent:
    return msgspec.structs.replace(event, claimed_at=event.claimed_at + by)


HABITS: Mapping[str, Habit] = {
    LATE_ENTRY: _later_entry, "alone": _alone, "night": _night, "at_once": _at_once, "rounding": _rounding,
    "decided_first": _decided_first, "specials": _specials}
