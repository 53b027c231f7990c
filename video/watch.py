"""The analysis of all cameras of one process: a listener for each, and a few threads that look at what is due.

Reading is never slowed: a listener only keeps the newest packets, and what nobody came to look at in time is passed over. One
camera is looked at by one thread at a time. What fails at one camera stays there.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from core.clock import Clock
from video.attendance import Moment
from video.camera_watch import CameraWatch
from video.cameras import Camera, CameraState, StreamName
from video.capture import Standing
from video.eye import Eye
from video.packets import Listener, steady_us
from video.references import Reference, ReferenceService

log = logging.getLogger(__name__)
LOOK_S, TICK_S, REFERENCES_S = 0.2, 1.0, 3.0
JOIN_S = 10.0


class Readable(Protocol):
    """A capture, as far as the analysis needs it (video.capture.Capture)."""

    def subscribe(self, listener: Listener) -> None: ...
    def unsubscribe(self, listener: Listener) -> None: ...
    @property
    def standing(self) -> Standing: ...


Open = Callable[[int, StreamName], Readable]


@dataclass(frozen=True, slots=True)
class WatcherRules:
    """`interval_s` between two looks at one camera; `key_gap_s`: key frames farther apart are not waited for."""

    threads: int
    interval_s: float
    key_gap_s: float
    width: int


@dataclass(eq=False, slots=True)
class _Watched:
    """A camera with its listener. `lock` is held by the thread that works on it."""

    camera: Camera
    eye: Eye
    capture: Readable
    watch: CameraWatch | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_queued: bool = False
    is_left: bool = False


class Watcher:
    """A follower of the video room (video.room.Follower). `machine` is real time, `business` that of the office hours."""

    def __init__(self, open_capture: Open, make: Callable[[Camera], CameraWatch], references: ReferenceService, machine: Clock,
                 business: Clock, rules: WatcherRules, refresh: Callable[[], object] = lambda: None) -> None:
        """`refresh` is called every few seconds: calendars and rules may have been edited by another process."""
        self._open, self._make, self._references = open_capture, make, references
        self._machine, self._business, self._rules, self._refresh = machine, business, rules, refresh
        self._lock = threading.Lock()
        self._watched: dict[int, _Watched] = {}
        self._due: queue.SimpleQueue[_Watched | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fingerprint = -1
        self.looks = 0

    # Follower -----------------------------------------------------------------------------------------------------------

    def cameras_changed(self, cameras: Sequence[Camera]) -> None:
        """These, and no others, are looked at from now on."""
        wanted = {camera.id: camera for camera in cameras if camera.is_enabled}
        with self._lock:
            before = dict(self._watched)
        for camera_id, one in before.items():
            if wanted.get(camera_id) != one.camera:
                self._leave(one)
        for camera in wanted.values():
            if before.get(camera.id) is None or before[camera.id].camera != camera:
                self._follow(camera)

    def standing_changed(self, camera: Camera, standing: Standing) -> None:
        """Nothing to do at once: every second is soon enough, and the capture is asked itself."""

    # Its life -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        names = [("analysis-watch", self._run), *((f"analysis-{n}", self._work) for n in range(self._rules.threads))]
        self._threads = [threading.Thread(target=target, name=name, daemon=True) for name, target in names]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the looking and writes what is known."""
        self._stopped.set()
        for _ in range(self._rules.threads):
            self._due.put(None)
        for thread in self._threads:
            thread.join(JOIN_S)
        with self._lock:
            watched = list(self._watched.values())
        for one in watched:
            self._leave(one)

    @property
    def dropped(self) -> int:
        """Groups of pictures passed over because no thread came to look."""
        with self._lock:
            return sum(one.eye.dropped for one in self._watched.values())

    # Inside -------------------------------------------------------------------------------------------------------------

    def _follow(self, camera: Camera) -> None:
        eye = Eye(self._rules.interval_s, self._rules.key_gap_s, self._rules.width)
        try:
            capture = self._open(camera.id, StreamName.SUB)
        except Exception:
            log.exception("camera %s: cannot be analysed", camera.code)
            return
        one = _Watched(camera, eye, capture)
        with self._lock:
            self._watched[camera.id] = one
            self._fingerprint = -1
        capture.subscribe(eye)

    def _leave(self, one: _Watched) -> None:
        one.capture.unsubscribe(one.eye)
        with self._lock:
            if self._watched.get(one.camera.id) is one:
                del self._watched[one.camera.id]
        with one.lock:
            one.is_left = True
            if one.watch is not None:
                watch = one.watch
                self._guarded(one, lambda _: watch.close())

    def _run(self) -> None:
        """Finds what is due; every second tells each camera that time passes."""
        ticked = asked = monotonic()
        while not self._stopped.wait(LOOK_S):
            with self._lock:
                watched = list(self._watched.values())
            for one in watched:
                if not one.is_queued and one.eye.is_due:
                    one.is_queued = True
                    self._due.put(one)
            if monotonic() - asked >= REFERENCES_S or self._fingerprint == -1:
                asked = monotonic()
                self._ask_for_references(watched)
            if monotonic() - ticked >= TICK_S:
                ticked = monotonic()
                for one in watched:
                    self._tick(one)

    def _work(self) -> None:
        while (one := self._due.get()) is not None:
            with one.lock:
                if not one.is_left:
                    self._guarded(one, self._look)
            one.is_queued = False

    def _look(self, one: _Watched) -> None:
        seen = one.eye.look()
        if seen is None:
            return
        now = self._now()
        # The business clock stands where it does now; a picture that waited is that much older on both.
        late = max(0, now.tick - seen.tick)
        at = Moment(now.real - late, now.business - int(late * self._business.speed), seen.tick)
        self._watch_of(one).see(seen.frame, at, seen.key)
        self.looks += 1

    def _tick(self, one: _Watched) -> None:
        if not one.lock.acquire(blocking=False):
            return  # it is being looked at: the next second will do
        try:
            if not one.is_left:
                standing = one.capture.standing
                now, seen = self._now(), one.eye.seen_tick
                if standing.silent_us is not None:
                    seen = max(seen or 0, now.tick - standing.silent_us)
                self._guarded(one, lambda each: self._watch_of(each).tick(
                    now, is_live=standing.state is CameraState.LIVE, seen_us=seen))
        finally:
            one.lock.release()

    def _watch_of(self, one: _Watched) -> CameraWatch:
        """Made when it is first needed: the database may be away when the camera comes."""
        if one.watch is None:
            watch = self._make(one.camera)
            watch.references_changed(self._references.of(one.camera.id))
            one.watch = watch
        return one.watch

    def _ask_for_references(self, watched: Sequence[_Watched]) -> None:
        try:
            self._refresh()
            fingerprint = self._references.fingerprint()
            if fingerprint == self._fingerprint:
                return
            found: dict[int, list[Reference]] = {one.camera.id: self._references.of(one.camera.id) for one in watched}
        except Exception as error:  # noqa: BLE001 - an outage of the database: asked again in a few seconds
            log.warning("rules and references of seats cannot be read: %s", type(error).__name__)
            return
        self._fingerprint = fingerprint
        for one in watched:
            with one.lock:
                if one.watch is not None and not one.is_left:
                    self._guarded(one, lambda each: self._watch_of(each).references_changed(found[each.camera.id]))

    def _guarded(self, one: _Watched, work: Callable[[_Watched], object]) -> None:
        try:
            work(one)
        except Exception:
            log.exception("camera %s: the analysis failed and goes on with the next picture", one.camera.code)

    def _now(self) -> Moment:
        return Moment(self._machine.now_us(), self._business.now_us(), steady_us())
