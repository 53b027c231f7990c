"""The simulated city: the same seed is the same city, its cases live by the rules, and it looks like a city."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from random import Random

import pytest

from cases.acts import faults_of
from cases.areas import AreaContext
from cases.events import CLOSING_KINDS, CaseEvent, EventKind
from cases.states import fold_all
from config.calendars import load_calendars
from config.catalogue import load_catalogue
from config.ladders import load_presets
from core.instants import DAY_US, HOUR_US, day_of, to_us
from core.working_calendar import WorkingCalendar
from feeds.simulated_city import LONGEST_LIFE_DAYS, SimulatedCity, officer_acknowledges

CASES_PER_DAY = 40


def _us(text: str) -> int:
    return to_us(datetime.fromisoformat(f"{text}:00+08:00"))


MONDAY = _us("2026-03-16T00:00")


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return load_calendars()["cn"]


def _city(calendar: WorkingCalendar, seed: int = 7, opened: date | None = None) -> SimulatedCity:
    return SimulatedCity(load_catalogue(), calendar, seed, CASES_PER_DAY, day_of(opened) if opened else None)


@pytest.fixture(scope="module")
def lives(calendar: WorkingCalendar) -> dict[str, list[CaseEvent]]:
    """Every event of the cases filed in four weeks, by case, without the repeated deliveries."""
    city = _city(calendar, opened=date(2025, 9, 1))
    start, end = _us("2025-09-01T00:00"), _us("2025-09-29T00:00")
    events = city.events_between(start, end + LONGEST_LIFE_DAYS * DAY_US)
    by_case: dict[str, list[CaseEvent]] = defaultdict(list)
    for event in {event.source_event_id: event for event in events}.values():
        by_case[event.case_no].append(event)
    return {number: of_case for number, of_case in by_case.items()
            if min(e.claimed_at for e in of_case) < end and of_case[0].item is not None}


def test_branches_take_a_part_of_the_same_cases(calendar: WorkingCalendar) -> None:
    """A city with branches has the cases of one without, some of them in another area."""
    with_branches = SimulatedCity(load_catalogue(), calendar, 7, CASES_PER_DAY, branches=("360502", "360521"))
    plain, spread = (one.events_between(MONDAY, MONDAY + DAY_US) for one in (_city(calendar), with_branches))
    assert [(one.claimed_at, one.kind, one.org, one.item) for one in plain] == [
        (one.claimed_at, one.kind, one.org, one.item) for one in spread]
    assert {one.area for one in plain} == {"360500"}
    assert {one.area for one in spread} == {"360500", "360502", "360521"}
    assert all(one.case_no.startswith(one.area) for one in spread)


# The same again ---------------------------------------------------------------------------------------------------

def test_the_same_seed_is_the_same_city_and_another_seed_another(calendar: WorkingCalendar) -> None:
    first = _city(calendar).events_between(MONDAY, MONDAY + DAY_US)
    assert first == _city(calendar).events_between(MONDAY, MONDAY + DAY_US)
    assert first != _city(calendar, seed=8).events_between(MONDAY, MONDAY + DAY_US)


def test_however_the_time_is_cut_the_events_are_the_same(calendar: WorkingCalendar) -> None:
    whole = _city(calendar).events_between(MONDAY, MONDAY + 2 * DAY_US)
    city, rng, at, pieces = _city(calendar), Random(1), MONDAY, []
    while at < MONDAY + 2 * DAY_US:
        until = min(at + rng.randrange(1, 5 * HOUR_US), MONDAY + 2 * DAY_US)
        pieces += city.events_between(at, until)
        at = until
    assert pieces == whole


def test_a_city_entered_later_goes_on_as_one_that_never_stopped(calendar: WorkingCalendar) -> None:
    running = _city(calendar, opened=date(2025, 11, 3))
    running.events_between(_us("2025-11-03T00:00"), MONDAY)
    entered = _city(calendar, opened=date(2025, 11, 3))
    assert entered.events_between(MONDAY, MONDAY + DAY_US) == running.events_between(MONDAY, MONDAY + DAY_US)


def test_looking_back_gives_the_same_past(calendar: WorkingCalendar) -> None:
    city = _city(calendar)
    monday = city.events_between(MONDAY, MONDAY + DAY_US)
    city.events_between(MONDAY + DAY_US, MONDAY + 2 * DAY_US)
    assert city.events_between(MONDAY, MONDAY + DAY_US) == monday


def test_nothing_happens_before_the_city_opens(calendar: WorkingCalendar) -> None:
    city = _city(calendar, opened=date(2026, 3, 16))
    assert city.events_between(MONDAY - 20 * DAY_US, MONDAY) == []
    assert city.events_between(MONDAY, MONDAY + DAY_US)


def test_only_cases_with_events_to_come_are_held(calendar: WorkingCalendar) -> None:
    city, held = _city(calendar), []
    for day in range(0, 28, 7):
        city.events_between(MONDAY + day * DAY_US, MONDAY + (day + 7) * DAY_US)
        held.append(len(city._heap))
    assert max(held) < 12 * CASES_PER_DAY


# Lives by the rules -----------------------------------------------------------------------------------------------

def test_every_case_ends_and_none_breaks_the_state_chart(lives: dict[str, list[CaseEvent]]) -> None:
    folds = {number: fold_all(events) for number, events in lives.items()}
    assert len(folds) > 15 * CASES_PER_DAY
    assert [number for number, fold in folds.items() if fold.is_open] == []
    assert {code for fold in folds.values() for code, _at in fold.violations} <= {"second_correction"}


def test_every_kind_of_event_happens(lives: dict[str, list[CaseEvent]], calendar: WorkingCalendar) -> None:
    kinds = {event.kind for events in lives.values() for event in events}
    of_matters = {EventKind.CONSULTED, EventKind.ANSWERED, EventKind.COMPLAINED, EventKind.COMPLAINT_ACCEPTED,
                  EventKind.COMPLAINT_EXTENDED, EventKind.COMPLAINT_ANSWERED}
    rare = {EventKind.EXTENDED, EventKind.EXTENSION_REQUESTED, EventKind.VOIDED,
            EventKind.HEARING_REQUESTED}  # a month of a small city may lack them
    of_hosted = {EventKind.ROLLED_BACK, EventKind.REOPENED, EventKind.HELD, EventKind.RELEASED,
                 EventKind.COUNTERSIGNED, EventKind.MIGRATED, EventKind.LICENCE_ENDED,
                 EventKind.FEE_REVERSED}  # fed logs do not tell them
    assert set(EventKind) - of_matters - of_hosted - kinds <= rare
    half_a_year = _city(calendar, opened=date(2025, 3, 3)).events_between(_us("2025-03-03T00:00"), _us("2025-10-01T00:00"))
    assert {event.kind for event in half_a_year} == set(EventKind) - of_hosted


def test_events_name_what_the_catalogue_knows(lives: dict[str, list[CaseEvent]]) -> None:
    catalogue = load_catalogue()
    for event in (event for events in lives.values() for event in events):
        item = catalogue.items[event.item or ""]
        assert (event.org, event.item_version) == (item.org, item.version)
        assert event.area == catalogue.organisations[item.org].area
        if event.kind is EventKind.STEP:
            assert event.step in item.steps[1:-1]
        if event.kind is EventKind.SPECIAL_STARTED:
            assert event.data.special_kind in item.special
            assert event.data.approved_days
            assert event.data.document_no


def test_questions_and_complaints_are_cases_of_their_own_and_name_nobody(calendar: WorkingCalendar) -> None:
    city = _city(calendar, opened=date(2025, 9, 1))
    events = [event for event in city.events_between(_us("2025-09-01T00:00"), _us("2025-12-01T00:00")) if event.item is None]
    folds = {number: fold_all([event for event in events if event.case_no == number])
             for number in {event.case_no for event in events}}
    assert len(folds) > 20
    assert {fold.matter for fold in folds.values()} == {"consultation", "complaint"}
    assert [fold.case_no for fold in folds.values() if fold.violations] == []
    assert {event.data.applicant for event in events} == {event.actor for event in events} == {None}


def test_somebody_does_wrong_now_and_then_and_most_do_not(lives: dict[str, list[CaseEvent]]) -> None:
    catalogue, context = load_catalogue(), _context()
    folds = [fold_all(events) for events in lives.values()]
    found = [faults_of(fold, catalogue.items[fold.item], lambda _fold: context) for fold in folds]
    codes = {fault.code for faults in found for fault in faults}
    assert 0.002 < sum(map(bool, found)) / len(folds) < 0.04
    assert len(codes) >= 4, codes


def _context() -> AreaContext:
    return AreaContext(load_calendars()["cn"], load_presets()["kechuang"])


def test_a_case_has_one_source_and_numbered_events(lives: dict[str, list[CaseEvent]], calendar: WorkingCalendar) -> None:
    sources = _city(calendar).sources
    for number, events in lives.items():
        assert len({event.source for event in events}) == 1
        assert events[0].source in sources
        assert {event.source_event_id for event in events} == {f"{number}-{n + 1:02d}" for n in range(len(events))}


def test_offices_work_in_office_hours_only(lives: dict[str, list[CaseEvent]], calendar: WorkingCalendar) -> None:
    outside = Counter(event.kind for events in lives.values() for event in events
                      if calendar.office_state(event.claimed_at)[0] != "working")
    assert set(outside) == {EventKind.SUBMITTED}


def test_only_the_first_event_says_who_applied(lives: dict[str, list[CaseEvent]]) -> None:
    for events in lives.values():
        first, *rest = sorted(events, key=lambda event: event.sort_key)
        assert first.data.applicant
        assert first.data.title
        assert all(event.data.applicant is None for event in rest)


# As feeds deliver -------------------------------------------------------------------------------------------------

def test_nothing_is_delivered_before_it_happened_and_most_of_it_soon(calendar: WorkingCalendar) -> None:
    city, lags, at = _city(calendar), [], MONDAY
    while at < MONDAY + 3 * DAY_US:
        until = at + 60_000_000
        lags += [until - event.claimed_at for event in city.events_between(at, until)]
        at = until
    assert min(lags) > 0
    assert sum(lag < 180_000_000 for lag in lags) / len(lags) > 0.85
    assert max(lags) > HOUR_US


def test_some_events_arrive_twice_or_out_of_order_and_a_repetition_says_the_same(calendar: WorkingCalendar) -> None:
    events = _city(calendar).events_between(MONDAY, MONDAY + 14 * DAY_US)
    by_id: dict[str, set[CaseEvent]] = defaultdict(set)
    last: dict[str, tuple[int, int, str]] = {}
    out_of_order = 0
    for event in events:
        by_id[event.source_event_id].add(event)
        out_of_order += event.sort_key < last.get(event.case_no, event.sort_key)
        last[event.case_no] = event.sort_key
    assert 0 < len(events) - len(by_id) < 0.02 * len(events)
    assert all(len(versions) == 1 for versions in by_id.values())
    assert 0 < out_of_order < 0.05 * len(events)


# As a city is -----------------------------------------------------------------------------------------------------

def test_most_cases_keep_their_promise_and_some_organisations_are_clearly_worse(
        lives: dict[str, list[CaseEvent]], calendar: WorkingCalendar) -> None:
    catalogue, late, cases = load_catalogue(), Counter[str](), Counter[str]()
    for events in lives.values():
        fold = fold_all(events)
        item = catalogue.items[fold.item]
        if fold.accepted and fold.closed and not fold.stops and not fold.extension_days and item.promised:
            cases[fold.org] += 1
            used = calendar.working_days_between(fold.accepted.local // DAY_US, fold.closed.local // DAY_US)
            late[fold.org] += used > item.promised.amount
    shares = sorted((late[org] / cases[org] for org in cases if cases[org] >= 8), reverse=True)
    assert 0.01 < late.total() / cases.total() < 0.10
    assert shares[0] > 0.08
    assert sum(share < 0.05 for share in shares) > len(shares) / 2


def test_people_go_on_working_in_a_year_whose_holidays_are_not_published(calendar: WorkingCalendar) -> None:
    start = _us("2027-01-11T00:00")
    events = _city(calendar).events_between(start, start + DAY_US)
    assert len(events) > CASES_PER_DAY


def test_it_works_with_a_plain_calendar_too() -> None:
    assert _city(load_calendars()["mf"]).events_between(MONDAY, MONDAY + DAY_US)


def test_cases_end_in_every_way(lives: dict[str, list[CaseEvent]]) -> None:
    ends = Counter(fold_all(events).closed_by for events in lives.values())
    assert set(ends) <= {kind.value for kind in CLOSING_KINDS}
    assert ends["concluded"] / sum(ends.values()) > 0.9


# The duty officer -------------------------------------------------------------------------------------------------

def test_the_officer_reacts_neither_at_once_nor_never() -> None:
    rng = Random(3)
    waits = []
    for _ in range(400):
        age = 0
        while not officer_acknowledges(age, rng):
            age += 60
        waits.append(age)
    assert min(waits) >= 600
    assert max(waits) <= 4 * 3600
    assert 1200 < sorted(waits)[200] < 3600
