"""A real RTSP server as a child process: what sends the drawn halls of the demonstration, and the clips of the tests.

The server is GStreamer's, from Debian's packages, which only the system's own Python sees (`rtsp_serving.py` is run by it).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_serving.py")
PACKAGES = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good"
_CHECK_S, _STOP_S = 30, 5


@dataclass(frozen=True, slots=True)
class LiveSource:
    """Pictures that a program of ours makes while somebody watches, through its Unix socket."""

    codec: str
    fps: int
    socket: Path


Source = Path | LiveSource | str  # a file of pictures, what is made meanwhile, or the rtsp:// address of a server behind


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may watch: `scheme` is digest or basic, asked for where `user` is given."""

    user: str = ""
    password: str = ""
    scheme: str = "digest"


def has_packages(*codecs: str) -> bool:
    """Whether Debian's packages are there for these codecs (h264, hevc, mjpeg; none named: for all, with their parsers)."""
    try:
        return subprocess.run([SYSTEM_PYTHON, str(SCRIPT), "--check", *codecs], capture_output=True, timeout=_CHECK_S,
                              check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def command_of(config: Path) -> list[str]:
    """How the server is run on a file that `write_config` wrote."""
    return [SYSTEM_PYTHON, str(SCRIPT), str(config)]


def write_config(config: Path, port: int, mounts: Mapping[str, Source], *, guard: Guard | None = None,
                 tls: tuple[Path, Path] | None = None, parent: int = 0, only_udp: bool = False) -> None:
    """What the server reads at its start and whenever it changes. `tls` is certificate and key; `parent` a process that it
    does not outlive; `only_udp`: it sends datagrams or nothing. How many mounts it serves is then in the file `seen`
    beside it."""
    access = guard or Guard()
    told = {"port": port, "access": {"user": access.user, "password": access.password, "scheme": access.scheme},
            "tls": [str(path) for path in tls] if tls else [], "seen": str(config.with_name("seen")), "parent": parent,
            "only_udp": only_udp, "mounts": {mount: _told(source) for mount, source in mounts.items()}}
    fresh = config.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(told))
    fresh.replace(config)


def _told(source: Source) -> object:
    if not isinstance(source, LiveSource):
        return str(source)
    return {"codec": source.codec, "fps": source.fps, "socket": str(source.socket)}


class RtspServer:
    """The server of live sources on 127.0.0.1, ended with this process whatever ends it."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "rtsp.json"
        self._mounts: dict[str, Source] = {}
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def serve(self, mounts: Mapping[str, Source]) -> None:
        """These mounts from now on and no others; whoever watches one that is gone is cut off."""
        self._mounts = dict(mounts)
        if self._process is not None:
            self._write()

    def start(self) -> None:
        """Returns at once; `is_listening` says when it can be asked."""
        self._write()
        self._process = subprocess.Popen(command_of(self._config), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_listening(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def address(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}{mount}"

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_S)
        self._process = None

    def _write(self) -> None:
        write_config(self._config, self.port, self._mounts, parent=os.getpid())
