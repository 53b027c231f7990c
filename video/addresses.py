"""Where a stream is read: checked before it is stored, shown without what is secret in it, bound to the networks allowed.

An address may carry a secret in three places: before the @, in its query and in its path (cameras that take
`/user=admin&password=…`). What is shown names none of them.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from core.errors import ConfigError, InvalidInput
from video.cameras import NETWORK, SourceKind

Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Sequence[str]]
ADDRESS_MAX = 1024
HIDDEN = "***"
SCHEMES = ("rtsp", "rtsps")
_DEVICE = re.compile(r"/dev/video\d{1,3}")
_SECRET = re.compile(r"(?i)\b(user(?:name)?|usr|login|pass(?:word|wd)?|pwd|psw|auth|token|key|secret)=[^&/;?#]*")


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What an installation allows. Without networks no network camera may be registered; without a folder no file."""

    networks: tuple[Network, ...] = ()
    file_dir: Path | None = None
    resolve: Resolve = field(default=lambda host: resolved(host))


@dataclass(frozen=True, slots=True)
class Login:
    """What a camera asks for. Never printed."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"


def networks_of(written: Sequence[str]) -> tuple[Network, ...]:
    """`10.20.0.0/16` and the like. Raises ConfigError naming the one that is none."""
    try:
        return tuple(ip_network(one) for one in written)
    except ValueError as wrong:
        raise ConfigError("network_invalid", value=str(wrong), remedy="write networks as 10.20.0.0/16") from wrong


def checked(kind: SourceKind, address: str, rules: AddressRules, key: str) -> str:
    """The address as it is stored. Raises InvalidInput naming the field `key`, never the secret in it."""
    plain = address.strip()
    if not plain:
        raise InvalidInput("camera_address_missing", key=key)
    if len(plain) > ADDRESS_MAX or any(ord(sign) < 33 or ord(sign) == 127 for sign in plain.replace(" ", "")):
        raise InvalidInput("camera_address_invalid", key=key)
    if kind is SourceKind.FILE:
        return _checked_file(plain, rules, key)
    if kind is SourceKind.DEVICE:
        if not _DEVICE.fullmatch(plain):
            raise InvalidInput("camera_device_invalid", key=key)
        return plain
    if kind is SourceKind.RTSP_UDP and plain.lower().startswith("rtsps:"):
        raise InvalidInput("camera_udp_in_the_open", key=key)
    return _checked_url(plain, rules, key)


def _checked_file(name: str, rules: AddressRules, key: str) -> str:
    if rules.file_dir is None:
        raise InvalidInput("camera_files_off", key=key, setting="video.file_dir")
    folder = rules.file_dir.resolve()
    found = (folder / name).resolve()
    if Path(name).is_absolute() or not found.is_relative_to(folder):
        raise InvalidInput("camera_file_outside", key=key, setting="video.file_dir")
    if not found.is_file():
        raise InvalidInput("camera_file_missing", key=key, file=found.name[:128])
    return name


def _checked_url(address: str, rules: AddressRules, key: str) -> str:
    parts = _parts(address)
    if parts is None or parts.scheme not in SCHEMES or " " in address or parts.fragment:
        raise InvalidInput("camera_address_invalid", key=key)
    check_host(str(parts.hostname), rules, key)
    return address


def check_host(host: str, rules: AddressRules, key: str = "main") -> Sequence[str]:
    """The addresses of a host. Every one must lie in a network allowed, so that a name cannot lead elsewhere."""
    addresses = rules.resolve(host) if host else []
    if not addresses:
        raise InvalidInput("camera_name_unresolved", key=key, host=host[:128])
    outside = next((one for one in addresses if not is_allowed(one, rules.networks)), None)
    if outside is not None:
        raise InvalidInput("camera_network_refused", key=key, host=host[:128], setting="video.networks")
    return addresses


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether an IP address lies in one of the networks; one written into IPv6 counts as what it is, a name as none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found.version == network.version and found in network for network in networks)


def resolved(host: str) -> list[str]:
    """The addresses of a host; none when nobody knows it."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError):
        return []


# What is secret in it -------------------------------------------------------------------------------------------------

def shown(kind: SourceKind, address: str) -> str:
    """The address without its secrets; what cannot be read as one shows nothing of itself."""
    if kind not in NETWORK:
        return address
    parts = _parts(address)
    if parts is None:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return _SECRET.sub(lambda found: f"{found[1]}={HIDDEN}", bare)


def login_of(address: str) -> Login | None:
    """What stands before the @, decoded; None without one."""
    parts = _parts(address)
    if parts is None or "@" not in parts.netloc:
        return None
    return Login(unquote(parts.username or ""), unquote(parts.password or ""))


def with_login(address: str, login: Login | None) -> str:
    """The address with these credentials and no others."""
    parts = _parts(address)
    if parts is None:
        return address
    host = parts.netloc.rpartition("@")[2]
    given = "" if login is None or not (login.user or login.password) else (
        f"{quote(login.user, safe='')}:{quote(login.password, safe='')}@")
    return urlunsplit((parts.scheme, given + host, parts.path, parts.query, parts.fragment))


def same_host(one: str, other: str) -> bool:
    """Whether both are read from the same place, so that what was told to one may be told to the other."""
    first, second = _parts(one), _parts(other)
    return first is not None and second is not None and (
        (first.scheme, first.hostname, first.port) == (second.scheme, second.hostname, second.port))


def _parts(address: str) -> SplitResult | None:
    """The parts of a URL with a host and a port that can be; None for anything else."""
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None
