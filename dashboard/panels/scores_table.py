"""Departments by place: total, grade, every part as number and bar, bonus, what changed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from dash import dcc, html

from config.scoring import Scheme, hundredths
from core.instants import date_of
from dashboard.panels.scores_view import View
from dashboard.panels.scores_wish import month_text
from dashboard.panels.tables import grid
from dashboard.words import Words
from evaluation.scoring.calculation import PartScore
from evaluation.scoring.rows import DepartmentRow, ScoringRow
from evaluation.scoring.wording import number_of, signed, total_of

OrgName = Callable[[str], str]
FEW = 20  # cases: a score that rests on fewer says so


def table(view: View, name: OrgName, t: Words) -> Any:
    """A row for each department with a score; those without one in a sentence below."""
    scored = [row for row in view.rows if row.total is not None]
    if not scored:
        return html.P(t(f"scores_page.none_{'open' if view.state == 'none' else 'yet'}"), className="case-none")
    body = [_row(row, view, name, t) for row in scored]
    without = [name(row.org) for row in view.rows if row.total is None]
    made = html.Table([html.Thead(html.Tr(_heads(view, t))), html.Tbody(body)], className="grid scores-grid")
    words = t("scores_page.unscored", n=len(without), names="、".join(without))
    return html.Div([html.Div(made, className="scores-scroll"),
                     *([html.P(words, className="panel-note")] if without else [])])


def grade_chip(scheme: Scheme, code: str | None, t: Words) -> Any:
    """The grade; the first good, the last bad."""
    if code is None:
        return html.Span("—", className="is-quiet")
    codes = [grade.code for grade in scheme.grades]
    label = next((grade.label.in_language(t.language) for grade in scheme.grades if grade.code == code), code)
    tone = "best" if code == codes[0] else "worst" if code == codes[-1] else "between"
    return html.Span(label, className=f"chip score-grade is-{tone}")


def course(view: View, months: Sequence[tuple[ScoringRow, DepartmentRow]], t: Words) -> Any:
    """The department opened over the last published months, the newest first."""
    if len(months) < 2:
        return None
    rows = [html.Tr([html.Td(dcc.Link(month, href=view.wish.address(month=month, year="", half=""), refresh=False)),
                     html.Td(total_of(row.total), className="num right"), html.Td(grade_chip(scoring.rules, row.grade, t)),
                     html.Td(str(row.place or "—"), className="num right")])
            for scoring, row in months for month in (month_text(date_of(scoring.month)),)]
    heads = [t("scores_page.month"), t("scores_page.total"), t("scores_page.grade"), t("scores_page.place")]
    return html.Section([html.H3(t("scores_page.course")), grid(heads, rows, right=(1, 3))], className="scores-course")


def _heads(view: View, t: Words) -> list[html.Th]:
    words = t.language
    parts = [html.Th([part.label.in_language(words), html.Small(number_of(hundredths(part.points)))], scope="col",
                     className="right") for part in view.scheme.parts.values()]
    first = [html.Th(t("scores_page.place"), scope="col", className="right"), html.Th(t("scores_page.department"), scope="col"),
             html.Th(t("scores_page.total"), scope="col", className="right"), html.Th(t("scores_page.grade"), scope="col")]
    return [*first, *parts, html.Th(t("scores_page.bonus"), scope="col", className="right")]


def _row(row: DepartmentRow, view: View, name: OrgName, t: Words) -> html.Tr:
    link = dcc.Link(name(row.org), href=view.wish.address(org=row.org), refresh=False)
    few = [html.Small(t("scores_page.few", n=row.accepted))] if view.state != "period" and row.accepted < FEW else []
    cells = [html.Td([str(row.place or "—"), _moved(row, view, t)], className="num right score-place"),
             html.Th([link, *few], scope="row"),
             html.Td([html.Strong(total_of(row.total)), *_differs(row, view, t)], className="num right score-total"),
             html.Td([grade_chip(view.scheme, row.grade, t), *_vetoed(row, view.scheme, t)]),
             *(part_cell(row.parts.get(code), t, part.floor) for code, part in view.scheme.parts.items()),
             html.Td(signed(row.bonus) if row.bonus else "0", className="num right")]
    return html.Tr(cells, className="is-chosen" if row.org == view.wish.org else "")


def _vetoed(row: DepartmentRow, scheme: Scheme, t: Words) -> list[html.Small]:
    """That a veto holds, with its clause on hover."""
    names = vetoes_named(row, scheme, t)
    return [html.Small(t("scores_page.veto_head"), className="score-vetoed", title="；".join(names))] if names else []


def vetoes_named(row: DepartmentRow, scheme: Scheme, t: Words) -> list[str]:
    """The clauses that hold, by their names."""
    return [scheme.vetoes[number].label.in_language(t.language) for number in row.vetoes if number < len(scheme.vetoes)]


def part_cell(part: PartScore | None, t: Words, floor: Decimal = Decimal(0)) -> html.Td:
    """The points over a bar of what is left; "—" for what nobody graded, which has them all."""
    if part is None:
        return html.Td("—", className="num right is-quiet")
    if not part.is_graded:
        return html.Td("—", className="num right is-quiet", title=t("scores_page.ungraded", points=number_of(part.top)))
    share = part.points / part.top * 100 if part.top else 100
    bar = html.I(html.I(style={"width": f"{share:.1f}%"}), className="score-bar", **{"aria-hidden": "true"})
    told = t("scores_page.on_floor", floor=number_of(part.points)) if floor and part.points <= hundredths(floor) else None
    return html.Td([html.Span(number_of(part.points)), bar], title=told,
                   className="num right" + ("" if part.points == part.top else " is-less"))


def _moved(row: DepartmentRow, view: View, t: Words) -> Any:
    """How far it moved against the month before."""
    before = view.before.get(row.org)
    if before is None or row.place is None or before == row.place:
        return None
    by = before - row.place
    return html.Small(f"{'▲' if by > 0 else '▼'}{abs(by)}", className="score-up" if by > 0 else "score-down",
                      title=t("scores_page.place_before", place=before))


def _differs(row: DepartmentRow, view: View, t: Words) -> list[Any]:
    """What the record says today, where it is not what was published."""
    if row.org not in view.present:
        return []
    return [html.Small(t("scores_page.present", total=total_of(view.present[row.org])), className="score-present")]
