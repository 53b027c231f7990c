"""The comparison on both databases: every figure, place and interval as plain loops over the same rows have them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from math import gamma, pi, sqrt
from random import Random

import pytest

from config.indicators import load_indicators
from core.access import Actor, Role
from core.database import Database
from evaluation.comparison import CompareBy, Comparison, Question
from evaluation.over_time import Grain, OverTime
from evaluation.period import Basis, Period
from evaluation.queries import IndicatorQueries
from evaluation.wish import wish_of
from tests.comparing import CALENDAR, DUTIES, concluded, count_day, count_details, each_day
from tests.unit.cases.record import made_database
from tests.unit.evaluation.counted import PlainNames
from tests.unit.evaluation.test_comparison import NAMES

LEADER = Actor("wang", frozenset({Role.LEADER}))
QUARTER = Period(date(2024, 1, 1), date(2024, 3, 31))
Z95 = 1.959963985
Rows = dict[tuple[str, date], dict[str, int]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("comparison")) as made:
        yield made


@pytest.fixture(scope="module")
def rows(database: Database) -> Rows:
    """Twelve departments, of different size and quality, on some of the days of more than the quarter."""
    random, written = Random(6), {}
    for number in range(12):
        for day in each_day(date(2023, 12, 1), date(2024, 4, 30)):
            if day.weekday() >= 5 or random.random() < 0.2:
                continue
            n = random.randrange(1, 3 + 2 * number)
            early = sum(random.random() < 0.5 + number / 30 for _ in range(n))
            told = dict(concluded(n, early, 0, statutory_used=sum(random.randrange(2, 20) for _ in range(n))))
            count_day(database, f"org{number:02}", day, **told)
            written[f"org{number:02}", day] = told
    return written


@pytest.fixture
def queries(database: Database, rows: Rows) -> IndicatorQueries:
    assert rows
    return IndicatorQueries(database, load_indicators(), NAMES, DUTIES)


def counted(rows: Rows, org: str, *names: str) -> list[int]:
    sums = [0] * len(names)
    for (whose, day), told in rows.items():
        if whose == org and date(2024, 1, 1) <= day <= date(2024, 3, 31):
            sums = [total + told[name] for total, name in zip(sums, names)]
    return sums


def wilson_by_hand(hits: int, n: int) -> tuple[float, float]:
    p = hits / n
    middle, half = p + Z95 ** 2 / (2 * n), Z95 * sqrt(p * (1 - p) / n + Z95 ** 2 / (4 * n * n))
    return (middle - half) / (1 + Z95 ** 2 / n), (middle + half) / (1 + Z95 ** 2 / n)


def test_shares_places_and_intervals(queries: IndicatorQueries, rows: Rows) -> None:
    shown = Comparison(queries).side_by_side(LEADER, Question(QUARTER, "early_rate"), ())
    told = {row.key: row for row in shown.rows}
    assert len(told) == 12
    values = {}
    for org, row in told.items():
        early, all_of_them = counted(rows, org, "early", "concluded")
        values[org] = early / all_of_them
        assert row.sample is not None
        assert (row.sample.hits, row.sample.size) == (early, all_of_them)
        assert row.band is not None
        assert (row.band.low, row.band.high) == pytest.approx(wilson_by_hand(early, all_of_them), abs=1e-9)
    for org, row in told.items():
        assert row.ranked is not None
        assert row.ranked.rank == 1 + sum(value > values[org] for value in values.values())
        assert row.ranked.best <= row.ranked.rank <= row.ranked.worst


def student(degrees: int) -> float:
    """The t that holds 95 % on both sides, by adding up the density and halving."""
    scale = gamma((degrees + 1) / 2) / (sqrt(degrees * pi) * gamma(degrees / 2))
    low, high = 1.0, 10.0
    while high - low > 1e-7:
        middle = (low + high) / 2
        step = middle / 2000
        held = 2 * step * scale * sum(
            (1 + ((place + 0.5) * step) ** 2 / degrees) ** (-(degrees + 1) / 2) for place in range(2000))
        low, high = (middle, high) if held < 0.95 else (low, middle)
    return low


def test_means_have_the_spread_of_their_days(queries: IndicatorQueries, rows: Rows) -> None:
    shown = Comparison(queries).side_by_side(LEADER, Question(QUARTER, "statutory_speed"), ())
    for row in shown.rows:
        days, used = counted(rows, row.key, "statutory_days", "statutory_used")
        value, squares, known = (days - used) / days, 0.0, 0
        for (org, day), told in rows.items():
            if org == row.key and date(2024, 1, 1) <= day <= date(2024, 3, 31):
                squares += (told["statutory_days"] - told["statutory_used"] - value * told["statutory_days"]) ** 2
                known += 1
        half = student(known - 1) * sqrt(known / (known - 1) * squares) / days
        assert row.band is not None
        assert (row.band.low, row.band.high) == pytest.approx((value - half, value + half), abs=1e-6)


def test_in_a_long_period_the_spread_is_that_of_weeks(queries: IndicatorQueries, rows: Rows) -> None:
    period = Period(date(2023, 12, 1), date(2024, 4, 30))
    parts = queries.parts(LEADER, period, "org", ("statutory_days", "statutory_used"), 7)
    for org, found in parts.items():
        weeks: dict[int, list[int]] = {}
        for (whose, day), told in rows.items():
            if whose == org:
                week = weeks.setdefault((day - period.first).days // 7, [0, 0])
                week[0] += told["statutory_days"]
                week[1] += told["statutory_used"]
        assert [[one["statutory_days"], one["statutory_used"]] for one in found] == [weeks[at] for at in sorted(weeks)]


def test_in_the_longest_periods_it_is_that_of_months_and_what_lies_around(queries: IndicatorQueries, rows: Rows) -> None:
    period = Period(date(2023, 12, 11), date(2024, 4, 9))
    parts = queries.parts(LEADER, period, "org", ("statutory_days", "statutory_used"), 28)
    for org, found in parts.items():
        months: dict[tuple[int, int], list[int]] = {}
        for (whose, day), told in rows.items():
            if whose == org and period.first <= day <= period.last:
                month = months.setdefault((day.year, day.month), [0, 0])
                month[0] += told["statutory_days"]
                month[1] += told["statutory_used"]
        assert [[one["statutory_days"], one["statutory_used"]] for one in found] == [months[at] for at in sorted(months)]
        assert len(found) == 5


@pytest.mark.parametrize("grain", list(Grain))
def test_the_course_of_one_department(queries: IndicatorQueries, rows: Rows, grain: Grain) -> None:
    course = OverTime(queries, lambda _area: CALENDAR, lambda: date(2024, 4, 10)).course(
        LEADER, Question(QUARTER, "early_rate", org="org05"), grain)
    ends = [*(start - timedelta(days=1) for start in course.starts[1:]), date(2024, 3, 31)]
    for start, end, point in zip(course.starts, ends, course.chart.points, strict=True):
        hits = sum(told["early"] for (org, day), told in rows.items() if org == "org05" and start <= day <= end)
        size = sum(told["concluded"] for (org, day), told in rows.items() if org == "org05" and start <= day <= end)
        assert point.size == size
        assert point.value == (pytest.approx(hits / size) if size else None)


def test_parts_of_items_are_those_of_their_days(database: Database) -> None:
    queries = IndicatorQueries(database, load_indicators(), NAMES, DUTIES)
    for day, used in ((date(2022, 5, 2), 3), (date(2022, 5, 3), 5), (date(2022, 5, 12), 7)):
        count_day(database, "items", day, "first", used_days=used, timed=1)
    count_day(database, "others", date(2022, 5, 2), "second", used_days=9, timed=1)
    may = Period(date(2022, 5, 2), date(2022, 5, 31))
    assert queries.parts(LEADER, may, "item", ("used_days", "timed"), 7, orgs=("items",)) == {
        "first": [{"used_days": 8, "timed": 2}, {"used_days": 7, "timed": 1}]}
    own = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org="others")
    assert queries.parts(own, may, "item", ("used_days",), 1) == {"second": [{"used_days": 9}]}


# Channels and powers ---------------------------------------------------------------------------------------------------------

MAY = Period(date(2021, 5, 3), date(2021, 5, 28))
POWERS = PlainNames({"p1": "permit", "p2": "permit", "f1": "penalty"})
Details = dict[tuple[tuple[str, str, str, str], date], dict[str, int]]


@pytest.fixture(scope="module")
def details(database: Database) -> Details:
    """Two departments of two areas with two permits, a penalty and an item nobody lists, by three channels, on either basis."""
    random, written = Random(61), {}
    for org, area in (("east", "360501"), ("west", "360502")):
        for item in ("p1", "p2", "f1", "unlisted"):
            for channel in ("web", "window", ""):
                for day in each_day(date(2021, 4, 20), date(2021, 6, 10)):
                    if random.random() < 0.3:
                        n = random.randrange(1, 9)
                        written[(area, org, item, channel), day] = dict(concluded(
                            n, random.randrange(n + 1), statutory_used=random.randrange(5, 20) * n))
    count_details(database, written)
    count_details(database, {key: {name: 2 * n for name, n in told.items()} for key, told in written.items()}, Basis.ACCEPTANCE)
    return written


def looped(details: Details, by: CompareBy, org: str = "", item: str = "") -> dict[str, dict[date, list[int]]]:
    """By unit and day what was early, concluded, and of the days by law: all and used."""
    found: dict[str, dict[date, list[int]]] = {}
    for ((_area, whose, what, channel), day), told in details.items():
        if MAY.first <= day <= MAY.last and org in ("", whose) and item in ("", what):
            key = channel if by == "channel" else POWERS.kinds.get(what, "")
            sums = found.setdefault(key, {}).setdefault(day, [0, 0, 0, 0])
            for at, name in enumerate(("early", "concluded", "statutory_days", "statutory_used")):
                sums[at] += told[name]
    return found


@pytest.mark.parametrize("narrowed", [{}, {"org": "east"}, {"org": "west", "item": "p1"}])
@pytest.mark.parametrize("by", ["channel", "power_kind"])
def test_channels_and_powers_as_a_loop_has_them(database: Database, details: Details, by: CompareBy,
                                                narrowed: dict[str, str]) -> None:
    queries = IndicatorQueries(database, load_indicators(), POWERS, DUTIES)
    true = looped(details, by, **narrowed)
    shares, means = ({row.key: row for row in Comparison(queries).side_by_side(
        LEADER, Question(MAY, code, by=by, **narrowed), ("received",)).rows} for code in ("early_rate", "statutory_speed"))
    assert shares.keys() == means.keys() == true.keys()
    for key, days in true.items():
        early, n, limit, used = (sum(one[at] for one in days.values()) for at in range(4))
        share, mean = shares[key], means[key]
        assert share.sample is not None
        assert (share.sample.hits, share.sample.size) == (early, n)
        assert share.band is not None
        assert (share.band.low, share.band.high) == pytest.approx(wilson_by_hand(early, n), abs=1e-9)
        assert share.figures["received"].value == n
        assert (share.name, share.is_own) == (f"<{key}>", False)
        value = (limit - used) / limit
        squares = sum((one[2] - one[3] - value * one[2]) ** 2 for one in days.values())
        half = student(len(days) - 1) * sqrt(len(days) / (len(days) - 1) * squares) / limit
        assert mean.band is not None
        near = pytest.approx((value - half, value + half), abs=1e-4)  # few days: t is that of its series
        assert (mean.band.low, mean.band.high) == near


@pytest.mark.parametrize("by", ["channel", "power_kind"])
def test_by_the_day_of_acceptance_channels_and_powers_are_those_of_it(database: Database, details: Details,
                                                                      by: CompareBy) -> None:
    queries = IndicatorQueries(database, load_indicators(), POWERS, DUTIES)
    shown = Comparison(queries).side_by_side(LEADER, Question(MAY, "early_rate", Basis.ACCEPTANCE, by), ())
    true = looped(details, by)
    assert {row.key: row.figures["early_rate"].denominator for row in shown.rows} == {
        key: 2 * sum(one[1] for one in days.values()) for key, days in true.items()}


@pytest.mark.parametrize("sees_others", [False, True])
def test_a_department_user_compares_the_channels_of_his_own_unit(database: Database, details: Details,
                                                                  sees_others: bool) -> None:
    queries = IndicatorQueries(database, load_indicators(), POWERS, DUTIES, sees_others=sees_others)
    own = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org="west")
    asked = wish_of("?by=channel&org=east&period=2021-05-03..2021-05-28", own, date(2021, 6, 1), ["early_rate"]).question
    shown = Comparison(queries, names_others=sees_others).side_by_side(own, asked, ())
    assert not shown.is_anonymous
    assert {row.key: row.sample.size for row in shown.rows if row.sample} == {
        key: sum(one[1] for one in days.values()) for key, days in looped(details, "channel", "west").items()}


def test_a_person_of_an_area_compares_the_powers_of_it(database: Database, details: Details) -> None:
    queries = IndicatorQueries(database, load_indicators(), POWERS, DUTIES)
    leader = Actor("yu", frozenset({Role.LEADER}), area="360501")
    asked = wish_of("?by=power_kind&area=360502&period=2021-05-03..2021-05-28", leader, date(2021, 6, 1), ["early_rate"])
    shown = Comparison(queries).side_by_side(leader, asked.question, ())
    assert {row.key: row.sample.size for row in shown.rows if row.sample} == {
        key: sum(one[1] for one in days.values()) for key, days in looped(details, "power_kind", "east").items()}
