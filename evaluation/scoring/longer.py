"""Half-years and years read from the months they rest on: as they would be, and again where an appeal gave points back."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from config.scoring import Scheme
from core.errors import InvalidInput
from core.instants import date_of, day_of
from evaluation.scoring.calculation import Score
from evaluation.scoring.facts import EntryFact
from evaluation.scoring.gathering import entries_of
from evaluation.scoring.grading import Line
from evaluation.scoring.models import score_rows, scorings
from evaluation.scoring.rows import HALF, MONTH, YEAR, DepartmentRow, ScoringRow, department_rows, lines_of, scoring_rows
from evaluation.scoring.yearly import MonthScore, over_months, summed

PUBLISHED = ("published", "frozen")


def span_of(year: int, half: int) -> tuple[date, date]:
    """First and last day. Raises InvalidInput."""
    if half not in (0, 1, 2) or not 1970 <= year <= 2199:
        raise InvalidInput("score_period_invalid", year=year, half=half)
    first, last = {0: (1, 12), 1: (1, 6), 2: (7, 12)}[half]
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])


def half_of(scoring: ScoringRow) -> int:
    """1 or 2 of a half-year, 0 of a year."""
    return 0 if scoring.span == YEAR else 1 + (date_of(scoring.month).month > 6)


def span_name(half: int) -> str:
    return HALF if half else YEAR


def months_of(conn: Connection, scheme: str, area: str, year: int, half: int, *conditions: Any) -> list[ScoringRow]:
    """The scorings of months of that span, the newest first."""
    first, last = span_of(year, half)
    s = scorings.c
    return scoring_rows(conn, s.scheme == scheme, s.area == area, s.span == MONTH,
                        s.month.between(day_of(first), day_of(last)), *conditions)


def over(conn: Connection, months: Sequence[ScoringRow], scheme: str, year: int,
         half: int) -> tuple[dict[str, Score], list[DepartmentRow]]:
    """(the scores these months make by department, the rows they are made of). What was entered for the year is taken from the
    year; a half-year carries what was entered for its days."""
    first, last = span_of(year, half)
    rows = department_rows(conn, score_rows.c.scoring_id.in_([one.id for one in months]))
    entries = entries_of(conn, scheme, day_of(first), day_of(last))
    return _over({one.id: one.rules for one in months}, months[0].rules, rows, entries, takes=not half), rows


def again(conn: Connection, scoring: ScoringRow, org: str, lines: Sequence[Line]) -> Score:
    """A department's longer score with these lines, on the months it was published with."""
    rows = department_rows(conn, score_rows.c.scoring_id.in_(scoring.months), score_rows.c.org == org)
    rules = {one.id: one.rules for one in scoring_rows(conn, scorings.c.id.in_(scoring.months))}
    return summed(scoring.rules, org, _months(rules, rows), lines, takes=scoring.span == YEAR)


def present_of(conn: Connection, scoring: ScoringRow) -> dict[str, int | None]:
    """What months and entries say today about a longer scoring, with its granted appeals, in hundredths."""
    year, half = date_of(scoring.month).year, half_of(scoring)
    months = months_of(conn, scoring.scheme, scoring.area, year, half, scorings.c.state.in_(PUBLISHED))
    if not months:
        return {}
    scores, rows = over(conn, months, scoring.scheme, year, half)
    rules = {one.id: one.rules for one in months}
    return {org: _with_appeals(scoring, score, lines_of(conn, scoring.id, org), _months(
        rules, [row for row in rows if row.org == org])) for org, score in scores.items()}


def _with_appeals(scoring: ScoringRow, score: Score, kept: Sequence[Line], months: Sequence[MonthScore]) -> int | None:
    won = {kept[line.of].evidence for line in kept if line.of is not None}
    left = [line for line in score.lines if line.evidence not in won]
    if len(left) == len(score.lines):
        return score.total
    return summed(scoring.rules, score.org, months, left, takes=scoring.span == YEAR).total


def _over(rules: Mapping[int, Scheme], scheme: Scheme, rows: Sequence[DepartmentRow],
          entries: Mapping[str, Sequence[EntryFact]], *, takes: bool) -> dict[str, Score]:
    """By department; a month in which nothing happened is none of its months. `rules` are those of each scoring, `scheme` the
    newest of them."""
    by_org: dict[str, list[DepartmentRow]] = {row.org: [] for row in rows}
    for row in rows:
        by_org[row.org].append(row)
    return {org: over_months(scheme, org, _months(rules, of_org), entries.get(org, ()), takes=takes)
            for org, of_org in by_org.items()}


def _months(rules: Mapping[int, Scheme], rows: Sequence[DepartmentRow]) -> list[MonthScore]:
    return [MonthScore({code: (part.points, part.top) for code, part in row.parts.items()}, row.bonus,
                       tuple(rules[row.scoring_id].vetoes[number] for number in row.vetoes))
            for row in rows if row.total is not None]
