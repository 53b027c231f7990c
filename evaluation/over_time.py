"""One unit against itself (纵向): its control chart by day, week or month, and what it may be compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import takewhile

from config.indicators import Indicator, Unit
from core.access import Actor
from core.instants import date_of, day_of
from core.working_calendar import CalendarNotPublished, WorkingCalendar
from evaluation.comparison import Question, shape_of
from evaluation.control_charts import Chart, Count, chart
from evaluation.medians import median_interval, together
from evaluation.models import ITEM_FIGURES, VOLUME_FIGURES
from evaluation.period import By, Period
from evaluation.queries import Counts, IndicatorQueries
from evaluation.seasons import Comparable, Span, Stretch, comparables, so_far, working_days
from evaluation.statistics import Interval, Shape, difference, interval, ratio


class Grain(StrEnum):
    """How long a point of the chart is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


REACH = {Grain.DAY: 61, Grain.WEEK: 26 * 7 - 1, Grain.MONTH: 24 * 31 - 1}  # days a chart looks back at least
LONGEST = {Grain.DAY: 186, Grain.WEEK: 3 * 366, Grain.MONTH: 10 * 366}     # and at most
REPORTED = frozenset(VOLUME_FIGURES)


@dataclass(frozen=True, slots=True)
class Course:
    """The chart, and of each of its points the first day and the working days (None where the calendar is not known)."""

    indicator: Indicator
    shape: Shape
    grain: Grain
    chart: Chart
    starts: tuple[date, ...]
    worked: tuple[int | None, ...]
    per_working_day: bool

    @property
    def is_of_reports(self) -> bool:
        """Whether it stands on spans that units report, which may be longer than a point."""
        return not REPORTED.isdisjoint(self.indicator.names)

    @property
    def scale(self) -> float:
        return self.indicator.scale


@dataclass(frozen=True, slots=True)
class Season:
    """The figure of the period beside that of a comparable one; `change` is the interval of the difference."""

    comparable: Comparable
    worked: int
    now: float | None
    before: float | None
    change: Interval | None

    @property
    def is_certain(self) -> bool:
        """Whether the difference is more than chance gives."""
        return self.change is not None and not self.change.holds(0.0)


class OverTime:
    """Answers; writes nothing. `today` gives the day on the wall clock of the default area."""

    def __init__(self, queries: IndicatorQueries, calendar_of: Callable[[str], WorkingCalendar],
                 today: Callable[[], date]) -> None:
        self._queries, self._calendar_of, self._today = queries, calendar_of, today

    def course(self, actor: Actor, question: Question, grain: Grain) -> Course:
        """The chart of the department (and item) of the question, up to the end of its period or today (a count: yesterday)."""
        indicator = self._queries.indicators.find(question.indicator)
        calendar = self._calendar_of(question.area)
        window = window_of(question.period, grain, self._last_whole(indicator))
        bins = bins_of(window, grain)
        parts = self._parts(actor, replace(question, period=window), indicator, bins, grain)
        empty = _empty_before(bins, parts, question.period.first)
        bins, parts = bins[empty:], parts[empty:]
        worked = [_worked(calendar, one) for one in bins]
        counts = [_count(indicator, *given) for given in zip(bins, parts, worked)]
        shape = self._shape(indicator, question)
        return Course(indicator, shape, grain, chart(shape, counts), tuple(one.first for one in bins), tuple(worked),
                      indicator.unit is Unit.COUNT)

    def seasons(self, actor: Actor, question: Question, span: Span) -> list[Season]:
        """The same number of working days of the period before and of the one a year ago; of everybody if nobody is named."""
        indicator = self._queries.indicators.find(question.indicator)
        calendar, today = self._calendar_of(question.area), self._last_whole(indicator)
        own = Stretch(question.period.first, question.period.last)
        try:
            others, worked = comparables(calendar, span, own, today), working_days(calendar, so_far(own, today))
        except CalendarNotPublished:
            return []
        now = self._judged(actor, question, indicator, so_far(own, today), worked)
        return [_season(one, worked, now, self._judged(actor, question, indicator, one.stretch, one.working_days))
                for one in others]

    def _last_whole(self, indicator: Indicator) -> date:
        """A count of today is not one of a whole day before the day is over; a share is one at any hour."""
        return self._today() - timedelta(days=1) if indicator.denominator is None else self._today()

    def _judged(self, actor: Actor, question: Question, indicator: Indicator, stretch: Stretch,
                worked: int) -> tuple[float, Interval | None] | None:
        """The figure of a stretch with its interval; a count is one per working day."""
        shape = self._shape(indicator, question)
        by: By = "day" if shape is Shape.MEAN and indicator.spread is None else "none"  # a mean has the spread of its days
        totals = self._totals(actor, replace(question, period=Period(stretch.first, stretch.last)), indicator, by)
        parts = [totals[key] for key in sorted(totals)]
        whole = _count(indicator, stretch, parts, worked)
        if whole.size <= 0:
            return None
        return whole.hits / whole.size, _interval(indicator, shape, whole, parts)

    def _shape(self, indicator: Indicator, question: Question) -> Shape:
        """A mere count is one per working day here."""
        if indicator.unit is Unit.COUNT:
            return Shape.RATE
        return shape_of(indicator, self._queries.indicators.figures, question.basis)

    def _parts(self, actor: Actor, question: Question, indicator: Indicator, bins: Sequence[Stretch],
               grain: Grain) -> list[list[Counts]]:
        """What was counted in each stretch. Spans that units report are in the stretch they lie in, whole: no day has a part of
        them."""
        if not REPORTED.isdisjoint(indicator.names):
            periods = (replace(question, period=Period(one.first, one.last)) for one in bins)
            return [list(self._totals(actor, one, indicator, "none").values()) for one in periods]
        by: By = "month" if grain is Grain.MONTH else "day"  # whole months are kept beside the days
        totals = self._totals(actor, question, indicator, by)
        return [[totals[key] for key in _keys(one, by) if key in totals] for one in bins]

    def _totals(self, actor: Actor, question: Question, indicator: Indicator, by: By) -> dict[str, Counts]:
        return self._queries.totals(
            actor, question.period, by, indicator.names, orgs=(question.org,) if question.org else (),
            items=(question.item,) if question.item else (), area=actor.area or question.area, basis=question.basis)


