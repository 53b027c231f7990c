"""The list behind a figure has exactly what the figure counts: for every indicator, by either dates, in any period, on a record
with late and corrected events, cards that grew and were revoked, replies, and duties from bad ratings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from alerts.models import cards
from cases.changes import NO_ORG
from cases.events import CaseEvent, Due, EventKind
from cases.models import case_table
from core.access import SYSTEM, Actor, Role
from core.database import Database
from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from core.instants import DAY_US
from evaluation import counted_queries
from evaluation.card_figures import standing_cards
from evaluation.comparison import Question
from evaluation.counted import Behind, Kind, Part, listed_part
from evaluation.models import figure_cards
from evaluation.period import Basis, Period
from evaluation.persons import PersonQueries, PersonRules
from evaluation.tally import counted_by
from supervision.models import complaints
from tests.integration.test_figures import Reports
from tests.unit.cases.record import AREA, emptied, event, made_database, us
from tests.unit.evaluation.counted import INDICATORS, Counted, PlainNames

K = EventKind
OCTOBER = Period(date(2018, 10, 1), date(2018, 10, 31))
PERIODS = (Period(date(2018, 10, 10), date(2018, 10, 21)), Period(date(2018, 10, 22), date(2018, 11, 4)),
           Period(date(2018, 1, 1), date(2018, 12, 31)))
LEADER = Actor("wang", frozenset({Role.LEADER}))
OF_LAND = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org="Land")
PARTS = [(code, part) for code, one in INDICATORS.indicators.items() for part in Part if listed_part(one, part) is part]
# What the random city reports nothing of; their figures are counted as the others are, and nothing must stand in their lists.
NOT_REPORTED = {code for code, one in INDICATORS.indicators.items() if one.group == "cards" and code.endswith("_cards")
                and code not in ("yellow_cards", "red_cards")} | {
    "received_persons", "received_companies", "persons_share", "acknowledgement_time"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("counted")) as database:
        yield database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def spare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("counted_by_hand")) as database:
        yield database


@pytest.fixture
def record(spare: Database) -> Counted:
    return Counted(emptied(spare))


@pytest.fixture(scope="module")
def lived(shared: Database) -> Counted:
    """Forty cases of three departments that were reported at random, with cards revoked and replied to, and eight duties."""
    record = Counted(emptied(shared)).at("10-15 10:00")
    record.names = record.counted_queries._powers = record.indicator_queries._names = PlainNames(  # type: ignore[assignment]
        {"permit": "permit", "long": "penalty"})
    Reports(3, record).live(rounds=25)
    record.take(event(K.CONSULTED, "10-16 10:00", case_no="q"), event(K.ANSWERED, "10-17 10:00", case_no="q"),
                event(K.COMPLAINED, "10-16 10:00", case_no="c"),
                event(K.RECEIVED, "10-20 10:00", case_no="first"), event(K.ACCEPTED, "11-05 10:00", case_no="first"),
                *_with_steps("10-16", "10-19"))
    record.sweeper.sweep_all()
    _decide_cards(record)
    _rate_badly(record)
    return record


def _with_steps(begin: str, end: str) -> list[CaseEvent]:
    """A case whose source states a promise, and the due days of its steps, one of which was late."""
    stated = Due(us("10-30 00:00"))
    return [event(K.ACCEPTED, f"{begin} 09:00", case_no="steps", item="mystery", promised_due=stated),
            event(K.STEP, f"{end} 09:00", case_no="steps", item="mystery", step="look", step_due=Due(us(f"{begin} 00:00"))),
            event(K.STEP, f"{end} 09:30", case_no="steps", item="mystery", step="sign", step_due=stated),
            event(K.CONCLUDED, f"{end} 10:00", case_no="steps", item="mystery")]


def _decide_cards(record: Counted) -> None:
    """Every third yellow card or so is revoked, every other card was replied to two days after its issue."""
    with record.uow() as uow:
        ids = list(uow.conn.scalars(select(cards.c.id).order_by(cards.c.id)))
        issued = update(cards).where(cards.c.issued_at.is_not(None))
        uow.conn.execute(issued.where(cards.c.id % 3 == 0, cards.c.level == 2).values(disposition="revoked"))
        uow.conn.execute(issued.where(cards.c.id % 2 == 0).values(replied_at=cards.c.issued_at + 2 * DAY_US))
        record.card_figures.keep(uow, standing_cards(uow.conn, ids))


def _rate_badly(record: Counted) -> None:
    random, rows = Random(5), []
    for number in range(8):
        filed = us("10-15 10:00") + random.randrange(20) * DAY_US
        answered = filed + 3 * DAY_US if number % 2 else None
        rows.append(_duty(f"R{number}", random.choice(["Land", "Water"]), filed, answered))
    with record.uow() as uow:
        uow.conn.execute(insert(complaints), rows)


def _duty(no: str, org: str, filed_at: int, answered_at: int | None) -> dict[str, Any]:
    empty = dict.fromkeys(("category", "channel", "route", "about_case", "title", "content", "source", "asked_by", "answer",
                           "finding", "satisfaction"), "")
    return {**empty, "no": no, "kind": "rating", "state": "handling", "rev": 1, "area": AREA, "org": org, "is_named": False,
            "source_ref": no, "filed_at": filed_at, "extra_days": 0, "asked_days": 0, "answered_at": answered_at,
            "called_back_at": answered_at, "card_raised": False}


def behind(record: Counted, code: str, part: Part = Part.ABOVE, *, actor: Actor | None = LEADER, org: str = "Land",
           period: Period = OCTOBER, size: int = 1_000, unit: str = "", after: str = "", **question: Any) -> Behind:
    asked = Question(period, code, org=org, **question)
    return record.counted_queries.behind(actor, asked, part, size, unit=unit, after=after)


@pytest.mark.parametrize("basis", list(Basis))
def test_every_list_is_as_long_as_its_figure(lived: Counted, basis: Basis) -> None:
    filled = set[str]()
    for org, period in (("Land", PERIODS[0]), ("Land", PERIODS[1]), ("Water", PERIODS[2]), ("(none)", PERIODS[2])):
        figures = {one.indicator: one for one in lived.indicator_queries.figures(
            SYSTEM, period, "none", list(INDICATORS.indicators), orgs=[org], basis=basis)}
        for code, part in PARTS:
            found = behind(lived, code, part, org=org, period=period, basis=basis)
            expected = (figures[code].numerator if part is Part.ABOVE else figures[code].denominator) or 0
            assert (found.figure, found.amount) == (expected, expected), (code, part, org, period)
            assert found.is_exact
            assert found.things == len(found.lines)
            if found.each_is_one:
                assert found.things == expected, (code, part, org, period)
            filled |= {code} if found.things else set()
    unproved = {code for code, _ in PARTS} - filled
    assert unproved <= NOT_REPORTED, "the record must have something of every other indicator that is proved"


@pytest.mark.parametrize(("by", "units"), [("channel", ("web", "window", "")), ("power_kind", ("permit", "penalty"))])
def test_channels_and_powers_have_lists_of_their_own(lived: Counted, by: Any, units: tuple[str, ...]) -> None:
    seen = 0
    for code, part in PARTS:
        for unit in filter(None, units):
            found = behind(lived, code, part, by=by, unit=unit, period=PERIODS[2])
            assert found.is_exact, (code, part, unit, found.figure, found.amount)
            seen += found.things
    assert seen


def test_items_have_lists_of_their_own(lived: Counted) -> None:
    for code, part in PARTS:
        for item in ("permit", "mystery"):
            found = behind(lived, code, part, item=item, period=PERIODS[2])
            assert found.is_exact, (code, part, item, found.figure, found.amount)
            assert {line.item for line in found.lines} <= {item}


@pytest.mark.parametrize("code", ["accepted", "cards_per_1000", "correction_rate", "mean_days"])
def test_the_pages_together_are_the_list(lived: Counted, code: str) -> None:
    whole = behind(lived, code, period=PERIODS[2])
    pages, after = [], ""
    while True:
        page = behind(lived, code, period=PERIODS[2], size=3, after=after)
        assert (page.things, page.amount) == (whole.things, whole.amount), "the total is that of the list, not of the page"
        pages += page.lines
        after = page.following
        if not after:
            break
    assert tuple(pages) == whole.lines
    assert [line.day for line in pages] == sorted((line.day for line in pages), reverse=True), "the latest first"
    assert behind(lived, code, period=PERIODS[2], after="'; DROP").lines == whole.lines, "no such place is the beginning"


@pytest.mark.parametrize("basis", list(Basis))
def test_a_list_too_long_to_be_added_up_has_the_same_pages(lived: Counted, basis: Basis,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    for code, part in PARTS:
        whole = behind(lived, code, part, period=PERIODS[2], basis=basis)
        with monkeypatch.context() as long:
            long.setattr(lived.counted_queries, "_checked_most", -1)
            pages, after, page = [], "", None
            while page is None or after:
                page = behind(lived, code, part, period=PERIODS[2], basis=basis, size=2, after=after)
                assert (page.amount, page.is_exact, page.figure) == (None, False, whole.figure)
                assert page.things >= whole.things or page.each_is_one
                pages += page.lines
                after = page.following
        assert tuple(pages) == whole.lines, (code, part)


@pytest.mark.parametrize("day", ["9" * 30, "-" + "9" * 30, "1"])
def test_a_page_of_a_long_list_after_a_day_that_never_was_is_a_page(lived: Counted, day: str,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    whole = behind(lived, "received", period=PERIODS[2])
    monkeypatch.setattr(lived.counted_queries, "_checked_most", -1)
    page = behind(lived, "received", period=PERIODS[2], after=f"{day}~case~0")
    assert page.lines == (whole.lines if len(day) == 30 else ())


def test_a_page_of_a_long_list_reads_what_is_on_it(record: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty cases over twenty days, two a day."""
    record.at("10-31 18:00").take(*(
        event(kind, f"10-{8 + number // 2:02} {hour}:00", case_no=f"case-{number:02}") for number in range(40)
        for kind, hour in ((K.RECEIVED, "09"), (K.ACCEPTED, "10"), (K.CONCLUDED, "16"))))
    read: list[str] = []
    monkeypatch.setattr(record.counted_queries, "_checked_most", -1)
    monkeypatch.setattr(counted_queries, "counted_by", lambda text: (read.append(text), counted_by(text))[1])
    for code in ("received", "accepted", "finish_rate"):
        read.clear()
        page = behind(record, code, size=1)
        assert page.following
        assert (page.things, len(read)) == (40, 2), code


