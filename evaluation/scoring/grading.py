"""Floors, grades and vetoes: what bounds the points that lines leave, and which lines are the cause. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from config.scoring import Grade, ManualRule, Part, Rule, Scheme, Veto, hundredths

APPEAL = "appeal"  # the rule of a line that gives back what an appeal took


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One deduction (below 0) or addition, in hundredths of a point. `evidence` are keys: card:1, case:area/no, entry:1,
    item:code, complaint:no. `above` and `below` are what a share was made of. `of` is the number of the line an appeal gave
    back."""

    rule: str
    part: str
    points: int
    evidence: tuple[str, ...] = ()
    above: float | None = None
    below: float | None = None
    of: int | None = None


def standing(lines: Sequence[Line]) -> list[Line]:
    """The lines no appeal gave back."""
    returned = _returned(lines)
    return [line for number, line in enumerate(lines) if number not in returned and line.rule != APPEAL]


def _returned(lines: Sequence[Line]) -> set[int]:
    return {line.of for line in lines if line.of is not None}


def is_yearly(rule: Rule | None) -> bool:
    """Whether it takes its points from the year; a month carries a line of no points, with its evidence."""
    return isinstance(rule, ManualRule) and rule.yearly


def sum_of(lines: Sequence[Line], part: str) -> int:
    """What the lines of a part add and take."""
    return sum(line.points for line in lines if line.part == part)


def on_floor(part: Part, base: int, change: int) -> int:
    """What deductions leave of it: never less than the floor, which itself lifts nothing that lay below it without them."""
    return max(base + change, min(base, hundredths(part.floor)))


def spared(part: Part, lines: Sequence[Line], code: str) -> int:
    """What the deductions of a month would have taken beyond the floor of that part."""
    return max(0, hundredths(part.floor) - hundredths(part.points) - sum_of(lines, code))


def bounded_total(total: int, held: Sequence[Veto]) -> int:
    """The least of the total and what the vetoes that hold leave of it."""
    return min([total, *(hundredths(veto.most) for veto in held if veto.most is not None)])


def vetoes_of(scheme: Scheme, parts: Mapping[str, int], rules: set[str]) -> tuple[int, ...]:
    """The numbers of the vetoes that hold for these points of parts and these rules with a line."""
    return tuple(number for number, veto in enumerate(scheme.vetoes) if not rules.isdisjoint(veto.rules)
                 or (veto.part is not None and parts[veto.part] <= hundredths(veto.at_most)))


def causes_of(veto: Veto, lines: Sequence[Line]) -> tuple[int, ...]:
    """The numbers of the lines a clause rests on: those of its rules, or what was taken from its part; none where the months
    of a longer span met it."""
    returned = _returned(lines)
    return tuple(number for number, line in enumerate(lines) if number not in returned and (
        line.rule in veto.rules or (line.part == veto.part and line.points < 0)))


def grade_of(scheme: Scheme, total: int, held: Sequence[Veto]) -> str:
    """The worst of what the points and the vetoes say."""
    return worst_of(scheme, [_by_points(scheme.grades, total).code, *(veto.grade for veto in held if veto.grade is not None)])


def worst_of(scheme: Scheme, grades: Sequence[str]) -> str:
    """The last of these in the order of the scheme; one it does not know says nothing."""
    order = [grade.code for grade in scheme.grades]
    return order[max(order.index(grade) for grade in grades if grade in order)]


def _by_points(grades: Sequence[Grade], total: int) -> Grade:
    return next((grade for grade in grades if total >= hundredths(grade.at_least)), grades[-1])
