"""kill -9 at any moment, again and again, of what raises cards, escalates, sweeps deadlines and sends: nothing lost or doubled.

Two such processes work beside each other and die in turn. Cards, steps of an escalation, time-outs of signatures and rows of
notices (the inbox is one) are exactly once. A message may reach its peer twice, when its sender died between the peer's answer
and our writing it down: at least once, under one id, by which the peer throws the repetition out.
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

from alerts.card_commands import CardCommand, CardRef
from alerts.channels.base import HEADER
from alerts.models import card_deadlines, card_log, cards
from alerts.notices.models import escalation_steps, escalations, notices
from alerts.roster.contacts import Addressee, Channel, Contact
from core.instants import MINUTE_US
from tests.peers import Call, WebPeer, web_server
from tests.unit.alerts.house import ALICE
from tests.unit.alerts.notices.crashing import CARDS, SIGNATURE_HOLDS_US, CrashingHouse
from tests.unit.alerts.notices.telling import LIAISON
from tests.unit.cases.record import opened

REPOSITORY = Path(__file__).resolve().parents[2]
KILLS, WAITS_MIN = 30, (5, 4, 3)
SIGNED = range(3, CARDS + 1, 3)  # somebody signs these, and then does nothing
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
    """A process from which workers are forked; one of them lives at a time."""

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
def test_through_thirty_deaths_everything_happens_once_and_each_notice_arrives(fresh_database_url: str, tmp_path: Path):
    (tmp_path / "chains.yaml").write_text(CHAINS, encoding="utf-8")
    random = Random(11)
    with opened(fresh_database_url) as database, web_server() as peer:
        peer.on_call = lambda _call: time.sleep(0.01)  # a peer that takes its time gets killed senders in the middle
        started_ns = time.time_ns()
        house = CrashingHouse(database, peer.url, str(tmp_path), started_ns)
        staff(house)
        programs = [Program(fresh_database_url, peer, tmp_path, started_ns) for _ in range(2)]
        try:
            workers = [program.begin() for program in programs]
            for number in range(KILLS):
                sign_what_is_there(house)
                time.sleep(random.uniform(0.02, 0.5))
                os.kill(workers[number % 2], signal.SIGKILL)
                workers[number % 2] = programs[number % 2].begin()
            wait_until_all_has_ended(house)
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
        finally:
            for program in programs:
                program.end()
        check_cards(house)
        check_steps(house)
        check_inboxes(house)
        check_notices(house, peer.calls)


def staff(house: CrashingHouse) -> None:
    house.plan("zhou", begin=0, end=1440)
    house.plan("qian", role="shift_leader", begin=0, end=1440)
    house.name(LIAISON, channels=(Channel.SMS,))
    for role, username, phone in ((Addressee.DUTY_OFFICER, "zhou", "13900000001"),
                                  (Addressee.SHIFT_LEADER, "qian", "13900000002")):
        house.name(Contact(role=role, username=username, name=username, phone=phone, channels=(Channel.SMS,)))


def sign_what_is_there(house: CrashingHouse) -> None:
    """Beside the worker, an officer signs the cards of SIGNED for which nobody signed yet."""
    with house.database.read() as conn:
        fresh = conn.execute(select(cards.c.id, cards.c.rev).where(cards.c.id.in_(SIGNED), cards.c.rev == 1)).all()
    for card in fresh:
        command = CardCommand(command_id=f"sign-{card.id}", cards=[CardRef(card.id, card.rev)], comment="已电话督促")
        assert house.cards.execute(command, ALICE).ok


def wait_until_all_has_ended(house: CrashingHouse) -> None:
    give_up_at = time.monotonic() + 120
    while time.monotonic() < give_up_at:
        sign_what_is_there(house)
        with house.database.read() as conn:
            raised = conn.scalar(select(func.count()).select_from(cards))
            signed = conn.scalar(select(func.count()).where(card_log.c.action == "acknowledged"))
            left = [conn.scalar(select(func.count()).where(waits)) for waits in (
                escalations.c.next_at.is_not(None), notices.c.state.in_(("queued", "sending")),
                card_deadlines.c.done_at.is_(None))]
        if (raised, signed) == (CARDS, len(SIGNED)) and not any(left):
            return
        time.sleep(0.05)
    raise TimeoutError("cards, steps, deadlines or notices are left over")


def check_cards(house: CrashingHouse) -> None:
    """Every case has one card that was opened once; a signature nothing followed lapsed once, at the instant it was to."""
    with house.database.read() as conn:
        numbers = list(conn.scalars(select(cards.c.case_id).order_by(cards.c.id)))
        log = conn.execute(select(card_log).order_by(card_log.c.seq)).all()
    assert numbers == list(range(1, CARDS + 1))
    assert Counter(line.card_id for line in log if line.action == "opened") == dict.fromkeys(numbers, 1)
    signed = {line.card_id: line.at for line in log if line.action == "acknowledged"}
    assert set(signed) == set(SIGNED)
    lapsed = [(line.card_id, line.at) for line in log if line.action == "ack_lapsed"]
    assert sorted(lapsed) == sorted((card, at + SIGNATURE_HOLDS_US) for card, at in signed.items())


def check_steps(house: CrashingHouse) -> None:
    """Each run went through its steps, each once, each at the instant at which it was due; a signed card has a second run."""
    with house.database.read() as conn:
        begun = {(row.card_id, row.run): row for row in conn.execute(select(escalations)).all()}
        taken = conn.execute(select(escalation_steps).order_by(escalation_steps.c.card_id, escalation_steps.c.step)).all()
    assert set(begun) == {(card, 1) for card in range(1, CARDS + 1)} | {(card, 2) for card in SIGNED}
    due = {(*run, number): row.started_at + sum(WAITS_MIN[:number + 1]) * MINUTE_US for run, row in begun.items()
           for number in range(row.step)}
    assert {(row.card_id, row.run, row.step): row.due_at for row in taken} == due
    assert {row.step for run, row in begun.items() if row.stopped_at is None} == {len(WAITS_MIN)}, "to the end, unless signed"
    assert {row.step: row.told for row in taken} == {0: 2, 1: 4, 2: 2}, "in site and by SMS, for each person"


def check_inboxes(house: CrashingHouse) -> None:
    """Everybody concerned finds each card in his inbox once when it was issued, and once more when its signature lapsed."""
    found = Counter((row.what, row.card_id, row.username) for row in house.rows(channel="in_site", state="sent")
                    if row.what in ("opened", "asked_again"))
    issued = {("opened", card, name) for card in range(1, CARDS + 1) for name in ("zhao", "zhou", "qian", "li")}
    lapsed = {("asked_again", card, name) for card in SIGNED for name in ("zhou", "qian")}
    assert found == dict.fromkeys(issued | lapsed, 1)


def check_notices(house: CrashingHouse, calls: list[Call]) -> None:
    """Each notice was sent under one id, nothing else arrived, and what arrived twice was the same."""
    sms = house.rows(channel="sms")
    assert {row.reason for row in sms if row.state != "sent"} <= {"acknowledged_meanwhile", "duplicate"}
    arrived = Counter(call.headers[HEADER] for call in calls)
    assert set(arrived) == {row.uid for row in sms if row.state == "sent"}, "none lost, none invented"
    bodies = defaultdict(set)
    for call in calls:
        bodies[json.loads(call.body)["id"]].add(call.body)
    assert {len(different) for different in bodies.values()} == {1}
    once_each = Counter((row.card_id, row.what, row.step, row.addressee, row.username, row.channel) for row in house.rows()
                        if row.state == "sent")
    assert set(once_each.values()) == {1}
    repeated = sum(times - 1 for times in arrived.values())
    assert repeated <= 3 * KILLS, "a death repeats at most what its three senders had in hand"
