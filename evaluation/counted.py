"""What is counted in a figure, one by one: cases, cards and duties, and how much each adds to one of its numbers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isclose

from config.expressions import Expression
from config.indicators import Indicator
from evaluation.marks import Entry
from evaluation.models import DUTY_FIGURES, FIGURES, FOLLOWS
from evaluation.period import Basis
from evaluation.places import Place
from evaluation.scope import Scope

OF_CARDS = frozenset({"card", "reply", "signature"})
LISTED = frozenset((*FIGURES, *DUTY_FIGURES))  # counted of cases, cards and duties, not asked of the catalogue or of units
Counts = dict[str, int]
Cursor = tuple[int, str, str]  # the key of a thing


class Part(StrEnum):
    """Which of the two numbers of an indicator."""

    ABOVE = "above"  # the numerator, or the count itself
    BELOW = "below"


class Kind(StrEnum):
    """What is counted."""

    CASE = "case"
    CARD = "card"
    DUTY = "duty"  # to put a bad rating right


@dataclass(frozen=True, slots=True)
class Thing:
    """One of them: the last day on which it counts in the period (epoch day), and how much."""

    kind: Kind
    id: int | str
    day: int
    amount: float

    @property
    def key(self) -> Cursor:
        """The latest day first."""
        return -self.day, self.kind.value, str(self.id)

    @property
    def cursor(self) -> str:
        return f"{self.day}~{self.kind}~{self.id}"


@dataclass(frozen=True, slots=True)
class Line:
    """A thing as a list shows it. `number` is its own, `case_no` that of its case; instants are us UTC."""

    kind: Kind
    number: str
    area: str
    case_no: str
    item: str
    day: date
    amount: float
    opened_at: int | None
    closed_at: int | None
    state: str
    light: str


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a figure; `kind` is what it counts. `figure` is what is kept of it, `things` and `amount` are what the
    whole list comes to; of a list too long to be added up `amount` is None, and `things` as many as there may be.
    `each_is_one`: the figure is a number of things, not a sum over them. `following` asks for the next page; "" on the last."""

    indicator: Indicator
    kind: Kind
    figure: float
    things: int
    amount: float | None
    each_is_one: bool
    lines: tuple[Line, ...]
    following: str

    @property
    def is_exact(self) -> bool:
        return self.amount is not None and isclose(self.figure, self.amount, abs_tol=1e-9)


@dataclass(frozen=True, slots=True)
class Counting:
    """How things add to the figure: `days` says which kind of day each base figure is of."""

    expression: Expression
    days: Mapping[str, str]
    basis: Basis
    is_sum: bool
    figures: frozenset[int]  # the places of those that days are kept of

    def thing(self, kind: Kind, key: int | str, counts: Counts, day: int | None) -> Thing | None:
        """None where it is not counted. In sums of days whatever has a limit belongs to the list, also what adds nothing."""
        if day is None:
            return None
        amount = self.expression.value({name: counts.get(name, 0) for name in self.days}) or 0
        is_counted = any(counts.get(name) for name in self.days) if self.is_sum else amount != 0
        return Thing(kind, key, day, amount) if is_counted else None

    @property
    def kind(self) -> Kind:
        """What is counted, in the first place where a formula mixes them."""
        return next(map(kind_of, self.days.values()), Kind.CASE)

    def days_of(self, kind: Kind) -> set[str]:
        """By which days cases, or cards, are looked for; `cohort` is that of the acceptance."""
        is_late = self.basis is Basis.ACCEPTANCE
        return {"cohort" if is_late and FOLLOWS[FIGURES.index(name)] else day
                for name, day in self.days.items() if kind_of(day) is kind}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question narrowed to what may be seen."""

    scope: Scope
    counting: Counting
    holds: Callable[[Place], bool]

    def counted(self, cohort: int | None, entries: Iterable[Entry]) -> tuple[Counts, int | None]:
        """What entries add in the period, as the day tables count it, and the last day on which they do."""
        scope, named, counts, last = self.scope, self.counting.figures, Counts(), None
        is_late, begins, ends = scope.basis is Basis.ACCEPTANCE, scope.first, scope.last
        for day, figure, amount in entries:
            if figure in named:  # of some ten entries of a case one or two
                at = cohort if is_late and FOLLOWS[figure] else day
                if at is not None and begins <= at <= ends:
                    counts[FIGURES[figure]] = counts.get(FIGURES[figure], 0) + amount
                    last = at if last is None else max(last, at)
        return counts, last


def listed_part(indicator: Indicator, part: Part) -> Part | None:
    """Which number has the list behind this one: of a mere count the count, of a median its cases. None where nothing is
    counted that could be listed."""
    if not LISTED.issuperset(indicator.names):
        return None
    if indicator.spread is not None:
        return Part.BELOW
    return Part.ABOVE if indicator.denominator is None else part


def kind_of(day: str) -> Kind:
    return Kind.CARD if day in OF_CARDS else Kind.DUTY if day == "duty" else Kind.CASE


class Total:
    """What passes, added up. `is_uneven`: something counted otherwise than once."""

    def __init__(self) -> None:
        self.things, self.amount, self.is_uneven = 0, 0.0, False

    def over(self, things: Iterable[Thing]) -> Iterator[Thing]:
        for one in things:
            self.things += 1
            self.amount += one.amount
            self.is_uneven |= one.amount != 1
            yield one


def read_cursor(text: str) -> Cursor | None:
    """Where the page before ended; None for the first page, and for what is no such place."""
    day, _, rest = text.partition("~")
    kind, _, key = rest.partition("~")
    try:
        return -int(day), Kind(kind).value, key
    except ValueError:
        return None
