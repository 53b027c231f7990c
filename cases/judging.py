"""The clocks of a case by the versions that are its own: the one door to `project` for whatever has areas and a catalogue."""

from __future__ import annotations

from typing import Any

from cases.areas import Areas
from cases.fold import Fold
from cases.projection import ClockState, Condition, project

NO_YEAR = "calendar_not_published"


def judge(fold: Fold, case_id: int, areas: Areas, catalogue: Any, now_us: int, *,
          quiet: bool = False) -> list[ClockState]:
    """Every clock of the case as it stands at `now_us`.

    A case that could not be judged when it ended (its year was not published, its item had no limit) is judged by what is in
    force now: a gap that was closed since must not stay a gap for ever. An open case whose year was not published goes on by
    its own ladder, limits and calendar, with the years that were published since: that is no edit of its rules.
    """
    states = project(fold, case_id, areas.of_case(fold), areas.catalogue_of(fold, catalogue), now_us, quiet=quiet)
    if areas.versions.is_empty or not _unjudged(states):
        return states
    is_open = fold.closed is None
    if is_open and not any(state.reason == NO_YEAR for state in states):
        return states
    context = areas.of_case_with_newer_years(fold) if is_open else areas.of_case(fold, as_newest=True)
    if context is None:
        return states
    newest = project(fold, case_id, context, areas.catalogue_of(fold, catalogue, as_newest=not is_open), now_us, quiet=quiet)
    is_better = _unjudged(newest) < _unjudged(states) if is_open else not _unjudged(newest)
    return newest if is_better else states


def _unjudged(states: list[ClockState]) -> int:
    return sum(state.condition is Condition.UNJUDGEABLE for state in states)
