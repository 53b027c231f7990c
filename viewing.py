"""The hall cameras of one process put together: who reads them, who shows them live, and who else works on their packets."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from bootstrap import Services
from config.settings import Settings
from config.video_settings import VideoSettings
from core import allocator
from core.clock import Clock, SystemClock
from core.errors import ConfigError
from core.secret_files import secret_of
from recording import recordings_of
from video.addresses import networks_of
from video.capture import CaptureRules
from video.leases import CameraLeases
from video.live import LiveRules, LiveServer
from video.room import Follower, RoomRules, VideoRoom
from video.sources import SourceRules
from video.states import StateWriter
from video.tickets import Tickets
from video.transcode import TranscodeRules

log = logging.getLogger(__name__)


class Part(Follower, Protocol):
    """A follower of the cameras with a life of its own: the recorder, the analysis."""

    def start(self) -> None:
        """Before the first camera is read."""

    def stop(self) -> None:
        """After the last packet."""


class Viewing:
    """The video room, the port of its live pictures, and the parts that follow the cameras."""

    def __init__(self, room: VideoRoom, live: LiveServer, parts: list[Part]) -> None:
        self.room, self.live, self.parts = room, live, parts
        self._ends = ExitStack()

    def start(self) -> None:
        """Raises ConfigError when the port is taken; nothing then runs."""
        allocator.keep_pictures()
        with ExitStack() as ends:
            for part in self.parts:
                part.start()
                ends.callback(part.stop)
                self.room.followers.append(part)
            self.room.start()
            ends.callback(self.room.stop)
            try:
                self.live.start()
            except OSError as failure:
                raise ConfigError("video_port_unusable", key="video.port", value=self.live.port, problem=failure.strerror,
                                  remedy="choose another port, or end what listens there") from failure
            ends.callback(self.live.stop)
            self._ends = ends.pop_all()

    def stop(self) -> None:
        """Live pictures first, then the cameras, then what was made of their packets."""
        self._ends.close()


def build_viewing(services: Services) -> Viewing:
    """On the services of this process. Raises ConfigError for files that cannot be used."""
    settings, clock = services.settings, SystemClock()
    given = settings.video
    worker = given.worker or f"{socket.gethostname()}:{given.port}"
    room = VideoRoom(services.video.queries, room_rules(given, clock), clock,
                     CameraLeases(services.database, clock, worker, given.lease_s, given.cameras_max),
                     StateWriter(services.database, clock, worker[:64]))
    services.video.snapshots.read_from(room)
    secret = secret_of(settings.security.secret_key, settings.security.secret_key_path)
    live = LiveServer(room, Tickets(secret, clock, given.view_minutes), live_rules(settings), clock)
    return Viewing(room, live, parts_of(services, room))


def parts_of(services: Services, room: VideoRoom) -> list[Part]:
    """Who follows the cameras besides the viewers: the recorder and the analysis. Raises ConfigError for a model file unfit."""
    parts: list[Part] = [recordings_of(services, room)]
    if services.settings.vision.enabled:
        parts.append(services.analysis.watcher(room.capture))
    return parts


def room_rules(given: VideoSettings, clock: Clock) -> RoomRules:
    source = SourceRules(networks_of(given.networks), given.file_dir, given.open_timeout_s, given.read_timeout_s,
                         _authority(given.tls_ca_file), clock.now_us)
    capture = CaptureRules(source, given.stalled_after_s, given.restart_after_s, given.retry_s, given.refused_retry_s,
                           given.ring_s, given.ring_bytes, given.max_pixels, given.max_picture_bytes)
    transcode = TranscodeRules(given.transcode_height, given.transcode_fps, given.max_pixels,
                               _readable("video.face_model", given.face_model))
    return RoomRules(capture, transcode, given.transcoders_max, given.idle_s, given.watch)


def live_rules(settings: Settings) -> LiveRules:
    given = settings.video
    return LiveRules(given.host or settings.server.host, given.port, given.viewers_max, given.viewer_queue_bytes,
                     _certificate(given))


def with_free_port(settings: Settings) -> Settings:
    """A port of 0 means any free one, and the pages must know which."""
    if settings.video.port:
        return settings
    with socket.create_server((settings.video.host or settings.server.host, 0)) as probe:
        port = int(probe.getsockname()[1])
    return settings.model_copy(update={"video": settings.video.model_copy(update={"port": port})})


def _authority(path: Path | None) -> ssl.SSLContext | None:
    found = _readable("video.tls_ca_file", path)
    if found is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(found))
    except ssl.SSLError as failure:
        raise _unusable("video.tls_ca_file", found, failure.reason) from failure


def _certificate(given: VideoSettings) -> ssl.SSLContext | None:
    certificate = _readable("video.tls_cert_file", given.tls_cert_file)
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, _readable("video.tls_key_file", given.tls_key_file))
    except ssl.SSLError as failure:
        raise _unusable("video.tls_cert_file", certificate, failure.reason) from failure
    return context


def _readable(key: str, path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise _unusable(key, path, "no such file")
    return path


def _unusable(key: str, path: Path, problem: str) -> ConfigError:
    return ConfigError("setting_file_unreadable", key=key, value=str(path), source="settings", problem=problem,
                       remedy="point it to a readable PEM or ONNX file, or leave it empty")
