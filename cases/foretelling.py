"""What the clocks of a case will show once something is done: its record with those events, judged as every record is.

There is no second formula: units, months, days of rest, stops and extensions count as the clocks themselves count them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cases.areas import Areas
from cases.events import NO_DATA, CaseEvent, ClockKind, EventData, EventKind
from cases.fold import Fold
from cases.judging import judge
from cases.projection import ClockState
from cases.states import folded_on
from core.instants import MINUTE_US

Deed = tuple[EventKind, EventData]


@dataclass(frozen=True, slots=True)
class Foretelling:
    """A case as it stands at `now_us`, and what judges it."""

    fold: Fold
    areas: Areas
    catalogue: Any
    now_us: int

    @property
    def today(self) -> int:
        """The epoch day on the wall clock of the case's area."""
        return self.areas.for_area(self.fold.area).today(self.now_us)

    def promised_after(self, *deeds: Deed) -> ClockState | None:
        """The promised limit if these were recorded now, one after the other; None where there is no such clock."""
        after = folded_on(self.fold, [self._event(place, *deed) for place, deed in enumerate(deeds, start=1)])
        clocks = judge(after, 0, self.areas, self.catalogue, self.now_us)
        return next((clock for clock in clocks if clock.ref.kind is ClockKind.PROMISED), None)

    def _event(self, place: int, kind: EventKind, data: EventData = NO_DATA) -> CaseEvent:
        """Later than everything recorded, also where that was recorded this very moment."""
        fold = self.fold
        recorded_at, order, _ = fold.last_key
        offset = (self.areas.for_area(fold.area).to_local(self.now_us) - self.now_us) // MINUTE_US
        return CaseEvent(source=fold.source, source_event_id=f"foretold/{place}", kind=kind, case_no=fold.case_no,
                         area=fold.area, claimed_at=max(self.now_us, recorded_at), utc_offset=offset, order=order + place,
                         data=data)
