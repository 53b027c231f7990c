"""The catalogue of indicators (config/indicators.yaml): the one place that says what a figure means and how it is worked out.

Screens, exports, bulletins and the interface read it. An indicator is a formula of base figures, which the day tables keep
(evaluation/models.py): a numerator and, unless it only counts, a denominator, each an expression (config/expressions.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from config.documents import Document, Strict, read_document
from config.expressions import Expression, parse_expression
from core.errors import InvalidInput, NotFound

INDICATORS_FILE = Path(__file__).parent / "indicators.yaml"
PER_1000 = 1_000


class Unit(StrEnum):
    """What a value is measured in."""

    SHARE = "share"                # 0.25 is 25 %
    WORKING_DAYS = "working_days"
    COUNT = "count"
    PER_1000 = "per_1000"          # cards per thousand cases


class Words(Strict):
    """The same in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.zh


class BaseFigure(Strict):
    """What is counted of cases. `day` says which day it belongs to where figures stand on their own days."""

    label: Words
    definition: Words
    day: Literal["reception", "acceptance", "end", "conclusion", "special", "notice", "rating", "card", "lodging", "answer",
                 "duty", "reply"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named formula; a count has no denominator. `better`: whether more is better; `minimum`: a denominator below it is too
    small to compare by."""

    code: str
    label: Words
    definition: Words
    unit: Unit
    better: Literal["higher", "lower", "neither"]
    minimum: int
    numerator: Expression
    denominator: Expression | None
    group: str

    @property
    def names(self) -> tuple[str, ...]:
        """The base figures it is made of."""
        of_denominator = self.denominator.names if self.denominator is not None else ()
        return tuple(dict.fromkeys((*self.numerator.names, *of_denominator)))

    @property
    def formula(self) -> str:
        """As people read it."""
        if self.denominator is None:
            return self.numerator.text
        scale = f" × {PER_1000}" if self.unit is Unit.PER_1000 else ""
        return f"{_bracketed(self.numerator)} ÷ {_bracketed(self.denominator)}{scale}"

    def worked_out(self, figures: Mapping[str, int]) -> tuple[float | None, float | None, float | None]:
        """(numerator, denominator, value) for these base figures. No denominator, no value: None, never 0 % or 100 %."""
        above = self.numerator.value(figures)
        if self.denominator is None:
            return above, None, above
        below = self.denominator.value(figures)
        if above is None or not below:
            return above, below, None
        return above, below, above * (PER_1000 if self.unit is Unit.PER_1000 else 1) / below

    def is_small(self, denominator: float | None) -> bool:
        """Whether there is too little to compare by."""
        return self.denominator is not None and (denominator is None or denominator < self.minimum)


@dataclass(frozen=True)
class Indicators:
    """The catalogue. `version` is that of the file."""

    version: str
    figures: Mapping[str, BaseFigure]
    indicators: Mapping[str, Indicator]

    def find(self, code: str) -> Indicator:
        """Raises NotFound `indicator_unknown` with those there are."""
        found = self.indicators.get(code)
        if found is None:
            raise NotFound("indicator_unknown", value=code[:64], accepted=", ".join(self.indicators))
        return found


class _Formula(Strict):
    label: Words
    definition: Words
    unit: Unit
    better: Literal["higher", "lower", "neither"]
    numerator: str
    denominator: str | None = None
    minimum: int = Field(default=0, ge=0)
    group: str


class _File(Strict):
    version: str = Field(min_length=1, max_length=24)
    minimum: int = Field(ge=1, description="Denominator below which a share is too small to compare by, where none is given.")
    figures: dict[str, BaseFigure]
    indicators: dict[str, _Formula]


def load_indicators(path: Path = INDICATORS_FILE) -> Indicators:
    """The catalogue of a file. Raises ConfigError naming file, line, indicator, column of the formula and remedy."""
    document = read_document(path)
    given = document.read_as(_File)
    return Indicators(given.version, given.figures,
                      {code: _indicator(document, code, one, given) for code, one in given.indicators.items()})


def _indicator(document: Document, code: str, given: _Formula, file: _File) -> Indicator:
    numerator = _expression(document, code, "numerator", given.numerator, file)
    if (given.denominator is None) is not (given.unit is Unit.COUNT):
        raise document.problem(("indicators", code, "unit"), "a count has no denominator, everything else has one",
                               "add the denominator, or make it a count", indicator=code)
    denominator = None if given.denominator is None else _expression(document, code, "denominator", given.denominator, file)
    minimum = given.minimum or (0 if denominator is None else file.minimum)
    return Indicator(code, given.label, given.definition, given.unit, given.better, minimum, numerator, denominator,
                     given.group)


def _expression(document: Document, code: str, key: str, text: str, file: _File) -> Expression:
    try:
        return parse_expression(text, file.figures)
    except InvalidInput as failure:
        told = failure.details
        raise document.problem(("indicators", code, key), f"{told['problem']} (indicator {code}, column {told['column']})",
                               told["remedy"], indicator=code, column=told["column"]) from failure


def _bracketed(expression: Expression) -> str:
    return expression.text if len(expression.steps) == 1 else f"({expression.text})"
