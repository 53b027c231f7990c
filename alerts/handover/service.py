"""Handing a shift over: drafted, offered with the outgoing officer's signature, accepted item by item, signed by the other.

What the incoming officer does not accept loses the acknowledgement it had: somebody has to look at it again, and the log of
the card says that it is he. A shift with a red card that nobody has signed for cannot be offered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update

from alerts.card_rows import by_id
from alerts.events import CardAskedAgain
from alerts.handover.drafting import Item, ItemKind, drafted, unassigned_reds
from alerts.handover.models import handover_items, handovers
from alerts.handover.queries import find_row, items_of
from alerts.service import CardService
from core.access import Actor, Role, require
from core.database import bulk_insert
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import HOUR_US
from core.models import accounts
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

OFFICERS = (Role.DUTY_OFFICER, Role.SHIFT_LEADER)
NOTES_MAX, NOTE_MAX = 4000, 500
NEXT_SHIFT_H = 24
DECISIONS = ("accepted", "declined")
NOT_ACCEPTED = "not_accepted_at_handover"
_ITEM_COLUMNS = ("handover_id", "number", "kind", "card_id", "rev", "facts", "decision", "note", "decided_at")


class HandoverService:
    """The writing side. Every call is one transaction; only the two people concerned may act."""

    def __init__(self, units: UnitOfWorkFactory, cards: CardService) -> None:
        self._units, self._cards = units, cards

    def draft(self, incoming: str, area: str, actor: Actor | None) -> int:
        """Begin a handover, or draft the one under way anew. Returns its number.

        Raises InvalidInput (nobody of that name who does duty, or oneself) and Conflict (it was offered already).
        """
        officer = require(actor, *OFFICERS)
        with self._units() as uow:
            name = _duty_name(uow, incoming, officer)
            place = officer.area or area
            present = uow.conn.execute(select(handovers).where(
                handovers.c.outgoing == officer.name, handovers.c.area == place,
                handovers.c.state.in_(("draft", "offered")))).first()
            if present is not None and present.state == "offered":
                raise Conflict("handover_offered", id=present.id)
            number = present.id if present is not None else self._begin(uow, officer, place)
            uow.conn.execute(update(handovers).where(handovers.c.id == number).values(
                incoming=incoming, incoming_name=name, rev=handovers.c.rev + 1))
            self._write_items(uow, number, drafted(uow.conn, officer.name, place, uow.now_us + NEXT_SHIFT_H * HOUR_US))
        return number

    def write_notes(self, handover_id: int, notes: str, actor: Actor | None) -> None:
        """The outgoing officer's own words. Raises InvalidInput, NotFound, NotPermitted or Conflict."""
        officer = require(actor, *OFFICERS)
        if len(notes) > NOTES_MAX:
            raise InvalidInput("comment_too_long", max=NOTES_MAX)
        with self._units() as uow:
            self._mine(uow, handover_id, officer, "outgoing", "draft")
            self._change(uow, handover_id, notes=notes.strip())

    def offer(self, handover_id: int, actor: Actor | None) -> None:
        """The outgoing officer signs; the list is drawn up once more, so that it says what is true now.

        Raises Conflict naming the red cards nobody has signed for.
        """
        officer = require(actor, *OFFICERS)
        with self._units() as uow:
            row = self._mine(uow, handover_id, officer, "outgoing", "draft")
            reds = unassigned_reds(uow.conn, row["area"])
            if reds:
                raise Conflict("handover_red_unassigned", n=len(reds), card=reds[0])
            self._write_items(uow, handover_id,
                              drafted(uow.conn, officer.name, row["area"], uow.now_us + NEXT_SHIFT_H * HOUR_US))
            self._change(uow, handover_id, state="offered", offered_at=uow.now_us)

    def decide(self, handover_id: int, numbers: Sequence[int], decision: str, note: str, actor: Actor | None) -> int:
        """The incoming officer accepts or declines items, one by one or several at once. Returns how many it concerned."""
        officer = require(actor, *OFFICERS)
        if decision not in DECISIONS:
            raise InvalidInput("handover_decision_unknown", decision=decision[:32])
        if len(note) > NOTE_MAX:
            raise InvalidInput("comment_too_long", max=NOTE_MAX)
        with self._units() as uow:
            self._mine(uow, handover_id, officer, "incoming", "offered")
            return uow.conn.execute(update(handover_items).where(
                handover_items.c.handover_id == handover_id, handover_items.c.number.in_(list(numbers))).values(
                    decision=decision, note=note.strip(), decided_at=uow.now_us)).rowcount

    def sign(self, handover_id: int, actor: Actor | None) -> list[int]:
        """The incoming officer signs. Returns the cards that lost their acknowledgement because he did not accept them."""
        officer = require(actor, *OFFICERS)
        with self._units() as uow:
            row = self._mine(uow, handover_id, officer, "incoming", "offered")
            left = [number for item in items_of(uow.conn, handover_id)
                    if item.kind == ItemKind.ACKNOWLEDGED and item.decision != "accepted" for number in item.cards]
            asked = self._ask_again(uow, left, row["outgoing"], officer)
            self._change(uow, handover_id, state="signed", signed_at=uow.now_us)
        return asked

    def cancel(self, handover_id: int, actor: Actor | None) -> None:
        """The outgoing officer takes it back before the other has signed."""
        officer = require(actor, *OFFICERS)
        with self._units() as uow:
            self._mine(uow, handover_id, officer, "outgoing", "draft", "offered")
            self._change(uow, handover_id, state="cancelled")

    # Inside -----------------------------------------------------------------------------------------------------------

    def _ask_again(self, uow: UnitOfWork, numbers: Sequence[int], outgoing: str, incoming: Actor) -> list[int]:
        """Whose signature still stands loses it; what was signed by somebody else meanwhile, or closed, does not."""
        changed = []
        for card in by_id(uow.conn, numbers).values():
            signed_by = card.acked_by or card.first_by or ""
            if card.closed_at is not None or signed_by != outgoing:
                continue
            card.forget_acknowledgement()
            card.note("handed_over", uow.now_us, CardAskedAgain, actor=incoming, reason=NOT_ACCEPTED,
                      detail={"assignee": incoming.name}, acknowledged_by=signed_by)
            card.rev += 1
            changed.append(card)
        self._cards.save(uow, changed)
        return [card.id for card in changed]

    @staticmethod
    def _begin(uow: UnitOfWork, officer: Actor, area: str) -> int:
        number = int(uow.conn.execute(select(func.max(handovers.c.id))).scalar() or 0) + 1
        uow.conn.execute(insert(handovers).values(
            id=number, area=area, state="draft", outgoing=officer.name, outgoing_name=officer.display_name or officer.name,
            incoming="", incoming_name="", notes="", created_at=uow.now_us, offered_at=None, signed_at=None, rev=0))
        return number

    @staticmethod
    def _write_items(uow: UnitOfWork, handover_id: int, items: Sequence[Item]) -> None:
        uow.conn.execute(delete(handover_items).where(handover_items.c.handover_id == handover_id))
        bulk_insert(uow.conn, handover_items, _ITEM_COLUMNS, [
            (handover_id, item.number, item.kind, item.card_id, item.rev, msgspec.json.encode(item.facts).decode(), "", "",
             None) for item in items])

    @staticmethod
    def _mine(uow: UnitOfWork, handover_id: int, officer: Actor, part: str, *states: str) -> Mapping[str, Any]:
        """The handover, if this officer has that part in it and it stands there."""
        row = find_row(uow.conn, handover_id)
        if row is None:
            raise NotFound("handover_not_found", id=handover_id)
        found = dict(row._mapping)
        if found[part] != officer.name:
            raise NotPermitted("handover_not_yours")
        if found["state"] not in states:
            raise Conflict("handover_state", id=handover_id, state=found["state"])
        return found

    @staticmethod
    def _change(uow: UnitOfWork, handover_id: int, **values: Any) -> None:
        uow.conn.execute(update(handovers).where(handovers.c.id == handover_id).values(rev=handovers.c.rev + 1, **values))


def _duty_name(uow: UnitOfWork, incoming: str, officer: Actor) -> str:
    """The name of whom the shift goes to."""
    row = uow.conn.execute(select(accounts.c.display_name, accounts.c.roles).where(
        accounts.c.username == incoming, accounts.c.is_active)).first()
    does_duty = row is not None and not {role.value for role in OFFICERS}.isdisjoint(row.roles.split())
    if row is None or not does_duty or incoming == officer.name:
        raise InvalidInput("handover_incoming_invalid", username=incoming[:64])
    return str(row.display_name)
