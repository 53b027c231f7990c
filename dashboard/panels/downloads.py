"""A table that is taken away as a file."""

from __future__ import annotations

from dataclasses import replace

from flask import Response

from evaluation.spreadsheets import CSV_TYPE, XLSX_TYPE, Sheet, as_csv, as_xlsx


def as_file(made: Sheet, stem: str, kind: str, behind: Sheet | None = None) -> Response:
    """The table as `csv` or `xlsx`, named `stem`. `behind` is a second table that explains the first: a sheet of its own in
    Excel, lines above it in a file that has one table only."""
    if kind == "csv":
        content, mimetype = as_csv(made if behind is None else replace(made, words=[*made.words, *_lines(behind)])), CSV_TYPE
    else:
        content, mimetype = as_xlsx([made] if behind is None else [made, behind]), XLSX_TYPE
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={stem}.{kind}"
    return response


def _lines(behind: Sheet) -> list[str]:
    """Each row with the heads of its columns."""
    return [" · ".join(f"{head}：{value}" for head, value in zip(behind.heads, row, strict=True) if value not in (None, ""))
            for row in behind.rows]
