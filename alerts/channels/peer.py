"""One HTTP request to a peer named by a setting: bounded in time and size, following no redirect, logging no address."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from alerts.channels.base import failed
from core.errors import ConfigError

ANSWER_MAX = 64 * 1024
_AGAIN = frozenset({408, 425, 429})  # and every 5xx: the peer asks for patience


def checked_url(key: str, url: str) -> str:
    """The address, if it is plain http or https with a host. Raises ConfigError without repeating it: it may be secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise ConfigError("channel_url_invalid", key=key, remedy="give http(s)://HOST/PATH without a user or a fragment")
    return url


def request(method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float) -> str:
    """The peer's answer to a 2xx. Raises UpstreamError: permanent for a redirect and for most of 4xx."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, timeout_s)
    target = parts.path or "/"
    try:
        connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, dict(headers))
        answer = connection.getresponse()
        said = answer.read(ANSWER_MAX).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else ""
        raise failed(f"{type(problem).__name__} {reason or ''}".strip()) from problem
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise failed(f"HTTP {answer.status}", permanent=answer.status < 500 and answer.status not in _AGAIN)
    return said


def _connection(scheme: str, host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout_s)
