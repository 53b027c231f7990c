"""A silent source marks its own cards, and no others; a card knows its source from the record itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from alerts.models import cards
from alerts.rules import CardRules
from alerts.service import CardService
from alerts.wire import CardWriter
from cases.events import EventKind as K
from core.database import Database
from tests.unit.alerts.house import House, PlainWording, ended, passed
from tests.unit.cases.record import SHANGHAI, Record, event


@pytest.fixture
def house(fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    database.create_all()
    yield House(database)
    database.dispose()


@pytest.fixture
def record(fresh_sqlite_url: str) -> Iterator[Record]:
    database = Database(fresh_sqlite_url)
    database.create_all()
    yield Record(database)
    database.dispose()


def watch_feeds(house: House, *silent: str) -> int:
    with house.units() as uow:
        return house.cards.watch_feeds(uow, set(silent))


def head_of(house: House) -> int:
    return house.queries.vitals().head


def test_a_silent_feed_marks_its_cards_and_clears_none(house: House):
    house.record(passed("yellow"), passed("red", case_id=2), passed("red", case_id=3, source="online"))
    house.sign(house.card(1))
    watch_feeds(house, "hall", "never heard of")

    assert [(card.stale, card.rev, card.state) for card in map(house.card, (1, 2, 3))] == [
        (True, 3, "acked"), (True, 2, "unack"), (False, 1, "unack")]

    watch_feeds(house, "online")
    assert [house.card(number).stale for number in (1, 2, 3)] == [False, False, True]
    watch_feeds(house)
    assert {card.stale for card in house.active()} == {False}


def test_feeds_watched_again_change_and_tell_nothing(house: House):
    house.record(passed(case_id=1), passed(case_id=2))
    assert watch_feeds(house, "hall") == 2
    told = head_of(house)

    assert watch_feeds(house, "hall") == 0
    assert (told, head_of(house)) == (4, 4)


def test_a_closed_card_stays_as_it_was_when_its_source_falls_silent(house: House):
    house.record(passed("warning"))
    house.record(ended())
    assert watch_feeds(house, "hall") == 0


def test_a_card_follows_the_source_that_reported_its_case_last(house: House):
    house.record(passed("yellow", source="hall"))
    house.record(passed("red", source="online"))
    assert (watch_feeds(house, "hall"), watch_feeds(house, "online")) == (0, 1)


def test_the_cards_of_a_silent_source_are_marked_and_no_others(record: Record):
    record.at("10-15 10:00").take(event(K.ACCEPTED, "10-15 09:00", case_no="1", source="hall"),
                                  event(K.ACCEPTED, "10-15 09:00", case_no="2", source="online"))
    record.at("10-26 10:00").sweeper.sweep_all()
    service = CardService(record.uow, CardWriter(PlainWording(), SHANGHAI), CardRules())
    with record.uow() as uow:
        service.watch_feeds(uow, {"online"})

    with record.database.read() as conn:
        told = conn.execute(select(cards.c.case_no, cards.c.source, cards.c.is_stale).order_by(cards.c.case_no)).all()
    assert [tuple(row) for row in told] == [("1", "hall", False), ("2", "online", True)]
