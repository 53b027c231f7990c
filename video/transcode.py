"""A stream decoded and compressed again: H.265 and MJPEG for browsers that play H.264 only, and every picture with something to
hide. One for all viewers of a stream, and only while there are any.

Its packets are H.264 without later pictures, a key frame every two seconds; who listens cannot tell it from a capture.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from video.cameras import Camera
from video.capture import Capture, Standing
from video.packets import Listener, MediaPacket, Track
from video.privacy import Veil

log = logging.getLogger(__name__)
SCALE = Fraction(1, 90_000)
QUEUE_MAX = 150  # packets waiting to be decoded; then the oldest go, to the next key frame
OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26", "sc_threshold": "0"}


@dataclass(frozen=True, slots=True)
class TranscodeRules:
    """The picture is at most so high, the stream at most so fast; pixels as for a capture."""

    height: int
    fps: int
    max_pixels: int
    face_model: Path | None


class Transcoder:
    """Listens to a capture while somebody listens to it."""

    def __init__(self, capture: Capture, rules: TranscodeRules, *, masked: bool) -> None:
        self.capture, self.masked = capture, masked
        self._rules = rules
        self._queue: deque[MediaPacket | int] = deque()  # an int: lost at this instant
        self._changed = threading.Condition()
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._group: list[MediaPacket] = []
        self._is_dropping = False
        self._thread: threading.Thread | None = None
        self._serial = 0
        self.dropped = 0

    @property
    def standing(self) -> Standing:
        return self.capture.standing

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    def subscribe(self, listener: Listener, *, with_past: bool = False) -> None:
        with self._lock:
            for packet in self._group if with_past else ():
                listener.take(packet)
            self._listeners = [*self._listeners, listener]
            if self._thread is None:
                self._begin()

    def unsubscribe(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = [each for each in self._listeners if each is not listener]
            if not self._listeners:
                self.stop()

    def stop(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
            self._group = []
        if thread is not None:
            self.capture.unsubscribe(self)
        with self._changed:
            self._queue.clear()
            self._changed.notify_all()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, args=[self.capture.camera],
                                        name=f"transcode-{self.capture.camera.code}", daemon=True)
        self._thread.start()
        self.capture.subscribe(self, with_past=True)

    # --- called by the thread that reads the camera -------------------------------------------------------------

    def take(self, packet: MediaPacket) -> None:
        with self._changed:
            if len(self._queue) >= QUEUE_MAX:
                self._queue.clear()
                self._is_dropping = True
            if self._is_dropping and not packet.is_key:
                self.dropped += 1
                return
            self._is_dropping = False
            self._queue.append(packet)
            self._changed.notify_all()

    def lost(self, at_us: int) -> None:
        with self._changed:
            self._queue.append(at_us)
            self._changed.notify_all()

    # --- its own thread -----------------------------------------------------------------------------------------

    def _run(self, camera: Camera) -> None:
        work: _Work | None = None
        while (item := self._next()) is not None:
            try:
                if isinstance(item, int):
                    self._lose(item)
                    work = None
                    continue
                if camera is not self.capture.camera or work is None or work.source is not item.track:
                    camera, self._serial = self.capture.camera, self._serial + 1
                    veil = Veil(camera, self._rules.face_model) if self.masked else None
                    work = _Work(item.track, self._rules, veil, self._serial)
                for packet in work.packets(item):
                    self._give(packet)
            except (FFmpegError, ValueError) as error:
                log.warning("camera %s: a picture cannot be transcoded: %s", camera.code, type(error).__name__)
                work = None
                self._await_key()
            except Exception:  # a stranger's stream must not end the process; the next key frame begins anew
                log.exception("camera %s: transcoding failed", camera.code)
                work = None
                self._await_key()

    def _next(self) -> MediaPacket | int | None:
        me = threading.current_thread()
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._thread is not me)
            return self._queue.popleft() if self._thread is me and self._queue else None

    def _await_key(self) -> None:
        with self._changed:
            while self._queue and not (isinstance(self._queue[0], MediaPacket) and self._queue[0].is_key):
                self._queue.popleft()
            self._is_dropping = not self._queue

    def _give(self, packet: MediaPacket) -> None:
        with self._lock:
            if self._thread is not threading.current_thread():
                return
            self._group = [packet] if packet.is_key else [*self._group, packet]
            self._tell(lambda listener: listener.take(packet))

    def _lose(self, at_us: int) -> None:
        with self._lock:
            self._group = []
            self._tell(lambda listener: listener.lost(at_us))

    def _tell(self, message: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            try:
                message(listener)
            except Exception:  # one viewer's fault must not take the picture from the others
                log.exception("camera %s: a viewer failed", self.capture.camera.code)
                self._listeners = [each for each in self._listeners if each is not listener]


class _Work:
    """Decoder and encoder of one track."""

    def __init__(self, source: Track, rules: TranscodeRules, veil: Veil | None, serial: int) -> None:
        self.source = source
        self._rules, self._veil, self._serial = rules, veil, serial
        decoder = av.CodecContext.create(source.codec, "r")
        assert isinstance(decoder, av.VideoCodecContext)
        decoder.options = {"max_pixels": str(rules.max_pixels)}
        decoder.thread_count = 1
        decoder.extradata = source.extradata or None
        self._decoder = decoder
        self._encoder: av.VideoCodecContext | None = None
        self._track: Track | None = None
        self._due: int | None = None
        self._pts = self._last = 0

    def packets(self, packet: MediaPacket) -> Iterator[MediaPacket]:
        raw = av.Packet(packet.data)
        raw.pts, raw.dts, raw.time_base = packet.pts, packet.dts, self.source.time_base
        for frame in self._decoder.decode(raw):
            at = int((frame.pts or 0) * self.source.time_base / SCALE)
            if self._is_due(at):
                yield from self._encoded(frame, at, packet)

    def _is_due(self, at: int) -> bool:
        """Not more pictures than allowed; a clock that jumps starts the count anew."""
        step = 90_000 // self._rules.fps
        late = at - self._due if self._due is not None else 0
        if -2 * step < late < -step // 4:
            return False
        self._due = at + step if self._due is None or abs(late) > step else self._due + step
        return True

    def _encoded(self, frame: av.VideoFrame, at: int, of: MediaPacket) -> Iterator[MediaPacket]:
        encoder = self._encoder_for(frame)
        shown = frame.reformat(width=encoder.width, height=encoder.height, format="yuv420p")
        if self._veil is not None:
            shown = self._veil.apply(shown)
        # An encoder's clock only runs forward, whatever the camera's does.
        self._pts += at - self._last if 0 < at - self._last < 90_000 else 90_000 // self._rules.fps
        self._last = at
        shown.pts, shown.time_base, shown.pict_type = self._pts, SCALE, av.video.frame.PictureType.NONE
        for packet in encoder.encode(shown):
            assert self._track is not None
            pts = packet.pts if packet.pts is not None else self._pts
            yield MediaPacket(self._track, bytes(packet), pts, pts, packet.is_keyframe, of.arrived_us, of.steady_us)

    def _encoder_for(self, frame: av.VideoFrame) -> av.VideoCodecContext:
        if self._encoder is not None:
            return self._encoder
        height = min(frame.height, self._rules.height) // 2 * 2
        width = max(2, round(frame.width * height / frame.height) // 2 * 2)
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base, encoder.framerate = SCALE, Fraction(self._rules.fps)
        encoder.gop_size, encoder.thread_count, encoder.options = 2 * self._rules.fps, 1, dict(OPTIONS)
        encoder.flags |= av.codec.context.Flags.global_header
        encoder.open()
        self._encoder = encoder
        self._track = Track("h264", width, height, SCALE, bytes(encoder.extradata or b""), self._serial)
        return encoder
