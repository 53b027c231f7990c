"""One HTTP request to a peer named by a setting or an administrator: bounded in time and size, following no redirect."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from alerts.channels.base import failed
from core.errors import ConfigError

ANSWER_MAX = 64 * 1024
_AGAIN = frozenset({408, 425, 429})  # and every 5xx: the peer asks for patience
Resolve = Callable[[str, int], str]  # host, port → the address to connect to


def checked_url(key: str, url: str) -> str:
    """The address, if it is plain http or https with a host. Raises ConfigError without repeating it: it may be secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise ConfigError("channel_url_invalid", key=key, remedy="give http(s)://HOST/PATH without a user or a fragment")
    return url


def request(method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float,
            resolve: Resolve | None = None) -> str:
    """The peer's answer to a 2xx. Raises UpstreamError: permanent for a redirect and for most of 4xx.

    No address is logged: it may be a secret. `timeout_s` is for the connection and for each answer of the peer; with `resolve`,
    which names the address to connect to and may refuse, for all of it together: such a peer is one nobody vouches for.
    """
    parts = urlsplit(url)
    watch = _Watch()
    address = resolve(parts.hostname or "", _port_of(parts)) if resolve is not None else None
    connection = _connection(parts, timeout_s)
    target = parts.path or "/"
    try:
        if address is not None:
            connection.sock = watch.connected(parts, address, timeout_s)
        connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, dict(headers))
        answer = connection.getresponse()
        said = answer.read(ANSWER_MAX).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as problem:
        is_late = watch.is_over or isinstance(problem, TimeoutError)
        raise failed(f"TimeoutError after {timeout_s:g} s" if is_late else _told(problem)) from problem
    finally:
        watch.end()
        connection.close()
    if watch.is_over:
        raise failed(f"TimeoutError after {timeout_s:g} s")
    if not 200 <= answer.status < 300:
        raise failed(f"HTTP {answer.status}", permanent=answer.status < 500 and answer.status not in _AGAIN)
    return said


class _Watch:
    """Cuts a connection off that is not done in time: a peer that says a byte now and then outlasts every timeout of a read."""

    def __init__(self) -> None:
        self._sock: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.is_over = False

    def connected(self, parts: SplitResult, address: str, timeout_s: float) -> socket.socket:
        """A connection to that address; over https to whoever proves to be the host."""
        self._timer = threading.Timer(timeout_s, self._cut)
        self._timer.daemon = True
        self._timer.start()
        self._sock = socket.create_connection((address, _port_of(parts)), timeout_s)
        if parts.scheme == "https":
            secured = ssl.create_default_context().wrap_socket(self._sock, server_hostname=parts.hostname,
                                                               do_handshake_on_connect=False)
            self._sock = secured
            secured.do_handshake()
        return self._sock

    def end(self) -> None:
        """Nothing is left open, whatever went wrong."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sock is not None:
            self._sock.close()

    def _cut(self) -> None:
        self.is_over = True
        if self._sock is not None:
            with suppress(OSError):  # it may have ended by itself
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


def _told(problem: OSError | http.client.HTTPException) -> str:
    reason = problem.strerror if isinstance(problem, OSError) else ""
    return f"{type(problem).__name__} {reason or ''}".strip()


def _port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
