"""The figures of a month are told once they have settled: so many days after its end, when late events have come in.

They leave the house, so ratings of too few are kept back as in bulletins (evaluation/small_numbers.py): an area tells none,
since the bulletin tells those of its departments; everything tells them where its total may be told beside those.

Which months were told is kept in the database, so that each is told once, whoever tells it and whatever dies meanwhile. An
installation that begins to tell begins with the last month that has settled, not with all it ever had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from core.access import SYSTEM
from core.clock import Clock
from core.unit_of_work import UnitOfWorkFactory
from evaluation.period import Basis, Figure, Period
from evaluation.queries import IndicatorQueries
from evaluation.small_numbers import SMALL, kept_back
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.models import webhook_months
from evaluation.webhooks.service import Webhooks

MONTHS_MOST = 24  # told in one look after a long rest


@dataclass(frozen=True, slots=True)
class MonthParts:
    """`today` is the business day of the default area; `areas` the codes there are; `base_url` leads to the interface;
    `least` is the number of ratings below which none are told."""

    units: UnitOfWorkFactory
    machine: Clock
    queries: IndicatorQueries
    webhooks: Webhooks
    today: Callable[[], date]
    areas: Callable[[], Iterable[str]]
    base_url: str
    least: int


class MonthCloser:
    """`settled_days`: days after its end at which a month's figures are taken for settled."""

    def __init__(self, parts: MonthParts, settled_days: int) -> None:
        self._parts, self._settled_days = parts, settled_days

    def work(self) -> list[str]:
        """Tell every month that has settled and was not told; a job. Returns them, as 2026-03."""
        due = self._due()
        for month in due:
            self._tell(month)
        return [_name(month) for month in due]

    def _due(self) -> list[date]:
        """First days of months, the earliest first."""
        last = _first_of(_first_of(self._parts.today() - timedelta(days=self._settled_days)) - timedelta(days=1))
        with self._parts.units.database.read() as conn:
            told = conn.execute(select(func.max(webhook_months.c.month))).scalar_one()
        if told is None:
            return [last]
        found: list[date] = []
        month = _after(date.fromisoformat(f"{told}-01"))
        while month <= last and len(found) < MONTHS_MOST:
            found.append(month)
            month = _after(month)
        return found

    def _tell(self, month: date) -> None:
        period = Period(month, _after(month) - timedelta(days=1))
        events = [("", f"figures/{_name(month)}"), *((area, f"figures/{_name(month)}/areas/{area}")
                                                     for area in self._parts.areas())]
        data = {area: self._data(period, area) for area, _ in events}
        with self._parts.units() as uow:
            row = select(webhook_months.c.month).where(webhook_months.c.month == _name(month))
            if uow.conn.execute(row).first() is not None:
                return  # another worker was first
            uow.conn.execute(insert(webhook_months).values(month=_name(month), told_at=self._parts.machine.now_us()))
            for area, subject in events:
                self._parts.webhooks.publish(uow, EventType.MONTH_CLOSED, subject, data[area], area=area)

    def _data(self, period: Period, area: str) -> dict[str, Any]:
        queries, hidden = self._parts.queries, self._kept_back(period, area)
        figures = queries.figures(SYSTEM, period, "none", list(queries.indicators.indicators), area=area, basis=Basis.EVENT)
        first, last = period.first.isoformat(), period.last.isoformat()
        narrowed = f"&area={area}" if area else ""
        link = f"{self._parts.base_url}/api/v1/figures?from={first}&to={last}&by=org{narrowed}"
        return {"month": first[:7], "from": first, "to": last, "basis": Basis.EVENT.word, "area": area,
                "catalogue": queries.indicators.version, "figures": {one.indicator: _plain(one, hidden) for one in figures},
                "departments": link}

    def _kept_back(self, period: Period, area: str) -> frozenset[str]:
        """The base figures that are not told."""
        if area:
            return frozenset(SMALL)
        units = self._parts.queries.totals(SYSTEM, period, "org", SMALL)
        return kept_back(units, self._parts.least).of_all


def _plain(figure: Figure, hidden: frozenset[str]) -> dict[str, Any]:
    """All null where it is made of a figure that is kept back."""
    if not hidden.isdisjoint(figure.base):
        return {"value": None, "numerator": None, "denominator": None, "is_small": True}
    return {"value": figure.value, "numerator": figure.numerator, "denominator": figure.denominator,
            "is_small": figure.is_small}


def _first_of(day: date) -> date:
    return day.replace(day=1)


def _after(month: date) -> date:
    return _first_of(month + timedelta(days=31))


def _name(month: date) -> str:
    return month.isoformat()[:7]
