"""Live pictures for browsers, at a port of their own: one listener per stream whatever the number of viewers, and no viewer
that could hold up another. The protocol is in docs/video.md.

A picture is written to its viewers in the thread that read it, which never waits: what a socket does not take at once is left
to an event loop and counted, and above a bound that viewer is skipped to the next key frame. Everything else (handshakes,
states, ends) happens in the loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec

from core.clock import Clock
from core.errors import NotAuthenticated, NotFound, NotPermitted, SupervisionError
from video.bitstreams import PLAYABLE_PROFILES, H264Sets
from video.cameras import Camera, StreamName
from video.capture import Capture, Standing
from video.fragments import Sample, Timeline, init_segment, mime_of, sets_of
from video.packets import MediaPacket, Track
from video.room import VideoRoom
from video.tickets import Ticket, Tickets
from video.transcode import Transcoder
from video.websocket import LiveSocket

log = logging.getLogger(__name__)
TICK_S = 1.0
STUCK_TICKS = 20         # a viewer that takes nothing for so long is gone, whatever TCP says
SPARE_CONNECTIONS = 32   # beyond the cap, so that those refused can be told
GROUP_MAX = 1_200        # pictures of one group a new viewer is given; a stream without key frames does not fill the memory
STATUS = {NotAuthenticated: 4401, NotPermitted: 4403, NotFound: 4404}
FULL, EXPIRED, STOPPING = 4429, 4408, 4503


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The settings group `video` explains each."""

    host: str
    port: int
    viewers_max: int
    queue_bytes: int
    tls: ssl.SSLContext | None = None


class Viewer:
    """One picture on somebody's screen."""

    def __init__(self, socket: LiveSocket, ticket: Ticket, camera: Camera, stream: StreamName, queue_bytes: int) -> None:
        self.socket, self.ticket, self.camera, self.stream = socket, ticket, camera, stream
        self._queue_bytes = queue_bytes
        self._timeline = Timeline()
        self._serial: int | None = None
        self._waits = False  # for a key frame, because it was skipped or the connection was lost
        self.skipped = 0
        self._stuck = 0
        self._ends_s = 0.0

    def may_look_for(self, milliseconds: int) -> None:
        """From now on; measured on a clock nobody sets."""
        self._ends_s = monotonic() + milliseconds / 1000

    @property
    def is_over(self) -> bool:
        return monotonic() >= self._ends_s

    def begin(self, broadcast: Broadcast) -> None:
        """The present picture at once: everything since the last key frame, squeezed."""
        if broadcast.group:
            self._announce(broadcast)
            head, data = self._timeline.fragment(broadcast.group)
            self.socket.send([head, *data])

    def push(self, sample: Sample, broadcast: Broadcast) -> None:
        if self._waits and not sample.is_key:
            self.skipped += 1
            return
        if self.socket.waiting_bytes > self._queue_bytes:
            self._waits, self.skipped = True, self.skipped + 1
            return
        self._waits = False
        if sample.packet.track.serial != self._serial:
            self._announce(broadcast)
        head, data = self._timeline.fragment([sample])
        self.socket.send([head, *data])

    def lose(self) -> None:
        self._waits = True

    def tell_age(self, standing: Standing, now_ms: int) -> None:
        age = standing.silent_us // 1000 if standing.silent_us is not None else None
        self.socket.tell(type="age", age_ms=age, server_ms=now_ms, state=standing.state.value, milli_fps=standing.milli_fps,
                         skipped=self.skipped)
        self._stuck = self._stuck + 1 if self.socket.waiting_bytes > self._queue_bytes else 0
        if self._stuck > STUCK_TICKS:
            self.socket.abort()

    def _announce(self, broadcast: Broadcast) -> None:
        track, sets = broadcast.track, broadcast.sets
        assert track is not None
        assert sets is not None
        self._serial = track.serial
        self.socket.tell(type="track", serial=track.serial, mime=mime_of(sets), width=track.width, height=track.height,
                         transcoded=broadcast.is_transcoded, masked=broadcast.is_masked)
        self.socket.send([init_segment(track, sets)])


