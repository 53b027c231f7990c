"""All cameras one video process reads: starts and stops captures, watches over them, and tells how they are.

A stream is read while somebody needs it: a viewer, the recorder, the analysis, or the watch over outages that every camera of
this process is under (`video.watch`). One thread does all the looking after; nothing it meets ends it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from core.clock import Clock
from core.errors import NotFound, Unavailable
from video.cameras import Camera, CameraState, StreamName
from video.capture import Abandoned, Capture, CaptureRules, Standing
from video.jpegs import jpeg_of
from video.leases import CameraLeases
from video.snapshots import Picture
from video.states import StateWriter
from video.transcode import Transcoder, TranscodeRules

log = logging.getLogger(__name__)
LOOK_S, RELOAD_S = 0.25, 2.0
Key = tuple[int, StreamName]


class CameraBook(Protocol):
    """Who is registered (video.queries.CameraQueries)."""

    def opened(self) -> Sequence[Camera]:
        """Every camera in service, with its addresses."""

    def fingerprint(self) -> object:
        """Differs after every change of one."""


class Follower(Protocol):
    """Part of the video process that works on every camera: the recorder, the analysis."""

    def cameras_changed(self, cameras: Sequence[Camera]) -> None:
        """These, and no others, are this process's own from now on. Subscribe to `room.capture(camera.id, …)` and let go of
        those that are missing. Called in the watching thread, at the start and after every change."""

    def standing_changed(self, camera: Camera, standing: Standing) -> None:
        """One of them went away, came back, stalled. Called in the watching thread."""


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The settings group `video` explains each."""

    capture: CaptureRules
    transcode: TranscodeRules
    transcoders_max: int
    idle_s: float
    watch: bool


