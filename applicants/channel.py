"""The way of a code to its owner: the house's own ways out (alerts.channels), or a sandbox that sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from alerts.channels.base import Message, Outlet
from alerts.roster.contacts import Channel
from applicants.contacts import Contact

WAYS = {"phone": Channel.SMS, "email": Channel.EMAIL}


class CodesByChannels:
    """`say` gives the words of a message; `now_us` is the machine's own time."""

    def __init__(self, outlets: Mapping[Channel, Outlet], say: Callable[..., str], now_us: Callable[[], int]) -> None:
        self._outlets, self._say, self._now_us = outlets, say, now_us

    def carries(self, contact: Contact) -> bool:
        return WAYS[contact.kind] in self._outlets

    def send(self, contact: Contact, code: str, minutes: int, uid: str) -> None:
        """Raises UpstreamError. The code stands in the body only: subjects are shown on locked screens."""
        self._outlets[WAYS[contact.kind]].send(Message(
            uid=uid, what="sign_in_code", card_id=0, subject=self._say("applicant_message.code_subject"),
            body=self._say("applicant_message.code_body", code=code, minutes=minutes), address=contact.address, name="",
            at=datetime.fromtimestamp(self._now_us() / 1_000_000, UTC).isoformat(timespec="seconds"), data={}))
