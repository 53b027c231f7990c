"""The figures of the days always say what the journal and the cards say, whatever came in which order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import msgspec
import pytest
from sqlalchemy import delete, select, update

from alerts.detectors.models import reported_volumes
from cases.events import EventKind
from cases.models import case_table
from core.access import SYSTEM, Actor, Role
from core.database import Database, bulk_insert
from core.instants import day_of
from evaluation.marks import read_marks
from evaluation.models import (
    FIGURES,
    figure_cards,
    figure_days,
    figure_detail_months,
    figure_details,
    figure_months,
    figure_places,
    figure_rollups,
)
from evaluation.period import Basis, By, Corrected, Period
from evaluation.places import row_numbers
from evaluation.queries import FOUR_WEEKS, IndicatorQueries
from evaluation.volumes import Volumes
from tests.comparing import DUTIES
from tests.integration.test_record_counters import Workload
from tests.unit.cases.record import AREA, emptied, event, made_database, us
from tests.unit.evaluation.counted import ALWAYS, INDICATORS, OF_CARDS, Counted, differences

K = EventKind
INSPECTOR = Actor("ines", frozenset({Role.INSPECTOR}))
CLERK = Actor("dan", frozenset({Role.DEPARTMENT_USER}), org="Land")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("figures")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Counted:
    return Counted(emptied(shared)).at("10-15 10:00")


class Reports(Workload):
    """The random city, with ratings, channels and step limits beside everything else it may report."""

    def _one(self):
        made, data = super()._one(), {}
        if made.kind is K.RATED:
            data["score"] = self.random.randint(1, 5)
        if made.kind in (K.SUBMITTED, K.RECEIVED, K.ACCEPTED):
            data["channel"] = self.random.choice([None, "web", "window"])
        return msgspec.structs.replace(made, data=msgspec.structs.replace(made.data, **data))


@pytest.mark.parametrize("seed", range(4))
def test_the_figures_equal_the_recount_after_a_random_life(record, seed):
    Reports(seed, record).live(rounds=25)
    assert [] == differences(record)
    assert {"received", "accepted", "concluded", "early", "warnings"} <= record.counted().keys()
    record.clock.advance(timedelta(days=20))
    assert [] == differences(record)


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_delivery_gives_the_same_figures(record, shared, seed):
    life = Reports(seed, record)
    life.live(rounds=12)
    record.sweeper.sweep_all()
    expected, now = record.rows(), record.clock.now()

    again = Counted(emptied(shared))
    again.clock.move_to(now)
    once = list({(one.source_event_id, one.source_version): one for one in reversed(life.sent)}.values())
    Random(seed).shuffle(once)
    for start in range(0, len(once), 7):
        again.recorder.record(once[start:start + 7])
    again.sweeper.sweep_all()

    assert expected == again.rows()


# What is counted --------------------------------------------------------------------------------------------------

def test_a_hand_worked_week(record):
    """Seven working days promised, ten by law. From Monday 15 October 2018 the seventh is the 24th."""
    record.at("10-24 18:00").take(
        event(K.ACCEPTED, "10-15 10:00", case_no="early"), event(K.CONCLUDED, "10-23 17:00", case_no="early"),
        event(K.ACCEPTED, "10-15 10:00", case_no="just"), event(K.CONCLUDED, "10-24 17:00", case_no="just"),
        event(K.ACCEPTED, "10-11 10:00", case_no="late"), event(K.CONCLUDED, "10-24 10:00", case_no="late"),
        event(K.ACCEPTED, "10-24 09:00", case_no="at once"), event(K.CONCLUDED, "10-24 10:00", case_no="at once"),
        event(K.ACCEPTED, "10-15 10:00", case_no="odd", item="?"), event(K.CONCLUDED, "10-24 10:00", case_no="odd", item="?"),
        event(K.SUBMITTED, "10-15 10:00", case_no="given up"), event(K.WITHDRAWN, "10-24 10:00", case_no="given up"),
        event(K.RECEIVED, "10-15 10:00", case_no="sent back"), event(K.RETURNED, "10-24 10:00", case_no="sent back"),
        event(K.RECEIVED, "10-15 10:00", case_no="refused"), event(K.NOT_ACCEPTED, "10-16 10:00", case_no="refused"))

    of_cases = {name: n for name, n in record.counted().items() if name not in OF_CARDS}
    assert of_cases == {
        "received": 8, "accepted": 5, "concluded": 5, "withdrawn": 1, "returned": 1, "not_accepted": 1,
        "early": 2, "on_due_day": 1, "late": 1, "same_day": 1,
        "statutory_days": 40, "statutory_used": 6 + 7 + 9, "promised_days": 28, "promised_used": 6 + 7 + 9,
        "both_statutory": 40, "both_promised": 28, "timed": 5, "used_days": 6 + 7 + 9 + 7,
        "took_0": 1, "took_7": 3, "took_10": 1,
        "of_promise_10": 1, "of_promise_90": 1, "of_promise_100": 1, "of_promise_150": 1}
    assert record.by_day("accepted") == {"10-11": 1, "10-15": 3, "10-24": 1}
    assert record.by_day("concluded") == {"10-23": 1, "10-24": 4}
    assert record.by_day("concluded", Basis.ACCEPTANCE) == {"10-11": 1, "10-15": 3, "10-24": 1}
    assert record.figure("on_time_rate").value == 3 / 5
    assert record.figure("unjudged_rate").value == 1 / 5
    assert record.figure("promised_speed").value == (28 - 22) / 28
    assert record.figure("step_overrun_rate").value is None
    assert record.figure("median_days").value == 6.5  # the middle one of 0, 6, 7, 7, 9 lies in the class of 6 and 7
    assert record.figure("median_of_promise").value == pytest.approx((85.5 + 95.5) / 200)  # between 6 and 7 of 7 days


def test_stops_are_taken_out_of_the_time_used(record):
    record.at("10-31 18:00").take(
        event(K.ACCEPTED, "10-15 10:00"), event(K.SPECIAL_STARTED, "10-16 10:00", special_kind="hearing"),
        event(K.SPECIAL_ENDED, "10-23 10:00"), event(K.CONCLUDED, "10-25 10:00"))

    assert record.counted("special", "used_days", "promised_used", "promised_days", "early") == {
        "special": 1, "used_days": 3, "promised_used": 3, "promised_days": 7, "early": 1}
    assert record.by_day("special") == {"10-16": 1}


def test_notices_ratings_and_channels(record):
    record.at("10-31 18:00").take(
        event(K.SUBMITTED, "10-15 09:00", case_no="a"), event(K.CORRECTION_NOTIFIED, "10-15 10:00", case_no="a"),
        event(K.CORRECTION_RECEIVED, "10-16 10:00", case_no="a"), event(K.ACCEPTED, "10-17 10:00", case_no="a"),
        event(K.CONCLUDED, "10-18 10:00", case_no="a"), event(K.RATED, "10-19 10:00", case_no="a", score=1),
        event(K.RATED, "10-20 10:00", case_no="a", score=4),
        event(K.RECEIVED, "10-15 09:00", case_no="b", channel="window"),
        event(K.CORRECTION_NOTIFIED, "10-15 10:00", case_no="b"), event(K.CORRECTION_NOTIFIED, "10-17 10:00", case_no="b"),
        event(K.RATED, "10-19 10:00", case_no="b", score=2), event(K.RATED, "10-20 10:00", case_no="b"))

    assert record.counted("corrections", "corrected_once", "rated", "satisfied", "dissatisfied", "online") == {
        "corrections": 3, "corrected_once": 1, "rated": 2, "satisfied": 1, "dissatisfied": 1, "online": 1}
    assert record.by_day("rated") == {"10-19": 1, "10-20": 1}
    assert record.by_day("rated", Basis.ACCEPTANCE) == {"10-15": 1, "10-17": 1}
    found = record.indicator_queries.totals(SYSTEM, ALWAYS, "channel", ("received",))
    assert found == {"web": {"received": 1}, "window": {"received": 1}}


def test_consultations_and_complaints_are_no_applications(record):
    record.at("10-31 18:00").take(
        event(K.CONSULTED, "10-15 10:00", case_no="q"), event(K.ANSWERED, "10-17 10:00", case_no="q"),
        event(K.COMPLAINED, "10-15 10:00", case_no="c"), event(K.COMPLAINT_ACCEPTED, "10-16 10:00", case_no="c"),
        event(K.COMPLAINT_ANSWERED, "10-19 10:00", case_no="c"), event(K.COMPLAINED, "10-15 10:00", case_no="open"))

    counted = record.counted("received", "accepted", "concluded", "consultations", "consultations_answered", "complaints",
                             "complaints_answered")
    assert counted == {"received": 0, "accepted": 0, "concluded": 0, "consultations": 1, "consultations_answered": 1,
                       "complaints": 2, "complaints_answered": 1}


def test_a_case_that_moves_takes_its_figures_along(record):
    record.at("10-24 18:00").take(event(K.ACCEPTED, "10-15 10:00"), event(K.CONCLUDED, "10-23 17:00"))
    record.take(event(K.ACCEPTED, "10-15 10:00", id="1/accepted/10-15 10:00/0", version=2, org="Water"),
                event(K.CONCLUDED, "10-22 17:00", id="1/concluded/10-23 17:00/0", version=2, org="Water"))

    totals = record.indicator_queries.totals(SYSTEM, ALWAYS, "org", ("accepted", "concluded"))
    assert {org: counts for org, counts in totals.items() if any(counts.values())} == {
        "Water": {"accepted": 1, "concluded": 1}}
    assert record.by_day("concluded") == {"10-22": 1}
    assert [] == differences(record)


def test_items_are_told_by_day_and_month_too(record):
    record.at("10-24 18:00").take(event(K.ACCEPTED, "10-15 10:00"), event(K.ACCEPTED, "10-16 10:00", case_no="2", item="long"),
                                  event(K.ACCEPTED, "09-28 10:00", case_no="3", item="long"))

    def accepted(by: By, basis: Basis) -> dict[str, int]:
        found = record.indicator_queries.totals(SYSTEM, ALWAYS, by, ("accepted",), items=["long"], basis=basis)
        return {key: counts["accepted"] for key, counts in found.items() if counts["accepted"]}

    for basis in Basis:
        assert accepted("day", basis) == {"2018-09-28": 1, "2018-10-16": 1}
        assert accepted("month", basis) == {"2018-09": 1, "2018-10": 1}
        assert accepted("org", basis) == {"Land": 2}


@pytest.mark.parametrize("seed", range(3))
def test_any_period_is_the_sum_of_its_days(record, seed):
    """Whole months come from a table of their own; what is before and after them from the days."""
    record.at("12-31 18:00").take(*[event(K.ACCEPTED, f"{month:02}-{day:02} 10:00", case_no=f"{month}/{day}")
                                    for month in range(7, 13) for day in (1, 2, 15, 28, 30)])
    random, queries = Random(seed), record.indicator_queries
    for _ in range(30):
        first = date(2018, 6, 20) + timedelta(days=random.randrange(180))
        period = Period(first, first + timedelta(days=random.choice([0, 1, 9, 27, 31, 40, 61, 92, 170])))
        by_day = queries.totals(SYSTEM, period, "day", ("accepted",))
        expected = sum(counts["accepted"] for counts in by_day.values())
        for by in ("none", "org", "month"):
            found = sum(counts["accepted"] for counts in queries.totals(SYSTEM, period, by, ("accepted",)).values())
            assert found == expected, (period, by)
        assert all(period.first <= date.fromisoformat(day) <= period.last for day in by_day)


def test_a_place_of_a_transaction_that_failed_is_numbered_again(record):
    class Broken(Exception):
        pass

    def fail() -> None:
        with record.uow() as uow:
            record.recorder.record_in(uow, [event(K.ACCEPTED, "10-15 10:00", org="Fire")])
            record.recorder.record_in(uow, [event(K.ACCEPTED, "10-15 10:00", case_no="2", org="Fire")])
            raise Broken

    with pytest.raises(Broken):
        fail()
    record.take(event(K.ACCEPTED, "10-15 10:00", case_no="3", org="Water"))
    record.take(event(K.ACCEPTED, "10-15 10:00", case_no="4", org="Fire"), event(K.ACCEPTED, "10-15 11:00", case_no="5"))

    found = record.indicator_queries.totals(SYSTEM, ALWAYS, "org", ("accepted",), items=["permit"])
    assert found == {"Fire": {"accepted": 1}, "Land": {"accepted": 1}, "Water": {"accepted": 1}}
    assert [] == differences(record)


def test_what_units_report_stands_beside_what_the_record_has_of_the_same_days(record):
    """A month, a day within it (not twice), a span that sticks out of the period, another unit's, another kind of report."""
    record.at("10-31 18:00").take(*[event(K.ACCEPTED, f"10-{day:02} 10:00", case_no=str(day)) for day in (8, 9, 10, 31)],
                                  event(K.ACCEPTED, "10-09 10:00", case_no="w", org="Water"))
    first, last = day_of(date(2018, 10, 1)), day_of(date(2018, 10, 31))
    with record.uow() as uow:
        bulk_insert(uow.conn, reported_volumes, [column.name for column in reported_volumes.c], [
            (AREA, org, begins, ends, kind, amount, 1, "ines") for org, begins, ends, kind, amount in (
                ("Land", first, last, "own_figure", 5), ("Land", first + 7, first + 7, "own_figure", 3),
                ("Land", last, last + 1, "own_figure", 9), ("Water", first, first + 8, "own_figure", 4),
                ("Land", first, last, "tickets", 50))])
    queries = IndicatorQueries(record.database, INDICATORS, record.names, DUTIES, beside=(Volumes(),))
    october = Period(date(2018, 10, 1), date(2018, 10, 31))

    def told(by: By, period: Period = october, actor: Actor = SYSTEM) -> dict[str, tuple[float | None, float | None]]:
        found = [one for one in queries.figures(actor, period, by, ["volume_share", "accepted"]) if one.indicator != "accepted"]
        return {one.key: (one.numerator, one.denominator) for one in found if one.denominator}

    assert told("org") == {"Land": (4, 5), "Water": (1, 4)}
    assert told("none") == {"": (5, 9)}
    assert told("month") == {"2018-10": (5, 9)}
    assert told("day", Period(date(2018, 10, 8), date(2018, 10, 8))) == {"2018-10-08": (1, 3)}
    assert told("item") == {}
    assert told("org", actor=CLERK) == {"Land": (4, 5)}
    assert told("org", Period(date(2018, 10, 9), date(2018, 10, 30))) == {}


