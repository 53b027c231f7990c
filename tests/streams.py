"""Cameras for the tests: clips with a clock burnt in, and a real RTSP server (GStreamer's) that sends them.

A clip shows real time modulo its own length, as digits for people and as bars for programs: `read_bars` tells which picture
of the clip one looks at, `shown_s` what instant that was. The server sends picture number `real time * fps` whoever asks
and whenever, so the age of a picture can be read from the picture alone.

`scripts/setup test` installs what is needed; without it the tests say so (conftest: skip, or fail for `make test`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from tests.services import OwnService, ServiceUnavailable, wait_until
from video import rtsp_server
from video.rtsp_server import Guard

PACKAGES = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-bad glib-networking"
BITS = 14
BARS_HEIGHT = 1 / 9        # share of the picture that the bars take, from the top
ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}
OPTIONS = {
    "h264": {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "sc_threshold": "0", "slices": "1",
             "x264-params": "sliced-threads=0"},
    "hevc": {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none:bframes=0:scenecut=0"},
    "mjpeg": {"qmin": "3", "qmax": "5", "huffman": "default"},  # RTP carries no other tables (RFC 2435)
}


@dataclass(frozen=True, slots=True)
class Clip:
    """A short film, as an MP4 for file sources and as single pictures for the server. Its length is `pictures / fps`."""

    movie: Path
    pictures: Path
    codec: str
    width: int
    height: int
    fps: int
    count: int

    @property
    def seconds(self) -> float:
        return self.count / self.fps


def make_clip(folder: Path, *, codec: str = "h264", width: int = 640, height: int = 360, fps: int = 15, seconds: int = 4,
              gop_s: float = 1.0, bit_rate: int = 0) -> Clip:
    """A moving picture with the clock burnt in; a key frame every `gop_s` seconds, no picture depends on a later one."""
    name = f"{codec}-{width}x{height}-{fps}-{seconds}-{gop_s:g}"
    clip = Clip(folder / f"{name}.{'mkv' if codec == 'mjpeg' else 'mp4'}", folder / f"{name}.pictures", codec, width, height,
                fps, fps * seconds)
    if not clip.pictures.exists():
        _film(clip, max(1, round(fps * gop_s)), bit_rate)
    return clip


def _film(clip: Clip, gop: int, bit_rate: int) -> None:
    with av.open(str(clip.movie), "w") as movie, clip.pictures.open("wb") as out:
        stream = _video_stream(movie, clip, gop, bit_rate)
        head = {"codec": clip.codec, "fps": clip.fps, "count": clip.count}
        out.write(json.dumps(head).encode() + b"\n")
        for number in range(clip.count + 1):
            for packet in stream.encode(_picture(clip, number) if number < clip.count else None):
                out.write(_record(packet, stream.codec_context.extradata or b"", clip.codec))
                movie.mux(packet)


def _video_stream(movie: av.container.OutputContainer, clip: Clip, gop: int, bit_rate: int) -> av.VideoStream:
    stream = movie.add_stream(ENCODERS[clip.codec], rate=clip.fps, options=OPTIONS[clip.codec])
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = clip.width, clip.height
    stream.pix_fmt = "yuvj420p" if clip.codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = gop
    stream.codec_context.thread_count = 1
    if bit_rate:
        stream.codec_context.bit_rate = bit_rate
    return stream


def _record(packet: av.Packet, extradata: bytes, codec: str) -> bytes:
    """Length, whether a decoder can begin here, picture. A key frame carries its parameter sets, as a camera sends them."""
    data = bytes(packet)
    if codec != "mjpeg" and packet.is_keyframe:
        data = extradata + data
    return struct.pack(">IB", len(data), codec == "mjpeg" or packet.is_keyframe) + data


def _picture(clip: Clip, number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(draw(clip.width, clip.height, number, clip.fps), format="gray")
    frame = frame.reformat(format="yuvj420p" if clip.codec == "mjpeg" else "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, clip.fps)
    return frame


def draw(width: int, height: int, number: int, fps: int) -> np.ndarray:
    """Picture `number` of a clip: bars above (most significant bit left, white is 1), digits and a moving square below."""
    image = np.full((height, width), 96, np.uint8)
    image[::8] = 112
    top = round(height * BARS_HEIGHT)
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS
        image[:top, left:right] = 235 if number >> (BITS - 1 - bit) & 1 else 16
    scale = height / 240
    cv2.putText(image, f"{number / fps:07.3f}", (round(width * 0.1), round(height * 0.6)), cv2.FONT_HERSHEY_SIMPLEX,
                2 * scale, 235, max(1, round(4 * scale)))
    side = height // 8
    left = (number * max(1, width // (4 * fps))) % (width - side)
    image[-2 * side:-side, left:left + side] = 200
    return image


def read_bars(image: np.ndarray) -> int:
    """Which picture of its clip this is; `image` is grey or colour, of any size."""
    grey = image if image.ndim == 2 else image[..., :3].mean(axis=2)
    height, width = grey.shape
    row = grey[max(1, round(height * BARS_HEIGHT / 2))]
    number = 0
    for bit in range(BITS):
        number = number << 1 | int(row[round(width * (bit + 0.5) / BITS)] > 128)
    return number


def age_s(clip: Clip, number: int, now_s: float) -> float:
    """How old picture `number` is at `now_s` (seconds of Unix time), modulo the clip's length."""
    return (now_s - number / clip.fps) % clip.seconds


