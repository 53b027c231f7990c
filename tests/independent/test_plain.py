"""The independent calculation gives the answers worked out on paper, and each rule of it is needed to give them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.independent import handmade, plain

Calendars = dict[str, plain.IsWorkingDay]


@pytest.fixture(scope="module")
def calendars(data_dir: Path) -> Calendars:
    return {"mf": plain.monday_to_friday, "cn": plain.chinese_calendar(data_dir / "holiday_cn")}


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, Path]:
    return handmade.write_logs(tmp_path)


def wrong_answers(logs: dict[str, Path], calendars: Calendars) -> list[object]:
    """Every question asked of the hand-made logs whose answer is not the one on paper."""
    towns = [*plain.read_bpic15(logs["ALPHA"]), *plain.read_bpic15(logs["BETA"])]
    receipt = plain.read_receipt_xes(logs["GAMMA"])
    return [*_wrong_heat_maps(towns, handmade.TOWN_HEAT_MAPS, calendars),
            *_wrong_heat_maps(receipt, handmade.RECEIPT_HEAT_MAPS, calendars),
            *_wrong_statistics(towns, handmade.TOWN_STATISTICS, calendars),
            *_wrong_statistics(receipt, handmade.RECEIPT_STATISTICS, calendars)]


def _wrong_heat_maps(cases, expected, calendars):
    for (limit, calendar, net, first, last), rows in expected.items():
        days = plain.month_ends(date.fromisoformat(first), date.fromisoformat(last))
        found = plain.heat_map(cases, plain.Question(limit, calendar, net), calendars[calendar], days)
        if found != rows:
            yield limit, calendar, net, found, rows


def _wrong_statistics(cases, expected, calendars):
    for (limit, calendar, net), (everything, departments) in expected.items():
        question = plain.Question(limit, calendar, net)
        found = plain.statistics(cases, question, calendars[calendar], date.fromisoformat(handmade.AS_OF))
        if (found["all"], found["departments"]) != (everything, departments):
            yield limit, calendar, net, found, (everything, departments)


def test_the_plain_calculation_gives_the_answers_on_paper(logs, calendars):
    assert wrong_answers(logs, calendars) == []


# Each mutant breaks one rule; if the answers stayed right, no case of the hand-made logs would be watching that rule.

def _utc_day(text: str) -> date:
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _planned_end_is_an_end(original, municipality, attributes, events, end_of_log):
    ended = {"endDate": attributes.get("endDatePlanned", "")} | attributes
    return original(municipality, ended, events, end_of_log)


def _stop_that_never_ends_is_no_stop(original, events, end_of_log):
    return [stop for stop in original(events, end_of_log) if stop[1] != end_of_log]


def _stop_that_never_ends_lasts_on(original, events, end_of_log):
    return original(events, end_of_log + timedelta(days=16))


def _stop_that_never_ends_lasts_to_the_closing(original, municipality, attributes, events, end_of_log):
    case = original(municipality, attributes, events, end_of_log)
    case.stops = [(stop, case.closed if resumption == end_of_log and case.closed else resumption)
                  for stop, resumption in case.stops]
    return case


def _stops_in_the_order_of_the_file(original, events, end_of_log):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "_instant", lambda _text: datetime(2013, 1, 1, tzinfo=UTC))
        return original(events, end_of_log)


def _stops_of_equal_time_in_reverse(original, events, end_of_log):
    return original(list(reversed(events)), end_of_log)


def _opening_day_counts(original, case, amount, counts, net):
    return original(plain.Case(case.number, case.department, case.opened - plain.ONE_DAY, stops=case.stops),
                    amount, counts, net)


def _nothing_is_stopped(_original, _case, _day):
    return False


def _day_of_the_stop_does_not_count(_original, case, day):
    return any(stop <= day <= resumption for stop, resumption in case.stops)


def _day_of_the_resumption_counts(_original, case, day):
    return any(stop < day < resumption for stop, resumption in case.stops)


def _overdue_on_the_due_day(_original, case, due, day):
    return due is not None and plain.is_open(case, day) and day >= due


def _open_on_the_day_of_closing(_original, case, day):
    return case.opened <= day and (case.closed is None or case.closed >= day)


def _opening_day_lasts(original, case, counts, net):
    return original(case, counts, net) + 1


def _no_department_is_dropped(original, cases, *rest):
    return original([case for case in cases if case.department != plain.NO_DEPARTMENT], *rest)


def _numbers_are_one_case(original, cases, *rest):
    return original(list({case.number: case for case in cases}.values()), *rest)


def _due_at_the_earlier_date(_original, case, question, is_working):
    return min(filter(None, (case.promised, case.statutory)), default=None)


MUTANTS: dict[str, tuple[str, Callable[..., object]]] = {
    "a planned end is an end": ("_bpic15_case", _planned_end_is_an_end),
    "a stop that never ends is none": ("_stops", _stop_that_never_ends_is_no_stop),
    "a stop that never ends outlasts its log": ("_stops", _stop_that_never_ends_lasts_on),
    "a stop that never ends lasts to the closing": ("_bpic15_case", _stop_that_never_ends_lasts_to_the_closing),
    "stops in the order of the file": ("_stops", _stops_in_the_order_of_the_file),
    "equal times in the reverse order": ("_stops", _stops_of_equal_time_in_reverse),
    "the opening day counts": ("_nth_day", _opening_day_counts),
    "nothing is stopped": ("is_stopped", _nothing_is_stopped),
    "the day of the stop does not count": ("is_stopped", _day_of_the_stop_does_not_count),
    "the day of the resumption counts": ("is_stopped", _day_of_the_resumption_counts),
    "overdue on the due day": ("is_open_overdue", _overdue_on_the_due_day),
    "open on the day of closing": ("is_open", _open_on_the_day_of_closing),
    "a duration has the opening day": ("duration", _opening_day_lasts),
    "no department is dropped": ("heat_map", _no_department_is_dropped),
    "a number is one case everywhere": ("statistics", _numbers_are_one_case),
    "promised and statutory are mixed up": ("due_day", _due_at_the_earlier_date),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_breaking_a_rule_breaks_an_answer(mutant, logs, calendars, monkeypatch):
    name, broken = MUTANTS[mutant]
    monkeypatch.setattr(plain, name, partial(broken, getattr(plain, name)))
    assert wrong_answers(logs, calendars) != []


def test_dates_in_utc_break_an_answer(logs, calendars, monkeypatch):
    monkeypatch.setattr(plain, "_day", _utc_day)
    assert wrong_answers(logs, calendars) != []


def test_the_chinese_calendar_differs_from_plain_weeks(logs, calendars):
    assert wrong_answers(logs, calendars | {"cn": plain.monday_to_friday}) != []


# What is known of the real logs from their publishers and our notes on them.

def test_the_receipt_log_is_read_whole_from_both_its_forms(data_dir):
    from_xes = plain.read_receipt_xes(data_dir / "receipt_wabo" / "08_receipt.xes.gz")
    from_csv = plain.read_receipt_csv(data_dir / "receipt_wabo" / "receipt.csv")
    assert len(from_xes) == 1434
    assert sum(case.closed is None for case in from_xes) == 105
    assert sum(case.closed == case.statutory for case in from_xes) == 69
    assert sum(case.department == plain.NO_DEPARTMENT for case in from_xes) == 825
    assert sorted(from_xes, key=lambda case: case.number) == sorted(from_csv, key=lambda case: case.number)


def test_both_municipalities_are_read_whole(data_dir):
    first, second = (plain.read_bpic15(data_dir / "bpic15_m1_m2" / f"BPIC15_{n}.xes.gz") for n in (1, 2))
    assert (len(first), len(second)) == (1199, 832)
    assert {case.department for case in first} == {"BPIC15_1"}
    assert {case.department for case in second} == {"BPIC15_2"}


def test_an_unpublished_year_is_an_error_and_not_a_year_without_holidays(calendars):
    with pytest.raises(LookupError, match="2027"):
        calendars["cn"](date(2027, 1, 4))
