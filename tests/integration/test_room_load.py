"""The load of alarms against a hand-counted month, and the reasons why clocks cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.card_commands import CardCommand, CardRef
from alerts.lifecycle import Level
from alerts.room.load import LoadQueries, Standing
from alerts.terms import PLAIN_WEEK
from alerts.wire import CardView
from core.access import Actor, Role
from core.clock import FrozenClock
from core.database import Database
from core.instants import DAY_US, HOUR_US, MINUTE_US, from_us
from tests.unit.alerts.house import ALICE, ZONE, House, days_ago, ended, passed

NOW = days_ago(0)
LEADER = Actor("leader", frozenset({Role.SHIFT_LEADER}), display_name="值班长")
ZONED_NOW = from_us(NOW).astimezone(ZONE)


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    database.create_all()
    yield House(database, FrozenClock(from_us(NOW)))
    database.dispose()


def queries(house: House) -> LoadQueries:
    """The office works 7 hours a day, Monday to Friday."""
    return LoadQueries(house.database, ZONE, lambda: PLAIN_WEEK, fleeting_min=5)


def reds_again(house: House, cards: list[CardView]) -> list[CardView]:
    """The same cards at their present revision: a red one needs a second signature."""
    return [house.card(card.id) for card in cards]


def raise_at(house: House, at: int, *rungs: tuple[int, str]) -> None:
    """Cards learnt of at an instant: (case, rung)."""
    house.clock.move_to(from_us(at))  # type: ignore[attr-defined]
    house.record(*(passed(rung, case_id=case, at=at) for case, rung in rungs))


def test_an_empty_house_has_no_figures_to_divide(house: House):
    load = queries(house).load(NOW, 30)

    assert (0, 0.0, 0.0, 0, 0, 0, [], None, None) == (
        load.raised, load.per_ten_min, load.per_duty_hour, load.worst_ten_min, load.re_alarms, load.fleeting, load.restless,
        load.flood_share, load.top_share)
    assert Standing(0, 0, None, 0, 0, 0, 0) == load.standing
    assert [(level, 0, None, None) for level in Level] == [(s.level, s.count, s.median_min, s.p95_min) for s in load.signed]
    assert 31 == len(load.by_day)


def test_it_counts_what_a_hand_counts(house: House):
    slot = (NOW - 3 * DAY_US - HOUR_US) // (10 * MINUTE_US) * 10 * MINUTE_US
    raise_at(house, NOW - 40 * DAY_US, (900, "red"))                                          # before the window
    raise_at(house, slot, *((case, "yellow") for case in range(1, 13)))                       # a flood of 12
    raise_at(house, slot + 20 * MINUTE_US, (20, "red"), (21, "warning"))
    raise_at(house, NOW - 2 * HOUR_US, (30, "red"))
    house.clock.move_to(from_us(NOW - HOUR_US))  # type: ignore[attr-defined]
    reds = [card for card in house.active() if card.level == "red" and card.raised_at > from_us(NOW - DAY_US).isoformat()]
    house.sign(*reds)
    house.sign(*reds_again(house, reds), by=LEADER, command_id="c-2")
    load = queries(house).load(NOW, 30)

    assert 15 == load.raised
    assert 12 == load.worst_ten_min
    assert {Level.WARNING: 1, Level.YELLOW: 12, Level.RED: 2} == load.by_level
    assert load.per_ten_min == pytest.approx(15 / (30 * 144))
    assert load.per_duty_hour == pytest.approx(15 / (20 * 7 + 1)), "four weeks and the first hour of today"
    assert load.flood_share == pytest.approx(1 / (30 * 144))
    assert 1.0 == load.top_share
    assert 15 == sum(source.count for source in load.top)
    # the 12 of the flood, the warning, the red one of that day and the red one of 40 days ago
    assert Standing(15, 15, NOW - 40 * DAY_US, 0, 0, 0, 0) == load.standing
    assert [(Level.RED, 1, 60.0, 60.0)] == [(s.level, s.count, s.median_min, s.p95_min) for s in load.signed if s.count]
    assert {0: 1, 3: 14} == {back: count for back, (_, count) in enumerate(reversed(load.by_day)) if count}
    assert ZONED_NOW.date() == load.by_day[-1][0]


def test_what_is_kept_quiet_is_counted_and_not_called_unsigned(house: House):
    raise_at(house, NOW - 3 * DAY_US, (1, "yellow"), (2, "yellow"), (3, "yellow"), (4, "yellow"))
    card = next(card for card in house.active() if card.case_no.endswith("1"))
    house.clock.move_to(from_us(NOW - HOUR_US))  # type: ignore[attr-defined]
    house.cards.execute(CardCommand(command_id="s-1", type="shelve", cards=[CardRef(card.id, card.rev)], reason="等待系统升级",
                                    until=from_us(NOW + HOUR_US // 2).isoformat()), ALICE)
    for number, kind in ((3, "take_out_of_service"), (4, "stop_by_law")):
        other = next(card for card in house.active() if card.case_no.endswith(str(number)))
        house.cards.execute(CardCommand(command_id=kind, type=kind, cards=[CardRef(other.id, other.rev)], reason="检修",
                                        until=from_us(NOW + DAY_US).isoformat()), ALICE)
    standing = queries(house).load(NOW, 30).standing

    assert (1, 1, 1, 1, 1) == (standing.unsigned, standing.stale, standing.shelved, standing.out_of_service,
                               standing.stopped_by_law)


def test_ten_minutes_are_any_ten_minutes(house: House):
    """Six at the end of one slot of the clock and six at the beginning of the next are twelve, and a flood of eight minutes."""
    edge = (NOW - 3 * DAY_US) // (10 * MINUTE_US) * 10 * MINUTE_US
    raise_at(house, edge - MINUTE_US, *((case, "yellow") for case in range(1, 7)))
    raise_at(house, edge + MINUTE_US, *((case, "yellow") for case in range(7, 13)))
    raise_at(house, edge + 9 * MINUTE_US, (13, "yellow"))  # the first six have just left

    load = queries(house).load(NOW, 30)

    assert 12 == load.worst_ten_min
    assert load.flood_share == pytest.approx(8 * MINUTE_US / (30 * DAY_US))


def test_a_flood_under_way_lasts_until_now_and_no_longer(house: House):
    raise_at(house, NOW - 2 * MINUTE_US, *((case, "yellow") for case in range(1, 12)))

    assert queries(house).load(NOW, 30).flood_share == pytest.approx(2 * MINUTE_US / (30 * DAY_US))


def come_and_go(house: House, case: int, at: int, *, minutes: int) -> None:
    """A warning that is over after so many minutes; it closes by itself."""
    raise_at(house, at, (case, "warning"))
    house.clock.move_to(from_us(at + minutes * MINUTE_US))  # type: ignore[attr-defined]
    house.record(ended(case_id=case, at=at + minutes * MINUTE_US))


def test_what_comes_and_goes_is_counted_and_named_by_its_source(house: House):
    begin = NOW - DAY_US
    come_and_go(house, 1, begin, minutes=3)
    raise_at(house, begin + 6 * MINUTE_US, (1, "yellow"))           # back within the re-arm window: the same card
    come_and_go(house, 2, begin + HOUR_US, minutes=5)
    come_and_go(house, 3, begin + 2 * HOUR_US, minutes=6)           # just not fleeting
    load = queries(house).load(NOW, 30)
    assert (3, 1, 1, []) == (load.raised, load.re_alarms, load.fleeting, load.restless), "twice is not yet often"

    come_and_go(house, 4, begin + 3 * HOUR_US, minutes=1)
    load = queries(house).load(NOW, 30)

    assert (1, 2) == (load.re_alarms, load.fleeting)
    assert [("D01", "rule.promised", 3)] == [(source.org, source.rule, source.count) for source in load.restless]
