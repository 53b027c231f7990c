"""The catalogue of indicators (config/indicators.yaml): the one place that says what a figure means and how it is worked out.

Screens, exports, bulletins and the interface read it. An indicator is a formula of base figures, which the day tables keep
(evaluation/models.py): a numerator and, unless it only counts, a denominator, each an expression (config/expressions.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from config.documents import Document, Strict, read_document
from config.expressions import Expression, parse_expression
from config.measures import Measure, measured
from core.errors import InvalidInput, NotFound

INDICATORS_FILE = Path(__file__).parent / "indicators.yaml"


class Unit(StrEnum):
    """How a value is shown; what its formula gives must fit (`_fits`)."""

    SHARE = "share"                # a number of like units: 0.25 is 25 %
    WORKING_DAYS = "working_days"  # alone or per thing
    WORKING_HOURS = "working_hours"  # of working minutes, alone or per thing
    COUNT = "count"                # things
    PER_100 = "per_100"            # things per hundred others
    PER_1000 = "per_1000"


SCALES: Mapping[Unit, float] = {Unit.PER_100: 100, Unit.PER_1000: 1_000, Unit.WORKING_HOURS: 1 / 60}
_SCALED = {Unit.PER_100: " × 100", Unit.PER_1000: " × 1000", Unit.WORKING_HOURS: " ÷ 60"}  # as people read it
_TIMES = {Unit.WORKING_DAYS: "working_day", Unit.WORKING_HOURS: "working_minute"}


class Words(Strict):
    """The same in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.zh


class UnitWords(Strict):
    """What a unit of base figures is called: 件; case, cases."""

    zh: str = Field(min_length=1)
    one: str = Field(min_length=1)
    many: str = Field(min_length=1)


