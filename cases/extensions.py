"""An extension (延期) lengthens a limit once, if it was asked for in time (行政许可法 Art. 42; domain.md §4).

One asked for after the limit ended, or later than the ladder's notice before it ends, lengthens nothing: the case is overdue.
A limit shorter than the notice may be extended until it ends.
"""

from __future__ import annotations

from cases.clocks import Span, Timing, instant_after, timing_of_limit
from cases.fold import Fold, Moment
from core.limits import Limit, Unit, parse_limit
from core.working_calendar import WorkingCalendar


def lengthened(limit: Limit | None, fold: Fold, opened: Moment, stops: tuple[Span, ...], calendar: WorkingCalendar,
               notice: str | None = None) -> Limit | None:
    """The limit with the days granted to it."""
    if limit is None or not fold.extensions or limit.unit is Unit.WORKING_HOUR:
        return limit
    first = fold.extensions[0]
    if not first.days or is_late(first.asked_at, limit, opened, stops, calendar, notice):
        return limit
    return Limit(limit.amount + first.days, limit.unit, limit.granularity)  # another limit than the one stated


def is_late(asked_at: int, limit: Limit, opened: Moment, stops: tuple[Span, ...], calendar: WorkingCalendar,
            notice: str | None = None) -> bool:
    """Whether an extension asked for at that instant comes too late for this limit. While a stop is open it does not."""
    timing = timing_of_limit(limit, opened, stops, calendar)
    last = instant_after(timing, max(limit.amount - _lead(timing, notice), 0))
    return last is not None and asked_at > last


def _lead(timing: Timing, notice: str | None) -> int:
    if notice is None:
        return 0
    lead = parse_limit(notice)
    return lead.amount if lead.unit is timing.unit and lead.amount < timing.amount else 0
