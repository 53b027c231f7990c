"""The RTSP server of tests/streams.py. Runs with the system's Python, which alone sees Debian's GStreamer bindings.

    /usr/bin/python3 streams_server.py config.json     serve until told to stop; new mounts in the file are taken up
    /usr/bin/python3 streams_server.py --check         exit code 0 where the packages are installed
"""

import json
import os
import struct
import sys
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PAYLOADERS = {
    "h264": ("video/x-h264,stream-format=byte-stream,alignment=au",
             "h264parse ! rtph264pay name=pay0 pt=96"),
    "hevc": ("video/x-h265,stream-format=byte-stream,alignment=au",
             "h265parse ! rtph265pay name=pay0 pt=96"),
    "mjpeg": ("image/jpeg", "jpegparse ! rtpjpegpay name=pay0 pt=26"),
}
WATCH_MS = 30
LEAST_GAP_S = 0.002


class Pictures:
    def __init__(self, path):
        with open(path, "rb") as source:
            head = json.loads(source.readline())
            self.codec, self.fps = head["codec"], head["fps"]
            self.items = []
            while mark := source.read(5):
                size, is_key = struct.unpack(">IB", mark)
                self.items.append((source.read(size), bool(is_key)))


class Mount(GstRtspServer.RTSPMediaFactory):
    """One stream: all who watch share it, and it shows the picture whose turn it is by the clock."""

    def __init__(self, pictures):
        super().__init__()
        self.pictures = pictures
        caps, payloader = PAYLOADERS[pictures.codec]
        self.set_launch(f'( appsrc name=src is-live=true do-timestamp=true format=time '
                        f'caps="{caps},framerate={pictures.fps}/1" ! {payloader} )')
        self.set_shared(True)
        self.set_latency(0)
        self.connect("media-configure", self.begin)

    def begin(self, _factory, media):
        gone = threading.Event()
        media.connect("unprepared", lambda _media: gone.set())
        source = media.get_element().get_by_name("src")
        threading.Thread(target=self.feed, args=(source, gone), daemon=True).start()

    def feed(self, source, gone):
        """The picture whose turn it is, from the last key frame on: what is past by then goes out at once. The time of sending
        is what the stream says; a stamp of ours would make the server hold back every picture by what it was late once."""
        fps, items = self.pictures.fps, self.pictures.items
        number = self.key_before(int(time.time() * fps))
        while not gone.is_set():
            time.sleep(max(LEAST_GAP_S, number / fps - time.time()))
            data, _is_key = items[number % len(items)]
            buffer = Gst.Buffer.new_wrapped(data)
            buffer.duration = Gst.SECOND // fps
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
            number += 1

    def key_before(self, number):
        while not self.pictures.items[number % len(self.pictures.items)][1]:
            number -= 1
        return number


class Front(GstRtspServer.RTSPMediaFactory):
    """A media server in front of a camera: one connection to the camera, whoever and however many watch here."""

    def __init__(self, address):
        super().__init__()
        self.set_launch(f'( rtspsrc location="{address}" protocols=tcp latency=0 ! rtph264depay ! h264parse '
                        '! rtph264pay name=pay0 pt=96 config-interval=-1 )')
        self.set_shared(True)
        self.set_latency(0)


class Server:
    def __init__(self, path):
        self.path, self.mounted, self.changed = Path(path), set(), None
        config = json.loads(self.path.read_text())
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(str(config["port"]))
        self.guard(config["access"], config["tls"])
        self.look()
        if self.server.attach(None) == 0:
            sys.exit("the port is taken")
        GLib.timeout_add(WATCH_MS, self.look)

    def guard(self, access, tls):
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

    def look(self):
        changed = os.stat(self.path).st_mtime_ns
        if changed != self.changed:
            self.changed = changed
            self.take(json.loads(self.path.read_text()))
        return True

    def take(self, config):
        points = self.server.get_mount_points()
        for mount, pictures in config["mounts"].items():
            if (mount, pictures) in self.mounted:
                continue
            factory = Front(pictures) if pictures.startswith("rtsp:") else Mount(Pictures(pictures))
            if self.user:
                permissions = GstRtspServer.RTSPPermissions()
                permissions.add_permission_for_role("viewer", "media.factory.access", True)
                permissions.add_permission_for_role("viewer", "media.factory.construct", True)
                factory.set_permissions(permissions)
            points.add_factory(mount, factory)
            self.mounted.add((mount, pictures))
        Path(config["seen"]).write_text(str(len(config["mounts"])))


def main():
    Gst.init(None)
    needed = ("appsrc", "rtph264pay", "h264parse", "rtph265pay", "h265parse", "rtpjpegpay", "jpegparse", "rtspsrc")
    missing = [name for name in needed if Gst.ElementFactory.find(name) is None]
    if missing:
        sys.exit(f"GStreamer elements missing: {', '.join(missing)}")
    if sys.argv[1] != "--check":
        server = Server(sys.argv[1])  # noqa: F841
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
