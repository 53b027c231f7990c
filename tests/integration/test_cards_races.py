"""Two people, a person and the engine, two sweepers at the same card at the same moment. On SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from alerts.card_commands import CardCommand, CardRef, CardResult
from alerts.deadlines import DeadlineSweeper
from alerts.rules import CardRules
from cases.events import ClockKind
from core.access import Actor
from core.database import Database
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, House, ended, passed
from tests.unit.alerts.life import INSPECTOR, LEADER, Life

ROUNDS = 8


@pytest.fixture
def life(fresh_database_url: str) -> Iterator[Life]:
    """With two connections of the same database, as two processes would have."""
    database = Database(fresh_database_url)
    database.create_all()
    yield Life(House(database, rules=CardRules(flood_cards=1000)))
    database.dispose()


@pytest.fixture
def other(life: Life, fresh_database_url: str) -> Iterator[House]:
    database = Database(fresh_database_url)
    yield House(database, clock=life.house.clock, rules=life.house.rules)
    database.dispose()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """All of them in threads of their own that start together; their answers in order. What one raises is raised."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def commanding(house: House, kind: str, by: Actor, card_id: int, rev: int, **members: Any) -> Callable[[], CardResult]:
    members.setdefault("command_id", f"{kind}-{by.name}-{card_id}-{rev}")
    command = CardCommand(type=kind, cards=[CardRef(card_id, rev)], **members)
    return lambda: house.cards.execute(command, by).results[0]


def test_of_two_officers_one_signs_and_the_other_is_told_so(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        first, second = at_once(commanding(life.house, "acknowledge", ALICE, number, 1),
                                commanding(other, "acknowledge", BOB, number, 1))

        assert (first.ok, second.ok, first.already != second.already) == (True, True, True)
        assert life.actions(number).count("acknowledged") == 1
    assert life.differences() == []


def test_one_command_sent_twice_at_once_is_done_once(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        answers = at_once(commanding(life.house, "comment", ALICE, number, 1, comment="x", command_id=f"same-{number}"),
                          commanding(other, "comment", ALICE, number, 1, comment="x", command_id=f"same-{number}"))

        assert answers[0] == answers[1]
        assert life.actions(number) == ["opened", "comment"]


def test_an_officer_never_signs_for_a_red_card_he_saw_as_yellow(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        signed, _ = at_once(commanding(life.house, "acknowledge", ALICE, number, 1),
                            lambda number=number: other.record(passed("red", case_id=number, kind=ClockKind.STATUTORY)))

        card = life.card(number)
        assert (card.level, card.state, card.acked) == ("red", "unack", None)
        assert signed.ok or signed.error == "card_changed"


def test_a_card_ends_once_whether_the_engine_or_a_person_comes_first(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        at_once(commanding(life.house, "acknowledge", ALICE, number, 1),
                lambda number=number: other.record(ended(case_id=number)))
        if life.card(number).state != "closed":  # the engine was first: the officer has to look again
            assert life.do("acknowledge", ALICE, number).ok

        assert life.actions(number).count("closed") == 1
    assert life.differences() == []


def test_of_two_who_decide_apart_only_one_decides(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        life.do("acknowledge", ALICE, number)
        life.do("reply", CHARLIE, number, text="已办结")
        life.house.record(ended(case_id=number))
        rev = life.card(number).rev
        answers = at_once(commanding(life.house, "accept_reply", BOB, number, rev),
                          commanding(other, "reject_reply", INSPECTOR, number, rev, reason="不足"))

        assert sorted(answer.ok for answer in answers) == [False, True]
        assert life.card(number).state == ("closed" if answers[0].ok else "normal")


def test_of_the_appellant_and_another_who_decide_at_once_the_other_decides(life: Life, other: House):
    both = Actor("both", CHARLIE.roles | BOB.roles, org="D01")
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        life.do("appeal", both, number, text="不服")
        rev = life.card(number).rev
        own, others = at_once(commanding(life.house, "decide_appeal", both, number, rev, decision="uphold", reason="成立"),
                              commanding(other, "decide_appeal", BOB, number, rev, decision="reject", reason="证据充分"))

        assert (own.ok, others.ok, life.card(number).appeal) == (False, True, "rejected")
        assert own.error in ("own_appeal", "no_appeal"), "before the decision, or after it"
    assert life.differences() == []


def test_two_persons_confirm_a_revocation_once(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        life.do("propose_revoke", ALICE, number, reason="误报")
        answers = at_once(commanding(life.house, "confirm_revoke", LEA, number, 2),
                          commanding(other, "confirm_revoke", LEADER, number, 2))

        assert sorted(answer.ok for answer in answers) == [False, True]
        assert life.actions(number).count("revoked") == 1


def test_a_card_is_put_aside_in_one_way_and_a_repetition_gets_its_first_answer(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        until = {"reason": "检修", "until": "2018-10-18T10:00:00+08:00"}
        ways = [commanding(life.house, "take_out_of_service", ALICE, number, 1, **until),
                commanding(other, "stop_by_law", BOB, number, 1, **until)]
        answers = at_once(*ways)

        assert sorted(answer.ok for answer in answers) == [False, True]
        assert [way() for way in ways] == answers
        assert len({"out_of_service", "stopped_by_law"} & set(life.actions(number))) == 1
    assert life.differences() == []


def test_two_sweepers_bring_back_once_what_was_out_of_service(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        assert life.do("take_out_of_service", ALICE, number, reason="检修", until="2018-10-16T10:00:00+08:00").ok
    life.house.clock.advance(timedelta(days=2))
    at_once(life.sweeper.sweep, DeadlineSweeper(other.units, other.cards, other.alarms).sweep)

    assert [life.actions(number).count("back_in_service") for number in range(1, ROUNDS)] == [1] * (ROUNDS - 1)


def test_two_engines_raise_one_card_for_one_fact(life: Life, other: House):
    for number in range(1, ROUNDS):
        at_once(lambda number=number: life.house.record(passed("yellow", case_id=number)),
                lambda number=number: other.record(passed("yellow", case_id=number)))

    assert [card.rev for card in life.house.active()] == [1] * (ROUNDS - 1)


def test_two_sweepers_let_each_deadline_pass_once(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        life.do("acknowledge", ALICE, number)
        life.do("dispatch", ALICE, number, order_no=f"督{number}", reply_limit="1wd")
    life.wait(hours=1)
    life.house.clock.advance(timedelta(days=3))
    second = DeadlineSweeper(other.units, other.cards, other.alarms)

    counts = at_once(life.sweeper.sweep, second.sweep)

    assert sum(counts) == ROUNDS - 1
    assert all(life.actions(number).count("order_overdue") == 1 for number in range(1, ROUNDS))
    assert sum(card.origin == "order" for card in life.house.active()) == ROUNDS - 1
    assert life.differences() == []


def test_a_reply_at_the_last_moment_and_the_sweep_leave_one_truth(life: Life, other: House):
    for number in range(1, ROUNDS):
        life.house.record(passed("yellow", case_id=number))
        life.do("request_reply", ALICE, number, reply_limit="1wd")
    life.house.clock.advance(timedelta(days=3))
    replying = [commanding(other, "reply", CHARLIE, number, 2, text="已办结") for number in range(1, ROUNDS)]

    answers = at_once(life.sweeper.sweep, lambda: [reply() for reply in replying])[1]

    for number, answer in enumerate(answers, start=1):
        actions = life.actions(number)
        assert ("replied" in actions, "reply_overdue" in actions) == (answer.ok, not answer.ok)
        assert life.card(number).escalation == (0 if answer.ok else 1)
    assert life.differences() == []
