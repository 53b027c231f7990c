"""The record as it stood on any day, recomputed from the journal: open overdue per department, and statistics.

Counted by the dates as written, by the same clock algebra as the live clocks. On day D a case is open if it was opened on
or before D and not closed by D; overdue if D is after its due day; closed on its due day it was in time. Where the law counts
until the decision (cases.watches.end_of_limits), the decision takes the place of the closing: a case decided in time is not
overdue while its papers are served. Under `net` the days in (stop, resumption] do not count; a stop that never ends lasts to
the end of its log.
"""

from __future__ import annotations

import calendar as civil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select

from cases.areas import Areas
from cases.changes import NO_ORG
from cases.clocks import Span, Timing, due_day, merge, timing_of_due, timing_of_limit, used_days
from cases.events import AFTER_THE_LOG, Due
from cases.extensions import lengthened
from cases.fold import Fold, Moment
from cases.journal import stream_cases
from cases.models import journal
from cases.states import fold_all
from cases.watches import Catalogue, end_of_limits, limits_of, may_roll, rolled
from core.database import Database
from core.errors import InvalidInput
from core.instants import DAY_US, HOUR_US, MINUTE_US, day_of
from core.limits import Granularity, Limit, Unit, parse_limit
from core.working_calendar import WorkingCalendar

KINDS = ("promised", "statutory", "own")


@dataclass(frozen=True, slots=True)
class Question:
    """Which limit is asked about, on which calendar, and whether suspensions are taken out."""

    limit: str
    calendar: WorkingCalendar
    net: bool = False

    @property
    def stated(self) -> Limit | None:
        """The limit when it is stated as `20wd`, None when it is one of KINDS."""
        if self.limit in KINDS:
            return None
        limit = parse_limit(self.limit)
        if limit.unit is Unit.WORKING_HOUR:
            raise InvalidInput("limit_hours_not_by_day", text=self.limit, accepted="20wd or 56cd")
        return limit


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case as the statistics see it: epoch days; `ended` when what its limit counts to was reached, due None when it has no
    such limit."""

    org: str
    opened: int
    closed: int | None
    ended: int | None
    due: int | None
    working_days: int | None
    calendar_days: int | None


class History:
    """Recomputes from the journal; nothing here reads a counter or a stored clock."""

    def __init__(self, database: Database, catalogue: Catalogue, areas: Areas | None = None) -> None:
        """`areas` know which limits of an item were in force for a case; without them the catalogue's hold for all."""
        self._database, self._catalogue, self._areas = database, catalogue, areas

    def heatmap(self, question: Question, days: Sequence[int]) -> dict[str, list[int]]:
        """Per department the number of open overdue cases at the end of each of the epoch days."""
        rows: dict[str, list[int]] = {}
        for case in self.cases(question):
            row = rows.setdefault(case.org, [0] * len(days))
            for column, day in enumerate(days):
                row[column] += _is_open_overdue(case, day)
        return dict(sorted(rows.items()))

    def stats(self, question: Question, day: int) -> dict[str, Any]:
        """The statistics at the end of an epoch day: `all` and one entry per department."""
        by_org: dict[str, list[PastCase]] = {}
        for case in self.cases(question):
            known = by_org.setdefault(case.org, [])
            if case.opened <= day:
                known.append(case)
        cases = [case for group in by_org.values() for case in group]
        return {"all": _figures(cases, day, question),
                "departments": {org: _figures(group, day, question) for org, group in sorted(by_org.items())}}

    def cases(self, question: Question) -> Iterator[PastCase]:
        """Every case ever opened, judged by the question."""
        with self._database.snapshot() as conn:
            log_ends = _ends_of_logs(conn) if question.net else {}
            for _case_id, events in stream_cases(conn):
                fold = fold_all(events)
                catalogue = self._catalogue if self._areas is None else self._areas.catalogue_of(fold, self._catalogue)
                past = _past_case(fold, question, catalogue, log_ends)
                if past is not None:
                    yield past


def columns(first: date, last: date, step: str) -> list[int]:
    """The epoch days a heat map shows: month ends, week ends (Sunday) or days in [first, last], and `last` itself."""
    if first > last:
        raise InvalidInput("range_backwards", first=first.isoformat(), last=last.isoformat())
    if step not in ("day", "week", "month"):
        raise InvalidInput("step_unknown", step=step, accepted="day, week or month")
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    chosen = [day for day in days if _ends(day, step)]
    return [day_of(day) for day in dict.fromkeys([*chosen, last])]


def _ends(day: date, step: str) -> bool:
    if step == "month":
        return day.day == civil.monthrange(day.year, day.month)[1]
    return step == "day" or day.weekday() == 6


