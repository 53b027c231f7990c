"""What bounded a department's points, in words: vetoes with what they rest on, floors with what they spared. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config.scoring import Part, Scheme, hundredths
from dashboard.panels.scores_view import View
from dashboard.words import Words
from evaluation.scoring.calculation import PartScore, unbounded_total
from evaluation.scoring.grading import Line, causes_of, spared
from evaluation.scoring.rows import DepartmentRow
from evaluation.scoring.wording import number_of, total_of


def vetoes_of(row: DepartmentRow, scheme: Scheme, lines: Sequence[Line], t: Words) -> list[str]:
    """A sentence for each veto that holds: its clause, the lines it rests on, what it bounds."""
    return [t("scores_page.vetoed", label=scheme.vetoes[number].label.in_language(t.language))
            + _rests_on(number, scheme, lines, t) + t("scheme_says.and") + _effect(scheme, number, row, t)
            for number in row.vetoes if number < len(scheme.vetoes)]


def _rests_on(number: int, scheme: Scheme, lines: Sequence[Line], t: Words) -> str:
    numbers = causes_of(scheme.vetoes[number], lines)
    rules = dict.fromkeys(scheme.rules[lines[at].rule].label.in_language(t.language) for at in numbers)
    return t("scores_page.veto_cause", rules="、".join(rules), n=len(numbers)) if numbers else ""


def _effect(scheme: Scheme, number: int, row: DepartmentRow, t: Words) -> str:
    """What the clause allows at best, and the total it was before where points are bounded."""
    veto = scheme.vetoes[number]
    grade = next((one.label.in_language(t.language) for one in scheme.grades if one.code == veto.grade), "")
    told = [t("scores_page.veto_grade", grade=grade)] if grade else []
    if veto.most is not None:
        before = unbounded_total(scheme, row.org, row.parts, row.bonus)
        told.append(t("scores_page.veto_most", points=number_of(hundredths(veto.most)), before=total_of(before)))
    return t("scheme_says.and").join(told)


def floor_words(part: PartScore, rule: Part, lines: Sequence[Line], code: str, view: View, t: Words) -> str:
    """Where the floor stopped the deductions; by how much can be said of a month only, whose part begins with its points."""
    floor, key = hundredths(rule.floor), "floor" if rule.floor else "floor_none"
    if view.state != "period" and (view.scoring is None or view.scoring.is_month):
        beyond = spared(rule, lines, code)
        return t(f"scores_page.{key}", floor=number_of(floor), points=number_of(beyond)) if beyond else ""
    took = any(line.points < 0 for line in lines)
    return t(f"scores_page.{key}_longer", floor=number_of(floor)) if took and part.points <= floor else ""
