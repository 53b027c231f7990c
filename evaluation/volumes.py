"""What units say they handled, beside what the record has of the same days (系统量/真实量).

Only spans a unit reported count, each once: of spans that overlap, the longest. The record's side is the cases accepted by the
unit within the span, so that both are of the same days whatever the period.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

from alerts.detectors.models import reported_volumes
from evaluation.models import VOLUME_FIGURES, figure_days
from evaluation.period import Basis, By, first_of_month
from evaluation.scope import Scope

OWN_FIGURE = "own_figure"
_REPORTED, _RECORDED = VOLUME_FIGURES
Counts = dict[str, int]


class _Span(NamedTuple):
    area: str
    org: str
    first: int
    last: int
    reported: int
    recorded: int


class Volumes:
    """Reads them."""

    figures = frozenset(VOLUME_FIGURES)
    stands = False

    def asks(self, scope: Scope, by: By, names: Collection[str]) -> bool:
        """Whether they are asked for; a report knows neither item nor channel."""
        return by in ("none", "org", "area", "day", "month") and not scope.items and not self.figures.isdisjoint(names)

    def totals(self, conn: Connection, scope: Scope, by: By, _names: Collection[str]) -> dict[Any, Counts]:
        """The figures by place ("" for all of them); a span that is longer than a day or month is in none."""
        found: dict[Any, Counts] = {}
        for span in _apart(_read(conn, scope)):
            for place in _places(span, by):
                known = found.setdefault(place, dict.fromkeys(VOLUME_FIGURES, 0))
                known[_REPORTED] += span.reported
                known[_RECORDED] += span.recorded
        return found


def _read(conn: Connection, scope: Scope) -> list[_Span]:
    """Spans within the period, the longest of each unit first."""
    r, d = reported_volumes.c, figure_days.c
    same = and_(d.basis == int(Basis.EVENT), d.area == r.area, d.org == r.org, d.day.between(r.first_day, r.last_day))
    key = (r.area, r.org, r.first_day, r.last_day, r.amount)
    where = [r.kind == OWN_FIGURE, r.first_day >= scope.first, r.last_day <= scope.last]
    where += [r.org.in_(scope.orgs)] if scope.orgs is not None else []
    where += [r.area.in_(scope.areas)] if scope.areas is not None else []
    statement = select(*key, func.coalesce(func.sum(d.accepted), 0)).select_from(reported_volumes.outerjoin(figure_days, same))
    rows = conn.execute(statement.where(*where).group_by(*key)).all()
    spans = [_Span(*row[:5], int(row[5])) for row in rows]
    return sorted(spans, key=lambda one: (one.area, one.org, one.first - one.last, one.first))


def _apart(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Those that do not lie over one of the same unit told before."""
    for _unit, own in groupby(spans, key=lambda one: one[:2]):
        kept: list[_Span] = []  # in the order of their days: what lies over a span is next to its place
        for span in own:
            at = bisect_left(kept, span.first, key=lambda one: one.last)
            if at == len(kept) or kept[at].first > span.last:
                kept.insert(at, span)
                yield span


def _places(span: _Span, by: By) -> list[Any]:
    if by == "day":
        return [span.first] if span.first == span.last else []
    if by == "month":
        return [span.first] if first_of_month(span.first) == first_of_month(span.last) else []
    return [{"org": span.org, "area": span.area}.get(by, "")]
