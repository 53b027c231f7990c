"""Orders looked at late, answered late, put off by a holiday announced late; and one that cannot be looked at at all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from alerts.alarms import standing_alarms
from alerts.models import cards
from config.versions import Kind
from core.instants import DAY_US, SECOND_US, from_us
from supervision.models import orders
from tests.staff import OTHER_ORG, OWN_ORG
from tests.unit.supervision.office import INSPECTOR, OFFICER, UNIT, Office
from tests.unit.supervision.test_orders import ADMINISTRATOR, DEMAND, dispatched, on_card, signed, two_cards

WORKING_MORNING_US = 9 * 3600 * SECOND_US


def announce(office: Office, day: str) -> None:
    """A holiday nobody knew of."""
    editing = office.services.editing
    _number, content = editing.present(Kind.CALENDAR, "cn")
    content["years"]["2026"]["off"]["市庆"] = [day]
    editing.propose(Kind.CALENDAR, "cn", content, effective_from=date(2020, 1, 1), reason="试", actor=ADMINISTRATOR)
    office.services.rejudger.work()


def jobs(office: Office, first: str = "orders") -> None:
    """Both jobs until nothing is left for either."""
    both = [office.desk.orders.watch, office.services.deadlines.sweep]
    for _ in range(4):
        for job in both if first == "orders" else reversed(both):
            job()


def red_cards(office: Office) -> list[Any]:
    with office.services.database.read() as conn:
        return list(conn.execute(select(cards.c.due_at, cards.c.condition).where(cards.c.rule == "order.overdue")))


def alarms(office: Office) -> list[tuple[str, str, dict[str, Any]]]:
    with office.services.database.read() as conn:
        return [(one.code, one.subject, dict(one.args)) for one in standing_alarms(conn) if one.code == "order_failed"]


@pytest.mark.parametrize("is_announced", [False, True])
def test_one_answer_of_two_takes_nothing_back_of_an_order_that_is_late(office: Office, is_announced: bool):
    order_id, first, second = two_cards(office)
    due = office.order(order_id).head.due_at
    for instant in (due, due + WORKING_MORNING_US):
        office.clock.move_to(from_us(instant))
        jobs(office)
    before = office.order(order_id).head
    if is_announced:  # when the order was late already
        announce(office, "03-18")
    office.clock.move_to(from_us(due + 3 * DAY_US))
    jobs(office)
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    jobs(office)

    found = office.order(order_id)
    assert [entry.action for entry in found.log] == ["drafted", "issued", "overdue", "reminded", "reply"]
    assert (found.head.due_at, found.head.overdue_at, found.head.reminded_at) == (due, due, before.reminded_at)
    on_card(office, second, "reply", UNIT, text="A-2 已处理")
    assert office.order(order_id).head.state == "replied"


def test_an_answer_moves_no_date_before_the_order_is_put_off(office: Office):
    order_id, first, _second = two_cards(office)
    due = office.order(order_id).head.due_at
    announce(office, "03-18")
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    assert office.order(order_id).head.due_at == due

    office.clock.move_to(from_us(due))
    jobs(office)
    found = office.order(order_id)
    assert [entry.action for entry in found.log] == ["drafted", "issued", "reply", "put_off"]
    assert (found.head.due_at, found.log[-1].at, found.log[-1].detail) == (due + DAY_US, due, {"due_at": due + DAY_US})


def test_a_new_term_that_is_over_already_clears_nothing(office: Office):
    """The first card's answer was rejected and its new term passed as well, before the second was answered."""
    order_id, first, second = two_cards(office)
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    office.later(days=2)
    on_card(office, first, "reject_reply", INSPECTOR, reason="未说明责任人")
    office.later(days=12)
    jobs(office)
    before = office.order(order_id).head
    assert before.overdue_at == before.due_at
    on_card(office, second, "reply", UNIT, text="A-2 已处理")

    head = office.order(order_id).head
    assert (head.due_at, head.overdue_at, head.reminded_at) == (before.due_at, before.overdue_at, before.reminded_at)


@pytest.mark.parametrize("first", ["orders", "cards"])
def test_an_order_put_off_is_late_with_its_cards_though_nobody_looked_until_both_dates_were_over(office: Office, first: str):
    order_id = dispatched(office)
    due = office.order(order_id).head.due_at
    announce(office, "03-18")
    office.clock.move_to(from_us(due + 3 * DAY_US))
    jobs(office, first)

    found = office.order(order_id)
    card = office.services.alert_queries.find(found.cards[0].card_id).card
    put_off = due + DAY_US
    assert (found.head.due_at, found.head.overdue_at) == (put_off, put_off)
    assert datetime.fromisoformat(card.reply_due_at) == from_us(put_off)
    assert [(row.due_at, bool(row.condition)) for row in red_cards(office)] == [(put_off, True)]
    assert [(entry.action, entry.at) for entry in found.log][2:4] == [("put_off", due), ("overdue", put_off)]


def test_an_order_that_fails_stops_no_other_and_is_told(office: Office, monkeypatch: pytest.MonkeyPatch):
    bad = dispatched(office)
    good = office.desk.orders.dispatch("c-2", [signed(office, OTHER_ORG, "B-1")], DEMAND, "5wd", OFFICER)
    head = office.order(bad).head
    office.clock.move_to(from_us(head.due_at + DAY_US))
    real = office.desk.orders._cards.left

    def left(uow: Any, number: str) -> Any:
        if number == head.number:
            raise ZeroDivisionError
        return real(uow, number)

    with monkeypatch.context() as poison:
        poison.setattr(office.desk.orders._cards, "left", left)
        assert office.desk.orders.watch() == 1
        assert office.order(good).head.overdue_at == office.order(good).head.due_at
        assert office.order(bad).head.overdue_at is None
        assert alarms(office) == [("order_failed", str(bad), {"order": head.number})]
    office.desk.orders.watch()
    assert office.order(bad).head.overdue_at is None, "left alone until its time"

    office.later(seconds=office.services.alerts.rules.deadline_retry_s)
    assert office.desk.orders.has_due(office.clock.now_us())
    office.desk.orders.watch()
    assert (office.order(bad).head.overdue_at, alarms(office)) == (head.due_at, []), "stamped as if it had not failed"


def test_the_alarm_of_an_order_answered_meanwhile_goes(office: Office, monkeypatch: pytest.MonkeyPatch):
    order_id = dispatched(office)
    office.clock.move_to(from_us(office.order(order_id).head.due_at))
    with monkeypatch.context() as poison:
        poison.setattr(office.desk.orders, "_step", lambda *_given: 1 / 0)
        assert office.desk.orders.watch() == 0
    on_card(office, office.order(order_id).cards[0].card_id, "reply", UNIT, text="已办结")
    office.later(seconds=office.services.alerts.rules.deadline_retry_s)
    office.desk.orders.watch()

    with office.services.database.read() as conn:
        row = conn.execute(select(orders.c.retry_at, orders.c.org, orders.c.overdue_at)).one()
    assert (tuple(row), alarms(office)) == ((None, OWN_ORG, None), [])
    assert not office.desk.orders.has_due(office.clock.now_us())
