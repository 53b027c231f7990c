"""Settings of the evaluation (docs/evaluation.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from config.documents import Strict
from config.setting_types import Count


class EvaluationSettings(Strict):
    """Indicators and who may compare whom."""

    file: Path | None = Field(description="Catalogue of indicators; empty: the one shipped (config/indicators.yaml).")
    departments_see: Literal["own", "all"] = Field(
        description="Whose figures a department user is shown: own (his unit's) or all (every unit's, by name).")
    map_file: Path | None = Field(
        description="GeoJSON file with the boundaries of the areas (docs/map.md); empty: the sketch of the simulated city.")
    map_max_kib: Count = Field(description="Largest such file, in KiB.")
    map_max_points: Count = Field(description="Most positions of all its rings together.")