def _ends_of_logs(conn: Connection) -> dict[str, int]:
    """Per source the day (as written) of its last event, as a local instant."""
    local = journal.c.claimed_at + cast(journal.c.utc_offset, BigInteger) * MINUTE_US
    own = select(journal.c.source, func.max(local)).where(journal.c.src_order < AFTER_THE_LOG).group_by(journal.c.source)
    return {source: last // DAY_US * DAY_US for source, last in conn.execute(own)}


def _past_case(fold: Fold, question: Question, catalogue: Catalogue,
               log_ends: Mapping[str, int]) -> PastCase | None:
    if fold.accepted is None:
        return None
    stops = _stops(fold, fold.accepted, log_ends.get(fold.source, 0)) if question.net else ()
    timing = _timing(fold, fold.accepted, question, catalogue, stops)
    opened, closed = fold.accepted.local // DAY_US, _day(fold.closed)
    ended = _day(end_of_limits(fold, catalogue.find_item(fold.item) if fold.item else None))
    return PastCase(fold.org or NO_ORG, opened, closed, ended, due_day(timing) if timing is not None else None,
                    _duration(fold.accepted, closed, stops, question, Unit.WORKING_DAY),
                    _duration(fold.accepted, closed, stops, question, Unit.CALENDAR_DAY))


def _day(moment: Moment | None) -> int | None:
    return None if moment is None else moment.local // DAY_US


def _timing(fold: Fold, opened: Moment, question: Question, catalogue: Catalogue, stops: tuple[Span, ...]) -> Timing | None:
    calendar, begun = question.calendar, opened.local // DAY_US
    if question.stated is not None:
        return timing_of_limit(_by_day(question.stated, calendar).from_day(begun), opened, stops, calendar)
    due = {"promised": fold.promised_due, "statutory": fold.statutory_due, "own": fold.own_due}[question.limit]
    if due is not None:
        return timing_of_due(Due(due.at, due.utc_offset, Granularity.DAY), opened, stops, calendar)
    promised, statutory = limits_of(fold, catalogue)
    limit = {"promised": promised, "statutory": statutory, "own": None}[question.limit]
    if limit is None:
        return None
    by_day = _by_day(limit, calendar).from_day(begun)
    longer = lengthened(by_day, fold, opened, stops, calendar) or by_day
    if may_roll(catalogue.find_item(fold.item) if fold.item else None):
        longer = rolled(longer, opened, stops, calendar)
    return timing_of_limit(longer, opened, stops, calendar)


def _by_day(limit: Limit, calendar: WorkingCalendar) -> Limit:
    """History is judged by dates: an item's hours count as the working days they fill."""
    if limit.unit is Unit.WORKING_HOUR:
        return Limit(-(-limit.amount * HOUR_US // calendar.day_us))
    return Limit(limit.amount, limit.unit, Granularity.DAY, limit.months)


def _stops(fold: Fold, opened: Moment, log_end: int) -> tuple[Span, ...]:
    """The case's stops after its opening and before its closing; one that never ends lasts to the end of the log."""
    spans = []
    for stop in fold.stops:
        start, end = max(stop.start.local, opened.local), stop.end.local if stop.end else log_end
        if fold.closed is not None:
            end = min(end, fold.closed.local)
        if end > start:
            spans.append((start, end))
    return merge(spans)


def _duration(opened: Moment, closed: int | None, stops: tuple[Span, ...], question: Question, unit: Unit) -> int | None:
    if closed is None:
        return None
    timing = Timing(0, unit, Granularity.DAY, opened, stops, question.calendar)
    return used_days(timing, closed)


def _is_open_overdue(case: PastCase, day: int) -> bool:
    is_open = case.opened <= day and (case.ended is None or case.ended > day)
    return is_open and case.due is not None and day > case.due


def _figures(cases: Sequence[PastCase], day: int, question: Question) -> dict[str, Any]:
    closed = [case for case in cases if case.closed is not None and case.closed <= day]
    judged = [(case.ended, case.due) for case in closed if case.ended is not None and case.due is not None]
    early = sum(end < due for end, due in judged)
    on_due_day = sum(end == due for end, due in judged)
    working = [case.working_days for case in closed if case.working_days is not None]
    civil_days = [case.calendar_days for case in closed if case.calendar_days is not None]
    in_working_days = question.stated is not None and question.stated.unit is not Unit.CALENDAR_DAY
    duration = working if in_working_days else civil_days
    return {
        "cases": len(cases), "closed": len(closed), "open": len(cases) - len(closed), "closed_early": early,
        "closed_on_due_day": on_due_day, "closed_late": len(judged) - early - on_due_day,
        "open_overdue": sum(_is_open_overdue(case, day) for case in cases),
        "without_limit": sum(case.due is None for case in cases),
        "early_rate": _rate(early, len(closed)), "ontime_rate": _rate(early + on_due_day, len(closed)),
        "median_duration": quantile(duration, 0.5), "p90_duration": quantile(duration, 0.9),
        "duration_unit": "wd" if in_working_days else "cd",
        "median_working_days": quantile(working, 0.5), "p90_working_days": quantile(working, 0.9),
        "median_calendar_days": quantile(civil_days, 0.5), "p90_calendar_days": quantile(civil_days, 0.9)}


def _rate(part: int, whole: int) -> float | None:
    """No denominator, no rate: None, never 0 % or 100 %."""
    return round(part / whole, 6) if whole else None


def quantile(values: Sequence[int], share: float) -> float | None:
    """Linear interpolation between the closest ranks (Hyndman and Fan type 7); None without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 6)