def test_applicants_are_told_apart_where_the_source_says_what_they_are(record):
    record.at("10-31 18:00").take(
        event(K.RECEIVED, "10-15 09:00", case_no="a", applicant_kind="person"), event(K.ACCEPTED, "10-17 09:00", case_no="a"),
        event(K.RECEIVED, "10-15 09:00", case_no="b", applicant_kind="法人"), event(K.RECEIVED, "10-15 09:00", case_no="c"),
        event(K.RECEIVED, "10-16 09:00", case_no="d", applicant_kind="person"))

    for basis in Basis:  # as receptions do, on their own day on either basis
        assert record.by_day("received_persons", basis) == {"10-15": 1, "10-16": 1}
        assert record.by_day("received_companies", basis) == {"10-15": 1}
    assert record.figure("persons_share").value == 2 / 3
    record.take(event(K.RECEIVED, "10-15 09:00", id="b/received/10-15 09:00/0", version=2, case_no="b",
                      applicant_kind="person"))
    assert record.counted("received_persons", "received_companies") == {"received_persons": 3, "received_companies": 0}
    assert [] == differences(record)


# Months that are over -------------------------------------------------------------------------------------------------

def in_detail(record: Counted, period: Period = ALWAYS, basis: Basis = Basis.EVENT) -> dict[By, dict[str, dict[str, int]]]:
    """All figures by item, by channel and by month of one item."""
    told = record.indicator_queries.totals
    by_month = told(SYSTEM, period, "month", FIGURES, items=("permit",), basis=basis)
    return {"month": by_month, "item": told(SYSTEM, period, "item", FIGURES, basis=basis),
            "channel": told(SYSTEM, period, "channel", FIGURES, basis=basis)}


