"""The record as it stood on any day, recomputed from the journal: open overdue per department, and statistics.

Counted by the dates as written, by the same clock algebra as the live clocks. On day D a case is open if it was opened on
or before D and not closed by D; overdue if D is after its due day; closed on its due day it was in time. Where the law counts
until the decision (cases.watches.end_of_limits), the decision takes the place of the closing: a case decided in time is not
overdue while its papers are served. Under `net` the days in (stop, resumption] do not count; a stop that never ends lasts to
the end of its log.

A case whose due day cannot be worked out, because the calendar does not know every day of its limit, is counted and not judged:
one case of a year not yet published must not keep a report on other years from coming out.
"""

from __future__ import annotations

import calendar as civil
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select

from cases.areas import Areas
from cases.changes import NO_ORG
from cases.clocks import Span, Timing, due_day, merge, timing_of_due, timing_of_limit, used_days
from cases.events import AFTER_THE_LOG, CaseEvent, Due
from cases.extensions import lengthened
from cases.fold import Fold, Moment
from cases.journal import stream_cases
from cases.models import journal
from cases.states import fold_all
from cases.watches import Catalogue, end_of_limits, limits_of, may_roll, rolled
from config.acts import Act
from core.database import Database
from core.errors import InvalidInput
from core.instants import DAY_US, HOUR_US, MINUTE_US, day_of, local_day
from core.limits import Granularity, Limit, Unit, parse_limit
from core.working_calendar import CalendarNotPublished, WorkingCalendar

KINDS = ("promised", "statutory", "own")
NAMED_AT_MOST = 5


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
    """A case as the reports see it, in epoch days. `ended`: when what its limit counts to was reached. `due` is None when it
    has no such limit, or when the calendar does not know every day of it (then it is not `is_judgeable`). The durations are
    None while it is open, where nobody asked for them, and where the calendar does not know the days."""

    name: str
    org: str
    opened: int
    closed: int | None
    ended: int | None
    due: int | None
    is_judgeable: bool = True
    working_days: int | None = None
    calendar_days: int | None = None


@dataclass(slots=True)
class LeftOut:
    """What a report up to the end of an epoch day could not judge, and what it could not even count."""

    day: int
    judged: int = 0
    unjudgeable: int = 0
    named: list[str] = field(default_factory=list)
    unopened: int = 0

    def note(self, case: PastCase) -> None:
        if case.opened > self.day:
            return
        if case.is_judgeable:
            self.judged += case.due is not None
            return
        self.unjudgeable += 1
        if len(self.named) < NAMED_AT_MOST:
            self.named.append(case.name)

    def note_unopened(self, fold: Fold, events: Sequence[CaseEvent]) -> None:
        """A case that went on as if it had been accepted; one that still waits for its acceptance is none."""
        went_on = any(code == Act.BEFORE_ACCEPTANCE for code, _at in fold.violations)
        self.unopened += went_on and min(map(_day_written, events)) <= self.day


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Per department the number of open overdue cases at the end of each day asked about."""

    rows: dict[str, list[int]]
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures at the end of a day: `all` and one entry per department."""

    figures: dict[str, Any]
    left_out: LeftOut


class History:
    """Recomputes from the journal; nothing here reads a counter or a stored clock."""

    def __init__(self, database: Database, catalogue: Catalogue, areas: Areas | None = None) -> None:
        """`areas` know which limits of an item were in force for a case; without them the catalogue's hold for all."""
        self._database, self._catalogue, self._areas = database, catalogue, areas

    def heatmap(self, question: Question, days: Sequence[int]) -> HeatMap:
        """The heat map of rising epoch days. A case costs two changes, however many days there are."""
        changes: dict[str, list[int]] = {}
        left_out = LeftOut(days[-1])
        for case in self.cases(question, left_out):
            change = changes.setdefault(case.org, [0] * (len(days) + 1))
            first, after = _overdue_columns(case, days)
            change[first] += 1
            change[after] -= 1
        return HeatMap({org: list(accumulate(change[:-1])) for org, change in sorted(changes.items())}, left_out)

    def stats(self, question: Question, day: int) -> Statistics:
        """The statistics at the end of an epoch day."""
        by_org: dict[str, list[PastCase]] = {}
        left_out = LeftOut(day)
        for case in self.cases(question, left_out, with_durations=True):
            known = by_org.setdefault(case.org, [])
            if case.opened <= day:
                known.append(case)
        cases = [case for group in by_org.values() for case in group]
        return Statistics({"all": _figures(cases, day, question), "departments": {
            org: _figures(group, day, question) for org, group in sorted(by_org.items())}}, left_out)

    def cases(self, question: Question, left_out: LeftOut | None = None, *, with_durations: bool = False) -> Iterator[PastCase]:
        """Every case ever opened, judged by the question; `left_out` notes those that cannot be."""
        with self._database.snapshot() as conn:
            log_ends = _ends_of_logs(conn) if question.net else {}
            for _case_id, events in stream_cases(conn):
                fold = fold_all(events)
                past = self._past_case(fold, question, log_ends, with_durations)
                if past is not None:
                    if left_out is not None:
                        left_out.note(past)
                    yield past
                elif left_out is not None:
                    left_out.note_unopened(fold, events)

    def _past_case(self, fold: Fold, question: Question, log_ends: Mapping[str, int], with_durations: bool) -> PastCase | None:
        if fold.accepted is None:
            return None
        catalogue = self._catalogue if self._areas is None else self._areas.catalogue_of(fold, self._catalogue)
        stops = _stops(fold, fold.accepted, log_ends.get(fold.source, 0)) if question.net else ()
        due, is_judgeable = _due(fold, fold.accepted, question, catalogue, stops)
        closed = _day(fold.closed)
        ended = _day(end_of_limits(fold, catalogue.find_item(fold.item) if fold.item else None))
        working, civil_days = _durations(fold.accepted, closed, stops, question) if with_durations else (None, None)
        return PastCase(f"{fold.area}/{fold.case_no}", fold.org or NO_ORG, fold.accepted.local // DAY_US, closed, ended, due,
                        is_judgeable, working, civil_days)


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


