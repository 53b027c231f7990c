"""Real peers for what leaves the site: a mail server and a web server on this machine, speaking the protocols for real.

They remember what they got, and answer as a test tells them to.
"""

from __future__ import annotations

import io
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Untouched(io.RawIOBase):
    """The body of a request that is to be refused before any of it is read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise AssertionError("the body was read")


@dataclass
class Mailbox:
    """What a mail server took. `refuse` is the answer to RCPT, such as 550; 0 takes everything. `port` is its own."""

    port: int = 0
    refuse: int = 0
    hang_up: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A small SMTP server (RFC 5321: EHLO, MAIL, RCPT, DATA, RSET, NOOP, QUIT)."""
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 test ESMTP")
            while line := self.rfile.readline():
                if not self.answer(line.decode("utf-8", "replace").strip()):
                    return

        def answer(self, line: str) -> bool:
            verb = line.split(":")[0].split(" ")[0].upper()
            if verb == "RCPT" and box.refuse:
                self.say(f"{box.refuse} refused")
            elif verb == "RCPT":
                box.recipients.append(line.partition(":")[2].strip().strip("<>"))
                self.say("250 ok")
            elif verb == "DATA":
                return self.take()
            else:
                self.say("221 bye" if verb == "QUIT" else "250 ok")
            return verb != "QUIT"

        def take(self) -> bool:
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b"..") else line)
            if box.hang_up:
                return False
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            box.mails.append(mail)
            self.say("250 taken")
            return True

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as port:
        box.port = port
        yield box


@dataclass
class Call:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebPeer:
    """What a web server got. `answers` are used one by one, (status, body, headers); then everything is a 200."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    body: str = '{"errcode":0,"code":0}'
    on_call: Callable[[Call], None] = lambda _call: None


@contextmanager
def web_server() -> Iterator[WebPeer]:
    """A web server that takes GET and POST."""
    peer = WebPeer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the sender died in the middle: nobody who reads a whole body would have taken it
            call = Call(self.command, self.path, dict(self.headers.items()), body)
            peer.calls.append(call)
            peer.on_call(call)
            status, text, headers = peer.answers.pop(0) if peer.answers else (200, peer.body, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            data = text.encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def log_message(self, *_arguments: object) -> None:
            """A test says itself what it saw."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        peer.url = f"http://127.0.0.1:{port}"
        yield peer


@contextmanager
def _serving(server: socketserver.ThreadingTCPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
