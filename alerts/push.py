"""The push channel `/live`: Socket.IO in front, the outbox behind. docs/push-protocol.md is its contract.

WebSocket only: long polling would need sticky routes and loops after a restart. Threading mode: about 500 clients per
process with unpatched libraries.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import Flask, Request, request
from flask_socketio import ConnectionRefusedError, Namespace, SocketIO

from alerts.admission import Gate, Refusals
from alerts.alarms import AlarmService
from alerts.card_commands import CardCommand
from alerts.client_manager import LockedManager
from alerts.delivery import Client, Delivery
from alerts.frames import FrameJson
from alerts.gauges import GaugeBoard, Gauges
from alerts.queries import CardQueries, Snapshot
from alerts.rights import Holding, Rights
from alerts.room.audio import RoomAudio
from alerts.room.canary import CanaryRules, CanaryWatch
from alerts.rules import PushRules
from alerts.screens import ScreenLog
from alerts.service import CardService
from alerts.tailer import Tailer
from alerts.wire import CardWriter
from core.access import Actor, Role, require
from core.characters import json_has_control
from core.clock import Clock, SystemClock
from core.database import Database
from core.doorbell import Doorbell
from core.errors import InvalidInput, NotPermitted, SupervisionError, Unavailable

log = logging.getLogger(__name__)
NAMESPACE = "/live"
SOCKET_PATH = "/socket.io"
# Everybody here hears the same: a department user or a person bound to an area, who may not, pages over HTTP.
LIVE_ROLES = (Role.WALL_SCREEN, Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR)
TEXT_MAX = 64


class Hello(msgspec.Struct, frozen=True):
    """What a connecting page says about itself. All of it may be missing: then it gets a snapshot."""

    epoch: str | None = None
    last_seq: int | None = None
    build: str | None = None
    screen: str | None = None


class Shown(msgspec.Struct, frozen=True):
    """Painted up to `seq`. `hidden`: received, but the page is in the background and paints nothing."""

    seq: int
    latency_ms: float | None = None
    heap: float | None = None
    hidden: bool = False


class Resync(msgspec.Struct, frozen=True):
    last_seq: int | None = None


class Audio(msgspec.Struct, frozen=True):
    """A wall asks to speak in its room. `ready`: its sound is on."""

    room: str
    ready: bool


@dataclass(frozen=True, slots=True)
class PushParts:
    """What the push channel is made of; the composition root gives it.

    `actor_of(request)` names the person or screen behind a connection (None: refused); it is asked again for every
    command. `credential_of(request)` names what a connection is let in by (None: nothing that can be taken away) and
    `holding(credentials)` gives those that still hold; it is asked for all connections every few seconds. `gauges()`
    gives board, figures, feeds, duty, calendar and alarms. `audio` says which screen of a room speaks; `machine_clock` times
    the canaries. `build` names the release: a page of another build gets a
    snapshot, sees the new build there and reloads.
    """

    database: Database
    doorbell: Doorbell
    clock: Clock
    queries: CardQueries
    service: CardService
    alarms: AlarmService
    writer: CardWriter
    actor_of: Callable[[Request], Actor | None]
    gauges: Gauges
    rules: PushRules = field(default_factory=PushRules)
    build: str = ""
    is_demo: bool = False
    credential_of: Callable[[Request], Hashable] = lambda _request: None
    holding: Holding = frozenset
    audio: RoomAudio | None = None
    canary: CanaryRules = field(default_factory=CanaryRules)
    machine_clock: Clock = field(default_factory=SystemClock)
    monotonic: Callable[[], float] = time.monotonic


class LivePush:
    """Everything of the channel. `attach(app)`, `start()`, `stop()`; `disconnect_actor` on sign-out or role change."""

    def __init__(self, parts: PushParts) -> None:
        self._parts, rules = parts, parts.rules
        self.socketio = SocketIO(
            async_mode="threading", transports=["websocket"], json=FrameJson, async_handlers=False, manage_session=False,
            client_manager=LockedManager(),
            ping_interval=rules.ping_interval_s, ping_timeout=rules.ping_timeout_s,
            max_http_buffer_size=rules.message_max_bytes, logger=False, engineio_logger=False)
        self.gauges = GaugeBoard(parts.gauges, rules.gauge_interval_s, parts.monotonic,
                                 lambda: parts.writer.alarm("gauges_failed"), self._now_iso)
        self._refusals = Refusals(self._close_transport, parts.monotonic)
        self._outlet = _SocketOutlet(self.socketio, self._refusals)
        self.delivery = Delivery(self._outlet, self._snapshot, rules, parts.monotonic)
        self.screens = ScreenLog(parts.database, parts.alarms, rules.fault_memory_s, parts.monotonic)
        self.canaries = CanaryWatch(parts.database, parts.machine_clock, parts.canary, self.delivery.visible)
        self._rights = Rights(self.delivery, parts.holding, self._outlet.drop, rules.rights_interval_s, parts.monotonic)
        self.tailer = Tailer(
            database=parts.database, doorbell=parts.doorbell, queries=parts.queries, delivery=self.delivery,
            gauges=self.gauges, screens=self.screens, canaries=self.canaries, clock=parts.clock, rules=rules,
            monotonic=parts.monotonic, now_iso=self._now_iso, housekeeping=self._keep_house)
        self._cached: tuple[Snapshot, dict[str, Any]] | None = None
        self._one_snapshot = threading.Lock()
        self._speaking: set[str] = set()
        self._thread: threading.Thread | None = None

    def attach(self, app: Flask) -> None:
        """Serve the channel from this Flask application."""
        rules = self._parts.rules
        self.socketio.init_app(app)
        self.socketio.on_namespace(LiveNamespace(self))
        app.wsgi_app = Gate(  # type: ignore[method-assign]
            app.wsgi_app, SOCKET_PATH, rules.admission_cap + rules.refusal_margin, self._sockets,
            self._parts.writer.said("live_full", max=rules.admission_cap), rules.dead_after_s)

    def start(self) -> None:
        """Begin to follow the outbox, in a thread of its own."""
        self.tailer.try_step()
        self._thread = threading.Thread(target=self.tailer.run, name="push-tailer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.tailer.stop()
        if self._thread is not None:
            self._thread.join(timeout=2 * self._parts.rules.poll_interval_s)

    def disconnect_actor(self, name: str) -> None:
        """End every connection of a person: he signed out, or his roles changed."""
        for sid in self.delivery.sids_of(name):
            self._outlet.drop(sid)

    # What the namespace calls -------------------------------------------------------------------------------------

    def admit(self, sid: str, auth: Any) -> None:
        """Raises NotAuthenticated, NotPermitted, InvalidInput or Unavailable."""
        actor = require(self._parts.actor_of(request), *LIVE_ROLES)
        if actor.area:
            raise NotPermitted("live_needs_every_area")
        hello = read_message(auth or {}, Hello)
        client = Client(sid, (hello.screen or "")[:TEXT_MAX], actor, (hello.build or "")[:TEXT_MAX],
                        self._parts.credential_of(request))
        if not self.delivery.admit(client):
            raise Unavailable("live_full", max=self._parts.rules.admission_cap, retry_after=10)
        # In a thread of its own: what is emitted before this handler returns would arrive before "connected".
        self.socketio.start_background_task(self._try_welcome, sid, hello)

    def refuse(self, sid: str) -> None:
        self._refusals.add(self.socketio.server.manager.eio_sid_from_sid(sid, NAMESPACE))

    def confirm(self, sid: str, shown: Shown) -> None:
        self.canaries.seen(sid, shown.seq, is_hidden=shown.hidden)
        self.delivery.confirm(sid, shown.seq, self._parts.clock.now_us(), _whole(shown.latency_ms), _whole(shown.heap),
                              shown.hidden)

    def speaks(self, sid: str, asked: Audio) -> dict[str, Any]:
        """Whether this screen is the voice of its room, else which one is; and how long the horn is silent still."""
        audio, screen = self._parts.audio, self.delivery.screen_of(sid)
        if audio is None or not screen:
            return {"speaks": False, "by": "", "silent_ms": 0}
        room = asked.room[:TEXT_MAX] or "main"
        if not asked.ready:
            self._fall_silent(screen)
            return {"speaks": False, "by": audio.speaker_of(room), "silent_ms": audio.silent_for_ms(room)}
        speaker = audio.claim(room, screen)
        if speaker.screen == screen:
            self._speaking.add(screen)
        return {"speaks": speaker.screen == screen, "by": speaker.screen, "silent_ms": audio.silent_for_ms(room)}

    def leave(self, sid: str) -> None:
        """A page is gone; if it was the voice of its room, the next that asks takes over at once."""
        client = self.delivery.remove(sid)
        if client is not None:
            self._fall_silent(client.screen)

    def command(self, data: Any) -> Any:
        """The answer to a duty officer's command. Who he is and what he may is asked anew every time."""
        try:
            command = read_message(data, CardCommand)
            result = self._parts.service.execute(command, self._parts.actor_of(request))
        except SupervisionError as error:
            return self._refusal(error)
        except Exception:
            log.exception("a command failed")
            return self._refusal(Unavailable("command_failed"))
        return msgspec.to_builtins(result)

    def said(self, error: SupervisionError) -> str:
        return self._parts.writer.said(error.code, **error.details)

    # Inside -------------------------------------------------------------------------------------------------------

    def _fall_silent(self, screen: str) -> None:
        if screen in self._speaking and self._parts.audio is not None:
            self._speaking.discard(screen)
            self._parts.audio.give_up(screen)

    def _keep_house(self) -> None:
        self._refusals.let_go()
        self._rights.check()

    def _try_welcome(self, sid: str, hello: Hello) -> None:
        """A page that cannot be given its first data (the database is away) is let go, so that it comes back."""
        try:
            self._welcome(sid, hello)
        except Exception:
            log.exception("push: no first data for a page; it has to come back")
            self.refuse(sid)

    def _welcome(self, sid: str, hello: Hello) -> None:
        is_same_build = (hello.build or "") == self._parts.build
        last = hello.last_seq if hello.last_seq is not None else -1
        if self.delivery.welcome(sid, hello.epoch or "", last, is_same_build):
            # A replay brings only cards; what else is on the page is as old as the connection that broke.
            self.socketio.emit("gauge", self.gauges.current(), namespace=NAMESPACE, to=sid)
            self.socketio.emit("heartbeat", self.tailer.heartbeat(), namespace=NAMESPACE, to=sid)

    def _snapshot(self) -> tuple[Snapshot, dict[str, Any]]:
        """One read for everybody who joins while nothing new is written."""
        with self._one_snapshot:
            epoch, head = self.delivery.position
            cached = self._cached
            if cached is None or cached[0].epoch != epoch or cached[0].as_of_seq < head:
                snapshot = self._parts.queries.snapshot()
                cached = self._cached = snapshot, self._message(snapshot)
            return cached[0], {**cached[1], **self.gauges.current()}

    def _message(self, snapshot: Snapshot) -> dict[str, Any]:
        return {"epoch": snapshot.epoch, "as_of_seq": snapshot.as_of_seq, "build": self._parts.build,
                "demo": self._parts.is_demo, "cards": snapshot.cards, "counts": snapshot.counts,
                "partial": snapshot.is_partial}

    def _refusal(self, error: SupervisionError) -> dict[str, Any]:
        said = self._parts.writer.message(error.code, **error.details)
        return {"ok": False, "error": error.code, **said, "results": [], "retry": isinstance(error, Unavailable)}

    def _now_iso(self) -> str:
        return self._parts.writer.iso(self._parts.clock.now_us(), timespec="milliseconds")

    def _sockets(self) -> int:
        return len(self.socketio.server.eio.sockets)

    def _close_transport(self, eio_sid: Any) -> None:
        close_transport(self.socketio, eio_sid)


