"""A scoring scheme: parts with points and floors, deductions, bonuses, grades, vetoes. Data, validated (config.schemes).

A part begins with its points and is never below its floor (保底分); what nobody graded keeps them (benefit of the doubt, as
real products do). A rule is one of six kinds: cards, the steps of a share, the steps of the cases with a fault, the steps by
which promises are shorter than the law, a share as the part's own measure, and what an inspector enters by hand. Points are
Decimals of at most two places; `hundredths` counts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.acts import Act
from config.documents import Strict
from config.indicators import Words

BONUS = "bonus"
PARTS_MAX, RULES_MAX = 30, 100
Points = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=2)]
Share = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
CODE = r"^[a-z][a-z0-9_]{0,39}$"
Code = Annotated[str, Field(pattern=CODE)]
Origin = Literal["clock", "act", "finding", "order", "complaint", "manual", "onsite"]


def hundredths(points: Decimal) -> int:
    """Points as whole hundredths, in which all sums are made."""
    return int(points * 100)


class Misplaced(ValueError):
    """What parts of a scheme say about one another does not fit. `key` is the field to correct, `reason` a code for words in
    other languages (config/locales: form_problem)."""

    def __init__(self, key: str, reason: str, problem: str, **values: str) -> None:
        super().__init__(problem)
        self.key, self.reason, self.values = key, reason, values


class Part(Strict):
    """One part of the scheme and what it is worth. `floor` (保底分): below it no deduction goes."""

    label: Words
    points: Points
    floor: Points = Decimal(0)

    @model_validator(mode="after")
    def _stands_on_its_floor(self) -> Part:
        if self.floor > self.points:
            raise Misplaced("floor", "floor_above", "the floor is above the points of the part")
        return self


class _Rule(Strict):
    """`part`: the part it is taken from, or `bonus`. `most`: no more than these points of this rule, whatever is counted."""

    label: Words
    part: Code
    points: Points
    most: Points | None = None
    source: str = Field(default="", max_length=200)


class CardsRule(_Rule):
    """So many points for each card of a level, or for each `in_a_row` of them that no card of another level parts. `origins`
    and `acts` narrow it (empty: all). Revoked cards never count."""

    kind: Literal["cards"]
    level: Literal["warning", "yellow", "red"]
    in_a_row: Annotated[int, Field(ge=1, le=100)] = 1
    origins: tuple[Origin, ...] = ()
    acts: tuple[Act, ...] = ()


class _Steps(_Rule):
    """`points` from `at` on, and `further` (the same where it is not given) for each whole `step` beyond."""

    at: Share
    step: Annotated[Share, Field(gt=0)]
    further: Points | None = None


class ShareRule(_Steps):
    """The steps of an indicator. Below `minimum` (that of the indicator where it is not given) nothing is counted."""

    kind: Literal["share"]
    indicator: Code
    minimum: Annotated[int, Field(ge=0)] | None = None


class FaultyRule(_Steps):
    """The steps of the share of concluded cases that show one of these faults of acts."""

    kind: Literal["faulty"]
    acts: Annotated[tuple[Act, ...], Field(min_length=1)]


class ShorteningRule(_Steps):
    """The steps by which every published promise of a department is shorter than the law's limit: its least shortened item
    counts. An item whose two limits cannot be compared leaves the rule without a value."""

    kind: Literal["shortening"]


class ScaleRule(_Rule):
    """The part's own measure: `points` are lost in proportion, none at `full`, all at `zero`. Without a denominator, or with
    one below `minimum`, nothing is lost."""

    kind: Literal["scale"]
    indicator: Code
    zero: Share = Decimal(0)
    full: Share = Decimal(1)
    minimum: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _differ(self) -> ScaleRule:
        if self.zero == self.full:
            raise Misplaced("full", "same_ends", "zero and full are the same value")
        return self


class ManualRule(_Rule):
    """What an inspector enters with its evidence: `points` each, or as many up to `points` where it is `open`. `yearly`:
    counted in the score of the year and in no month."""

    kind: Literal["manual"]
    open: bool = False
    yearly: bool = False


Rule = Annotated[CardsRule | ShareRule | FaultyRule | ShorteningRule | ScaleRule | ManualRule, Field(discriminator="kind")]


class Grade(Strict):
    """From so many points on."""

    code: Code
    label: Words
    at_least: Points


class Veto(Strict):
    """一票否决: one line of these rules, or a part with no more than these points (`at_most`). Then the grade is that one at
    best, the total no more than `most`, or both. `period`: a clause of the `month` bounds the month alone, one of the `whole`
    also the half-year and the year the month belongs to."""

    label: Words
    grade: Code | None = None
    most: Points | None = None
    rules: tuple[Code, ...] = ()
    part: Code | None = None
    at_most: Points = Decimal(0)
    period: Literal["month", "whole"] = "whole"

    @model_validator(mode="after")
    def _has_one_cause_and_an_effect(self) -> Veto:
        if bool(self.rules) is (self.part is not None):
            raise Misplaced("rules", "veto_cause", "give either rules or a part")
        if self.grade is None and self.most is None:
            raise Misplaced("grade", "veto_effect", "give the best grade, the most points, or both")
        return self


class Scheme(Strict):
    """A scheme as it is written and stored. Grades stand best first, the last from 0; `told`: the grades of which the
    department and its leaders are told; `appeal_days`: working days after the publication."""

    name: Words
    order: Annotated[int, Field(ge=0, le=999)] = 100  # place in lists
    source: str = Field(default="", max_length=400)
    parts: dict[Code, Part] = Field(min_length=1, max_length=PARTS_MAX)
    rules: dict[Code, Rule] = Field(max_length=RULES_MAX)
    bonus_most: Points | None = None
    grades: tuple[Grade, ...] = Field(min_length=1, max_length=10)
    vetoes: tuple[Veto, ...] = Field(default=(), max_length=20)
    told: tuple[Code, ...] = ()
    appeal_days: Annotated[int, Field(ge=0, le=60)] = 5
    coefficients: dict[str, Annotated[Decimal, Field(gt=0, le=2, decimal_places=4)]] = {}

    @model_validator(mode="after")
    def _agrees(self) -> Scheme:
        for problem in (*self._of_parts(), *self._of_grades(), *self._of_vetoes()):
            raise problem
        return self

    def _of_parts(self) -> Iterator[Misplaced]:
        if BONUS in self.parts:
            yield Misplaced(f"parts.{BONUS}", "part_called_bonus", "no part may be called bonus")
        for code, rule in self.rules.items():
            if rule.part not in (*self.parts, BONUS):
                yield Misplaced(f"rules.{code}.part", "part_unknown",
                                f"rule {code} names the part {rule.part!r}, which does not exist", value=rule.part)
            if rule.kind == "scale" and rule.part == BONUS:
                yield Misplaced(f"rules.{code}.part", "bonus_scale",
                                f"rule {code} is a measure of a part and cannot be a bonus")

    def _of_grades(self) -> Iterator[Misplaced]:
        known = [grade.code for grade in self.grades]
        for at, (grade, better) in enumerate(zip(self.grades[1:], self.grades, strict=False), start=1):
            if grade.at_least >= better.at_least:
                yield Misplaced(f"grades.{at}.at_least", "grade_order", "grades must stand best first, each once")
            if grade.code in known[:at]:
                yield Misplaced(f"grades.{at}.code", "grade_twice", f"the grade {grade.code!r} is there twice",
                                value=grade.code)
        if self.grades[-1].at_least != 0:
            yield Misplaced(f"grades.{len(known) - 1}.at_least", "grade_last",
                            "grades must stand best first, and the last must begin at 0")
        named = [("told", code) for code in self.told]
        named += [(f"vetoes.{at}.grade", veto.grade) for at, veto in enumerate(self.vetoes) if veto.grade is not None]
        yield from (Misplaced(key, "grade_unknown", f"there is no grade {code!r}", value=code) for key, code in named
                    if code not in known)

    def _of_vetoes(self) -> Iterator[Misplaced]:
        for at, veto in enumerate(self.vetoes):
            for code in veto.rules:
                if code not in self.rules:
                    yield Misplaced(f"vetoes.{at}.rules", "rule_unknown",
                                    f"a veto names the rule {code!r}, which does not exist", value=code)
            if veto.period == "month" and any(getattr(self.rules.get(code), "yearly", False) for code in veto.rules):
                yield Misplaced(f"vetoes.{at}.period", "veto_yearly", "what is taken from the year bounds no month")
            if veto.part is not None and veto.part not in self.parts:
                yield Misplaced(f"vetoes.{at}.part", "part_unknown",
                                f"a veto names the part {veto.part!r}, which does not exist", value=veto.part)
            elif veto.part is not None and veto.at_most < self.parts[veto.part].floor:
                yield Misplaced(f"vetoes.{at}.at_most", "veto_never",
                                f"the part {veto.part!r} never falls that low, its floor is above")

    @property
    def top(self) -> int:
        """Full points without any bonus, in hundredths."""
        return sum(hundredths(part.points) for part in self.parts.values())

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators it asks for."""
        return tuple(dict.fromkeys(rule.indicator for rule in self.rules.values() if isinstance(rule, ShareRule | ScaleRule)))
