"""When the pictures of a recorded segment were taken."""

from __future__ import annotations

from core.instants import SECOND_US
from video.packets import MediaPacket

DRIFT_US = SECOND_US // 2   # the camera's clock may run away from ours by so much before it is set anew
YOUNG_US = SECOND_US
JUMP_US = 10 * SECOND_US    # pictures further apart than this are a jump, not a slow camera


class Timing:
    """Which real instant a picture of a segment is of: the camera's own steps, set by the arrival of the least delayed
    packet.
    """

    def __init__(self, first: MediaPacket, begin_us: int) -> None:
        self.begin_us, self._first, self._last = begin_us, first, first
        self._least = first.arrived_us - begin_us  # by how much packets came later than the pictures say
        self._step_us = 0
        self.has_drifted = False

    @property
    def grown_tick(self) -> int:
        """From when on the segment is no longer young."""
        return self._first.tick_us + YOUNG_US

    def is_young(self, packet: MediaPacket) -> bool:
        """Whether hardly anything is in it yet, by our clock, whatever the camera's says."""
        return self._first.tick_us <= packet.tick_us < self.grown_tick

    @property
    def end_us(self) -> int:
        """The real instant at which the last picture written ends."""
        return self.begin_us + self.length_us(self._last) + self._step_us

    def was_set_before(self, packet: MediaPacket) -> bool:
        """Whether the machine's clock was set since the last picture: it ran off the one nobody sets."""
        return abs((packet.arrived_us - packet.tick_us) - (self._first.arrived_us - self._first.tick_us)) > DRIFT_US

    def length_us(self, packet: MediaPacket) -> int:
        """From the begin of the segment to this picture."""
        return packet.track.us(packet.dts - self._first.dts)

    def jumps(self, packet: MediaPacket) -> bool:
        step = packet.track.us(packet.dts - self._last.dts)
        return step < 0 or step > JUMP_US + max(0, packet.tick_us - self._last.tick_us)

    def saw(self, packet: MediaPacket) -> int:
        """A picture was written; returns the real instant of its end."""
        late = packet.arrived_us - self.begin_us - self.length_us(packet)
        self._least = min(self._least, late)
        self.has_drifted = abs(late) > 2 * DRIFT_US
        step = packet.track.us(packet.dts - self._last.dts)
        self._step_us = step or self._step_us
        self._last = packet
        return self.begin_us + self.length_us(packet) + self._step_us

    def next(self, packet: MediaPacket) -> Timing:
        """The timing of the segment that follows without a gap: goes on from this one unless the clocks have run apart."""
        begin = self.begin_us + self.length_us(packet) + self._least
        if abs(packet.arrived_us - begin) > DRIFT_US:
            begin = packet.arrived_us
        was_set_back = self.begin_us - begin > DRIFT_US  # the machine's clock: what follows is dated by what it says now
        return Timing(packet, begin if was_set_back else max(begin, self.begin_us + 1))
