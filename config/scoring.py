"""Scoring schemes (config/scoring/*.yaml): parts with points, deductions, bonuses, grades, vetoes. Data, validated on load.

A part begins with its points and is never below 0; what nobody graded keeps them (benefit of the doubt, as real products do).
A rule is one of five kinds: cards, the steps of a share, the steps by which promises are shorter than the law, a share as the
part's own measure, and what an inspector enters by hand. Points are Decimals of at most two places; `hundredths` counts them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from config.acts import Act
from config.documents import Strict, read_document
from config.indicators import Words
from core.errors import ConfigError, NotFound

SCORING_DIR = Path(__file__).parent / "scoring"
BONUS = "bonus"
PARTS_MAX, RULES_MAX = 30, 100
Points = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=2)]
Share = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Origin = Literal["clock", "act", "finding", "order", "complaint", "manual", "onsite"]


def hundredths(points: Decimal) -> int:
    """Points as whole hundredths, in which all sums are made."""
    return int(points * 100)


class Part(Strict):
    """One part of the scheme and what it is worth."""

    label: Words
    points: Points


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
            raise ValueError("zero and full are the same value")
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
    """一票否决: one line of these rules, or a part with no more than these points, and the grade is that one at best."""

    label: Words
    grade: Code
    rules: tuple[Code, ...] = ()
    part: Code | None = None
    at_most: Points = Decimal(0)

    @model_validator(mode="after")
    def _has_one_cause(self) -> Veto:
        if bool(self.rules) is (self.part is not None):
            raise ValueError("give either rules or a part")
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
        problems = [*self._unknown_parts(), *self._unknown_grades(), *self._unknown_rules()]
        if problems:
            raise ValueError(problems[0])
        return self

    def _unknown_parts(self) -> list[str]:
        known = {*self.parts, BONUS}
        found = [f"rule {code} names the part {rule.part!r}, which does not exist" for code, rule in self.rules.items()
                 if rule.part not in known]
        found += [f"rule {code} is a measure of a part and cannot be a bonus" for code, rule in self.rules.items()
                  if rule.kind == "scale" and rule.part == BONUS]
        found += [f"a veto names the part {veto.part!r}, which does not exist" for veto in self.vetoes
                  if veto.part is not None and veto.part not in self.parts]
        return [*found, *(["no part may be called bonus"] if BONUS in self.parts else [])]

    def _unknown_grades(self) -> list[str]:
        ends = [grade.at_least for grade in self.grades]
        codes = {grade.code for grade in self.grades}
        named = (*self.told, *(veto.grade for veto in self.vetoes))
        found = [f"there is no grade {code!r}" for code in named if code not in codes]
        if ends != sorted(ends, reverse=True) or len(codes) < len(ends) or len(set(ends)) < len(ends) or ends[-1] != 0:
            found.append("grades must stand best first, each once, and the last must begin at 0")
        return found

    def _unknown_rules(self) -> list[str]:
        return [f"a veto names the rule {code!r}, which does not exist" for veto in self.vetoes for code in veto.rules
                if code not in self.rules]

    @property
    def top(self) -> int:
        """Full points without any bonus, in hundredths."""
        return sum(hundredths(part.points) for part in self.parts.values())

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators it asks for."""
        return tuple(dict.fromkeys(rule.indicator for rule in self.rules.values() if isinstance(rule, ShareRule | ScaleRule)))


# What a scheme that is composed anew begins with.
BLANK: Mapping[str, Any] = {
    "name": {"zh": "新方案", "en": "New scheme"}, "parts": {"work": {"label": {"zh": "办件", "en": "Cases"}, "points": 100}},
    "rules": {}, "grades": [{"code": "passed", "label": {"zh": "合格", "en": "Passed"}, "at_least": 60},
                            {"code": "failed", "label": {"zh": "不合格", "en": "Failed"}, "at_least": 0}]}


class Schemes:
    """The shipped schemes by code, and the check of any other."""

    def __init__(self, shipped: Mapping[str, Scheme], indicators: Collection[str]) -> None:
        self.shipped, self._indicators = shipped, indicators

    def find(self, code: str) -> Scheme:
        """Raises NotFound."""
        found = self.shipped.get(code)
        if found is None:
            raise NotFound("scheme_unknown", value=code[:64], accepted=", ".join(self.shipped))
        return found

    def checked(self, content: Mapping[str, Any], origin: str) -> Scheme:
        """The scheme of a content. Raises ConfigError naming the record, the field and the remedy."""
        try:
            scheme = Scheme.model_validate(content)
        except ValidationError as refusal:
            first = refusal.errors(include_url=False, include_context=False)[0]
            raise _problem(origin, ".".join(map(str, first["loc"])), first["msg"], "correct that field") from refusal
        for code, rule in scheme.rules.items():
            if isinstance(rule, ShareRule | ScaleRule) and rule.indicator not in self._indicators:
                raise _problem(origin, f"rules.{code}.indicator", f"there is no indicator {rule.indicator!r}",
                               f"one of {', '.join(self._indicators)}")
        return scheme


def load_schemes(indicators: Collection[str], directory: Path = SCORING_DIR) -> Schemes:
    """Every scheme of a folder, by the name of its file, in their order. Raises ConfigError naming file, field and remedy."""
    found = Schemes({}, indicators)
    shipped = {path.stem: found.checked(read_document(path).data, str(path)) for path in sorted(directory.glob("*.yaml"))}
    return Schemes(dict(sorted(shipped.items(), key=lambda one: one[1].order)), indicators)


def _problem(origin: str, key: str, problem: str, remedy: str) -> ConfigError:
    return ConfigError("scheme_invalid", file=origin, key=key, problem=problem, remedy=remedy)