def window_of(period: Period, grain: Grain, today: date) -> Period:
    """What the chart shows: the period, and as much before it as tells a change from chance."""
    last = max(period.first, min(period.last, today))
    first = min(period.first, last - timedelta(days=REACH[grain]))
    return Period(max(first, last - timedelta(days=LONGEST[grain])), last)


def bins_of(window: Period, grain: Grain) -> list[Stretch]:
    """Days, whole weeks from Monday, or whole months; the last one may not be over."""
    first, found = window.first, []
    if grain is Grain.WEEK:
        first -= timedelta(days=first.weekday())
    if grain is Grain.MONTH:
        first = first.replace(day=1)
    while first <= window.last:
        after = _next(first, grain)
        found.append(Stretch(first, min(after - timedelta(days=1), window.last)))
        first = after
    return [Stretch(max(one.first, window.first), one.last) for one in found]


def _keys(stretch: Stretch, by: By) -> list[str]:
    """Of the days, or the month, of a stretch, in their order."""
    if by == "month":
        return [f"{stretch.first:%Y-%m}"]
    return [date_of(day).isoformat() for day in range(day_of(stretch.first), day_of(stretch.last) + 1)]


def _empty_before(bins: Sequence[Stretch], parts: Sequence[Sequence[Counts]], first: date) -> int:
    """How many stretches before the period lie before the first of which anything is known."""
    return sum(1 for _ in takewhile(lambda one: one[0].last < first and not one[1], zip(bins, parts, strict=True)))


def grain_for(period: Period) -> Grain:
    """Days for a month, weeks for up to a year, months beyond."""
    days = (period.last - period.first).days + 1
    return Grain.DAY if days <= 31 else Grain.WEEK if days <= 184 else Grain.MONTH


def _next(first: date, grain: Grain) -> date:
    if grain is Grain.MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=7 if grain is Grain.WEEK else 1)


def _worked(calendar: WorkingCalendar, stretch: Stretch) -> int | None:
    try:
        return working_days(calendar, stretch)
    except CalendarNotPublished:
        return None


def _count(indicator: Indicator, stretch: Stretch, parts: Sequence[Mapping[str, int]], worked: int | None) -> Count:
    """What was counted in the parts of a stretch; a mere count is over its working days."""
    total: Counts = dict.fromkeys(indicator.names, 0)
    for counts in parts:
        for name, value in counts.items():
            total[name] = value if name in ITEM_FIGURES else total[name] + value  # what stands is not added up
    hits, size = indicator.hits(total)
    if indicator.denominator is None:
        size = float(worked or 0)
    return Count(stretch.first.isoformat(), hits, size)


def _interval(indicator: Indicator, shape: Shape, whole: Count, parts: Sequence[Mapping[str, int]]) -> Interval | None:
    if indicator.spread is not None:
        return median_interval(indicator.spread, together(indicator.spread, parts))
    if shape is Shape.MEAN:
        return ratio([indicator.hits(counts) for counts in parts])
    return interval(shape, whole.hits, whole.size)


def _season(one: Comparable, worked: int, now: tuple[float, Interval | None] | None,
            before: tuple[float, Interval | None] | None) -> Season:
    change = None
    if now is not None and before is not None and now[1] is not None and before[1] is not None:
        change = difference(now[0], now[1], before[0], before[1])
    return Season(one, worked, None if now is None else now[0], None if before is None else before[0], change)
