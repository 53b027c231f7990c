"""Half-years and years: the mean of their months, and what counts by the year only (discipline). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from config.scoring import BONUS, ManualRule, Part, Scheme, Veto, hundredths
from evaluation.scoring.calculation import PartScore, Score, half_up, unbounded_total
from evaluation.scoring.facts import EntryFact
from evaluation.scoring.grading import Line, bounded_total, grade_of, on_floor, standing, sum_of, vetoes_of


class MonthScore(msgspec.Struct, frozen=True):
    """What a month of a department stands at, in hundredths of a point, before its coefficient: each part with what it could
    have been at most. `vetoes` are the clauses that held, of the scheme as it was then."""

    parts: Mapping[str, tuple[int, int]]
    bonus: int
    vetoes: tuple[Veto, ...] = ()


def over_months(scheme: Scheme, org: str, months: Sequence[MonthScore], entries: Sequence[EntryFact], *,
                takes: bool = True) -> Score:
    """Parts and bonus are means of the months there are, each rounded half up to a hundredth; then each yearly entry is taken
    from its part, never below its floor. Without any month and entry there is no score. A veto of a month holds for the whole,
    unless its clause is of the month alone.

    `takes` False: a half-year, which carries each entry as a line of no points. `scheme` is the newest of those the months were
    scored by. A part that weighed otherwise in a month counts in proportion, a month without the part is left out of its mean,
    and a veto the newest scheme no longer has still bounds the grade."""
    lines = [line for entry in entries if (line := _line(scheme, entry, takes=takes)) is not None]
    return summed(scheme, org, months, lines, takes=takes)


def summed(scheme: Scheme, org: str, months: Sequence[MonthScore], lines: Sequence[Line], *, takes: bool) -> Score:
    """The same of lines that stand already, what appeals gave back among them. What a year takes counts for its vetoes even
    where it is worth no points."""
    parts = {code: _part(code, part, months, lines) for code, part in scheme.parts.items()}
    bonus = _mean([month.bonus for month in months]) + sum_of(lines, BONUS)
    if not months and not (takes and lines):
        return Score(org, parts, bonus, None, None, tuple(lines))
    held = _held(scheme, {code: part.points for code, part in parts.items()}, months,
                 {line.rule for line in standing(lines)} if takes else set())
    total = bounded_total(unbounded_total(scheme, org, parts, bonus), held)
    numbers = sorted({scheme.vetoes.index(one) for one in held if one in scheme.vetoes})
    return Score(org, parts, bonus, total, grade_of(scheme, total, held), tuple(lines), tuple(numbers))


def _held(scheme: Scheme, parts: Mapping[str, int], months: Sequence[MonthScore], taken: set[str]) -> list[Veto]:
    """The clauses that bound the whole: those the span itself meets, and those a month of it met."""
    own = (scheme.vetoes[number] for number in vetoes_of(scheme, parts, taken))
    return [one for one in (*own, *(veto for month in months for veto in month.vetoes)) if one.period == "whole"]


def _part(code: str, part: Part, months: Sequence[MonthScore], lines: Sequence[Line]) -> PartScore:
    top = hundredths(part.points)
    known = [Fraction(points * top, most) if most else Fraction(top) for points, most in
             (month.parts[code] for month in months if code in month.parts)]
    return PartScore(on_floor(part, _mean(known) if known else top, sum_of(lines, code)), top, bool(known))


def _line(scheme: Scheme, entry: EntryFact, *, takes: bool) -> Line | None:
    rule = scheme.rules.get(entry.rule)
    if not isinstance(rule, ManualRule) or not rule.yearly:
        return None
    points = (entry.points if rule.part == BONUS else -entry.points) if takes else 0
    return Line(rule=entry.rule, part=rule.part, points=points, evidence=(entry.key,))


def _mean(values: Sequence[int] | Sequence[Fraction]) -> int:
    return half_up(Fraction(sum(values)) / len(values)) if values else 0
