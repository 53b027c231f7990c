"""The server dies by kill -9 while events flow and the wall is open. It comes back, and nothing is lost or shown twice."""

from __future__ import annotations

import threading
import urllib.error
from http.client import HTTPException
from pathlib import Path

import msgspec
from playwright.sync_api import Page

from bootstrap import build_services
from config.settings import load_settings
from tests.e2e.centre import post_events, yellow
from tests.e2e.frames import Heard
from tests.e2e.program import Program
from tests.e2e.screens import Screens, believed, loaded, wait_for_text
from tests.services import free_port, wait_until

CRASHES = 2
BATCHES = 13  # between two crashes
PER_BATCH = 5
WHOLE = (CRASHES + 1) * BATCHES * PER_BATCH
Events = list[dict[str, object]]


class Feed:
    """Another system that delivers one batch after the other, each again and again until it is acknowledged.

    It delivers the last batch of a stretch over and over until a crash has met it, so that none falls into a silence.
    """

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token
        self.crashes_met = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        for stretch in range(CRASHES + 1):
            for batch in range(BATCHES):
                events = [yellow(f"K-{stretch}-{batch:02}-{n}", org=f"unit-{n}", item="permit") for n in range(PER_BATCH)]
                self._deliver(events)
            while self.crashes_met <= stretch < CRASHES:
                self._deliver(events)

    def _deliver(self, events: Events) -> None:
        if not self._was_taken(events):
            self.crashes_met += 1
            wait_until(lambda: self._was_taken(events), timeout_s=60, what="the server to come back")

    def _was_taken(self, events: Events) -> bool:
        try:
            answer = post_events(self._address, self._token, events)
        except (urllib.error.URLError, OSError, HTTPException):
            return False
        return {result["status"] for result in answer["results"]} <= {"ok", "duplicate"}


def until_cards(page: Page, count: int) -> None:
    page.wait_for_function("(count) => window.yangguang.state().cards.size >= count", arg=count, timeout=60_000)


def test_kill_9_while_events_flow_loses_nothing_and_shows_nothing_twice(tmp_path: Path, screens: Screens) -> None:
    url, key, secret, port = f"sqlite:///{tmp_path / 'yangguang.db'}", "j" * 32, "s" * 32, free_port()
    services = build_services(load_settings({"database.url": url, "journal.key": key, "security.secret_key": secret}))
    screen, token = services.accounts.issue_token("screen", "大屏"), services.accounts.issue_token("feed", "hall")
    settings = {"journal__key": key, "security__secret_key": secret, "server__heartbeat_s": "0.5"}
    with Program(tmp_path, "--database", url, "--port", str(port), **settings) as program:
        page = screens.blank(may_lose_link=True)
        heard = Heard(page)
        page.goto(f"{program.address}/wall/?screen={screen}")
        loaded(page)
        feed = Feed(program.address, token)
        feed.start()
        for crash in range(CRASHES):
            until_cards(page, crash * BATCHES * PER_BATCH + PER_BATCH)
            program.kill9()
            wait_for_text(page, "[data-live=link-strip] [data-part=state]", "正在重连")
            program.start()
        feed.wait()
        until_cards(page, WHOLE)

        cards = sorted(services.alert_queries.snapshot().cards, key=lambda card: card.id)
        assert len({card.case_no for card in cards}) == len(cards) == WHOLE
        assert sorted(believed(page)["cards"], key=lambda card: card["id"]) == msgspec.to_builtins(cards)
        assert heard.cards() == msgspec.to_builtins(cards)
        assert heard.shown_once_each()
        assert heard.in_order()
        assert heard.links > CRASHES
        assert feed.crashes_met >= CRASHES
        wait_for_text(page, ".cards-yellow [data-part=count]", str(WHOLE))
        wait_for_text(page, "[data-figure=yellow]", str(WHOLE))
    services.database.dispose()
