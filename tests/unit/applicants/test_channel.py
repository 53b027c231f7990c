"""A code leaves by the house's own ways out: a real gateway on this machine gets it, and its owner's number with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from alerts.channels.outlets import open_outlets
from applicants.channel import CodesByChannels
from applicants.contacts import Contact
from config.settings import load_settings
from config.texts import load_texts
from core.errors import UpstreamError

PHONE = Contact("phone", "13979000001")


class Gateway(BaseHTTPRequestHandler):
    """An SMS gateway that takes a form."""

    got: list[dict[str, list[str]]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.got.append(parse_qs(body))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    Gateway.got, Gateway.status = [], 200
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def channel(server: HTTPServer) -> CodesByChannels:
    settings = load_settings({"notices.sandbox": False, "notices.sms_body": "to={phone}&text={text}"}).notices
    settings = settings.model_copy(update={"sms_url": SecretStr(f"http://127.0.0.1:{server.server_port}/send")})
    return CodesByChannels(open_outlets(settings, lambda: 0, is_demo=False), load_texts()["zh"].get, lambda: 0)


def test_the_gateway_gets_number_and_code(gateway: HTTPServer):
    channel(gateway).send(PHONE, "042137", 5, "uid-1")
    assert Gateway.got[0]["to"] == ["13979000001"]
    assert "042137" in Gateway.got[0]["text"][0]
    assert "5 分钟" in Gateway.got[0]["text"][0]


def test_a_gateway_that_fails_is_an_error_and_not_a_code_that_never_comes(gateway: HTTPServer):
    Gateway.status = 503
    with pytest.raises(UpstreamError):
        channel(gateway).send(PHONE, "042137", 5, "uid-1")


def test_a_way_that_is_off_carries_nothing(gateway: HTTPServer):
    found = channel(gateway)
    assert found.carries(PHONE)
    assert not found.carries(Contact("email", "wang@example.com"))
