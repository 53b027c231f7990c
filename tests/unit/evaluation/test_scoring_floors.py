"""Floors (保底分) and vetoes (一票否决): worked out by hand, through appeals, half-years and years."""

from __future__ import annotations

from typing import Any

import pytest

from config.indicators import load_indicators
from config.schemes import load_schemes
from config.scoring import Scheme
from core.errors import ConfigError
from evaluation.scoring.calculation import added_up, ranked, scored
from evaluation.scoring.facts import CardFact, EntryFact, Facts
from evaluation.scoring.grading import APPEAL, Line, causes_of, spared
from evaluation.scoring.yearly import MonthScore, over_months

INDICATORS = load_indicators()
SCHEMES = load_schemes(INDICATORS.indicators)
WORDS = {"zh": "甲", "en": "a"}
GRADES = [{"code": "good", "label": WORDS, "at_least": 80}, {"code": "passed", "label": WORDS, "at_least": 60},
          {"code": "failed", "label": WORDS, "at_least": 0}]
RED = {"kind": "cards", "part": "work", "level": "red", "points": 15, "label": WORDS}
FRAUD = {"kind": "manual", "part": "conduct", "points": 5, "label": WORDS}
REMOVED = {"kind": "manual", "part": "conduct", "points": 30, "yearly": True, "label": WORDS}


def scheme(*vetoes: dict[str, Any], floor: Any = 20, **changes: Any) -> Scheme:
    """Work 70 with a floor, conduct 30 with a floor of 10."""
    content = {"name": WORDS, "grades": GRADES, "vetoes": [{"label": WORDS, **veto} for veto in vetoes],
               "parts": {"work": {"label": WORDS, "points": 70, "floor": floor},
                         "conduct": {"label": WORDS, "points": 30, "floor": 10}},
               "rules": {"red": RED, "fraud": FRAUD, "removed": REMOVED}, **changes}
    return SCHEMES.checked(content, "test")


def month(reds: int, *entries: EntryFact, org: str = "a") -> Facts:
    return Facts(org, {"accepted": 30}, [CardFact(at, "red", "clock", at) for at in range(1, reds + 1)], entries)


# Four red cards take 4 x 15 = 60 of the 70 points of work, which would leave 10: the floor is 20.
# Conduct: one fraud of 5 leaves 25, above its floor of 10. Total 20 + 25 = 45: failed.
# With three cards: 70 - 45 = 25 stands above the floor; 25 + 25 = 50.
def test_deductions_go_to_the_floor_of_a_part_and_no_further() -> None:
    four, three = (scored(scheme(), INDICATORS, month(n, EntryFact(1, "fraud", 500))) for n in (4, 3))

    assert ({code: part.points for code, part in four.parts.items()}, four.total, four.grade) == (
        {"work": 2000, "conduct": 2500}, 4500, "failed")
    assert (three.parts["work"].points, three.total) == (2500, 5000)
    assert [line.points for line in four.lines] == [-1500] * 4 + [-500], "every deduction is on record in full"
    assert [spared(scheme().parts["work"], one.lines, "work") for one in (four, three)] == [1000, 0]


def test_an_appeal_gives_back_what_the_floor_had_not_spared_already() -> None:
    """Five cards take 75, the floor leaves 20. One given back: 70 - 60 = 10, still 20; two: 70 - 45 = 25."""
    taken = scored(scheme(), INDICATORS, month(5))
    points = []
    for granted in (0, 1, 2):
        back = [Line(rule=APPEAL, part="work", points=1500, of=number) for number in range(granted)]
        points.append(added_up(scheme(), "a", [*taken.lines, *back], ["work"]).parts["work"].points)
    assert points == [2000, 2000, 2500]


def test_a_year_takes_discipline_to_the_floor_and_lifts_no_mean_above_what_it_was() -> None:
    """Conduct: mean (30 + 20) / 2 = 25, less 30 would be -5: its floor is 10. Work: its months had no floor yet, their mean
    of 15 stays 15, though the floor is 20 now."""
    months = [MonthScore({"work": (1000, 7000), "conduct": (3000, 3000)}, 0),
              MonthScore({"work": (2000, 7000), "conduct": (2000, 3000)}, 0)]
    year = over_months(scheme(), "a", months, [EntryFact(1, "removed", 3000)])
    assert {code: part.points for code, part in year.parts.items()} == {"work": 1500, "conduct": 1000}


# A veto of points: one fraud, and the total is 59 at most. 70 + 25 = 95 becomes 59, which is failed by its points.
def test_a_veto_bounds_the_points_and_the_place_goes_with_them() -> None:
    strict = scheme({"rules": ["fraud"], "most": 59})
    honest, cheat = (scored(strict, INDICATORS, one) for one in (month(1, org="b"), month(0, EntryFact(1, "fraud", 500))))

    assert (honest.total, honest.vetoes) == (8500, ())
    assert (cheat.total, cheat.grade, cheat.vetoes) == (5900, "failed", (0,))
    assert ranked({"a": cheat.total, "b": honest.total}) == {"b": 1, "a": 2}
    assert sum(part.points for part in cheat.parts.values()) == 9500, "the parts say what it would have been"


