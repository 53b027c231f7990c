"""From facts to points: lines, each with its evidence; parts; total; grade. Pure, in whole hundredths of a point.

1. Each rule of the scheme makes its lines (a line for each card, each run, each entry; one for a share).
2. A part is its points less its lines, never below its floor. What nobody graded keeps its points.
3. The total is the parts and the bonus, which may be bounded, times the department's coefficient, rounded half up; a veto may
   bound it.
4. The grade is that of the total, or a worse one that a veto names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from config.indicators import Indicator, Indicators
from config.scoring import (
    BONUS,
    CardsRule,
    FaultyRule,
    ManualRule,
    Rule,
    ScaleRule,
    Scheme,
    ShareRule,
    ShorteningRule,
    hundredths,
)
from evaluation.scoring.facts import CardFact, Facts
from evaluation.scoring.grading import Line, bounded_total, grade_of, is_yearly, on_floor, standing, sum_of, vetoes_of


class PartScore(msgspec.Struct, frozen=True):
    """A part: `points` of `top`, in hundredths. `is_graded` False: nothing to grade it by, so it has all its points."""

    points: int
    top: int
    is_graded: bool = True


class Score(msgspec.Struct, frozen=True):
    """One department's score, in hundredths of a point. `total` and `grade` are None where nothing at all happened. `vetoes`
    are the numbers of the scheme's vetoes that hold."""

    org: str
    parts: Mapping[str, PartScore]
    bonus: int
    total: int | None
    grade: str | None
    lines: tuple[Line, ...]
    vetoes: tuple[int, ...] = ()


def scored(scheme: Scheme, indicators: Indicators, facts: Facts) -> Score:
    """The score of a department's month."""
    lines, graded = list[Line](), set[str]()
    for code, rule in scheme.rules.items():
        made, is_graded = _lines(code, rule, indicators, facts)
        lines += _bounded(made, rule)
        if is_graded or any(line.points for line in made):
            graded.add(rule.part)
    return added_up(scheme, facts.org, lines, graded, is_empty=facts.is_empty)


def added_up(scheme: Scheme, org: str, lines: Sequence[Line], graded: Iterable[str], *, is_empty: bool = False) -> Score:
    """Parts, bonus, total and grade of these lines."""
    known = set(graded)
    tops = {code: hundredths(part.points) for code, part in scheme.parts.items()}
    parts = {code: PartScore(on_floor(part, tops[code], sum_of(lines, code)), tops[code], code in known)
             for code, part in scheme.parts.items()}
    bonus = sum_of(lines, BONUS)
    if scheme.bonus_most is not None:
        bonus = min(bonus, hundredths(scheme.bonus_most))
    if is_empty:
        return Score(org, parts, bonus, None, None, tuple(lines))
    rules = {line.rule for line in standing(lines) if not is_yearly(scheme.rules.get(line.rule))}
    vetoes = vetoes_of(scheme, {code: part.points for code, part in parts.items()}, rules)
    held = [scheme.vetoes[number] for number in vetoes]
    total = bounded_total(unbounded_total(scheme, org, parts, bonus), held)
    return Score(org, parts, bonus, total, grade_of(scheme, total, held), tuple(lines), vetoes)


def with_coefficient(scheme: Scheme, org: str, points: int) -> int:
    """折合系数, rounded half up to a hundredth."""
    return half_up(points * Fraction(scheme.coefficients.get(org, Decimal(1))))


def unbounded_total(scheme: Scheme, org: str, parts: Mapping[str, PartScore], bonus: int) -> int:
    """Before any veto."""
    return with_coefficient(scheme, org, sum(part.points for part in parts.values()) + bonus)


def ranked(totals: Mapping[str, int | None]) -> dict[str, int]:
    """Places by total, the best first; equals share theirs. Who has no total has none."""
    known = sorted((total for total in totals.values() if total is not None), reverse=True)
    return {org: known.index(total) + 1 for org, total in totals.items() if total is not None}


