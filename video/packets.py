"""What a camera sends, still compressed: the one form in which capture, viewers, recorder and analysis share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from time import monotonic_ns
from typing import NamedTuple, Protocol

from core.instants import SECOND_US


class Piece(NamedTuple):
    """One compressed picture as it was taken out of the stream."""

    data: bytes
    pts: int
    dts: int
    is_key: bool


Take = Callable[[Piece], None]


@dataclass(frozen=True, slots=True)
class Track:
    """The video of one connection. A camera that changes codec, size or parameter sets gets a new one, never a changed one.

    `extradata` is what a decoder needs before the first packet (H.264: parameter sets, Annex B or avcC as the demuxer gave it).
    """

    codec: str            # "h264", "hevc", "mjpeg" …, the demuxer's name
    width: int
    height: int
    time_base: Fraction   # seconds of one unit of pts and dts
    extradata: bytes
    serial: int           # counts the connections and changes of one stream; greater is later

    def us(self, units: int) -> int:
        """Microseconds of so many units, cut off towards zero. By whole numbers: fractions take longer than writing it down."""
        length = abs(units) * self.time_base.numerator * SECOND_US // self.time_base.denominator
        return length if units >= 0 else -length


@dataclass(frozen=True, slots=True)
class MediaPacket:
    """One compressed picture. `arrived_us` is real time, microseconds UTC, when the last byte of it was here; `steady_us` the
    same instant on a clock nobody sets, by which every span of time is measured."""

    track: Track
    data: bytes
    pts: int
    dts: int
    is_key: bool
    arrived_us: int
    steady_us: int | None = None   # None: the machine's clock was not set meanwhile

    @property
    def tick_us(self) -> int:
        return self.arrived_us if self.steady_us is None else self.steady_us


def steady_us() -> int:
    """Microseconds on the clock nobody sets; its zero means nothing."""
    return monotonic_ns() // 1_000


class Listener(Protocol):
    """Follows one stream. Called in the thread that reads it, so it must return at once: keep or queue, and work elsewhere."""

    def take(self, packet: MediaPacket) -> None:
        """The next packet. A new `track` announces itself by the packet that carries it, which is a key frame."""

    def lost(self, at_us: int) -> None:
        """The connection ended or stalled at this real instant; what comes next begins with a key frame."""
