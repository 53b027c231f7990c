"""Finding cameras in the networks allowed and asking them where their streams are read, by ONVIF. Only when a person asks.

WS-Discovery 1.0 (a Probe to 239.255.255.250:3702) finds them; the ONVIF Device and Media services (ver10) tell profiles and
stream addresses, with a WS-UsernameToken digest (OASIS WSS UsernameToken Profile 1.0) and, where a device asks for it, an HTTP
digest; over HTTPS where its address says so. Whatever answers is a stranger: bounded
time, size and number, no entities, no redirect, and no address outside the networks is believed or asked.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import socket
import ssl
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from core.clock import Clock
from core.errors import InvalidInput, UpstreamError
from video.addresses import AddressRules, Login, Network, check_host, is_allowed, shown
from video.cameras import SourceKind
from video.relay import unverified_tls
from video.soap_link import post

GROUP = ("239.255.255.250", 3702)
DATAGRAM_MAX, FOUND_MAX, PROFILES_MAX = 65_535, 256, 8
_NAMES = {
    "soap": "http://www.w3.org/2003/05/soap-envelope", "addressing": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "discovery": "http://schemas.xmlsoap.org/ws/2005/04/discovery", "device": "http://www.onvif.org/ver10/device/wsdl",
    "media": "http://www.onvif.org/ver10/media/wsdl", "schema": "http://www.onvif.org/ver10/schema"}
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_SCOPE = re.compile(r"onvif://www\.onvif\.org/(name|hardware|location)/(.{1,200})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered: `service` is the address of its device service, the rest what it says of itself."""

    service: str
    host: str
    name: str = ""
    hardware: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream of a device. `address` has no credentials; width and height are 0 where it does not say."""

    name: str
    address: str
    codec: str
    width: int
    height: int


class Discovery:
    """Asks for devices and for their streams. `patience_s` bounds each of both questions as a whole."""

    def __init__(self, rules: AddressRules, clock: Clock, patience_s: float = 4.0, group: tuple[str, int] = GROUP,
                 ca_file: Path | None = None) -> None:
        """`ca_file`: the authority (PEM) HTTPS devices are verified by; None: not verified, as cameras sign themselves."""
        self._rules, self._clock, self._patience_s, self._group = rules, clock, patience_s, group
        self._ca_file = ca_file

    def look(self) -> list[Found]:
        """Devices in the networks allowed, by address. Raises InvalidInput when no network is."""
        if not self._rules.networks:
            raise InvalidInput("camera_networks_missing", setting="video.networks")
        found: dict[str, Found] = {}
        for sender, answer in _answers(self._group, self._rules.networks, self._patience_s):
            if is_allowed(sender, self._rules.networks) and len(found) < FOUND_MAX:
                found.update({one.service: one for one in self._devices(answer)})
        return sorted(found.values(), key=lambda one: one.service)

    def streams(self, service: str, login: Login | None) -> list[Profile]:
        """What the device at that address offers, the largest picture first.

        Raises InvalidInput for an address outside the networks, UpstreamError (`onvif_refused`, `onvif_unreachable`,
        `onvif_unreadable`) for what it does not answer well.
        """
        asked = _Device(self._rules, login, self._clock, time.monotonic() + self._patience_s, self._tls())
        return asked.profiles(service)

    def _tls(self) -> ssl.SSLContext:
        if self._ca_file is None:
            return unverified_tls()
        try:
            return ssl.create_default_context(cafile=str(self._ca_file))
        except OSError as failure:
            raise UpstreamError("onvif_unreachable", what="video.tls_ca_file") from failure

    def _devices(self, answer: bytes) -> Iterator[Found]:
        try:
            root = fromstring(answer, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            return
        for match in root.iter(f"{{{_NAMES['discovery']}}}ProbeMatch"):
            said = dict(_SCOPE.findall(" ".join(_text(match, "discovery", "Scopes").split())[:4_000].replace(" ", "\n")))
            for service in _text(match, "discovery", "XAddrs").split()[:4]:
                host = _host_of(service)
                if host and is_allowed(host, self._rules.networks):
                    words = {name.lower(): _plain(unquote(value)) for name, value in said.items()}
                    yield Found(service[:256], host, **words)
                    break


class _Device:
    """One device being asked, until its time is over."""

    def __init__(self, rules: AddressRules, login: Login | None, clock: Clock, until: float, tls: ssl.SSLContext) -> None:
        self._rules, self._login, self._clock, self._until, self._tls = rules, login, clock, until, tls
        self._behind = timedelta(0)  # what its clock is ahead of ours: a digest of another time is refused

    def profiles(self, service: str) -> list[Profile]:
        self._learn_time(service)
        media = self._media_service(service)
        root = self._ask(media, "media", "GetProfiles", "")
        profiles = [self._profile(media, one) for one in list(root.iter(f"{{{_NAMES['media']}}}Profiles"))[:PROFILES_MAX]]
        return sorted((one for one in profiles if one is not None), key=lambda one: -one.width * one.height)

    def _learn_time(self, service: str) -> None:
        """GetSystemDateAndTime needs no credentials; a device that keeps its time to itself is taken to be right."""
        try:
            root = self._ask(service, "device", "GetSystemDateAndTime", "", with_login=False)
            found = root.find(f".//{{{_NAMES['schema']}}}UTCDateTime")
            day, hour = (None if found is None else found.find(f"{{{_NAMES['schema']}}}{name}") for name in ("Date", "Time"))
            numbers = [int(_text(part, "schema", name)) for part, names in (
                (day, ("Year", "Month", "Day")), (hour, ("Hour", "Minute", "Second"))) for name in names]
            self._behind = datetime(*numbers, tzinfo=UTC) - self._clock.now()  # type: ignore[misc, arg-type]
        except (UpstreamError, ValueError, OverflowError):
            self._behind = timedelta(0)

    def _media_service(self, service: str) -> str:
        root = self._ask(service, "device", "GetCapabilities", "<Category>Media</Category>")
        media = root.find(f".//{{{_NAMES['schema']}}}Media")
        address = _text(media, "schema", "XAddr")
        if not address:
            raise UpstreamError("onvif_unreadable", permanent=True, what="GetCapabilities")
        return address

    def _profile(self, media: str, profile: Any) -> Profile | None:
        token = str(profile.get("token") or "")
        setup = ("<StreamSetup><Stream xmlns=\"{schema}\">RTP-Unicast</Stream><Transport xmlns=\"{schema}\"><Protocol>RTSP"
                 "</Protocol></Transport></StreamSetup>").format(**_NAMES)
        root = self._ask(media, "media", "GetStreamUri", f"{setup}<ProfileToken>{escape(token[:128])}</ProfileToken>")
        address = _text(root.find(f".//{{{_NAMES['media']}}}MediaUri"), "schema", "Uri")
        host = _host_of(address)
        if not address.startswith(("rtsp://", "rtsps://")) or not is_allowed(host, self._rules.networks):
            return None
        encoder = profile.find(f"{{{_NAMES['schema']}}}VideoEncoderConfiguration")
        size = None if encoder is None else encoder.find(f"{{{_NAMES['schema']}}}Resolution")
        return Profile(_plain(_text(profile, "schema", "Name")) or _plain(token), shown(SourceKind.RTSP, address)[:1024],
                       _plain(_text(encoder, "schema", "Encoding")), _number(_text(size, "schema", "Width")),
                       _number(_text(size, "schema", "Height")))

    def _ask(self, service: str, room: str, action: str, inside: str, *, with_login: bool = True) -> Any:
        machine = check_host(_host_of(service), self._rules, "service")[0]
        header = self._security() if with_login and self._login is not None else ""
        envelope = (f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_NAMES["soap"]}"><s:Header>{header}'
                    f'</s:Header><s:Body><{action} xmlns="{_NAMES[room]}">{inside}</{action}></s:Body></s:Envelope>')
        status, body = post(service, machine, envelope.encode(), f"{_NAMES[room]}/{action}", self._until,
                            login=self._login, tls=self._tls)
        try:
            root = fromstring(body, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError) as broken:
            raise UpstreamError("onvif_refused" if status in (401, 403) else "onvif_unreadable", permanent=True,
                                what=action) from broken
        if status in (401, 403) or root.find(f".//{{{_NAMES['soap']}}}Fault") is not None:
            raise UpstreamError("onvif_refused", permanent=True, what=action)
        return root

    def _security(self) -> str:
        """Password_Digest = Base64(SHA-1(nonce + created + password)): SHA-1 is what the profile says."""
        assert self._login is not None
        nonce = secrets.token_bytes(16)
        created = (self._clock.now() + self._behind).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha1(nonce + created.encode() + self._login.password.encode(), usedforsecurity=False).digest()
        return (f'<w:Security xmlns:w="{_SECURITY}-wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><w:UsernameToken>'
                f"<w:Username>{escape(self._login.user)}</w:Username>"
                f'<w:Password Type="{_SECURITY}-username-token-profile-1.0#PasswordDigest">{_base64(digest)}</w:Password>'
                f'<w:Nonce EncodingType="{_SECURITY}-soap-message-security-1.0#Base64Binary">{_base64(nonce)}</w:Nonce>'
                f'<u:Created xmlns:u="{_SECURITY}-wssecurity-utility-1.0.xsd">{created}</u:Created>'
                "</w:UsernameToken></w:Security>")


def _answers(group: tuple[str, int], networks: Sequence[Network], patience_s: float) -> Iterator[tuple[str, bytes]]:
    """(sender, datagram) of whoever answers the probe in time."""
    probe = _probe().encode()
    until = time.monotonic() + patience_s
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        link.bind(("", 0))
        for interface in _interfaces(networks):
            try:
                link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
                link.sendto(probe, group)
            except OSError:
                continue  # that interface has no way there; the others may
        for _turn in range(4 * FOUND_MAX):
            left = until - time.monotonic()
            if left <= 0:
                return
            link.settimeout(left)
            try:
                datagram, (sender, _port) = link.recvfrom(DATAGRAM_MAX)
            except OSError:
                return
            yield str(sender), datagram


def _interfaces(networks: Sequence[Network]) -> list[str]:
    """Our own address towards each network: the interface to ask on. A UDP socket that is connected sends nothing."""
    found: list[str] = []
    for network in networks:
        if network.version == 4:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.connect((str(network[min(1, network.num_addresses - 1)]), 9))
                    found.append(str(probe.getsockname()[0]))
                except OSError:
                    continue
    return list(dict.fromkeys(found))


def _probe() -> str:
    return (f'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="{_NAMES["soap"]}" xmlns:a="{_NAMES["addressing"]}" '
            f'xmlns:d="{_NAMES["discovery"]}" xmlns:n="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
            f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
            f'<a:Action>{_NAMES["discovery"]}/Probe</a:Action></e:Header><e:Body><d:Probe>'
            "<d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>")


def _text(node: Any, room: str, name: str) -> str:
    found = None if node is None else node.find(f"{{{_NAMES[room]}}}{name}")
    return "" if found is None or found.text is None else str(found.text).strip()


def _plain(words: str) -> str:
    """What a device calls itself, short and printable."""
    return "".join(sign for sign in words if sign.isprintable())[:64]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
