"""Half-years and years: the mean of their months, and what counts by the year only (discipline). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from config.scoring import BONUS, ManualRule, Scheme, Veto, hundredths
from evaluation.scoring.calculation import (
    Line,
    PartScore,
    Score,
    grade_of,
    half_up,
    standing,
    vetoes_of,
    with_coefficient,
    worst_of,
)
from evaluation.scoring.facts import EntryFact


class MonthScore(msgspec.Struct, frozen=True):
    """What a month of a department stands at, in hundredths of a point, before its coefficient: each part with what it could
    have been at most. `vetoes` are the clauses that held, of the scheme as it was then."""

    parts: Mapping[str, tuple[int, int]]
    bonus: int
    vetoes: tuple[Veto, ...] = ()


def over_months(scheme: Scheme, org: str, months: Sequence[MonthScore], entries: Sequence[EntryFact], *,
                takes: bool = True) -> Score:
    """Parts and bonus are means of the months there are, each rounded half up to a hundredth; then each yearly entry is taken
    from its part, never below 0. Without any month and entry there is no score. A veto of a month holds for the whole.

    `takes` False: a half-year, which carries each entry as a line of no points. `scheme` is the newest of those the months were
    scored by. A part that weighed otherwise in a month counts in proportion, a month without the part is left out of its mean,
    and a veto the newest scheme no longer has still bounds the grade."""
    lines = [line for entry in entries if (line := _line(scheme, entry, takes=takes)) is not None]
    return summed(scheme, org, months, lines, takes=takes)


def summed(scheme: Scheme, org: str, months: Sequence[MonthScore], lines: Sequence[Line], *, takes: bool) -> Score:
    """The same of lines that stand already, what appeals gave back among them. What a year takes counts for its vetoes even
    where it is worth no points."""
    parts = {code: _part(code, hundredths(part.points), months, lines) for code, part in scheme.parts.items()}
    bonus = _mean([month.bonus for month in months]) + sum(line.points for line in lines if line.part == BONUS)
    if not months and not (takes and lines):
        return Score(org, parts, bonus, None, None, tuple(lines))
    total = with_coefficient(scheme, org, sum(part.points for part in parts.values()) + bonus)
    held = [one for month in months for one in month.vetoes]
    taken = {line.rule for line in standing(lines)} if takes else set()
    vetoes = {*vetoes_of(scheme, {code: part.points for code, part in parts.items()}, taken),
              *(scheme.vetoes.index(one) for one in held if one in scheme.vetoes)}
    grade = worst_of(scheme, [grade_of(scheme, total, sorted(vetoes)), *(one.grade for one in held)])
    return Score(org, parts, bonus, total, grade, tuple(lines), tuple(sorted(vetoes)))


def _part(code: str, top: int, months: Sequence[MonthScore], lines: Sequence[Line]) -> PartScore:
    known = [Fraction(points * top, most) if most else Fraction(top) for points, most in
             (month.parts[code] for month in months if code in month.parts)]
    mean = _mean(known) if known else top
    return PartScore(max(0, mean + sum(line.points for line in lines if line.part == code)), top, bool(known))


def _line(scheme: Scheme, entry: EntryFact, *, takes: bool) -> Line | None:
    rule = scheme.rules.get(entry.rule)
    if not isinstance(rule, ManualRule) or not rule.yearly:
        return None
    points = (entry.points if rule.part == BONUS else -entry.points) if takes else 0
    return Line(rule=entry.rule, part=rule.part, points=points, evidence=(entry.key,))


def _mean(values: Sequence[int] | Sequence[Fraction]) -> int:
    return half_up(Fraction(sum(values)) / len(values)) if values else 0
