"""How push messages become text: fast, and without taking a card apart that the outbox already holds as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from core.outbox import Message

CARD_TOPIC = "card"
_CLOSED = '"state":"closed"'


class PushedEvent(msgspec.Struct, frozen=True):
    """One outbox number as a client gets it. Numbers of other topics carry no card, so that none is missing."""

    seq: int
    card: msgspec.Raw | None


def pushed_event(message: Message) -> PushedEvent:
    is_card = message.topic == CARD_TOPIC
    return PushedEvent(message.seq, msgspec.Raw(message.payload.encode()) if is_card else None)


def closes_a_card(message: Message) -> bool:
    return message.topic == CARD_TOPIC and _CLOSED in message.payload


class FrameJson:
    """The JSON module given to Socket.IO: structs and ready-made JSON are written as they are."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        """Raises ValueError, as Socket.IO expects of a JSON module."""
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from error