class VideoRoom:
    """`leases` and `states` are None where one process reads all cameras and nobody asks the database, as in tests."""

    def __init__(self, book: CameraBook, rules: RoomRules, clock: Clock, leases: CameraLeases | None = None,
                 states: StateWriter | None = None) -> None:
        self._book, self._rules, self._clock = book, rules, clock
        self._leases, self._states = leases, states
        self._lock = threading.RLock()
        self._cameras: dict[int, Camera] = {}
        self._own: set[int] = set()
        self._captures: dict[Key, Capture] = {}
        self._needed: dict[Key, float] = {}
        self._transcoders: dict[tuple[int, StreamName, bool], Transcoder] = {}
        self._abandoned = Abandoned()
        self._fingerprint: object = None
        self._reload = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: dict[int, tuple[CameraState, object]] = {}
        self._due = {"reload": 0.0, "leases": 0.0}
        self.followers: list[Follower] = []
        self.on_change: list[Callable[[Capture], None]] = []  # called in whatever thread noticed; must return at once

    # --- what others ask ----------------------------------------------------------------------------------------

    @property
    def cameras(self) -> list[Camera]:
        """This process's own, enabled ones."""
        with self._lock:
            return [camera for camera in self._cameras.values() if camera.id in self._own and camera.is_enabled]

    def find(self, code: str) -> Camera:
        """By code, whoever reads it. Raises NotFound."""
        with self._lock:
            found = next((camera for camera in self._cameras.values() if camera.code == code), None)
        if found is None:
            raise NotFound("camera_unknown", camera=code[:32])
        return found

    def capture(self, camera_id: int, stream: StreamName) -> Capture:
        """The capture of a stream, started if it was not; any camera, so that a viewer need not know who reads it.

        Raises NotFound for one nobody registered, Unavailable for one that is disabled.
        """
        with self._lock:
            camera = self._cameras.get(camera_id)
            if camera is None:
                raise NotFound("camera_unknown", camera=str(camera_id))
            if not camera.is_enabled:
                raise Unavailable("camera_not_in_service", camera=camera.code, retry_after=60)
            key = (camera_id, StreamName.SUB if stream is StreamName.SUB and camera.sub else StreamName.MAIN)
            capture = self._captures.get(key)
            if capture is None:
                capture = Capture(camera, key[1], self._rules.capture, self._clock.now_us, self._abandoned)
                capture.on_change = self._changed
                self._captures[key] = capture
                capture.start()
            self._needed[key] = monotonic()
            return capture

    def reads(self, capture: Capture) -> bool:
        """Whether this capture is still one of ours: its camera may have been retired, disabled, or lost its second stream."""
        with self._lock:
            return self._captures.get((capture.camera.id, capture.stream)) is capture

    def transcoder(self, camera_id: int, stream: StreamName, *, masked: bool) -> Transcoder:
        """The one that compresses this stream again. Raises as `capture`, and Unavailable when there are too many."""
        capture = self.capture(camera_id, stream)
        key = (camera_id, capture.stream, masked)
        with self._lock:
            if key not in self._transcoders:
                busy = sum(1 for each in self._transcoders.values() if each.has_listeners)
                if busy >= self._rules.transcoders_max:
                    raise Unavailable("video_transcoders_full", most=self._rules.transcoders_max, retry_after=10)
                self._transcoders[key] = Transcoder(capture, self._rules.transcode, masked=masked)
            return self._transcoders[key]

    def picture(self, camera_id: int, stream: StreamName) -> Picture | None:
        """The latest key frame as JPEG; None when that stream is not being read here."""
        with self._lock:
            capture = self._captures.get((camera_id, stream)) or self._captures.get((camera_id, StreamName.MAIN))
        past = capture.since_key()[:1] if capture is not None else []
        jpeg = jpeg_of(past[0], self._rules.capture.max_pixels) if past else None
        return Picture(jpeg, past[0].arrived_us) if jpeg is not None else None

    def counts(self) -> dict[str, int]:
        """For the health page of the port."""
        with self._lock:
            live = sum(1 for capture in self._captures.values() if capture.state is CameraState.LIVE)
            return {"cameras": len(self._own), "captures": len(self._captures), "live": live,
                    "transcoders": sum(1 for each in self._transcoders.values() if each.has_listeners),
                    "abandoned": self._abandoned.count}

    # --- its life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="video-room", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._reload.set()
        if self._thread is not None:
            self._thread.join(10)
        with self._lock:
            captures, self._captures = list(self._captures.values()), {}
        for transcoder in self._transcoders.values():
            transcoder.stop()
        for capture in captures:
            capture.leave()
        for capture in captures:
            capture.stop()
        if self._leases is not None:
            self._guarded("leases", self._leases.release)

    def reload(self) -> None:
        """Cameras were changed: look now."""
        self._due["reload"] = 0.0
        self._reload.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._guarded("captures", self._watch)
            self._guarded("cameras", self._take_cameras)
            self._guarded("states", self._tell)
            self._reload.wait(LOOK_S)
            self._reload.clear()

    def _guarded(self, what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # a database that is away must not end the watch over the cameras
            log.exception("video room: looking after the %s failed; tried again", what)

    def _watch(self) -> None:
        with self._lock:
            captures = dict(self._captures)
        now = monotonic()
        for key, capture in captures.items():
            capture.watch()
            if capture.has_listeners or (self._rules.watch and self._is_watched(key)):
                self._needed[key] = now
            elif now - self._needed.get(key, now) > self._rules.idle_s:
                self._drop(key)

    def _is_watched(self, key: Key) -> bool:
        camera = self._cameras.get(key[0])
        return camera is not None and key[0] in self._own and key[1] is _watched_stream(camera)

    def _drop(self, key: Key) -> None:
        with self._lock:
            capture = self._captures.get(key)
            if capture is None or capture.has_listeners:
                return
            del self._captures[key]
            for name in [name for name in self._transcoders if name[:2] == key]:
                del self._transcoders[name]
        capture.stop()

    # --- who is registered, and who reads whom ------------------------------------------------------------------

    def _take_cameras(self) -> None:
        now = monotonic()
        changed = False
        if now >= self._due["reload"]:
            changed = self._read_book()
            self._due["reload"] = now + RELOAD_S
        if changed or now >= self._due["leases"]:
            changed = self._renew_leases() or changed
            self._due["leases"] = now + (self._leases.interval_s if self._leases is not None else 3600.0)
        if changed:
            self._settle()

    def _read_book(self) -> bool:
        fingerprint = self._book.fingerprint()
        if fingerprint == self._fingerprint and self._cameras:
            return False
        cameras = {camera.id: camera for camera in self._book.opened()}
        with self._lock:
            gone = set(self._cameras) - set(cameras)
            self._cameras, self._fingerprint = cameras, fingerprint
        if self._states is not None:
            for camera_id in gone:
                self._states.forget(camera_id)
        return True

    def _renew_leases(self) -> bool:
        own = self._leases.renew(self._cameras) if self._leases is not None else set(self._cameras)
        changed, self._own = own != self._own, own
        return changed

    def _settle(self) -> None:
        """Captures follow what is registered; whoever works on all cameras hears of it."""
        with self._lock:
            captures = dict(self._captures)
        for key, capture in captures.items():
            camera = self._cameras.get(key[0])
            if camera is None or not camera.is_enabled or (key[1] is StreamName.SUB and not camera.sub):
                self._end(key)
            elif camera is not capture.camera and camera != capture.camera:
                capture.renew(camera)
        for camera in self.cameras if self._rules.watch else ():
            self.capture(camera.id, _watched_stream(camera))
        for follower in self.followers:
            self._guarded("followers", lambda follower=follower: follower.cameras_changed(self.cameras))  # type: ignore[misc]

    def _end(self, key: Key) -> None:
        with self._lock:
            capture = self._captures.pop(key, None)
            for name in [name for name in self._transcoders if name[:2] == key]:
                self._transcoders.pop(name).stop()
        if capture is not None:
            capture.stop()

    # --- how they are -------------------------------------------------------------------------------------------

    def standings(self) -> dict[int, Standing]:
        """How each of this process's own cameras is, by the stream that is watched."""
        with self._lock:
            return {camera.id: self._standing(camera) for camera in self._cameras.values() if camera.id in self._own}

    def _standing(self, camera: Camera) -> Standing:
        if not camera.is_enabled:
            return Standing(CameraState.DISABLED, 0)
        stream = _watched_stream(camera)
        other = StreamName.MAIN if stream is StreamName.SUB else StreamName.SUB
        capture = self._captures.get((camera.id, stream)) or self._captures.get((camera.id, other))
        return capture.standing if capture is not None else Standing(CameraState.OFFLINE, 0, {"code": "camera_not_read"})

    def _tell(self) -> None:
        standings = self.standings()
        for camera_id, standing in standings.items():
            mark = (standing.state, (standing.reason or {}).get("code"))
            if self._told.get(camera_id) != mark:
                self._told[camera_id] = mark
                camera = self._cameras[camera_id]
                for follower in self.followers:
                    self._guarded("followers", lambda f=follower, c=camera, s=standing: f.standing_changed(c, s))  # type: ignore[misc]
        if self._states is not None:
            self._states.write(standings)

    def _changed(self, capture: Capture) -> None:
        for listener in self.on_change:
            listener(capture)
        self._reload.set()  # the watching thread writes it down at once


def _watched_stream(camera: Camera) -> StreamName:
    """The smaller one, where there are two."""
    return StreamName.SUB if camera.sub else StreamName.MAIN