class RtspServer(OwnService):
    """A real RTSP server on a free port of 127.0.0.1, as a process of its own. SIGSTOP makes it a camera that hangs."""

    def __init__(self, mounts: dict[str, Clip | str] | None = None, *, user: str = "", password: str = "",
                 scheme: str = "digest", tls: tuple[Path, Path] | None = None, only_udp: bool = False) -> None:
        """A mount shows a clip, or what another RTSP address shows: then this is a media server in front of a camera.

        `scheme` is digest or basic, asked for where `user` is given; `tls` is certificate and key of an rtsps server.
        """
        super().__init__("rtsp")
        if not has_packages():
            raise ServiceUnavailable(f"no RTSP server installed; run: sudo apt-get install {PACKAGES}")
        self.mounts = dict(mounts or {})
        self._guard, self._tls, self._only_udp = Guard(user, password, scheme), tls, only_udp
        self.url = f"rtsp{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._write_config()

    def address(self, mount: str, *, user: str = "", password: str = "") -> str:
        """Where a mount is read, e.g. address('/hall')."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{f'{user}:{password}@' if user else ''}{rest}{mount}"

    def serve(self, mount: str, clip: Clip) -> str:
        """Sends `clip` at `mount` from now on; returns its address."""
        self.mounts[mount] = clip
        self._write_config()
        if self.is_running:
            self._await_mounts()
        return self.address(mount)

    def _await_mounts(self) -> None:
        seen = self._folder / "seen"
        wait_until(lambda: seen.exists() and seen.read_text() == str(len(self.mounts)), timeout_s=5, what="the mounts")

    def start(self) -> None:
        super().start()
        self._await_mounts()

    def freeze(self) -> None:
        """Stays connected and sends nothing, as a camera whose program hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self.is_running:
            os.kill(self.pid, signal.SIGCONT)

    def _write_config(self) -> None:
        rtsp_server.write_config(self._folder / "config.json", self.port,
                                 {mount: shown if isinstance(shown, str) else shown.pictures
                                  for mount, shown in self.mounts.items()},
                                 guard=self._guard, tls=self._tls, only_udp=self._only_udp)

    def _command(self) -> list[str]:
        return rtsp_server.command_of(self._folder / "config.json")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def _ask_to_end(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGCONT)
        process.terminate()


@cache
def has_packages() -> bool:
    """Whether Debian's packages of the server are installed, for every codec; asked once."""
    return rtsp_server.has_packages()
