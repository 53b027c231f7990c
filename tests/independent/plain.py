"""Open overdue cases and punctuality worked out with plain loops over raw case logs. Imports nothing of the product.

Every rule is written as it is spoken, one day at a time, because this file exists to be believed on reading. The rules:

* the date of a time stamp is the date as written, whatever its offset;
* n working days end on the n-th working day strictly after the opening day, n calendar days n days after it;
* a stop on S with a resumption on R takes the days after S up to and including R out of the count;
* closed on the due day is on time; a case is overdue at the end of D if it is open then and D is after the due day.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

STOP, RESUME = "08_AWB45_025", "08_AWB45_045"
NO_DEPARTMENT = "(none)"
ONE_DAY = timedelta(days=1)

IsWorkingDay = Callable[[date], bool]


@dataclass
class Case:
    """One case as its log tells it: days only, because every rule here is about days."""

    number: str
    department: str
    opened: date
    closed: date | None = None
    promised: date | None = None
    statutory: date | None = None
    stops: list[tuple[date, date]] = field(default_factory=list)

    @property
    def own(self) -> date | None:
        return self.statutory


@dataclass(frozen=True)
class Question:
    """What is asked of a log: `promised`, `statutory`, `own`, `20wd` or `56cd`; mf or cn; stops taken out or not."""

    limit: str
    calendar: str = "mf"
    net: bool = False


# Reading --------------------------------------------------------------------------------------------------------

def read_receipt_xes(path: Path) -> list[Case]:
    """Cases of a receipt_wabo log: the organisation is `group`; nothing ever stops its clocks."""
    return [_receipt_case(trace) for trace, _ in _traces(path)]


def read_receipt_csv(path: Path) -> list[Case]:
    """The same from its flat copy, one row per event with the case's attributes on every row."""
    rows: dict[str, dict[str, str]] = {}
    with _opened(path) as binary:
        for row in csv.DictReader(line.decode("utf-8-sig") for line in binary):
            attributes = {key.removeprefix("case:"): value for key, value in row.items() if key.startswith("case:")}
            rows.setdefault(attributes["concept:name"], attributes)
    return [_receipt_case(attributes) for attributes in rows.values()]


def read_bpic15(path: Path) -> list[Case]:
    """Cases of one municipality, which is its own organisation, named as the file is."""
    return bpic15_cases(path, list(_traces(path)))


def bpic15_cases(path: Path, traces: list[tuple[dict[str, str], list[dict[str, str]]]]) -> list[Case]:
    """The same from its traces, where they are read already."""
    municipality = path.name.split(".")[0]
    end_of_log = max(_day(event["time:timestamp"]) for _, events in traces for event in events)
    return [_bpic15_case(municipality, trace, events, end_of_log) for trace, events in traces]


def read_traffic_fines(path: Path) -> list[Case]:
    """Fines: opened by `Create Fine`; closed by the first payment, hand-over to credit collection or dismissal."""
    rows: dict[str, list[dict[str, str]]] = {}
    with _opened(path) as binary:
        for row in csv.DictReader(line.decode("utf-8-sig") for line in binary):
            rows.setdefault(row["case_id"], []).append(row)
    return [_fine(number, events) for number, events in rows.items()]


def _fine(number: str, events: list[dict[str, str]]) -> Case:
    opened = [_day(event["timestamp"]) for event in events if event["activity"] == "Create Fine"]
    closed = [_day(event["timestamp"]) for event in events if _closes_a_fine(event)]
    return Case(number=number, department=NO_DEPARTMENT, opened=min(opened), closed=min(closed, default=None))


def _closes_a_fine(event: dict[str, str]) -> bool:
    if event["activity"] in ("Payment", "Send for Credit Collection"):
        return True
    return (event["activity"], event["dismissal"]) in (("Send Appeal to Prefecture", "#"), ("Appeal to Judge", "G"))


