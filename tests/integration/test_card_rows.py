"""Cards written many at a time are read back as they were, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest

from alerts.card_rows import by_id, insert_cards, newest_by_key
from alerts.cards import Card, Passage
from alerts.lifecycle import Disposition, Origin
from core.database import FEW, Database
from tests.unit.alerts.house import facts_of


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    database.create_all()
    yield database
    database.dispose()


def made(number: int) -> Card:
    passage = Passage(kind="act", ordinal=0, rung="red", level=3, at=1, due_at=None, rule="r", rule_version="v", facts={"n": 1})
    closed = {} if number % 2 else {"closed_at": number, "disposition": Disposition.CANCELLED}
    return Card(id=number, key=f"k{number // 2}", case=facts_of(number), raised_at=number, passages=[passage], level=3,
                origin=Origin.ACT, condition=number % 2 == 1, rev=1, **closed)


def test_many_cards_come_back_as_they_were_written(database):
    written = [made(number) for number in range(1, 4 * FEW)]
    with database.transaction() as conn:
        insert_cards(conn, written)
    with database.read() as conn:
        read, newest = by_id(conn, [card.id for card in written]), newest_by_key(conn, {card.key for card in written})
        few, none = by_id(conn, [2, 3, 10_000]), newest_by_key(conn, [])

    assert list(read.values()) == written
    assert {key: card.id for key, card in newest.items()} == {card.key: card.id for card in written}, "the last of each key"
    assert (list(few), none) == ([2, 3], {})
    kinds = {one.name: type(getattr(written[0], one.name)) for one in fields(Card)}
    assert {name for name, kind in kinds.items() if type(getattr(read[1], name)) is not kind} == set()
