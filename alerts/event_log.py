"""The last outbox messages in memory, so that two hundred screens cost one read of the database."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.frames import PushedEvent, closes_a_card, pushed_event
from core.outbox import Message


class EventLog:
    """A dense run of events up to `head`. Not thread-safe: its owner (Delivery) holds the lock."""

    def __init__(self, keep: int) -> None:
        self._keep = max(1, keep)
        self.epoch, self.head = "", 0
        self._events: list[PushedEvent] = []
        self._closing: set[int] = set()

    @property
    def floor(self) -> int:
        """Events after this number are here."""
        return self.head - len(self._events)

    def restart(self, epoch: str, head: int) -> None:
        """Forget everything: another epoch began at `head`."""
        self.epoch, self.head = epoch, head
        self._events, self._closing = [], set()

    def extend(self, messages: Sequence[Message]) -> None:
        """Append messages that follow the head without a gap."""
        for message in messages:
            self._events.append(pushed_event(message))
            self.head = message.seq
            if closes_a_card(message):
                self._closing.add(message.seq)
        # Trimmed in large steps: dropping the first of a list costs the whole list.
        if len(self._events) > 2 * self._keep:
            del self._events[:-self._keep]
            self._closing = {seq for seq in self._closing if seq > self.floor}

    def covers(self, seq: int) -> bool:
        return self.floor <= seq <= self.head

    def after(self, seq: int, limit: int) -> list[PushedEvent]:
        """The events following `seq`, at most `limit`; empty when `seq` is the head or beyond."""
        first = seq - self.floor
        return self._events[first:first + limit]

    def closings(self, first: int, last: int) -> int:
        """How many cards the events in (first, last] close."""
        return sum(1 for seq in self._closing if first < seq <= last)
