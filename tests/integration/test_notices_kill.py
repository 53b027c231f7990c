"""kill -9 of escalation and sender at any moment, again and again, while cards open: nothing lost, nothing doubled.

A message may reach its peer twice, when its sender died between the peer's answer and our writing it down: at least once,
under one id, by which the peer throws the repetition out. Steps of an escalation and rows of notices are exactly once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from alerts.channels.base import HEADER
from alerts.notices.models import escalation_steps, escalations, notices
from alerts.roster.contacts import Addressee, Channel, Contact
from core.instants import MINUTE_US
from tests.peers import Call, WebPeer, web_server
from tests.unit.alerts.notices.crashing import CrashingHouse
from tests.unit.alerts.notices.telling import LIAISON
from tests.unit.cases.record import opened

REPOSITORY = Path(__file__).resolve().parents[2]
KILLS, CARDS, WAITS_MIN = 30, 24, (5, 4, 3)
CHAINS = """
levels:
  red:
    id: red
    version: "1"
    steps:
      - {wait_minutes: 5, to: [duty_officer]}
      - {wait_minutes: 4, to: [duty_officer, liaison]}
      - {wait_minutes: 3, to: [shift_leader]}
"""


class Program:
    """The process from which workers are forked; one of them lives at a time."""

    def __init__(self, url: str, peer: WebPeer, chains: Path, started_ns: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.alerts.notices.crashing", url, peer.url, str(chains), str(started_ns)],
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self) -> int:
        """The process id of a new worker."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.mark.slow
def test_through_thirty_deaths_each_step_is_taken_once_and_each_notice_arrives(fresh_database_url: str, tmp_path: Path):
    (tmp_path / "chains.yaml").write_text(CHAINS, encoding="utf-8")
    random = Random(11)
    with opened(fresh_database_url) as database, web_server() as peer:
        peer.on_call = lambda _call: time.sleep(0.01)  # a peer that takes its time gets killed senders in the middle
        started_ns = time.time_ns()
        house = CrashingHouse(database, peer.url, str(tmp_path), started_ns)
        staff(house)
        program = Program(fresh_database_url, peer, tmp_path, started_ns)
        try:
            for number in range(KILLS):
                worker = program.begin()
                if number < CARDS:
                    house.raise_card("red", number + 1)
                time.sleep(random.uniform(0.02, 0.5))
                os.kill(worker, signal.SIGKILL)
            last = program.begin()
            wait_until_all_has_ended(house)
            os.kill(last, signal.SIGKILL)
        finally:
            program.end()
        check_steps(house)
        check_notices(house, peer.calls)


def staff(house: CrashingHouse) -> None:
    house.plan("zhou", begin=0, end=1440)
    house.plan("qian", role="shift_leader", begin=0, end=1440)
    house.name(LIAISON, channels=(Channel.SMS,))
    for role, username, phone in ((Addressee.DUTY_OFFICER, "zhou", "13900000001"),
                                  (Addressee.SHIFT_LEADER, "qian", "13900000002")):
        house.name(Contact(role=role, username=username, name=username, phone=phone, channels=(Channel.SMS,)))


def wait_until_all_has_ended(house: CrashingHouse) -> None:
    give_up_at = time.monotonic() + 120
    while time.monotonic() < give_up_at:
        with house.database.read() as conn:
            steps_left = conn.scalar(select(func.count()).where(escalations.c.next_at.is_not(None)))
            waiting = conn.scalar(select(func.count()).where(notices.c.state.in_(("queued", "sending"))))
        if not steps_left and not waiting:
            return
        time.sleep(0.05)
    raise TimeoutError("steps or notices are left over")


def check_steps(house: CrashingHouse) -> None:
    """Every card went through the three steps, each once, each at the instant at which it was due."""
    with house.database.read() as conn:
        begun = {row.card_id: row.started_at for row in conn.execute(select(escalations)).all()}
        taken = conn.execute(select(escalation_steps).order_by(escalation_steps.c.card_id, escalation_steps.c.step)).all()
    assert len(begun) == CARDS
    due = {(card, number): at + sum(WAITS_MIN[:number + 1]) * MINUTE_US for card, at in begun.items()
           for number in range(len(WAITS_MIN))}
    assert {(row.card_id, row.step): row.due_at for row in taken} == due
    assert {row.step: row.told for row in taken} == {0: 2, 1: 4, 2: 2}, "in site and by SMS, for each person"


def check_notices(house: CrashingHouse, calls: list[Call]) -> None:
    """Each notice was sent under one id, nothing else arrived, and what arrived twice was the same."""
    sms = house.rows(channel="sms")
    assert {row.state for row in sms} == {"sent"}
    arrived = Counter(call.headers[HEADER] for call in calls)
    assert set(arrived) == {row.uid for row in sms}, "none lost, none invented"
    bodies = defaultdict(set)
    for call in calls:
        bodies[json.loads(call.body)["id"]].add(call.body)
    assert {len(different) for different in bodies.values()} == {1}
    once_each = Counter((row.card_id, row.what, row.step, row.addressee, row.username, row.channel) for row in house.rows()
                        if row.state == "sent")
    assert set(once_each.values()) == {1}
    repeated = sum(times - 1 for times in arrived.values())
    assert repeated <= 3 * KILLS, "a death repeats at most what its three senders had in hand"
