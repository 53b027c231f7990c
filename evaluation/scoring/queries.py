"""Scores somebody may see: who sees which scoring and whose lines is decided here, in the queries themselves.

Inspectors, leaders and administrators see everything of their area. A department user sees what was published, of his own unit
with its lines; the totals of others only where the settings let departments see one another's figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from alerts.models import cards
from config.scoring import ManualRule
from core.access import Actor, Role, require
from core.database import Database, look_up
from core.errors import NotFound
from core.instants import date_of, day_of
from evaluation.scoring.calculation import Score, ranked
from evaluation.scoring.gathering import Month
from evaluation.scoring.grading import Line
from evaluation.scoring.longer import PUBLISHED, months_of, over, span_name, span_of
from evaluation.scoring.models import score_appeals, score_entries, score_rows, scorings
from evaluation.scoring.rows import MONTH, DepartmentRow, ScoringRow, department_rows, lines_of, scoring_rows

READERS = (Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR, Role.DEPARTMENT_USER)
LISTED = 200


class AppealRow(msgspec.Struct, frozen=True):
    """A department's appeal against one line; state filed, granted or rejected."""

    id: int
    scoring_id: int
    org: str
    line: int
    reason: str
    filed_by: str
    filed_name: str
    filed_at: int
    state: str
    words: str
    decided_by: str | None
    decided_name: str | None
    decided_at: int | None


class EntryRow(msgspec.Struct, frozen=True):
    """What an inspector entered by hand; `points` in hundredths, `day` an epoch day."""

    id: int
    scheme: str
    rule: str
    area: str
    org: str
    day: int
    points: int
    words: str
    basis: str
    made_by: str
    made_name: str
    made_at: int
    taken_by: str | None
    taken_name: str | None
    taken_at: int | None
    taken_reason: str | None


class PeriodScores(msgspec.Struct, frozen=True):
    """A half-year or year: the months it rests on, of so many there are; scores with their places, by place."""

    scheme: str
    first: str
    last: str
    months: tuple[str, ...]
    expected: int
    scores: tuple[tuple[Score, int | None], ...]


_APPEAL: Any = [score_appeals.c[name] for name in AppealRow.__struct_fields__]
_ENTRY: Any = [score_entries.c[name] for name in EntryRow.__struct_fields__]


