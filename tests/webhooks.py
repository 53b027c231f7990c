"""The webhooks of an installation whose clocks stand still, for tests; as a program, a sender that is killed while it sends."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.alarms import AlarmService, standing_alarms
from config.changelog import ChangeLog
from core.access import Actor, Role
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.sealing import Sealer
from core.unit_of_work import UnitOfWorkFactory
from evaluation.webhooks.addresses import Reach
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.queries import Delivery, WebhookQueries
from evaluation.webhooks.sender import SenderParts, SenderRules, WebhookSender
from evaluation.webhooks.service import Parts, Wanted, Webhooks

SECRET = "s" * 40
NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)
ADMIN = Actor("admin", frozenset({Role.ADMINISTRATOR}), display_name="管理员")
OF_AREA = replace(ADMIN, name="yu", area="360502")
AREAS = ("360500", "360502")
KINDS = (EventType.MONTH_CLOSED,)
RULES = SenderRules(timeout_s=1.0, attempts_max=3, backoff_s=60.0, lease_s=30.0)


class House:
    """The webhooks of an installation whose clocks stand still."""

    def __init__(self, database: Database, reach: Reach | None = None, rules: SenderRules = RULES) -> None:
        self.database, self.machine = database, FrozenClock(NOW)
        self.units = UnitOfWorkFactory(database, FrozenClock(NOW), InProcessDoorbell())
        self.alarms = AlarmService()
        reach = reach or Reach(loopback=True)
        self.service = Webhooks(Parts(self.units, self.machine, Sealer(b"k" * 32, b"webhook secret"), ChangeLog(b"c" * 32),
                                      self.alarms, reach, lambda: AREAS, "https://jiancha.example", ZoneInfo("Asia/Shanghai"),
                                      most=5))
        self.queries = WebhookQueries(database)
        self._sender_parts = SenderParts(self.units, self.machine, self.alarms, reach, self.service.secret_of)
        self.sender = self.another_sender(rules)

    def another_sender(self, rules: SenderRules = RULES) -> WebhookSender:
        return WebhookSender(self._sender_parts, rules)

    def add(self, url: str, actor: Actor = ADMIN, **more: Any) -> int:
        return self.service.add(Wanted(**{"name": "省平台", "url": url, "types": KINDS, "secret": SECRET, **more}), actor)[0]

    def publish(self, subject: str = "figures/2026-02", area: str = "", **data: Any) -> int:
        with self.units() as uow:
            return self.service.publish(uow, EventType.MONTH_CLOSED, subject, data, area=area)

    def told(self) -> list[Delivery]:
        return self.queries.deliveries(ADMIN)

    def later(self, seconds: float) -> None:
        self.machine.advance(timedelta(seconds=seconds))

    def alarm_codes(self) -> list[str]:
        with self.database.read() as conn:
            return [one.code for one in standing_alarms(conn)]


if __name__ == "__main__":  # the process that is killed while it sends
    House(Database(sys.argv[1]), rules=replace(RULES, timeout_s=60.0)).sender.work()