class BaseFigure(Strict):
    """What is counted of cases, in which unit. `day` says which day it belongs to where figures stand on their own days."""

    label: Words
    definition: Words
    unit: str
    day: Literal["reception", "acceptance", "end", "conclusion", "special", "notice", "rating", "card", "lodging", "answer",
                 "duty", "reply"]

    @property
    def is_time(self) -> bool:
        """Whether it adds up time instead of counting things."""
        return self.unit in _TIMES.values()


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named formula; a count has no denominator. `better`: whether more is better; `minimum`: a denominator below it is too
    small to compare by; `measure`: what its values are in, in words."""

    code: str
    label: Words
    definition: Words
    unit: Unit
    better: Literal["higher", "lower", "neither"]
    minimum: int
    numerator: Expression
    denominator: Expression | None
    group: str
    measure: Words

    @property
    def scale(self) -> float:
        """What numerator ÷ denominator is multiplied by to be shown."""
        return SCALES.get(self.unit, 1)

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
        return f"{_bracketed(self.numerator)} ÷ {_bracketed(self.denominator)}{_SCALED.get(self.unit, '')}"

    def worked_out(self, figures: Mapping[str, int]) -> tuple[float | None, float | None, float | None]:
        """(numerator, denominator, value) for these base figures. No denominator, no value: None, never 0 % or 100 %."""
        above = self.numerator.value(figures)
        if self.denominator is None:
            return above, None, above
        below = self.denominator.value(figures)
        if above is None or not below:
            return above, below, None
        return above, below, above * self.scale / below

    def is_small(self, denominator: float | None) -> bool:
        """Whether there is too little to compare by."""
        return self.denominator is not None and (denominator is None or denominator < self.minimum)


@dataclass(frozen=True)
class Indicators:
    """The catalogue. `version` is that of the file."""

    version: str
    units: Mapping[str, UnitWords]
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
    units: dict[str, UnitWords]
    figures: dict[str, BaseFigure]
    indicators: dict[str, _Formula]

    @property
    def units_of_figures(self) -> dict[str, str]:
        return {name: figure.unit for name, figure in self.figures.items()}


def load_indicators(path: Path = INDICATORS_FILE) -> Indicators:
    """The catalogue of a file. Raises ConfigError naming file, line, indicator, column of the formula and remedy."""
    document = read_document(path)
    given = document.read_as(_File)
    _check_units(document, given)
    return Indicators(given.version, given.units, given.figures,
                      {code: _indicator(document, code, one, given) for code, one in given.indicators.items()})


def _check_units(document: Document, file: _File) -> None:
    for name, figure in file.figures.items():
        if figure.unit not in file.units:
            raise document.problem(("figures", name, "unit"), f"there is no unit {figure.unit!r}",
                                   f"one of {', '.join(file.units)}, or describe it under units")


def _indicator(document: Document, code: str, given: _Formula, file: _File) -> Indicator:
    numerator = _expression(document, code, "numerator", given.numerator, file)
    if (given.denominator is None) is not (given.unit is Unit.COUNT):
        raise document.problem(("indicators", code, "unit"), "a count has no denominator, everything else has one",
                               "add the denominator, or make it a count", indicator=code)
    denominator = None if given.denominator is None else _expression(document, code, "denominator", given.denominator, file)
    minimum = given.minimum or (0 if denominator is None else file.minimum)
    gives = _measure(document, code, numerator, denominator, file)
    if not _fits(given.unit, gives):
        raise document.problem(("indicators", code, "unit"), f"the formula gives {gives}, which is no {given.unit.value} "
                               f"(indicator {code})", _REMEDIES[given.unit], indicator=code)
    return Indicator(code, given.label, given.definition, given.unit, given.better, minimum, numerator, denominator,
                     given.group, _worded(given.unit, gives, file.units))


def _expression(document: Document, code: str, key: str, text: str, file: _File) -> Expression:
    return _of_formula(document, code, key, lambda: parse_expression(text, file.figures))


def _measure(document: Document, code: str, numerator: Expression, denominator: Expression | None, file: _File) -> Measure:
    """What the whole formula gives."""
    units = file.units_of_figures
    above = _of_formula(document, code, "numerator", lambda: measured(numerator, units))
    if denominator is None:
        return above
    return above.times(_of_formula(document, code, "denominator", lambda: measured(denominator, units)), -1)


T = TypeVar("T")


def _of_formula(document: Document, code: str, key: str, read: Callable[[], T]) -> T:
    """What is wrong with a formula, told with the place of its indicator in the file."""
    try:
        return read()
    except InvalidInput as failure:
        told = failure.details
        raise document.problem(("indicators", code, key), f"{told['problem']} (indicator {code}, column {told['column']})",
                               told["remedy"], indicator=code, column=told["column"]) from failure


# Units ----------------------------------------------------------------------------------------------------------------

_REMEDIES = {
    Unit.SHARE: "divide like by like, or show it per_100 or per_1000",
    Unit.COUNT: "count things of one unit, or add the denominator and another unit",
    Unit.WORKING_DAYS: "divide working days by what took them",
    Unit.WORKING_HOURS: "divide working minutes by what took them",
    Unit.PER_100: "divide things by things",
    Unit.PER_1000: "divide things by things"}


def _fits(unit: Unit, gives: Measure) -> bool:
    """Whether what a formula gives can be shown so."""
    above, below = gives.above, gives.below
    if unit is Unit.SHARE:
        return not gives.powers
    if unit is Unit.COUNT:
        return len(above) == 1 and not below and above[0] not in _TIMES.values()
    if unit in _TIMES:
        return above == (_TIMES[unit],) and len(below) <= 1
    return len(above) == len(below) <= 1


def _worded(unit: Unit, gives: Measure, units: Mapping[str, UnitWords]) -> Words:
    """% · 件 · 工作日/件 · 张/千件."""
    if unit is Unit.SHARE:
        return Words(zh="%", en="%")
    above, below = (units[one[0]] if one else None for one in (gives.above, gives.below))
    if unit in _TIMES:
        above = units[unit.value.removesuffix("s")]
    times_zh, times_en = {Unit.PER_100: ("百", "100 "), Unit.PER_1000: ("千", "1,000 ")}.get(unit, ("", ""))
    if above is None:
        return Words(zh="‰", en="‰") if unit is Unit.PER_1000 else Words(zh="%", en="%")
    if below is None:
        return Words(zh=above.zh, en=above.many)
    per = below.many if times_en else below.one
    return Words(zh=f"{above.zh}/{times_zh}{below.zh}", en=f"{above.many} per {times_en}{per}")


def _bracketed(expression: Expression) -> str:
    return expression.text if len(expression.steps) == 1 else f"({expression.text})"
