"""A webhook that gets every notice as a CloudEvent 1.0 (structured JSON), signed with HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import msgspec

from alerts.channels.base import HEADER, Message
from alerts.channels.peer import checked_url, request
from core.errors import ConfigError

SECRET_MIN = 32
MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"


class Webhook:
    """`X-Yangguang-Signature: t=SECONDS,v1=HEX` signs `SECONDS.BODY`; `now_us` is the machine's own time."""

    def __init__(self, url: str, secret: str, source: str, timeout_s: float, now_us: Callable[[], int]) -> None:
        if len(secret) < SECRET_MIN:
            raise ConfigError("webhook_secret_too_short", key="notices.webhook_secret", at_least=SECRET_MIN,
                              remedy="give a random text of that length")
        self._url, self._source = checked_url("notices.webhook_url", url), source
        self._secret, self._timeout_s, self._now_us = secret.encode(), timeout_s, now_us

    def send(self, message: Message) -> str:
        body = msgspec.json.encode(as_cloud_event(message, self._source))
        headers = {"Content-Type": MEDIA_TYPE, HEADER: message.uid,
                   "X-Yangguang-Signature": signature(self._secret, self._now_us() // 1_000_000, body)}
        request("POST", self._url, body, headers, self._timeout_s)
        return "2xx"


def as_cloud_event(message: Message, source: str) -> dict[str, object]:
    """The event: its id is the notice's, so a receiver sees a repetition by (source, id)."""
    kind, number = ("paper", message.paper) if message.paper else ("card", message.card_id)
    return {"specversion": "1.0", "id": message.uid, "source": source,
            "type": f"cn.yangguang.{kind}.{message.what.removeprefix('paper_')}", "subject": f"{kind}/{number}",
            "time": message.at, "datacontenttype": "application/json",
            "data": {**message.data, "subject": message.subject, "text": message.body, "name": message.name}}


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """The header's value; the time in it lets a receiver refuse what was recorded and sent again later."""
    digest = hmac.new(secret, str(seconds).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
