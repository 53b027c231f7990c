"""Reads the figures of a month, by the same queries as every screen, so that no two of them can differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from core.access import SYSTEM
from core.errors import Conflict
from evaluation.bulletins.figures import (
    CARDS,
    COUNTED,
    Counts,
    Figures,
    MonthFigures,
    MonthScores,
    Place,
    UnitFigures,
    month_before,
    month_of,
    name_of,
)
from evaluation.bulletins.suppression import suppressed
from evaluation.comparison import Comparison, Question, Row
from evaluation.models import FIGURES
from evaluation.period import Basis, Period
from evaluation.queries import IndicatorQueries

TREND_MONTHS = 13  # the month, and the twelve before it: the same month of last year stands at the beginning


@dataclass(frozen=True, slots=True)
class GatheringRules:
    """The indicator that ranks departments, and the number of ratings below which none are told."""

    rank_by: str
    least: int


class Gathering:
    """`listed(area)` are the departments there are, by code, with their names; `today(area)` the date there."""

    def __init__(self, queries: IndicatorQueries, comparison: Comparison, listed: Callable[[str], Mapping[str, str]],
                 today: Callable[[str], date], rules: GatheringRules,
                 scores: Callable[[str, date], MonthScores | None]) -> None:
        self._queries, self._comparison, self._listed, self._today = queries, comparison, listed, today
        self._scores = scores
        self.rules = rules

    def figures(self, area: str, area_name: str, month: str, now_us: int) -> Figures:
        """The figures as a bulletin tells them, small numbers left out, with the scores that are told.

        Raises InvalidInput (`bulletin_month_unreadable`), Conflict (`bulletin_month_not_over`, `bulletin_month_empty`),
        NotFound for a scheme of scores that nobody knows.
        """
        counted = self.counted(area, area_name, month, now_us)
        scores = self._scores(area, month_of(month).first)
        return counted if scores is None else msgspec.structs.replace(counted, scores=scores)

    def counted(self, area: str, area_name: str, month: str, now_us: int) -> Figures:
        """The same without scores: those that were told are frozen, so nothing can be found of them later that differs.

        Raises InvalidInput (`bulletin_month_unreadable`), Conflict (`bulletin_month_not_over`, `bulletin_month_empty`,
        `figures_counted_anew`).
        """
        period = month_of(month)
        if self._today(area) <= period.last:
            raise Conflict("bulletin_month_not_over", month=month, first=(period.last + timedelta(days=1)).isoformat())
        self._queries.check_whole()
        first = self._queries.first_day(SYSTEM, area)
        if first is None or first > period.last:
            raise Conflict("bulletin_month_empty", month=month)
        return suppressed(self._gathered(area, area_name, month, first, now_us))

    def _gathered(self, area: str, area_name: str, month: str, first: date, now_us: int) -> Figures:
        period = month_of(month)
        earlier = month_of(month_before(period.first))
        is_comparable = first <= earlier.first
        return Figures(
            area=area, area_name=area_name, month=month, as_of=now_us, version=self._queries.indicators.version,
            rank_by=self.rules.rank_by, least=self.rules.least, counts=self._all(period, area),
            before=self._all(earlier, area) if is_comparable else {},
            cards_by_acceptance=self._all(period, area, Basis.ACCEPTANCE, CARDS),
            units=self._units(period, earlier if is_comparable else None, area), trend=self._trend(period, area, first),
            begins=first.isoformat() if first > period.first else "")

    def _all(self, period: Period, area: str, basis: Basis = Basis.EVENT, names: tuple[str, ...] = COUNTED) -> Counts:
        found = self._queries.totals(SYSTEM, period, "none", names, area=area, basis=basis)
        return found.get("", dict.fromkeys(names, 0))

    def _units(self, period: Period, earlier: Period | None, area: str) -> tuple[UnitFigures, ...]:
        now = self._queries.totals(SYSTEM, period, "org", COUNTED, area=area)
        accepted = self._queries.totals(SYSTEM, period, "org", CARDS, area=area, basis=Basis.ACCEPTANCE)
        before = {} if earlier is None else self._queries.totals(SYSTEM, earlier, "org", FIGURES, area=area)
        rows = self._placed(period, area)
        names = {**{org: self._queries.org_name(org) for org in {*now, *accepted, *before}}, **self._listed(area)}
        return tuple(_unit(org, name, now.get(org), accepted.get(org), None if earlier is None else before.get(org, {}),
                           rows.get(org)) for org, name in sorted(names.items(), key=lambda one: _order(one, now)))

    def _placed(self, period: Period, area: str) -> dict[str, Row]:
        table = self._comparison.side_by_side(SYSTEM, Question(period, self.rules.rank_by, area=area), ())
        return {row.key: row for row in table.rows}

    def _trend(self, period: Period, area: str, first: date) -> tuple[MonthFigures, ...]:
        """Whole months only, and the one told of in any case."""
        months = [period.first]
        while len(months) < TREND_MONTHS and month_of(month_before(months[0])).first >= first:
            months.insert(0, month_of(month_before(months[0])).first)
        found = self._queries.totals(SYSTEM, Period(months[0], period.last), "month", FIGURES, area=area)
        nothing = dict.fromkeys(FIGURES, 0)
        return tuple(MonthFigures(name_of(day), found.get(name_of(day), nothing)) for day in months)


def _order(unit: tuple[str, str], now: Mapping[str, Counts]) -> tuple[int, str]:
    """The busiest first, as tables list them."""
    org, name = unit
    return -now.get(org, {}).get("accepted", 0), name


def _unit(org: str, name: str, now: Counts | None, accepted: Counts | None, before: Counts | None,
          row: Row | None) -> UnitFigures:
    place = None if row is None or row.ranked is None else Place(row.ranked.rank, row.ranked.best, row.ranked.worst)
    band = None if row is None else row.band
    return UnitFigures(
        org=org, name=name, counts=now or dict.fromkeys(COUNTED, 0),
        before={} if before is None else {**dict.fromkeys(FIGURES, 0), **before},
        cards_by_acceptance=accepted or dict.fromkeys(CARDS, 0), place=place,
        low=None if band is None else band.low, high=None if band is None else band.high, zone=0 if row is None else row.zone)
