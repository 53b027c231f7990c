"""Settings of the evaluation (docs/evaluation.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from config.documents import Strict


class EvaluationSettings(Strict):
    """Indicators and who may compare whom."""

    file: Path | None = Field(description="Catalogue of indicators; empty: the one shipped (config/indicators.yaml).")
    departments_see: Literal["own", "all"] = Field(
        description="Whose figures a department user is shown: own (his unit's) or all (every unit's, by name).")
    scoring_dir: Path | None = Field(
        description="Folder with the scoring schemes; empty: those shipped (config/scoring). docs/scoring.md.")
    score_evidence_max: int = Field(
        ge=1, le=100_000, description="Cases kept behind one line of a score; the line says how many there are.")
