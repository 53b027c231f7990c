"""Units of indicators: how values are shown, what their formulas must give for it, and the words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from config.documents import Strict
from config.measures import Measure


class Unit(StrEnum):
    """How a value is shown; what its formula gives must fit (`fits`)."""

    SHARE = "share"                # a number of like units: 0.25 is 25 %
    WORKING_DAYS = "working_days"  # alone or per thing
    WORKING_HOURS = "working_hours"  # of working minutes, alone or per thing
    COUNT = "count"                # things
    PER_100 = "per_100"            # things per hundred others
    PER_1000 = "per_1000"


SCALES: Mapping[Unit, Fraction] = {
    Unit.PER_100: Fraction(100), Unit.PER_1000: Fraction(1_000), Unit.WORKING_HOURS: Fraction(1, 60)}
ROUND_SCALES = {unit: float(scale) for unit, scale in SCALES.items()}
SCALED = {Unit.PER_100: " × 100", Unit.PER_1000: " × 1000", Unit.WORKING_HOURS: " ÷ 60"}  # as people read it
TIMES = {Unit.WORKING_DAYS: "working_day", Unit.WORKING_HOURS: "working_minute"}


class Words(Strict):
    """The same in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.zh

    def ending(self, words: str) -> Words:
        """These words with others after them."""
        return Words(zh=self.zh + words, en=self.en + words)


class UnitWords(Strict):
    """What a unit of base figures is called: 件; case, cases."""

    zh: str = Field(min_length=1)
    one: str = Field(min_length=1)
    many: str = Field(min_length=1)


REMEDIES = {
    Unit.SHARE: "divide like by like, or show it per_100 or per_1000",
    Unit.COUNT: "count things of one unit, or add the denominator and another unit",
    Unit.WORKING_DAYS: "divide working days by what took them",
    Unit.WORKING_HOURS: "divide working minutes by what took them",
    Unit.PER_100: "divide things by things",
    Unit.PER_1000: "divide things by things"}


def fits(unit: Unit, gives: Measure) -> bool:
    """Whether what a formula gives can be shown so."""
    above, below = gives.above, gives.below
    if unit is Unit.SHARE:
        return not gives.powers
    if unit is Unit.COUNT:
        return len(above) == 1 and not below and above[0] not in TIMES.values()
    if unit in TIMES:
        return above == (TIMES[unit],) and len(below) <= 1
    return len(above) == len(below) <= 1


def worded(unit: Unit, gives: Measure, units: Mapping[str, UnitWords]) -> Words:
    """% · 件 · 工作日/件 · 张/千件."""
    if unit is Unit.SHARE:
        return Words(zh="%", en="%")
    above, below = (units[one[0]] if one else None for one in (gives.above, gives.below))
    if unit in TIMES:
        above = units[unit.value.removesuffix("s")]
    times_zh, times_en = {Unit.PER_100: ("百", "100 "), Unit.PER_1000: ("千", "1,000 ")}.get(unit, ("", ""))
    if above is None:
        return Words(zh="‰", en="‰") if unit is Unit.PER_1000 else Words(zh="%", en="%")
    if below is None:
        return Words(zh=above.zh, en=above.many)
    per = below.many if times_en else below.one
    return Words(zh=f"{above.zh}/{times_zh}{below.zh}", en=f"{above.many} per {times_en}{per}")
