"""The whole program in this process: services, jobs, pages, interfaces and live channel, on a free port."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alerts.card_commands import CardCommand, CardRef
from alerts.push import close_transport
from alerts.wire import CardView
from bootstrap import Services, build_services
from commands.serving import Listener
from config.settings import Settings, load_settings
from core.access import Actor, Role
from core.clock import AcceleratedClock, SwitchedClock
from dashboard.demo_accounts import create_demo_accounts
from jobs import build_scheduler, jobs_of
from server import Server, build_server

MONDAY = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai, in office hours
UNIT = "fagai"                                     # the department of the demonstration's department user
SHIFT_LEADER = Actor("sun", frozenset({Role.SHIFT_LEADER}), display_name="孙国华")
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Settings of a small installation below `folder`; keys of `changes` use __ for the dot."""
    return load_settings({
        "database.url": f"sqlite:///{folder / 'yangguang.db'}", "journal.key": "j" * 32,
        "journal.anchor_dir": str(folder / "anchors"), "security.secret_key": "s" * 32, "applicants.key": "a" * 32,
        "feeds.drop_dir": str(folder / "drop"),
        "approval.material_dir": str(folder / "materials"), "room.clip_dir": str(folder / "clips"),
        "approval.preview_dir": str(folder / "previews"), "papers.key_dir": str(folder / "keys"),
        "recording.dir": str(folder / "recordings"), "recording.evidence_dir": str(folder / "evidence"),
        "exports.dir": str(folder / "exports"), "history.dir": str(folder / "history"),
        "server.port": 0, "sweep.interval_s": 0.2, "payments.gateway": "sandbox",
        **{key.replace("__", "."): value for key, value in changes.items()}})


def clock_at(moment: datetime) -> AcceleratedClock:
    """A clock that shows `moment` now and runs at the speed of life."""
    return AcceleratedClock(moment, 1.0)


class CommandCentre:
    """A running installation. Its business clock starts on a Monday morning and may be set while it runs."""

    def __init__(self, settings: Settings, start: datetime = MONDAY) -> None:
        self.clock = SwitchedClock(clock_at(start))
        self.services: Services = build_services(settings, self.clock)
        create_demo_accounts(self.services.accounts, UNIT)
        self.screen_token = self.services.accounts.issue_token("screen", "监察室大屏")
        self._feed_token = self.services.accounts.issue_token("feed", "hall")
        self.server: Server = build_server(self.services)
        self._listener = Listener(settings, self.server)
        self._scheduler = build_scheduler(self.services)

    def __enter__(self) -> CommandCentre:
        self._scheduler.start(jobs_of(self.services))
        self.server.push.start()
        self._listener.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.server.push.stop()
        socketio = self.server.push.socketio
        for eio_sid in list(socketio.server.eio.sockets):
            close_transport(socketio, eio_sid)
        self._listener.stop()
        self._scheduler.stop()
        self.services.database.dispose()

    @property
    def address(self) -> str:
        return self._listener.address.rstrip("/")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def post(self, *events: dict[str, Any]) -> None:
        """Deliver events as another system does; every one must be taken."""
        answer = post_events(self.address, self._feed_token, events)
        assert {result["status"] for result in answer["results"]} <= {"ok", "duplicate"}, answer

    def set_clock(self, moment: datetime) -> None:
        self.clock.switch_to(clock_at(moment))

    def all_cards(self) -> list[CardView]:
        """The active cards, as the database has them."""
        return list(self.services.alert_queries.snapshot().cards)

    def cards(self) -> dict[str, CardView]:
        """The active cards of clocks by case number; a case may have others beside it, of the acts in it."""
        return {card.case_no: card for card in self.all_cards() if card.origin == "clock"}

    def sign(self, *case_nos: str, comment: str = "已核实") -> None:
        """An inspector signs elsewhere, out of sight of the browser under test; a shift leader too where a card needs both."""
        for actor in (INSPECTOR, SHIFT_LEADER):
            cards = self.cards()
            waiting = [cards[case_no] for case_no in case_nos if case_no in cards and cards[case_no].acked is None]
            if waiting:
                refs = [CardRef(card.id, card.rev) for card in waiting]
                command = CardCommand(command_id=f"{actor.name}-{'-'.join(case_nos)}", cards=refs, comment=comment)
                assert self.services.alerts.execute(command, actor).ok

    def item(self, org: str, number: int = 0) -> str:
        """An item of a department that has both limits in working days."""
        items = [item.code for item in self.services.catalogue.items.values() if item.org == org
                 and item.promised is not None and item.statutory is not None and item.promised.unit == "wd"]
        return items[number % len(items)]

    def name_of(self, org: str) -> str:
        """The name the wall prints."""
        known = self.services.catalogue.find_organisation(org)
        assert known is not None
        return known.short


def post_events(address: str, token: str, events: Sequence[dict[str, Any]]) -> Any:
    """POST /api/v1/events. Raises URLError when the server is away, HTTPError when it refuses."""
    request = urllib.request.Request(
        f"{address}/api/v1/events", json.dumps(list(events)).encode(), method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def accepted(case_no: str, at: str, org: str = UNIT, **fields: Any) -> dict[str, Any]:
    """A case accepted at an instant, e.g. 2026-03-02T10:00:00+08:00."""
    return {"id": f"{case_no}-accepted", "kind": "accepted", "case_no": case_no, "at": at, "org": org, **fields}


def concluded(case_no: str, at: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{case_no}-concluded", "kind": "concluded", "case_no": case_no, "at": at, **fields}


def yellow(case_no: str, due: str = "2026-03-12", org: str = UNIT, **fields: Any) -> dict[str, Any]:
    """A case past the promised date its source states, and far from the statutory one."""
    return _dated(case_no, org, {"promised_due": due, "statutory_due": "2026-12-31"}, fields)


def red(case_no: str, due: str = "2026-03-12", org: str = UNIT, **fields: Any) -> dict[str, Any]:
    """A case past the statutory date its source states; with `version=2` what was a yellow one becomes red."""
    return _dated(case_no, org, {"promised_due": due, "statutory_due": due}, fields)


def _dated(case_no: str, org: str, dues: dict[str, str], fields: dict[str, Any]) -> dict[str, Any]:
    return accepted(case_no, "2026-02-02T10:00:00+08:00", org, data={**dues, **fields.pop("data", {})}, **fields)
