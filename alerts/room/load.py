"""How heavy the alarms weigh on the people on duty: the figures of ISA-18.2 / IEC 62682 over a window of days.

Limits as the standards' public summaries give them, for one operating position: about one alarm in ten minutes is acceptable,
two are the most that can be managed, more than ten in ten minutes are a flood; the ten busiest sources carry at most five per
cent; fewer than five stale alarms (standing for more than a day) on any day. Ten minutes are any ten minutes: a window that
slides, to the second. The average is given around the clock, as plants count, and by the hours the office works: what comes at
night meets whoever opens in the morning. Business time: a demonstration that runs fast is judged by its own days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from alerts.lifecycle import Closing, Level, Suppression
from alerts.models import cards
from alerts.sight import IS_ISSUED, IS_OPEN, WAITS_FOR_CONFIRMATION
from core.database import Database
from core.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, from_us
from core.working_calendar import WorkingCalendar

TEN_MIN_US = 10 * MINUTE_US
FLOOD = 10
TOP = 10
RESTLESS_MIN = 3  # so many comings and goings make a source one that chatters
SIGNED_MAX = 50_000  # acknowledgements read for the percentiles; the newest ones count


@dataclass(frozen=True, slots=True)
class Source:
    """One of the busiest: a department's rule."""

    org: str
    rule: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Signed:
    """Minutes from raising to acknowledgement."""

    level: Level
    count: int
    median_min: float | None
    p95_min: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands now. Stale: unacknowledged for more than a day. Suppressed cards are counted, never forgotten."""

    unsigned: int
    stale: int
    oldest_unsigned_at: int | None
    shelved: int
    out_of_service: int
    stopped_by_law: int
    to_confirm: int


@dataclass(frozen=True, slots=True)
class AlarmLoad:
    """The figures of a window. Shares are between 0 and 1, None where there is nothing to divide by.

    `per_duty_hour`: cards of the window, whenever they came, by the hours the office worked. `flood_share`: of the time, that
    at which the last ten minutes had brought more than a person can take in. `fleeting`: cards whose condition was over within
    `fleeting_min` minutes; `restless`: the sources that came and went most, with how often (fleeting, or back soon after).
    """

    days: int
    raised: int
    per_ten_min: float
    per_duty_hour: float | None
    worst_ten_min: int
    re_alarms: int
    fleeting_min: int
    fleeting: int
    restless: list[Source]
    flood_share: float | None
    by_level: dict[Level, int]
    top: list[Source]
    top_share: float | None
    standing: Standing
    signed: list[Signed]
    by_day: list[tuple[date, int]]


class LoadQueries:
    """Reads only. Cost: one pass over the cards of the window by an index, whatever the number of older ones."""

    def __init__(self, database: Database, zone: tzinfo, calendar: Callable[[], WorkingCalendar], fleeting_min: int) -> None:
        """`calendar()`: the hours the room works; a card that is over within `fleeting_min` minutes is fleeting."""
        self._database, self._zone, self._calendar, self._fleeting_min = database, zone, calendar, fleeting_min

    def load(self, now_us: int, days: int) -> AlarmLoad:
        """The figures of the last `days` days before an instant, warnings included."""
        begin = now_us - days * DAY_US
        window = and_(IS_ISSUED, cards.c.raised_at > begin, cards.c.raised_at <= now_us,
                      cards.c.closed_reason.is_distinct_from(Closing.LOADED_AS_HISTORY.value))
        with self._database.snapshot() as conn:
            return self._load(conn, window, now_us, days)

    def _load(self, conn: Connection, window: ColumnElement[bool], now_us: int, days: int) -> AlarmLoad:
        seconds = _seconds(conn, window)
        raised = sum(count for _, count in seconds)
        duty_us = self._calendar().office_seconds(now_us - days * DAY_US, now_us) * SECOND_US
        worst, flooded_us = _any_ten_minutes(seconds, now_us)
        top, (re_alarms, fleeting) = _top(conn, window, raised), self._unrest(conn, window)
        return AlarmLoad(
            days=days, raised=raised, per_ten_min=raised / (days * DAY_US / TEN_MIN_US),
            per_duty_hour=raised / (duty_us / HOUR_US) if duty_us else None,
            worst_ten_min=worst, re_alarms=re_alarms, fleeting_min=self._fleeting_min, fleeting=fleeting,
            restless=self._restless(conn, window), flood_share=flooded_us / (days * DAY_US) if raised else None,
            by_level=_by_level(conn, window), top=top,
            top_share=sum(source.count for source in top) / raised if raised else None,
            standing=_standing(conn, now_us), signed=[_signed(conn, window, level) for level in Level],
            by_day=_by_day(seconds, now_us, days, self._zone))

    @property
    def _is_fleeting(self) -> ColumnElement[bool]:
        return cards.c.cleared_at - cards.c.raised_at <= self._fleeting_min * MINUTE_US

    def _unrest(self, conn: Connection, window: ColumnElement[bool]) -> tuple[int, int]:
        """How often a condition came back soon after its end, and how many were over soon after they came."""
        row = conn.execute(select(func.coalesce(func.sum(cards.c.re_alarms), 0), _count(self._is_fleeting)).where(window)).one()
        return int(row[0]), int(row[1])

    def _restless(self, conn: Connection, window: ColumnElement[bool]) -> list[Source]:
        times, source = func.sum(cards.c.re_alarms) + _count(self._is_fleeting), (cards.c.org, cards.c.rule)
        rows = conn.execute(select(*source, times, func.count()).where(window).group_by(*source).having(
            times >= RESTLESS_MIN).order_by(times.desc(), *source).limit(TOP))
        return [Source(org, rule, int(count), count / raised) for org, rule, count, raised in rows]


Seconds = list[tuple[int, int]]  # (the second, how many cards were raised in it), in order


def _seconds(conn: Connection, window: ColumnElement[bool]) -> Seconds:
    second = (cards.c.raised_at // SECOND_US).label("second")
    return [(int(at), count) for at, count in conn.execute(
        select(second, func.count()).where(window).group_by(second).order_by(second))]


def _any_ten_minutes(seconds: Seconds, now_us: int) -> tuple[int, int]:
    """The most cards of any ten minutes, and for how long (us) the ten minutes before had brought a flood."""
    worst = held = flooded = since = 0
    for at, change in _comings_and_goings(seconds):
        if held > FLOOD:
            flooded += min(at * SECOND_US, now_us) - min(since * SECOND_US, now_us)
        held, since = held + change, at
        worst = max(worst, held)
    return worst, flooded


def _comings_and_goings(seconds: Seconds) -> Iterator[tuple[int, int]]:
    """(second, by how many the cards of the last ten minutes change), in order; what leaves goes before what comes."""
    leaving = [(at + TEN_MIN_US // SECOND_US, -count) for at, count in seconds]
    return iter(sorted([*seconds, *leaving]))


def _top(conn: Connection, window: ColumnElement[bool], raised: int) -> list[Source]:
    busiest = select(cards.c.org, cards.c.rule, func.count()).where(window).group_by(cards.c.org, cards.c.rule).order_by(
        func.count().desc(), cards.c.org, cards.c.rule).limit(TOP)
    rows = conn.execute(busiest)
    return [Source(org, rule, count, count / raised) for org, rule, count in rows]


def _standing(conn: Connection, now_us: int) -> Standing:
    kept_quiet = cards.c.suppression
    unsigned = and_(IS_OPEN, cards.c.acked_at.is_(None), kept_quiet == Suppression.NONE.value)
    row: Any = conn.execute(select(
        _count(unsigned), _count(and_(unsigned, cards.c.raised_at < now_us - DAY_US)),
        func.min(case((unsigned, cards.c.raised_at))), _count(and_(IS_OPEN, kept_quiet == Suppression.SHELVED.value)),
        _count(and_(IS_OPEN, kept_quiet == Suppression.OUT_OF_SERVICE.value)),
        _count(and_(IS_OPEN, kept_quiet == Suppression.BY_DESIGN.value)), _count(WAITS_FOR_CONFIRMATION))
        .where(cards.c.closed_at.is_(None))).one()
    return Standing(*row)


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((which, 1)))


def _by_level(conn: Connection, window: ColumnElement[bool]) -> dict[Level, int]:
    found = {Level(level): count for level, count in
             conn.execute(select(cards.c.level, func.count()).where(window).group_by(cards.c.level))}
    return {level: found.get(level, 0) for level in Level}


def _signed(conn: Connection, window: ColumnElement[bool], level: Level) -> Signed:
    took = sorted(row[0] for row in conn.execute(
        select(cards.c.acked_at - cards.c.raised_at).where(window, cards.c.level == int(level), cards.c.acked_at.is_not(None))
        .order_by(cards.c.raised_at.desc()).limit(SIGNED_MAX)))
    if not took:
        return Signed(level, 0, None, None)
    median, p95 = took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.95))]
    return Signed(level, len(took), median / MINUTE_US, p95 / MINUTE_US)


def _by_day(seconds: Seconds, now_us: int, days: int, zone: tzinfo) -> list[tuple[date, int]]:
    """(day, cards) of the calendar days of the room that the window touches, oldest first."""
    found: Counter[date] = Counter()
    for at, count in seconds:
        found[_day(at * SECOND_US, zone)] += count
    last = _day(now_us, zone)
    return [(day, found.get(day, 0)) for day in (last - timedelta(days=back) for back in range(days, -1, -1))]


def _day(us: int, zone: tzinfo) -> date:
    return from_us(us).astimezone(zone).date()
