"""The plan as pure functions: who is on duty at a minute of a day, which shifts collide, where office hours are uncovered.

Days are dates of the area's wall clock; minutes count from its midnight. A shift until 1500 ends at 01:00 of the next day
and still belongs to the day on which it began: an absence on that day takes the whole of it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from core.access import Role

DAY_MIN = 24 * 60
LONGEST_MIN = 24 * 60
# The leader of a shift may do what an officer may, so either of them covers it.
DUTY_ROLES = tuple(role for role in Role if role.value in ("duty_officer", "shift_leader"))
Span = tuple[int, int]  # minutes


class ExceptionKind(StrEnum):
    """What a dated exception does to the plan of its day."""

    ABSENCE = "absence"
    REPLACEMENT = "replacement"
    EXTRA = "extra"


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the weekly plan. `weekday` 0 is Monday; `valid_until` is the last day, None while open."""

    id: int = 0
    username: str
    role: str
    weekday: int
    from_min: int
    until_min: int
    area: str = ""
    valid_from: date
    valid_until: date | None = None
    rev: int = 1

    def is_valid_on(self, day: date) -> bool:
        """Whether the line is part of the plan of that day's week."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def holds_on(self, day: date) -> bool:
        """Whether the line begins a turn of duty on that day."""
        return self.is_valid_on(day) and day.weekday() == self.weekday


class DutyException(msgspec.Struct, frozen=True, kw_only=True):
    """What differs on one day, between `from_min` and `until_min`; by default all of it, and the night that follows."""

    id: int = 0
    day: date
    kind: ExceptionKind
    username: str
    substitute: str = ""
    role: str = Role.DUTY_OFFICER.value
    from_min: int = 0
    until_min: int = 2 * DAY_MIN
    area: str = ""
    reason: str = ""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A person's turn of duty as it comes out: minutes of the day it began on. `instead_of` names whom he replaces."""

    username: str
    role: str
    area: str
    from_min: int
    until_min: int
    shift_id: int = 0
    instead_of: str = ""


class OnDuty(msgspec.Struct, frozen=True):
    """Who is on duty: account, name as shown, and in which role."""

    username: str
    display_name: str
    role: str


def turns_of(day: date, shifts: Iterable[Shift], exceptions: Iterable[DutyException]) -> list[Turn]:
    """Every turn that begins on `day`, after its exceptions, by begin."""
    todays = [one for one in exceptions if one.day == day]
    turns = [turn for shift in shifts if shift.holds_on(day) for turn in _after_exceptions(shift, todays)]
    turns += [Turn(username=one.username, role=one.role, area=one.area, from_min=one.from_min,
                   until_min=min(one.until_min, one.from_min + LONGEST_MIN))
              for one in todays if one.kind is ExceptionKind.EXTRA]
    return sorted(turns, key=lambda turn: (turn.from_min, turn.role, turn.username))


def turns_at(day: date, minute: int, area: str, shifts: Sequence[Shift],
             exceptions: Sequence[DutyException]) -> list[Turn]:
    """Who is on duty at that minute of that day in that area, yesterday's night shifts included; leaders last."""
    today = [turn for turn in turns_of(day, shifts, exceptions) if turn.from_min <= minute < turn.until_min]
    yesterday = [turn for turn in turns_of(day - timedelta(days=1), shifts, exceptions)
                 if turn.until_min > DAY_MIN and turn.from_min <= minute + DAY_MIN < turn.until_min]
    return sorted((turn for turn in (*yesterday, *today) if covers_area(turn.area, area)), key=lambda turn: turn.role)


def covers_area(held: str, area: str) -> bool:
    """Duty for "" is duty for every area."""
    return held in ("", area)


def colliding(new: Shift, shifts: Iterable[Shift]) -> Shift | None:
    """The line in which the same person is already on duty for the same area at the same time; None when there is none."""
    return next((one for one in shifts if one.id != new.id and one.username == new.username and one.area == new.area
                 and _share_days(one, new) and _share_minutes(one, new)), None)


def uncovered(day: date, office: Sequence[Span], area: str, shifts: Sequence[Shift],
              exceptions: Sequence[DutyException]) -> list[Span]:
    """The parts of these office hours (minutes of the day) in which nobody at all is on duty for the area."""
    today = [(turn.from_min, turn.until_min) for turn in turns_of(day, shifts, exceptions)
             if covers_area(turn.area, area)]
    night = [(turn.from_min - DAY_MIN, turn.until_min - DAY_MIN)
             for turn in turns_of(day - timedelta(days=1), shifts, exceptions) if covers_area(turn.area, area)]
    return [gap for span in office for gap in _without(span, [*night, *today])]


def clock_text(minute: int) -> str:
    """`08:30`; a minute of the next day is written beyond 24, as duty plans are: `25:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def people_of(shifts: Iterable[Shift], exceptions: Iterable[DutyException]) -> Mapping[str, str]:
    """Everybody the plan names, with his role."""
    named = {shift.username: shift.role for shift in shifts}
    for one in exceptions:
        named.setdefault(one.substitute or one.username, one.role)
    return named


def _after_exceptions(shift: Shift, todays: Sequence[DutyException]) -> Iterator[Turn]:
    """The shift with what exceptions of this person cut out of it, and the substitutes in the places cut out."""
    concerned = [one for one in todays if one.username == shift.username and one.kind is not ExceptionKind.EXTRA
                 and one.area in ("", shift.area)]
    away = [(one.from_min, one.until_min) for one in concerned]
    for start, end in _without((shift.from_min, shift.until_min), away):
        yield _turn(shift, shift.username, start, end)
    for one in concerned:
        start, end = max(one.from_min, shift.from_min), min(one.until_min, shift.until_min)
        if one.kind is ExceptionKind.REPLACEMENT and start < end:
            yield _turn(shift, one.substitute, start, end, instead_of=shift.username)


def _turn(shift: Shift, username: str, start: int, end: int, instead_of: str = "") -> Turn:
    return Turn(username=username, role=shift.role, area=shift.area, from_min=start, until_min=end, shift_id=shift.id,
                instead_of=instead_of)


def _without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """What is left of the span when these are taken out."""
    left = [span]
    for start, end in taken:
        left = [part for low, high in left for part in ((low, min(high, start)), (max(low, end), high)) if part[0] < part[1]]
    return left


def _share_days(one: Shift, other: Shift) -> bool:
    if one.weekday != other.weekday:
        return False
    return (one.valid_until is None or other.valid_from <= one.valid_until) and \
        (other.valid_until is None or one.valid_from <= other.valid_until)


def _share_minutes(one: Shift, other: Shift) -> bool:
    return one.from_min < other.until_min and other.from_min < one.until_min
