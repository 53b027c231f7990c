"""Random calendars, limits, suspensions and cases for the laws of this folder."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from random import Random

from hypothesis import strategies as st

from core.instants import DAY_US, MINUTE_US, day_of
from core.working_calendar import WorkingCalendar, YearPlan

YEARS = (2012, 2013, 2014)
FIRST_DAY, LAST_DAY = day_of(date(2012, 1, 1)), day_of(date(2014, 12, 31))
# Far enough from both ends that no limit of these tests leaves the published years.
DAYS = st.integers(day_of(date(2012, 12, 1)), day_of(date(2013, 12, 31)))
LOCAL_INSTANTS = st.builds(lambda day, in_day: day * DAY_US + in_day, DAYS, st.integers(0, DAY_US - 1))
LOCAL_MINUTES = st.builds(lambda day, minute: day * DAY_US + minute * MINUTE_US, DAYS, st.integers(0, 24 * 60 - 1))


@st.composite
def office_hours(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """One to three spans of minutes, in order, never touching."""
    edges = sorted(draw(st.sets(st.integers(0, 24 * 60), min_size=2, max_size=6)))
    return tuple(pairwise(edges))[::2]


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    """Three published years with days off and make-up working days anywhere, on Shanghai's wall clock."""
    plans = {year: draw(year_plans(year)) for year in YEARS}
    return WorkingCalendar("random", "1", "Asia/Shanghai", plans, draw(office_hours()))


@lru_cache
def made_calendar(seed: int) -> WorkingCalendar:
    """A calendar of one morning and one afternoon whose holidays the seed decides; made once, for speed."""
    random, hours = Random(seed), [(9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60)]
    plans = {year: _made_plan(random, year) for year in YEARS}
    return WorkingCalendar(f"made{seed}", "1", "Asia/Shanghai", plans, tuple(hours))


def _made_plan(random: Random, year: int) -> YearPlan:
    days = [date(year, 1, 1) + timedelta(days=offset) for offset in random.sample(range(365), 60)]
    return YearPlan(dict.fromkeys(days[:40], "off"), dict.fromkeys(days[40:], "work"))


MADE_CALENDARS = st.integers(0, 19).map(made_calendar)


@st.composite
def year_plans(draw: st.DrawFn, year: int) -> YearPlan:
    days = st.integers(0, 364).map(lambda offset: date(year, 1, 1) + timedelta(days=offset))
    off = draw(st.sets(days, max_size=40))
    work = draw(st.sets(days, max_size=20)) - off
    return YearPlan(dict.fromkeys(off, "off"), dict.fromkeys(work, "work"))
