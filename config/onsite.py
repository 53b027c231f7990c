"""What a camera can find at a window (V1, V2 of the supervised elements): one code each, and what it costs in a place.

A place without a rule for a presence signal does not watch for it. A fault of a camera is always an alarm of the system; a rule
for it makes it a card as well (a covered camera is somebody's act).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from config.documents import Strict
from config.in_force import LEVELS, InForce

Addressee = Literal["liaison", "handler", "unit_head", "duty_officer", "shift_leader", "inspector", "leader"]


class SignalKind(StrEnum):
    """Codes of signals."""

    UNATTENDED = "unattended"  # 离岗
    LATE = "late"              # 迟到: nobody from the opening on
    EARLY = "early"            # 早退: nobody until the closing
    OFFLINE = "offline"
    FROZEN = "frozen"
    BLACK = "black"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"


PRESENCE = frozenset({SignalKind.UNATTENDED, SignalKind.LATE, SignalKind.EARLY})
DEFAULT_MINUTES = {SignalKind.UNATTENDED: 15, SignalKind.LATE: 10, SignalKind.EARLY: 10}


class OnsiteRule(InForce, Strict):
    """What one kind of signal costs. `minutes` of office time the seat must be empty (late, early: the first or last ones).
    `confirm`: a person decides before the card is issued. `orgs` narrows it to some organisations (empty: all)."""

    id: str = Field(min_length=1, max_length=64)
    signal: SignalKind
    level: Literal[1, 2, 3]
    minutes: int | None = Field(default=None, ge=1, le=480)
    name: str
    name_en: str
    legal_basis: str
    source: str
    demanded_action: str
    demanded_action_en: str
    notify: tuple[Addressee, ...] = ("liaison",)
    reply_limit: str | None = None
    confirm: bool = True
    orgs: tuple[str, ...] = ()
    effective_from: date | None = None
    effective_until: date | None = None

    @property
    def level_name(self) -> str:
        """warning, yellow or red."""
        return LEVELS[self.level]

    @property
    def needed_minutes(self) -> int:
        """Minutes of office time."""
        return self.minutes if self.minutes is not None else DEFAULT_MINUTES.get(self.signal, 0)

    def covers(self, org: str) -> bool:
        """Whether the rule speaks of that organisation."""
        return not self.orgs or org in self.orgs
