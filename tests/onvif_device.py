"""A device that speaks ONVIF on loopback: WS-Discovery over UDP, Device and Media services over HTTP.

It checks what a camera checks: the digest of name, nonce, time and password, that no nonce comes twice, and that the time is
its own within five seconds. What it can be told to do wrong is what strangers do wrong.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree import ElementTree

from core.clock import SystemClock

S = "http://www.w3.org/2003/05/soap-envelope"
W = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
U = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
D = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
SCHEMA = 'xmlns:t="http://www.onvif.org/ver10/schema"'
DEVICE, MEDIA = "http://www.onvif.org/ver10/device/wsdl", "http://www.onvif.org/ver10/media/wsdl"


class OnvifDevice:
    """A camera with a main and a sub stream at `rtsp`; its clock is `ahead` of ours."""

    def __init__(self, user: str, password: str, rtsp: str, ahead: timedelta = timedelta(0), name: str = "大厅一号",
                 tls: ssl.SSLContext | None = None) -> None:
        self.user, self.password, self.rtsp, self.ahead, self.name = user, password, rtsp, ahead, name
        self.asked: list[str] = []
        self.body: bytes | None = None          # answered to everything instead
        self.media_at: str | None = None        # where it claims its media service is
        self.more_answers: list[bytes] = []     # datagrams sent beside its own
        self.challenge = ""                     # of HTTP: "Digest …"; whoever does not answer it is refused
        self._nonces: set[str] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._http.serve_forever, args=(0.02,)), threading.Thread(target=self._hear)]

    @property
    def service(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_port}/onvif/device_service"

    @property
    def group(self) -> tuple[str, int]:
        """Where a probe reaches it."""
        return "127.0.0.1", int(self._udp.getsockname()[1])

    @contextmanager
    def running(self) -> Iterator[OnvifDevice]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
                bell.sendto(b"end", self.group)
            self._http.shutdown()
            for thread in self._threads:
                thread.join()
            self._http.server_close()
            self._udp.close()

    # Discovery ------------------------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        while True:
            probe, sender = self._udp.recvfrom(65_535)
            if probe == b"end":
                return
            root = ElementTree.fromstring(probe)
            assert root.findtext(f".//{{{D}}}Types", "").endswith("NetworkVideoTransmitter")
            for answer in (*self.more_answers, self.match(root.findtext(f".//{{{A}}}MessageID", ""), self.service)):
                self._udp.sendto(answer, sender)

    def match(self, relates_to: str, service: str) -> bytes:
        name = self.name.encode().hex("%", 1)
        return f"""<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{S}" xmlns:a="{A}" xmlns:d="{D}"><e:Header>
            <a:RelatesTo>{relates_to}</a:RelatesTo></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>
            <d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/%{name}
            onvif://www.onvif.org/hardware/HD-1 onvif://www.onvif.org/location/hall</d:Scopes>
            <d:XAddrs>{service} http://[fe80::1]/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body>
            </e:Envelope>""".encode()

    # Services -------------------------------------------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        device = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                is_known = not device.challenge or device.is_answered(self.headers.get("Authorization", ""), self.path)
                status, body = (401, b"") if not is_known else device.answer(request) if device.body is None else (
                    200, device.body)
                self.send_response(status)
                if not is_known:
                    self.send_header("WWW-Authenticate", 'Basic realm="cam"')
                    self.send_header("WWW-Authenticate", device.challenge)
                self.send_header("Content-Type", "application/soap+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: Any) -> None:
                """Quiet."""

        return Handler

    def is_answered(self, header: str, path: str) -> bool:
        """By the plain formula of RFC 2617 with qop=auth, MD5."""
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', header.removeprefix("Digest ")))
        if not header.startswith("Digest "):
            return False

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()
        secret = md5(f"{self.user}:{told['realm']}:{self.password}")
        wanted = md5(f"{secret}:{told['nonce']}:{told['nc']}:{told['cnonce']}:{told['qop']}:{md5(f'POST:{path}')}")
        return (told["response"], told["uri"]) == (wanted, path)

    def answer(self, request: bytes) -> tuple[int, bytes]:
        root = ElementTree.fromstring(request)
        body = root.find(f"{{{S}}}Body")
        assert body is not None
        action = body[0].tag.partition("}")[2]
        self.asked.append(action)
        if action != "GetSystemDateAndTime" and not self._knows(root):
            return 400, _envelope("<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>")
        return 200, _envelope(getattr(self, f"_{action}")(body[0]))

    def _knows(self, root: ElementTree.Element) -> bool:
        told = {name: root.findtext(f".//{{{space}}}{name}", "") for name, space in (
            ("Username", W), ("Password", W), ("Nonce", W), ("Created", U))}
        created = told["Created"].encode()
        digest = base64.b64encode(hashlib.sha1(base64.b64decode(told["Nonce"]) + created + self.password.encode()).digest())
        is_new = told["Nonce"] not in self._nonces
        self._nonces.add(told["Nonce"])
        if not created:
            return False
        drift = abs(datetime.strptime(told["Created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - self._now())
        return told["Username"] == self.user and told["Password"] == digest.decode() and is_new and drift < timedelta(seconds=5)

    def _now(self) -> datetime:
        return SystemClock().now() + self.ahead

    def _GetSystemDateAndTime(self, _asked: ElementTree.Element) -> str:
        now = self._now()
        return f"""<x:GetSystemDateAndTimeResponse xmlns:x="{DEVICE}" {SCHEMA}><x:SystemDateAndTime><t:UTCDateTime>
            <t:Time><t:Hour>{now.hour}</t:Hour><t:Minute>{now.minute}</t:Minute><t:Second>{now.second}</t:Second></t:Time>
            <t:Date><t:Year>{now.year}</t:Year><t:Month>{now.month}</t:Month><t:Day>{now.day}</t:Day></t:Date>
            </t:UTCDateTime></x:SystemDateAndTime></x:GetSystemDateAndTimeResponse>"""

    def _GetCapabilities(self, _asked: ElementTree.Element) -> str:
        where = self.media_at or self.service.replace("device", "media")
        return f"""<x:GetCapabilitiesResponse xmlns:x="{DEVICE}" {SCHEMA}><x:Capabilities><t:Media><t:XAddr>{where}</t:XAddr>
            </t:Media></x:Capabilities></x:GetCapabilitiesResponse>"""

    def _GetProfiles(self, _asked: ElementTree.Element) -> str:
        profiles = "".join(f"""<x:Profiles token="{token}"><t:Name>{name}</t:Name><t:VideoEncoderConfiguration>
            <t:Encoding>H264</t:Encoding><t:Resolution><t:Width>{width}</t:Width><t:Height>{height}</t:Height></t:Resolution>
            </t:VideoEncoderConfiguration></x:Profiles>""" for token, name, width, height in (
                ("sub&amp;1", "辅码流", 640, 360), ("main&amp;1", "主码流", 1920, 1080)))
        return f'<x:GetProfilesResponse xmlns:x="{MEDIA}" {SCHEMA}>{profiles}</x:GetProfilesResponse>'

    def _GetStreamUri(self, asked: ElementTree.Element) -> str:
        token = asked.findtext(f"{{{MEDIA}}}ProfileToken", "")
        return f"""<x:GetStreamUriResponse xmlns:x="{MEDIA}" {SCHEMA}><x:MediaUri>
            <t:Uri>{self.rtsp}/{token[:4].strip("&")}</t:Uri></x:MediaUri></x:GetStreamUriResponse>"""


def _envelope(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{S}"><s:Body>{inside}</s:Body></s:Envelope>'.encode()
