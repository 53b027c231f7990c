"""Whether deleting helps: what was deleted and has not become free yet counts as free for a while.

File systems may give space back late (over a network, compressed, while a player holds the file) or not at all (snapshots).
Asked again at once, one would delete everything for nothing. So what was deleted is waited for; where hardly anything of it
came back when the wait was over, the next wait is twice as long, up to a day.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

DAY_S = 86_400.0
HELPED = 0.1   # share of what was deleted that must have become free


class Freeing:
    """Of one disk. Bytes."""

    def __init__(self, wait_s: float, now_s: Callable[[], float] = monotonic) -> None:
        self._wait_s, self._now_s = wait_s, now_s
        self._deleted = self._before = 0
        self._until = 0.0
        self._in_vain = 0

    @property
    def is_in_vain(self) -> bool:
        """Whether what was deleted last did not become free in its time."""
        return self._in_vain > 0

    def expected(self, measured: int) -> int:
        """What is free, with what must become so yet."""
        gained = measured - self._before
        if not self._deleted or gained >= self._deleted:
            self._settle(helped=bool(self._deleted))
            return measured
        if self._now_s() < self._until:
            return measured + self._deleted - max(0, gained)
        self._settle(helped=gained >= HELPED * self._deleted)
        return measured

    def deleted(self, taken: int, measured: int) -> None:
        """So much was deleted when so much was free."""
        if not self._deleted:
            self._before = measured
        self._deleted += taken
        self._until = self._now_s() + min(DAY_S, self._wait_s * 2 ** self._in_vain)

    def _settle(self, *, helped: bool) -> None:
        if self._deleted:
            self._in_vain = 0 if helped else self._in_vain + 1
        self._deleted = 0
