"""Several requests on one connection: what follows a request is the next one and nothing else, on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from werkzeug.serving import make_server

from commands import answering
from commands.answering import KeepingHandler
from commands.listening import Listener
from tests.services import wait_until

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


class Site:
    """An application that notes what it was asked; what it does is said by the path."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"]
        self.asked.append(f"{environ['REQUEST_METHOD']} {path}?{environ['QUERY_STRING']}")
        answer = getattr(self, path.strip("/").partition("/")[0] or "plain", self.plain)
        return answer(environ, start)

    def plain(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start("200 OK", [("Content-Length", "3")])
        return [b"ok\n"]

    def echo(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        body = environ["wsgi.input"].read()
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def pieces(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start("200 OK", [])
        return iter([b"one", b"", b"two"])

    def nothing(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start("204 No Content", [])
        return []

    def big(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start("200 OK", [("Content-Length", "200000")])
        return [b"x" * 200_000]

    def broken(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        raise ValueError("broken on purpose")

    def halves(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start("200 OK", [("Content-Length", "6")])
        yield b"one"
        raise ValueError("broken on purpose")

    def last(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start("503 Service Unavailable", [("Content-Length", "0"), ("Connection", "close")])
        return []

    def taken(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """As a WebSocket does it: the socket is the application's, which ends it."""
        environ["werkzeug.socket"].sendall(b"mine")
        raise ConnectionError


@dataclass
class Served:
    site: Site
    server: Any

    @contextmanager
    def line(self) -> Iterator[Line]:
        with socket.create_connection(self.server.server_address, timeout=10) as connection:
            yield Line(connection)


class Line:
    """A connection of a client."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._read = connection, connection.makefile("rb")

    def say(self, text: bytes) -> None:
        self._connection.sendall(text)

    def get(self, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> tuple[str, dict[str, str], bytes]:
        self.say("\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", *headers, "", "")).encode() + body)
        return self.answer(has_body=method != "HEAD")

    def answer(self, *, has_body: bool = True) -> tuple[str, dict[str, str], bytes]:
        status = self._read.readline().decode().partition(" ")[2].strip()
        headers = {}
        while (line := self._read.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._chunks()
        return status, headers, self._read.read(int(headers.get("content-length", 0))) if has_body else b""

    def rest(self) -> bytes:
        """Everything until the other side ends the connection."""
        return self._read.read()

    def _chunks(self) -> bytes:
        whole = b""
        while size := int(self._read.readline(), 16):
            whole += self._read.read(size)
            self._read.readline()
        self._read.readline()
        return whole


@contextmanager
def serving(keep_s: float = 10) -> Iterator[Served]:
    site = Site()
    server: Any = make_server("127.0.0.1", 0, site, threaded=True, request_handler=KeepingHandler)
    server.daemon_threads, server.keep_s, server.kept, server.is_stopping = True, keep_s, set(), False
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield Served(site, server)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def served(shared: Served) -> Served:
    shared.site.asked.clear()
    return shared


def test_an_answer_bears_the_second_it_went_out(served: Served):
    told = []
    with served.line() as line:
        for wait_s in (0.0, 1.1):
            time.sleep(wait_s)
            asked = datetime.now(UTC).replace(microsecond=0)
            told.append(parsedate_to_datetime(line.get("/")[1]["date"]))
            assert asked <= told[-1] <= datetime.now(UTC)
    assert told[0] < told[1]


def test_requests_follow_each_other_on_one_connection(served: Served):
    with served.line() as line:
        status, headers, body = line.get("/")
        assert (status, headers["connection"], body) == ("200 OK", "keep-alive", b"ok\n")
        assert line.get("/echo?a=%E4%B8%80", "Content-Length: 5", method="POST", body=b"hello")[2] == b"hello"
        assert line.get("/pieces")[2] == b"onetwo"
        assert line.get("/nothing")[0] == "204 No Content"
        assert len(line.get("/big")[2]) == 200_000
        assert line.get("/", method="HEAD")[2] == b""
        assert line.get("/")[2] == b"ok\n"
    assert served.site.asked == ["GET /?", "POST /echo?a=%E4%B8%80", "GET /pieces?", "GET /nothing?", "GET /big?", "HEAD /?",
                                 "GET /?"]


def test_requests_sent_at_once_are_answered_in_order(served: Served):
    with served.line() as line:
        line.say(b"GET /pieces HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [line.answer()[2], line.answer()[2]] == [b"onetwo", b"ok\n"]


def test_a_body_nobody_read_is_no_request(served: Served):
    with served.line() as line:
        assert line.get("/", f"Content-Length: {len(SMUGGLED)}", method="POST", body=SMUGGLED)[2] == b"ok\n"
        assert line.get("/")[2] == b"ok\n"
    assert served.site.asked == ["POST /?", "GET /?"]


def test_where_too_much_is_left_the_connection_ends(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering, "LEFT_MAX", 8)
    with served.line() as line:
        line.get("/", f"Content-Length: {len(SMUGGLED)}", method="POST", body=SMUGGLED)
        assert line.rest() == b""
    assert served.site.asked == ["POST /?"]


def test_a_body_in_chunks_is_read_and_ends_the_connection(served: Served):
    with served.line() as line:
        _, headers, body = line.get("/echo", "Transfer-Encoding: chunked", method="POST",
                                    body=b"5\r\nhello\r\n0\r\n\r\n" + SMUGGLED)
        assert (body, headers["connection"], line.rest()) == (b"hello", "close", b"")
    assert served.site.asked == ["POST /echo?"]


@pytest.mark.parametrize("head", [
    b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 40\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc", b"POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n", b"GET example HTTP/1.1\r\n\r\n", b"GET /a\x01b HTTP/1.1\r\n\r\n", b"hello\r\n\r\n",
    b"G(T / HTTP/1.1\r\n\r\n"])
def test_what_could_be_read_in_two_ways_is_refused(served: Served, head: bytes):
    with served.line() as line:
        line.say(head + SMUGGLED)
        assert line.answer()[0] == "400 Bad Request"
        assert line.rest() == b""
    assert served.site.asked == []


@pytest.mark.parametrize(("head", "status"), [
    (b"GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported"), (b"GET /" + b"a" * 66_000, "414 Request-URI Too Long"),
    (b"GET / HTTP/1.1\r\nA: " + b"a" * 66_000, "431 Request Header Fields Too Large"),
    (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101, "431 Request Header Fields Too Large")])
def test_what_is_too_much_is_refused(served: Served, head: bytes, status: str):
    with served.line() as line:
        line.say(head)
        assert line.answer()[0] == status
    assert served.site.asked == []


def test_headers_arrive_as_wsgi_has_them(served: Served, monkeypatch: pytest.MonkeyPatch):
    seen: list[dict[str, Any]] = []

    def keep(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        seen.append(environ)
        return Site.plain(served.site, environ, start)

    monkeypatch.setattr(served.site, "plain", keep)
    with served.line() as line:
        line.get("/a%20b//%E4%B8%80?q=%41", "X-Two: 1", "X-Two: 2", "X_Two: 3", "Content-Type: text/plain")
        line.get("http://other:81/c?d", "Cookie: a=b")
        line.get("//twice")
    first, second, third = seen
    assert (first["PATH_INFO"].encode("latin-1").decode(), first["QUERY_STRING"]) == ("/a b//一", "q=%41")
    assert (first["HTTP_X_TWO"], first["CONTENT_TYPE"], first["REMOTE_ADDR"]) == ("1,2", "text/plain", "127.0.0.1")
    assert (second["HTTP_HOST"], second["PATH_INFO"], second["QUERY_STRING"]) == ("other:81", "/c", "d")
    assert third["PATH_INFO"] == "//twice"


def test_who_waits_for_leave_to_send_gets_it(served: Served):
    with served.line() as line:
        line.say(b"POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert line.answer()[0] == "100 Continue"
        line.say(b"hi")
        assert line.answer()[2] == b"hi"


@pytest.mark.parametrize("path", ["/last", "/broken"])
def test_an_answer_may_be_the_last(served: Served, path: str):
    with served.line() as line:
        status, headers, _ = line.get(path)
        assert status[:1] == "5"
        assert headers["connection"] == "close"
        assert line.rest() == b""


def test_an_answer_that_broke_off_is_not_taken_for_whole(served: Served):
    with served.line() as line:
        line.say(b"GET /halves HTTP/1.1\r\nHost: a\r\n\r\n")
        assert line.rest().endswith(b"\r\n\r\none")


@pytest.mark.parametrize("request_text", [b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
                                          b"GET /pieces HTTP/1.0\r\n\r\n", b"\r\nGET / HTTP/1.1\r\nConnection: Close\r\n\r\n"])
def test_the_client_may_want_no_more(served: Served, request_text: bytes):
    with served.line() as line:
        line.say(request_text)
        assert line.rest().endswith((b"ok\n", b"\r\n\r\nonetwo"))


def test_a_socket_the_application_took_over_is_left_to_it(served: Served):
    with served.line() as line:
        line.say(b"GET /taken HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert line.rest() == b"mine"


def test_a_silent_connection_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(served.server, "keep_s", 0.05)
    with served.line() as line:
        assert line.get("/")[2] == b"ok\n"
        assert line.rest() == b""


def test_without_keeping_every_answer_is_the_last(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(served.server, "keep_s", 0)
    with served.line() as line:
        assert line.get("/")[1]["connection"] == "close"
        assert line.rest() == b""


def test_only_so_many_wait(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering, "KEPT_MAX", 1)
    with served.line() as first, served.line() as second:
        assert first.get("/")[1]["connection"] == "keep-alive"
        wait_until(lambda: len(served.server.kept) == 1, timeout_s=10, what="the first to wait")
        assert second.get("/")[1]["connection"] == "close"


def test_a_server_that_stops_ends_those_that_wait():
    with serving() as served, served.line() as line:
        listener = Listener.__new__(Listener)
        listener._server = served.server
        line.get("/")
        wait_until(lambda: len(served.server.kept) == 1, timeout_s=10, what="it to wait")
        listener.stop()
        assert line.rest() == b""
