"""Where a camera may be: its address taken apart, its host looked up once, every answer held against the configured networks.

What is connected to is the address that was checked, never the name again: a name that answers with an inner address the
second time gets nothing.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from video.addresses import ADDRESS_MAX, Network, is_allowed
from video.faults import passing, refused

PORTS = {"rtsp": 554, "rtsps": 322}
_DEVICE = re.compile(r"/dev/video\d{1,3}")


@dataclass(frozen=True, slots=True)
class Target:
    """A checked RTSP address. `credentials` is the part before the @, with it, as written; never shown."""

    host: str
    ip: str
    port: int
    is_tls: bool
    credentials: str
    path: str

    def __repr__(self) -> str:
        return f"Target({self.host!r}, {self.ip!r}, {self.port})"

    def through(self, port: int) -> str:
        """The address by which the stream is asked for at a port of this machine."""
        return f"rtsp://{self.credentials}127.0.0.1:{port}{self.path}"


def target_of(address: str, networks: Sequence[Network]) -> Target:
    """Takes an rtsp or rtsps address apart and checks where it leads. Raises SourceFault."""
    if len(address) > ADDRESS_MAX or any(ord(letter) <= 32 or ord(letter) == 127 for letter in address):
        raise refused("camera_address_invalid")
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise refused("camera_address_invalid") from None
    if scheme not in PORTS or not host or port == 0:
        raise refused("camera_address_invalid")
    credentials, at, _ = parts.netloc.rpartition("@")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    port = port or PORTS[scheme]
    return Target(host, checked_ip(host, port, networks), port, scheme == "rtsps", credentials + at, path)


def checked_ip(host: str, port: int, networks: Sequence[Network]) -> str:
    """One address of the host, after all of them were found inside the networks. Raises SourceFault."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise passing("camera_name_unresolved", host=host) from None
    for text in found:
        if not is_allowed(text, networks):
            raise refused("camera_network_refused", host=host, setting="video.networks")
    return min(found)


def file_of(address: str, folder: Path | None) -> Path:
    """The file of a file source: inside `folder`, whatever links and dots say. Raises SourceFault."""
    if folder is None:
        raise refused("camera_files_off", setting="video.file_dir")
    base = folder.resolve()
    try:  # checked at registration too: a link may have been laid since
        path = (base / address.removeprefix("file://").lstrip("/")).resolve()
    except (OSError, ValueError):
        raise refused("camera_address_invalid") from None
    if not path.is_relative_to(base):
        raise refused("camera_file_outside", setting="video.file_dir")
    if not path.is_file():
        raise passing("camera_file_missing", file=path.name)
    return path


def device_of(address: str) -> str:
    """The device file of a USB camera. Raises SourceFault."""
    if not _DEVICE.fullmatch(address):
        raise refused("camera_device_invalid")
    if not Path(address).exists():
        raise passing("camera_device_missing", device=address)
    return address