def _due(fold: Fold, opened: Moment, question: Question, catalogue: Catalogue,
         stops: tuple[Span, ...]) -> tuple[int | None, bool]:
    """(the due day, whether the calendar knows the days it depends on)."""
    try:
        timing = _timing(fold, opened, question, catalogue, stops)
        return None if timing is None else due_day(timing), True
    except CalendarNotPublished:
        return None, False


def _day(moment: Moment | None) -> int | None:
    return None if moment is None else moment.local // DAY_US


def _day_written(event: CaseEvent) -> int:
    return local_day(event.claimed_at, event.utc_offset)


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


def _durations(opened: Moment, closed: int | None, stops: tuple[Span, ...],
               question: Question) -> tuple[int | None, int | None]:
    """(working days, calendar days) from the opening to the closing."""
    if closed is None:
        return None, None
    in_units = (Timing(0, unit, Granularity.DAY, opened, stops, question.calendar)
                for unit in (Unit.WORKING_DAY, Unit.CALENDAR_DAY))
    working, civil_days = (_used(timing, closed) for timing in in_units)
    return working, civil_days


def _used(timing: Timing, day: int) -> int | None:
    try:
        return used_days(timing, day)
    except CalendarNotPublished:
        return None


def _overdue_columns(case: PastCase, days: Sequence[int]) -> tuple[int, int]:
    """(the first of the days on which the case is open and overdue, the first after it on which it no longer is); the same
    twice when there is none."""
    if case.due is None:
        return 0, 0
    first = bisect_left(days, max(case.opened, case.due + 1))
    after = len(days) if case.ended is None else bisect_left(days, case.ended)
    return first, max(first, after)


def _is_open_overdue(case: PastCase, day: int) -> bool:
    first, after = _overdue_columns(case, (day,))
    return first < after


def _figures(cases: Sequence[PastCase], day: int, question: Question) -> dict[str, Any]:
    closed = [case for case in cases if case.closed is not None and case.closed <= day]
    judged = [(case.ended, case.due) for case in closed if case.ended is not None and case.due is not None]
    early = sum(end < due for end, due in judged)
    on_due_day = sum(end == due for end, due in judged)
    of_closed = sum(case.is_judgeable for case in closed)
    return {
        "cases": len(cases), "closed": len(closed), "open": len(cases) - len(closed), "closed_early": early,
        "closed_on_due_day": on_due_day, "closed_late": len(judged) - early - on_due_day,
        "open_overdue": sum(_is_open_overdue(case, day) for case in cases),
        "without_limit": sum(case.due is None and case.is_judgeable for case in cases),
        "unjudgeable": sum(not case.is_judgeable for case in cases),
        "early_rate": _rate(early, of_closed), "ontime_rate": _rate(early + on_due_day, of_closed),
        **_quantiles(closed, question)}


def _quantiles(closed: Sequence[PastCase], question: Question) -> dict[str, Any]:
    working, civil_days = [case.working_days for case in closed], [case.calendar_days for case in closed]
    in_working_days = question.stated is not None and question.stated.unit is not Unit.CALENDAR_DAY
    duration = working if in_working_days else civil_days
    return {"median_duration": quantile(duration, 0.5), "p90_duration": quantile(duration, 0.9),
            "duration_unit": "wd" if in_working_days else "cd",
            "median_working_days": quantile(working, 0.5), "p90_working_days": quantile(working, 0.9),
            "median_calendar_days": quantile(civil_days, 0.5), "p90_calendar_days": quantile(civil_days, 0.9)}


def _rate(part: int, whole: int) -> float | None:
    """No denominator, no rate: None, never 0 % or 100 %."""
    return round(part / whole, 6) if whole else None


def quantile(values: Sequence[int | None], share: float) -> float | None:
    """Linear interpolation between the closest ranks (Hyndman and Fan type 7); None without values, and as soon as one is not
    known: the middle of the others would be that of another question."""
    ordered = sorted(value for value in values if value is not None)
    if not ordered or len(ordered) < len(values):
        return None
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 6)
