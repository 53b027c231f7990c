"""The writing side of orders and proposals.

An order over cards and its dispatch on them are one transaction: number, register, order, the cards' disposition, or none.
What happens to the reply of such an order happens on its cards, and comes here as events of the cards.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from alerts.alarms import AlarmService
from config.follow_up import PaperRules
from core.access import SYSTEM, Actor, require
from core.errors import Conflict, InvalidInput, NotPermitted, TooLarge
from core.instants import SECOND_US, written_day
from core.limits import parse_limit
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from papers.service import Issue, PaperService, Series
from supervision.due_dates import DueDates
from supervision.models import order_cards, orders
from supervision.orders.changing import Changing, enter_log, needed, short, writers_of
from supervision.orders.events import PaperAnswered, PaperEvent, PaperIssued, PaperReplyRejected, PaperUrged
from supervision.orders.matters import (
    ALLOWED,
    DRAFTERS,
    OFFICERS,
    CardsLeft,
    Draft,
    OrderAction,
    OrderedCard,
    OrderKind,
    OrderState,
)
from supervision.orders.wording import PaperWording

log = logging.getLogger(__name__)
CARDS_MAX = 100
ALARM = "order_failed"


class CardActions(Protocol):
    """What an order does to cards (supervision.orders.on_cards)."""

    def cards_of(self, uow: UnitOfWork, ids: Sequence[int], actor: Actor) -> list[tuple[OrderedCard, str, str]]:
        """(card, area, unit) of each; raises NotFound for one this person may not see."""

    def dispatch(self, uow: UnitOfWork, command_id: str, refs: Sequence[tuple[int, int]], number: str, limit: str, words: str,
                 actor: Actor) -> None:
        """Put the cards under the order; raises Conflict when one of them cannot be."""

    def overdue(self, uow: UnitOfWork, row: dict[str, Any]) -> None:
        """Raise the red card of an order without cards of its own."""

    def answered(self, uow: UnitOfWork, number: str) -> None:
        """The order was answered: its red card's condition is over."""

    def left(self, uow: UnitOfWork, number: str) -> CardsLeft:
        """What is still open of the cards under an order."""


