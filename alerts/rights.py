"""Whether those who are connected still may listen: a link must not outlive the session or the token it was let in by.

A link keeps the credential of the moment it connected. Signing out in this process ends it at once; whatever else takes a
right away (a token revoked, an account changed in another process, the end of a session) is found here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

from alerts.delivery import Delivery

log = logging.getLogger(__name__)
Holding = Callable[[Collection[Any]], Collection[Any]]


class Rights:
    """Parts with clients whose credential no longer holds; asked every `interval_s` for all of them together.

    `holding(credentials)` gives those that still hold. A client without a credential (None) has none to lose.
    """

    def __init__(self, delivery: Delivery, holding: Holding, drop: Callable[[str], None], interval_s: float,
                 monotonic: Callable[[], float]) -> None:
        self._delivery, self._holding, self._drop = delivery, holding, drop
        self._interval_s, self._monotonic = interval_s, monotonic
        self._checked_at = float("-inf")

    def check(self) -> None:
        """What `holding` raises passes through: whoever cannot be asked about hears nothing meanwhile."""
        if self._monotonic() - self._checked_at < self._interval_s:
            return
        held_by = {sid: credential for sid, credential in self._delivery.credentials().items() if credential is not None}
        holding = self._holding(set(held_by.values())) if held_by else ()
        self._checked_at = self._monotonic()
        lost = [sid for sid, credential in held_by.items() if credential not in holding]
        for sid in lost:
            self._drop(sid)
        if lost:
            log.info("push: ended %d links whose right to listen is gone", len(lost))
