"""What the room hears: one sentence of at most twelve seconds for a card, one summary for a flood."""

from __future__ import annotations

from alerts.wire import CardView
from config.texts import Texts

ORG_MAX, ITEM_MAX, LATE_MAX = 12, 14, 20  # characters; four Chinese characters a second make a sentence of twelve seconds


def of_card(card: CardView, t: Texts) -> str:
    """Colour, department, item, how late. No case number and no name: the room is not alone."""
    return t.get("voice.card", level=t.get(f"voice.level.{card.level}"), org=card.org_name[:ORG_MAX],
                 item=card.item_name[:ITEM_MAX], late=card.late_text[:LATE_MAX])


def of_flood(red: int, yellow: int, t: Texts) -> str:
    """How many cards came at once, by colour."""
    parts = [t.get(f"voice.many_{level}", n=count) for level, count in (("red", red), ("yellow", yellow)) if count]
    return t.get("voice.flood", n=red + yellow, parts=t.get("voice.and").join(parts))


def of_test(t: Texts) -> str:
    """The sentence of the daily sound test."""
    return t.get("voice.test")