@pytest.mark.parametrize("seed", range(2))
def test_months_that_were_added_up_say_what_their_days_say_and_go_on_to(record, seed):
    life = Reports(seed, record)
    life.live(rounds=15)
    assert record.roller.work() == 0  # nothing is over yet
    record.clock.advance(timedelta(days=33))
    known = {basis: in_detail(record, basis=basis) for basis in Basis}
    assert record.roller.work() >= 1
    assert record.roller.work() == 0
    assert known == {basis: in_detail(record, basis=basis) for basis in Basis}
    assert [] == differences(record)

    life.live(rounds=10)  # ends and cards of cases accepted in months that are over
    record.take(event(K.ACCEPTED, "10-16 10:00", case_no="late"), event(K.ACCEPTED, "06-15 10:00", case_no="before all others"))
    assert [] == differences(record)
    with record.uow() as uow:
        uow.conn.execute(delete(figure_rollups))  # all days again
    by_days = in_detail(record)
    with record.uow() as uow:
        uow.conn.execute(delete(figure_detail_months))
    assert record.roller.work() >= 5
    assert by_days == in_detail(record)
    assert [] == differences(record)


def test_a_question_reads_whole_months_and_the_days_around_them(record):
    record.at("12-20 18:00").take(*(event(K.ACCEPTED, f"{day} 10:00", case_no=day)
                                    for day in ("09-27", "10-15", "10-31", "11-01", "11-30", "12-03")))
    assert record.roller.work() == 3
    with record.database.transaction() as conn:  # whole months are no longer asked of their days
        conn.execute(delete(figure_details).where(figure_details.c.id.between(
            *row_numbers(0, day_of(date(2018, 10, 1)), day_of(date(2018, 11, 30))))))
    queries, period = record.indicator_queries, Period(date(2018, 9, 20), date(2018, 12, 10))
    assert queries.totals(SYSTEM, period, "item", ("accepted",)) == {"permit": {"accepted": 6}}
    assert queries.totals(SYSTEM, period, "month", ("accepted",), items=("permit",)) == {
        "2018-09": {"accepted": 1}, "2018-10": {"accepted": 2}, "2018-11": {"accepted": 2}, "2018-12": {"accepted": 1}}
    assert queries.parts(SYSTEM, period, "item", ("accepted",), FOUR_WEEKS) == {
        "permit": [{"accepted": 1}, {"accepted": 2}, {"accepted": 2}, {"accepted": 1}]}


