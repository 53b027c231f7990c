"""Where events may be sent: https addresses that lead to public addresses, or to networks the settings name.

An administrator types the address of a receiver; without these checks he could have this program ask machines that only it can
reach (server-side request forgery). A name is resolved once for each attempt, every address it has is checked, and the
connection goes to the one that was checked: what the name answers a moment later does not matter.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from alerts.channels.base import failed
from core.errors import ConfigError, InvalidInput

URL_MAX = 500
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LookUp = Callable[[str, int], Sequence[str]]
# Ways to write an IPv4 address as one of IPv6, through which a private one would look public.
# And addresses of a site (RFC 3879), which the library takes for public.
_CARRIERS = tuple(IPv6Network(one) for one in (
    "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96", "fec0::/10"))


def look_up(host: str, port: int) -> Sequence[str]:
    """Every address of a name. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Reach:
    """What the settings allow. `loopback`: this machine itself, also without encryption (tests, a relay beside the program)."""

    networks: tuple[Network, ...] = ()
    loopback: bool = False
    look_up: LookUp = look_up

    def checked_url(self, url: str) -> str:
        """The address, if it can be one of a receiver. Raises InvalidInput `webhook_url_invalid` naming the remedy."""
        if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise _invalid("give at most 500 characters of ASCII without blanks")
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError as broken:
            raise _invalid("give https://HOST[:PORT]/PATH") from broken
        if parts.scheme not in (("https", "http") if self.loopback else ("https",)):
            raise _invalid("give an address that begins with https://")
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            raise _invalid("give https://HOST[:PORT]/PATH without a user or a fragment")
        return url

    def resolve_for(self, url: str) -> Callable[[str, int], str]:
        """What finds the address to connect to. It raises UpstreamError: permanent for one that is not allowed."""
        is_open = urlsplit(url).scheme == "http"

        def resolve(host: str, port: int) -> str:
            try:
                found = self.look_up(host, port)
            except (OSError, UnicodeError) as unknown:
                raise failed(f"name not found: {host}") from unknown
            refused = [one for one in found if not self._allows(one, is_open=is_open)]
            if refused or not found:
                raise failed(f"address not allowed: {', '.join(refused) or host}", permanent=True)
            return found[0]

        return resolve

    def _allows(self, text: str, *, is_open: bool) -> bool:
        address = ip_address(text)
        if self.loopback and address.is_loopback:
            return True
        if is_open:
            return False
        if any(address in network for network in self.networks):
            return True
        is_carrier = isinstance(address, IPv6Address) and any(address in one for one in _CARRIERS)
        return address.is_global and not address.is_multicast and not is_carrier


def networks_of(text: str) -> tuple[Network, ...]:
    """The networks a setting names, apart by blanks. Raises ConfigError."""
    try:
        return tuple(ip_network(one) for one in text.split())
    except ValueError as wrong:
        raise ConfigError("config_invalid", file="settings", line=None, key="webhooks.networks", problem=str(wrong),
                          remedy="write networks as 10.1.0.0/16, apart by blanks") from wrong


def _invalid(remedy: str) -> InvalidInput:
    return InvalidInput("webhook_url_invalid", key="url", remedy=remedy)