def test_grade_and_points_may_be_bounded_together_and_the_worse_holds() -> None:
    both = scheme({"rules": ["fraud"], "grade": "passed", "most": 90}, {"part": "work", "at_most": 40, "grade": "failed"})
    one = scored(both, INDICATORS, month(0, EntryFact(1, "fraud", 500)))
    two = scored(both, INDICATORS, month(2, EntryFact(1, "fraud", 500)))

    assert (one.total, one.grade, one.vetoes) == (9000, "passed", (0,))
    assert (two.total, two.grade, two.vetoes) == (6500, "failed", (0, 1))


def test_an_appeal_that_gives_back_the_only_cause_lifts_the_veto() -> None:
    strict = scheme({"rules": ["fraud"], "grade": "failed", "most": 59})
    taken = scored(strict, INDICATORS, month(0, EntryFact(1, "fraud", 500)))
    back = added_up(strict, "a", [*taken.lines, Line(rule=APPEAL, part="conduct", points=500, of=0)], ["conduct"])
    assert (taken.total, back.total, back.grade, back.vetoes) == (5900, 10_000, "good", ())


@pytest.mark.parametrize(("period", "expected"), [("month", (10_000, "good", ())), ("whole", (5_900, "failed", (0,)))])
def test_a_veto_holds_for_its_month_or_for_the_half_year_and_year_too(period: str, expected: tuple[Any, ...]) -> None:
    strict = scheme({"rules": ["fraud"], "most": 59, "period": period})
    whole = {"work": (7000, 7000), "conduct": (3000, 3000)}
    year = over_months(strict, "a", [MonthScore(whole, 0, (strict.vetoes[0],)), MonthScore(whole, 0)], [])
    assert (year.total, year.grade, year.vetoes) == expected


def test_what_a_year_takes_meets_its_clause_in_the_year() -> None:
    whole = {"work": (7000, 7000), "conduct": (3000, 3000)}
    strict = scheme({"rules": ["removed"], "grade": "failed"})
    removed = EntryFact(1, "removed", 3000)
    assert scored(strict, INDICATORS, month(0, removed)).vetoes == ()
    assert over_months(strict, "a", [MonthScore(whole, 0)], [removed]).vetoes == (0,)


def test_a_clause_names_the_lines_it_rests_on() -> None:
    clauses = scheme({"rules": ["fraud"], "most": 59}, {"part": "work", "at_most": 40, "grade": "failed"})
    score = scored(clauses, INDICATORS, month(2, EntryFact(1, "fraud", 500)))
    back = [*score.lines, Line(rule=APPEAL, part="work", points=1500, of=0)]
    assert [causes_of(veto, score.lines) for veto in clauses.vetoes] == [(2,), (0, 1)]
    assert causes_of(clauses.vetoes[1], back) == (1,)


@pytest.mark.parametrize(("made", "key", "reason"), [
    (lambda: scheme(floor=71), "parts.work.floor", "floor_above"),
    (lambda: scheme(floor=-1), "parts.work.floor", "greater_than_equal"),
    (lambda: scheme({"rules": ["fraud"]}), "vetoes.0.grade", "veto_effect"),
    (lambda: scheme({"grade": "failed"}), "vetoes.0.rules", "veto_cause"),
    (lambda: scheme({"rules": ["red"], "grade": "best"}), "vetoes.0.grade", "grade_unknown"),
    (lambda: scheme({"rules": ["blue"], "grade": "failed"}), "vetoes.0.rules", "rule_unknown"),
    (lambda: scheme({"part": "play", "grade": "failed"}), "vetoes.0.part", "part_unknown"),
    (lambda: scheme({"part": "work", "at_most": 19.99, "grade": "failed"}), "vetoes.0.at_most", "veto_never"),
    (lambda: scheme({"rules": ["removed"], "grade": "failed", "period": "month"}), "vetoes.0.period", "veto_yearly"),
    (lambda: scheme(told=["best"]), "told", "grade_unknown"),
    (lambda: scheme(grades=[GRADES[1], GRADES[0], GRADES[2]]), "grades.1.at_least", "grade_order"),
    (lambda: scheme(grades=GRADES[:2]), "grades.1.at_least", "grade_last"),
    (lambda: scheme(grades=[GRADES[0], {**GRADES[2], "code": "good"}]), "grades.1.code", "grade_twice"),
    (lambda: scheme(rules={"red": {**RED, "part": "play"}}), "rules.red.part", "part_unknown"),
    (lambda: scheme(rules={"red": {**RED, "in_a_row": 0}}), "rules.red.cards.in_a_row", "greater_than_equal")])
def test_what_does_not_fit_is_refused_at_its_field(made: Any, key: str, reason: str) -> None:
    with pytest.raises(ConfigError, match="scheme_invalid") as refused:
        made()
    assert (refused.value.details["key"], refused.value.details["reason"]) == (key, reason)
