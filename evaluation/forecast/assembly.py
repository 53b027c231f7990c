"""The forecast wired to the rest: built once by `bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cases.areas import Areas
from config.forecast_settings import ForecastSettings
from core.unit_of_work import UnitOfWorkFactory
from evaluation.forecast.queries import ForecastQueries
from evaluation.forecast.service import Forecasting


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What the jobs, the page, the interface and the command line share."""

    service: Forecasting
    queries: ForecastQueries


def build_forecasts(settings: ForecastSettings, units: UnitOfWorkFactory, areas: Areas, catalogue: Any) -> Forecasts:
    """`catalogue` is the one cases are judged by."""
    queries = ForecastQueries(units.database, lambda: units.clock.now_us(), settings.likely, settings.cases_min,
                              is_on=settings.enabled)
    return Forecasts(Forecasting(units, areas, catalogue, settings), queries)
