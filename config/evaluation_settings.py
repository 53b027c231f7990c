"""Settings of the evaluation (docs/evaluation.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.documents import Strict
from config.setting_types import Count, Seconds


class EvaluationSettings(Strict):
    """Indicators and who may compare whom."""

    file: Path | None = Field(description="Catalogue of indicators; empty: the one shipped (config/indicators.yaml).")
    departments_see: Literal["own", "all"] = Field(
        description="Whose figures a department user is shown: own (his unit's) or all (every unit's, by name).")
    persons_see: tuple[Literal["inspector", "leader", "department_user"], ...] = Field(
        description="Roles that are shown figures of the persons of a department; a department user those of his own unit.")
    scoring_dir: Path | None = Field(
        description="Folder with the scoring schemes; empty: those shipped (config/scoring). docs/scoring.md.")
    score_evidence_max: int = Field(
        ge=1, le=100_000, description="Cases kept behind one line of a score; the line says how many there are.")
    counted_page: Annotated[int, Field(ge=10, le=1_000)] = Field(
        description="Lines on a page of the list behind a figure (docs/comparison.md).")
    counted_checked_max: int = Field(
        ge=0, description="Rows up to which such a list is added up and compared with its figure; a longer one is read as far "
                          "as its page goes.")
    counted_file_max: Annotated[int, Field(ge=1, le=500_000)] = Field(
        description="Lines of such a list in one file; a longer list says in the head of its file how many it has.")
    picture_rows_max: Annotated[int, Field(ge=10, le=1_000)] = Field(
        description="Lines of a table in its picture (PNG); of a longer one it has the first rows and says so. A row takes one "
                    "line, of a wide table one for each part of its columns, or as many as its longest text is folded to.")
    map_file: Path | None = Field(
        description="GeoJSON file with the boundaries of the areas (docs/map.md); empty: the sketch of the simulated city.")
    map_max_kib: Count = Field(description="Largest such file, in KiB.")
    map_max_points: Count = Field(description="Most positions of all its rings together.")


class BulletinSettings(Strict):
    """月通报, the monthly bulletin (docs/bulletins.md)."""

    rank_by: str = Field(description="Indicator that ranks departments: with a denominator and a direction, not of ratings.")
    scheme: str = Field(max_length=64, description="Code of the scoring scheme whose frozen scores are told; empty: none are.")
    least_ratings: Count = Field(description="Ratings, or duties from bad ones, of a unit below which none are told.")
    scheduled: bool = Field(
        description="Whether last month's bulletin of the whole city is drafted by itself, where nobody chose on the page.")
    day: Annotated[int, Field(ge=1, le=28)] = Field(description="Day of the month from which that is done.")
    hour: Annotated[int, Field(ge=0, le=23)] = Field(description="Hour of that day, on the wall clock of the area.")
    interval_s: Seconds = Field(
        description="Seconds between two looks whether a draft is due and whether figures of issued bulletins were corrected.")
    compared_months: Count = Field(description="Months for which issued bulletins are compared with the present figures.")