def half_up(points: Fraction) -> int:
    """The nearest whole number; a half goes up."""
    return int((points + Fraction(1, 2)) // 1)


# Rules ----------------------------------------------------------------------------------------------------------------


def _lines(code: str, rule: Rule, indicators: Indicators, facts: Facts) -> tuple[list[Line], bool]:
    """(lines, whether there was anything to grade by)."""
    if isinstance(rule, CardsRule):
        groups = groups_of(rule, facts.cards)
        made = [_line(code, rule, hundredths(rule.points), [card.key for card in group]) for group in groups]
        return made, not facts.is_empty
    if isinstance(rule, ManualRule):
        entered = [entry for entry in facts.entries if entry.rule == code]
        return [_line(code, rule, 0 if rule.yearly else entry.points, [entry.key]) for entry in entered], False
    if isinstance(rule, ScaleRule):
        return _of_scale(code, rule, indicators, facts)
    if isinstance(rule, ShareRule):
        return _of_share(code, rule, indicators, facts)
    if isinstance(rule, FaultyRule):
        return _of_faulty(code, rule, facts)
    return _of_shortening(code, rule, facts)


def groups_of(rule: CardsRule, cards: Sequence[CardFact]) -> Iterator[list[CardFact]]:
    """The cards of each line: one, or so many in a row that no card of another level (of the same origins) parts."""
    run: list[CardFact] = []
    for card in sorted((one for one in cards if _is_of(rule, one)), key=lambda one: (one.at, one.id)):
        run = [*run, card] if card.level == rule.level else []
        if len(run) == rule.in_a_row:
            yield run
            run = []


def _is_of(rule: CardsRule, card: CardFact) -> bool:
    return (not rule.origins or card.origin in rule.origins) and (not rule.acts or card.act in rule.acts)


def _of_share(code: str, rule: ShareRule, indicators: Indicators, facts: Facts) -> tuple[list[Line], bool]:
    above, below, value = share_of(rule, indicators, facts)
    return _stepped(code, rule, value, above, below, ()), value is not None


def _of_faulty(code: str, rule: FaultyRule, facts: Facts) -> tuple[list[Line], bool]:
    found = [case.key for case in facts.faulty if not case.acts.isdisjoint(rule.acts)]
    concluded = facts.figures.get("concluded", 0)
    if not concluded:
        return [], False
    return _stepped(code, rule, Fraction(len(found), concluded), len(found), concluded, found), True


def _of_shortening(code: str, rule: ShorteningRule, facts: Facts) -> tuple[list[Line], bool]:
    if facts.shortening is None:
        return [], False
    return _stepped(code, rule, facts.shortening.share, float(facts.shortening.share), 1, [facts.shortening.key]), True


def _of_scale(code: str, rule: ScaleRule, indicators: Indicators, facts: Facts) -> tuple[list[Line], bool]:
    above, below, value = share_of(rule, indicators, facts)
    if value is None:
        return [], False
    reached = (value - Fraction(rule.zero)) / (Fraction(rule.full) - Fraction(rule.zero))
    lost = half_up((1 - min(Fraction(1), max(Fraction(0), reached))) * hundredths(rule.points))
    return ([_line(code, rule, lost, (), above, below)] if lost else []), True


def share_of(rule: ShareRule | ScaleRule, indicators: Indicators,
             facts: Facts) -> tuple[float | None, float | None, Fraction | None]:
    """(numerator, denominator, exact value) of a rule's indicator; no value without a denominator or below the minimum."""
    indicator = indicators.find(rule.indicator)
    above, below, value = exactly(indicator, facts.figures)
    minimum = indicator.minimum if rule.minimum is None else rule.minimum
    return above, below, value if below is None or below >= minimum else None


def exactly(indicator: Indicator, counts: Mapping[str, int]) -> tuple[float | None, float | None, Fraction | None]:
    """(numerator, denominator, exact value in the unit of the indicator); what is not counted is 0."""
    above, below, value = indicator.worked_out({name: counts.get(name, 0) for name in indicator.names})
    if value is None or above is None or below is None:
        return above, below, None if value is None else Fraction(value)
    return above, below, Fraction(above) / Fraction(below) * indicator.exact_scale


def _stepped(code: str, rule: ShareRule | FaultyRule | ShorteningRule, value: Fraction | None, above: float | None,
             below: float | None, evidence: Sequence[str]) -> list[Line]:
    """`points` from `at` on, and `further` for each whole step beyond."""
    if value is None or value < Fraction(rule.at):
        return []
    beyond = int((value - Fraction(rule.at)) // Fraction(rule.step))
    further = rule.points if rule.further is None else rule.further
    return [_line(code, rule, hundredths(rule.points) + beyond * hundredths(further), evidence, above, below)]


def _line(code: str, rule: Rule, points: int, evidence: Sequence[str], above: float | None = None,
          below: float | None = None) -> Line:
    signed = points if rule.part == BONUS else -points
    return Line(rule=code, part=rule.part, points=signed, evidence=tuple(evidence), above=above, below=below)


def _bounded(lines: Sequence[Line], rule: Rule) -> Iterator[Line]:
    """No more than `most` of a rule: the line that goes beyond is cut, those after it say 0."""
    left = None if rule.most is None else hundredths(rule.most)
    for line in lines:
        if left is None:
            yield line
            continue
        points = min(abs(line.points), left)
        left -= points
        yield msgspec.structs.replace(line, points=points if line.points > 0 else -points)
