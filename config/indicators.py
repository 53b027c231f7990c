"""The catalogue of indicators (config/indicators.yaml): the one place that says what a figure means and how it is worked out.

Screens, exports, bulletins and the interface read it. An indicator is a formula of base figures, which the day tables keep
(evaluation/models.py): a numerator and, unless it only counts, a denominator, each an expression (config/expressions.py); or it
is the median of a spread (config/spreads.py). Every formula gives a measure, which its unit must fit (config/measures.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from config.documents import Document, Strict, read_document
from config.expressions import Expression, parse_expression
from config.indicator_units import REMEDIES, ROUND_SCALES, SCALED, SCALES, TIMES, Unit, UnitWords, Words, fits, worded
from config.measures import Measure, measured
from config.spreads import SPREADS, Spread
from core.errors import InvalidInput, NotFound

__all__ = ["INDICATORS_FILE", "BaseFigure", "Indicator", "Indicators", "Unit", "Words", "load_indicators"]

INDICATORS_FILE = Path(__file__).parent / "indicators.yaml"


class SpreadWords(Strict):
    """What the values of a spread are called, and what is measured of whom."""

    label: Words
    definition: Words


class BaseFigure(Strict):
    """What is counted of cases, in which unit. `day` says which day it belongs to where figures stand on their own days."""

    label: Words
    definition: Words
    unit: str
    day: Literal["reception", "acceptance", "end", "conclusion", "special", "notice", "rating", "card", "lodging", "answer",
                 "duty", "reply", "signature", "standing", "report"]

    @property
    def is_time(self) -> bool:
        """Whether it adds up time instead of counting things."""
        return self.unit in TIMES.values()


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named formula; a count has no denominator. `better`: whether more is better; `minimum`: a denominator below it is too
    small to compare by; `measure`: what its values are in, in words. A median has a `spread`, and no numerator of its own."""

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
    spread: Spread | None = None

    @property
    def exact_scale(self) -> Fraction:
        return SCALES.get(self.unit, Fraction(1))

    @property
    def scale(self) -> float:
        """What numerator ÷ denominator is multiplied by to be shown."""
        return ROUND_SCALES.get(self.unit, 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The base figures it is made of."""
        of_denominator = self.denominator.names if self.denominator is not None else ()
        return tuple(dict.fromkeys((*self.numerator.names, *of_denominator)))

    @property
    def formula(self) -> str:
        """As people read it."""
        if self.denominator is None or self.spread is not None:
            return self.numerator.text
        return f"{_bracketed(self.numerator)} ÷ {_bracketed(self.denominator)}{SCALED.get(self.unit, '')}"

    def worked_out(self, figures: Mapping[str, int]) -> tuple[float | None, float | None, float | None]:
        """(numerator, denominator, value) for these base figures. No denominator, no value: None, never 0 % or 100 %. A median
        is no quotient: its numerator is None, its denominator the cases."""
        if self.spread is not None:
            median = self.spread.median(figures)
            return None, self.spread.cases(figures), None if median is None else median * self.scale
        above = self.numerator.value(figures)
        if self.denominator is None:
            return above, None, above
        below = self.denominator.value(figures)
        if above is None or not below:
            return above, below, None
        return above, below, above * self.scale / below

    def hits(self, figures: Mapping[str, int]) -> tuple[float, float]:
        """(hits, size) whose quotient is the value before it is scaled; (0, 0) where nothing was counted."""
        above, below, value = self.worked_out(figures)
        if self.spread is not None:
            return (value or 0.0) * (below or 0.0) / self.scale, below or 0.0
        return above or 0.0, below or 0.0

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
    spreads: Mapping[str, SpreadWords]

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
    numerator: str = ""
    denominator: str | None = None
    median: str | None = None
    minimum: int = Field(default=0, ge=0)
    group: str


class _File(Strict):
    version: str = Field(min_length=1, max_length=24)
    minimum: int = Field(ge=1, description="Denominator below which a share is too small to compare by, where none is given.")
    units: dict[str, UnitWords]
    figures: dict[str, BaseFigure]
    spreads: dict[str, SpreadWords] = {}
    indicators: dict[str, _Formula]

    @property
    def units_of_figures(self) -> dict[str, str]:
        return {name: figure.unit for name, figure in self.figures.items()}


def load_indicators(path: Path = INDICATORS_FILE) -> Indicators:
    """The catalogue of a file. Raises ConfigError naming file, line, indicator, column of the formula and remedy."""
    document = read_document(path)
    given = document.read_as(_File)
    _check_units(document, given)
    classes = {name: figure for spread, words in given.spreads.items() for name, figure in _classes(document, spread, words)}
    indicators = {code: (_median if one.median else _indicator)(document, code, one, given)
                  for code, one in given.indicators.items()}
    return Indicators(given.version, given.units, {**given.figures, **classes}, indicators, given.spreads)


def _classes(document: Document, name: str, words: SpreadWords) -> Iterator[tuple[str, BaseFigure]]:
    """The base figures of a spread: so many cases in each class."""
    if name not in SPREADS:
        raise document.problem(("spreads", name), f"nothing is kept of a spread {name!r}", f"one of {', '.join(SPREADS)}")
    spread = SPREADS[name]
    for place, figure in enumerate(spread.figures):
        low, high = spread.bounds(place)
        is_last = place == len(spread.edges)
        span = f"≥ {low}" if is_last else str(low) if low == high else f"{low}–{high}"
        yield figure, BaseFigure(label=words.label.ending(f" {span}"), definition=words.definition.ending(f" {span}"),
                                 unit="case", day="conclusion")


def _median(document: Document, code: str, given: _Formula, file: _File) -> Indicator:
    """The median of a spread: half of the cases lie below."""
    spread = SPREADS.get(given.median or "")
    if spread is None or spread.name not in file.spreads:
        raise document.problem(("indicators", code, "median"), f"there is no spread {given.median!r} (indicator {code})",
                               f"one of {', '.join(file.spreads)}", indicator=code)
    _check_fits(document, code, given.unit, spread.measure)
    told = Expression(f"median({spread.name})", spread.figures, (), ())
    cases = parse_expression(" + ".join(spread.figures), dict.fromkeys(spread.figures))
    return Indicator(code, given.label, given.definition, given.unit, given.better, given.minimum or file.minimum, told, cases,
                     given.group, worded(given.unit, spread.measure, file.units), spread)


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
    _check_fits(document, code, given.unit, gives)
    return Indicator(code, given.label, given.definition, given.unit, given.better, minimum, numerator, denominator,
                     given.group, worded(given.unit, gives, file.units))


def _check_fits(document: Document, code: str, unit: Unit, gives: Measure) -> None:
    if not fits(unit, gives):
        raise document.problem(("indicators", code, "unit"), f"the formula gives {gives}, which is no {unit.value} "
                               f"(indicator {code})", REMEDIES[unit], indicator=code)


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


def _bracketed(expression: Expression) -> str:
    return expression.text if len(expression.steps) == 1 else f"({expression.text})"