def test_months_that_nobody_added_up_yet_are_told_apart_by_their_days(record):
    record.at("12-20 18:00").take(*(event(K.ACCEPTED, f"{day} 10:00", case_no=day) for day in ("10-15", "10-31", "11-01")))
    assert record.indicator_queries.parts(SYSTEM, Period(date(2018, 10, 10), date(2018, 12, 10)), "item", ("accepted",),
                                          FOUR_WEEKS) == {"permit": [{"accepted": 2}, {"accepted": 1}]}


# Late facts, faults and fillings ------------------------------------------------------------------------------------

def test_a_past_day_that_is_corrected_says_when(record):
    record.at("10-15 18:00").take(event(K.ACCEPTED, "10-15 10:00"))
    record.at("10-16 23:00").take(event(K.ACCEPTED, "10-15 11:00", case_no="of yesterday"))
    queries = record.indicator_queries
    assert queries.corrected(SYSTEM, ALWAYS) == Corrected(0, None)
    record.at("10-17 09:00").take(event(K.ACCEPTED, "10-15 12:00", case_no="late"),
                                  event(K.ACCEPTED, "10-12 12:00", case_no="later"))

    assert queries.corrected(SYSTEM, ALWAYS) == Corrected(2, us("10-17 09:00"))
    assert queries.corrected(SYSTEM, Period(date(2018, 10, 14), date(2018, 10, 16))).rows == 1
    assert queries.corrected(SYSTEM, ALWAYS, orgs=["Water"]).rows == 0


