"""Cases read back from their tables, as the record goes on from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, select

from cases.changes import STORED_CLOCK_COLUMNS, StoredCase, stored_clock
from cases.fold import Fold
from cases.models import case_table, clocks
from cases.projection import Condition, Light
from core.database import look_up

_unpack = msgspec.msgpack.Decoder(Fold).decode
_NEVER = 2**63 - 1
_LIGHTS = {light.value: light for light in Light}


def load_cases(conn: Connection, case_ids: Sequence[int]) -> dict[int, StoredCase]:
    """The cases of these numbers that exist, with their clocks."""
    found = load_facts(conn, case_ids)
    load_clocks(conn, list(found), found)
    return found


def stored_case(fold: Fold, light: str, tally: str, org: str, item: str, acts: str, marks: str,
                its_clocks_wake_at: int) -> StoredCase:
    """A row of the cases as the record takes it."""
    return StoredCase(fold, _LIGHTS[light], tally, org, item, acts, marks, its_clocks_wake_at)


def wakes_at(case_id: Any) -> Any:
    """A column: when the first of a case's clocks waits for a look. One that could not be judged always does, a case without
    any never."""
    at = case((clocks.c.condition == Condition.UNJUDGEABLE.value, 0), else_=func.coalesce(clocks.c.next_at, _NEVER))
    first = select(func.min(at)).where(clocks.c.case_id == case_id).scalar_subquery()
    return func.coalesce(first, _NEVER).label("wakes_at")


def load_facts(conn: Connection, case_ids: Sequence[int]) -> dict[int, StoredCase]:
    """The same without their clocks."""
    rows = look_up(conn, ("case_id", "fold", "light", "tally", "org", "item", "acts", "marks"), case_table, "case_id",
                   case_ids)
    return {case_id: StoredCase(_unpack(fold), _LIGHTS[light], tally, org, item, acts, marks)
            for case_id, fold, light, tally, org, item, acts, marks in rows}


def load_clocks(conn: Connection, case_ids: Sequence[int], found: Mapping[int, StoredCase]) -> None:
    """Put the clocks of these cases where they belong."""
    for row in look_up(conn, STORED_CLOCK_COLUMNS, clocks, "case_id", case_ids):
        clock = stored_clock(*row)
        found[row[0]].clocks[clock.ref] = clock


def due_cases(conn: Connection, case_ids: Sequence[int], now_us: int) -> set[int]:
    """Which of these cases have a clock that waits for a look, or one that could not be judged."""
    # Written so that no index but that of the cases fits: these are few cases among millions of clocks.
    waiting = "(coalesce(next_at, 9223372036854775807) <= ? OR condition || '' = 'unjudgeable')"
    return {row[0] for row in look_up(conn, ("case_id",), clocks, "case_id", case_ids, waiting, now_us)}
