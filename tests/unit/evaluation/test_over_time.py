"""One unit over time: how its days are put together, what it is compared with, what happened meanwhile, and the words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert

from alerts.detectors.models import reported_volumes
from cases.areas import Area, Areas
from config.calendars import load_calendars
from config.indicators import load_indicators
from config.ladders import load_presets
from config.texts import load_texts
from config.versions import AreaPlan, Dated, ItemVersion, Versions
from core.access import Actor, Role
from core.database import Database
from core.instants import day_of
from core.migration import migrate
from evaluation import wording
from evaluation.comparison import Question
from evaluation.happenings import Happening, What, happenings
from evaluation.over_time import Grain, OverTime, bins_of, grain_for, window_of
from evaluation.period import Period
from evaluation.queries import IndicatorQueries
from evaluation.seasons import Span, Stretch
from evaluation.volumes import Volumes
from tests.comparing import AREA, CALENDAR, DUTIES, concluded, count_day, each_day
from tests.unit.evaluation.test_comparison import NAMES

LEADER = Actor("wang", frozenset({Role.LEADER}))
MARCH = Period(date(2024, 3, 1), date(2024, 3, 31))
TODAY = date(2024, 4, 10)
SAY = load_texts()["zh"].get


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'figures.db'}")
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def over_time(database: Database) -> Callable[[], OverTime]:
    queries = IndicatorQueries(database, load_indicators(), NAMES, DUTIES)
    return lambda: OverTime(queries, lambda _area: CALENDAR, lambda: TODAY)


def test_a_shift_is_seen_since_its_first_day(database: Database, over_time: Callable[[], OverTime]) -> None:
    """Half of 40 are early each day, up and down by 4; from 12 March three quarters are."""
    for day in each_day(date(2024, 2, 1), date(2024, 3, 31)):
        if CALENDAR.is_working(day_of(day)):
            early = (18 if day.day % 2 else 22) if day < date(2024, 3, 12) else (29 if day.day % 2 else 31)
            count_day(database, "a", day, **concluded(40, early))
    course = over_time().course(LEADER, Question(MARCH, "early_rate", org="a"), Grain.DAY)
    assert len(course.starts) == len(course.worked) == len(course.chart.points) == 60  # from 1 February on
    assert course.worked[course.starts.index(date(2024, 2, 4))] == 1  # a Sunday that was worked
    assert course.chart.points[course.starts.index(date(2024, 2, 12))].value is None
    said = wording.about_course(course, SAY)
    assert "3 月 12 日起上移：连续 14 点在中心线之上，至 3 月 29 日（较好）" in said


def test_nothing_but_chance_is_said_too(database: Database, over_time: Callable[[], OverTime]) -> None:
    for at, day in enumerate(each_day(date(2024, 3, 1), date(2024, 3, 31))):
        count_day(database, "a", day, **concluded(40, 18 if at % 3 else 22))
    course = over_time().course(LEADER, Question(MARCH, "early_rate", org="a"), Grain.DAY)
    assert wording.about_course(course, SAY) == ["没有失控迹象，波动可以由偶然解释"]


def test_few_periods_get_no_limits(database: Database, over_time: Callable[[], OverTime]) -> None:
    count_day(database, "a", date(2024, 3, 5), **concluded(40, 20))
    course = over_time().course(LEADER, Question(MARCH, "early_rate", org="a"), Grain.MONTH)
    assert course.chart.centre is None
    assert wording.about_course(course, SAY) == ["有数据的点不足 8 个，不画控制限"]


def test_what_units_report_is_in_the_point_its_span_lies_in(database: Database) -> None:
    """Weeks from Monday, one day, and the month before, which no week holds."""
    for day in each_day(date(2024, 2, 1), date(2024, 3, 31)):
        count_day(database, "a", day, accepted=3)
    spans = [(date(2024, 3, 4), date(2024, 3, 10)), (date(2024, 3, 13), date(2024, 3, 13)),
             (date(2024, 2, 1), date(2024, 2, 29))]
    plain = {"area": AREA, "org": "a", "kind": "own_figure", "reported_at": 0, "reported_by": "x"}
    with database.transaction() as conn:
        conn.execute(insert(reported_volumes), [
            {**plain, "first_day": day_of(first), "last_day": day_of(last), "amount": 4 * ((last - first).days + 1)}
            for first, last in spans])
    over_time = OverTime(IndicatorQueries(database, load_indicators(), NAMES, DUTIES, beside=(Volumes(),)),
                         lambda _area: CALENDAR, lambda: TODAY)

    def points(grain: Grain) -> dict[date, float]:
        course = over_time.course(LEADER, Question(MARCH, "volume_share", org="a"), grain)
        assert ("请看按月" in "".join(wording.about_course(course, SAY))) is (grain is not Grain.MONTH)
        return {start: point.value for start, point in zip(course.starts, course.chart.points) if point.value is not None}

    assert points(Grain.DAY) == {date(2024, 3, 13): 0.75}
    assert points(Grain.WEEK) == {date(2024, 3, 4): 0.75, date(2024, 3, 11): 0.75}
    assert points(Grain.MONTH) == {date(2024, 2, 1): 0.75, date(2024, 3, 1): 0.75}


def test_counts_are_per_working_day(database: Database, over_time: Callable[[], OverTime]) -> None:
    for day in each_day(date(2024, 1, 1), date(2024, 3, 31)):
        if CALENDAR.is_working(day_of(day)):
            count_day(database, "a", day, accepted=10)
    course = over_time().course(LEADER, Question(MARCH, "accepted", org="a"), Grain.WEEK)
    assert course.per_working_day
    values = {round(point.value, 9) for start, point in zip(course.starts, course.chart.points)
              if point.value is not None and start >= date(2024, 1, 1)}
    assert values == {10.0}


def test_a_person_of_a_unit_sees_his_own_course(database: Database, over_time: Callable[[], OverTime]) -> None:
    for day in each_day(date(2024, 3, 1), date(2024, 3, 31)):
        count_day(database, "a", day, **concluded(10, 10))
        count_day(database, "b", day, **concluded(10, 0))
    own = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org="b")
    for asked in ("", "b"):
        course = over_time().course(own, Question(MARCH, "early_rate", org=asked), Grain.DAY)
        assert {point.value for point in course.chart.points if point.value is not None} == {0.0}
    course = over_time().course(own, Question(MARCH, "early_rate", org="a"), Grain.DAY)
    assert {point.value for point in course.chart.points} == {None}


# Seasons -----------------------------------------------------------------------------------------------------------------


def test_the_month_is_compared_with_as_many_working_days(database: Database, over_time: Callable[[], OverTime]) -> None:
    """February 2024 has 18 working days; January's first 18 end on the 25th, and 26 January must not count."""
    for first, last, early in ((date(2024, 2, 1), date(2024, 2, 29), 30), (date(2024, 1, 2), date(2024, 1, 25), 20),
                               (date(2024, 1, 26), date(2024, 1, 31), 0), (date(2023, 2, 1), date(2023, 2, 28), 29)):
        for day in each_day(first, last):
            count_day(database, "a", day, **concluded(40, early))
    question = Question(Period(date(2024, 2, 1), date(2024, 2, 29)), "early_rate", org="a")
    before, last_year = over_time().seasons(LEADER, question, Span.MONTH)
    assert (before.now, before.before) == (0.75, 0.5)
    assert before.comparable.stretch == Stretch(date(2024, 1, 1), date(2024, 1, 25))
    assert before.is_certain
    assert not last_year.is_certain
    said = wording.about_seasons(load_indicators().find("early_rate"), [before, last_year], SAY)
    assert said[0].startswith(
        "与上一时段同样的 18 个工作日（2024-01-01 至 2024-01-25）相比，上升 25.0 个百分点（原为 50.0 %；95 % 区间 +")
    assert said[0].endswith("超出偶然")
    assert said[1].endswith("可能出于偶然")


