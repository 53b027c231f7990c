"""The last seconds of one stream, compressed: a new viewer starts from here, a clip reaches back into it."""

from __future__ import annotations

from collections import deque

from core.instants import SECOND_US
from video.packets import MediaPacket

Pictures = list[MediaPacket]  # a key frame and what depends on it


class Ring:
    """Whole groups of pictures, each from a key frame on, bounded in time and in bytes. Not locked: its owner is.

    A stream that sends no second key frame within the bytes is let go of until the next one: it then holds nothing, which
    is better than a group without its beginning.
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self._span_us, self._max_bytes = int(seconds * SECOND_US), max_bytes
        self._groups: deque[Pictures] = deque()
        self._sizes: deque[int] = deque()
        self.held_bytes = 0

    def add(self, packet: MediaPacket) -> None:
        if packet.is_key:
            self._groups.append([])
            self._sizes.append(0)
        elif not self._groups:
            return
        self._groups[-1].append(packet)
        self._sizes[-1] += len(packet.data)
        self.held_bytes += len(packet.data)
        self._shorten(packet.tick_us - self._span_us)

    def clear(self) -> None:
        self._groups.clear()
        self._sizes.clear()
        self.held_bytes = 0

    def since_key(self) -> Pictures:
        """The last key frame and all that came after it: what a decoder needs to show the present picture."""
        return list(self._groups[-1]) if self._groups else []

    def between(self, first_us: int, last_us: int) -> Pictures:
        """What arrived in this span of real time, from the key frame before its beginning on."""
        found = [group for group in self._groups if group[-1].arrived_us >= first_us and group[0].arrived_us <= last_us]
        return [packet for group in found for packet in group if packet.arrived_us <= last_us]

    def _shorten(self, oldest_us: int) -> None:
        while len(self._groups) > 1 and (self._groups[1][0].tick_us <= oldest_us or self.held_bytes > self._max_bytes):
            self._drop()
        if self.held_bytes > self._max_bytes:
            self._drop()

    def _drop(self) -> None:
        self._groups.popleft()
        self.held_bytes -= self._sizes.popleft()