# By hand -----------------------------------------------------------------------------------------------------------

def test_a_hand_worked_month(record: Counted) -> None:
    record.at("10-31 18:00").take(
        event(K.ACCEPTED, "10-08 10:00", case_no="late"), event(K.CONCLUDED, "10-24 10:00", case_no="late"),
        event(K.ACCEPTED, "10-15 10:00", case_no="early"), event(K.CONCLUDED, "10-18 10:00", case_no="early"),
        event(K.ACCEPTED, "10-15 10:00", case_no="water", org="Water"),
        event(K.CONCLUDED, "10-18 10:00", case_no="water", org="Water"),
        event(K.RECEIVED, "10-15 10:00", case_no="twice"), event(K.CORRECTION_NOTIFIED, "10-16 10:00", case_no="twice"),
        event(K.CORRECTION_NOTIFIED, "10-17 10:00", case_no="twice"))

    def told(code: str, part: Part = Part.ABOVE, **more: Any) -> list[tuple[str, int]]:
        return [(line.case_no, line.day.day) for line in behind(record, code, part, **more).lines]

    assert told("overdue_rate") == [("late", 24)]
    assert told("overdue_rate", Part.BELOW) == [("late", 24), ("early", 18)]
    assert told("overdue_rate", basis=Basis.ACCEPTANCE) == [("late", 8)]
    assert sorted(told("received")) == [("early", 15), ("late", 8), ("twice", 15)]
    assert told("overdue_rate", area="elsewhere") == []
    times = behind(record, "correction_rate")
    assert (times.things, times.amount, times.each_is_one) == (1, 2, False)
    days = behind(record, "promised_speed")
    assert {line.case_no: line.amount for line in days.lines} == {"late": 7 - 12, "early": 4}, "what it was quicker by"
    late = event(K.CONCLUDED, "10-18 10:00", case_no="early")
    record.take(event(K.CONCLUDED, "10-31 10:00", case_no="early", id=late.source_event_id, version=2))
    assert told("overdue_rate") == [("early", 31), ("late", 24)], "a conclusion corrected later is in the list at once"


