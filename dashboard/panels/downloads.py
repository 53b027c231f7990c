"""A table that is taken away as a file."""

from __future__ import annotations

from flask import Response

from evaluation.spreadsheets import CSV_TYPE, XLSX_TYPE, Sheet, as_csv, as_xlsx


def as_file(made: Sheet, stem: str, kind: str) -> Response:
    """The table as `csv` or `xlsx`, named `stem`."""
    content, mimetype = (as_csv(made), CSV_TYPE) if kind == "csv" else (as_xlsx([made]), XLSX_TYPE)
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={stem}.{kind}"
    return response
