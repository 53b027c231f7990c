"""The clocks of a case by the versions that are its own: the one door to `project` for whatever has areas and a catalogue."""

from __future__ import annotations

from typing import Any

from cases.areas import Areas
from cases.fold import Fold
from cases.projection import ClockState, Condition, project


def judge(fold: Fold, case_id: int, areas: Areas, catalogue: Any, now_us: int, *,
          quiet: bool = False) -> list[ClockState]:
    """Every clock of the case as it stands at `now_us`.

    A case that could not be judged when it ended (its year was not published, its item had no limit) is judged by what is in
    force now: a gap that was closed since must not stay a gap for ever.
    """
    states = project(fold, case_id, areas.of_case(fold), areas.catalogue_of(fold, catalogue), now_us, quiet=quiet)
    if fold.closed is None or areas.versions.is_empty or not _lacks_judgement(states):
        return states
    newest = project(fold, case_id, areas.of_case(fold, as_newest=True),
                     areas.catalogue_of(fold, catalogue, as_newest=True), now_us, quiet=quiet)
    return states if _lacks_judgement(newest) else newest


def _lacks_judgement(states: list[ClockState]) -> bool:
    return any(state.condition is Condition.UNJUDGEABLE for state in states)