class Broadcast:
    """One stream for all its viewers. Pictures are written in the thread that reads them; `lock` guards what both threads use.

    Who holds `lock` asks nothing of a capture: that one holds its own lock while it calls `take`.
    """

    def __init__(self, room: VideoRoom, camera: Camera, stream: StreamName, call: Callable[[Callable[[], None]], None], *,
                 masked: bool) -> None:
        self.camera, self.stream, self.is_masked = camera, stream, masked
        self._room, self._call = room, call
        self._feed: Capture | Transcoder | None = None
        self.lock = threading.Lock()
        self.viewers: list[Viewer] = []
        self.group: list[Sample] = []
        self.track: Track | None = None
        self.sets: H264Sets | None = None
        self.is_transcoded = masked

    @property
    def standing(self) -> Standing | None:
        return self._feed.standing if self._feed is not None else None

    @property
    def capture(self) -> Capture | None:
        return self._feed.capture if isinstance(self._feed, Transcoder) else self._feed

    @property
    def is_current(self) -> bool:
        """Whether the camera still is what it was when this began: registered, enabled, with the same masks and streams."""
        try:
            camera = self._room.find(self.camera.code)
        except NotFound:
            return False
        return _hidden(camera) == _hidden(self.camera) and self.capture is not None and self._room.reads(self.capture)

    def open(self) -> None:
        """Raises what the room raises."""
        self._read(self._room.transcoder(self.camera.id, self.stream, masked=True) if self.is_masked
                   else self._room.capture(self.camera.id, self.stream))

    def close(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.unsubscribe(self)

    def _read(self, feed: Capture | Transcoder) -> None:
        self._feed = feed
        feed.subscribe(self, with_past=True)

    def join(self, viewer: Viewer) -> None:
        """The present picture at once, if there is one, and every later one."""
        with self.lock:
            self.viewers.append(viewer)
            viewer.begin(self)

    def leave(self, viewer: Viewer) -> None:
        with self.lock:
            self.viewers.remove(viewer)

    # --- called by the thread that reads the stream -------------------------------------------------------------

    def take(self, packet: MediaPacket) -> None:
        with self.lock:
            if not self._is_playable(packet):
                return
            sample = Sample(packet)
            if sample.is_key or len(self.group) >= GROUP_MAX:
                self.group = []
            if sample.is_key or self.group:
                self.group.append(sample)
            for viewer in self.viewers:
                self._push(viewer, sample)

    def _push(self, viewer: Viewer, sample: Sample) -> None:
        try:
            viewer.push(sample, self)
        except Exception:  # one viewer's fault is not the others'
            log.exception("camera %s: a viewer failed and is let go", self.camera.code)
            self._call(viewer.socket.abort)

    def lost(self, _at_us: int) -> None:
        with self.lock:
            self.group = []
            for viewer in self.viewers:
                viewer.lose()

    def _is_playable(self, packet: MediaPacket) -> bool:
        """Notices a new track; one no browser plays is had transcoded from here on."""
        if packet.track is self.track:
            return True
        sets = sets_of(packet.track)
        if (sets is None or sets.profile not in PLAYABLE_PROFILES) and not self.is_transcoded:
            self._call(self._transcode)
            return False
        if sets is None:
            return False
        self.track, self.sets, self.group = packet.track, sets, []
        return True

    def _transcode(self) -> None:
        """In the loop."""
        if self.is_transcoded or self._feed is None:
            return
        self.close()
        self.is_transcoded = True
        try:
            self._read(self._room.transcoder(self.camera.id, self.stream, masked=False))
        except SupervisionError as refusal:
            for viewer in list(self.viewers):
                refuse(viewer.socket, refusal)


class LiveServer:
    """The port. `start` returns when it listens; everything then happens in the thread of its event loop."""

    def __init__(self, room: VideoRoom, tickets: Tickets, rules: LiveRules, clock: Clock) -> None:
        self._room, self._tickets, self._rules, self._clock = room, tickets, rules, clock
        self._loop = asyncio.new_event_loop()
        self._broadcasts: dict[tuple[int, StreamName, bool], Broadcast] = {}
        self._viewers: dict[LiveSocket, tuple[Viewer, Broadcast]] = {}
        self._sockets: set[LiveSocket] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="video-live", daemon=True)
        self.port = rules.port
        room.on_change.append(self._state_changed)

    # --- its life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except OSError:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            raise

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._close)
            self._thread.join(5)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            self._accept, self._rules.host, self._rules.port, ssl=self._rules.tls, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]
        self._loop.call_later(TICK_S, self._tick)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for broadcast in self._broadcasts.values():
            broadcast.close()
        for socket in list(self._sockets):
            socket.end(STOPPING, "video_stopping")
        self._loop.call_later(0.2, self._loop.stop)

    # --- connections --------------------------------------------------------------------------------------------

    def _accept(self) -> LiveSocket:
        return LiveSocket(self, admits=len(self._sockets) < self._rules.viewers_max + SPARE_CONNECTIONS)

    def opened(self, socket: LiveSocket, path: str, query: dict[str, str]) -> None:
        self._sockets.add(socket)
        try:
            self._admit(socket, path, query.get("ticket", ""))
        except SupervisionError as refusal:
            refuse(socket, refusal)
        except Exception:  # a fault of ours is this viewer's bad luck, not everybody's
            log.exception("a live picture could not be opened")
            socket.abort()

    def _admit(self, socket: LiveSocket, path: str, text: str) -> None:
        ticket = self._tickets.read(text)
        code, stream = _asked(path)
        ticket.check(code, self._now_ms())
        if len(self._viewers) >= self._rules.viewers_max:
            socket.end(FULL, "video_viewers_full", most=self._rules.viewers_max, retry_after=10)
            return
        camera = self._room.find(code)
        hides = bool(camera.masks or camera.blur_faces) and not ticket.unmasked
        viewer = Viewer(socket, ticket, camera, stream, self._rules.queue_bytes)
        viewer.may_look_for(ticket.expires_ms - self._now_ms())
        broadcast = self._broadcast(camera, stream, masked=hides)
        self._viewers[socket] = viewer, broadcast
        standing = broadcast.standing
        assert standing is not None
        socket.tell(type="hello", camera=code, stream=stream.value, server_ms=self._now_ms(), expires_ms=ticket.expires_ms,
                    **_state(standing))
        broadcast.join(viewer)

    def _broadcast(self, camera: Camera, stream: StreamName, *, masked: bool) -> Broadcast:
        key = (camera.id, stream, masked)
        if key not in self._broadcasts:
            broadcast = Broadcast(self._room, camera, stream, self._soon, masked=masked)
            broadcast.open()
            self._broadcasts[key] = broadcast
        return self._broadcasts[key]

    def said(self, socket: LiveSocket, text: str) -> None:
        """A viewer prolongs its view; anything else is nothing to us."""
        if socket not in self._viewers:
            return
        viewer = self._viewers[socket][0]
        try:
            message = msgspec.json.decode(text)
            if isinstance(message, dict) and message.get("type") == "renew":
                ticket = self._tickets.read(str(message.get("ticket")))
                ticket.check(viewer.camera.code, self._now_ms())
                if (ticket.viewer, ticket.unmasked) == (viewer.ticket.viewer, viewer.ticket.unmasked):
                    viewer.ticket = ticket
                    viewer.may_look_for(ticket.expires_ms - self._now_ms())
        except (msgspec.DecodeError, SupervisionError):
            pass  # the view ends when its own ticket does

    def gone(self, socket: LiveSocket) -> None:
        self._sockets.discard(socket)
        viewer, broadcast = self._viewers.pop(socket, (None, None))
        if viewer is None or broadcast is None:
            return
        broadcast.leave(viewer)
        if not broadcast.viewers:
            broadcast.close()
            self._broadcasts = {key: each for key, each in self._broadcasts.items() if each is not broadcast}

    def health(self) -> dict[str, Any]:
        return {**self._room.counts(), "viewers": len(self._viewers)}

    # --- what time brings ---------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._loop.call_later(TICK_S, self._tick)
        now_ms = self._now_ms()
        for broadcast in list(self._broadcasts.values()):
            self._guarded(lambda broadcast=broadcast: self._look_at(broadcast, now_ms))  # type: ignore[misc]

    def _look_at(self, broadcast: Broadcast, now_ms: int) -> None:
        standing, is_outdated = broadcast.standing, not broadcast.is_current
        for viewer in list(broadcast.viewers):
            if viewer.is_over:
                viewer.socket.end(EXPIRED, "video_ticket_expired")
            elif is_outdated:  # it comes back, and gets what there now is to be seen
                viewer.socket.end(STOPPING, "video_stopping")
            elif standing is not None:
                viewer.tell_age(standing, now_ms)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the tick goes on for the others
            log.exception("looking after live pictures failed")

    def _state_changed(self, capture: Capture) -> None:
        """Called in the thread that noticed."""
        self._soon(lambda: self._tell_state(capture))

    def _soon(self, work: Callable[[], None]) -> None:
        """From any thread: do it in the loop."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(work)

    def _tell_state(self, capture: Capture) -> None:
        for broadcast in self._broadcasts.values():
            if broadcast.capture is capture:
                for viewer in broadcast.viewers:
                    viewer.socket.tell(type="state", **_state(capture.standing))

    def _now_ms(self) -> int:
        return self._clock.now_us() // 1000


def refuse(socket: LiveSocket, refusal: SupervisionError) -> None:
    """Says why there is no picture, and closes."""
    status = next((status for kind, status in STATUS.items() if isinstance(refusal, kind)), FULL)
    details = refusal.details | ({"retry_after": refusal.retry_after} if refusal.retry_after else {})
    socket.end(status, refusal.code, **details)


def _state(standing: Standing) -> dict[str, Any]:
    return {"state": standing.state.value, "reason": standing.reason, "since_ms": standing.since_us // 1000}


def _hidden(camera: Camera) -> tuple[Any, ...]:
    return camera.masks, camera.blur_faces


def _asked(path: str) -> tuple[str, StreamName]:
    """Camera and stream of /live/<camera>/<stream>. Raises NotFound."""
    parts = path.split("/")
    if len(parts) == 4 and parts[:2] == ["", "live"] and parts[3] in tuple(StreamName):
        return parts[2], StreamName(parts[3])
    raise NotFound("camera_unknown", camera=path[:32])
