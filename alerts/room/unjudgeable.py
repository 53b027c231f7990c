"""Clocks that cannot be judged, by reason, each with a few cases to look at: an alarm says how many, this says which."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from alerts.models import alarms, unjudgeable_clocks
from cases.models import case_table
from core.database import Database

EXAMPLES, REASONS_MAX = 5, 100


@dataclass(frozen=True, slots=True)
class Example:
    """A case with such a clock."""

    area: str
    case_no: str


@dataclass(frozen=True, slots=True)
class Unjudgeable:
    """A reason, the thing it is about, how many clocks it keeps from being judged, since when, and some of the cases."""

    code: str
    subject: str
    count: int
    since: int
    examples: list[Example]


def unjudgeable(database: Database, area: str = "") -> list[Unjudgeable]:
    """Every reason that stands (in an area, where one is named), the most frequent first, at most REASONS_MAX."""
    clock = unjudgeable_clocks.c
    reasons = select(clock.code, clock.subject, func.count().label("clocks"), func.min(alarms.c.since).label("since")).join(
        alarms, (alarms.c.code == clock.code) & (alarms.c.subject == clock.subject)).group_by(
        clock.code, clock.subject).order_by(func.count().desc(), clock.code, clock.subject).limit(REASONS_MAX)
    with database.snapshot() as conn:
        return [Unjudgeable(row.code, row.subject, row.clocks, row.since, _examples(conn, row.code, row.subject, area))
                for row in conn.execute(reasons.where(*_in_area(area))).all()]


def _in_area(area: str) -> list[ColumnElement[bool]]:
    """Clocks of cases of that area."""
    cases = select(case_table.c.case_id).where(case_table.c.area == area)
    return [unjudgeable_clocks.c.case_id.in_(cases)] if area else []


def _examples(conn: Connection, code: str, subject: str, area: str) -> list[Example]:
    clock = unjudgeable_clocks.c
    found = select(case_table.c.area, case_table.c.case_no).join(
        unjudgeable_clocks, clock.case_id == case_table.c.case_id).where(
        clock.code == code, clock.subject == subject, *_in_area(area)).distinct().order_by(case_table.c.case_no).limit(EXAMPLES)
    return [Example(area, case_no) for area, case_no in conn.execute(found)]
