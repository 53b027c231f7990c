"""The room over HTTP: its sounds, the silence of its horn, and the heartbeat for a monitor outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from flask import Blueprint, Request, Response, request

from alerts.lifecycle import Level
from alerts.queries import CardQueries
from alerts.room.audio import RoomAudio
from alerts.room.clips import ClipStore
from alerts.room.heartbeat import Heartbeat
from alerts.room.sentences import of_card, of_flood, of_test
from alerts.room.tones import tone
from config.texts import Texts
from core.access import Actor
from core.api_document import Operation
from core.errors import NotFound
from web.json_http import as_json, from_json

WAV, MANY = "audio/wav", 9_999


class SilenceCommand(msgspec.Struct, frozen=True):
    """Silence the horn of a room for so many minutes; 0 lets it sound again."""

    minutes: int
    room: str = "main"




OPERATIONS = (
    Operation("get", "/api/v1/horn", "listSilences", "Which rooms are silenced, and by whom"),
    Operation("post", "/api/v1/horn", "silenceRoom", "Silence a room or let it sound again", takes=SilenceCommand),
    Operation("get", "/api/v1/heartbeat", "getHeartbeat", "200 when everything works, else 503, with a line for each check",
              by=("session", "probe"), media="text/plain"),
)


@dataclass(frozen=True, slots=True)
class RoomParts:
    """What the routes need; `language` is that in which the room speaks."""

    audio: RoomAudio
    clips: ClipStore
    cards: CardQueries
    texts: Texts
    heartbeat: Heartbeat
    actor_of: Callable[[Request], Actor | None]


def create_blueprint(parts: RoomParts) -> Blueprint:
    """Routes under /wall/sound (whoever may see the wall), /api/v1/horn and /api/v1/heartbeat."""
    blueprint, room = Blueprint("room", __name__), _Room(parts)
    blueprint.add_url_rule("/wall/sound/tone-<level>.wav", "tone", room.tone)
    blueprint.add_url_rule("/wall/sound/card-<int:card_id>-<int:rev>.wav", "card", room.card)
    blueprint.add_url_rule("/wall/sound/flood-<int:red>-<int:yellow>.wav", "flood", room.flood)
    blueprint.add_url_rule("/wall/sound/test.wav", "test", room.test)
    blueprint.add_url_rule("/api/v1/horn", "horn", room.horn, methods=["POST"])
    blueprint.add_url_rule("/api/v1/horn", "silences", room.silences)
    blueprint.add_url_rule("/api/v1/heartbeat", "heartbeat", room.heartbeat)
    return blueprint


class _Room:
    def __init__(self, parts: RoomParts) -> None:
        self._parts = parts

    def tone(self, level: str) -> Response:
        if level not in ("yellow", "red"):
            raise NotFound("sound_not_found", name=level[:16])
        return _sound(tone(Level[level.upper()]), keep=True)

    def card(self, card_id: int, rev: int) -> Response:
        """`rev` is there for the browser's cache: what is said is what the card says now."""
        found = self._parts.cards.find_view(card_id, self._parts.actor_of(request))
        if found is None:
            raise NotFound("card_not_found", id=card_id)
        return self._said(of_card(found, self._parts.texts), keep=found.rev == rev)

    def flood(self, red: int, yellow: int) -> Response:
        if not 0 < red + yellow <= MANY:
            raise NotFound("sound_not_found", name=f"flood-{red}-{yellow}"[:32])
        return self._said(of_flood(red, yellow, self._parts.texts), keep=True)

    def test(self) -> Response:
        return self._said(of_test(self._parts.texts), keep=True)

    def horn(self) -> Response:
        """Silence, or sound again. Raises NotPermitted, InvalidInput."""
        command = from_json(SilenceCommand, request.get_data())
        actor = self._parts.actor_of(request)
        if command.minutes == 0:
            self._parts.audio.lift(actor, command.room)
        else:
            self._parts.audio.silence(actor, command.room, command.minutes)
        return self.silences()

    def silences(self) -> Response:
        audio = self._parts.audio
        return as_json({"silences": [{"room": silence.room, "by": silence.by, "left_ms": audio.silent_for_ms(silence.room)}
                                   for silence in audio.silences()]})

    def heartbeat(self) -> Response:
        """200 when everything works, else 503, with a line for each check."""
        checks = self._parts.heartbeat.state()
        is_well = all(check.ok for check in checks)
        body = {"ok": is_well, "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]}
        answer = as_json(body)
        answer.status_code = 200 if is_well else 503
        return answer

    def _said(self, sentence: str, *, keep: bool) -> Response:
        return _sound(self._parts.clips.clip(sentence, self._parts.texts.language), keep=keep)


def _sound(wav: bytes, *, keep: bool) -> Response:
    answer = Response(wav, mimetype=WAV)
    answer.headers["Cache-Control"] = "private, max-age=86400" if keep else "no-store"
    return answer

