"""The listener behind the analysis: keeps what must be decoded for the next look and nothing more, newest first.

A camera with a key frame every few seconds is looked at in those alone. One that sends them rarely has every picture decoded,
since each builds on the one before, and one a second is looked at.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from core.instants import SECOND_US
from video.packets import MediaPacket, Track
from video.vision.pictures import Frame

log = logging.getLogger(__name__)
PACKETS_MAX, BYTES_MAX = 600, 16 << 20   # of one group of pictures; a longer one is looked at in its key frame only


class Seen(NamedTuple):
    """A picture and the real instant of its arrival, us UTC (`tick`: on the steady clock). `key` marks the key frame it came
    with: equal for two that are the same bit by bit; None where it came with none."""

    frame: Frame
    at: int
    key: int | None
    tick: int


class Eye:
    """`take` and `lost` are called by the reading thread and return at once; `look` by whoever analyses."""

    def __init__(self, interval_s: float, key_gap_s: float, width: int) -> None:
        self._interval_us, self._key_gap_us, self._width = int(interval_s * SECOND_US), int(key_gap_s * SECOND_US), width
        self._lock = threading.Lock()
        self._waiting: list[MediaPacket] = []
        self._bytes = 0
        self._follows = False            # every picture is kept, as key frames come too seldom
        self._last_key: int | None = None
        self._looked = 0
        self._decoder: _Decoder | None = None
        self.dropped = 0                 # groups of pictures nobody came to look at
        self.seen_tick: int | None = None  # arrival of the last packet, on the steady clock

    def take(self, packet: MediaPacket) -> None:
        with self._lock:
            self.seen_tick = packet.tick_us
            if packet.is_key:
                self._begin(packet)
            elif self._follows and self._waits_from_key_or_decoder():
                self._keep(packet)

    def lost(self, at_us: int) -> None:
        with self._lock:
            self._waiting, self._bytes, self._decoder, self._last_key = [], 0, None, None

    @property
    def is_due(self) -> bool:
        """Whether there is something to look at that is later than the last look by the interval."""
        with self._lock:
            return bool(self._waiting) and self._waiting[-1].tick_us - self._looked >= self._interval_us

    def look(self) -> Seen | None:
        """The newest picture; None when there is none that can be decoded."""
        with self._lock:
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            if not waiting:
                return None
            self._looked = waiting[-1].tick_us
            decoder = self._decoder
            if decoder is None or decoder.track is not waiting[-1].track:
                decoder = self._decoder = _Decoder(waiting[-1].track, self._width)
            follows = self._follows
        try:
            found = decoder.newest(waiting, ends=not follows)
        except (av.error.FFmpegError, ValueError) as error:
            log.debug("a picture cannot be decoded: %s", type(error).__name__)
            with self._lock:
                self._decoder = None
            return None
        return None if found is None else Seen(found[0], waiting[-1].arrived_us, found[1], waiting[-1].tick_us)

    def _begin(self, packet: MediaPacket) -> None:
        if self._last_key is not None:
            self._follows = packet.tick_us - self._last_key > self._key_gap_us
        self._last_key = packet.tick_us
        self.dropped += bool(self._waiting)
        self._waiting, self._bytes = [packet], len(packet.data)

    def _keep(self, packet: MediaPacket) -> None:
        self._waiting.append(packet)
        self._bytes += len(packet.data)
        if len(self._waiting) > PACKETS_MAX or self._bytes > BYTES_MAX:
            self._waiting, self._bytes, self._decoder = [], 0, None  # from the next key frame on

    def _waits_from_key_or_decoder(self) -> bool:
        """A picture that builds on others is of use only behind them."""
        return bool(self._waiting) or self._decoder is not None


class _Decoder:
    """Of one track. Pictures come out in colour (BGR), at most so wide."""

    def __init__(self, track: Track, width: int) -> None:
        self.track, self._width = track, width
        self._codec: Any = av.CodecContext.create(track.codec, "r")
        if track.extradata:
            self._codec.extradata = track.extradata
        self._codec.thread_count = 1
        self._reformatter = VideoReformatter()  # of its own, as making one takes longer than using it

    def newest(self, packets: list[MediaPacket], *, ends: bool) -> tuple[Frame, int | None] | None:
        """Decodes all of them; `ends`: nothing follows that builds on them. With the mark of the last key frame among them."""
        last, key = None, None
        for frame in self._decoded(packets, ends):
            last, key = frame, mark_of(frame) if frame.key_frame else key
        return None if last is None else (self._converted(last), key)

    def _decoded(self, packets: list[MediaPacket], ends: bool) -> Iterator[Any]:
        for packet in packets:
            yield from self._codec.decode(self._packet(packet))
        if ends:
            yield from self._codec.decode(None)
            self._codec.flush_buffers()

    def _packet(self, packet: MediaPacket) -> Any:
        made: Any = av.Packet(packet.data)
        made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.track.time_base
        return made

    def _converted(self, frame: Any) -> Frame:
        width = min(frame.width, self._width)
        height = max(2, round(frame.height * width / frame.width))
        small = self._reformatter.reformat(frame, width=width, height=height, format="bgr24", threads=1)
        return np.asarray(small.to_ndarray(), np.uint8)


def mark_of(frame: Any) -> int:
    """Of the brightness of every pixel as it was decoded: the same for the same picture bit by bit."""
    plane, wide = frame.planes[0], frame.format.components[0].bits > 8
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # lines are padded with what happens to be there
    return crc32(rows[:frame.height, :frame.width * (2 if wide else 1)].tobytes())