class LiveNamespace(Namespace):  # type: ignore[misc]
    """The messages a page may send. Every one is validated; what cannot be read is ignored or answered in words."""

    def __init__(self, push: LivePush) -> None:
        super().__init__(NAMESPACE)
        self._push = push

    def on_connect(self, auth: Any = None) -> None:
        sid = request.sid  # type: ignore[attr-defined]
        try:
            self._push.admit(sid, auth)
        except SupervisionError as error:
            raise self._refused(sid, error) from error
        except Exception as error:
            # Unanswered, the page would wait for ever: the library tells it nothing of what is raised here.
            log.exception("push: a page could not be admitted")
            raise self._refused(sid, Unavailable("overloaded")) from error

    def _refused(self, sid: str, error: SupervisionError) -> ConnectionRefusedError:
        self._push.refuse(sid)
        return ConnectionRefusedError(self._push.said(error), {"code": error.code})

    def on_disconnect(self, *_reason: Any) -> None:
        self._push.leave(request.sid)  # type: ignore[attr-defined]

    def on_shown(self, data: Any = None) -> None:
        shown = readable(data, Shown)
        if shown is not None:
            self._push.confirm(request.sid, shown)  # type: ignore[attr-defined]

    def on_resync(self, data: Any = None) -> None:
        asked = readable(data or {}, Resync)
        last = asked.last_seq if asked and asked.last_seq is not None else -1
        self._push.delivery.resync(request.sid, last)  # type: ignore[attr-defined]

    def on_audio(self, data: Any = None) -> Any:
        asked = readable(data, Audio)
        return None if asked is None else self._push.speaks(request.sid, asked)  # type: ignore[attr-defined]

    def on_command(self, data: Any = None) -> Any:
        return self._push.command(data)


