"""One change of an order: who may, from which state and revision, what is logged of it."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotFound, TooLarge
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from supervision.models import order_log, orders
from supervision.orders.matters import OFFICERS, WRITERS, OrderAction, OrderState, check_state

TEXT_MAX = 6000


class Changing:
    """One change: checked when entered, written and logged by `done`. The context commits."""

    uow: UnitOfWork
    row: dict[str, Any]

    def __init__(self, units: UnitOfWorkFactory, order_id: int, rev: int, actor: Actor, action: OrderAction) -> None:
        self._units, self._id, self._rev = units, order_id, rev
        self.actor, self.action = actor, action

    def __enter__(self) -> Changing:
        self._context = self._units()
        self.uow = self._context.__enter__()
        try:
            self._look()
        except BaseException as failure:
            self._context.__exit__(type(failure), failure, failure.__traceback__)
            raise
        return self

    def _look(self) -> None:
        found = self.uow.conn.execute(select(orders).where(orders.c.id == self._id).with_for_update()).mappings().first()
        if found is None or not may_see(self.actor, found["area"], found["org"], found["state"]):
            raise NotFound("order_not_found", id=self._id)
        self.row = dict(found)
        check_state(self.action, OrderState(self.row["state"]), self._id)
        if self.row["rev"] != self._rev:
            raise Conflict("order_changed", id=self._id, rev=self.row["rev"])

    def __exit__(self, *failure: Any) -> Any:
        return self._context.__exit__(*failure)

    def set(self, **values: Any) -> None:
        self.row.update(values)
        self.uow.conn.execute(update(orders).where(orders.c.id == self._id).values(**values))

    def done(self, words: str, detail: dict[str, Any] | None = None, at: int | None = None) -> None:
        short("words", words)
        self.set(rev=self.row["rev"] + 1)
        enter_log(self.uow, self.row, self.actor, self.action, words, detail or {}, at)


def enter_log(uow: UnitOfWork, row: dict[str, Any], actor: Actor, action: OrderAction, words: str,
              detail: dict[str, Any], at: int | None = None) -> None:
    """A line of the log for the revision of the row; `at` where it is another instant than now."""
    uow.conn.execute(insert(order_log).values(
        order_id=row["id"], rev=row["rev"], at=uow.now_us if at is None else at, actor=actor.name,
        actor_name=actor.display_name or actor.name, action=action.value, words=words.strip(),
        detail=msgspec.json.encode(detail).decode()))


def writers_of(conn: Connection, order_id: int) -> set[str]:
    """Everybody who had a hand in the text of a draft."""
    return set(conn.scalars(select(order_log.c.actor).where(
        order_log.c.order_id == order_id, order_log.c.action.in_([action.value for action in WRITERS]))))


def may_see(actor: Actor, area: str, org: str, state: str) -> bool:
    """Officers see their area's; a unit what was issued to it, never a draft."""
    if actor.area not in ("", area):
        return False
    if actor.has(*OFFICERS, Role.ADMINISTRATOR):
        return True
    return actor.org == org and state not in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.WITHDRAWN)


def needed(name: str, value: str) -> None:
    if not value.strip():
        raise InvalidInput("order_field_missing", field=name)


def short(name: str, value: str) -> None:
    if len(value) > TEXT_MAX:
        raise TooLarge("order_field_too_long", field=name, most=TEXT_MAX)
