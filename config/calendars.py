"""Working calendars as data: config/calendars/*.yaml → WorkingCalendar.

A notice of the State Council names days off and make-up working days (调休). A year whose notice is not out is
written `published: false`; using it raises CalendarNotPublished, which the wall shows as an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from config.documents import Document, Strict, read_document
from core.working_calendar import WorkingCalendar, YearPlan

CALENDAR_DIR = Path(__file__).parent / "calendars"


class _Notice(Strict):
    """One yearly notice: spans of days by holiday name, e.g. {春节: ["02-18..02-24"]}."""

    published: bool
    source: tuple[str, ...] = ()
    off: dict[str, tuple[str, ...]] = {}
    work: dict[str, tuple[str, ...]] = {}


class _CalendarFile(Strict):
    id: str
    version: str
    name: dict[Literal["zh", "en"], str]
    timezone: str
    office_hours: tuple[str, ...]
    years: dict[int, _Notice] | Literal["every"]


def load_calendars(directory: Path = CALENDAR_DIR) -> dict[str, WorkingCalendar]:
    """Every calendar of the directory by id. Raises ConfigError naming file, line, key and remedy."""
    calendars: dict[str, WorkingCalendar] = {}
    for path in sorted(directory.glob("*.yaml")):
        document = read_document(path)
        calendar = _calendar(document)
        if calendar.id in calendars:
            raise document.problem(["id"], f"calendar {calendar.id!r} is defined twice", "give it another id")
        calendars[calendar.id] = calendar
    return calendars


def calendar_of(content: Any, origin: str) -> WorkingCalendar:
    """A calendar from data of the same shape as a file. Raises ConfigError naming `origin`, key and remedy."""
    return _calendar(Document(Path(origin), content, {}))


def load_calendar_contents(directory: Path = CALENDAR_DIR) -> dict[str, dict[str, Any]]:
    """What the files say, by id: what an edit begins with."""
    documents = (read_document(path) for path in sorted(directory.glob("*.yaml")))
    return {str(document.data["id"]): document.data for document in documents}


def _calendar(document: Document) -> WorkingCalendar:
    shape = document.read_as(_CalendarFile)
    years = None if shape.years == "every" else _plans(document, shape.years)
    hours = tuple(_span_minutes(document, index, span) for index, span in enumerate(shape.office_hours))
    return WorkingCalendar(shape.id, shape.version, shape.timezone, years, hours)


def _plans(document: Document, notices: dict[int, _Notice]) -> dict[int, YearPlan]:
    plans: dict[int, YearPlan] = {}
    for year, notice in notices.items():
        if not notice.published:
            _refuse_days_of_unpublished(document, year, notice)
            continue
        if not notice.source:
            raise document.problem(["years", year], "a published year has no source", "add the link of the notice")
        plans[year] = YearPlan(_days(document, year, "off", notice.off), _days(document, year, "work", notice.work))
    _refuse_contradictions(document, plans)
    return plans


def _refuse_days_of_unpublished(document: Document, year: int, notice: _Notice) -> None:
    if notice.off or notice.work:
        raise document.problem(["years", year], "days are given for a year that is not published",
                               "set published: true with the source, or remove the days")


def _refuse_contradictions(document: Document, plans: dict[int, YearPlan]) -> None:
    off = {day for plan in plans.values() for day in plan.off}
    for year, plan in plans.items():
        for day in plan.work.keys() & off:
            raise document.problem(["years", year, "work"], f"{day} is both a day off and a working day",
                                   "keep it in one of the two lists")


def _days(document: Document, year: int, part: str, spans_by_name: dict[str, tuple[str, ...]]) -> dict[date, str]:
    named: dict[date, str] = {}
    for name, spans in spans_by_name.items():
        for index, span in enumerate(spans):
            try:
                named.update((day, name) for day in _span_days(year, span))
            except ValueError as failure:
                raise document.problem(["years", year, part, name, index], f"{span!r}: {failure}",
                                       "write MM-DD, YYYY-MM-DD or first..last") from failure
    return named


def _span_days(year: int, span: str) -> Iterator[date]:
    first, _, last = span.partition("..")
    day, end = _day(year, first), _day(year, last or first)
    if end < day:
        raise ValueError("the last day is before the first")
    while day <= end:
        yield day
        day += timedelta(days=1)


def _day(year: int, text: str) -> date:
    return date.fromisoformat(text if len(text) == 10 else f"{year}-{text}")


def _span_minutes(document: Document, index: int, span: str) -> tuple[int, int]:
    try:
        start, end = (_minute_of_day(moment) for moment in span.split("-"))
    except ValueError as failure:
        raise document.problem(["office_hours", index], f"{span!r}: {failure}", "write HH:MM-HH:MM") from failure
    return start, end


def _minute_of_day(text: str) -> int:
    hours, minutes = text.split(":")
    if not (0 <= int(hours) <= 24 and 0 <= int(minutes) < 60):
        raise ValueError("no such time of day")
    return int(hours) * 60 + int(minutes)