def test_what_counts_cards_lists_cards_with_their_cases(record: Counted) -> None:
    record.at("10-15 18:00").take(*(event(K.ACCEPTED, "10-15 10:00", case_no=no) for no in ("slow", "revoked")))
    record.at("10-26 09:00").sweeper.sweep_all()
    with record.uow() as uow:
        uow.conn.execute(update(cards).where(cards.c.case_no == "revoked").values(disposition="revoked"))
        record.card_figures.keep(uow, standing_cards(uow.conn, list(uow.conn.scalars(select(cards.c.id)))))

    found = behind(record, "yellow_cards")
    assert [(line.kind, line.case_no, line.number) for line in found.lines] == [(Kind.CARD, "slow", found.lines[0].number)]
    assert found.lines[0].number.isdigit()
    assert {line.case_no for line in behind(record, "revoked_share", Part.BELOW).lines} == {"slow", "revoked"}
    accepted = behind(record, "cards_per_1000", Part.BELOW)
    assert {(line.kind, line.case_no) for line in accepted.lines} == {(Kind.CASE, "slow"), (Kind.CASE, "revoked")}


def test_cards_of_cases_without_a_department_are_behind_the_figure_of_those(record: Counted) -> None:
    record.at("10-15 18:00").take(event(K.ACCEPTED, "10-15 10:00", case_no="nobody's", org=""))
    record.at("10-26 09:00").sweeper.sweep_all()

    found = behind(record, "yellow_cards", org=NO_ORG)
    assert ([line.case_no for line in found.lines], found.figure, found.is_exact) == (["nobody's"], 1, True)
    persons = PersonQueries(record.database, INDICATORS, PersonRules(frozenset()))
    assert [one.value for one in persons.figures(SYSTEM, OCTOBER, NO_ORG, ["yellow_cards"])] == [1]


