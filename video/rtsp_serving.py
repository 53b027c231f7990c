"""An RTSP server (GStreamer's) for drawn halls and for tests. Runs with the system's Python, which alone sees Debian's
bindings of GStreamer, so it imports nothing of ours.

    /usr/bin/python3 rtsp_serving.py config.json     serve until told to stop; new mounts in the file are taken up
    /usr/bin/python3 rtsp_serving.py --check [CODEC] exit code 0 where the packages are installed (h264, hevc, mjpeg; all)

The file: {"port", "access": {"user", "password", "scheme"}, "tls": [certificate, key], "seen": file that gets the number of
mounts served, "parent": process id whose end ends the server, "only_udp": whether nothing is sent over the connection,
"mounts": {path: source}}. A source is an rtsp:// address that is passed on, a file of pictures that is sent in real time, again
and again, or {"codec", "fps", "socket"}: a Unix socket that is connected while somebody watches, told the mount in one line,
and read from. The last two give pictures as `>IB` (length, is a key picture) and the picture; a file begins with a line
{"codec", "fps", "count"}.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found, unused-ignore]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found, unused-ignore]  # noqa: E402

_WHOLE = "stream-format=byte-stream,alignment=au"
CAPS = {"h264": f"video/x-h264,{_WHOLE}", "hevc": f"video/x-h265,{_WHOLE}", "mjpeg": "image/jpeg"}
# The parsers are in Debian's plugins-bad. A stream that comes with its parameter sets in every key picture does without.
PARSERS = {"h264": "h264parse", "hevc": "h265parse", "mjpeg": "jpegparse"}
PAYLOADERS = {"h264": "rtph264pay", "hevc": "rtph265pay", "mjpeg": "rtpjpegpay"}
TAILS = {"h264": "name=pay0 pt=96", "hevc": "name=pay0 pt=96", "mjpeg": "name=pay0 pt=26"}
WATCH_MS = 30
LEAST_GAP_S = 0.002
PARENT_MS = 500


class Pictures:
    """A file of pictures: the one whose turn it is by the clock."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as source:
            head = json.loads(source.readline())
            self.codec, self.fps = head["codec"], head["fps"]
            self.items: list[tuple[bytes, bool]] = []
            while mark := source.read(5):
                size, is_key = struct.unpack(">IB", mark)
                self.items.append((source.read(size), bool(is_key)))

    def each(self, _mount: str, gone: threading.Event) -> Iterator[bytes]:
        """The picture whose turn it is, from the last key picture on: what is past by then comes at once."""
        fps = self.fps
        number = self.key_before(time.time_ns() * fps // 10**9)
        while not gone.is_set():
            time.sleep(max(LEAST_GAP_S, number / fps - time.time_ns() / 1e9))
            yield self.items[number % len(self.items)][0]
            number += 1

    def key_before(self, number: int) -> int:
        while not self.items[number % len(self.items)][1]:
            number -= 1
        return number


class Live:
    """Pictures that are made while somebody watches. They come when it is their time."""

    def __init__(self, source: dict[str, Any]) -> None:
        self.codec, self.fps, self.socket = source["codec"], source["fps"], source["socket"]

    def each(self, mount: str, gone: threading.Event) -> Iterator[bytes]:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.socket)
            line.sendall(mount.encode() + b"\n")
            line.settimeout(1)
            while not gone.is_set() and (head := self.read(line, 5, gone)):
                data = self.read(line, struct.unpack(">IB", head)[0], gone)
                if data:
                    yield data

    @staticmethod
    def read(line: socket.socket, size: int, gone: threading.Event) -> bytes:
        """So many bytes; nothing when the line or the watching ends first."""
        data = b""
        while len(data) < size and not gone.is_set():
            try:
                more = line.recv(size - len(data))
            except TimeoutError:
                continue
            if not more:
                return b""
            data += more
        return data if len(data) == size else b""


class Mount(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc, unused-ignore]
    """One stream, which all who watch it share."""

    def __init__(self, path: str, source: Pictures | Live) -> None:
        super().__init__()
        self.path, self.source = path, source
        codec = source.codec
        parser = f"{PARSERS[codec]} ! " if Gst.ElementFactory.find(PARSERS[codec]) else ""
        caps = f"{CAPS[codec]},framerate={source.fps}/1"
        tail = f"{parser}{PAYLOADERS[codec]} {TAILS[codec]}"
        self.set_launch(f'( appsrc name=src is-live=true do-timestamp=true format=time caps="{caps}" ! {tail} )')
        self.set_shared(True)
        self.set_latency(0)
        self.connect("media-configure", self.begin)

    def begin(self, _factory: Any, media: Any) -> None:
        gone = threading.Event()
        media.connect("unprepared", lambda _media: gone.set())
        source = media.get_element().get_by_name("src")
        threading.Thread(target=self.feed, args=(source, gone), daemon=True).start()

    def feed(self, source: Any, gone: threading.Event) -> None:
        """The time of sending is what the stream says: a stamp of ours would make the server hold back every picture by what
        the first of them was late. Before the pipeline plays it has no beginning to count from: a picture that came then would
        be due when the machine's clock, in hours or days, has gone once more as far as it has."""
        while not gone.is_set() and source.get_state(0).state != Gst.State.PLAYING:
            time.sleep(LEAST_GAP_S)
        for data in self.source.each(self.path, gone):
            buffer = Gst.Buffer.new_wrapped(data)
            buffer.duration = Gst.SECOND // self.source.fps
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
        if not gone.is_set():
            source.emit("end-of-stream")


