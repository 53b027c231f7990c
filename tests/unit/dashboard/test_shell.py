"""A page is made up when somebody first asks for it, and no other request pays for any of them."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from dash import Dash, html
from flask import Flask, has_request_context

from config.texts import load_texts
from dashboard import shell
from dashboard.headers import add_security_headers
from dashboard.words import remember_language

LOCALES = {name: texts.tree for name, texts in load_texts().items()}
SERVICES: Any = SimpleNamespace(texts=lambda wanted: SimpleNamespace(tree=LOCALES[wanted]),
                                settings=SimpleNamespace(display=SimpleNamespace(language="zh")))


class Sheet:
    """A page that notes how often it was made up."""

    TITLE = "wall.title"

    def __init__(self, prefix: str) -> None:
        self.PREFIX, self.made = prefix, 0

    def layout(self, _services: Any) -> html.Div:
        self.made += 1
        return html.Div(self.PREFIX, id="sheet")

    def register(self, app: Dash, services: Any) -> None:
        """It has no callbacks."""


def server_of(*sheets: Sheet) -> Flask:
    server = Flask(__name__)
    add_security_headers(server, over_https=False)
    remember_language(server)
    for sheet in sheets:
        shell.mount(server, sheet, SERVICES)
    return server


def test_a_page_is_made_up_at_its_own_first_request_and_by_no_other():
    one, other = Sheet("/one/"), Sheet("/other/")
    server = server_of(one, other)
    server.add_url_rule("/plain", view_func=lambda: "plain")
    client, at_start = server.test_client(), (one.made, other.made)

    assert len(server.before_request_funcs[None]) == 1
    assert client.get("/plain").data == b"plain"
    assert (one.made, other.made) == at_start
    assert client.get("/one/").status_code == 200
    assert (one.made > at_start[0], other.made) == (True, at_start[1])
    made = one.made
    assert client.get("/one/_dash-layout").get_json()["props"]["children"] == "/one/"
    assert one.made == made + 1
    assert client.get("/other/").status_code == 200


def test_a_page_that_is_slow_to_make_up_holds_up_none_that_is():
    """Its layout asks a database that is busy, say."""
    begun, go = threading.Event(), threading.Event()

    class Slow(Sheet):
        def layout(self, services: Any) -> html.Div:
            if has_request_context():
                begun.set()
                go.wait(60)
            return super().layout(services)

    server, answers = server_of(Sheet("/one/"), Slow("/slow/")), list[int]()
    server.test_client().get("/one/")
    slow, quick = (threading.Thread(target=lambda path=path: answers.append(server.test_client().get(path).status_code))
                   for path in ("/slow/", "/one/"))
    slow.start()
    begun.wait(60)
    quick.start()
    quick.join(30)
    is_held_up = quick.is_alive()
    go.set()
    for thread in (slow, quick):
        thread.join(60)
    assert not is_held_up
    assert answers == [200, 200]
