"""By which day papers accepted as to follow (容缺) are promised. Pure but for the calendar of the area."""

from __future__ import annotations

from datetime import date

from approval.desk import Desk
from cases.clocks import due_instant, timing_of_limit
from cases.events import Due
from cases.fold import Moment
from cases.watches import as_begun
from config.catalogue import Item
from core.errors import InvalidInput
from core.instants import DAY_US, MINUTE_US, date_of, day_of
from core.limits import Limit


def promise_of(desk: Desk, area: str, item: Item, until: date | None, now_us: int) -> Due | None:
    """The day by which papers are to follow; None where neither is said and the item promises nothing.

    Raises InvalidInput for a day that is over, or beyond the promise (容缺: within the promised limit).
    """
    offset, today = desk.offset(area, now_us), desk.today(area, now_us)
    last = None if item.promised is None else _last_day(desk, area, item, item.promised, now_us)
    day = until or last
    if day is None:
        return None
    if day < today or (last is not None and day > last):
        raise InvalidInput("promise_out_of_range", key="until", first=today.isoformat(), last=(last or today).isoformat())
    return Due(day_of(day) * DAY_US - offset * MINUTE_US, offset)


def _last_day(desk: Desk, area: str, item: Item, promised: Limit, now_us: int) -> date:
    """The day on which a limit that begins now ends; plain weeks are assumed in years that are not published: two people agree
    on a day. It is early by the days off in between, one for New Year's day, a week where the limit reaches the Spring
    Festival; never late but for a Saturday worked instead."""
    calendar, offset = desk.areas.for_area(area).assuming_plain_weeks(), desk.offset(area, now_us)
    started = Moment(now_us, offset)
    due = due_instant(timing_of_limit(as_begun(promised, item, started, calendar), started, (), calendar))
    return date_of(((due or now_us) - 1 + offset * MINUTE_US) // DAY_US)