def test_nothing_to_compare_with_is_said(database: Database, over_time: Callable[[], OverTime]) -> None:
    indicator = load_indicators().find("early_rate")
    found = over_time().seasons(LEADER, Question(MARCH, "early_rate", org="a"), Span.MONTH)
    assert [one.before for one in found] == [None, None]
    assert all(one.endswith("没有可比的数据") for one in wording.about_seasons(indicator, found, SAY))
    assert wording.about_seasons(indicator, [], SAY) == ["没有可比的时段，或假日尚未公布"]


# Windows ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "grain"), [
    (MARCH, Grain.DAY), (Period(date(2024, 1, 1), date(2024, 3, 31)), Grain.WEEK),
    (Period(date(2024, 1, 1), date(2024, 12, 31)), Grain.MONTH)])
def test_points_are_as_long_as_the_period_asks_for(period: Period, grain: Grain) -> None:
    assert grain_for(period) is grain


def test_a_window_looks_back_and_never_ahead() -> None:
    assert window_of(MARCH, Grain.DAY, date(2024, 3, 15)) == Period(date(2024, 1, 14), date(2024, 3, 15))
    long = Period(date(2000, 1, 1), date(2024, 3, 31))
    assert window_of(long, Grain.DAY, TODAY) == Period(date(2023, 9, 27), date(2024, 3, 31))


