"""Numbers for the places of the detailed table (area, organisation, item, channel), and how a row's number is made of them.

A row is found by one whole number, basis and day before the place: half the cost of a key of six columns, and the rows of a
period lie together. Numbers are handed out behind the lock of the writers and remembered once they were committed.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from core.database import Database, bulk_insert
from core.statements import Statement
from evaluation.models import PLACE_COLUMNS, figure_places

Place = tuple[str, str, str, str]  # area, organisation, item, channel
PLACE_BITS, DAY_BITS = 28, 20
DAY_ZERO = 1 << (DAY_BITS - 1)  # days before 1970 are numbers, too
PLACE_MASK, DAY_MASK = (1 << PLACE_BITS) - 1, (1 << DAY_BITS) - 1


def time_key(basis: int, day: int) -> int:
    """Basis and day as one number that sorts like them."""
    return basis << DAY_BITS | (day + DAY_ZERO)


def row_number(time: int, place: int) -> int:
    return time << PLACE_BITS | place


def row_numbers(basis: int, first: int, last: int) -> tuple[int, int]:
    """The least and the greatest number of a row in a period."""
    return row_number(time_key(basis, first), 0), row_number(time_key(basis, last), PLACE_MASK)


def basis_and_day(number: int) -> tuple[int, int]:
    """(basis, epoch day) of a row's number."""
    time = number >> PLACE_BITS
    return time >> DAY_BITS, (time & DAY_MASK) - DAY_ZERO


_ABOVE = Statement(select(figure_places.c.place, *figure_places.c[PLACE_COLUMNS]).where(
    figure_places.c.place > bindparam("after")))


class Places:
    """The numbers in use. Only what another connection can see is remembered: a transaction may yet be rolled back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[Place, int] = {}
        self._newest = 0

    def numbers(self, conn: Connection, places: Iterable[Place]) -> dict[Place, int]:
        """The number of each of these places, inside a writing transaction; new ones get theirs."""
        wanted = list(places)
        if any(place not in self._known for place in wanted):
            self._refresh()
        found = {place: self._known[place] for place in wanted if place in self._known}
        missing = [place for place in wanted if place not in found]
        return found if not missing else found | _numbered(conn, missing, self._newest)

    def _refresh(self) -> None:
        with self._database.read() as conn:
            self._known.update(numbered_places(conn, self._newest))
        self._newest = max(self._known.values(), default=0)


def numbered_places(conn: Connection, after: int = 0) -> dict[Place, int]:
    """Every place with a number above `after`."""
    return {(area, org, item, channel): number for number, area, org, item, channel in _ABOVE.rows(conn, after=after)}


def _numbered(conn: Connection, missing: list[Place], committed: int) -> dict[Place, int]:
    """Places this transaction has numbered before, and new numbers for the others."""
    own = numbered_places(conn, committed)
    last = max(own.values(), default=committed)
    new = [place for place in missing if place not in own]
    numbers = {place: last + number for number, place in enumerate(new, start=1)}
    bulk_insert(conn, figure_places, ("place", *PLACE_COLUMNS), [(number, *place) for place, number in numbers.items()])
    return {place: own[place] for place in missing if place in own} | numbers
