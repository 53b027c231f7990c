"""Figures of persons: whose conclusion it was, counted as the department's own are, and shown to whom the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from cases.events import EventKind
from core.access import SYSTEM, Actor, Role
from core.database import Database
from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from evaluation.period import Basis, Period
from evaluation.persons import NOBODY, PersonQueries, PersonRules
from tests.unit.cases.record import AREA, emptied, event, made_database
from tests.unit.evaluation.counted import INDICATORS, Counted

K = EventKind
OCTOBER, NOVEMBER = Period(date(2018, 10, 1), date(2018, 10, 31)), Period(date(2018, 11, 1), date(2018, 11, 30))
INSPECTOR = Actor("i", frozenset({Role.INSPECTOR}))
OF_LAND = Actor("c", frozenset({Role.DEPARTMENT_USER}), org="Land")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("persons")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Counted:
    """Wang concludes two (one late), Li one, nobody named one, in October; Wang one more in November; one of Water."""
    record = Counted(emptied(shared)).at("11-30 18:00")
    for number, (org, ended, by) in enumerate((("Land", "10-18 10:00", "wang"), ("Land", "10-31 10:00", "wang"),
                                               ("Land", "10-19 10:00", "li"), ("Land", "10-19 11:00", None),
                                               ("Land", "11-02 10:00", "wang"), ("Water", "10-19 10:00", "wang"))):
        record.take(event(K.ACCEPTED, "10-15 10:00", case_no=str(number), org=org),
                    concluded(ended, by, case_no=str(number), org=org))
    return record


def concluded(when: str, by: str | None, **more: object):
    return msgspec.structs.replace(event(K.CONCLUDED, when, **more), actor=by)  # type: ignore[arg-type]


def persons(record: Counted, *roles: Role) -> PersonQueries:
    return PersonQueries(record.database, INDICATORS, PersonRules(frozenset(roles or {Role.INSPECTOR})))


def shares(queries: PersonQueries, code: str, period: Period = OCTOBER, actor: Actor | None = INSPECTOR,
           **more: object) -> dict[str, tuple[float | None, float | None]]:
    found = queries.figures(actor, period, "Land", [code], **more)  # type: ignore[arg-type]
    return {one.key: (one.numerator, one.denominator) for one in found}


def test_each_person_has_what_he_concluded(record):
    assert shares(persons(record), "early_rate") == {NOBODY: (1, 1), "li": (1, 1), "wang": (1, 2)}
    assert shares(persons(record), "overdue_rate") == {NOBODY: (0, 1), "li": (0, 1), "wang": (1, 2)}
    assert shares(persons(record), "early_rate", NOVEMBER) == {"wang": (0, 1)}
    assert shares(persons(record), "early_rate", NOVEMBER, basis=Basis.ACCEPTANCE) == {}
    assert shares(persons(record), "early_rate", basis=Basis.ACCEPTANCE)["wang"] == (1, 3)


def test_the_persons_together_are_the_department(record):
    queries = persons(record)
    for code in queries.codes:
        [whole] = record.indicator_queries.figures(SYSTEM, OCTOBER, "org", [code], orgs=["Land"])
        parts = queries.figures(SYSTEM, OCTOBER, "Land", [code])
        for name in whole.base:
            assert sum(one.base[name] for one in parts) == whole.base[name], (code, name)


def test_cards_are_of_who_had_the_case_in_hand_and_notices_of_who_sent_them(record):
    """Due on the 24th. Of "x" Li did a step, and Zhao the next one after the card; "y" lies since Li's step; of "z" nobody is
    named. Wang sent two notices, and the applicant answered."""
    record.at("10-15 18:00")
    for case_no in ("x", "y"):
        record.take(event(K.ACCEPTED, "10-15 10:00", case_no=case_no),
                    by("li", K.STEP, "10-16 10:00", case_no=case_no, step="a"))
    record.take(event(K.ACCEPTED, "10-15 10:00", case_no="z"))
    record.at("10-16 18:00").take(
        event(K.RECEIVED, "10-16 10:00", case_no="n"), by("wang", K.CORRECTION_NOTIFIED, "10-16 11:00", case_no="n"),
        by("applicant", K.CORRECTION_RECEIVED, "10-16 12:00", case_no="n"),
        by("wang", K.CORRECTION_NOTIFIED, "10-16 13:00", case_no="n"))
    record.at("10-26 09:00").sweeper.sweep_all()
    record.take(by("zhao", K.STEP, "10-25 16:00", case_no="x", step="b"))

    queries = persons(record)
    cards_of = {person: counted for person, (counted, _) in shares(queries, "yellow_cards").items() if counted}
    assert cards_of == {"zhao": 1, "li": 1, NOBODY: 1}
    assert {person: n for person, (n, _) in shares(queries, "corrections").items() if n} == {"wang": 2}
    assert {person: n for person, (n, _) in shares(queries, "corrections", basis=Basis.ACCEPTANCE).items() if n} == {"wang": 2}
    assert not any(n for n, _ in shares(queries, "yellow_cards", NOVEMBER).values())
    elsewhere = Actor("e", frozenset({Role.INSPECTOR}), area="360599")
    assert shares(queries, "yellow_cards", actor=elsewhere) == {} == shares(queries, "corrections", actor=elsewhere)


def by(actor: str, kind: EventKind, when: str, **more: object):
    return msgspec.structs.replace(event(kind, when, **more), actor=actor)  # type: ignore[arg-type]


def test_a_conclusion_corrected_later_is_of_whom_the_correction_names(record):
    first = concluded("10-19 10:00", "li", case_no="2", org="Land")
    record.take(msgspec.structs.replace(first, source_version=2, actor="zhao"))
    assert "li" not in shares(persons(record), "early_rate")
    assert shares(persons(record), "early_rate")["zhao"] == (1, 1)


def test_who_may_see_them_is_said_by_the_settings(record):
    with pytest.raises(NotAuthenticated):
        shares(persons(record), "early_rate", actor=None)
    with pytest.raises(NotPermitted):
        shares(persons(record), "early_rate", actor=OF_LAND)
    assert shares(persons(record, Role.DEPARTMENT_USER), "early_rate", actor=OF_LAND)["wang"] == (1, 2)
    other = Actor("w", frozenset({Role.DEPARTMENT_USER}), org="Water")
    with pytest.raises(NotPermitted):
        shares(persons(record, Role.DEPARTMENT_USER), "early_rate", actor=other)
    elsewhere = Actor("e", frozenset({Role.INSPECTOR}), area="360599")
    assert shares(persons(record), "early_rate", actor=elsewhere) == {}
    assert shares(persons(record), "early_rate", actor=Actor("h", frozenset({Role.INSPECTOR}), area=AREA))["li"] == (1, 1)


def test_what_cannot_be_told_of_persons_is_refused(record):
    queries = persons(record)
    assert "received" not in queries.codes
    assert {"early_rate", "on_time_rate", "mean_days", "median_days", "red_cards", "corrections"} <= set(queries.codes)
    for wanted, code in (((OCTOBER, "Land", ["cards_per_1000"]), "indicator_not_of_persons"), ((OCTOBER, ""), "org_missing"),
                         ((Period(date(2017, 1, 1), date(2018, 12, 31)), "Land"), "period_too_long")):
        with pytest.raises(InvalidInput) as refused:
            queries.figures(INSPECTOR, *wanted)
        assert refused.value.code == code
