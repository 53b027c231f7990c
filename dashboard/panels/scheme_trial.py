"""What-if: the places a past month would have by the edited scheme beside those it has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import html

from config.scoring import Scheme
from dashboard.panels.scores_table import grade_chip
from dashboard.panels.tables import grid
from dashboard.words import Words
from evaluation.scoring.calculation import Score, ranked
from evaluation.scoring.wording import signed, total_of


def trial(before: Sequence[Score], after: Sequence[Score], scheme: Scheme, name: Callable[[str], str], t: Words) -> list[Any]:
    """Departments by their new place, with how far each moves."""
    was = {score.org: score for score in before}
    places, old = ranked({score.org: score.total for score in after}), ranked({score.org: score.total for score in before})
    ordered = sorted((score for score in after if score.total is not None), key=lambda score: (places[score.org], score.org))
    if not ordered:
        return [html.P(t("scores_page.none_yet"), className="case-none")]
    moved = sum(places[score.org] != old.get(score.org) for score in ordered)
    graded = sum(score.grade != was[score.org].grade for score in ordered if score.org in was)
    heads = [t(f"schemes_page.trial.{head}") for head in ("place", "department", "before", "after", "change", "grade")]
    rows = [_row(score, was.get(score.org), places[score.org], old.get(score.org), scheme, name, t) for score in ordered]
    key = "summary" if was else "summary_new"
    return [html.P(t(f"schemes_page.trial.{key}", n=len(ordered), moved=moved, graded=graded), className="scheme-summary"),
            html.Div(grid(heads, rows, "scheme-trial", right=(0, 2, 3, 4)), className="scheme-scroll")]


def _row(score: Score, was: Score | None, place: int, old: int | None, scheme: Scheme, name: Callable[[str], str],
         t: Words) -> html.Tr:
    by = 0 if old is None else old - place
    arrow = html.Small(f" {'▲' if by > 0 else '▼'}{abs(by)}", className="score-up" if by > 0 else "score-down") if by else None
    change = (score.total or 0) - (was.total or 0) if was is not None and was.total is not None else 0
    cells = [html.Td([str(place), arrow], className="num right"), html.Td(name(score.org)),
             html.Td(total_of(was.total if was else None), className="num right is-quiet"),
             html.Td(html.Strong(total_of(score.total)), className="num right"),
             html.Td(signed(change) if change else "", className="num right"), html.Td(grade_chip(scheme, score.grade, t))]
    return html.Tr(cells, className="is-moved" if by else "")
