"""Builds everything of the evaluation once; `bootstrap` gives what it needs and keeps what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.indicators import Indicators, load_indicators
from config.texts import Texts
from core.database import Database
from core.errors import ConfigError
from evaluation.models import DUTY_FIGURES, FIGURES
from evaluation.naming import CatalogueNames, Directory
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


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The services of the evaluation."""

    indicators: Indicators
    queries: IndicatorQueries


def build_evaluation(parts: Parts) -> Evaluation:
    """All services on the parts given."""
    indicators = load_indicators(parts.file)
    _check_figures(indicators.figures)
    names = CatalogueNames(parts.directory, parts.texts)
    queries = IndicatorQueries(parts.database, indicators, names, sees_others=parts.sees_others, offset_us=parts.offset_us)
    return Evaluation(indicators, queries)


def _check_figures(described: Mapping[str, object]) -> None:
    """The file describes just what is counted. Raises ConfigError."""
    counted = {*FIGURES, *DUTY_FIGURES}
    if counted != set(described):
        raise ConfigError("figures_not_counted", names=", ".join(sorted(counted ^ set(described))),
                          remedy="describe in config/indicators.yaml what evaluation/models.py counts, and nothing else")
