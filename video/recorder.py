"""Keeps what a camera sends: packets go into a bounded queue, a thread of its own writes them as segments. Nothing is
decoded.

The thread that reads the cameras never waits for the disk. It does not wake the writer for each picture either, as that costs
more than writing it: what comes within `BEAT_S` is written together. When the queue is full, what comes is dropped to the next
key frame and the gap is on record. A segment ends at the first key frame after `segment_s`; a change of track, a lost
connection and a clock that jumps end it at once.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from core.instants import SECOND_US
from video.cameras import Camera, StreamName
from video.footage.mp4 import FAULTS, NotRecordable
from video.packets import MediaPacket, Track
from video.segment_times import Timing
from video.segments import Segment, SegmentStore, code_of_failure

log = logging.getLogger(__name__)
BEAT_S = 0.5
BROKEN_MAX = 10    # segments that may end young because of what the camera sends, one after the other


@dataclass(frozen=True, slots=True)
class RecorderRules:
    """Seconds and bytes. After the disk refused, it is tried again after `retry_s`."""

    segment_s: float = 60.0
    queue_bytes: int = 16 << 20
    retry_s: float = 10.0


class _Lost(NamedTuple):
    at_us: int


class _Dropped(NamedTuple):
    begin_us: int
    end_us: int
    packets: int


_Item = MediaPacket | _Lost | _Dropped


class Recorder:
    """A listener of one stream of one camera."""

    def __init__(self, camera: Camera, stream: StreamName, store: SegmentStore, rules: RecorderRules) -> None:
        self._rules = rules
        self._queue: deque[_Item] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_stopped = False
        self._dropping: _Dropped | None = None
        self._writing = _Writing(camera, stream, store, rules)
        self._mend: Callable[[], object] = lambda: store.mend(camera)
        self._thread = threading.Thread(target=self._run, name=f"recorder-{camera.code}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Write what is queued and close the segment. Returns whether that was done in time."""
        with self._changed:
            if self._dropping is not None:
                self._queue.append(self._dropping)
                self._dropping = None
            self._is_stopped = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_behind(self) -> bool:
        """Whether packets are dropped at present because the disk is too slow."""
        return self._dropping is not None

    @property
    def waits_bytes(self) -> int:
        """What is queued and not written yet."""
        return self._bytes

    def prime(self, packets: Iterable[MediaPacket]) -> None:
        """What a ring buffer has of the time before; called before `start`, when packets may come in already."""
        with self._changed:
            first = next((one.arrived_us for one in self._queue if isinstance(one, MediaPacket)), None)
            before = [packet for packet in packets if first is None or packet.arrived_us < first]
            self._queue.extendleft(reversed(before))
            self._bytes += sum(len(packet.data) for packet in before)

    # Called by the thread that reads the camera --------------------------------------------------------------------

    def take(self, packet: MediaPacket) -> None:
        with self._lock:
            if self._dropping is not None:
                if not (packet.is_key and self._bytes + len(packet.data) <= self._rules.queue_bytes // 2):
                    self._dropping = self._dropping._replace(end_us=packet.arrived_us, packets=self._dropping.packets + 1)
                    return
                self._queue.append(self._dropping._replace(end_us=packet.arrived_us))
                self._dropping = None
            elif self._bytes + len(packet.data) > self._rules.queue_bytes:
                self._dropping = _Dropped(packet.arrived_us, packet.arrived_us, 1)
                return
            self._bytes += len(packet.data)
            self._queue.append(packet)
            if self._is_urgent():
                self._changed.notify_all()

    def lost(self, at_us: int) -> None:
        with self._changed:
            self._queue.append(_Lost(at_us))

    # The writer's thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._guarded(self._mend)
        while items := self._next():
            for item in items:
                self._write(item)
        self._guarded(self._writing.stop)

    def _next(self) -> list[_Item]:
        """What has come meanwhile; nothing at the end."""
        with self._changed:
            while not self._changed.wait_for(self._is_urgent, BEAT_S) and not self._queue:
                pass
            items = list(self._queue)
            self._queue.clear()
            return items

    def _is_urgent(self) -> bool:
        """Whether the writer need not wait for more: a quarter of what may wait does."""
        return self._is_stopped or self._bytes > self._rules.queue_bytes // 4

    def _write(self, item: _Item) -> None:
        self._guarded(lambda: self._writing.take(item))
        if isinstance(item, MediaPacket):
            with self._lock:
                self._bytes -= len(item.data)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            log.exception("recorder: %s failed", self._thread.name)
            self._writing.give_up()


class _Writing:
    """The segment under way, and when the next begins."""

    def __init__(self, camera: Camera, stream: StreamName, store: SegmentStore, rules: RecorderRules) -> None:
        self._camera, self._stream, self._store, self._rules = camera, stream, store, rules
        self._segment: Segment | None = None
        self._timing: Timing | None = None
        self._refused: Track | None = None   # a track that cannot be kept
        self._retry_at = self._rests_until = float("-inf")
        self._broken = 0                     # segments that ended young
        self._has_gap = True                 # what was before the start is ended by the first segment

    def take(self, item: _Item) -> None:
        if isinstance(item, MediaPacket):
            self._packet(item)
        elif isinstance(item, _Lost):
            self._end("connection_lost", gap_at=item.at_us)
        else:
            self._end("slow_disk")
            self._store.gap_was(self._camera, self._stream, item.begin_us, item.end_us, "slow_disk", packets=item.packets)

    def stop(self) -> None:
        at = self._segment.end_us if self._segment is not None else None
        self._end("stopped", gap_at=at)

    def give_up(self) -> None:
        """Something else than the disk failed: the file is left to be mended, a new one begins at a key frame."""
        self._segment, self._timing, self._retry_at = None, None, monotonic() + self._rules.retry_s

    def _packet(self, packet: MediaPacket) -> None:
        if self._segment is not None:
            self._end_where_due(packet)
        if self._segment is None and packet.is_key and self._may_begin(packet):
            self._begin(packet)
        if self._segment is not None and self._timing is not None:
            self._add(self._segment, self._timing, packet)

    def _may_begin(self, packet: MediaPacket) -> bool:
        return (monotonic() >= self._retry_at and packet.tick_us >= self._rests_until
                and packet.track is not self._refused)

    def _end_where_due(self, packet: MediaPacket) -> None:
        segment, timing = self._segment, self._timing
        assert segment is not None
        assert timing is not None
        if packet.track is not segment.track:
            self._end("track_changed", gap_at=segment.end_us if self._rests(packet, timing) else None)
            self._timing = None
        elif timing.jumps(packet):
            self._rests(packet, timing)
            self._end("clock_jumped", gap_at=segment.end_us)
            self._timing = None
        elif packet.is_key and self._is_over(packet, timing) and not self._breaks_too_often(packet, timing):
            self._end("")

    def _is_over(self, packet: MediaPacket, timing: Timing) -> bool:
        return timing.has_drifted or timing.length_us(packet) >= self._rules.segment_s * SECOND_US

    def _rests(self, packet: MediaPacket, timing: Timing) -> bool:
        """Whether the next segment has to wait because the camera breaks off too many."""
        rests = self._breaks_too_often(packet, timing)
        if rests:
            self._rests_until = timing.grown_tick
        return rests

    def _breaks_too_often(self, packet: MediaPacket, timing: Timing) -> bool:
        """Else each picture might have a file of its own. A few are let pass: of a server that sends what it kept at once."""
        is_young = timing.is_young(packet)
        self._broken = min(self._broken + 1, BROKEN_MAX + 1) if is_young else max(0, self._broken - 1)
        return is_young and self._broken > BROKEN_MAX

    def _begin(self, packet: MediaPacket) -> None:
        timing = self._timing.next(packet) if self._timing is not None else Timing(packet, packet.arrived_us)
        try:
            self._segment = self._store.begin(self._camera, self._stream, packet, timing.begin_us)
        except OSError as failure:
            self._refuse(packet, code_of_failure(failure))
            return
        except NotRecordable:
            self._refused = packet.track
            self._gap(packet.arrived_us, "not_recordable", codec=packet.track.codec)
            return
        if self._timing is not None and self._timing.was_set_before(packet) and timing.begin_us > self._timing.end_us:
            self._store.gap_was(self._camera, self._stream, self._timing.end_us, timing.begin_us, "clock_set")
        self._timing = timing
        if self._has_gap:
            self._store.gap_ends(self._camera, self._stream, timing.begin_us)
            self._has_gap = False

    def _add(self, segment: Segment, timing: Timing, packet: MediaPacket) -> None:
        try:
            segment.writer.add(packet)
        except FAULTS as failure:
            code = code_of_failure(segment.output.failure) if segment.output.failure is not None else "packet_refused"
            log.warning("recorder: %s of %s ended: %s", segment.file, self._camera.code, failure)
            self._end(code)
            self._refuse(packet, code)
            return
        segment.end_us = timing.saw(packet)

    def _refuse(self, packet: MediaPacket, code: str) -> None:
        self._retry_at = monotonic() + self._rules.retry_s
        self._timing = None
        self._gap(packet.arrived_us, code)
        if code == "disk_full":
            self._store.make_room()

    def _gap(self, at_us: int, code: str, **details: str) -> None:
        if not self._has_gap:
            self._has_gap = True
            self._store.gap_begins(self._camera, self._stream, at_us, code, **details)

    def _end(self, why: str, gap_at: int | None = None) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            self._store.end(segment, why)
        if gap_at is not None:
            self._timing = None
            self._gap(gap_at if segment is None else min(gap_at, segment.end_us), why)