@pytest.mark.parametrize(("table", "first"), [
    (figure_days, figure_days.c.basis == 0), (figure_months, figure_months.c.basis == 0),
    (figure_details, figure_details.c.id < row_numbers(1, -1000, 0)[0]),
    (figure_detail_months, figure_detail_months.c.id < row_numbers(1, -1000, 0)[0])],
    ids=["days", "months", "details", "detail_months"])
def test_a_figure_that_was_tampered_with_is_told_and_repaired(record, table, first):
    record.at("10-24 18:00").take(event(K.ACCEPTED, "10-15 10:00"), event(K.CONCLUDED, "10-23 17:00"))
    record.at("11-02 09:00").roller.work()
    with record.uow() as uow:
        uow.conn.execute(update(table).where(table.c.concluded == 1, first).values(concluded=7))
    found = record.recounter.recount(repair=True)

    assert [(one.counter, one.kept, one.true) for one in found.differences] == [(f"{table.name}.concluded", 7, 1)]
    assert record.counted("concluded") == {"concluded": 1}
    assert [] == differences(record)


def test_marks_that_do_not_follow_from_the_journal_are_told(record):
    record.take(event(K.ACCEPTED, "10-15 10:00"))
    with record.uow() as uow:
        marks = read_marks(uow.conn.scalar(select(case_table.c.marks)))
        wrong = msgspec.json.encode(msgspec.structs.replace(marks, org="Fire")).decode()
        uow.conn.execute(update(case_table).values(marks=wrong))
    found = record.recounter.recount(repair=True).differences

    assert "case_marks" in {one.counter for one in found}
    assert [] == differences(record)
    assert record.counted("accepted") == {"accepted": 1}


def test_a_record_of_before_is_filled(record):
    record.at("10-26 18:00").take(event(K.ACCEPTED, "10-15 10:00"), event(K.ACCEPTED, "10-15 10:00", case_no="2"),
                                  event(K.CONCLUDED, "10-23 17:00", case_no="2"),
                                  event(K.RATED, "10-24 10:00", case_no="2", score=5))
    expected = record.counted()
    with record.uow() as uow:
        uow.conn.execute(update(case_table).values(marks="", is_unmarked=True))
        for one in (figure_days, figure_months, figure_details, figure_detail_months, figure_places, figure_cards):
            uow.conn.execute(delete(one))

    assert (2, 2) == (record.recounter.fill(), record.figure_recounter.fill())
    assert expected == record.counted()
    assert (0, 0) == (record.recounter.fill(), record.figure_recounter.fill())
    assert [] == differences(record)
