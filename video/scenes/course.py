"""What happens at a window, told in real time: the clerk comes and goes, lamps are switched, a lens is covered."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from core.instants import SECOND_US

COME_US, LEAVE_US = 4 * SECOND_US, 4 * SECOND_US  # how long the way from the door to the chair takes, and back
COVER_US, SWITCH_US = SECOND_US // 2, SECOND_US


class Cue(StrEnum):
    COME = "come"
    LEAVE = "leave"
    OPEN = "open"          # lamps on, applicants are let in
    CLOSE = "close"
    COVER = "cover"        # something is hung before the lens
    UNCOVER = "uncover"


_SEAT, _LAMPS, _LENS = (Cue.COME, Cue.LEAVE), (Cue.OPEN, Cue.CLOSE), (Cue.COVER, Cue.UNCOVER)


@dataclass(frozen=True, slots=True)
class Seat:
    """Whether the clerk is there, 0 … 1 with the way in between, and since when that is so."""

    share: float
    is_coming: bool
    since_us: int


@dataclass(frozen=True, slots=True)
class Course:
    """Cues in the order of their instants (microseconds UTC). Before the first of a kind: clerk there, lamps on, lens free."""

    cues: tuple[tuple[int, Cue], ...] = ()

    def then(self, at_us: int, cue: Cue) -> Course:
        """The same with one more. What says nothing new is left out; of the past only the last of each kind is kept."""
        if cue is self._last(at_us, _kind(cue))[1]:
            return self
        kept = [one for one in (self._last(at_us, kind) for kind in (_SEAT, _LAMPS, _LENS)) if one[0] > 0]
        return Course(tuple(sorted({*kept, (at_us, cue)}, key=lambda one: one[0])))

    def seat(self, at_us: int) -> Seat:
        since, cue = self._last(at_us, _SEAT)
        if cue is Cue.COME:
            return Seat(_share(at_us - since, COME_US), True, since)
        return Seat(1 - _share(at_us - since, LEAVE_US), False, since)

    def lamps(self, at_us: int) -> float:
        """0 switched off … 1 switched on."""
        return self._state(at_us, _LAMPS, SWITCH_US)

    def is_open(self, at_us: int) -> bool:
        return self._last(at_us, _LAMPS)[1] is Cue.OPEN

    def open_since(self, at_us: int) -> int:
        return self._last(at_us, _LAMPS)[0]

    def cover(self, at_us: int) -> float:
        """0 free … 1 covered."""
        return 1 - self._state(at_us, (Cue.UNCOVER, Cue.COVER), COVER_US)

    def _state(self, at_us: int, kind: tuple[Cue, Cue], takes_us: int) -> float:
        since, cue = self._last(at_us, kind)
        share = _share(at_us - since, takes_us)
        return share if cue is kind[0] else 1 - share

    def _last(self, at_us: int, kind: tuple[Cue, Cue]) -> tuple[int, Cue]:
        known = self.cues[:bisect_right(self.cues, at_us, key=lambda one: one[0])]
        first = Cue.UNCOVER if Cue.UNCOVER in kind else kind[0]
        return next((one for one in reversed(known) if one[1] in kind), (0, first))


def _kind(cue: Cue) -> tuple[Cue, Cue]:
    return next(kind for kind in (_SEAT, _LAMPS, _LENS) if cue in kind)


def _share(passed_us: int, whole_us: int) -> float:
    return min(1.0, max(0.0, passed_us / whole_us))
