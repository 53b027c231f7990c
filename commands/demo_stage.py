"""The stage of the demonstration: stories that go on when their time comes, in the past it lives through and in the present.

A story is a generator: it does something by the product's services and yields how many working days pass until it goes on.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterator

from core.errors import SupervisionError
from feeds.simulated_time import WorkingTime

log = logging.getLogger(__name__)
Story = Iterator[float]


class Stage:
    """Holds the stories under way. `time` places working days in the calendar."""

    def __init__(self, time: WorkingTime) -> None:
        self._time = time
        self._waiting: list[tuple[int, int, float, Story]] = []
        self._begun = 0

    def begin(self, position: float, story: Story) -> None:
        """The story goes on the stage at that working day (with its fraction)."""
        self._begun += 1
        self._wait(position, self._begun, story)

    def play(self, until_us: int, on_moment: Callable[[int], None] = lambda _us: None) -> None:
        """Let every story go on whose time comes before `until_us`, in order; `on_moment` is told each instant first."""
        while self._waiting and self._waiting[0][0] < until_us:
            at, number, position, story = heapq.heappop(self._waiting)
            on_moment(at)
            span = self._go_on(story)
            if span is not None:
                self._wait(position + span, number, story)

    def _wait(self, position: float, number: int, story: Story) -> None:
        heapq.heappush(self._waiting, (self._time.instant(position), number, position, story))

    @staticmethod
    def _go_on(story: Story) -> float | None:
        """The working days it waits now; None when it is over, at its end or because a visitor has acted on its matter."""
        try:
            return next(story, None)
        except SupervisionError as refusal:
            log.info("a story of the demonstration ends: %s", refusal)
            return None
