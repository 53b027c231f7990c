"""Cards of clocks recomputed: by the ladder and the calendar each passage names, with the facts of today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.cards import Passage
from alerts.patrol.findings import Finding, Found, found_of
from cases.areas import AreaContext, Areas
from cases.events import CaseEvent
from cases.fold import Fold
from cases.projection import ClockState, project

Delivered = tuple[int, CaseEvent]  # when it was received (us UTC), and what


class ClockCheck:
    """Holds no state."""

    def __init__(self, areas: Areas, catalogue: Any) -> None:
        self._areas, self._catalogue = areas, catalogue

    def check(self, card: Any, passage: Passage, fold: Fold, now: int) -> list[Found]:
        """What no longer agrees of one passage."""
        context = self._issued_under(passage, fold)
        if context is None:
            return [found_of(Finding.VERSION_UNKNOWN, card, clock=passage.kind, rule_version=passage.rule_version,
                             calendar=passage.facts.get("calendar", ""))]
        states = self._states(card, context, fold, now)
        state = next((one for one in states if one.ref.kind == passage.kind and one.ref.ordinal == passage.ordinal), None)
        at = instant_of(state, passage.rung)
        if at == passage.at:
            return []
        code = Finding.UNJUSTIFIED if at is None else Finding.MOVED
        return [found_of(code, card, clock=passage.kind, rung=passage.rung, issued_at=passage.at, now_at=at,
                         rule_version=passage.rule_version, ended_at=state.ended.at if state and state.ended else None)]

    def states(self, card: Any, passage: Passage, fold: Fold, now: int) -> Sequence[ClockState]:
        """The clocks of a case as the card would judge them; by what holds today where nobody has its version any more."""
        return self._states(card, self._issued_under(passage, fold) or self._areas.of_case(fold), fold, now)

    def _states(self, card: Any, context: AreaContext, fold: Fold, now: int) -> Sequence[ClockState]:
        return project(fold, card.case_id, context, self._areas.catalogue_of(fold, self._catalogue), now)

    def _issued_under(self, passage: Passage, fold: Fold) -> AreaContext | None:
        preset = self._areas.find_preset(passage.rule_version)
        calendar = self._areas.find_calendar(str(passage.facts.get("calendar", "")))
        if preset is None or calendar is None:
            return None
        return AreaContext(calendar.in_zone(self._areas.of_case(fold).calendar.timezone), preset)


def instant_of(state: ClockState | None, rung: str) -> int | None:
    """When the rung passed by today's facts; None when it did not."""
    if state is None or rung not in state.passed:
        return None
    return next((at for code, _level, at in state.passages if code == rung), None)
