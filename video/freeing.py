"""Whether deleting helps: what was deleted and has not become free yet counts as free for a while.

File systems may give space back late (over a network, compressed, while a player holds the file) or not at all (snapshots).
Asked again at once, one would delete everything for nothing. So it is measured right after each deletion, and what is missing
then is waited for, once and no longer; where hardly anything of it came when the wait was over, the next wait is twice as long,
up to a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

DAY_S = 86_400.0
CAME = 0.9     # share of what was deleted that is all of it: recorders write meanwhile
HELPED = 0.1   # share of what was deleted that must have become free


@dataclass(slots=True)
class _Awaited:
    """What one deletion has not given back yet. `level`: how often waiting had been in vain when this wait began."""

    taken: int
    missing: int
    until: float
    level: int


class Freeing:
    """Of one disk. Bytes."""

    def __init__(self, wait_s: float, now_s: Callable[[], float] = monotonic) -> None:
        self._wait_s, self._now_s = wait_s, now_s
        self._awaited: list[_Awaited] = []
        self._measured = 0
        self._in_vain = 0

    @property
    def is_in_vain(self) -> bool:
        """Whether what was deleted last did not become free in its time."""
        return self._in_vain > 0

    def expected(self, measured: int) -> int:
        """What is free, with what must become so yet."""
        self._credit(measured - self._measured)
        self._measured = measured
        now = self._now_s()
        for over in [one for one in self._awaited if one.until <= now]:
            self._give_up(over)
        return measured + sum(one.missing for one in self._awaited)

    def deleted(self, taken: int, before: int, after: int) -> None:
        """So much was deleted; measured right before and right after it."""
        self._measured = after
        gained = max(0, after - before)
        if gained >= CAME * taken:
            self._in_vain = 0
            return
        until = self._now_s() + min(DAY_S, self._wait_s * 2 ** self._in_vain)
        self._awaited.append(_Awaited(taken, taken - gained, until, self._in_vain))

    def _credit(self, gained: int) -> None:
        """What became free since it was measured last, to what is waited for the longest."""
        for one in list(self._awaited):
            came = max(0, min(gained, one.missing))
            one.missing -= came
            gained -= came
            if one.missing <= (1 - CAME) * one.taken:
                self._awaited.remove(one)
                self._in_vain = 0

    def _give_up(self, over: _Awaited) -> None:
        """Its wait is over: what is missing is not counted any more."""
        self._awaited.remove(over)
        helped = over.taken - over.missing >= HELPED * over.taken
        self._in_vain = 0 if helped else max(self._in_vain, over.level + 1)