def _receipt_case(attributes: dict[str, str]) -> Case:
    return Case(
        number=attributes["concept:name"],
        department=attributes.get("group") or NO_DEPARTMENT,
        opened=_day(attributes["startdate"]),
        closed=_day_or_none(attributes.get("enddate")),
        promised=_day_or_none(attributes.get("enddate_planned")),
        statutory=_day_or_none(attributes.get("deadline")),
    )


def _bpic15_case(municipality: str, attributes: dict[str, str], events: list[dict[str, str]], end_of_log: date) -> Case:
    return Case(
        number=attributes["concept:name"],
        department=municipality,
        opened=_day(attributes["startDate"]),
        closed=_day_or_none(attributes.get("endDate")),
        stops=_stops(events, end_of_log),
    )


def _stops(events: list[dict[str, str]], end_of_log: date) -> list[tuple[date, date]]:
    """Pairs of stop and resumption in order of time; sorting is stable, so equal times keep the file's order."""
    stops: list[tuple[date, date]] = []
    stopped_on: date | None = None
    for event in sorted(events, key=lambda event: _instant(event["time:timestamp"])):
        day = _day(event["time:timestamp"])
        if event["concept:name"] == STOP and stopped_on is None:
            stopped_on = day
        elif event["concept:name"] == RESUME and stopped_on is not None:
            stops.append((stopped_on, day))
            stopped_on = None
    if stopped_on is not None:
        stops.append((stopped_on, end_of_log))
    return stops


def _traces(path: Path) -> Iterator[tuple[dict[str, str], list[dict[str, str]]]]:
    """Each trace's own attributes and its events' attributes, nested ones left out."""
    with _opened(path) as binary:
        for _, element in ElementTree.iterparse(binary):
            if _tag(element) == "trace":
                events = [_attributes(child) for child in element if _tag(child) == "event"]
                yield _attributes(element), events
                element.clear()


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    return {child.get("key", ""): child.get("value", "") for child in element if _tag(child) != "event"}


def _tag(element: ElementTree.Element) -> str:
    return element.tag.split("}")[-1]


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _day_or_none(text: str | None) -> date | None:
    return _day(text) if text else None


def _instant(text: str) -> datetime:
    """For ordering only. Both formats come from Dutch towns, so a time without an offset is a Dutch one."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Amsterdam"))


# Days -----------------------------------------------------------------------------------------------------------

def monday_to_friday(day: date) -> bool:
    return day.weekday() < 5


def chinese_calendar(holiday_folder: Path) -> IsWorkingDay:
    """Monday to Friday, corrected by every day the State Council's yearly notices name."""
    is_off: dict[date, bool] = {}
    published: set[int] = set()
    for path in sorted(holiday_folder.glob("20??.json")):
        notice = json.loads(path.read_text(encoding="utf-8"))
        if notice["days"]:
            published.add(notice["year"])
        is_off.update({date.fromisoformat(entry["date"]): entry["isOffDay"] for entry in notice["days"]})

    def is_working(day: date) -> bool:
        if day.year not in published:
            raise LookupError(f"the holidays of {day.year} are not published")
        return not is_off[day] if day in is_off else day.weekday() < 5

    return is_working


def is_stopped(case: Case, day: date) -> bool:
    """The day of the stop had begun to run and counts; the day of the resumption does not."""
    return any(stop < day <= resumption for stop, resumption in case.stops)


def due_day(case: Case, question: Question, is_working: IsWorkingDay) -> date | None:
    if question.limit in ("promised", "statutory", "own"):
        return _stated_due_day(case, getattr(case, question.limit), question.net)
    amount, unit = int(question.limit[:-2]), question.limit[-2:]
    counts = is_working if unit == "wd" else _every_day
    return _nth_day(case, amount, counts, question.net)


def _stated_due_day(case: Case, stated: date | None, net: bool) -> date | None:
    """Net of stops, a stated due day n calendar days after the opening becomes the n-th day that is not stopped."""
    if stated is None or not net or stated <= case.opened:
        return stated
    return _nth_day(case, (stated - case.opened).days, _every_day, net)


