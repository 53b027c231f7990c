"""What a way out takes and what it answers. A new one is a module beside this and a line in `outlets.open_outlets`."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from core.errors import UpstreamError

HEADER = "X-Yangguang-Notice"  # carries `uid`, the same at every attempt: what a receiver throws repetitions out by
DETAIL_MAX = 500


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One notice as it leaves. `uid` names it for ever; `data` is for programs; `at` is ISO 8601."""

    uid: str
    what: str
    card_id: int
    subject: str
    body: str
    address: str
    name: str
    at: str
    paper: str = ""  # number of the paper it is of; then card_id is 0
    data: dict[str, Any]


class Outlet(Protocol):
    """One way out. `send` returns what the peer said; it raises UpstreamError, permanent when trying again cannot help."""

    def send(self, message: Message) -> str: ...


class Sandbox:
    """Sends nothing: the delivery log shows what would have been sent."""

    def send(self, message: Message) -> str:
        return "sandbox"


def failed(detail: str, *, permanent: bool = False) -> UpstreamError:
    """The error of an attempt; `detail` holds no secret and goes into the delivery log."""
    return UpstreamError("notice_not_delivered", permanent=permanent, detail=detail[:DETAIL_MAX])
