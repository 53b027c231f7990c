"""Reads of the forecast, under the rights of whoever asks: a department user sees his own unit, a person bound to an area that
area. A case whose due day has passed is overdue, whatever was foretold of it before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from cases.models import case_table
from core.access import SYSTEM, Actor
from core.database import Database
from core.errors import NotAuthenticated
from evaluation.forecast.backtest import Report
from evaluation.forecast.lives import Silence
from evaluation.forecast.models import forecast_models, forecasts
from evaluation.forecast.scoring import Bin, Came, bin_of, came_of
from evaluation.forecast.summary import DepartmentOutlook, Summary, departments_of, still_foretold

LISTED, LISTED_MOST = 50, 500
LIKELY = ((0.7, 1.0), (0.5, 0.7))  # the steps called very likely and likely, wherever a chance is told in words
LEVELS = {2: "org", 3: "item", 4: "step"}  # what a group of so many parts is
_f, _c, _m = forecasts.c, case_table.c, forecast_models.c


class Outlook(msgspec.Struct, frozen=True):
    """What is foretold of an open case. `chance` is 0..1, null when silent for `reason`.

    `learnt` is the narrowest group with enough cases: org, item or step; `ended` of its cases have ended, `overran` of them
    past their limit, and `days_low`, `days_mid`, `days_high` are the quartiles of the net working days they took (of a step:
    from that step to the end). `due_at` is the instant from which it is late and `at` when it was foretold (microseconds
    UTC), `due_day` an epoch day; `days_used` and `days_left` are net working days.
    """

    case_id: int
    area: str
    case_no: str
    org: str
    item: str
    model: int
    at: int
    chance: float | None
    reason: str
    due_at: int | None
    due_day: int | None
    days_used: int | None
    days_left: int | None
    is_stopped: bool
    step: str
    learnt: str
    ended: int
    overran: int
    days_low: float | None
    days_mid: float | None
    days_high: float | None


class Standing(msgspec.Struct, frozen=True):
    """The model in force: when it was learnt (microseconds UTC) and from how much, how good it was on the past, and when the
    open cases were last foretold by it (null: not yet)."""

    id: int
    trained_at: int
    cases: int
    ended: int
    groups: int
    report: Report
    as_of: int | None


class Tried(msgspec.Struct, frozen=True):
    """What came of forecasts like one of today, as tried until `last` (epoch day); None where too few were."""

    last: int
    bin: Bin | None


class ForecastQueries:
    """Reads; opens its own connection for each question. `now` gives the present instant, microseconds UTC. Switched off,
    nothing is foretold, whatever was worked out before: nobody would bring it to the present."""

    def __init__(self, database: Database, now: Callable[[], int], likely: float, cases_min: int, *,
                 is_on: bool = True) -> None:
        self._database, self._now, self.likely, self._is_on = database, now, likely, is_on
        self._cases_min = cases_min

    def of_case(self, actor: Actor | None, area: str, case_no: str) -> Outlook | None:
        """What is foretold of one open case; None for one that is unknown, ended or none of his."""
        found = self._outlooks([*_scope(actor), _f.area == area, _f.case_no == case_no], 1)
        return found[0] if found else None

    def at_risk(self, actor: Actor | None, org: str = "", limit: int = LISTED) -> list[Outlook]:
        """The open cases foretold, those most likely to overrun first, at most LISTED_MOST."""
        where = [*_scope(actor), still_foretold(self._now()), *([_f.org == org] if org else [])]
        return self._outlooks(where, min(limit, LISTED_MOST))

    def departments(self, actor: Actor | None) -> list[DepartmentOutlook]:
        """The departments he sees, the most expected overruns first."""
        where = _scope(actor)
        if not self._is_on:
            return []
        with self._database.read() as conn:
            return departments_of(conn, self.likely, self._now(), where)

    def standing(self) -> Standing | None:
        """The model in force; None before the first training."""
        if not self._is_on:
            return None
        columns = [_m.id, _m.trained_at, _m.cases, _m.ended, _m.groups, _m.report, _m.summary, _m.day]
        with self._database.read() as conn:
            row = conn.execute(select(*columns).order_by(_m.id.desc()).limit(1)).first()
        if row is None:
            return None
        report = msgspec.json.decode(row.report, type=Report)
        as_of = _summary(row.summary).as_of if row.summary and row.day is not None else None
        return Standing(row.id, row.trained_at, row.cases, row.ended, row.groups, report, as_of)

    def summary(self) -> Summary | None:
        """The city as of the last refresh, for walls: one small row, whatever the number of cases."""
        if not self._is_on:
            return None
        with self._database.read() as conn:
            text = conn.scalar(select(_m.summary).order_by(_m.id.desc()).limit(1))
        return _summary(text) if text else None

    def likely_came(self) -> tuple[Came, ...]:
        """How often what the model in force called likely and very likely came true on the past; without what was tried on
        fewer than `cases_min` cases."""
        standing = self.standing()
        return () if standing is None else came_of(standing.report.curve, LIKELY, self._cases_min)

    def tried(self, chance: float | None) -> Tried | None:
        """How often cases with such a chance overran; None before the first training and for no chance. `bin` is None where
        fewer than `cases_min` cases tell."""
        standing = self.standing()
        if standing is None or chance is None:
            return None
        found = bin_of(standing.report.curve, chance)
        return Tried(standing.report.last, found if found is not None and found.cases >= self._cases_min else None)

    def _outlooks(self, where: Sequence[Any], limit: int) -> list[Outlook]:
        if not self._is_on:
            return []
        columns = [_f.level.label("learnt") if name == "learnt" else _f[name] for name in Outlook.__struct_fields__]
        statement = select(*columns).join(case_table, _c.case_id == _f.case_id).where(_c.closed_at.is_(None), *where)
        with self._database.read() as conn:
            rows = conn.execute(statement.order_by(_f.chance.desc(), _f.case_id).limit(limit)).all()
        now = self._now()
        return [_as_of(Outlook(**(row._asdict() | {"learnt": LEVELS.get(row.learnt, "")})), now) for row in rows]


def _scope(actor: Actor | None) -> list[Any]:
    if actor is None:
        raise NotAuthenticated("sign_in_required")
    own = None if actor is SYSTEM else actor.only_org
    return [*([_f.org == own] if own is not None else []), *([_f.area == actor.area] if actor.area else [])]


def _as_of(found: Outlook, now: int) -> Outlook:
    if found.due_at is None or found.is_stopped or found.due_at > now or found.reason:
        return found
    return msgspec.structs.replace(found, chance=None, reason=Silence.OVERDUE.value)


def _summary(text: str) -> Summary:
    return msgspec.json.decode(text, type=Summary)


__all__ = ["DepartmentOutlook", "ForecastQueries", "Outlook", "Standing", "Summary", "Tried"]
