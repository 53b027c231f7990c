"""What a department's score is worked out from: figures, cards, faults, entries by hand. Plain values; read by `gathering`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

LEVELS = {1: "warning", 2: "yellow", 3: "red"}


@dataclass(frozen=True, slots=True)
class CardFact:
    """A card that counts: issued, not revoked. `at` is when it came to its level (microseconds UTC); `act` the code of the
    fault where it is one of acts."""

    id: int
    level: str
    origin: str
    at: int
    act: str = ""

    @property
    def key(self) -> str:
        return f"card:{self.id}"


@dataclass(frozen=True, slots=True)
class EntryFact:
    """What an inspector entered; `points` in hundredths."""

    id: int
    rule: str
    points: int

    @property
    def key(self) -> str:
        return f"entry:{self.id}"


@dataclass(frozen=True, slots=True)
class FaultyCase:
    """A case concluded in the month with the faults of acts it shows."""

    area: str
    case_no: str
    acts: frozenset[str]

    @property
    def key(self) -> str:
        return f"case:{self.area}/{self.case_no}"


@dataclass(frozen=True, slots=True)
class Shortening:
    """The least shortened item of a department: (limit by law − promise) ÷ limit by law."""

    share: Fraction
    item: str

    @property
    def key(self) -> str:
        return f"item:{self.item}"


@dataclass(frozen=True)
class Facts:
    """One department's month. `figures` are base figures by name (config/indicators.yaml)."""

    org: str
    figures: Mapping[str, int] = field(default_factory=dict)
    cards: Sequence[CardFact] = ()
    entries: Sequence[EntryFact] = ()
    faulty: Sequence[FaultyCase] = ()
    shortening: Shortening | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all happened: such a department has no score, not a full one."""
        return not (any(self.figures.values()) or self.cards or self.entries)
