"""How one connection is answered: request after request by one thread, as long as the client wants it.

Werkzeug's own handler ends the connection after every answer, since http.server cannot tell where a body that nobody read
ends. Here the length of every body is known before the application sees it, so what was left unread is taken in and the next
request follows; where that cannot be known (chunked, or too much left) the connection ends as before. A browser at work and
a program that feeds us thus pay for a connection and a thread once, not at every request.

What two readers could read differently is refused: a body with two lengths or with length and chunks, folded header lines,
names with blanks (request smuggling). Sockets of the live channel pass through: the application takes them over whole.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from io import BufferedIOBase, BufferedReader
from logging import getLogger
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug.exceptions import InternalServerError
from werkzeug.serving import DechunkedInput, WSGIRequestHandler

from core.clock import SystemClock
from core.instants import SECOND_US

log = getLogger(__name__)
LINE_MAX, HEADERS_MAX = 65_536, 100
HEAD_S = 30.0              # so long may the next piece of a request's head take
LEFT_MAX = 1 << 20         # so much of a body nobody read is taken in before the connection is given up
LINGER_S, LINGER_MAX = 0.01, 10 << 30
KEPT_MAX = 256             # where so many wait for their next request, answers end their connection: each holds a thread
TOGETHER_MAX = 65_536      # up to here head and body go out in one piece
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_TARGET = re.compile(r"(?:https?://|/|\*\Z)[\x21-\x7e\x80-\xff]*\Z")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_VERSION = re.compile(r"HTTP/1\.[0-9]\Z")
_BODILESS = frozenset({204, 304})


class Refused(Exception):
    """A request no application is asked about."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Left(BufferedIOBase):
    """The body: so many bytes of the connection and no more."""

    def __init__(self, source: BufferedReader, length: int) -> None:
        self._source, self.left = source, length

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        return self._taken(self._source.read(wanted)) if wanted else b""

    def read1(self, size: int = -1, /) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        return self._taken(self._source.read1(wanted)) if wanted else b""

    def readline(self, size: int | None = -1, /) -> bytes:
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        return self._taken(self._source.readline(wanted)) if wanted else b""

    def readinto(self, buffer: Any, /) -> int:
        content = self.read(len(buffer))
        buffer[:len(content)] = content
        return len(content)

    def _taken(self, content: bytes) -> bytes:
        self.left -= len(content)
        return content


