"""Opens a stream and gives its pictures, compressed as they come: RTSP through a relay of ours, a film, a USB camera.

FFmpeg opens every stream and says what it is. Films, devices and other codecs it also takes apart; what network cameras send as
H.264 video/rtp.py does. Nothing is decoded, sound is not asked for. FFmpeg's errors carry the whole address, so none of them
leaves this file.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import monotonic

import av
from av.error import FFmpegError

from video.addresses import Network, login_of
from video.cameras import SourceKind
from video.faults import SourceFault, passing, refused
from video.h264_stream import H264Stream
from video.packets import Piece, Take
from video.relay import Relay, RelayRules
from video.targets import device_of, file_of, target_of

FILMS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,h264,hevc,mjpeg,mpjpeg"  # none that names other files or hosts
RTSP_OPTIONS = {"rtsp_transport": "tcp", "allowed_media_types": "video", "analyzeduration": "500000", "fpsprobesize": "0",
                "format_whitelist": "rtsp,sdp,rtp,mpegts", "protocol_whitelist": "rtsp,rtp,tcp"}
DEVICE_OPTIONS = {"input_format": "mjpeg", "protocol_whitelist": "file"}
CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class SourceRules:
    """What may be opened, and how long it may take."""

    networks: tuple[Network, ...]
    file_dir: Path | None
    open_timeout_s: float
    read_timeout_s: float
    tls: ssl.SSLContext | None
    now_us: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Format:
    """What the demuxer says of the video before its first picture."""

    codec: str
    width: int
    height: int
    time_base: Fraction
    extradata: bytes
    reorders: bool = False   # some pictures are sent before others that are shown earlier


class Source:
    """One open stream. Reading is for one thread; `cut` is for any and ends a read that waits."""

    clock_offset_us: int | None = None

    def __init__(self, rules: SourceRules) -> None:
        self._rules = rules
        self._container: av.container.InputContainer | None = None
        self._is_cut = threading.Event()

    def open(self) -> Format:
        """Raises SourceFault."""
        try:
            self._container = self._open()
            return _format_of(self._container)
        except FFmpegError as error:
            raise self._fault(error) from None

    def follow(self, take: Take) -> None:
        """Gives every picture to `take`, in this thread or another but one after the other, until the stream ends, which is a
        SourceFault like any other, or `take` raises."""
        for piece in self._pieces():
            take(piece)
        raise self._ended()

    def _pieces(self) -> Iterator[Piece]:
        assert self._container is not None
        try:
            for packet in self._container.demux(video=0):
                if packet.size:
                    yield _piece(packet)
        except FFmpegError as error:
            raise self._fault(error) from None

    def cut(self) -> None:
        self._is_cut.set()

    def close(self) -> None:
        if self._container is not None:
            with suppress(FFmpegError):
                self._container.close()

    @property
    def passed(self) -> int:
        """Bytes received, where they can be counted."""
        return 0

    def silence(self) -> SourceFault:
        """Why no first picture comes of a stream that is open."""
        return passing("camera_no_pictures")

    def _open(self) -> av.container.InputContainer:
        raise NotImplementedError

    def _ended(self) -> SourceFault:
        return passing("camera_stream_ended")

    def _fault(self, error: FFmpegError) -> SourceFault:
        return _told(error)


class RtspSource(Source):
    """A network camera, or a media server in front of it."""

    def __init__(self, address: str, rules: SourceRules, *, by_datagrams: bool = False) -> None:
        super().__init__(rules)
        self._address, self._by_datagrams = address, by_datagrams
        self._relay: Relay | None = None

    def open(self) -> Format:
        self._format = super().open()
        return self._format

    def _open(self) -> av.container.InputContainer:
        rules = self._rules
        target = target_of(self._address, rules.networks)
        self._relay = relay = Relay(target, RelayRules(rules.open_timeout_s, rules.tls, rules.now_us), is_diverted=True,
                                    by_datagrams=self._by_datagrams)
        relay.start()
        if self._is_cut.is_set():
            relay.close()
        # No time-out for reading: for one, FFmpeg's callback takes the interpreter at every piece of a picture. The watch over
        # the capture closes the relay, which ends a read.
        return av.open(relay.address, format="rtsp", options=RTSP_OPTIONS, metadata_errors="replace",
                       timeout=(rules.open_timeout_s, None))

    def follow(self, take: Take) -> None:
        assert self._relay is not None
        flow = self._relay.flow(self._rules.open_timeout_s)
        if flow is None:
            raise self._ended()
        if self._format.codec != "h264" or self._format.reorders:
            flow.keep_to_inside()
            super().follow(take)
        stream, session, login = H264Stream(take, self._relay.talk.session), self._relay.talk.session, login_of(self._address)
        flow.divert(stream.feed)
        super().close()  # FFmpeg has said what it is
        while not self._relay.join(session.period_s):
            with suppress(OSError):  # then the flow has just ended
                flow.send(session.request(login))
        raise flow.problem or self._ended()

    def cut(self) -> None:
        super().cut()
        if self._relay is not None:
            self._relay.close()

    def close(self) -> None:
        self.cut()  # first, so that FFmpeg's farewell waits for nobody
        super().close()
        if self._relay is not None:
            self._relay.join(CLOSE_TIMEOUT_S)

    @property
    def passed(self) -> int:
        return self._relay.passed if self._relay is not None else 0

    def silence(self) -> SourceFault:
        return self._unheard() or super().silence()

    def _unheard(self) -> SourceFault | None:
        return passing("camera_no_datagrams") if self._relay is not None and self._relay.is_unheard else None

    @property
    def clock_offset_us(self) -> int | None:  # type: ignore[override]
        """The camera's clock minus ours, by the date of its answers; exact to a second."""
        return self._relay.talk.clock_offset_us if self._relay is not None else None

    def _fault(self, error: FFmpegError) -> SourceFault:
        relay = self._relay
        if relay is not None and relay.fault is None:
            relay.join(0.2)  # it may be about to say why
        return relay.fault if relay is not None and relay.fault is not None else self._unheard() or _told(error)

    def _ended(self) -> SourceFault:
        return self._relay.fault if self._relay is not None and self._relay.fault else super()._ended()


