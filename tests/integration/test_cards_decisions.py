"""Appeals, revocations, escalation, floods, re-arming and deadlines of cards. On SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alerts.alarms import standing_alarms
from alerts.models import card_deadlines
from alerts.rules import CardRules
from cases.events import ClockKind
from core.access import Actor
from core.database import Database
from core.errors import NotPermitted
from tests.unit.alerts.house import ALICE, BOB, CHARLIE, LEA, House, days_ago, ended, passed
from tests.unit.alerts.life import LEADER, Life

RULES = CardRules(ack_again={2: "1wd", 3: "4wh"})


@pytest.fixture
def life(fresh_database_url: str) -> Iterator[Life]:
    database = Database(fresh_database_url)
    database.create_all()
    yield Life(House(database, rules=RULES))
    database.dispose()


@pytest.fixture(autouse=True)
def log_is_whole(life: Life) -> Iterator[None]:
    """Whatever a test did: the log of each card, replayed, gives its row."""
    yield
    assert life.differences() == []


def red(life: Life) -> None:
    life.house.record(passed("red", kind=ClockKind.STATUTORY))


def signed(life: Life) -> None:
    life.house.record(passed("yellow"))
    assert life.do("acknowledge", ALICE).ok


# Appeals and revocations ------------------------------------------------------------------------------------------

def test_an_appeal_that_is_upheld_revokes_the_card_with_a_second_person(life: Life):
    signed(life)
    assert life.do("appeal", CHARLIE, text="当日系统停机").ok
    assert life.do("decide_appeal", BOB, decision="uphold", reason="停机属实").ok
    assert life.card().revocation is not None
    assert life.do("confirm_revoke", BOB).error == "second_person_needed"

    assert life.do("confirm_revoke", LEADER).state == "closed"
    assert (life.card().disposition, life.card().closed_reason) == ("revoked", "revoked: 停机属实")
    assert life.heard()[-5:] == ["AppealFiled", "AppealDecided", "RevocationProposed", "CardRevoked", "CardClosed"]


def test_whoever_appealed_decides_nothing_about_it(life: Life):
    """Somebody may hold both parts: a unit's user who is an inspector, or a judge, too."""
    both = Actor("both", CHARLIE.roles | BOB.roles, org="D01")
    signed(life)
    assert life.do("appeal", both, text="不服").ok
    refused = life.do("decide_appeal", both, decision="uphold", reason="本人认为成立")
    assert (refused.error, life.card().appeal) == ("own_appeal", "filed")

    assert life.do("decide_appeal", BOB, decision="uphold", reason="停机属实").ok
    assert life.do("confirm_revoke", both).error == "own_appeal"
    assert life.do("confirm_revoke", LEADER).ok


def test_a_new_appeal_has_an_appellant_of_its_own(life: Life):
    both = Actor("both", CHARLIE.roles | BOB.roles, org="D01")
    signed(life)
    life.do("appeal", both, text="不服")
    life.do("decide_appeal", BOB, decision="reject", reason="证据充分")
    red(life)
    life.do("appeal", CHARLIE, text="不服红牌")

    assert life.do("decide_appeal", both, decision="reject", reason="证据充分").ok


def test_a_rejected_appeal_is_final(life: Life):
    signed(life)
    life.do("appeal", CHARLIE, text="不服")
    life.do("decide_appeal", BOB, decision="reject", reason="证据充分")

    assert life.do("appeal", CHARLIE, text="还是不服").error == "appeal_rejected"
    life.house.record(ended())
    assert life.card().state == "closed"


def test_an_appeal_passed_up_is_a_leaders(life: Life):
    signed(life)
    life.do("appeal", CHARLIE, text="不服")
    life.do("decide_appeal", BOB, decision="pass_up", reason="涉及多部门")
    assert life.do("decide_appeal", BOB, decision="reject", reason="x").error == "leader_decides"
    assert life.do("decide_appeal", LEADER, decision="pass_up", reason="x").error == "passed_up_already"

    assert life.do("decide_appeal", LEADER, decision="reject", reason="维持").ok
    assert life.card().appeal == "rejected"


def test_two_who_do_not_agree_on_an_appeal_leave_it_to_a_leader(life: Life):
    signed(life)
    life.do("appeal", CHARLIE, text="不服")
    life.do("decide_appeal", BOB, decision="uphold", reason="成立")
    life.do("reject_revoke", LEA, reason="不成立")

    assert (life.card().appeal, life.card().revocation) == ("passed_up", None)


def test_an_appeal_comes_in_time_or_not_at_all(life: Life):
    signed(life)
    life.wait(days=9)

    assert life.do("appeal", CHARLIE, text="不服").error == "appeal_too_late"


def test_a_worse_card_may_be_appealed_anew_from_the_day_it_is_worse(life: Life):
    life.house.record(passed("warning"))
    life.wait(days=9)
    red(life)

    assert life.do("appeal", CHARLIE, text="不服").ok


def test_what_was_decided_of_the_milder_card_does_not_bind(life: Life):
    signed(life)
    life.do("appeal", CHARLIE, text="不服")
    life.do("decide_appeal", BOB, decision="reject", reason="证据充分")
    red(life)

    assert life.card().appeal == "none"
    assert life.do("appeal", CHARLIE, text="红牌不服").ok


# A card that worsens while its department answers ------------------------------------------------------------------

