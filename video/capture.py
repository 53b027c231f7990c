"""One stream of one camera: read in a thread of its own, kept in a ring, handed to whoever listens, watched from outside.

The watch does not trust the reading thread: it looks at the age of the last picture. A stream that stands still is cut and
read anew; a thread that does not come back even then is left behind and counted, and only so many may be left behind. Ages are
measured on a clock nobody sets: a machine whose clock jumps loses no stream by it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from core.instants import SECOND_US
from video.cameras import Camera, CameraState, StreamName
from video.faults import SourceFault, passing, refused
from video.packets import Listener, MediaPacket, Piece, Track, steady_us
from video.ring import Ring
from video.sources import Source, SourceRules, source_of
from video.tracks import Tracks

log = logging.getLogger(__name__)
RATE_SPAN_US = 4 * SECOND_US
JOIN_S = 3.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """Times and bounds of a capture; the settings group `video` explains each."""

    source: SourceRules
    stalled_after_s: float
    restart_after_s: float
    retry_s: float
    refused_retry_s: float
    ring_s: float
    ring_bytes: int
    max_pixels: int
    max_picture_bytes: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a capture is. Instants are real time, microseconds UTC. `reason` is a code and its parameters."""

    state: CameraState
    since_us: int
    reason: dict[str, Any] | None = None
    seen_us: int | None = None
    track: Track | None = None
    milli_fps: int = 0
    clock_offset_us: int | None = None
    silent_us: int | None = None   # how long ago the last picture came


class Abandoned:
    """Reading threads that did not come back, of the whole process."""

    def __init__(self, most: int = 8) -> None:
        self._threads: list[threading.Thread] = []
        self._most = most
        self._lock = threading.Lock()

    def take(self, thread: threading.Thread) -> None:
        with self._lock:
            self._threads.append(thread)

    @property
    def count(self) -> int:
        with self._lock:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            return len(self._threads)

    @property
    def is_full(self) -> bool:
        return self.count >= self._most


@dataclass(eq=False)
class _Turn:
    """One reading thread and what it reads. When the turn is over, nothing it still says counts."""

    thread: threading.Thread | None = None
    source: Source | None = None
    over: threading.Event = field(default_factory=threading.Event)
    opened_us: int = 0     # when the present connection began to be opened, on the steady clock
    plays_us: int = 0      # when it was open
    heard_us: int = 0      # when the last piece of it came, shown or not
    counted: int = 0       # bytes received when the last picture was complete
    was_cut: bool = False  # by the watch, which has said why

    def end(self) -> None:
        self.over.set()
        self.cut()

    def cut(self) -> None:
        if self.source is not None:
            self.source.cut()


@dataclass(eq=False)
class _Listening:
    listener: Listener
    waits_for_key: bool


