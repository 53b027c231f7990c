"""What falls due on cards: replies and their review, orders, signatures nothing was done about, what kept it quiet, appeals.

A sweep takes the rows whose instant has come, each in a transaction of its own that first claims it by a conditional update,
so that two sweepers never act twice. What is written is the instant at which it fell due, not that of the sweep. A row that
fails is an alarm and is passed over for a while; it never stops the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, update

from alerts.alarms import AlarmService
from alerts.card_rows import by_id
from alerts.cards import Card
from alerts.lifecycle import Level
from alerts.models import card_deadlines
from alerts.occasions import Occasion, Origin
from alerts.service import CardService
from alerts.transitions import Event, axes_of, refusal
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)
ALARM = "deadline_failed"
ORDER_RULE, ORDER_VERSION = "order.overdue", "built-in"


class Deadline(NamedTuple):
    """Something of a card that falls due at `due_at` (microseconds UTC)."""

    card_id: int
    kind: str
    due_at: int


EVENTS: Mapping[str, Event] = {"ack": Event.ACK_LAPSED, "shelf": Event.SHELF_LAPSED,
                               "service": Event.SERVICE_LAPSED, "law": Event.LAW_LAPSED, "reply": Event.REPLY_LAPSED,
                               "order": Event.ORDER_LAPSED, "review": Event.REVIEW_LAPSED, "appeal": Event.APPEAL_LAPSED}
OF_REPLIES = frozenset({"reply", "order"})


class DeadlineSweeper:
    """Lets pass what has fallen due. Any number of processes may sweep."""

    def __init__(self, units: UnitOfWorkFactory, cards: CardService, alarms: AlarmService, batch: int = 200) -> None:
        self._units, self._cards, self._alarms, self._batch = units, cards, alarms, batch

    def sweep(self) -> int:
        """Everything that has fallen due by now. Returns how many were acted upon here."""
        done = 0
        while due := self.due():
            done += sum(self._try(deadline) for deadline in due)
        return done

    def due(self) -> list[Deadline]:
        """What has fallen due and stands, the oldest first; rows that failed are left out until their retry."""
        now = self._units.clock.now_us()
        c = card_deadlines.c
        statement = select(c.card_id, c.kind, c.due_at).where(
            c.done_at.is_(None), c.due_at <= now, or_(c.retry_at.is_(None), c.retry_at <= now))
        with self._units.database.read() as conn:
            return [Deadline(*row) for row in conn.execute(statement.order_by(c.due_at, c.card_id).limit(self._batch))]

    def _try(self, deadline: Deadline) -> bool:
        subject = f"{deadline.card_id} {deadline.kind}"
        try:
            with self._units() as uow:
                is_ours = self._claim(uow, deadline) and self._lapse(uow, deadline)
                self._alarms.clear_alarm(uow.conn, ALARM, subject, uow.now_us)
            return is_ours
        except Exception:
            log.exception("card %d: its %s deadline failed and is tried again", deadline.card_id, deadline.kind)
            self._push_ahead(deadline, subject)
            return False

    def _claim(self, uow: UnitOfWork, deadline: Deadline) -> bool:
        """Whether it is ours: not done by another sweeper, nor moved or ended since it was read."""
        return uow.conn.execute(update(card_deadlines).where(
            *_same(deadline), card_deadlines.c.done_at.is_(None)).values(done_at=deadline.due_at)).rowcount == 1

    def _lapse(self, uow: UnitOfWork, deadline: Deadline) -> bool:
        card = by_id(uow.conn, [deadline.card_id])[deadline.card_id]
        if deadline.kind in OF_REPLIES and self._cards.handling.put_off_reply(card, deadline.due_at):
            self._cards.save(uow, [card])
            return False
        if refusal(EVENTS[deadline.kind], axes_of(card)) is not None:
            return False
        self._cards.handling.lapse(EVENTS[deadline.kind], card, deadline.due_at, uow.now_us)
        self._cards.save(uow, [card])
        if deadline.kind == "order":
            self._cards.raise_occasions(uow, [_order_occasion(card, deadline.due_at)])
        return True

    def _push_ahead(self, deadline: Deadline, subject: str) -> None:
        with self._units() as uow:
            retry_at = uow.now_us + round(self._cards.rules.deadline_retry_s * SECOND_US)
            uow.conn.execute(update(card_deadlines).where(*_same(deadline)).values(retry_at=retry_at))
            self._alarms.set_alarm(uow.conn, ALARM, subject, uow.now_us, card=deadline.card_id)


def _order_occasion(card: Card, due_at: int) -> Occasion:
    """D1 of domain.md §5.2: an order not answered in time is a red card of its own."""
    order = card.order_no or ""
    return Occasion(
        key=f"order:{order}", origin=Origin.ORDER, case=card.case, rule=ORDER_RULE, rule_version=ORDER_VERSION,
        level=Level.RED, at=due_at, due_at=due_at,
        evidence={"title": f"督办 {order} 逾期", "title_en": f"Order {order} overdue", "order_no": order, "card": card.id,
                  "demanded_action": "立即办理并书面回复督办事项，说明逾期原因",
                  "demanded_action_en": "Do what the order asks at once, reply in writing and say why it is late"})


def _same(deadline: Deadline) -> tuple[ColumnElement[bool], ...]:
    c = card_deadlines.c
    return c.card_id == deadline.card_id, c.kind == deadline.kind, c.due_at == deadline.due_at