def test_an_answer_to_the_milder_card_does_not_bar_the_one_the_worse_card_demands(life: Life):
    life.house.record(passed("yellow", reply_limit="5wd"))
    assert life.do("reply", CHARLIE, text="已整改").ok
    life.house.record(passed("red", kind=ClockKind.STATUTORY, reply_limit="3wd"))

    card = life.card()
    assert (card.disposition, card.reply_due_at is not None) == ("to_sign", True)
    assert life.do("reply", CHARLIE, text="已查明原因").ok
    life.wait(days=15)
    assert (life.card().disposition, "reply_overdue" in life.actions()) == ("replied", False)


def test_an_order_keeps_its_term_when_the_card_worsens_or_somebody_asks(life: Life):
    signed(life)
    assert life.do("dispatch", ALICE, order_no="督〔2018〕7号", reply_limit="10wd").ok
    due = life.card().reply_due_at
    life.house.record(passed("red", kind=ClockKind.STATUTORY, reply_limit="1wd"))

    assert life.do("request_reply", ALICE, reply_limit="1wd").error == "under_order"
    assert (life.card().disposition, life.card().reply_due_at) == ("under_order", due)


def test_an_appeal_nobody_decides_goes_up(life: Life):
    signed(life)
    life.do("appeal", CHARLIE, text="不服")
    life.wait(days=9)

    assert life.card().escalation == 1


def test_a_false_card_is_revoked_by_two_persons(life: Life):
    red(life)
    life.do("propose_revoke", ALICE, reason="数据错误")
    assert life.do("propose_revoke", LEA, reason="x").error == "revocation_pending"
    with pytest.raises(NotPermitted):
        life.do("confirm_revoke", ALICE)
    life.do("reject_revoke", LEA, reason="数据无误")
    assert life.card().revocation is None

    life.do("propose_revoke", ALICE, reason="数据错误")
    assert life.do("confirm_revoke", LEA).state == "closed"
    red(life)
    assert life.house.active() == []  # the same passage told again raises nothing


# The rest ---------------------------------------------------------------------------------------------------------

def test_escalating_by_hand_has_a_top(life: Life):
    signed(life)
    assert [life.do("escalate", ALICE, reason="无人响应").error for _ in range(4)] == [None, None, None,
                                                                                    "escalated_to_the_top"]


def test_a_comment_is_kept_also_on_a_closed_card(life: Life):
    signed(life)
    life.house.record(ended())
    assert life.card().state == "closed"
    assert life.do("comment", LEADER, comment="典型案例").ok
    assert life.find().log[-1].reason == "典型案例"
    assert life.house.active() == []


def test_a_key_that_fires_again_soon_is_the_same_card(life: Life):
    signed(life)
    life.house.record(ended())
    life.wait(minutes=9)
    red(life)

    card = life.card(1)
    assert (card.state, card.level, card.re_alarms, card.closed_at) == ("unack", "red", 1, None)
    assert "reopened" in life.actions()
    assert len(life.house.active()) == 1


def test_a_condition_that_comes_back_is_counted(life: Life):
    life.house.record(passed("yellow", at=days_ago(3)))
    life.house.record(ended())
    life.house.record(passed("yellow", at=days_ago(0.5)))

    assert (life.card().state, life.card().re_alarms) == ("unack", 1)


def test_more_cards_than_a_person_takes_in_are_one_flood(life: Life):
    life.house.record(*(passed("yellow", case_id=n) for n in range(1, 11)))
    assert {card.flood for card in life.house.active()} == {""}
    life.house.record(passed("yellow", case_id=11))
    life.wait(minutes=5)
    life.house.record(passed("yellow", case_id=12), passed("yellow", case_id=13))
    assert [life.card(n).flood for n in (10, 11, 12, 13)] == ["", "f11", "f11", "f11"]

    life.wait(minutes=11)
    life.house.record(passed("yellow", case_id=14))
    assert life.card(14).flood == ""
    assert len(life.house.active()) == 14


# Deadlines --------------------------------------------------------------------------------------------------------

def test_a_deadline_that_fails_is_an_alarm_and_stops_no_other(life: Life, monkeypatch: pytest.MonkeyPatch):
    life.house.record(passed("yellow", case_id=1), passed("yellow", case_id=2))
    for card_id in (1, 2):
        life.do("request_reply", ALICE, card_id, reply_limit="1wd")
    lapse = life.house.cards.handling.lapse

    def poisoned(event: Any, card: Any, *rest: Any) -> None:
        if card.id == 1:
            raise ValueError("poison")
        lapse(event, card, *rest)

    monkeypatch.setattr(life.house.cards.handling, "lapse", poisoned)
    life.wait(days=2)
    assert [life.card(n).escalation for n in (1, 2)] == [0, 1]
    with life.house.database.read() as conn:
        assert [(alarm.code, alarm.subject) for alarm in standing_alarms(conn)] == [("deadline_failed", "1 reply")]

    monkeypatch.undo()
    assert life.wait(seconds=61) == 1
    assert life.card(1).escalation == 1
    with life.house.database.read() as conn:
        assert standing_alarms(conn) == []


def test_the_deadlines_of_a_closed_card_are_over(life: Life):
    signed(life)
    life.do("request_reply", ALICE, reply_limit="1wd")
    life.do("propose_revoke", ALICE, reason="误报")
    life.do("confirm_revoke", LEA)

    assert (life.deadlines(), life.wait(days=30)) == ({}, 0)
    with life.house.database.read() as conn:
        assert {row.kind for row in conn.execute(card_deadlines.select())} == {"ack", "reply"}
