"""Reads of orders and proposals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import func, select

from core.access import Actor, Role
from core.database import Database
from core.errors import NotFound
from core.instants import DAY_US
from supervision.models import order_cards, order_log, orders
from supervision.orders.matters import ALLOWED, OFFICERS, WRITERS, OrderAction, OrderedCard, OrderState

PAGE_MAX = 200
NEAR_US = 3 * DAY_US  # pushed to everybody concerned when so little is left (西安)
HIDDEN = (OrderState.DRAFT.value, OrderState.SUBMITTED.value, OrderState.WITHDRAWN.value)
_HEAD: Any = orders.c["id", "kind", "number", "state", "rev", "area", "org", "origin", "title", "reply_limit", "drafted_name",
                      "approved_name", "created_at", "issued_at", "due_at", "overdue_at", "reminded_at", "criticised_at",
                      "replied_at", "closed_at"]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list. Instants are microseconds UTC."""

    id: int
    kind: str
    number: str | None
    state: str
    rev: int
    area: str
    org: str
    origin: str
    title: str
    reply_limit: str
    drafted_name: str
    approved_name: str | None
    created_at: int
    issued_at: int | None
    due_at: int | None
    overdue_at: int | None
    reminded_at: int | None
    criticised_at: int | None
    replied_at: int | None
    closed_at: int | None

    def light(self, now_us: int) -> str:
        """三色督办: blue in time, orange when overdue, red once it was reminded of in vain; near, draft, replied or done."""
        if self.state != OrderState.ISSUED:
            return "draft" if self.state in HIDDEN else "replied" if self.state == OrderState.REPLIED else "done"
        if self.due_at is None or now_us < self.due_at:
            return "near" if self.due_at is not None and now_us >= self.due_at - NEAR_US else "blue"
        return "red" if self.criticised_at is not None else "orange"


@dataclass(frozen=True, slots=True)
class OrderEntry:
    """One thing done to it."""

    at: int
    actor_name: str
    action: str
    words: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """Everything about one; `may` is what this person may do now."""

    head: OrderRow
    problem: str
    basis: str
    demand: str
    cards: list[OrderedCard] = field(default_factory=list)
    log: list[OrderEntry] = field(default_factory=list)
    may: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WantedOrders:
    """Empty means every one. `standing` is drafts, open, late, replied or done."""

    kind: str = ""
    standing: str = ""
    text: str = ""


class OrderQueries:
    """A person sees what his area and unit let him see, decided in the query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, actor: Actor, wanted: WantedOrders, now_us: int, limit: int = 100,
               offset: int = 0) -> tuple[list[OrderRow], int]:
        """Rows, what is owed soonest first, and how many there are."""
        conditions = [*_seen_by(actor), *_asked(wanted, now_us)]
        order = (orders.c.closed_at.is_not(None), func.coalesce(orders.c.due_at, orders.c.created_at), orders.c.id.desc())
        with self._database.read() as conn:
            total = int(conn.scalar(select(func.count()).select_from(orders).where(*conditions)) or 0)
            rows = conn.execute(select(*_HEAD).where(*conditions).order_by(*order).limit(min(limit, PAGE_MAX))
                                .offset(offset)).all()
        return [OrderRow(*row) for row in rows], total

    def counts(self, actor: Actor, now_us: int) -> dict[str, int]:
        """How many stand where."""
        seen = _seen_by(actor)
        with self._database.read() as conn:
            return {name: int(conn.scalar(select(func.count()).select_from(orders).where(
                *seen, *_asked(WantedOrders(standing=name), now_us))) or 0)
                for name in ("open", "late", "replied", "drafts")}

    def find(self, order_id: int, actor: Actor) -> OrderDetail:
        """Raises NotFound, also for one this person may not see."""
        with self._database.read() as conn:
            row = conn.execute(select(orders).where(orders.c.id == order_id, *_seen_by(actor))).first()
            if row is None:
                raise NotFound("order_not_found", id=order_id)
            cards = conn.execute(select(*order_cards.c["card_id", "case_no", "item", "level", "due_at"])
                                 .where(order_cards.c.order_id == order_id).order_by(order_cards.c.card_id)).all()
            entries = conn.execute(select(order_log).where(order_log.c.order_id == order_id).order_by(order_log.c.rev)).all()
        head = OrderRow(*(getattr(row, column.name) for column in _HEAD))
        log = [OrderEntry(one.at, one.actor_name, one.action, one.words, msgspec.json.decode(one.detail)) for one in entries]
        return OrderDetail(head, row.problem, row.basis, row.demand, [OrderedCard(*card) for card in cards], log,
                           _may_do(actor, row, bool(cards), {one.actor for one in entries if one.action in WRITERS}))

    def of_card(self, card_id: int, actor: Actor) -> list[OrderRow]:
        """The orders this card belongs to that this person may see, the newest first."""
        statement = select(*_HEAD).join(order_cards, order_cards.c.order_id == orders.c.id).where(
            order_cards.c.card_id == card_id, *_seen_by(actor)).order_by(orders.c.id.desc())
        with self._database.read() as conn:
            return [OrderRow(*row) for row in conn.execute(statement)]

    def id_of(self, number: str) -> int | None:
        with self._database.read() as conn:
            found = conn.scalar(select(orders.c.id).where(orders.c.number == number))
        return None if found is None else int(found)


def _may_do(actor: Actor, row: Any, has_cards: bool, writers: set[str]) -> list[str]:
    """What this person may do now. The reply of an order over cards is given and judged on its cards."""
    on_cards = (OrderAction.REPLY, OrderAction.ACCEPT_REPLY, OrderAction.REJECT_REPLY) if has_cards else ()
    return [action.value for action, (states, roles) in ALLOWED.items()
            if row.state in states and actor.has(*roles) and action not in on_cards
            and not (action is OrderAction.APPROVE and actor.name in writers)]


def _seen_by(actor: Actor) -> list[Any]:
    """The same as changing.may_see, as conditions."""
    conditions: list[Any] = []
    area = actor.area
    if area:
        conditions.append(orders.c.area == area)
    if not actor.has(*OFFICERS, Role.ADMINISTRATOR):
        conditions += [orders.c.org == actor.org, orders.c.state.not_in(HIDDEN)]
    return conditions


def _asked(wanted: WantedOrders, now_us: int) -> list[Any]:
    o, conditions = orders.c, []
    if wanted.kind:
        conditions.append(o.kind == wanted.kind)
    if wanted.standing == "drafts":
        conditions.append(o.state.in_((OrderState.DRAFT.value, OrderState.SUBMITTED.value)))
    elif wanted.standing == "open":
        conditions.append(o.state == OrderState.ISSUED.value)
    elif wanted.standing == "late":
        conditions += [o.state == OrderState.ISSUED.value, o.due_at <= now_us]
    elif wanted.standing == "replied":
        conditions.append(o.state == OrderState.REPLIED.value)
    elif wanted.standing == "done":
        conditions.append(o.state.in_((OrderState.DONE.value, OrderState.WITHDRAWN.value)))
    if wanted.text:
        conditions.append(o.title.contains(wanted.text, autoescape=True) | o.number.contains(wanted.text, autoescape=True))
    return conditions
