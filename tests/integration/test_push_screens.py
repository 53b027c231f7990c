"""A screen's alarm ends with its trouble, whatever was restarted in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.delivery import Client, Troubles
from alerts.screens import ScreenLog
from core.database import Database
from tests.unit.alerts.house import WALL, House, days_ago

NOW = days_ago(0)


class Room:
    """A screen log over a database that outlives it, and its clock."""

    def __init__(self, house: House) -> None:
        self.house, self.now = house, 0.0
        self.restart()

    def restart(self) -> None:
        self.log = ScreenLog(self.house.database, self.house.alarms, 600.0, lambda: self.now)

    def write(self, *receipts: Client, faulty: tuple[Client, ...] = ()) -> list[str]:
        """The screens whose alarm stands after this round."""
        self.log.write(receipts, Troubles(faulty=list(faulty)), "e1", NOW)
        return [alarm.subject for alarm in self.house.queries.alarms() if alarm.code == "screen_fault"]


@pytest.fixture
def room(fresh_database_url: str) -> Iterator[Room]:
    database = Database(fresh_database_url)
    database.create_all()
    yield Room(House(database))
    database.dispose()


def page(screen: str, *, painted: bool, missed: int = 0) -> Client:
    return Client(f"sid-{screen}", screen, WALL, sent=5, missed=missed, painted_at=NOW if painted else None)


def test_a_fault_of_before_a_restart_ends_when_the_screen_paints(room: Room):
    ill = page("east", painted=True, missed=2)
    assert room.write(ill, faulty=(ill,)) == ["east"]

    room.restart()
    assert room.write(page("east", painted=False)) == ["east"]
    assert room.write(page("west", painted=True)) == ["east"]
    assert room.write(page("east", painted=True)) == []


def test_a_fault_of_before_a_restart_is_forgotten_when_its_screen_never_returns(room: Room):
    room.write(faulty=(page("east", painted=True, missed=2),))
    room.restart()
    room.now = 5_000.0
    assert room.write() == ["east"]
    room.now = 5_601.0
    assert room.write() == []


def test_a_screen_that_was_dropped_and_comes_back_painting_is_well_again(room: Room):
    room.write(faulty=(page("east", painted=True, missed=2),))
    assert room.write(page("east", painted=True)) == []
