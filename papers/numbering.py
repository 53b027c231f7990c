"""发文字号: one series per word before the number, kind and year, without a gap and without a number given twice."""

from __future__ import annotations

from sqlalchemy import Connection, text

from core.statements import Statement

_TAKE = Statement(text("INSERT INTO paper_numbers (series, kind, year, last) VALUES (:series, :kind, :year, 1) "
                       "ON CONFLICT (series, kind, year) DO UPDATE SET last = paper_numbers.last + 1 RETURNING last"))


def take_number(conn: Connection, series: str, kind: str, year: int) -> int:
    """The next number of the series, counted in the caller's transaction: it is given out when that commits.

    The row is locked until then, so two issuers at the same moment wait for each other; a rollback gives the number back.
    """
    return int(_TAKE.value(conn, series=series, kind=kind, year=year))


def written(prefix: str, year: int, place: int) -> str:
    """新监督〔2026〕3号: the year in six-cornered brackets, no 第 and no leading zero (GB/T 9704 7.2.5)."""
    return f"{prefix}〔{year}〕{place}号"
