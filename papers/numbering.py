"""发文字号: one series per issuer, kind and year, without a gap and without a number given twice."""

from __future__ import annotations

from sqlalchemy import Connection, select, text, update

from papers.models import paper_numbers

_FIRST = text("INSERT INTO paper_numbers (issuer, kind, year, last) VALUES (:issuer, :kind, :year, 0) ON CONFLICT DO NOTHING")


def take_number(conn: Connection, issuer: str, kind: str, year: int) -> int:
    """The next number of the series, counted in the caller's transaction: it is given out when that commits.

    The row is locked until then, so two issuers at the same moment wait for each other; a rollback gives the number back.
    """
    series = {"issuer": issuer, "kind": kind, "year": year}
    conn.execute(_FIRST, series)
    n = paper_numbers.c
    is_series = (n.issuer == issuer) & (n.kind == kind) & (n.year == year)
    conn.execute(update(paper_numbers).where(is_series).values(last=n.last + 1))
    return int(conn.execute(select(n.last).where(is_series)).scalar_one())


def written(prefix: str, year: int, place: int) -> str:
    """新监督〔2026〕3号: the year in six-cornered brackets, no 第 and no leading zero (GB/T 9704 7.2.5)."""
    return f"{prefix}〔{year}〕{place}号"