class Front(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc, unused-ignore]
    """A media server in front of a camera: one connection to the camera, whoever and however many watch here."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.set_launch(f'( rtspsrc location="{address}" protocols=tcp latency=0 ! rtph264depay ! h264parse '
                        '! rtph264pay name=pay0 pt=96 config-interval=-1 )')
        self.set_shared(True)
        self.set_latency(0)


class Server:
    """Serves what its file says, and looks whether that changed."""

    def __init__(self, path: str) -> None:
        self.path, self.changed = Path(path), 0
        self.mounted: set[tuple[str, str]] = set()
        config = json.loads(self.path.read_text())
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(str(config["port"]))
        self.only_udp = bool(config.get("only_udp"))
        self.guard(config.get("access") or {"user": ""}, config.get("tls") or [])
        self.look()
        if self.server.attach(None) == 0:
            sys.exit("the port is taken")
        GLib.timeout_add(WATCH_MS, self.look)
        if config.get("parent"):
            GLib.timeout_add(PARENT_MS, lambda: os.getppid() == config["parent"] or os._exit(0))

    def guard(self, access: dict[str, str], tls: list[str]) -> None:
        self.user = access["user"]
        if not self.user and not tls:
            return
        auth = GstRtspServer.RTSPAuth()
        if tls:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*tls))
        if self.user:
            token = GstRtspServer.RTSPToken()
            token.set_string("media.factory.role", "viewer")
            if access["scheme"] == "basic":
                auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
                auth.add_basic(GstRtspServer.RTSPAuth.make_basic(self.user, access["password"]), token)
            else:
                auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
                auth.add_digest(self.user, access["password"], token)
        else:
            token = GstRtspServer.RTSPToken()
            token.set_string("media.factory.role", "viewer")
            auth.set_default_token(token)
        self.server.set_auth(auth)
        self.user = "viewer"

    def look(self) -> bool:
        changed = os.stat(self.path).st_mtime_ns
        if changed != self.changed:
            self.changed = changed
            self.take(json.loads(self.path.read_text()))
        return True

    def take(self, config: dict[str, Any]) -> None:
        points = self.server.get_mount_points()
        wanted = {(mount, json.dumps(source)): source for mount, source in config["mounts"].items()}
        for mount, _source in self.mounted - set(wanted):
            if not any(mount == other for other, _ in wanted):
                points.remove_factory(mount)
        for (mount, text), source in wanted.items():
            if (mount, text) not in self.mounted:
                points.add_factory(mount, self.factory(mount, source))
        gone = {mount for mount, _ in self.mounted} - set(config["mounts"])
        self.mounted = set(wanted)
        if gone:
            self.hang_up(gone)
        Path(config["seen"]).write_text(str(len(config["mounts"])))

    def hang_up(self, gone: set[str]) -> None:
        """Whoever watches a mount that is no more is cut off, as when a camera loses its power."""
        def of_gone(_server: Any, client: Any) -> Any:
            watched = [session.get_media(mount)[0] for session in self.sessions(client) for mount in gone]
            return GstRtspServer.RTSPFilterResult.REMOVE if any(watched) else GstRtspServer.RTSPFilterResult.KEEP
        self.server.client_filter(of_gone)

    @staticmethod
    def sessions(client: Any) -> Any:
        return client.session_filter(lambda _client, _session: GstRtspServer.RTSPFilterResult.REF)

    def factory(self, mount: str, source: Any) -> Any:
        if isinstance(source, str) and source.startswith("rtsp:"):
            factory: Any = Front(source)
        else:
            factory = Mount(mount, Pictures(source) if isinstance(source, str) else Live(source))
        if self.only_udp:
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        if self.user:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(permissions)
        return factory


def main() -> None:
    Gst.init(None)
    is_check = sys.argv[1] == "--check"
    asked = sys.argv[2:] if is_check else []
    needed = ["appsrc", *(PAYLOADERS[codec] for codec in asked)] if asked else [
        "appsrc", "rtspsrc", *PAYLOADERS.values(), *PARSERS.values()] if is_check else ["appsrc"]
    missing = [name for name in needed if Gst.ElementFactory.find(name) is None]
    if missing:
        sys.exit(f"GStreamer elements missing: {', '.join(missing)}")
    if not is_check:
        server = Server(sys.argv[1])  # noqa: F841
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
