"""Who sees which figures, told apart by what, and how the duties of bad ratings join them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import insert

from cases.events import EventKind
from core.access import SYSTEM, Actor, Role
from core.database import Database
from core.errors import InvalidInput, NotAuthenticated, NotFound
from evaluation.period import Basis, Period, basis_of
from evaluation.queries import IndicatorQueries
from supervision.models import complaints
from tests.comparing import DUTIES
from tests.unit.cases.record import emptied, event, opened, us
from tests.unit.evaluation.counted import ALWAYS, INDICATORS, Counted

K = EventKind
OCTOBER = Period(date(2018, 10, 1), date(2018, 10, 31))
INSPECTOR = Actor("i", frozenset({Role.INSPECTOR}))
OF_LAND = Actor("l", frozenset({Role.DEPARTMENT_USER}), org="Land")
OF_DISTRICT = Actor("d", frozenset({Role.INSPECTOR}), area="360502")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('figures') / 'record.db'}") as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Counted:
    """Land has three cases, Water one in the city and one in a district, of the month before."""
    record = Counted(emptied(shared)).at("10-24 18:00")
    record.take(
        event(K.ACCEPTED, "10-15 10:00", case_no="1"), event(K.CONCLUDED, "10-23 17:00", case_no="1"),
        event(K.ACCEPTED, "10-15 10:00", case_no="2"), event(K.CONCLUDED, "10-24 17:00", case_no="2"),
        event(K.ACCEPTED, "10-16 10:00", case_no="3", item="long"),
        event(K.ACCEPTED, "10-15 10:00", case_no="4", org="Water"), event(K.CONCLUDED, "10-16 17:00", case_no="4", org="Water"),
        event(K.ACCEPTED, "09-28 10:00", case_no="5", org="Water", area="360502"),
        event(K.CONCLUDED, "10-24 10:00", case_no="5", org="Water", area="360502"))
    record.names.kinds.update(permit="permit", long="penalty")
    return record


def shares(record: Counted, actor: Actor, **asked: object) -> dict[str, tuple[float | None, float | None]]:
    given = {"period": OCTOBER, "by": "org", "indicators": ["early_rate"]} | asked
    return {one.key: (one.numerator, one.denominator) for one in record.indicator_queries.figures(actor, **given)}


# Groups -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("by", "expected"), [
    ("none", {"": (2, 4)}), ("org", {"Land": (1, 2), "Water": (1, 2)}),
    ("area", {"360500": (2, 3), "360502": (0, 1)}), ("item", {"permit": (2, 4), "long": (0, 0)}),
    ("power_kind", {"permit": (2, 4), "penalty": (0, 0)}), ("channel", {"": (2, 4)}),
    ("month", {"2018-10": (2, 4)}),
    ("day", {"2018-10-15": (0, 0), "2018-10-16": (1, 1), "2018-10-23": (1, 1), "2018-10-24": (0, 2)})])
def test_figures_are_told_apart_by_what_is_asked(record, by, expected):
    found = shares(record, SYSTEM, by=by)
    assert {key: found[key] for key in expected} == expected
    assert {key for key, counts in found.items() if counts != (0, 0)} <= set(expected)


def test_a_figure_says_what_it_was_worked_out_from(record):
    one, = record.indicator_queries.figures(SYSTEM, OCTOBER, "org", ["on_time_rate"], orgs=["Land"])
    assert (one.key, one.label, one.value, one.is_small) == ("Land", "<Land>", 1.0, True)
    assert dict(one.base) == {"early": 1, "on_due_day": 1, "concluded": 2}


def test_the_basis_decides_which_day_a_conclusion_belongs_to(record):
    september = Period(date(2018, 9, 1), date(2018, 9, 30))
    assert shares(record, SYSTEM, period=september, by="none") == {"": (0, 0)}
    assert shares(record, SYSTEM, period=september, by="none", basis=Basis.ACCEPTANCE) == {"": (0, 1)}


def test_items_and_areas_narrow_the_question(record):
    assert shares(record, SYSTEM, by="org", items=["long"]) == {"Land": (0, 0)}
    assert shares(record, SYSTEM, by="org", area="360502") == {"Water": (0, 1)}


def test_a_question_nobody_can_answer_is_refused(record):
    with pytest.raises(InvalidInput, match="by_unknown"):
        shares(record, SYSTEM, by="colour")
    with pytest.raises(NotFound, match="indicator_unknown"):
        shares(record, SYSTEM, indicators=["beauty"])
    with pytest.raises(InvalidInput, match="range_backwards"):
        Period(date(2018, 10, 2), date(2018, 10, 1))
    with pytest.raises(InvalidInput, match="basis_unknown"):
        basis_of("guess")


# Rights -----------------------------------------------------------------------------------------------------------

def test_a_department_user_sees_his_own_unit_whatever_he_asks(record):
    assert shares(record, OF_LAND) == {"Land": (1, 2)}
    assert shares(record, OF_LAND, by="none") == {"": (1, 2)}
    assert shares(record, OF_LAND, by="area") == {"360500": (1, 2)}
    assert shares(record, OF_LAND, orgs=["Water"]) == {}
    assert shares(record, OF_LAND, orgs=["Water", "Land"]) == {"Land": (1, 2)}
    assert record.indicator_queries.totals(OF_LAND, OCTOBER, "org", ["accepted"]) == {"Land": {"accepted": 3}}
    assert record.indicator_queries.corrected(OF_LAND, ALWAYS, orgs=["Water"]).rows == 0
    assert record.indicator_queries.corrected_days(OF_LAND, ALWAYS, orgs=["Water"]) == []


def test_the_days_that_changed_after_they_were_over_are_named_the_last_changed_first(record):
    queries = record.indicator_queries
    days = queries.corrected_days(SYSTEM, ALWAYS)
    assert len(days) == queries.corrected(SYSTEM, ALWAYS).rows > 1
    assert days[0].at == queries.corrected(SYSTEM, ALWAYS).last_at
    assert [one.at for one in days] == sorted((one.at for one in days), reverse=True)
    assert queries.corrected_days(SYSTEM, ALWAYS, limit=1) == days[:1]
    assert {one.org for one in queries.corrected_days(OF_LAND, ALWAYS)} <= {"Land"}


def test_where_the_settings_allow_it_departments_see_one_another(record):
    record.indicator_queries = IndicatorQueries(record.database, INDICATORS, record.names, DUTIES, sees_others=True)
    assert shares(record, OF_LAND) == {"Land": (1, 2), "Water": (1, 2)}
    assert shares(record, Actor("token", frozenset())) == {}, "who has no role sees nothing all the same"


def test_who_is_bound_to_an_area_sees_that_area(record):
    assert shares(record, OF_DISTRICT) == {"Water": (0, 1)}
    assert shares(record, OF_DISTRICT, area="360500") == {}
    assert shares(record, INSPECTOR) == {"Land": (1, 2), "Water": (1, 2)}


def test_nobody_is_told_nothing(record):
    with pytest.raises(NotAuthenticated):
        shares(record, None)
    assert shares(record, Actor("system", frozenset(), display_name="系统")) == {}, "a name alone is not the system"


# Duties -----------------------------------------------------------------------------------------------------------

def _duty(no: str, filed: str, org: str = "Land", **more: object) -> dict[str, object]:
    texts = ("route", "about_case", "title", "content", "source", "asked_by", "answer", "finding", "satisfaction")
    return dict.fromkeys(texts, "") | {
        "no": no, "kind": "rating", "category": "bad_rating", "channel": "web", "state": "handling", "rev": 0, "area": "360500",
        "org": org, "is_named": False, "source_ref": no, "filed_at": us(filed), "extra_days": 0, "asked_days": 0,
        "card_raised": False} | more


def test_bad_ratings_put_right_are_counted_from_their_duties(record):
    with record.uow() as uow:
        for row in (_duty("1", "10-01 00:00", answered_at=us("10-05 10:00"), called_back_at=us("10-06 10:00")),
                    _duty("2", "10-31 23:59", answered_at=us("11-05 10:00")), _duty("3", "09-30 23:59"),
                    _duty("4", "10-09 10:00", org="Water"), _duty("5", "10-09 10:00", kind="complaint")):
            uow.conn.execute(insert(complaints).values(**row))
    asked = {"indicators": ["rectification_rate"]}

    assert shares(record, SYSTEM, by="none", **asked) == {"": (2, 3)}
    assert shares(record, SYSTEM, **asked) == {"Land": (2, 2), "Water": (0, 1)}
    assert shares(record, OF_LAND, **asked) == {"Land": (2, 2)}
    assert shares(record, SYSTEM, indicators=["call_back_rate"], by="month")["2018-10"] == (1, 3)
    assert {key: one for key, one in shares(record, SYSTEM, by="day", **asked).items() if one[1]} == {
        "2018-10-01": (1, 1), "2018-10-09": (0, 1), "2018-10-31": (1, 1)}
    assert set(shares(record, SYSTEM, by="item", **asked).values()) == {(0, 0)}


def test_the_time_to_put_a_bad_rating_right_is_in_working_days(record):
    """From 10-05, in the holiday week, to Monday the 8th: one; within the 9th: none; across a weekend: three."""
    with record.uow() as uow:
        for row in (_duty("1", "10-05 10:00", answered_at=us("10-08 10:00")), _duty("4", "10-11 10:00"),
                    _duty("2", "10-09 09:00", answered_at=us("10-09 17:00")),
                    _duty("3", "10-10 10:00", answered_at=us("10-15 09:00")),
                    _duty("5", "10-09 10:00", org="Water", answered_at=us("10-10 10:00"))):
            uow.conn.execute(insert(complaints).values(**row))
    asked = {"indicators": ["rectification_time"]}

    assert shares(record, SYSTEM, **asked) == {"Land": (4, 3), "Water": (1, 1)}
    assert {key: one for key, one in shares(record, SYSTEM, by="day", **asked).items() if one[1]} == {
        "2018-10-05": (1, 1), "2018-10-09": (1, 2), "2018-10-10": (3, 1)}
    names = ("rectified_days", "rectified")
    parts = record.indicator_queries.parts(INSPECTOR, Period(date(2018, 10, 1), date(2018, 10, 31)), "org", names, 7)
    assert parts == {"Land": [{"rectified_days": 1, "rectified": 1}, {"rectified_days": 3, "rectified": 2}],
                     "Water": [{"rectified_days": 1, "rectified": 1}]}
    assert record.indicator_queries.parts(INSPECTOR, ALWAYS, "item", names, 7) == {}
