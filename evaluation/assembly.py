"""Builds everything of the evaluation once; `bootstrap` gives what it needs and keeps what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.indicators import Indicators, load_indicators
from config.texts import Texts
from core.database import Database
from core.errors import ConfigError
from core.working_calendar import WorkingCalendar
from evaluation.comparison import Comparison
from evaluation.models import DUTY_FIGURES, FIGURES
from evaluation.naming import CatalogueNames, Directory
from evaluation.over_time import OverTime
from evaluation.queries import IndicatorQueries


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along."""

    database: Database
    directory: Directory
    texts: Texts
    sees_others: bool
    offset_us: int
    file: Path
    calendar_of: Callable[[str], WorkingCalendar]
    today: Callable[[], date]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The services of the evaluation."""

    indicators: Indicators
    queries: IndicatorQueries
    comparison: Comparison
    over_time: OverTime


def build_evaluation(parts: Parts) -> Evaluation:
    """All services on the parts given."""
    indicators = load_indicators(parts.file)
    _check_figures(indicators.figures)
    names = CatalogueNames(parts.directory, parts.texts)
    queries = IndicatorQueries(parts.database, indicators, names, sees_others=parts.sees_others, offset_us=parts.offset_us)
    return Evaluation(indicators, queries, Comparison(queries, names_others=parts.sees_others),
                      OverTime(queries, parts.calendar_of, parts.today))


def _check_figures(described: Mapping[str, object]) -> None:
    """The file describes just what is counted. Raises ConfigError."""
    counted = {*FIGURES, *DUTY_FIGURES}
    if counted != set(described):
        raise ConfigError("figures_not_counted", names=", ".join(sorted(counted ^ set(described))),
                          remedy="describe in config/indicators.yaml what evaluation/models.py counts, and nothing else")
