"""What a patrol may find of a card, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Finding(StrEnum):
    """What a patrol may find."""

    UNJUSTIFIED = "unjustified"          # under its own version and today's facts nothing asks for it, or not at that level
    MOVED = "moved"                      # what it says happened at another instant
    END_EDITED = "end_edited"            # after the card the end of its clock was changed
    END_BEFORE_CARD = "end_before_card"  # after the card an end was entered that lies before it
    FACTS_BEFORE_CARD = "facts_before_card"  # after the card other facts were entered that took away what it said
    MISSING = "missing"                  # the data asks for a card that was never issued
    LEVEL_DIFFERS = "level_differs"      # the card is milder than the data asks for
    VERSION_UNKNOWN = "version_unknown"  # the version it was issued under cannot be found


@dataclass(frozen=True, slots=True)
class Found:
    """One finding with its evidence as JSON-safe values."""

    code: Finding
    card_id: int | None
    case_id: int
    case_no: str
    area: str
    org: str
    detail: Mapping[str, Any]


def found_of(code: Finding, card: Any, **detail: Any) -> Found:
    """A finding about a card (a row of the table)."""
    return Found(code, card.id, card.case_id, card.case_no, card.area, card.org, detail)
