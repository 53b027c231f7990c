"""The scores as a table for a spreadsheet: what is on the screen. Pure."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.panels.scores_table import vetoes_named
from dashboard.panels.scores_view import View
from dashboard.panels.scores_wish import month_text
from dashboard.words import Words
from evaluation.scoring.rows import DepartmentRow
from evaluation.spreadsheets import Sheet, Value

POINTS = "0.00"


def sheet(view: View, name: Callable[[str], str], standing: str, t: Words) -> Sheet:
    """One line per department; a part nobody graded is empty, though it has all its points."""
    words = t.language
    parts = [part.label.in_language(words) for part in view.scheme.parts.values()]
    heads = [t("scores_page.place"), t("scores_page.department"), t("scores_page.total"), t("scores_page.grade"), *parts,
             t("scores_page.bonus"), t("scores_page.cases"), t("scores_page.present_head"), t("scores_page.veto_head")]
    formats = ["0", "", POINTS, "", *(POINTS for _ in parts), POINTS, "#,##0", POINTS, ""]
    title = view.scheme.name.in_language(words)
    longer = f"{view.months[0]} – {view.months[-1]}" if view.months else ""
    period = view.scoring.period if view.scoring else month_text(view.wish.month) if view.wish.year is None else longer
    return Sheet(title, [f"{title} · {period}", standing], heads, [_row(row, view, name, t) for row in view.rows], formats)


def _row(row: DepartmentRow, view: View, name: Callable[[str], str], t: Words) -> list[Value]:
    grade = next((one.label.in_language(t.language) for one in view.scheme.grades if one.code == row.grade), "")
    parts: list[Value] = [part.points / 100 if (part := row.parts.get(code)) is not None and part.is_graded else None
                          for code in view.scheme.parts]
    present = view.present.get(row.org, row.total)
    return [row.place, name(row.org), _points(row.total), grade, *parts, row.bonus / 100,
            None if view.state == "period" else row.accepted, _points(present), "；".join(vetoes_named(row, view.scheme, t))]


def _points(hundredths: int | None) -> Value:
    return None if hundredths is None else hundredths / 100
