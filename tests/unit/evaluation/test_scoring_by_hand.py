"""The schemes of windows and of efficiency on a month worked out by hand, as test_scoring has that of the 100-point scheme."""

from __future__ import annotations

from config.indicators import load_indicators
from config.schemes import load_schemes
from evaluation.scoring.calculation import Score, scored
from evaluation.scoring.facts import CardFact, EntryFact, Facts

INDICATORS = load_indicators()
SCHEMES = load_schemes(INDICATORS.indicators)


def card(number: int, level: str, origin: str = "clock", act: str = "") -> CardFact:
    return CardFact(number, level, origin, number, act)


def points_of(score: Score) -> dict[str, int]:
    return {line.rule: line.points for line in score.lines if line.points}


# window-80 --------------------------------------------------------------------------------------------------------------
#   time (40): three red cards on limits 3 x 5 = 15, two yellow ones 2 x 2 = 4; the warning costs nothing      40 - 19 = 21
#   procedure (30): not decided on the spot, a yellow card -5; a hearing not held, a red card -10; papers asked for again
#     and papers beyond the list, two yellow cards 2 x 5 = 10; a yellow card for a skipped step and a red one for not on
#     the spot are of no rule; 3.5 found at a check                                               30 - 5 - 10 - 10 - 3.5 = 1.5
#   service (30): 31 of 40 satisfied is 0.775; from 0.5 to 0.95 that is 0.275 / 0.45 = 11/18 of the way, 7/18 of 20 points
#     are lost: 7.777..., half up 7.78; 5 of 8 bad ratings put right: 3/8 of 10 are lost, 3.75           30 - 11.53 = 18.47
#   bonus: 102 of 120 done the same day is 0.85: +1 from 0.3 on, and five whole further tenths +5 make 6, at most 5       +5
#   sum 21 + 1.5 + 18.47 + 5 = 45.97: below 60, failed
WINDOW = Facts(
    "hall", {"accepted": 120, "same_day": 102, "rated": 40, "satisfied": 31, "bad_duties": 8, "rectified": 5},
    [card(1, "red"), card(2, "red"), card(3, "red"), card(4, "yellow"), card(5, "yellow"), card(6, "warning"),
     card(7, "yellow", "act", "not_on_the_spot"), card(8, "red", "act", "hearing_not_held"),
     card(9, "yellow", "act", "second_correction"), card(10, "yellow", "act", "material_unlisted"),
     card(11, "yellow", "act", "step_skipped"), card(12, "red", "act", "not_on_the_spot")],
    [EntryFact(1, "checked", 350)])


def test_the_scheme_of_windows_makes_what_the_paper_makes() -> None:
    score = scored(SCHEMES.find("window-80"), INDICATORS, WINDOW)

    assert {code: part.points for code, part in score.parts.items()} == {"time": 2100, "procedure": 150, "service": 1847}
    assert points_of(score) == {"late": -500, "near": -200, "on_the_spot": -500, "hearing": -1000, "repeated_papers": -500,
                                "checked": -350, "satisfaction": -778, "rectified": -375, "same_day": 500}
    assert sum(line.points for line in score.lines) == -1500 - 400 - 500 - 1000 - 1000 - 350 - 778 - 375 + 500
    assert (score.bonus, score.total, score.grade, score.vetoes) == (500, 4597, "failed", ())


def test_a_window_passes_from_80_and_basically_from_60_points() -> None:
    """Time 40 less 4 x 5; the rest whole: 80 just passes, one yellow card on a limit more does not."""
    late = [card(number, "red") for number in range(4)]
    grades = [scored(SCHEMES.find("window-80"), INDICATORS, Facts("hall", {"accepted": 9}, [*late, *more])).grade
              for more in ([], [card(9, "yellow")], [card(9, "red"), card(10, "red"), card(11, "red"), card(12, "red")])]
    assert grades == ["passed", "basic", "basic"]


# efficiency-100 ---------------------------------------------------------------------------------------------------------
#   on time (30): 150 early and 34 on the day of 200 is 0.92; from 0.8 to 1 that is 0.6 of the way: 0.4 x 30 = 12 lost      18
#   speed (20): 1000 days promised, 760 used: 0.24; from 0 to 0.3 that is 0.8 of the way: 0.2 x 20 = 4 lost                 16
#   procedure (20): 15 of 300 steps over is 0.05; from 0.2 down to 0 that is 0.75 of the way: 0.25 x 10 = 2.5 lost;
#     4 yellow and 3 red cards of which one red was revoked, 6 on 400 accepted: 15 per thousand; from 20 down to 0 a quarter
#     of the way: 0.75 x 10 = 7.5 lost                                                                       20 - 2.5 - 7.5 = 10
#   satisfaction (20): 96 of 120 is 0.8; from 0.6 to 0.95 that is 4/7 of the way: 3/7 x 20 = 8.571... lost, 8.57         11.43
#   integrity (10): 4 taken                                                                                                  6
#   bonus: 143 of 200 online is 0.715: +1 from 0.5 on, two whole further tenths +2: 3; 5 and 4.5 entered for reforms 9.5;
#     12.5, at most 10                                                                                                     +10
#   sum 18 + 16 + 10 + 11.43 + 6 + 10 = 71.43: passed
EFFICIENCY = Facts(
    "fagai", {"concluded": 200, "early": 150, "on_due_day": 34, "promised_days": 1_000, "promised_used": 760, "steps": 300,
              "steps_over": 15, "yellow": 4, "red": 3, "revoked_red": 1, "accepted": 400, "rated": 120, "satisfied": 96,
              "online": 143},
    entries=[EntryFact(1, "integrity", 400), EntryFact(2, "innovation", 500), EntryFact(3, "innovation", 450)])


def test_the_scheme_of_efficiency_makes_what_the_paper_makes() -> None:
    score = scored(SCHEMES.find("efficiency-100"), INDICATORS, EFFICIENCY)

    assert {code: part.points for code, part in score.parts.items()} == {
        "on_time": 1800, "speed": 1600, "procedure": 1000, "satisfaction": 1143, "integrity": 600}
    lines = [(line.rule, line.points) for line in score.lines]
    assert lines == [("on_time", -1200), ("speed", -400), ("steps", -250), ("cards", -750), ("satisfaction", -857),
                     ("integrity", -400), ("online", 300), ("innovation", 500), ("innovation", 450)]
    assert (score.bonus, score.total, score.grade, score.vetoes) == (1000, 7143, "passed", ())
    assert all(part.is_graded for part in score.parts.values())


def test_no_point_left_for_integrity_fails_the_best_of_departments() -> None:
    """Everything full, 10 of 10 taken from integrity: 90 points would be excellent, the veto says failed."""
    best = Facts("fagai", {"accepted": 400}, entries=[EntryFact(1, "integrity", 1000)])
    score = scored(SCHEMES.find("efficiency-100"), INDICATORS, best)
    assert (score.total, score.grade, score.vetoes) == (9000, "failed", (0,))