class KeepingHandler(WSGIRequestHandler):
    """One connection. The server has `keep_s` (seconds a connection may wait for its next request, 0: none does), `kept` (those
    that wait now) and `is_stopping`."""

    disable_nagle_algorithm = True  # the last piece of an answer must not wait for the acknowledgement of the one before

    def handle(self) -> None:
        """Requests until one of the two sides has enough."""
        try:
            self.connection.settimeout(HEAD_S)
            while self._answer() and self._has_next():
                self.connection.settimeout(HEAD_S)
        except OSError as error:  # gone, or silent for too long
            self.connection_dropped(error)

    def _has_next(self) -> bool:
        """Wait for the next request. Noted as waiting before asking whether the server stops: it stops the other way round."""
        server: Any = self.server
        self.connection.settimeout(server.keep_s)
        server.kept.add(self.connection)
        try:
            return not server.is_stopping and bool(self.rfile.peek(1))  # type: ignore[attr-defined]
        finally:
            server.kept.discard(self.connection)

    def _answer(self) -> bool:
        """One request; whether another may follow."""
        try:
            head = self._head()
            if head is None:
                return False
            environ, body = self._environ(*head)
        except Refused as refusal:
            self.connection.sendall(_plain(refusal.status))
            self._linger()
            return False
        self.connection.settimeout(None)
        answer = Answer(self.connection, environ, keeps=self._keeps(environ, body))
        self._run(environ, answer)
        if not answer.keeps:
            self._linger()
            return False
        return self._drained(body)

    def _run(self, environ: dict[str, Any], answer: Answer) -> None:
        server: Any = self.server
        try:
            answer.send(server.app(environ, answer.start))
        except OSError:
            raise
        except Exception:
            log.exception("%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"][:200])
            answer.keeps = False
            if not answer.is_begun:
                answer.send(InternalServerError()(environ, answer.start_again))

    def _keeps(self, environ: dict[str, Any], body: Left | None) -> bool:
        server: Any = self.server
        wish = environ.get("HTTP_CONNECTION", "").lower()
        return bool(server.keep_s > 0 and body is not None and environ["SERVER_PROTOCOL"] != "HTTP/1.0"
                    and "close" not in wish and "upgrade" not in wish and len(server.kept) < KEPT_MAX)

    # The request --------------------------------------------------------------------------------------------------

    def _head(self) -> tuple[str, str, str, list[tuple[str, str]]] | None:
        """(method, target, version, headers); None where the client has gone."""
        line = self._line()
        if line in (b"\r\n", b"\n"):  # some send one after a body
            line = self._line()
        if not line:
            return None
        parts = line.decode("latin-1").rstrip("\r\n").split(" ")
        if len(parts) != 3 or not _NAME.match(parts[0]) or not _TARGET.match(parts[1]):
            raise Refused(HTTPStatus.BAD_REQUEST)
        if not _VERSION.match(parts[2]):
            raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED if parts[2].startswith("HTTP/") else HTTPStatus.BAD_REQUEST)
        return parts[0], parts[1], parts[2], self._headers()

    def _headers(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while (line := self._line(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)) not in (b"\r\n", b"\n"):
            if not line:
                raise ConnectionError  # it went in the middle of a head
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not _NAME.match(name) or "\0" in value:
                raise Refused(HTTPStatus.BAD_REQUEST)
            found.append((name, value.strip(" \t\r\n")))
            if len(found) > HEADERS_MAX:
                raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return found

    def _line(self, too_long: HTTPStatus = HTTPStatus.REQUEST_URI_TOO_LONG) -> bytes:
        line = self.rfile.readline(LINE_MAX + 1)
        if len(line) > LINE_MAX:
            raise Refused(too_long)
        if line and not line.endswith(b"\n"):
            raise ConnectionError
        return line

    def _environ(self, method: str, target: str, version: str,
                 headers: list[tuple[str, str]]) -> tuple[dict[str, Any], Left | None]:
        """What the application is told, and the body where its length is known."""
        url = urlsplit(target) if target.startswith("http") else None
        path, _, query = (target if url is None else f"{url.path}?{url.query}").partition("?")
        address = self.client_address if isinstance(self.client_address, tuple) else ("<local>", 0)  # of a UNIX socket
        server: Any = self.server
        environ: dict[str, Any] = {
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr, "wsgi.multithread": True,
            "wsgi.multiprocess": False, "wsgi.run_once": False, "werkzeug.socket": self.connection,
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": unquote(path.partition("#")[0], "latin-1"),
            "QUERY_STRING": query.partition("#")[0], "REQUEST_URI": target, "RAW_URI": target,
            "REMOTE_ADDR": address[0], "REMOTE_PORT": address[1],
            "SERVER_NAME": server.server_address[0], "SERVER_PORT": str(server.server_address[1]),
            "SERVER_PROTOCOL": version}
        _take_headers(environ, headers)
        if url is not None and url.netloc:
            environ["HTTP_HOST"] = url.netloc
        body = self._body(environ)
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return environ, body

    def _body(self, environ: dict[str, Any]) -> Left | None:
        """Raises Refused for a body that ends in two places."""
        length, coding = environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
        if coding is not None:
            if length is not None or coding.lower() != "chunked" or environ["SERVER_PROTOCOL"] == "HTTP/1.0":
                raise Refused(HTTPStatus.BAD_REQUEST)
            environ["wsgi.input"], environ["wsgi.input_terminated"] = DechunkedInput(self.rfile), True
            return None
        if length is not None and not _LENGTH.match(length):
            raise Refused(HTTPStatus.BAD_REQUEST)
        body = environ["wsgi.input"] = Left(self.rfile, int(length or 0))  # type: ignore[arg-type]
        return body

    # Afterwards ---------------------------------------------------------------------------------------------------

    def _drained(self, body: Left | None) -> bool:
        """Take in what the application left of the body; whether the next request can begin."""
        if body is None or body.left > LEFT_MAX:
            self._linger()
            return False
        self.connection.settimeout(HEAD_S)
        while body.left and body.read(TOGETHER_MAX):
            pass
        return not body.left

    def _linger(self) -> None:
        """Take in what is still being sent, so that the client reads our answer and not that the connection was reset."""
        self.connection.settimeout(LINGER_S)
        taken = 0
        try:
            while taken < LINGER_MAX and (piece := self.rfile.read1(LEFT_MAX)):  # type: ignore[attr-defined]
                taken += len(piece)
        except OSError:
            return


class Answer:
    """What goes out. `keeps`: whether the connection may go on afterwards."""

    def __init__(self, connection: socket.socket, environ: dict[str, Any], *, keeps: bool) -> None:
        self._connection, self.keeps = connection, keeps
        self._is_old, self._is_head = environ["SERVER_PROTOCOL"] == "HTTP/1.0", environ["REQUEST_METHOD"] == "HEAD"
        self._status, self._headers = "", list[tuple[str, str]]()
        self.is_begun = self._is_chunked = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """`start_response` of WSGI."""
        if exc_info is not None and self.is_begun:
            raise exc_info[1]
        self._status, self._headers = status, list(headers)
        return self.write

    def start_again(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        """Instead of an answer of which nothing went out."""
        return self.start(status, headers)

    def send(self, pieces: Iterable[bytes]) -> None:
        """All of it. Ends what the application gave, whatever comes."""
        try:
            for piece in pieces:
                self.write(piece)
            if not self.is_begun:
                self.write(b"")
            if self._is_chunked:
                self._connection.sendall(b"0\r\n\r\n")
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def write(self, piece: bytes) -> None:
        """One piece, after the head if that has not gone yet."""
        head = b"" if self.is_begun else self._head()
        if self._is_head:
            piece = b""
        elif self._is_chunked and piece:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        self.is_begun = True
        if len(piece) > TOGETHER_MAX and head:
            self._connection.sendall(head)
            head = b""
        if head or piece:
            self._connection.sendall(head + piece if head else piece)

    def _head(self) -> bytes:
        """Raises RuntimeError when the application began no answer."""
        if not self._status:
            raise RuntimeError("no start_response")
        names = {name.lower(): value for name, value in self._headers}
        code = int(self._status[:3])
        is_bodiless = self._is_head or code in _BODILESS or code < HTTPStatus.OK
        if "content-length" not in names and not is_bodiless:
            self._is_chunked = not self._is_old
            self.keeps = self.keeps and self._is_chunked
        self.keeps = self.keeps and names.get("connection", "").lower() != "close"
        lines = [f"HTTP/1.1 {self._status}", *(f"{name}: {value}" for name, value in self._headers)]
        if "date" not in names:
            lines.append(f"Date: {_date(SystemClock().now_us() // SECOND_US)}")
        if self._is_chunked:
            lines.append("Transfer-Encoding: chunked")
        if "connection" not in names:
            lines.append(f"Connection: {'keep-alive' if self.keeps else 'close'}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _take_headers(environ: dict[str, Any], headers: list[tuple[str, str]]) -> None:
    for name, value in headers:
        if "_" in name:  # X_Y and X-Y would be one
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        elif key in environ:
            raise Refused(HTTPStatus.BAD_REQUEST)
        environ[key] = f"{environ[key]},{value}" if key in environ else value


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """Of that second since 1970: the answers of one second have the same."""
    return formatdate(second, usegmt=True)


def _plain(status: HTTPStatus) -> bytes:
    words = f"{status.phrase}\n".encode()
    return (f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(words)}\r\n"
            "Connection: close\r\n\r\n").encode() + words
