"""Which open clocks an edit would move, and by how much: the lights of today before and after, counted and listed.

Open cases are few against all cases ever, so they are judged one by one by the projection itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import select

from alerts.backtest.watches import World
from alerts.backtest.worker import BacktestCancelled
from cases.fold import Fold
from cases.judging import judge
from cases.models import case_table
from cases.projection import ClockState, light_of
from core.database import Database

CHUNK = 2_000
LINES_MAX = 500
_unpack = msgspec.msgpack.Decoder(Fold).decode


@dataclass(frozen=True, slots=True)
class MovedClock:
    """A clock whose due instant, level or judgement differs. Instants are microseconds UTC; None: no clock, or not judged."""

    case_id: int
    case_no: str
    area: str
    org: str
    item: str
    kind: str
    ordinal: int
    due_before: int | None
    due_after: int | None
    level_before: int
    level_after: int

    @property
    def by_us(self) -> int | None:
        """How far it moves; None when one of the instants is unknown."""
        return None if self.due_before is None or self.due_after is None else self.due_after - self.due_before


@dataclass(slots=True)
class MovedClocks:
    """Open cases an edit concerns. `lights` are counted before and after; `clocks` lists those that move, up to a limit."""

    cases: int = 0
    moved_cases: int = 0
    moved: int = 0
    lights_before: Counter[str] = field(default_factory=Counter)
    lights_after: Counter[str] = field(default_factory=Counter)
    clocks: list[MovedClock] = field(default_factory=list)


def open_clocks(database: Database, present: World, edited: World, now_us: int, *,
                is_cancelled: Callable[[], bool] = lambda: False, lines_max: int = LINES_MAX) -> MovedClocks:
    """Compare the clocks of every open case of the edit's scope. Raises BacktestCancelled."""
    result = MovedClocks()
    for row in _open_cases(database):
        if not edited.scope.holds(row[2], row[4]):
            continue
        if result.cases % CHUNK == 0 and is_cancelled():
            raise BacktestCancelled
        fold = _unpack(row[5])
        before, after = (judge(fold, row[0], world.areas, world.catalogue, now_us) for world in (present, edited))
        result.cases += 1
        result.lights_before[light_of(fold, before).value] += 1
        result.lights_after[light_of(fold, after).value] += 1
        _compare(result, row, before, after, lines_max)
    return result


def _compare(result: MovedClocks, row: Any, before: list[ClockState], after: list[ClockState], lines_max: int) -> None:
    old, new = ({state.ref: state for state in states} for states in (before, after))
    moved = [(old.get(ref), new.get(ref)) for ref in {**old, **new} if _differs(old.get(ref), new.get(ref))]
    result.moved += len(moved)
    result.moved_cases += bool(moved)
    for one, other in moved[:max(0, lines_max - len(result.clocks))]:
        known = one or other
        if known is not None:
            result.clocks.append(MovedClock(
                row[0], row[1], row[2], row[3], row[4], known.ref.kind.value, known.ref.ordinal,
                one.due_at if one else None, other.due_at if other else None, one.level if one else 0,
                other.level if other else 0))


def _differs(one: ClockState | None, other: ClockState | None) -> bool:
    if one is None or other is None:
        return one is not other
    return (one.due_at, one.level, one.condition, one.passages) != (other.due_at, other.level, other.condition, other.passages)


def _open_cases(database: Database) -> Iterator[Any]:
    """Open cases as (case_id, case_no, area, org, item, fold), in pages, so that no long transaction stands open."""
    c, after = case_table.c, -1
    statement = select(*c["case_id", "case_no", "area", "org", "item", "fold"]).where(c.closed_at.is_(None))
    while True:
        with database.read() as conn:
            page = conn.execute(statement.where(c.case_id > after).order_by(c.case_id).limit(CHUNK)).all()
        yield from page
        if not page:
            return
        after = page[-1][0]
