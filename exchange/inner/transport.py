"""The way to the public site, opened from the inside: five questions over HTTP(S), each signed, each answer checked."""

from __future__ import annotations

import http.client
import ssl
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from core.errors import NotFound, SupervisionError, UpstreamError
from exchange.envelopes import Batch, Give, Given, Take, read, written
from exchange.signing import NONCE, SIGNATURE, Signing

PREFIX = "/exchange/v1/"
_TYPE = "application/octet-stream"


class Transport(Protocol):
    """What the inner end needs of whatever carries it. Every call may be repeated."""

    def take(self, ask: Take) -> Batch: ...
    def give(self, told: Give) -> Given: ...

    def fetch(self, sha256: str, offset: int, most: int) -> bytes:
        """The next bytes of a file of the public site; b"" at its end. Raises NotFound when it is not there."""

    def here(self, sha256: str) -> int:
        """Bytes the public site has of a file; -1 when it has all of it."""

    def put(self, sha256: str, offset: int, part: bytes, *, is_last: bool) -> None:
        """The next bytes of a file."""


class HttpTransport:
    """`url` is the public site without a path. Raises UpstreamError for a site that is silent or not ours."""

    def __init__(self, url: str, signing: Signing, timeout_s: float) -> None:
        self._url, self._signing, self._timeout_s = urlsplit(url), signing, timeout_s

    def take(self, ask: Take) -> Batch:
        return read(self._post("take", written(ask)), Batch)

    def give(self, told: Give) -> Given:
        return read(self._post("give", written(told)), Given)

    def fetch(self, sha256: str, offset: int, most: int) -> bytes:
        return self._post(f"fetch?sha256={sha256}&offset={offset}&most={most}", b"")

    def here(self, sha256: str) -> int:
        return read(self._post(f"here?sha256={sha256}", b""), int)

    def put(self, sha256: str, offset: int, part: bytes, *, is_last: bool) -> None:
        self._post(f"put?sha256={sha256}&offset={offset}&last={int(is_last)}", part)

    def _post(self, question: str, body: bytes) -> bytes:
        path = f"{self._url.path.rstrip('/')}{PREFIX}{question}"
        headers = self._signing.request(f"{PREFIX}{question}", body)
        status, signature, content = self._ask(path, body, {**headers, "Content-Type": _TYPE})
        if not signature:  # a proxy, a page, a machine that is not ours
            raise UpstreamError("exchange_silent", url=self._url.geturl(), reason=f"HTTP {status}")
        self._signing.check_answer(headers[NONCE], status, signature, content)
        if status != 200:
            raise _refusal(status, content)
        return content

    def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        connection = self._connection()
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader(SIGNATURE, ""), answer.read()
        except (OSError, http.client.HTTPException) as failure:
            raise UpstreamError("exchange_silent", url=self._url.geturl(), reason=str(failure)[:120]) from failure
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)


class Refusal(msgspec.Struct):
    """What the public site refuses, as its code and values."""

    code: str
    details: dict[str, str | int | float | bool] = {}


def _refusal(status: int, content: bytes) -> SupervisionError:
    told = read(content, Refusal)
    if status == 404:
        return NotFound(told.code, **told.details)
    return UpstreamError(told.code, permanent=400 <= status < 500 and status != 429, **told.details)
