"""Which cameras of this process are recorded: all of them, or those of which a clip of evidence is wanted.

A follower of the video room: it is told which cameras are this process's own, and keeps a recorder at each of them. Where only
evidence is kept, a recorder begins when a clip is asked for, with what the ring buffer still has, and ends with the clip.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from core.clock import Clock
from core.database import Database
from core.errors import SupervisionError
from core.instants import SECOND_US
from video.cameras import Camera, StreamName
from video.capture import Capture, Standing
from video.footage.models import video_clips
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore

log = logging.getLogger(__name__)
LOOK_S = 1.0
TAIL_US = 5 * SECOND_US  # recorded beyond the end of a clip, so that its last picture is on the disk


class Room(Protocol):
    """Of the video room, what is used here (video.room.VideoRoom)."""

    def capture(self, camera_id: int, stream: StreamName) -> Capture: ...

    def reads(self, capture: Capture) -> bool: ...


@dataclass(slots=True)
class _At:
    """A recorder and the capture it listens to."""

    camera: Camera
    capture: Capture
    recorder: Recorder


class Recordings:
    """`mode` is always, evidence or off. `clock` is the machine's own."""

    def __init__(self, room: Room, store: SegmentStore, rules: RecorderRules, mode: str, database: Database,
                 clock: Clock) -> None:
        self._room, self._store, self._rules, self._mode = room, store, rules, mode
        self._database, self._clock = database, clock
        self._lock = threading.Lock()
        self._own: dict[int, Camera] = {}
        self._at: dict[int, _At] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look for clips that are wanted, where nothing else is recorded."""
        if self._mode == "evidence":
            self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Close every segment."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(10)
        with self._lock:
            ended, self._at = list(self._at.values()), {}
        _end(ended)

    @property
    def recorded(self) -> list[str]:
        """Codes of the cameras that are recorded now."""
        with self._lock:
            return sorted(at.camera.code for at in self._at.values())

    # A follower of the room ----------------------------------------------------------------------------------------

    def cameras_changed(self, cameras: Sequence[Camera]) -> None:
        with self._lock:
            self._own = {camera.id: camera for camera in cameras}
        if self._mode == "always":
            self._keep({camera.id: 0 for camera in cameras})
        elif self._mode == "evidence":
            self._look()

    def standing_changed(self, camera: Camera, standing: Standing) -> None:
        """The recorder hears of a lost connection by itself."""

    # Inside ----------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_S):
            try:
                self._look()
            except Exception:  # a database that is away must not end the watch; a clip asked for meanwhile is found later
                log.exception("recordings: looking for wanted clips failed; tried again")

    def _look(self) -> None:
        """Record the cameras of which a clip is wanted that is not over yet."""
        now, c = self._clock.now_us(), video_clips.c
        with self._database.read() as conn:
            rows = conn.execute(select(c.camera_id, c.from_at).where(c.state == "pending", c.to_at + TAIL_US > now)).all()
        wanted: dict[int, int] = {}
        for row in rows:
            wanted[row.camera_id] = min(row.from_at, wanted.get(row.camera_id, row.from_at))
        self._keep(wanted)

    def _keep(self, wanted: dict[int, int]) -> None:
        """Recorders at these cameras and no others; a new one begins with what is held since the instant given (0: nothing)."""
        with self._lock:
            own, at = self._own, self._at
            over = [number for number, one in at.items()
                    if number not in wanted or number not in own or one.camera.code != own[number].code
                    or not self._room.reads(one.capture)]
            ended = [at.pop(number) for number in over]
            missing = [own[number] for number in wanted if number in own and number not in at]
        _end(ended)
        for camera in missing:
            self._begin(camera, wanted[camera.id])

    def _begin(self, camera: Camera, since_us: int) -> None:
        try:
            capture = self._room.capture(camera.id, StreamName.MAIN)
        except SupervisionError as refused:
            log.info("recordings: %s is not recorded: %s", camera.code, refused)
            return
        recorder = Recorder(camera, StreamName.MAIN, self._store, self._rules)
        capture.subscribe(recorder, with_past=True)
        if since_us:
            recorder.prime(capture.past(since_us, self._clock.now_us()))
        recorder.start()
        with self._lock:
            self._at[camera.id] = _At(camera, capture, recorder)


def _end(ended: Sequence[_At]) -> None:
    for one in ended:
        one.capture.unsubscribe(one.recorder)
    for one in ended:
        if not one.recorder.stop():
            log.warning("recordings: %s was not closed in time; it will be mended", one.camera.code)
