"""Playing a log through the live system at a chosen speed, so that the wall moves as it did then.

The events are ordered by their claimed time once, in a temporary file, and handed over as the replay clock reaches them.
A replay that was stopped goes on where it stopped: what was recorded before is a duplicate.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cases.events import CaseEvent
from core.clock import AcceleratedClock, Clock
from core.errors import InvalidInput
from core.instants import SECOND_US, from_us
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import SourceMapping
from feeds.quarantine import Delivery
from feeds.readers.files import fitting, open_file, read_records
from feeds.records import Parsed
from feeds.status import Account
from feeds.timeline import Timeline

Tick = Callable[[int], None]
"""Called after every batch with the replay's present instant."""
_SHOWN_REFUSALS = 20


def replay_clock(first_us: int, speed: float) -> AcceleratedClock:
    """A clock that starts at an instant and runs `speed` times as fast as life. Raises InvalidInput for speed ≤ 0."""
    if speed <= 0:
        raise InvalidInput("speed_invalid", value=speed, remedy="give a number above 0; 86400 plays a day in a second")
    return AcceleratedClock(from_us(first_us), speed)


class Replay:
    """A file ready to be played. Close it, or use it as a context manager: it holds a temporary file."""

    def __init__(self, path: Path, mapping: SourceMapping, limits: FeedLimits, default_area: str | None = None) -> None:
        self.path, self.limits = path, limits
        self.refused: list[Parsed] = []
        self.rejected = self.unread = 0
        self._timeline = Timeline()
        with open_file(path) as stream:
            self.mapping = fitting(mapping, stream, limits)
            self._mapper = Mapper(self.mapping, path.name, limits, None, default_area)
            self._timeline.add(self._kept(self._mapper.parse(read_records(stream, self.mapping.shape, limits))))
        self._mapper.close()

    @property
    def first_us(self) -> int:
        """When its first event happened. Raises InvalidInput for a file without events."""
        first = self._timeline.first_us
        if first is None:
            raise InvalidInput("replay_empty", file=self.path.name, refused=self.rejected)
        return first

    @property
    def last_us(self) -> int | None:
        return self._timeline.last_us

    def store_areas(self, ingest: Ingest) -> None:
        """Make the areas of the file known to the record."""
        for code in self._mapper.areas_met():
            area = self.mapping.area_named(code)
            if area is not None:
                ingest.store_area(area, only_if_new=self._mapper.constant_area() is None)

    def play(self, clock: Clock, ingest: Ingest, stop: threading.Event, *, tick_s: float = 0.25,
             on_tick: Tick = lambda _now: None) -> Account:
        """Hand every event to ingest once the clock has reached it, batch by batch, until the end or `stop`.

        A clock that starts later than the first event gets everything before it at once: that is how a stopped replay
        is resumed. Waits at most `tick_s` real seconds at a time. Raises Unavailable when the database is away.
        """
        self.store_areas(ingest)
        total = Account()
        while not stop.is_set():
            now_us = clock.now_us()
            events = self._timeline.take_until(now_us, self.limits.batch_size)
            for source, batch in _by_source(events):
                delivery = Delivery(source, self.path.name, self.mapping.reference, "live", source)
                total.add(ingest.take(delivery, batch)[1])
            next_us = self._timeline.next_us
            on_tick(now_us)
            if next_us is None:
                break
            stop.wait(_pause_s(next_us - clock.now_us(), clock.speed, tick_s))
        return total

    def close(self) -> None:
        self._timeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _kept(self, parsed: Iterable[Parsed]) -> Iterator[CaseEvent]:
        for one in parsed:
            if one.event is not None:
                self.unread += one.note is not None
                yield one.event
            else:
                self.rejected += 1
                if len(self.refused) < _SHOWN_REFUSALS:
                    self.refused.append(one)


def _by_source(events: Sequence[CaseEvent]) -> Iterator[tuple[str, list[Parsed]]]:
    parts: dict[str, list[Parsed]] = {}
    for event in events:
        parts.setdefault(event.source, []).append(Parsed(event))
    yield from parts.items()


def _pause_s(ahead_us: int, speed: float, most_s: float) -> float:
    """Real seconds until the next event, at most one tick."""
    if ahead_us <= 0:
        return 0.0
    return min(ahead_us / SECOND_US / speed, most_s) if speed else most_s
