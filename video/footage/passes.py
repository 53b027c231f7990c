"""A look at recordings is written down first (`video.view_log`); what comes back is a pass with which the pictures are asked
for.
"""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

from core.access import Actor
from core.clock import Clock
from core.errors import NotPermitted
from core.instants import MINUTE_US


class Passes:
    """Signs passes and checks them. One is for one viewer, one camera and a time; `clock` is the machine's own."""

    def __init__(self, secret: bytes, clock: Clock, minutes: int) -> None:
        self._signer = URLSafeSerializer(secret, salt="yangguang.footage")
        self._clock, self._span_us = clock, minutes * MINUTE_US

    def issue(self, actor: Actor, camera: str, what: str) -> tuple[str, int]:
        """(pass, its end in microseconds UTC)."""
        until = self._clock.now_us() + self._span_us
        made = self._signer.dumps([actor.name, camera, what, until])
        return (made if isinstance(made, str) else made.decode()), until

    def check(self, given: str, actor: Actor, camera: str, what: str) -> None:
        """Raises NotPermitted: no pass, another's, for something else, or over."""
        try:
            name, of_camera, kind, until = self._signer.loads(given)
        except (BadSignature, ValueError, TypeError):
            raise NotPermitted("view_pass_needed", camera=camera) from None
        if (name, of_camera, kind) != (actor.name, camera, what) or until < self._clock.now_us():
            raise NotPermitted("view_pass_needed", camera=camera)
