"""What the wall and the page begin with: departments by expected overruns, and the cases most at risk. Worked out once per
refresh and kept, so that no screen adds anything up."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, select

from cases.models import case_table
from evaluation.forecast.lives import Silence
from evaluation.forecast.models import forecasts

WORST = 60  # cases kept for the wall
_f, _c = forecasts.c, case_table.c


class DepartmentOutlook(msgspec.Struct, frozen=True):
    """A department's open cases that are not overdue: how many are foretold, how many of them are expected to overrun (the sum
    of their chances), how many are likely to; of how many nothing can be said, and how many are overdue already."""

    org: str
    foretold: int
    expected: float
    likely: int
    silent: int
    overdue: int


class RiskyCase(msgspec.Struct, frozen=True):
    """An open case and its chance; from `due_at` on (microseconds UTC) it is overdue instead, unless its clock is stopped."""

    case_id: int
    area: str
    case_no: str
    org: str
    item: str
    chance: float
    due_at: int
    is_stopped: bool


class Summary(msgspec.Struct, frozen=True):
    """As of an instant (microseconds UTC)."""

    as_of: int = 0
    departments: list[DepartmentOutlook] = []
    worst: list[RiskyCase] = []


def summary_of(conn: Connection, likely: float, now_us: int) -> Summary:
    """From the table of forecasts as this transaction has it."""
    return Summary(now_us, departments_of(conn, likely, now_us, []), worst_of(conn, now_us))


def departments_of(conn: Connection, likely: float, now_us: int, where: list[Any]) -> list[DepartmentOutlook]:
    """The departments whose forecasts meet the conditions, the most expected overruns first."""
    is_foretold = still_foretold(now_us)
    is_silent = _f.chance.is_(None) & (_f.reason != Silence.OVERDUE.value)
    sums = [_count(is_foretold), func.coalesce(func.sum(case((is_foretold, _f.chance), else_=0.0)), 0.0),
            _count(is_foretold & (_f.chance >= likely)), _count(is_silent), _count(~is_foretold & ~is_silent)]
    statement = _of_open(select(_f.org, *sums)).where(*where).group_by(_f.org)
    found = [DepartmentOutlook(org, int(n), round(float(expected), 4), int(many), int(silent), int(overdue))
             for org, n, expected, many, silent, overdue in conn.execute(statement)]
    return sorted(found, key=lambda one: (-one.expected, one.org))


def worst_of(conn: Connection, now_us: int, most: int = WORST) -> list[RiskyCase]:
    """The open cases most likely to overrun."""
    columns = [_f[name] for name in RiskyCase.__struct_fields__]
    statement = _of_open(select(*columns)).where(still_foretold(now_us))
    return [RiskyCase(*row) for row in conn.execute(statement.order_by(_f.chance.desc(), _f.case_id).limit(most))]


def still_foretold(now_us: int) -> Any:
    """Whether a row has a chance that still is one: its due instant has not passed since it was worked out."""
    return _f.chance.is_not(None) & (_f.is_stopped.is_(True) | (_f.due_at > now_us))


def _of_open(statement: Any) -> Any:
    """Without cases that ended since they were foretold."""
    return statement.select_from(forecasts.join(case_table, _c.case_id == _f.case_id)).where(_c.closed_at.is_(None))


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