class ScoreQueries:
    """Reads; opens its own connection for each question."""

    def __init__(self, database: Database, *, sees_others: bool = False) -> None:
        self._database, self._sees_others = database, sees_others

    def listed(self, actor: Actor | None, scheme: str = "", limit: int = LISTED) -> list[ScoringRow]:
        """The newest month first; withdrawn ones are left out. Raises NotPermitted."""
        person = require(actor, *READERS)
        where = [*_visible(person), *([scorings.c.scheme == scheme] if scheme else [])]
        with self._database.read() as conn:
            return scoring_rows(conn, *where, limit=limit)

    def of_month(self, actor: Actor | None, scheme: str, month: date, area: str = "") -> ScoringRow | None:
        """The scoring that stands of a month."""
        person = require(actor, *READERS)
        where = [scorings.c.scheme == scheme, scorings.c.month == Month.of(month).first, scorings.c.area == area,
                 scorings.c.span == MONTH]
        with self._database.read() as conn:
            found = scoring_rows(conn, *_visible(person), *where)
        return found[0] if found else None

    def of_period(self, actor: Actor | None, scheme: str, year: int, half: int = 0, area: str = "") -> ScoringRow | None:
        """The scoring that stands of a half-year or year. Raises InvalidInput."""
        person, (first, _) = require(actor, *READERS), span_of(year, half)
        s = scorings.c
        where = [s.scheme == scheme, s.month == day_of(first), s.area == area, s.span == span_name(half)]
        with self._database.read() as conn:
            found = scoring_rows(conn, *_visible(person), *where)
        return found[0] if found else None

    def find(self, number: int, actor: Actor | None) -> ScoringRow:
        """Raises NotFound, also for one he may not see."""
        person = require(actor, *READERS)
        with self._database.read() as conn:
            found = scoring_rows(conn, scorings.c.id == number, *_visible(person))
        if not found:
            raise NotFound("scoring_not_found", id=number)
        return found[0]

    def departments(self, number: int, actor: Actor | None) -> list[DepartmentRow]:
        """The rows of a scoring this person may see, by place."""
        found, person = self.find(number, actor), require(actor, *READERS)
        with self._database.read() as conn:
            return department_rows(conn, score_rows.c.scoring_id == found.id, *self._rows_of(person))

    def department(self, number: int, org: str, actor: Actor | None) -> tuple[DepartmentRow, list[Line]]:
        """A department with its lines; of others than his own a department user gets none. Raises NotFound."""
        found, person = self.find(number, actor), require(actor, *READERS)
        if person.only_org not in (None, org):
            raise NotFound("score_not_found", id=number, org=org[:64])
        with self._database.read() as conn:
            rows = department_rows(conn, score_rows.c.scoring_id == found.id, score_rows.c.org == org, *self._rows_of(person))
            lines = lines_of(conn, number, org)
        if not rows:
            raise NotFound("score_not_found", id=number, org=org[:64])
        return rows[0], lines

    def course(self, actor: Actor | None, scheme: str, org: str, area: str = "",
               months: int = 12) -> list[tuple[ScoringRow, DepartmentRow]]:
        """The last published months of a department, the newest first; of others than his own a department user gets none."""
        person = require(actor, *READERS)
        if person.only_org not in (None, org):
            return []
        where = [scorings.c.scheme == scheme, scorings.c.area == area, scorings.c.span == MONTH,
                 scorings.c.state.in_(PUBLISHED)]
        with self._database.read() as conn:
            found = scoring_rows(conn, *_visible(person), *where, limit=months)
            rows = {row.scoring_id: row for row in department_rows(
                conn, score_rows.c.org == org, score_rows.c.scoring_id.in_([one.id for one in found]), *self._rows_of(person))}
        return [(one, rows[one.id]) for one in found if one.id in rows]

    def appeals(self, actor: Actor | None, number: int | None = None, *, org: str = "",
                waiting: bool = False) -> list[AppealRow]:
        """Appeals he may see, those that wait first."""
        person = require(actor, *READERS)
        a = score_appeals.c
        own = person.only_org
        where: list[Any] = [scorings.c.id == a.scoring_id, *_visible(person), *([a.org == own] if own is not None else []),
                            *([a.scoring_id == number] if number is not None else []), *([a.org == org] if org else []),
                            *([a.state == "filed"] if waiting else [])]
        with self._database.read() as conn:
            found = conn.execute(select(*_APPEAL).where(*where).order_by(a.state != "filed", a.id.desc()).limit(LISTED))
            return [AppealRow(*row) for row in found]

    def case_numbers(self, keys: Iterable[str]) -> dict[int, str]:
        """The numbers of the cases of these cards (`card:1`), of those that are about a case; for lines the person sees."""
        ids = sorted({int(key.removeprefix("card:")) for key in keys if key.startswith("card:")})
        with self._database.read() as conn:
            found = look_up(conn, ("id", "case_no"), cards, "id", ids)
            return {number: case_no for number, case_no in found if case_no}

    def entries(self, actor: Actor | None, scheme: str, first: date, last: date, *, org: str = "") -> list[EntryRow]:
        """What was entered by hand for these days, the newest first, with what was taken back. A department user sees what was
        entered of his unit once a published scoring names it; what counts by the year at once, since no month does."""
        person = require(actor, *READERS)
        e, own = score_entries.c, person.only_org
        where = [e.scheme == scheme, e.day.between(day_of(first), day_of(last)), *([e.org == org] if org else []),
                 *([e.org == own] if own is not None else []), *([e.area == person.area] if person.area else [])]
        with self._database.read() as conn:
            found = [EntryRow(*row) for row in conn.execute(select(*_ENTRY).where(*where).order_by(e.id.desc()).limit(LISTED))]
            named = self._named(conn, own) if own is not None else set()
            yearly = _yearly(conn, scheme) if own is not None else frozenset()
        return found if own is None else [entry for entry in found if entry.rule in yearly or f"entry:{entry.id}" in named]

    def over_period(self, actor: Actor | None, scheme: str, year: int, half: int = 0, area: str = "") -> PeriodScores:
        """Half-year (1, 2) or year (0) of a scheme: the mean of the months published so far; discipline is taken by the year.
        Raises InvalidInput, NotFound when no month was published."""
        person = require(actor, *READERS)
        first, last = span_of(year, half)
        with self._database.read() as conn:
            months = months_of(conn, scheme, area, year, half, scorings.c.state.in_(PUBLISHED), *_visible(person))
            if not months:
                raise NotFound("score_period_empty", scheme=scheme[:64], year=year)
            scores, rows = over(conn, months, scheme, year, half)
        places = ranked({org: score.total for org, score in scores.items()})
        known = {row.org: row.area for row in rows}
        seen = [(_of_own(scores[org], person), places.get(org)) for org in known if self._sees(person, org, known[org])]
        names = tuple(sorted(date_of(one.month).isoformat()[:7] for one in months))
        ordered = sorted(seen, key=lambda one: (one[1] is None, one[1] or 0, one[0].org))
        return PeriodScores(scheme, first.isoformat(), last.isoformat(), names, 6 if half else 12, tuple(ordered))

    def _rows_of(self, person: Actor) -> list[Any]:
        own = None if self._sees_others else person.only_org
        return [*([score_rows.c.org == own] if own is not None else []),
                *([score_rows.c.area == person.area] if person.area else [])]

    def _sees(self, person: Actor, org: str, area: str) -> bool:
        return person.area in ("", area) and (self._sees_others or person.only_org in (None, org))

    @staticmethod
    def _named(conn: Connection, org: str) -> set[str]:
        ids = conn.scalars(select(scorings.c.id).where(scorings.c.state.in_(("published", "frozen")))).all()
        return {key for number in ids for line in lines_of(conn, number, org) for key in line.evidence}


def _yearly(conn: Connection, scheme: str) -> frozenset[str]:
    """Rules that count by the year, of every version that was published."""
    s = scorings.c
    found = scoring_rows(conn, s.scheme == scheme, s.state.in_(("published", "frozen")))
    return frozenset(code for one in found for code, rule in one.rules.rules.items()
                     if isinstance(rule, ManualRule) and rule.yearly)


def _of_own(score: Score, person: Actor) -> Score:
    """Lines are for the department itself and those who watch it; the others' are never given, nor what they are made of."""
    return score if person.only_org in (None, score.org) else msgspec.structs.replace(score, lines=())


def _visible(person: Actor) -> Sequence[Any]:
    states = ("published", "frozen") if person.only_org is not None else ("proposed", "published", "frozen")
    return [scorings.c.state.in_(states), *([scorings.c.area.in_(("", person.area))] if person.area else [])]
