"""What an actor may see of the cards, as conditions of a query: the filter stands inside every statement, never after it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_

from alerts.lifecycle import Disposition
from alerts.models import cards
from core.access import OF_ONE_UNIT, Actor, Role

IS_ISSUED = cards.c.issued_at.is_not(None)
IS_OPEN = and_(cards.c.closed_at.is_(None), cards.c.disposition != Disposition.TO_CONFIRM.value)
WAITS_FOR_CONFIRMATION = and_(cards.c.closed_at.is_(None), cards.c.disposition == Disposition.TO_CONFIRM.value)


def visible_to(actor: Actor | None) -> list[ColumnElement[bool]]:
    """Conditions on `cards`; None (the program itself) sees everything.

    A person bound to an area sees that area; a department user his own unit; neither he nor a wall sees what nobody has
    confirmed.
    """
    if actor is None:
        return []
    conditions: list[ColumnElement[bool]] = [cards.c.area == actor.area] if actor.area else []
    if actor.only_org is not None:
        conditions.append(cards.c.org == actor.only_org)
    if not actor.roles - OF_ONE_UNIT - {Role.WALL_SCREEN}:
        conditions.append(IS_ISSUED)
    return conditions