@pytest.mark.parametrize("grain", list(Grain))
def test_bins_cover_every_day_once(grain: Grain) -> None:
    window = Period(date(2023, 11, 8), date(2024, 3, 5))
    days = [day for one in bins_of(window, grain) for day in each_day(one.first, one.last)]
    assert days == each_day(window.first, window.last)


# Happenings ----------------------------------------------------------------------------------------------------------------


def test_what_happened_stands_in_its_order() -> None:
    areas = Areas(load_calendars(), load_presets(), Area(AREA, "市本级", "cn", "Asia/Shanghai", "kechuang"))
    preset = load_presets()["kechuang"]
    plan = AreaPlan("市本级", "cn", "Asia/Shanghai", "kechuang")
    versions = Versions("r", presets={"kechuang": [Dated(1, preset, day_of(date(2024, 4, 8)), 0)]},
                        areas={AREA: [Dated(1, plan, day_of(date(2024, 4, 10)), 0)]})
    found = happenings(areas.amended(versions), AREA, {"kechuang": date(2024, 4, 1)}, [], date(2024, 4, 1), date(2024, 4, 30))
    assert found == [
        Happening(What.RULES, date(2024, 4, 1), date(2024, 4, 1), "kechuang", "0"),
        Happening(What.HOLIDAY, date(2024, 4, 4), date(2024, 4, 6), "清明节"),
        Happening(What.MAKE_UP, date(2024, 4, 7), date(2024, 4, 7), "清明节"),
        Happening(What.RULES, date(2024, 4, 8), date(2024, 4, 8), "kechuang", "1"),
        Happening(What.AREA, date(2024, 4, 10), date(2024, 4, 10), AREA, "1"),
        Happening(What.MAKE_UP, date(2024, 4, 28), date(2024, 4, 28), found[-1].name)]


def test_a_new_calendar_and_new_limits_of_the_items_asked_for_are_told() -> None:
    """From their first day, which may be a day off; not those of other items or calendars, nor of before the days shown."""
    areas = Areas(load_calendars(), load_presets(), Area(AREA, "市本级", "cn", "Asia/Shanghai", "kechuang"))
    limits = {code: [Dated(number, ItemVersion(number, {"promised": "5wd"}), day_of(first), 0)]
              for number, (code, first) in enumerate((("fagai-01", date(2024, 4, 17)), ("fagai-02", date(2024, 3, 29)),
                                                      ("fagai-03", date(2024, 4, 18))), start=3)}
    calendars = {id: [Dated(2, CALENDAR, day_of(date(2024, 4, day)), 0)] for id, day in (("cn", 20), ("mf", 22))}
    versions = Versions("r", calendars=calendars, items=limits)
    found = happenings(areas.amended(versions), AREA, {}, ["fagai-01", "fagai-02"], date(2024, 4, 8), date(2024, 4, 26))
    assert found == [Happening(What.ITEM, date(2024, 4, 17), date(2024, 4, 17), "fagai-01", "3"),
                     Happening(What.CALENDAR, date(2024, 4, 20), date(2024, 4, 20), "cn", "2")]
