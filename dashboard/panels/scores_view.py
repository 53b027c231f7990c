"""One view of the scores, whatever it comes from: a scoring, what a month would have, a half-year or a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from config.scoring import Scheme
from core.access import Actor
from core.errors import NotFound
from dashboard.panels.scores_wish import Wish, neighbour
from evaluation.scoring.calculation import Score, ranked
from evaluation.scoring.grading import Line
from evaluation.scoring.http import PREVIEWERS
from evaluation.scoring.queries import AppealRow
from evaluation.scoring.rows import DepartmentRow, ScoringRow


@dataclass(frozen=True)
class View:
    """`state` is that of the scoring, `preview`, `period` or `none` (nothing for this person to see). `present` are today's
    totals where they differ, `before` the places a month earlier; `lines` and `appeals` those of the department opened."""

    wish: Wish
    scheme: Scheme
    version: int
    state: str
    rows: Sequence[DepartmentRow]
    scoring: ScoringRow | None = None
    months: tuple[str, ...] = ()
    expected: int = 0
    present: Mapping[str, int | None] = field(default_factory=dict)
    before: Mapping[str, int | None] = field(default_factory=dict)
    opened: DepartmentRow | None = None
    lines: Sequence[Line] = ()
    appeals: Sequence[AppealRow] = ()


def view_of(services: Any, wish: Wish, actor: Actor) -> View:
    """What this person sees of that wish."""
    if wish.year is not None:
        return _of_period(services, wish, actor)
    scoring = services.scoring.queries.of_month(actor, wish.scheme, wish.month, wish.area)
    if scoring is not None:
        return _of_scoring(services, wish, actor, scoring)
    in_force = services.scoring.book.in_force(wish.scheme, wish.month)
    if not actor.has(*PREVIEWERS):
        return View(wish, in_force.scheme, in_force.version, "none", ())
    return _of_preview(services, wish, actor, in_force)


def _of_scoring(services: Any, wish: Wish, actor: Actor, scoring: ScoringRow) -> View:
    queries = services.scoring.queries
    rows = queries.departments(scoring.id, actor)
    opened, lines = _opened(queries, scoring.id, wish.org, actor)
    totals = {row.org: row.total for row in rows}
    present = {org: total for org, total in services.scoring.service.present(scoring).items()
               if org in totals and total != totals[org]}
    appeals = queries.appeals(actor, scoring.id)
    before = _places_before(services, wish, actor) if scoring.is_month else {}
    months = tuple(sorted(queries.find(number, actor).period for number in scoring.months))
    return View(wish, scoring.rules, scoring.version, scoring.state, rows, scoring, months=months, present=present,
                before=before, opened=opened, lines=lines, appeals=appeals)


def _of_preview(services: Any, wish: Wish, actor: Actor, in_force: Any) -> View:
    service = services.scoring.service
    scores, facts = service.preview(wish.scheme, in_force.scheme, wish.month, wish.area)
    rows = rows_of(scores, {one.org: one.figures.get("accepted", 0) for one in facts.values()})
    opened = next((row for row in rows if row.org == wish.org), None)
    lines: Sequence[Line] = ()
    if opened is not None:
        own = next(score for score in scores if score.org == wish.org)
        lines = service.opened(in_force.scheme, own, facts[wish.org], wish.month, wish.area).lines
    return View(wish, in_force.scheme, in_force.version, "preview", rows, before=_places_before(services, wish, actor),
                opened=opened, lines=lines)


def _of_period(services: Any, wish: Wish, actor: Actor) -> View:
    scoring = services.scoring.queries.of_period(actor, wish.scheme, wish.year, wish.half, wish.area)
    if scoring is not None:
        return _of_scoring(services, wish, actor, scoring)
    month = date(wish.year or 1970, 1, 1)
    try:
        found = services.scoring.queries.over_period(actor, wish.scheme, wish.year, wish.half, wish.area)
    except NotFound:
        in_force = services.scoring.book.in_force(wish.scheme, month)
        return View(wish, in_force.scheme, in_force.version, "none", (), expected=6 if wish.half else 12)
    rows = rows_of([score for score, _ in found.scores], {}, {score.org: place for score, place in found.scores})
    opened = next((row for row in rows if row.org == wish.org), None)
    lines = next((score.lines for score, _ in found.scores if score.org == wish.org), ())
    in_force = services.scoring.book.in_force(wish.scheme, date.fromisoformat(f"{found.months[-1]}-01"))
    return View(wish, in_force.scheme, in_force.version, "period", rows, months=found.months, expected=found.expected,
                opened=opened, lines=lines)


def rows_of(scores: Sequence[Score], accepted: Mapping[str, int],
            places: Mapping[str, int | None] | None = None) -> list[DepartmentRow]:
    """Scores nobody published, as rows by place; those without one last."""
    given = ranked({score.org: score.total for score in scores}) if places is None else places
    rows = [DepartmentRow(0, score.org, "", accepted.get(score.org, 0), score.total, None, given.get(score.org), score.grade,
                          score.bonus, dict(score.parts), score.vetoes) for score in scores]
    return sorted(rows, key=lambda row: (row.place is None, row.place or 0, row.org))


def _opened(queries: Any, number: int, org: str, actor: Actor) -> tuple[DepartmentRow | None, Sequence[Line]]:
    if not org:
        return None, ()
    try:
        row, lines = queries.department(number, org, actor)
    except NotFound:
        return None, ()
    return row, lines


def _places_before(services: Any, wish: Wish, actor: Actor) -> dict[str, int | None]:
    earlier = services.scoring.queries.of_month(actor, wish.scheme, neighbour(wish.month, -1), wish.area)
    if earlier is None:
        return {}
    return {row.org: row.place for row in services.scoring.queries.departments(earlier.id, actor)}
