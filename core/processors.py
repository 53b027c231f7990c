"""Which processor the threads of this process run on that wait for one another.

One Python runs one thread at a time. Threads that hand something to each other every few dozen microseconds, as acts do that
write one after another, are better off on one processor: on several, each hand-over wakes another processor, and whoever let go
of the interpreter for a statement finds it taken when he comes back. What else they do is done wherever there is room.
"""

from __future__ import annotations

import logging
import os

log = logging.getLogger(__name__)


class OneProcessor:
    """One of those this process may use. It does nothing where there is but one, where the system cannot be asked, and where it
    is not wanted."""

    def __init__(self, *, is_wanted: bool = True) -> None:
        self._all = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()
        # Several processes on one machine should not all choose the same.
        self._one = {sorted(self._all)[os.getpid() % len(self._all)]} if is_wanted and len(self._all) > 1 else None

    def enter(self) -> None:
        """The calling thread runs there from now on."""
        self._run_on(self._one)

    def leave(self) -> None:
        """The calling thread runs anywhere again."""
        self._run_on(self._all)

    def _run_on(self, processors: set[int] | None) -> None:
        """What the system refuses, because the process was given others meanwhile or may not ask, is not tried again: no act
        fails for it."""
        if self._one is None or processors is None:
            return
        try:
            os.sched_setaffinity(0, processors)
        except OSError as refusal:
            self._one = None
            log.warning("acts no longer keep to one processor: %s", refusal)