def _nth_day(case: Case, amount: int, counts: IsWorkingDay, net: bool) -> date:
    day = case.opened
    while amount > 0:
        day += ONE_DAY
        if counts(day) and not (net and is_stopped(case, day)):
            amount -= 1
    return day


def duration(case: Case, counts: IsWorkingDay, net: bool) -> int:
    """Days that count in (opened, closed]."""
    days, day = 0, case.opened
    while day < case.closed:
        day += ONE_DAY
        if counts(day) and not (net and is_stopped(case, day)):
            days += 1
    return days


def _every_day(_day: date) -> bool:
    return True


# Answers --------------------------------------------------------------------------------------------------------

def heat_map(cases: list[Case], question: Question, is_working: IsWorkingDay, days: list[date]) -> list[list[str]]:
    """Rows of the CSV: a header, then one row per department with its open overdue cases at the end of each day."""
    dues = [due_day(case, question, is_working) for case in cases]
    rows = [["department", *(day.isoformat() for day in days)]]
    for department in sorted({case.department for case in cases}):
        own = [(case, due) for case, due in zip(cases, dues) if case.department == department]
        rows.append([department, *(str(sum(is_open_overdue(case, due, day) for case, due in own)) for day in days)])
    return rows


def month_ends(first: date, last: date) -> list[date]:
    """Month ends in [first, last], and `last` itself."""
    days, day = [], first
    while day <= last:
        if (day + ONE_DAY).day == 1 or day == last:
            days.append(day)
        day += ONE_DAY
    return days


def is_open(case: Case, day: date) -> bool:
    return case.opened <= day and (case.closed is None or case.closed > day)


def is_open_overdue(case: Case, due: date | None, day: date) -> bool:
    return due is not None and is_open(case, day) and day > due


def statistics(cases: list[Case], question: Question, is_working: IsWorkingDay, as_of: date) -> dict[str, Any]:
    """The object `stats --format json` prints."""
    departments = sorted({case.department for case in cases})
    return {
        "as_of": as_of.isoformat(), "limit": question.limit, "calendar": question.calendar, "net": question.net,
        "all": _figures(cases, question, is_working, as_of),
        "departments": {name: _figures([case for case in cases if case.department == name], question, is_working, as_of)
                        for name in departments},
    }


def _figures(cases: list[Case], question: Question, is_working: IsWorkingDay, as_of: date) -> dict[str, Any]:
    known = [(case, due_day(case, question, is_working)) for case in cases if case.opened <= as_of]
    closed = [(case, due) for case, due in known if not is_open(case, as_of)]
    early = sum(due is not None and case.closed < due for case, due in closed)
    on_due_day = sum(due is not None and case.closed == due for case, due in closed)
    figures = {
        "cases": len(known), "closed": len(closed), "open": len(known) - len(closed),
        "closed_early": early, "closed_on_due_day": on_due_day,
        "closed_late": sum(due is not None and case.closed > due for case, due in closed),
        "open_overdue": sum(is_open_overdue(case, due, as_of) for case, due in known),
        "early_rate": _rate(early, len(closed)), "ontime_rate": _rate(early + on_due_day, len(closed)),
    }
    return figures | _durations([case for case, _ in closed], question, is_working)


def _durations(closed: list[Case], question: Question, is_working: IsWorkingDay) -> dict[str, float | None]:
    working = sorted(duration(case, is_working, question.net) for case in closed)
    calendar = sorted(duration(case, _every_day, question.net) for case in closed)
    in_unit = working if question.limit.endswith("wd") else calendar
    named = {"duration": in_unit, "working_days": working, "calendar_days": calendar}
    return {f"{part}_{name}": quantile(values, at) for name, values in named.items()
            for part, at in (("median", Fraction(1, 2)), ("p90", Fraction(9, 10)))}


def quantile(values: list[int], at: Fraction) -> float | None:
    """Linear interpolation between the closest ranks of sorted values, in exact arithmetic."""
    if not values:
        return None
    rank = at * (len(values) - 1)
    below = int(rank)
    above = min(below + 1, len(values) - 1)
    return float(values[below] + (rank - below) * (values[above] - values[below]))


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