class Capture:
    """Reads one stream while it is started. Listeners are called in the reading thread, one packet after the other."""

    def __init__(self, camera: Camera, stream: StreamName, rules: CaptureRules, now_us: Callable[[], int],
                 abandoned: Abandoned | None = None, tick_us: Callable[[], int] = steady_us) -> None:
        self.camera, self.stream = camera, stream
        self._rules, self._now_us, self._tick_us = rules, now_us, tick_us
        self._abandoned = abandoned or Abandoned()
        self._lock = threading.RLock()
        self._listeners: list[_Listening] = []
        self._ring = Ring(rules.ring_s, rules.ring_bytes)
        self._tracks = Tracks(rules.max_pixels)
        self._turn: _Turn | None = None
        self._arrivals: deque[int] = deque()
        self._standing = Standing(CameraState.OFFLINE, now_us())
        self._seen_us: int | None = None
        self._seen_tick: int | None = None
        self.on_change: Callable[[Capture], None] | None = None

    # --- what others ask ----------------------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        with self._lock:
            turn = self._turn
            offset = turn.source.clock_offset_us if turn is not None and turn.source is not None else None
            silent = None if self._seen_tick is None else max(0, self._tick_us() - self._seen_tick)
            return replace(self._standing, seen_us=self._seen_us, milli_fps=self._rate(), clock_offset_us=offset,
                           silent_us=silent)

    @property
    def state(self) -> CameraState:
        return self._standing.state

    @property
    def is_running(self) -> bool:
        return self._turn is not None

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    def subscribe(self, listener: Listener, *, with_past: bool = False) -> None:
        """The listener gets every packet from the next key frame on; `with_past`: at once those since the last one."""
        with self._lock:
            past = self._present() if with_past else []
            for packet in past:
                listener.take(packet)
            self._listeners = [*self._listeners, _Listening(listener, waits_for_key=not past)]

    def unsubscribe(self, listener: Listener) -> None:
        """Nothing reaches the listener after this returned, unless this is called from its own `take`."""
        with self._lock:
            self._listeners = [each for each in self._listeners if each.listener is not listener]

    def past(self, first_us: int, last_us: int) -> list[MediaPacket]:
        """What the ring holds of this span, from the key frame before its beginning on."""
        with self._lock:
            return self._ring.between(first_us, last_us)

    def since_key(self) -> list[MediaPacket]:
        """The last key frame and what followed: enough to show the present picture."""
        with self._lock:
            return self._present()

    def _present(self) -> list[MediaPacket]:
        """Nothing while the connection is lost: what the ring then holds is no present picture."""
        return self._ring.since_key() if self.state is CameraState.LIVE else []

    # --- its life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        with self._lock:
            if self._turn is None:
                self._begin_turn()

    def leave(self) -> None:
        """Begin to end, without waiting: many are left at once, then stopped one after the other."""
        turn = self._turn
        if turn is not None:
            turn.end()

    def stop(self) -> None:
        """Ends reading; waits a moment for the thread."""
        with self._lock:
            turn, self._turn = self._turn, None
            self._lose()
            self._ring.clear()
        if turn is not None:
            self._leave(turn)

    def renew(self, camera: Camera) -> None:
        """The camera was edited: read anew when its address changed; who listens goes on listening."""
        with self._lock:
            same = (camera.kind, camera.address(self.stream)) == (self.camera.kind, self.camera.address(self.stream))
            self.camera = camera
            turn = None if same else self._turn
            if turn is not None:
                self._lose()
                self._begin_turn()
        if turn is not None:
            turn.end()
            self._watch_leaving(turn)

    def watch(self) -> None:
        """Called every half second from outside: judges by the last picture, cuts what stands still."""
        with self._lock:
            turn, now = self._turn, self._tick_us()
            if turn is None or turn.opened_us == 0:
                return
            age_s = (now - max(turn.opened_us, self._seen_tick or 0)) / SECOND_US
            if self._swells(turn):
                self._cut(turn, refused("camera_picture_too_large", setting="video.max_picture_bytes"))
            elif age_s > self._rules.stalled_after_s and self.state is CameraState.LIVE:
                self._become(CameraState.STALLED, passing("camera_no_pictures"))
                self._lose()
            elif self._is_silent(turn, now):
                assert turn.source is not None
                self._cut(turn, turn.source.silence())
            if age_s > self._deadline_s():
                self._replace(turn)

    def _is_silent(self, turn: _Turn, now_us: int) -> bool:
        """It is open, and nothing comes. A camera whose next key frame is far away is not silent: its pictures come, and cannot
        be shown yet."""
        return turn.plays_us > 0 and now_us - max(turn.plays_us, turn.heard_us) > self._rules.restart_after_s * SECOND_US

    def _cut(self, turn: _Turn, why: SourceFault) -> None:
        self._become(CameraState.STALLED, why)
        turn.was_cut = True
        turn.cut()

    def _deadline_s(self) -> float:
        """After so long without a picture or an end of the attempt the thread itself hangs."""
        source = self._rules.source
        return self._rules.restart_after_s + source.open_timeout_s + source.read_timeout_s + 1

    def _swells(self, turn: _Turn) -> bool:
        """Bytes come and never make a picture."""
        return turn.source is not None and turn.source.passed - turn.counted > self._rules.max_picture_bytes

    def _replace(self, turn: _Turn) -> None:
        if self._abandoned.is_full:
            self._become(CameraState.OFFLINE, passing("camera_reader_hung"))
            return
        assert turn.thread is not None
        turn.end()
        self._abandoned.take(turn.thread)
        log.warning("camera %s: a reading thread hangs and is left behind (%d in all)", self.camera.code, self._abandoned.count)
        self._become(CameraState.OFFLINE, passing("camera_reader_hung"))
        self._begin_turn()

    def _begin_turn(self) -> None:
        turn = _Turn()
        turn.thread = threading.Thread(target=self._run, args=[turn, self.camera],
                                       name=f"camera-{self.camera.code}-{self.stream.value}", daemon=True)
        self._turn = turn
        self._become(CameraState.CONNECTING)
        turn.thread.start()

    def _leave(self, turn: _Turn) -> None:
        turn.end()
        assert turn.thread is not None
        if turn.thread is not threading.current_thread():
            turn.thread.join(JOIN_S)
        self._watch_leaving(turn)

    def _watch_leaving(self, turn: _Turn) -> None:
        if turn.thread is not None and turn.thread.is_alive():
            self._abandoned.take(turn.thread)  # counted until it ends, which it usually does at once

    # --- the reading thread -------------------------------------------------------------------------------------

    def _run(self, turn: _Turn, camera: Camera) -> None:
        while not turn.over.is_set():
            try:
                self._follow(turn, camera)
            except SourceFault as fault:
                self._failed(turn, fault)
                turn.over.wait(self._rules.refused_retry_s if fault.permanent else self._rules.retry_s)
            except Exception as error:  # noqa: BLE001 - stays with its camera; only the type is safe to log, texts hold addresses
                log.error("camera %s: reading failed with %s", camera.code, type(error).__name__)
                self._failed(turn, passing("camera_stream_broken", problem=type(error).__name__))
                turn.over.wait(self._rules.retry_s)

    def _follow(self, turn: _Turn, camera: Camera) -> None:
        """One connection, from its opening to its end."""
        source = source_of(camera.kind, camera.address(self.stream), self._rules.source)
        with self._lock:
            turn.source, turn.opened_us, turn.counted, turn.was_cut = source, self._tick_us(), 0, False
            turn.plays_us = turn.heard_us = 0
        try:
            opened = source.open()
            with self._lock:
                if turn is not self._turn:
                    return
                self._tracks.connected(opened)
                turn.plays_us = self._tick_us()
            source.follow(lambda piece: self._read(turn, source, piece))
        finally:
            source.close()

    def _read(self, turn: _Turn, source: Source, piece: Piece) -> None:
        arrived, tick = self._now_us(), self._tick_us()
        with self._lock:
            if turn is not self._turn:
                raise passing("camera_stream_ended")  # left behind and back again: others read now
            turn.heard_us = tick
            packet = self._tracks.packet(piece, arrived, tick)
            if packet is not None:
                turn.counted = source.passed
                self._take(packet)

    def _take(self, packet: MediaPacket) -> None:
        arrivals, tick = self._arrivals, packet.tick_us
        self._ring.add(packet)
        arrivals.append(tick)
        while arrivals[0] < tick - RATE_SPAN_US:
            arrivals.popleft()
        self._seen_us, self._seen_tick = packet.arrived_us, tick
        if self._standing.track is not packet.track or self.state is not CameraState.LIVE:
            self._standing = replace(self._standing, track=packet.track)
            self._become(CameraState.LIVE)
        for each in self._listeners:
            if each.waits_for_key:
                if not packet.is_key:
                    continue
                each.waits_for_key = False
            self._tell(each.listener.take, packet, each.listener)

    def _tell(self, message: Callable[[T], None], told: T, listener: Listener) -> None:
        try:
            message(told)
        except Exception:  # one listener's fault must not take the picture from the others
            log.exception("camera %s: a listener failed and is let go", self.camera.code)
            self.unsubscribe(listener)

    def _failed(self, turn: _Turn, fault: SourceFault) -> None:
        with self._lock:
            if turn is not self._turn:
                return
            turn.opened_us = turn.plays_us = 0
            self._lose()
            if turn.was_cut:
                return  # the reason stays what made us cut it
            self._become(CameraState.REFUSED if fault.permanent else CameraState.OFFLINE, fault)

    def _lose(self) -> None:
        """Tells everybody that what comes next begins anew."""
        at = self._now_us()
        self._arrivals.clear()
        for each in self._listeners:
            if not each.waits_for_key:
                each.waits_for_key = True
                self._tell(each.listener.lost, at, each.listener)

    def _become(self, state: CameraState, fault: SourceFault | None = None) -> None:
        reason = {"code": fault.code, **fault.details} if fault is not None else None
        before = self._standing
        since = before.since_us if state is before.state else self._now_us()
        self._standing = replace(before, state=state, reason=reason, since_us=since)
        if (state, reason) != (before.state, before.reason) and self.on_change is not None:
            with suppress(Exception):
                self.on_change(self)

    def _rate(self) -> int:
        """Pictures per 1,000 seconds over the last few."""
        arrivals = self._arrivals
        if len(arrivals) < 2 or self.state is not CameraState.LIVE:
            return 0
        return round((len(arrivals) - 1) * 1000 * SECOND_US / max(1, arrivals[-1] - arrivals[0]))
