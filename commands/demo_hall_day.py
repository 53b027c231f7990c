"""What happens in the drawn halls of the demonstration: clerks keep office hours by the business clock, one of them is away
for too long twice a day, and now and then a camera is covered or cut off, by the clock on the wall of the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from core.instants import DAY_US, MINUTE_US, SECOND_US
from core.working_calendar import WorkingCalendar
from video.scenes.course import COME_US, Cue

# Business time: 45 minutes are some 22 real seconds at the demonstration's own speed.
AWAY_MIN = 45, 65
BEGINS_MIN = (10 * 60, 10 * 60 + 50), (14 * 60 + 50, 16 * 60 + 10)
# Real time.
ARRIVE_S, SPREAD_S, BREAK_S, DARK_AFTER_S = 7.0, 0.4, 12.0, 5.0
COVERED_EVERY_S, COVERED_S = 420, 60
CUT_OFF_EVERY_S, CUT_OFF_S = 300, 50
_LOOKS_AHEAD = 80   # changes of office hours, so that the longest holiday is seen through


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a window shall be now."""

    is_there: bool = True
    is_open: bool = True
    is_covered: bool = False
    is_connected: bool = True


@dataclass(frozen=True, slots=True)
class Absence:
    """Of a window's clerk, in minutes of a day on the wall clock of its area."""

    window: str
    begin_min: float
    end_min: float


class HallDay:
    """Deterministic by `seed`: the same instants give the same commands."""

    def __init__(self, windows: Sequence[str], calendar: WorkingCalendar, seed: int, speed: float, idle_speed: float) -> None:
        self._windows, self._calendar, self._seed = list(windows), calendar, seed
        self._speed, self._idle_speed = speed, idle_speed
        self._now = {window: Wanted() for window in windows}
        self._closed_at_s: float | None = None
        self._absences = lru_cache(maxsize=4)(self.absences)

    def commands(self, business_us: int, real_s: float) -> list[dict[str, object]]:
        """What video.scenes.live is to be told since the last call. `real_s` are seconds since the show began."""
        told: list[dict[str, object]] = []
        opens_in_s = self._opens_in_s(business_us)
        self._closed_at_s = None if opens_in_s <= 0 else real_s if self._closed_at_s is None else self._closed_at_s
        for place, window in enumerate(self._windows):
            wanted = self._wanted(window, place, business_us, real_s, opens_in_s)
            told += _changes(window, self._now[window], wanted)
            self._now[window] = wanted
        return told

    def absences(self, day: int) -> list[Absence]:
        """Of a day (since 1970, on the wall clock): somebody in the morning, somebody else in the afternoon."""
        rng = Random(f"{self._seed}/hall/{day}")
        begins = [rng.uniform(*span) for span in BEGINS_MIN]
        return [Absence(window, begin, begin + rng.uniform(*AWAY_MIN))
                for window, begin in zip(rng.sample(self._windows, min(len(self._windows), len(begins))), begins, strict=False)]

    def _wanted(self, window: str, place: int, business_us: int, real_s: float, opens_in_s: float) -> Wanted:
        is_covered = self._happens("cover", self._windows[::2], window, real_s, COVERED_EVERY_S, COVERED_S)
        is_connected = not self._happens("cut", self._windows[1::2], window, real_s, CUT_OFF_EVERY_S, CUT_OFF_S)
        at_work = Wanted(True, True, is_covered, is_connected)
        if opens_in_s <= 0:
            return replace(at_work, is_there=not self._is_away(window, business_us))
        if opens_in_s <= BREAK_S and self._state(business_us) == "lunch":  # over before anybody would be out of the door
            return at_work
        if opens_in_s <= ARRIVE_S - place * SPREAD_S:  # the night is nearly over
            return at_work
        closed_for_s = real_s - (self._closed_at_s if self._closed_at_s is not None else real_s)
        return replace(at_work, is_there=closed_for_s < place * SPREAD_S, is_open=closed_for_s < DARK_AFTER_S)

    def _is_away(self, window: str, business_us: int) -> bool:
        day, in_day = divmod(self._calendar.to_local(business_us), DAY_US)
        minute = in_day / MINUTE_US
        way_back = COME_US / SECOND_US * self._speed / 60
        return any(one.window == window and one.begin_min <= minute < one.end_min - way_back for one in self._absences(day))

    def _opens_in_s(self, business_us: int) -> float:
        """Real seconds until the office opens; 0 while it is open."""
        at = business_us
        for _ in range(_LOOKS_AHEAD):
            if self._state(at) == "working":
                return (at - business_us) / SECOND_US / self._idle_speed
            at = self._calendar.next_office_change(at)
        return float("inf")

    def _state(self, business_us: int) -> str:
        return self._calendar.office_state(business_us)[0]

    def _happens(self, what: str, among: Sequence[str], window: str, real_s: float, every_s: int, lasts_s: int) -> bool:
        """Once in every stretch of that length, to one window of those."""
        number = int(real_s // every_s)
        rng = Random(f"{self._seed}/{what}/{number}")
        begin = rng.uniform(every_s * 0.3, every_s * 0.7)
        return bool(among) and rng.choice(among) == window and begin <= real_s - number * every_s < begin + lasts_s


def _changes(window: str, was: Wanted, wanted: Wanted) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    for before, after, cue_on, cue_off in ((was.is_there, wanted.is_there, Cue.COME, Cue.LEAVE),
                                           (was.is_open, wanted.is_open, Cue.OPEN, Cue.CLOSE),
                                           (was.is_covered, wanted.is_covered, Cue.COVER, Cue.UNCOVER)):
        if before != after:
            told.append({"window": window, "cue": (cue_on if after else cue_off).value})
    if was.is_connected != wanted.is_connected:
        told.append({"window": window, "is_connected": wanted.is_connected})
    return told