def test_a_long_list_never_has_more_cases_than_there_are(record: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four notices of correction to three cases, of which the first page shows those that had a single one."""
    record.at("10-31 18:00").take(
        *(event(K.RECEIVED, "10-08 10:00", case_no=no) for no in ("once", "again", "twice")),
        *(event(K.CORRECTION_NOTIFIED, f"10-{day} 10:00", case_no=no)
          for no, day in (("twice", "09"), ("twice", "15"), ("again", "17"), ("once", "18"))),
        event(K.CORRECTION_RECEIVED, "10-12 10:00", case_no="twice"))
    monkeypatch.setattr(record.counted_queries, "_checked_most", -1)
    page = behind(record, "correction_rate", size=1)
    assert (page.figure, page.things, len(page.lines)) == (4, 3, 1)


def test_what_waits_to_be_counted_is_in_no_list(record: Counted) -> None:
    record.at("10-31 18:00").take(*(event(K.ACCEPTED, "10-15 10:00", case_no=no) for no in ("kept", "waits")))
    record.sweeper.sweep_all()
    with record.uow() as uow:
        uow.conn.execute(update(case_table).where(case_table.c.case_no == "waits").values(marks="", is_unmarked=True))
        uow.conn.execute(update(figure_cards).values(marks=""))
    for basis in Basis:
        assert [line.case_no for line in behind(record, "accepted", basis=basis).lines] == ["kept"]
        assert behind(record, "yellow_cards", basis=basis).lines == ()


# Rights ------------------------------------------------------------------------------------------------------------

def test_a_department_user_sees_what_is_behind_his_own_figures_only(lived: Counted) -> None:
    assert behind(lived, "accepted", actor=OF_LAND).things == behind(lived, "accepted").things > 0
    for sees_others in (False, True):
        lived.indicator_queries._sees_others = sees_others
        with pytest.raises(NotPermitted):
            behind(lived, "accepted", actor=OF_LAND, org="Water")
    lived.indicator_queries._sees_others = False
    with pytest.raises(NotAuthenticated):
        behind(lived, "accepted", actor=None)


def test_a_person_of_an_area_sees_no_case_of_another(lived: Counted) -> None:
    elsewhere = replace(LEADER, area="360599")
    assert behind(lived, "accepted", actor=elsewhere).things == 0
    assert behind(lived, "accepted", actor=elsewhere, area=AREA).things == 0
    assert behind(lived, "accepted", actor=replace(LEADER, area=AREA)).things == behind(lived, "accepted").things


def test_what_has_no_list_is_refused(lived: Counted) -> None:
    for part, org, wrong in ((Part.BELOW, "Land", "nothing_listed"), (Part.ABOVE, "", "org_missing")):
        with pytest.raises(InvalidInput) as refused:
            behind(lived, "accepted", part, org=org)
        assert refused.value.code == wrong
