"""The program of the crash-loop test: what raises cards, escalates, sweeps deadlines and sends, started again and again.

`python -m tests.unit.alerts.notices.crashing URL PEER CHAINS STARTED_NS` loads everything once and then forks a worker for
every line it reads, whose process id it prints: a death and a rebirth every few hundredths of a second, each with a database
connection of its own.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from alerts.channels.sms import Gateway, Sms
from alerts.deadlines import DeadlineSweeper
from alerts.events import CardAskedAgain
from alerts.models import cards
from alerts.roster.contacts import Channel
from alerts.rules import CardRules
from alerts.terms import Terms
from cases.areas import Area, Areas
from cases.events import RungPassed
from config.ladders import load_presets
from core.clock import SystemClock
from core.database import Database
from core.instants import MINUTE_US, SECOND_US, from_us, to_us
from core.unit_of_work import UnitOfWork
from core.working_calendar import WorkingCalendar
from tests.unit.alerts.house import MORNING
from tests.unit.alerts.notices.telling import TellingHouse, opened
from tests.unit.cases.record import AREA

SPEED = 120  # two business minutes a second: a step of five minutes comes after 2.5 s
PAUSE_S = 0.01
CARDS, CARD_EVERY_US = 24, 36 * SECOND_US  # a card every 0.3 s of life
SIGNATURE_HOLDS_US = 4 * MINUTE_US
DAWDLE_S = 0.03  # in the middle of a transaction, so that death finds it there


class HurriedClock:
    """Business time that runs SPEED times faster than life from a moment all processes know."""

    speed = float(SPEED)

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns

    def now_us(self) -> int:
        return to_us(MORNING) + (time.time_ns() - self._started_ns) * SPEED // 1000

    def now(self) -> datetime:
        return from_us(self.now_us())


class ShortTerms(Terms):
    """Whatever the limit says: a signature nothing follows holds for minutes, not days."""

    def due(self, area: str, limit: str, from_us: int) -> int:
        return from_us + SIGNATURE_HOLDS_US


class CrashingHouse(TellingHouse):
    """The same house in every process: one clock, a calendar whose office never closes, the gateway of the test as SMS."""

    def __init__(self, database: Database, peer_url: str, chains: str, started_ns: int) -> None:
        self.peer_url = peer_url
        super().__init__(
            database, clock=HurriedClock(started_ns), machine=SystemClock(), ways=(),  # type: ignore[arg-type]
            rules=CardRules(ack_again={3: "1wd"}, red_needs_two=False, flood_cards=CARDS), terms=ShortTerms(), settings={
                "escalation_dir": chains, "lease_s": 0.5, "batch": 7, "senders": 3, "backoff_s": 60, "backoff_max_s": 60})

    def _office(self):
        gateway = Gateway(f"{self.peer_url}/send", '{"to":"{phone}","id":"{id}","text":"{text}"}', "application/json", "",
                          "", 5)
        self.peers = {Channel.SMS: Sms(gateway)}  # type: ignore[dict-item]
        calendar = WorkingCalendar("always", "1", "Asia/Shanghai", None, ((0, 1440),))
        self.areas = Areas({"always": calendar}, load_presets(), Area(AREA, "新余", "always", "Asia/Shanghai", "kechuang"))
        return super()._office()


    def raise_due(self) -> None:
        """The case whose time has come, once more with the one before it: a feed repeats what it was not told of."""
        with self.database.read() as conn:
            last = conn.scalar(select(func.max(cards.c.case_id))) or 0
        if last < min(CARDS, (self.clock.now_us() - to_us(MORNING)) // CARD_EVERY_US):
            self.record(*(opened("red", number) for number in (last, last + 1) if number))

    def dawdle(self, _uow: UnitOfWork, _batch: Sequence[object]) -> None:
        time.sleep(DAWDLE_S)


def work(url: str, peer_url: str, chains: str, started_ns: int) -> None:
    """Raise cards, take steps, let pass what falls due and send, for ever: only kill -9 ends it."""
    house = CrashingHouse(Database(url), peer_url, chains, started_ns)
    for kind in (RungPassed, CardAskedAgain):
        house.units.reactions[kind] = [*house.units.reactions[kind], house.dawdle]
    sweeper = DeadlineSweeper(house.units, house.cards, house.alarms)
    while True:
        house.raise_due()
        house.office.escalation.step_due()
        sweeper.sweep()
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