class _SocketOutlet:
    """Delivery's transport: one encoding for all who get the same."""

    def __init__(self, socketio: SocketIO, refusals: Refusals) -> None:
        self._socketio, self._refusals = socketio, refusals

    def emit(self, event: str, data: Any, sids: Sequence[str]) -> None:
        if sids:  # Socket.IO takes an empty list for "everybody"
            self._socketio.server.emit(event, data, to=list(sids), namespace=NAMESPACE)

    def drop(self, sid: str) -> None:
        eio_sid = self._socketio.server.manager.eio_sid_from_sid(sid, NAMESPACE)
        self._socketio.server.disconnect(sid, NAMESPACE)
        self._refusals.add(eio_sid)


def close_transport(socketio: SocketIO, eio_sid: Any) -> None:
    """End a connection without waiting for it: the library's own way waits for a queue that nobody may empty."""
    transport = socketio.server.eio.sockets.get(eio_sid)
    if transport is not None:
        transport.close(wait=False)


def read_message(data: Any, kind: type[Any]) -> Any:
    """A message as its struct. Raises InvalidInput saying what is wrong with it (`message_invalid`, `control_characters`)."""
    try:
        message = msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidInput("message_invalid", problem=str(error)) from error
    if json_has_control(msgspec.json.encode(message)):
        raise InvalidInput("control_characters", field=", ".join(
            name for name in kind.__struct_fields__ if json_has_control(msgspec.json.encode(getattr(message, name)))))
    return message


def readable(data: Any, kind: type[Any]) -> Any:
    """The same for messages nobody waits for an answer to: None when it cannot be read."""
    try:
        return read_message(data, kind)
    except InvalidInput as error:
        log.info("push: unreadable %s from a client: %s", kind.__name__, error)
        return None


def _whole(number: float | None) -> int | None:
    return None if number is None else min(round(number), 2**31 - 1)

