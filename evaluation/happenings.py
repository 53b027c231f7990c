"""What happened beside a course of figures: holidays, make-up working days, and new versions of rules, calendars and items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from cases.areas import Areas
from config.versions import BEFORE_EVERYTHING, Dated
from core.instants import date_of, day_of
from core.working_calendar import CalendarNotPublished, WorkingCalendar


class What(StrEnum):
    """The kinds, in the order in which they are told."""

    RULES = "rules"        # a version of the signals' rules begins
    CALENDAR = "calendar"  # a version of the working calendar begins
    AREA = "area"          # the area goes by other rules or another calendar
    ITEM = "item"          # an item has other limits
    HOLIDAY = "holiday"    # days off that have a name
    MAKE_UP = "make_up"    # a day at the weekend that is worked


@dataclass(frozen=True, slots=True)
class Happening:
    """From `first` to `last`; `name` is the holiday's, the item's code or the id of what has a new version."""

    what: What
    first: date
    last: date
    name: str
    version: str = ""


def happenings(areas: Areas, area: str, shipped_since: Mapping[str, date], items: Sequence[str], first: date,
               last: date) -> list[Happening]:
    """Everything within the days, oldest first. `shipped_since` says from when each preset that was shipped is in force."""
    plan, versions = areas.plan_of(area), areas.versions
    found = [*_shipped(plan.preset, shipped_since), *_versions(What.RULES, plan.preset, versions.presets),
             *_versions(What.CALENDAR, plan.calendar, versions.calendars), *_versions(What.AREA, area, versions.areas),
             *(one for item in items for one in _versions(What.ITEM, item, versions.items)),
             *_days(areas.for_area(area), first, last)]
    order = list(What)
    return sorted((one for one in found if one.last >= first and one.first <= last),
                  key=lambda one: (one.first, order.index(one.what), one.name))


def _shipped(preset: str, since: Mapping[str, date]) -> Iterator[Happening]:
    if preset in since:
        yield Happening(What.RULES, since[preset], since[preset], preset, "0")


def _versions(what: What, subject: str, by_subject: Mapping[str, Sequence[Dated[Any]]]) -> Iterator[Happening]:
    for one in by_subject.get(subject, ()):
        if one.effective_from > BEFORE_EVERYTHING:
            day = date_of(one.effective_from)
            yield Happening(what, day, day, subject, str(one.number))


def _days(calendar: WorkingCalendar, first: date, last: date) -> list[Happening]:
    """Days off in a row of one name are one; weekends between them belong to them. Unknown years have none."""
    found: list[Happening] = []
    for day in range(day_of(first), day_of(last) + 1):
        try:
            status = calendar.status(day)
        except CalendarNotPublished:
            continue
        if status.kind == "make_up":
            found.append(Happening(What.MAKE_UP, date_of(day), date_of(day), status.name))
        elif status.kind == "holiday":
            _go_on(found, date_of(day), status.name)
    return found


def _go_on(found: list[Happening], day: date, name: str) -> None:
    before = found[-1] if found else None
    if before is not None and before.what is What.HOLIDAY and before.name == name and (day - before.last).days == 1:
        found[-1] = Happening(What.HOLIDAY, before.first, day, name)
    else:
        found.append(Happening(What.HOLIDAY, day, day, name))