class OrderService:
    """Each call is one transaction. Files of the papers are drawn after it (papers.service). An order that fails by itself is
    looked at again after `retry_s`."""

    def __init__(self, units: UnitOfWorkFactory, papers: PaperService, rules: PaperRules, dates: DueDates,
                 wording: PaperWording, cards: CardActions, alarms: AlarmService, retry_s: float) -> None:
        self._units, self._papers, self._rules, self._dates = units, papers, rules, dates
        self._wording, self._cards, self._alarms, self._retry_s = wording, cards, alarms, retry_s

    # Orders over cards --------------------------------------------------------------------------------------------

    def dispatch(self, command_id: str, refs: Sequence[tuple[int, int]], demand: str, reply_limit: str,
                 actor: Actor | None) -> int:
        """Issue one order over cards of one unit, (id, rev) as the officer saw them. Returns the order's id.

        The same `command_id` again gives the first order. Raises InvalidInput, Conflict (a card changed, is not acknowledged,
        or is under an order already) or NotFound.
        """
        officer = require(actor, *OFFICERS)
        self._check_dispatch(command_id, refs, demand)
        with self._units() as uow:
            origin = f"cards:{command_id}"
            earlier = uow.conn.execute(select(orders.c.id, orders.c.drafted_by).where(orders.c.origin == origin)).first()
            if earlier is not None:
                if earlier.drafted_by != officer.name:
                    raise Conflict("command_id_used", command_id=command_id)
                return int(earlier.id)
            return self._dispatch_in(uow, command_id, refs, demand, reply_limit, officer)

    def _dispatch_in(self, uow: UnitOfWork, command_id: str, refs: Sequence[tuple[int, int]], demand: str, reply_limit: str,
                     officer: Actor) -> int:
        cards, area, org = self._of_one_unit(uow, refs, officer)
        limit = reply_limit or self._rules.kinds["order"].reply_limit
        about = self._wording.t("paper.order.about", n=len(cards))
        draft = Draft("order", area, org, self._wording.title("order", org, about), self._wording.t("paper.order.problem"),
                      demand, "", limit, f"cards:{command_id}")
        row = self._insert(uow, draft, officer)
        uow.conn.execute(insert(order_cards), [
            {"order_id": row["id"], "card_id": card.card_id, "case_no": card.case_no, "item": card.item, "level": card.level,
             "due_at": card.due_at} for card in cards])
        number = self._issue(uow, row, cards, officer)
        self._cards.dispatch(uow, command_id, refs, number, limit, demand, officer)
        return int(row["id"])

    def _of_one_unit(self, uow: UnitOfWork, refs: Sequence[tuple[int, int]],
                     officer: Actor) -> tuple[list[OrderedCard], str, str]:
        found = self._cards.cards_of(uow, [card_id for card_id, _ in refs], officer)
        units = {(area, org) for _, area, org in found}
        if len(units) != 1:
            raise InvalidInput("order_several_units", units=", ".join(sorted(org for _, org in units))[:200])
        area, org = units.pop()
        return [card for card, _, _ in found], area, org

    def _check_dispatch(self, command_id: str, refs: Sequence[tuple[int, int]], demand: str) -> None:
        if not 0 < len(command_id) <= 64:
            raise InvalidInput("command_id_invalid", length=len(command_id), max=64)
        if not refs or len({card_id for card_id, _ in refs}) != len(refs):
            raise InvalidInput("cards_invalid", count=len(refs))
        if len(refs) > CARDS_MAX:
            raise TooLarge("too_many_cards", count=len(refs), max=CARDS_MAX)
        needed("demand", demand)

    # Drafts -------------------------------------------------------------------------------------------------------

    def draft(self, draft: Draft, actor: Actor | None) -> int:
        """A proposal, edited until it is submitted. Returns its id. Raises NotPermitted for an area not the drafter's."""
        drafter = require(actor, *DRAFTERS)
        if drafter.area not in ("", draft.area):
            raise NotPermitted("order_area_not_yours", area=draft.area[:64], own=drafter.area)
        self._check(draft)
        with self._units() as uow:
            return int(self._insert(uow, draft, drafter)["id"])

    def draft_in(self, uow: UnitOfWork, draft: Draft, actor: Actor) -> int:
        """The same within the caller's transaction, for what follows by itself."""
        self._check(draft)
        return int(self._insert(uow, draft, actor)["id"])

    def edit(self, order_id: int, rev: int, actor: Actor | None, **texts: str) -> None:
        """Change title, problem, basis, demand or reply_limit of a draft."""
        with self._changing(order_id, rev, actor, OrderAction.EDIT) as change:
            unknown = set(texts) - {"title", "problem", "basis", "demand", "reply_limit"}
            if unknown:
                raise InvalidInput("order_field_unknown", field=", ".join(sorted(unknown))[:64])
            if texts.get("reply_limit"):
                parse_limit(texts["reply_limit"])
            for name, value in texts.items():
                short(name, value)
            change.set(**texts)
            change.done("", {"fields": sorted(texts)})

    def submit(self, order_id: int, rev: int, actor: Actor | None) -> None:
        with self._changing(order_id, rev, actor, OrderAction.SUBMIT) as change:
            for name in ("title", "problem", "demand"):
                needed(name, change.row[name])
            if change.row["drafted_by"] == SYSTEM.name:  # who sends on what was drafted by itself answers for it
                change.set(drafted_by=change.actor.name, drafted_name=change.actor.display_name or change.actor.name)
            change.set(state=OrderState.SUBMITTED.value)
            change.done("")

    def approve(self, order_id: int, rev: int, actor: Actor | None) -> str:
        """签发 by a leader who never drafted, edited or submitted it: number, paper, term. Returns the number."""
        with self._changing(order_id, rev, actor, OrderAction.APPROVE) as change:
            if change.actor.name in writers_of(change.uow.conn, order_id):
                raise NotPermitted("approval_by_another")
            change.set(approved_by=change.actor.name, approved_name=change.actor.display_name or change.actor.name)
            change.done("")
            return self._issue(change.uow, change.row, (), change.actor)

    def reject(self, order_id: int, rev: int, actor: Actor | None, reason: str) -> None:
        """Back to the drafter, with what is wrong with it."""
        with self._changing(order_id, rev, actor, OrderAction.REJECT) as change:
            needed("reason", reason)
            change.set(state=OrderState.DRAFT.value)
            change.done(reason)

    def withdraw(self, order_id: int, rev: int, actor: Actor | None, reason: str) -> None:
        """A draft nobody needs any more; what was issued is never withdrawn, it is answered."""
        with self._changing(order_id, rev, actor, OrderAction.WITHDRAW) as change:
            needed("reason", reason)
            change.set(state=OrderState.WITHDRAWN.value, closed_at=change.uow.now_us)
            change.done(reason)

    # Replies ------------------------------------------------------------------------------------------------------

    def reply(self, order_id: int, rev: int, actor: Actor | None, words: str) -> None:
        """The unit's reply to a paper without cards; one over cards is answered on them."""
        with self._changing(order_id, rev, actor, OrderAction.REPLY) as change:
            needed("words", words)
            self._not_on_cards(change)
            self._replied(change, words)

    def _not_on_cards(self, change: Changing) -> None:
        """Judged here, an order could end while one of its cards is still unanswered."""
        if self._has_cards(change.uow, change.row["id"]):
            raise Conflict("order_answered_on_cards", id=change.row["id"])

    def _replied(self, change: Changing, words: str) -> None:
        change.set(state=OrderState.REPLIED.value, replied_at=change.uow.now_us, next_at=None)
        change.done(words)
        self._settle(change)

    def _settle(self, change: Changing) -> None:
        """Nothing is owed: its red card's condition is over, and nobody is urged any more."""
        self._cards.answered(change.uow, change.row["number"])
        _publish(change.uow, PaperAnswered, change.row)

    def accept_reply(self, order_id: int, rev: int, actor: Actor | None, words: str = "") -> None:
        with self._changing(order_id, rev, actor, OrderAction.ACCEPT_REPLY) as change:
            self._not_on_cards(change)
            change.set(state=OrderState.DONE.value, closed_at=change.uow.now_us, next_at=None)
            change.done(words)

    def reject_reply(self, order_id: int, rev: int, actor: Actor | None, reason: str, reply_limit: str = "") -> None:
        """The reply is not enough: a new term runs from now."""
        with self._changing(order_id, rev, actor, OrderAction.REJECT_REPLY) as change:
            needed("reason", reason)
            self._not_on_cards(change)
            limit = reply_limit or change.row["reply_limit"]
            self._run_again(change, self._dates.due(change.row["area"], limit, change.uow.now_us), reason)
            _publish(change.uow, PaperReplyRejected, change.row)

    def _run_again(self, change: Changing, due: int, reason: str) -> None:
        change.set(state=OrderState.ISSUED.value, due_at=due, next_at=due, replied_at=None, overdue_at=None, reminded_at=None,
                   criticised_at=None)
        change.done(reason, {"due_at": due})

    def note(self, order_id: int, rev: int, actor: Actor | None, words: str) -> None:
        with self._changing(order_id, rev, actor, OrderAction.NOTE) as change:
            needed("words", words)
            change.done(words)

    # What the cards of an order tell ------------------------------------------------------------------------------

    def on_card_reply(self, uow: UnitOfWork, number: str, action: OrderAction, actor: Actor, words: str) -> None:
        """A card under this order was answered, or its answer accepted or rejected: the order follows all its cards."""
        row = uow.conn.execute(select(orders).where(orders.c.number == number).with_for_update()).mappings().first()
        if row is None or OrderState(row["state"]) not in (OrderState.ISSUED, OrderState.REPLIED):
            return
        self._follow(self._change_in(uow, row, actor, action), self._cards.left(uow, number), words)

    def _follow(self, change: Changing, left: CardsLeft, words: str) -> None:
        """Owed as long as one card is unanswered, answered until the last answer is accepted. Another date than before is
        one a card was told and that is still to come: an order that is late stays late with the answer to one of its cards."""
        is_issued, past = change.row["state"] == OrderState.ISSUED, max(change.row["due_at"], change.uow.now_us)
        if left.owed_at is not None and (not is_issued or left.owed_at > past):
            self._run_again(change, left.owed_at, words)
        elif left.owed_at is None and left.has_replied and is_issued:
            self._replied(change, words)
        elif left.owed_at is None and not left.has_replied:
            change.set(state=OrderState.DONE.value, closed_at=change.uow.now_us, next_at=None)
            change.done(words)
            self._settle(change)
        else:
            change.done(words)

    def _change_in(self, uow: UnitOfWork, row: Any, actor: Actor, action: OrderAction) -> Changing:
        """A change within a transaction that is open already."""
        change = Changing(self._units, row["id"], row["rev"], actor, action)
        change.uow, change.row = uow, dict(row)
        return change

    def has_due(self, now_us: int) -> bool:
        """Whether `watch` has anything to do."""
        with self._units.database.read() as conn:
            return conn.scalar(select(orders.c.id).where(_is_due(now_us)).limit(1)) is not None

    # By itself ----------------------------------------------------------------------------------------------------

    def watch(self, most: int = 100) -> int:
        """Overdue, reminder on the next working day, draft of a written criticism after the days the rules give. One step an
        order and transaction, each stamped with its theoretical instant; an order that fails is an alarm, is tried again later
        and stops no other. Returns how many steps were taken."""
        with self._units.database.read() as conn:
            due = conn.scalars(select(orders.c.id).where(_is_due(self._units.clock.now_us()))
                               .order_by(orders.c.next_at, orders.c.id).limit(most)).all()
        return sum(self._try(order_id) for order_id in due)

    def _try(self, order_id: int) -> bool:
        try:
            with self._units() as uow:
                return self._look_at(uow, order_id)
        except Exception:
            log.exception("order %d: what falls due on it failed and is tried again", order_id)
            self._push_ahead(order_id)
            return False

    def _look_at(self, uow: UnitOfWork, order_id: int) -> bool:
        """Take the step that is due, if it still is: another process or a reply may have been first."""
        found = uow.conn.execute(select(orders).where(orders.c.id == order_id).with_for_update()).mappings().one()
        is_due = found["next_at"] is not None and found["next_at"] <= uow.now_us
        if is_due and not self._has_moved(uow, found):
            self._step(uow, dict(found))
        if found["retry_at"] is not None:
            uow.conn.execute(update(orders).where(orders.c.id == order_id).values(retry_at=None))
            self._alarms.clear_alarm(uow.conn, ALARM, str(order_id), uow.now_us)
        return is_due

    def _push_ahead(self, order_id: int) -> None:
        """`next_at` stays, as the step that failed is stamped with it when it succeeds."""
        with self._units() as uow:
            retry_at = uow.now_us + round(self._retry_s * SECOND_US)
            uow.conn.execute(update(orders).where(orders.c.id == order_id).values(retry_at=retry_at))
            number = uow.conn.scalar(select(orders.c.number).where(orders.c.id == order_id))
            self._alarms.set_alarm(uow.conn, ALARM, str(order_id), uow.now_us, order=number)

    def _has_moved(self, uow: UnitOfWork, row: Any) -> bool:
        """Whether its cards say otherwise: the last unanswered ones may have ended by themselves (revoked, withdrawn), or have
        more time, since a holiday was announced after the order was issued. However late somebody looks, an order falls due
        when its cards do, also where the new date is over as well."""
        if not self._has_cards(uow, row["id"]):
            return False
        left = self._cards.left(uow, row["number"])
        if left.owed_today is None:
            self._follow(self._change_in(uow, row, SYSTEM, OrderAction.SETTLED), left, "")
            return True
        if row["overdue_at"] is not None or left.owed_today <= row["due_at"]:
            return False
        self._put_off(self._change_in(uow, row, SYSTEM, OrderAction.PUT_OFF), left.owed_today)
        return True

    def _put_off(self, change: Changing, due: int) -> None:
        was_due = change.row["next_at"]
        change.set(due_at=due, next_at=due)
        change.done("", {"due_at": due}, was_due)

    def _step(self, uow: UnitOfWork, row: dict[str, Any]) -> None:
        at = row["next_at"]
        if row["overdue_at"] is None:
            row |= {"overdue_at": at, "next_at": self._dates.next_office(row["area"], at)}
            action = OrderAction.OVERDUE
            if not self._has_cards(uow, row["id"]):
                self._cards.overdue(uow, row)
        elif row["reminded_at"] is None:
            row |= {"reminded_at": at, "next_at": self._dates.due(row["area"], self._rules.criticism_after, at)}
            action = OrderAction.REMINDED
        else:
            row |= {"criticised_at": at, "next_at": None}
            action = OrderAction.CRITICISED
            if row["kind"] != OrderKind.CRITICISM:
                self._draft_criticism(uow, row)
        row["rev"] += 1
        uow.conn.execute(update(orders).where(orders.c.id == row["id"]).values(
            rev=row["rev"], **{name: row[name] for name in ("overdue_at", "reminded_at", "criticised_at", "next_at")}))
        enter_log(uow, row, SYSTEM, action, "", {"at": at}, at)
        if action is OrderAction.REMINDED:
            _publish(uow, PaperUrged, row)

    def _draft_criticism(self, uow: UnitOfWork, row: dict[str, Any]) -> None:
        t = self._wording.t
        self.draft_in(uow, Draft(
            "criticism", row["area"], row["org"], self._wording.title("criticism", row["org"], row["number"]),
            t("paper.criticism.problem", number=row["number"]), t("paper.criticism.demand", number=row["number"]),
            origin=f"order:{row['number']}"[:80]), SYSTEM)

    # Inside -------------------------------------------------------------------------------------------------------

    def _check(self, draft: Draft) -> None:
        if draft.kind not in list(OrderKind) or draft.kind == OrderKind.ORDER:
            accepted = ", ".join(kind for kind in OrderKind if kind is not OrderKind.ORDER)
            raise InvalidInput("order_kind_unknown", kind=draft.kind[:32], accepted=accepted)
        for name in ("org", "title"):
            needed(name, getattr(draft, name))
        for name in ("title", "problem", "basis", "demand"):
            short(name, getattr(draft, name))
        if draft.reply_limit:
            parse_limit(draft.reply_limit)

    def _insert(self, uow: UnitOfWork, draft: Draft, actor: Actor) -> dict[str, Any]:
        number = int(uow.conn.scalar(select(func.coalesce(func.max(orders.c.id), 0))) or 0) + 1
        row = {"id": number, "kind": draft.kind, "state": OrderState.DRAFT.value, "rev": 1, "area": draft.area,
               "org": draft.org, "origin": draft.origin, "title": draft.title.strip(), "problem": draft.problem.strip(),
               "basis": draft.basis.strip(), "demand": draft.demand.strip(),
               "reply_limit": draft.reply_limit or self._rules.kinds[draft.kind].reply_limit,  # type: ignore[index]
               "drafted_by": actor.name, "drafted_name": actor.display_name or actor.name, "created_at": uow.now_us}
        uow.conn.execute(insert(orders).values(**row))
        enter_log(uow, row, actor, OrderAction.DRAFTED, "", {"origin": draft.origin})
        return row

    def _issue(self, uow: UnitOfWork, row: dict[str, Any], cards: Sequence[OrderedCard], actor: Actor) -> str:
        area, kind = row["area"], row["kind"]
        due = self._dates.due(area, row["reply_limit"], uow.now_us)
        day, due_text = self._dates.day(area, uow.now_us), written_day(due, self._dates.offset(area, due))
        series = Series(self._rules.issuer, kind, self._rules.kinds[kind].prefix)
        paper = self._papers.issue(uow, series, Issue(area, row["org"], f"order:{row['id']}"), day,
                                   lambda number: self._wording.compose(row, cards, number, day, due_text))
        row |= {"number": paper.number, "state": OrderState.ISSUED.value, "rev": row["rev"] + 1, "issued_at": uow.now_us,
                "due_at": due, "next_at": due}
        uow.conn.execute(update(orders).where(orders.c.id == row["id"]).values(
            **{name: row[name] for name in ("number", "state", "rev", "issued_at", "due_at", "next_at")}))
        enter_log(uow, row, actor, OrderAction.ISSUED, "", {"number": paper.number, "due_at": due})
        if not cards:  # an order over cards is told of on each of them
            _publish(uow, PaperIssued, row)
        return paper.number

    def _has_cards(self, uow: UnitOfWork, order_id: int) -> bool:
        found = select(order_cards.c.card_id).where(order_cards.c.order_id == order_id).limit(1)
        return uow.conn.execute(found).first() is not None

    def _changing(self, order_id: int, rev: int, actor: Actor | None, action: OrderAction) -> Changing:
        return Changing(self._units, order_id, rev, require(actor, *ALLOWED[action][1]), action)


def _is_due(now_us: int) -> ColumnElement[bool]:
    """What falls due by itself, and what failed and is tried again, though a reply may have taken its step away since."""
    o = orders.c
    return or_(and_(o.next_at <= now_us, o.retry_at.is_(None)), o.retry_at <= now_us)


def _publish(uow: UnitOfWork, kind: type[PaperEvent], row: Mapping[str, Any]) -> None:
    uow.publish([kind(**{name: row[name] for name in PaperEvent.__struct_fields__})])
