"""What became of a scoring, told within its transaction (core.unit_of_work)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.scoring.rows import DepartmentRow, ScoringRow


@dataclass(frozen=True, slots=True)
class ScoringMoved:
    """A scoring that was published, frozen, or withdrawn after it had been published; `scoring` as it stands now."""

    scoring: ScoringRow
    departments: Sequence[DepartmentRow]
