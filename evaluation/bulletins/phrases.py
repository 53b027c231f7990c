"""Figures and their change on last month as they are written in a Chinese paper. Right for 0, for 1, for no change, and where
last month is not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.indicators import Indicator, Indicators, Unit
from evaluation.bulletins.figures import Counts, Figures, UnitFigures, value

Say = Callable[..., str]
NAMES_MAX = 6        # of departments named in one sentence; more are counted
PERCENT_OF_LEAST = 20  # a growth is told in per cent of at least so many: "doubled, from 1 to 2" misleads

_NAMED = (Unit.WORKING_DAYS, Unit.PER_1000)  # written with a unit of their own


@dataclass(frozen=True, slots=True)
class Telling:
    """What every sentence is made of."""

    figures: Figures
    indicators: Indicators
    say: Say

    def count(self, name: str) -> int:
        """A base figure of the month; 0 where it is not told (`is_told`)."""
        return self.figures.counts.get(name, 0)

    def is_told(self, name: str) -> bool:
        return name in self.figures.counts

    def sum(self, counts: Counts, *names: str) -> int:
        return sum(counts.get(name, 0) for name in names)

    def counted(self, *names: str, of: str = "cases") -> str:
        """How many, and how that changed: 120件，比上月增加20件，上升20.0%."""
        now, before = self.sum(self.figures.counts, *names), None
        if self.figures.has_before and all(name in self.figures.before for name in names):
            before = self.sum(self.figures.before, *names)
        return self.say(f"bulletin.n.{of}", n=now) + count_change(now, before, of, self.say)

    def rate(self, code: str) -> str | None:
        """An indicator and its change: 98.3%，比上月上升1.2个百分点; None without a denominator."""
        indicator = self.indicators.find(code)
        now = value(self.indicators, code, self.figures.counts)
        if now is None:
            return None
        before = value(self.indicators, code, self.figures.before) if self.figures.has_before else None
        return value_text(indicator, now, self.say) + rate_change(indicator, now, before, self.say)

    def label(self, code: str) -> str:
        return self.indicators.find(code).label.zh


def value_text(indicator: Indicator, found: float | None, say: Say) -> str:
    """98.3%, 4.2个工作日, 12.5; — without a denominator."""
    if found is None:
        return "—"
    if indicator.unit is Unit.SHARE:
        return f"{found * 100:.1f}%"
    if indicator.unit in _NAMED:
        return say(f"bulletin.n.{indicator.unit.value}", n=f"{found:.1f}")
    return f"{found:.0f}" if indicator.unit is Unit.COUNT else f"{found:.1f}{indicator.measure.zh}"


def cell_text(indicator: Indicator, found: float | None) -> str:
    """The same in a column whose head names the unit."""
    if found is not None and indicator.unit not in (Unit.SHARE, Unit.COUNT):
        return f"{found:.1f}"
    return value_text(indicator, found, lambda key, **_values: key)


def count_change(now: int, before: int | None, of: str, say: Say) -> str:
    """，比上月增加56件，上升4.8%; ，与上月持平; nothing where last month is not known."""
    if before is None:
        return ""
    if now == before:
        return say("bulletin.change.same")
    word = "more" if now > before else "less"
    said = say(f"bulletin.change.{word}", n=say(f"bulletin.n.{of}", n=abs(now - before)))
    share = f"{abs(now - before) / before * 100:.1f}" if before >= PERCENT_OF_LEAST else "0.0"
    return said if share == "0.0" else said + say(f"bulletin.change.{word}_share", n=share)


def rate_change(indicator: Indicator, now: float, before: float | None, say: Say) -> str:
    """，比上月上升1.2个百分点; a difference that rounding leaves nothing of is none."""
    if before is None:
        return ""
    is_share = indicator.unit is Unit.SHARE
    # The difference of what is printed: a reader who subtracts must come to the same.
    difference = round(now * 100 if is_share else now, 1) - round(before * 100 if is_share else before, 1)
    amount = f"{abs(difference):.1f}"
    if amount == "0.0":
        return say("bulletin.change.same")
    unit = "points" if is_share else "days" if indicator.unit is Unit.WORKING_DAYS else "plain"
    return say(f"bulletin.change.{'up' if difference > 0 else 'down'}_{unit}", n=amount)


def listed(units: Sequence[UnitFigures], told: Callable[[UnitFigures], str], say: Say, *, is_counted: bool = False) -> str:
    """市公安局（3件）、市民政局（1件）等8个部门; only 等 where the sentence says how many (`is_counted`)."""
    named = [say("bulletin.unit", name=unit.name, told=told(unit)) if told(unit) else unit.name for unit in units]
    said = "、".join(named[:NAMES_MAX])
    if len(named) <= NAMES_MAX:
        return said
    return say("bulletin.and_others", names=said) if is_counted else say("bulletin.and_more", names=said, n=len(named))


def by_count(units: Sequence[UnitFigures], *names: str) -> list[UnitFigures]:
    """Those that have any, the most first."""
    have = [(sum(unit.counts.get(name, 0) for name in names), unit) for unit in units]
    return [unit for n, unit in sorted(have, key=lambda one: (-one[0], one[1].name)) if n]
