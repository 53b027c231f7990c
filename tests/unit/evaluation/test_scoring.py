"""The 100-point scheme on a month worked out by hand, and the rules of points one by one."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from config.changelog import Action
from config.indicators import load_indicators
from config.schemes import load_schemes
from config.scoring import Scheme, Veto
from config.texts import LANGUAGES, load_texts
from core.errors import ConfigError
from evaluation.scoring.calculation import added_up, ranked, scored
from evaluation.scoring.facts import CardFact, EntryFact, Facts, FaultyCase, Shortening
from evaluation.scoring.grading import APPEAL, Line
from evaluation.scoring.yearly import MonthScore, over_months

INDICATORS = load_indicators()
SCHEMES = load_schemes(INDICATORS.indicators)
HUNDRED = SCHEMES.find("monthly-100")
FULL = {code: (int(part.points * 100), int(part.points * 100)) for code, part in HUNDRED.parts.items()}


def cards(level: str, *ats: int, origin: str = "clock", act: str = "") -> list[CardFact]:
    return [CardFact(at, level, origin, at, act) for at in ats]


# A month of a department, and what the paper scheme makes of it, worked out by hand:
#   200 concluded, 83 of them early: 41.5 %, from 10 % on +1, further 10 % at 20, 30, 40 %          +4
#   every promise at least 45 % shorter than the law: from 30 % on +3, one further whole 10 %       +4
#   limits (14): one red -10, one yellow -5, seven warnings of which five in a row stand before     14 - 15 - 3 < 0: 0
#     the yellow one (one three) and two after it (none): -3
#   procedure (14): a yellow card for a skipped step -5                                             9
#   fees (8): a red card for a fee above the standard -10                                           0, not -2
#   satisfaction (10): 57 of 60 satisfied: 0.95 x 10                                                9.5
#   supervision (14): 7 of 200 with incomplete data, 3.5 %: -3; a yellow card on an order -5;
#     4.5 found at an inspection                                                                    1.5
#   openness (10): 2 found at a check                                                               8
#   attitude (10): nothing                                                                          10
#   liability 10, integrity 10: nobody graded them; a demerit counts in the year only               10 + 10
#   sum of the parts 0 + 9 + 0 + 9.5 + 1.5 + 8 + 10 + 10 + 10 = 58, with the bonus 66
BY_HAND = Facts(
    "fagai", {"concluded": 200, "early": 83, "rated": 60, "satisfied": 57, "accepted": 210},
    [*cards("warning", 1, 2, 3, 4, 5), *cards("yellow", 6), *cards("warning", 7, 8), *cards("red", 9),
     *cards("yellow", 10, origin="act", act="step_skipped"), *cards("red", 11, origin="act", act="fee_above_standard"),
     *cards("yellow", 12, origin="order")],
    [EntryFact(1, "supervision_check", 450), EntryFact(2, "openness_check", 200), EntryFact(3, "demerit", 1500)],
    [FaultyCase("360500", f"N{n}", frozenset({"incomplete_data"})) for n in range(7)],
    Shortening(Fraction(45, 100), "permit-1"))


def test_the_scheme_of_100_points_makes_what_the_paper_makes() -> None:
    score = scored(HUNDRED, INDICATORS, BY_HAND)

    assert {code: part.points for code, part in score.parts.items()} == {
        "openness": 800, "procedure": 900, "limits": 0, "fees": 0, "satisfaction": 950, "attitude": 1000, "supervision": 150,
        "liability": 1000, "integrity": 1000}
    assert (score.bonus, score.total, score.grade, score.vetoes) == (800, 6600, "passed", ())
    assert {code for code, part in score.parts.items() if not part.is_graded} == {"liability", "integrity"}


def test_every_point_opens_to_what_is_behind_it() -> None:
    lines = {line.rule: line for line in scored(HUNDRED, INDICATORS, BY_HAND).lines}

    assert lines["limits_warnings"].evidence == ("card:1", "card:2", "card:3")
    assert (lines["limits_red"].evidence, lines["limits_red"].points) == (("card:9",), -1000)
    assert (lines["data"].above, lines["data"].below, lines["data"].evidence[0]) == (7, 200, "case:360500/N0")
    assert (lines["early"].points, lines["early"].above, lines["early"].below) == (400, 83, 200)
    assert lines["supervision_check"].evidence == ("entry:1",)
    assert lines["shortening"].evidence == ("item:permit-1",)
    assert (lines["demerit"].points, len(lines["demerit"].evidence)) == (0, 1), "told in the month, taken from the year"


def test_what_nobody_graded_has_all_its_points_and_who_did_nothing_has_no_score() -> None:
    small = scored(HUNDRED, INDICATORS, Facts("a", {"concluded": 3, "early": 3, "rated": 4, "satisfied": 0}))
    nothing = scored(HUNDRED, INDICATORS, Facts("a", {"concluded": 0}))

    assert (small.total, small.bonus, small.parts["satisfaction"].is_graded) == (10_000, 0, False)
    assert (nothing.total, nothing.grade) == (None, None)
    assert ranked({"a": 9_000, "b": None, "c": 9_500, "d": 9_000, "e": 100}) == {"c": 1, "a": 2, "d": 2, "e": 4}


@pytest.mark.parametrize(("share", "points"), [(19, 0), (20, 100), (39, 100), (40, 200), (200, 1000)])
def test_steps_begin_just_where_they_are_said_to(share: int, points: int) -> None:
    score = scored(HUNDRED, INDICATORS, Facts("a", {"concluded": 200, "early": share}))
    assert score.bonus == points


@pytest.mark.parametrize(("faulty", "lost"), [(1, 0), (2, 100), (9, 400), (10, 500), (150, 500)])
def test_incomplete_data_cost_five_points_at_most(faulty: int, lost: int) -> None:
    cases = [FaultyCase("a", str(n), frozenset({"incomplete_data"})) for n in range(faulty)]
    score = scored(HUNDRED, INDICATORS, Facts("a", {"concluded": 200}, faulty=cases))
    assert score.parts["supervision"].points == 1400 - lost


def test_the_year_is_the_mean_of_its_months_less_discipline_once() -> None:
    months = [MonthScore(FULL, 100), MonthScore({**FULL, "limits": (0, 1400)}, 200),
              MonthScore({**FULL, "limits": (401, 1400)}, 0)]

    half = over_months(HUNDRED, "a", months, [])
    year = over_months(HUNDRED, "a", months, [EntryFact(1, "demerit", 1500), EntryFact(2, "limits_red", 100)])
    removed = over_months(HUNDRED, "a", months, [EntryFact(1, "removal", 4000)])

    # limits: (1400 + 0 + 401) / 3 = 600.33; bonus 100; the others are full: 8600
    assert (half.parts["limits"].points, half.bonus, half.total, half.grade) == (600, 100, 9300, "excellent")
    # a demerit takes 15 of the 10 points of integrity, which has none left
    assert (year.parts["integrity"].points, year.total, year.grade) == (0, 8300, "good")
    assert (removed.total, removed.grade, removed.vetoes) == (8300, "failed", (0,))
    assert over_months(HUNDRED, "a", [], []).total is None
    assert over_months(HUNDRED, "a", [], [EntryFact(1, "removal", 4000)], takes=False).total is None


def test_what_a_year_takes_counts_for_its_vetoes_even_without_points() -> None:
    """A half-year only carries it."""
    months = [MonthScore(FULL, 0)]
    vetoed = [over_months(HUNDRED, "a", months, [EntryFact(1, "removal", points)], takes=takes).vetoes
              for points, takes in ((4000, True), (0, True), (4000, False))]
    assert vetoed[0]
    assert (vetoed[1], vetoed[2]) == (vetoed[0], ())


def test_months_of_other_weights_count_in_proportion_and_a_veto_that_is_no_more_still_bounds_the_grade() -> None:
    """Half of what a part could be is half of it, whatever it weighed; a month without the part says nothing of it."""
    gone = Veto(label=HUNDRED.vetoes[0].label, grade="passed", part="limits")
    without = {code: part for code, part in FULL.items() if code != "limits"}
    months = [MonthScore({**FULL, "limits": (400, 800)}, 0, (gone,)), MonthScore(FULL, 0), MonthScore(without, 0)]
    year = over_months(HUNDRED, "a", months, [])
    assert (year.parts["limits"].points, year.parts["limits"].top) == (1050, 1400)  # (50 % + 100 %) / 2 of 14
    assert (year.grade, year.vetoes) == ("passed", ())
    kept = over_months(HUNDRED, "a", [MonthScore(FULL, 0, (HUNDRED.vetoes[-1],))], [])
    assert kept.vetoes == (len(HUNDRED.vetoes) - 1,)


def scheme(**changes: Any) -> Scheme:
    given = {"name": {"zh": "试", "en": "t"}, "parts": {"p": {"label": {"zh": "甲", "en": "p"}, "points": 10}},
             "rules": {"red": {"kind": "cards", "part": "p", "level": "red", "points": 4, "label": {"zh": "红", "en": "r"}}},
             "grades": [{"code": "ok", "label": {"zh": "好", "en": "ok"}, "at_least": 6},
                        {"code": "no", "label": {"zh": "差", "en": "no"}, "at_least": 0}]}
    return SCHEMES.checked({**given, **changes}, "test")


def test_a_rule_takes_no_more_than_its_most_and_a_coefficient_converts_the_total() -> None:
    most = scheme(rules={"red": {"kind": "cards", "part": "p", "level": "red", "points": 4, "most": 5,
                                 "label": {"zh": "红", "en": "r"}}}, coefficients={"a": 1.105})
    score = scored(most, INDICATORS, Facts("a", cards=cards("red", 1, 2, 3)))

    assert [line.points for line in score.lines] == [-400, -100, 0]
    assert (score.parts["p"].points, score.total) == (500, 553)  # 552.5, half up


def test_a_veto_is_a_clause_of_the_scheme() -> None:
    strict = scheme(vetoes=[{"label": {"zh": "否", "en": "v"}, "grade": "no", "part": "p", "at_most": 6},
                            {"label": {"zh": "否", "en": "v"}, "grade": "no", "rules": ["red"]}])

    assert (scored(strict, INDICATORS, Facts("a", cards=cards("red", 1))).vetoes) == (0, 1)
    assert scored(strict, INDICATORS, Facts("a", {"accepted": 1})).vetoes == ()


def test_what_an_appeal_gives_back_stands_beside_what_was_taken() -> None:
    plain = scheme(vetoes=[{"label": {"zh": "否", "en": "v"}, "grade": "no", "rules": ["red"]}])
    taken = scored(plain, INDICATORS, Facts("a", cards=cards("red", 1)))
    back = added_up(plain, "a", [*taken.lines, Line(rule=APPEAL, part="p", points=400, of=0)], ["p"])

    assert (taken.total, taken.grade, back.total, back.grade) == (600, "no", 1000, "ok")
    assert [line.points for line in back.lines] == [-400, 400]


def test_a_measure_of_a_part_loses_in_proportion_in_either_direction() -> None:
    efficiency = SCHEMES.find("efficiency-100")
    score = scored(efficiency, INDICATORS, Facts("a", {
        "concluded": 100, "early": 60, "on_due_day": 30, "accepted": 1_000, "yellow": 5, "red": 5, "revoked_red": 1}))

    assert score.parts["on_time"].points == 1500       # 90 % lies half way from 80 to 100
    assert score.parts["procedure"].points == 2000 - 450  # 9 per 1,000 of the 20 that cost all ten
    assert not score.parts["speed"].is_graded


@pytest.mark.parametrize(("changes", "words"), [
    ({"parts": {}}, "at least 1"), ({"told": ["x"]}, "no grade 'x'"),
    ({"rules": {"r": {"kind": "cards", "part": "q", "level": "red", "points": 1, "label": {"zh": "a", "en": "a"}}}},
     "part 'q'"),
    ({"rules": {"r": {"kind": "share", "part": "p", "indicator": "nothing", "at": 0.1, "step": 0.1, "points": 1,
                      "label": {"zh": "a", "en": "a"}}}}, "no indicator 'nothing'"),
    ({"rules": {"r": {"kind": "share", "part": "p", "indicator": "early_rate", "at": 0.1, "step": 0, "points": 1,
                      "label": {"zh": "a", "en": "a"}}}}, "greater than 0"),
    ({"grades": [{"code": "a", "label": {"zh": "a", "en": "a"}, "at_least": 5}]}, "best first"),
    ({"vetoes": [{"label": {"zh": "a", "en": "a"}, "grade": "no"}]}, "either rules or a part"),
    ({"vetoes": [{"label": {"zh": "a", "en": "a"}, "grade": "no", "rules": ["x"]}]}, "the rule 'x'"),
    ({"appeal_days": 90}, "less than or equal to 60"), ({"surprise": 1}, "not permitted")])
def test_a_scheme_that_cannot_be_is_refused_by_its_field(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match="scheme_invalid") as refused:
        scheme(**changes)
    assert words in refused.value.details["problem"]
    assert refused.value.details["remedy"]


def test_the_shipped_schemes_are_written_back_as_they_were_read() -> None:
    assert {code: SCHEMES.checked(one.model_dump(mode="json"), code) for code, one in SCHEMES.shipped.items()} == dict(
        SCHEMES.shipped)
    assert sum(part.points for part in HUNDRED.parts.values()) == Decimal(100)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_state_and_act_of_the_scoring_has_its_words(language: str) -> None:
    root, texts = Path(__file__).resolve().parents[3], load_texts()[language]
    files = [*(root / "evaluation" / "scoring").glob("*.py"), root / "config" / "schemes.py"]
    sources = [path.read_text("utf-8") for path in files]
    kinds = "ConfigError|InvalidInput|NotPermitted|NotFound|Conflict"
    codes = {code for source in sources for code in re.findall(rf'(?:{kinds})\(\s*"([a-z_]+)"', source)}
    keys = [*(f"error.{code}" for code in codes), *(f"config_action.{action.value}" for action in Action),
            *(f"score_state.{state}" for state in ("preview", "proposed", "published", "frozen", "withdrawn")),
            *(f"score_appeal_state.{state}" for state in ("filed", "granted", "rejected"))]

    assert len(codes) > 15
    assert [key for key in keys if not texts.has(key)] == []
