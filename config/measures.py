"""What a formula gives: the units of its figures, multiplied and divided as the figures are.

A measure is a product of named units with whole powers: cases, working days ÷ cases. Adding and subtracting need like measures:
days and cases have no sum, and a share of cards in cases is none. A number written in a formula has no unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.expressions import Expression, problem


@dataclass(frozen=True, slots=True)
class Measure:
    """Units with their powers, by name; none at all is a mere number."""

    powers: tuple[tuple[str, int], ...] = ()

    def times(self, other: Measure, sign: int = 1) -> Measure:
        """The product, or with -1 the quotient."""
        powers = dict(self.powers)
        for unit, power in other.powers:
            powers[unit] = powers.get(unit, 0) + sign * power
        return Measure(tuple(sorted((unit, power) for unit, power in powers.items() if power)))

    @property
    def above(self) -> tuple[str, ...]:
        """The units it counts, each as often as its power says."""
        return tuple(unit for unit, power in self.powers for _ in range(power))

    @property
    def below(self) -> tuple[str, ...]:
        """The units it counts per."""
        return tuple(unit for unit, power in self.powers for _ in range(-power))

    def __str__(self) -> str:
        above, below = " × ".join(self.above) or "1", " × ".join(self.below)
        return f"{above} ÷ {below}" if below else above


NUMBER = Measure()


def measure(unit: str) -> Measure:
    """That of a figure which counts in this unit."""
    return Measure(((unit, 1),))


def measured(expression: Expression, units: Mapping[str, str]) -> Measure:
    """What the expression gives, by the unit of each name. Raises InvalidInput `formula_unreadable` with column, problem and
    remedy where unlike measures are added or subtracted."""
    stack: list[Measure] = []
    for step, column in zip(expression.steps, expression.columns, strict=True):
        if not isinstance(step, str):
            stack.append(NUMBER)
        elif step in units:
            stack.append(measure(units[step]))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(_joined(step, column, left, right))
    return stack[0]


def _joined(sign: str, column: int, left: Measure, right: Measure) -> Measure:
    if sign in "×÷":
        return left.times(right, 1 if sign == "×" else -1)
    if left != right:
        raise problem(column, f"{sign!r} {'adds' if sign == '+' else 'subtracts'} unlike things: {left} and {right}",
                      "add and subtract figures of one unit only; divide them by one another instead")
    return left