class FilmSource(Source):
    """A film played in its own time, again and again; its timeline goes on from one showing to the next."""

    def __init__(self, address: str, rules: SourceRules) -> None:
        super().__init__(rules)
        self._address = address

    def _open(self) -> av.container.InputContainer:
        path = file_of(self._address, self._rules.file_dir)
        return av.open(str(path), options={"format_whitelist": FILMS, "protocol_whitelist": "file"}, metadata_errors="replace",
                       timeout=(self._rules.open_timeout_s, self._rules.read_timeout_s))

    def _pieces(self) -> Iterator[Piece]:
        assert self._container is not None
        base = _format_of(self._container).time_base
        began, shift = monotonic(), 0
        while not self._is_cut.is_set():
            first = after = None
            for piece in self._showing():
                first = piece.dts if first is None else first
                step = piece.dts - first + shift
                if self._is_cut.wait(max(0.0, began + float(step * base) - monotonic())):
                    break
                after = step + max(1, self._step)
                yield Piece(piece.data, piece.pts - first + shift, step, piece.is_key)
            if after is None:
                raise refused("camera_no_video")
            shift = after

    def _showing(self) -> Iterator[Piece]:
        """The film once, from its beginning."""
        assert self._container is not None
        self._step = 1
        try:
            self._container.seek(0)
            for packet in self._container.demux(video=0):
                if packet.size:
                    self._step = packet.duration or self._step
                    yield _piece(packet)
        except FFmpegError as error:
            raise self._fault(error) from None


class DeviceSource(Source):
    """A USB camera of this machine, asked for the pictures it compresses itself."""

    def __init__(self, address: str, rules: SourceRules) -> None:
        super().__init__(rules)
        self._address = address

    def _open(self) -> av.container.InputContainer:
        return av.open(device_of(self._address), format="video4linux2", options=DEVICE_OPTIONS,
                       timeout=(self._rules.open_timeout_s, self._rules.read_timeout_s))


def source_of(kind: SourceKind, address: str, rules: SourceRules) -> Source:
    """The source of a camera's kind, not yet open."""
    of_kind: dict[SourceKind, Callable[[str, SourceRules], Source]] = {
        SourceKind.RTSP: RtspSource, SourceKind.RTSP_UDP: partial(RtspSource, by_datagrams=True), SourceKind.FILE: FilmSource,
        SourceKind.DEVICE: DeviceSource}
    return of_kind[kind](address, rules)


def _format_of(container: av.container.InputContainer) -> Format:
    if not container.streams.video:
        raise refused("camera_no_video")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or stream.time_base is None:
        raise refused("camera_no_video")
    return Format(context.name, context.width, context.height, Fraction(stream.time_base), bytes(context.extradata or b""),
                  context.has_b_frames)


def _piece(packet: av.Packet[av.VideoStream]) -> Piece:
    dts = packet.dts if packet.dts is not None else packet.pts or 0
    return Piece(bytes(packet), packet.pts if packet.pts is not None else dts, dts, packet.is_keyframe)


def _told(error: FFmpegError) -> SourceFault:
    """FFmpeg's error in our words, without its text: that holds the address."""
    if isinstance(error, (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)):
        return refused("camera_unauthorized")
    if isinstance(error, av.error.HTTPNotFoundError):
        return passing("camera_path_unknown")
    if isinstance(error, (av.error.ExitError, TimeoutError)):
        return passing("camera_timeout")
    return passing("camera_stream_broken", problem=type(error).__name__)
