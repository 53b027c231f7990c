"""Scorings as they stand in the tables, and back: the one place that knows both shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from config.scoring import Scheme
from core.instants import date_of
from evaluation.scoring.calculation import PartScore, Score, ranked
from evaluation.scoring.grading import Line
from evaluation.scoring.models import score_lines, score_rows, scorings

MONTH, HALF, YEAR = "month", "half", "year"  # spans
_parts = msgspec.json.Decoder(dict[str, PartScore]).decode
_numbers = msgspec.json.Decoder(tuple[int, ...]).decode
_keys = msgspec.json.Decoder(tuple[str, ...]).decode


class ScoringRow(msgspec.Struct, frozen=True):
    """One month, or a longer `span`, of one scheme. Instants are microseconds UTC, `month` the epoch day it begins on; `area`
    "" is every area. `rests_on`: JSON of the scorings of months a longer one is made of."""

    id: int
    scheme: str
    version: int
    catalogue: str
    month: int
    area: str
    content: str
    state: str
    rev: int
    made_by: str
    made_name: str
    made_at: int
    decided_by: str | None
    decided_name: str | None
    published_at: int | None
    appeal_until: int | None
    frozen_by: str | None
    frozen_name: str | None
    frozen_at: int | None
    digest: str
    span: str
    rests_on: str

    @property
    def is_month(self) -> bool:
        return self.span == MONTH

    @property
    def period(self) -> str:
        """2026-02, 2026-H1 or 2026."""
        first = date_of(self.month)
        return f"{first:%Y-%m}" if self.is_month else period_name(first.year, 0 if self.span == YEAR else 1 + (first.month > 6))

    @property
    def months(self) -> tuple[int, ...]:
        return _numbers(self.rests_on)

    @property
    def rules(self) -> Scheme:
        """The scheme as it was when it was scored."""
        return Scheme.model_validate(msgspec.json.decode(self.content))

    @property
    def is_open(self) -> bool:
        """Whether departments see it."""
        return self.state in ("published", "frozen")


class DepartmentRow(msgspec.Struct, frozen=True):
    """A department in a scoring, in hundredths of a point. `first_total` is as published, before any appeal; `accepted` how
    many cases it rests on."""

    scoring_id: int
    org: str
    area: str
    accepted: int
    total: int | None
    first_total: int | None
    place: int | None
    grade: str | None
    bonus: int
    parts: dict[str, PartScore]
    vetoes: tuple[int, ...]


def period_name(year: int, half: int) -> str:
    """2026, 2026-H1."""
    return f"{year}-H{half}" if half else str(year)


_SCORING: Any = [scorings.c[name] for name in ScoringRow.__struct_fields__]
_ROW: Any = [score_rows.c[name] for name in DepartmentRow.__struct_fields__]


def scoring_rows(conn: Connection, *conditions: Any, limit: int | None = None) -> list[ScoringRow]:
    """The newest period first, then the newest scoring."""
    statement = select(*_SCORING).where(*conditions).order_by(scorings.c.month.desc(), scorings.c.id.desc()).limit(limit)
    return [ScoringRow(*row) for row in conn.execute(statement)]


def department_rows(conn: Connection, *conditions: Any) -> list[DepartmentRow]:
    """By place; those without one last."""
    found = [_department(row) for row in conn.execute(select(*_ROW).where(*conditions))]
    return sorted(found, key=lambda row: (row.place is None, row.place or 0, row.org))


def _department(row: Any) -> DepartmentRow:
    kept = {**row._mapping, "parts": _parts(row.parts), "vetoes": _numbers(row.vetoes)}
    return DepartmentRow(**kept)


def lines_of(conn: Connection, scoring_id: int, org: str) -> list[Line]:
    """In the order of their numbers, which are their places in the list."""
    c = score_lines.c
    statement = select(c.rule, c.part, c.points, c.evidence, c.above, c.below, c.gives_back).where(
        c.scoring_id == scoring_id, c.org == org).order_by(c.number)
    return [Line(rule=row.rule, part=row.part, points=row.points, evidence=_keys(row.evidence), above=row.above,
                 below=row.below, of=row.gives_back) for row in conn.execute(statement)]


def insert_scores(conn: Connection, scoring_id: int, scores: Sequence[tuple[Score, str, int]]) -> None:
    """Rows and lines of (score, area, cases accepted) of each department."""
    places = ranked({score.org: score.total for score, _, _ in scores})
    rows = [{"scoring_id": scoring_id, "org": score.org, "area": area, "accepted": accepted, "total": score.total,
             "first_total": score.total, "place": places.get(score.org), **_worked_out(score)}
            for score, area, accepted in scores]
    lines = [_line_row(scoring_id, score.org, number, line)
             for score, _, _ in scores for number, line in enumerate(score.lines)]
    for table, values in ((score_rows, rows), (score_lines, lines)):
        if values:
            conn.execute(insert(table), values)


def append_line(conn: Connection, scoring_id: int, org: str, number: int, line: Line) -> None:
    conn.execute(insert(score_lines), [_line_row(scoring_id, org, number, line)])


def update_score(conn: Connection, scoring_id: int, score: Score) -> None:
    """What an appeal changed of a department, and the places of all."""
    r = score_rows.c
    conn.execute(update(score_rows).where(r.scoring_id == scoring_id, r.org == score.org).values(
        total=score.total, **_worked_out(score)))
    places = ranked({row.org: row.total for row in department_rows(conn, r.scoring_id == scoring_id)})
    for org, place in places.items():
        conn.execute(update(score_rows).where(r.scoring_id == scoring_id, r.org == org, r.place != place).values(place=place))


def delete_scores(conn: Connection, scoring_id: int) -> None:
    """Those of a proposal that was withdrawn before anybody was told of it."""
    for table in (score_lines, score_rows):
        conn.execute(delete(table).where(table.c.scoring_id == scoring_id))


def _worked_out(score: Score) -> dict[str, Any]:
    return {"grade": score.grade, "bonus": score.bonus, "parts": _json(score.parts), "vetoes": _json(score.vetoes)}


def _line_row(scoring_id: int, org: str, number: int, line: Line) -> dict[str, Any]:
    return {"scoring_id": scoring_id, "org": org, "number": number, "rule": line.rule, "part": line.part, "points": line.points,
            "above": line.above, "below": line.below, "gives_back": line.of, "evidence": _json(line.evidence)}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
