"""A table that is taken away as a file."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import Any

from flask import Response

from dashboard.words import Words
from evaluation.spreadsheets import CSV_TYPE, XLSX_TYPE, Sheet, as_csv, as_xlsx
from evaluation.table_pictures import as_drawing, rows_that_fit
from papers.chart_pictures import as_png

KINDS = ("csv", "xlsx", "png")
PNG_TYPE = "image/png"
_PAINTING = Lock()  # one at a time: while it is painted, a picture of many rows takes a hundred megabytes


def as_file(services: Any, made: Sheet, stem: str, kind: str, t: Words, behind: Sheet | None = None) -> Response:
    """The table as `csv`, `xlsx` or `png`, named `stem`. `behind` is a second table that explains the first: a sheet of its own
    in Excel, lines above it in CSV. Raises FontsMissing for a picture without fonts."""
    content, mimetype = _made(services, made, kind, t, behind)
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={stem}.{kind}"
    return response


def _made(services: Any, made: Sheet, kind: str, t: Words, behind: Sheet | None) -> tuple[bytes, str]:
    if kind == "xlsx":
        return as_xlsx([made] if behind is None else [made, behind]), XLSX_TYPE
    if kind == "csv":
        return as_csv(made if behind is None else replace(made, words=[*made.words, *_lines(behind)])), CSV_TYPE
    shown = as_drawing(_first(made, services.settings.evaluation.picture_rows_max, t))
    with _PAINTING:
        return as_png(shown, services.follow_up.papers.fonts, smooth=1), PNG_TYPE


def _first(made: Sheet, lines: int, t: Words) -> Sheet:
    """A picture of a longer table has its first rows, and says so."""
    most = rows_that_fit(made, lines)
    if len(made.rows) <= most:
        return made
    cut = t("file_page.picture_cut", n=f"{most:,}", all=f"{len(made.rows):,}")
    return replace(made, words=[*made.words, cut], rows=made.rows[:most])


def _lines(behind: Sheet) -> list[str]:
    """Each row with the heads of its columns."""
    return [" · ".join(f"{head}：{value}" for head, value in zip(behind.heads, row, strict=True) if value not in (None, ""))
            for row in behind.rows]
