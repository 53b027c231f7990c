"""Any SMS gateway that takes one HTTP request per message: its request is a template of the settings.

`{phone}`, `{text}` and `{id}` are put into address and body, escaped for where they stand, so that no text can become
another field of the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from alerts.channels.base import HEADER, Message, failed
from alerts.channels.peer import checked_url, request

_PLACE = re.compile(r"\{(phone|text|id)\}")
_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """How the gateway wants to be asked. `success` is a text its answer must contain; "" for any 2xx."""

    url: str
    body: str
    content_type: str
    authorization: str
    success: str
    timeout_s: float


class Sms:
    """One message per request."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        checked_url("notices.sms_url", gateway.url)

    def send(self, message: Message) -> str:
        asked = self._gateway
        values = {"phone": re.sub(r"[ -]", "", message.address), "text": message.body, "id": message.uid}
        url = _filled(asked.url, values, _quoted)
        headers = {HEADER: message.uid}
        if asked.authorization:
            headers["Authorization"] = asked.authorization
        if asked.body:
            headers["Content-Type"] = asked.content_type
            body = _filled(asked.body, values, _escape_for(asked.content_type))
            answer = request("POST", url, body.encode(), headers, asked.timeout_s)
        else:
            answer = request("GET", url, None, headers, asked.timeout_s)
        if asked.success and asked.success not in answer:
            raise failed(f"not taken: {answer[:200]}")
        return answer[:200]


def _filled(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    return _PLACE.sub(lambda place: escape(values[place[1]]), template)


def _escape_for(content_type: str) -> Callable[[str], str]:
    if "json" in content_type:
        return lambda text: msgspec.json.encode(text).decode()[1:-1]
    if "xml" in content_type:
        return lambda text: "".join(_XML.get(one, one) for one in text)
    return _quoted


def _quoted(text: str) -> str:
    return quote(text, safe="")
