"""The program of the crash-loop test: escalation and sender of an installation, started again and again.

`python -m tests.unit.alerts.notices.crashing URL PEER CHAINS STARTED_NS` loads everything once and then forks a worker for
every line it reads, whose process id it prints: a death and a rebirth every few hundredths of a second, each with a database
connection of its own.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path

from alerts.channels.sms import Gateway, Sms
from alerts.roster.contacts import Channel
from cases.areas import Area, Areas
from config.ladders import load_presets
from core.clock import SystemClock
from core.database import Database
from core.instants import from_us, to_us
from core.working_calendar import WorkingCalendar
from tests.unit.alerts.house import MORNING
from tests.unit.alerts.notices.telling import TellingHouse
from tests.unit.cases.record import AREA

SPEED = 120  # two business minutes a second: a step of five minutes comes after 2.5 s
PAUSE_S = 0.01


class HurriedClock:
    """Business time that runs SPEED times faster than life from a moment all processes know."""

    speed = float(SPEED)

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns

    def now_us(self) -> int:
        return to_us(MORNING) + (time.time_ns() - self._started_ns) * SPEED // 1000

    def now(self) -> datetime:
        return from_us(self.now_us())


class CrashingHouse(TellingHouse):
    """The same house in every process: one clock, a calendar whose office never closes, the gateway of the test as SMS."""

    def __init__(self, database: Database, peer_url: str, chains: str, started_ns: int) -> None:
        self.peer_url = peer_url
        super().__init__(database, clock=HurriedClock(started_ns), machine=SystemClock(), ways=(), settings={  # type: ignore[arg-type]
            "escalation_dir": chains, "lease_s": 0.5, "batch": 7, "senders": 3, "backoff_s": 60, "backoff_max_s": 60})

    def _office(self):
        gateway = Gateway(f"{self.peer_url}/send", '{"to":"{phone}","id":"{id}","text":"{text}"}', "application/json", "",
                          "", 5)
        self.peers = {Channel.SMS: Sms(gateway)}  # type: ignore[dict-item]
        calendar = WorkingCalendar("always", "1", "Asia/Shanghai", None, ((0, 1440),))
        self.areas = Areas({"always": calendar}, load_presets(), Area(AREA, "新余", "always", "Asia/Shanghai", "kechuang"))
        return super()._office()


def work(url: str, peer_url: str, chains: str, started_ns: int) -> None:
    """Take steps and send, for ever: only kill -9 ends it."""
    house = CrashingHouse(Database(url), peer_url, chains, started_ns)
    while True:
        house.office.escalation.step_due()
        house.send()
        time.sleep(PAUSE_S)


def main(url: str, peer_url: str, chains: str, started_ns: str) -> None:
    assert Path(chains).is_dir()
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            work(url, peer_url, chains, int(started_ns))
        print(child, flush=True)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
