"""Somebody who signed in as with a browser, on a kept connection of his own."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode

import msgspec

from tests.bench.serve import PASSWORD
from tests.bench.served import Served

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class Person:
    """An account of the measured server (tests/bench/serve.py)."""

    def __init__(self, server: Served, name: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self._cookies = self._signed_in(name)

    def post(self, path: str, body: dict, status: int = 200) -> dict:
        """The JSON answer; raises RuntimeError for any other status."""
        try:
            answer, text = self._asked(path, body)
        except ConnectionError:  # the server gives up a connection on which nothing was asked for a while
            self._line.close()
            answer, text = self._asked(path, body)
        if answer.status != status:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return dict(_decode(text))

    def _asked(self, path: str, body: dict) -> tuple[http.client.HTTPResponse, bytes]:
        self._line.request("POST", path, _encode(body),
                           {"Cookie": self._cookies, "Content-Type": "application/json", **SAME_ORIGIN})
        answer = self._line.getresponse()
        return answer, answer.read()

    def _signed_in(self, name: str) -> str:
        self._line.request("GET", "/sign-in/")
        page = self._line.getresponse()
        token = _TOKEN.findall(page.read().decode())[0]
        self._line.request("POST", "/sign-in/", urlencode({"username": name, "password": PASSWORD, "csrf": token}),
                           {"Content-Type": "application/x-www-form-urlencoded", "Cookie": _cookies(page), **SAME_ORIGIN})
        answer = self._line.getresponse()
        answer.read()
        if answer.status != 303:
            raise RuntimeError(f"{name} cannot sign in: {answer.status}")
        return _cookies(answer)


def _cookies(answer: http.client.HTTPResponse) -> str:
    return "; ".join(value.partition(";")[0] for key, value in answer.getheaders() if key.lower() == "set-cookie")
