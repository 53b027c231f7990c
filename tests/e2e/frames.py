"""What a page heard on its live link, message by message, whatever it made of it."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, WebSocket

from tests.unit.alerts.live import NAMESPACE, Wall


class Heard:
    """Listens beside the page. `wall` is the page's reducer rewritten in Python, which counts what must never happen."""

    def __init__(self, page: Page) -> None:
        self.wall = Wall()
        self.links = 0
        self.kinds: list[str] = []
        page.on("websocket", self._follow)

    def _follow(self, link: WebSocket) -> None:
        self.links += 1
        link.on("framereceived", self._take)

    def _take(self, frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode()
        if text.startswith(f"42{NAMESPACE},["):
            kind, message = json.loads(text.partition(",")[2])
            self.kinds.append(kind)
            self.wall.apply(kind, message)

    def shown_once_each(self) -> bool:
        """No revision of a card was applied twice."""
        return len(self.wall.shown) == len(set(self.wall.shown))

    def in_order(self) -> bool:
        """The revisions of every card came in their order."""
        newest: dict[int, int] = {}
        for card_id, rev in self.wall.shown:
            if rev <= newest.get(card_id, 0):
                return False
            newest[card_id] = rev
        return True

    def cards(self) -> list[dict[str, Any]]:
        return sorted(self.wall.cards.values(), key=lambda card: card["id"])
