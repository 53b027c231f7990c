"""Permissions to look: made by the web process, which knows people and logs the view, believed by the video process, which
knows neither. Short-lived, for named cameras, signed with a key drawn from the installation's secret."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence

import msgspec

from core.clock import Clock
from core.errors import NotAuthenticated, NotPermitted

TICKET_MAX = 8_192
_PURPOSE = b"yangguang video ticket\x01"


class Ticket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may look at what until when (milliseconds of Unix time, real). `unmasked`: without masks and blurred faces."""

    cameras: tuple[str, ...]
    viewer: str
    reason: str
    unmasked: bool
    expires_ms: int
    nonce: str

    def check(self, camera: str, now_ms: int) -> None:
        """Raises NotAuthenticated when it is over, NotPermitted when it is for other cameras."""
        if now_ms >= self.expires_ms:
            raise NotAuthenticated("video_ticket_expired")
        if camera not in self.cameras:
            raise NotPermitted("video_ticket_other_camera", camera=camera[:32])


_decoder = msgspec.json.Decoder(Ticket)


class Tickets:
    """Makes and reads them with the secret both processes share."""

    def __init__(self, secret: bytes, clock: Clock, minutes: int) -> None:
        """`clock` is that of the machine; `minutes` a ticket lasts."""
        self._key = hmac.digest(secret, _PURPOSE, "sha256")
        self._clock, self._lasts_ms = clock, minutes * 60_000

    def issue(self, cameras: Sequence[str], viewer: str, reason: str, *, unmasked: bool) -> tuple[str, int]:
        """(ticket, its end in milliseconds of Unix time)."""
        expires_ms = self._clock.now_us() // 1000 + self._lasts_ms
        body = msgspec.json.encode(Ticket(cameras=tuple(cameras), viewer=viewer, reason=reason, unmasked=unmasked,
                                          expires_ms=expires_ms, nonce=secrets.token_urlsafe(9)))
        return f"{_text(body)}.{_text(self._mac(body))}", expires_ms

    def read(self, text: str) -> Ticket:
        """The ticket, if we made it; whether it still holds for a camera `Ticket.check` says. Raises NotAuthenticated."""
        try:
            body, mac = (_bytes(part) for part in text[:TICKET_MAX].split("."))
            if hmac.compare_digest(mac, self._mac(body)):
                return _decoder.decode(body)
        except (ValueError, binascii.Error, msgspec.DecodeError):
            pass
        raise NotAuthenticated("video_ticket_invalid")

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
