"""A real push server on a free port, and a page in Python: Socket.IO over a WebSocket, with the wall's own reducer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import simple_websocket
from flask import Flask, Request
from werkzeug.serving import make_server

from alerts.push import LivePush, PushParts, close_transport
from alerts.rules import PushRules
from core.access import Actor
from core.doorbell import Doorbell
from tests.services import free_port, wait_until
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, WALL, House

NAMESPACE = "/live"
ACTORS = {actor.name: actor for actor in (ALICE, BOB, CHARLIE, WALL)}
PATIENCE_S = 20.0


def actor_of(request: Request) -> Actor | None:
    """Identity as a test gives it: in a header, where the program uses its session."""
    return ACTORS.get(request.headers.get("X-Actor", ""))


def fast(**changes: Any) -> PushRules:
    """Rules with short waits, so that tests need not be patient."""
    return PushRules(**{"heartbeat_s": 0.2, "poll_interval_s": 0.2, "gauge_interval_s": 0.05, "shown_within_s": 5.0,
                        "resync_pause_s": 0.05, **changes})


class LiveServer:
    """The push channel over HTTP in a thread of this process."""

    def __init__(self, house: House, rules: PushRules | None = None, *, port: int = 0, doorbell: Doorbell | None = None,
                 gauges: Callable[[], dict[str, Any]] | None = None, build: str = "b1",
                 who: Callable[[Request], Actor | None] = actor_of, **parts: Any) -> None:
        self.house, self.port = house, port or free_port()
        self.push = LivePush(PushParts(
            database=house.database, doorbell=doorbell or house.doorbell, clock=house.clock, queries=house.queries,
            service=house.cards, alarms=house.alarms, writer=house.writer, actor_of=who, gauges=gauges or dict,
            rules=rules or fast(), build=build, is_demo=True, **parts))
        self.app = Flask("live")
        self.app.get("/healthz")(lambda: "ok")
        self.push.attach(self.app)

    def __enter__(self) -> LiveServer:
        self.push.start()
        self._http = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self._http.daemon_threads = True  # type: ignore[attr-defined]
        self._http.log = lambda *_args: None  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.push.stop()
        for eio_sid in list(self.push.socketio.server.eio.sockets):
            close_transport(self.push.socketio, eio_sid)
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket"


@dataclass
class Wall:
    """What the page knows: the reducer of the browser, rewritten. Counts what must never happen."""

    epoch: str = ""
    last: int = 0
    loaded: bool = False
    cards: dict[int, dict[str, Any]] = field(default_factory=dict)
    gauges: dict[str, Any] = field(default_factory=dict)
    snapshots: int = 0
    events_applied: int = 0
    gaps: int = 0
    shown: list[tuple[int, int]] = field(default_factory=list)  # (card id, rev) in the order they were painted

    def apply(self, kind: str, message: dict[str, Any]) -> bool:
        """True when the page must ask for a resync."""
        if kind == "snapshot":
            self.epoch, self.last, self.loaded = message["epoch"], message["as_of_seq"], True
            self.cards = {card["id"]: card for card in message["cards"]}
            self.snapshots += 1
            self._take_gauges(message)
        elif kind == "events":
            return self._take_events(message["events"])
        elif kind == "gauge":
            self._take_gauges(message)
        elif kind == "heartbeat" and message["head_seq"] == self.last and message["hash"] is not None:
            return self.loaded and message["hash"] != self.digest()
        return False

    def digest(self) -> int:
        return sum(card["id"] * 2654435761 + card["rev"] * 40503 for card in self.cards.values()) % 2**32

    def _take_events(self, events: list[dict[str, Any]]) -> bool:
        for event in events:
            if event["seq"] <= self.last:
                continue
            if event["seq"] != self.last + 1:
                self.gaps += 1
                return True
            self.last = event["seq"]
            self._take_card(event["card"])
        return False

    def _take_card(self, card: dict[str, Any] | None) -> None:
        if card is None or (card["id"] in self.cards and self.cards[card["id"]]["rev"] >= card["rev"]):
            return
        self.events_applied += 1
        self.shown.append((card["id"], card["rev"]))
        if card["state"] == "closed":
            self.cards.pop(card["id"], None)
        else:
            self.cards[card["id"]] = card

    def _take_gauges(self, message: dict[str, Any]) -> None:
        for name in ("board", "figures", "feeds", "duty", "calendar", "alarms", "server_time"):
            if name in message:
                self.gauges[name] = message[name]


class Page:
    """A page that connects, applies what it hears and confirms what it has painted (unless `confirms` is False)."""

    def __init__(self, server: LiveServer | str, actor: Actor | None = WALL, *, wall: Wall | None = None,
                 screen: str = "wall-1", build: str = "b1", confirms: bool = True) -> None:
        self.url = server if isinstance(server, str) else server.url
        self.wall, self.confirms = wall or Wall(), confirms
        self.heard: list[tuple[str, Any]] = []
        self.refusal: Any = None
        self.is_connected = self.is_over = False
        self._is_deaf = False
        self._answers: dict[int, Any] = {}
        self._news = threading.Condition()
        self._hello = {"epoch": self.wall.epoch, "last_seq": self.wall.last, "build": build, "screen": screen}
        self._socket = simple_websocket.Client(self.url, headers={"X-Actor": actor.name} if actor else {})
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    # What a test does with it -------------------------------------------------------------------------------------

    def emit(self, event: str, data: Any) -> None:
        self._socket.send(f"42{NAMESPACE},{json.dumps([event, data])}")

    def call(self, event: str, data: Any) -> Any:
        """Emit and wait for the server's answer."""
        number = len(self._answers) + 1
        self._answers[number] = None
        self._socket.send(f"42{NAMESPACE},{number}{json.dumps([event, data])}")
        self.wait(lambda: self._answers[number] is not None, f"an answer to {event}")
        return self._answers[number][0]

    def wait(self, is_true: Callable[[], bool], what: str) -> None:
        """Until something is true; looked at again after every message."""
        with self._news:
            if not self._news.wait_for(is_true, PATIENCE_S):
                raise TimeoutError(f"waited {PATIENCE_S} s for {what}; last={self.wall.last} heard={self.heard[-3:]}")

    def hears(self, is_true: Callable[[], bool], within_s: float) -> bool:
        with self._news:
            return self._news.wait_for(is_true, within_s)

    def be_deaf(self) -> None:
        """Answer nothing any more, not even pings, as a frozen browser does."""
        self._is_deaf = True

    def wait_for(self, kind: str, count: int = 1) -> Any:
        """The newest message of a kind, once there are so many of them."""
        self.wait(lambda: len(self.of(kind)) >= count, f"{count} × {kind}")
        return self.of(kind)[-1]

    def reach(self, seq: int) -> None:
        self.wait(lambda: self.wall.loaded and self.wall.last >= seq, f"event {seq}")

    def of(self, kind: str) -> list[Any]:
        return [message for heard, message in self.heard if heard == kind]

    def cut(self) -> None:
        """The cable is pulled: no goodbye."""
        try:
            self._socket.sock.shutdown(2)
        except OSError:
            return
        finally:
            self._thread.join(PATIENCE_S)

    # Protocol -----------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            while True:
                frame = self._socket.receive()
                with self._news:
                    self._take(frame)
                    self._news.notify_all()
        except (simple_websocket.ConnectionClosed, OSError):
            with self._news:
                self.is_connected, self.is_over = False, True
                self._news.notify_all()

    def _take(self, frame: str) -> None:
        if self._is_deaf:
            return
        if frame[:1] == "0":
            self._socket.send(f"40{NAMESPACE},{json.dumps(self._hello)}")
        elif frame == "2":
            self._socket.send("3")
        elif frame.startswith("40"):
            self.is_connected = True
        elif frame.startswith("41"):
            self.is_connected, self.is_over = False, True
        elif frame.startswith("44"):
            self.refusal = json.loads(frame.partition(",")[2])
        elif frame.startswith("43"):
            number, _, answer = frame.partition(",")[2].partition("[")
            self._answers[int(number)] = json.loads("[" + answer)
        elif frame.startswith("42"):
            self._take_event(*json.loads(frame.partition(",")[2]))

    def _take_event(self, kind: str, message: Any) -> None:
        self.heard.append((kind, message))
        before = self.wall.last
        must_resync = self.wall.apply(kind, message)
        if must_resync or (kind == "events" and not self.wall.loaded):
            self.emit("resync", {"last_seq": self.wall.last})
        if self.confirms and (kind == "snapshot" or self.wall.last != before):
            self.emit("shown", {"seq": self.wall.last, "latency_ms": 20, "heap": 1000})


@contextmanager
def page_on(server: LiveServer, actor: Actor | None = WALL, **options: Any) -> Iterator[Page]:
    page = Page(server, actor, **options)
    try:
        yield page
    finally:
        page.cut()


def connected(server: LiveServer, count: int) -> None:
    """Until so many pages are registered."""
    wait_until(lambda: server.push.delivery.count() == count, timeout_s=PATIENCE_S, what=f"{count} pages")
