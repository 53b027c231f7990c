"""What one case adds to the day counters, kept with the case so that a late event can take it back exactly.

Days are those of the dates as written. Early, on the due day and late are judged by the promised limit, else by the own,
else by the statutory one (early-completion rate: domain.md §7.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import msgspec

from cases.clocks import last_day
from cases.events import ClockKind, EventKind
from cases.fold import Fold, Moment
from cases.projection import ClockState
from core.instants import DAY_US, MINUTE_US
from core.working_calendar import WorkingCalendar

MEASURES = ("received", "accepted", "closed", "closed_early", "closed_on_due_day", "closed_late")
_RECEIVED, _ACCEPTED, _CLOSED, _EARLY, _ON_DUE_DAY, _LATE = range(len(MEASURES))
_CONCLUDED = EventKind.CONCLUDED  # asking the enum costs more than comparing with it, at every event
_JUDGED_BY = (ClockKind.PROMISED, ClockKind.OWN, ClockKind.STATUTORY)


class Tally(msgspec.Struct, frozen=True, gc=False):
    """Days are epoch days or None; `outcome` is a measure's index or None."""

    org: str = ""
    received: int | None = None
    accepted: int | None = None
    closed: int | None = None
    outcome: int | None = None

    @property
    def text(self) -> str:
        return _text_of(self)

    def entries(self) -> Iterator[tuple[str, int, int]]:
        """(org, day, measure) for each counter this case adds one to."""
        for measure, day in ((_RECEIVED, self.received), (_ACCEPTED, self.accepted), (_CLOSED, self.closed)):
            if day is not None:
                yield self.org, day, measure
        if self.closed is not None and self.outcome is not None:
            yield self.org, self.closed, self.outcome


@lru_cache(maxsize=8192)  # the cases of an organisation's day share it
def _text_of(tally: Tally) -> str:
    numbers = (tally.received, tally.accepted, tally.closed, tally.outcome)
    return "\x1f".join([tally.org, *["" if value is None else str(value) for value in numbers]])


def tally_of(fold: Fold, org: str, clocks: Sequence[ClockState], calendar_of: Callable[[Fold], WorkingCalendar]) -> Tally:
    """The tally of a case as it stands. `calendar_of` is asked once it ended: by that wall clock due instants are days."""
    first = fold.submitted or fold.received or fold.accepted
    concluded = fold.closed if fold.closed_by == _CONCLUDED else None
    outcome = None if concluded is None else _outcome(concluded, clocks, calendar_of(fold))
    return Tally(org, _day(first), _day(fold.accepted), _day(concluded), outcome)


def read_tally(text: str) -> Tally:
    """The inverse of `Tally.text`."""
    org, *numbers = text.split("\x1f")
    return Tally(org, *(int(number) if number else None for number in numbers))


def _day(moment: Moment | None) -> int | None:
    return None if moment is None else (moment.at + moment.utc_offset * MINUTE_US) // DAY_US


def _outcome(closed: Moment, clocks: Sequence[ClockState], calendar: WorkingCalendar) -> int | None:
    """Whether the limit was kept: by the day its clock ended, which of some powers is that of the decision (cases.watches
    `end_of_limits`) and not of the last paper served."""
    by_kind = {clock.ref.kind: clock for clock in clocks if clock.due_at is not None}
    judged = next((by_kind[kind] for kind in _JUDGED_BY if kind in by_kind), None)
    if judged is None or judged.due_at is None:
        return None
    due_day, ended_day = last_day(judged.due_at, judged.started, calendar), (judged.ended or closed).local // DAY_US
    return _LATE if ended_day > due_day else _EARLY if ended_day < due_day else _ON_DUE_DAY
