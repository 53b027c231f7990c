"""The views of the comparison as tables for a spreadsheet: what is on the screen, with numerators, denominators and the words;
above it what it is, when it was made and by whom, behind it what its indicators mean. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from config.indicators import Indicator, Indicators, Unit
from core.access import Actor
from dashboard.panels.comparison_choices import in_words, period_name
from dashboard.panels.comparison_persons import by_person, person_name
from dashboard.times import stamp
from dashboard.words import Words
from evaluation.comparison import Row, SideBySide
from evaluation.happenings import Happening
from evaluation.over_time import Course, Season
from evaluation.period import Corrected, Figure
from evaluation.spreadsheets import Sheet, Value
from evaluation.wish import Wish
from evaluation.wording import why_unranked

FORMATS = dict.fromkeys(Unit, "0.0") | {Unit.SHARE: "0.0%", Unit.COUNT: "#,##0"}
COUNTED = "#,##0"


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the table of every file; `subject` is what was drilled down to, "" for all units."""

    wish: Wish
    indicators: Indicators
    subject: str
    actor: Actor
    at: int
    corrected: Corrected | None  # of what stands below

    def lines(self, one: Indicator, about: str, t: Words) -> list[str]:
        basis = t(f"comparison_page.basis_{self.wish.question.basis.word}")
        parts = [self.subject, one.label.in_language(t.language), period_name(self.wish, t), basis, about]
        return [" · ".join(filter(None, parts)), one.definition.in_language(t.language)]

    def foot(self, t: Words) -> list[str]:
        """What changed after its days were over, where that is told, and when this was made."""
        known = self.corrected
        if known is None:
            return [self._made(t)]
        late = t("comparison_page.corrected_told", n=known.rows, at=stamp(known.last_at)) if known.rows else t(
            "comparison_page.corrected_none")
        return [late, self._made(t)]

    def _made(self, t: Words) -> str:
        """When, by whom, by which catalogue: what a printed file is asked for."""
        return t("comparison_page.made", at=stamp(self.at), name=self.actor.display_name or self.actor.name,
                 version=self.indicators.version)


def definitions(codes: Sequence[str], indicators: Indicators, t: Words) -> Sheet:
    """What the indicators of a file mean and how they are worked out."""
    name = t("comparison_page.definitions")
    heads = [t(f"comparison_page.column.{column}") for column in ("indicator", "definition", "measure", "formula", "minimum")]
    rows: list[list[Value]] = []
    for one in map(indicators.find, dict.fromkeys(codes)):
        minimum = one.minimum if one.denominator is not None else None
        words = [text.in_language(t.language) for text in (one.label, one.definition, one.measure)]
        rows.append([*words, in_words(one.formula, indicators, t), minimum])
    return Sheet(name, [], heads, rows, ["", "", "", "", "0"])


# Side by side ----------------------------------------------------------------------------------------------------------------


def sheet(shown: SideBySide, head: Head, columns: Sequence[str], said: Sequence[str], t: Words, by: str = "") -> Sheet:
    """One line per unit. The indicator compared has its interval and place; every one its numerator and denominator."""
    own = shown.indicator
    others = [] if shown.is_anonymous else [head.indicators.find(code) for code in columns if code != own.code]
    heads = [t("comparison_page.column.unit"), *_heads(own, t), *(t(f"comparison_page.column.{name}") for name in (
        "low", "high", "place", "best", "worst", "zone", "why")), *(head for one in others for head in _heads(one, t))]
    form = FORMATS[own.unit]
    formats = ["", form, COUNTED, COUNTED, form, form, "0", "0", "0", "0", "", *(
        one for other in others for one in (FORMATS[other.unit], COUNTED, COUNTED))]
    about = f"{t('comparison_page.by')} {t(f'comparison_page.by_{by or head.wish.question.by}')}"
    return Sheet(own.label.in_language(t.language), [*head.lines(own, about, t), *said, *head.foot(t)], heads,
                 [_row(row, shown, others, t) for row in shown.rows], formats)


def _heads(one: Indicator, t: Words) -> list[str]:
    label = one.label.in_language(t.language)
    return [label, f"{label} {t('comparison_page.column.hits')}", f"{label} {t('comparison_page.column.size')}"]


def _row(row: Row, shown: SideBySide, others: Sequence[Indicator], t: Words) -> list[Value]:
    low, high = (None, None) if row.band is None else (row.band.low * shown.scale, row.band.high * shown.scale)
    place = (None, None, None) if row.ranked is None else (row.ranked.rank, row.ranked.best, row.ranked.worst)
    cells: list[Value] = [row.name or t("comparison_page.others"), *_figure(row.figures, shown.indicator.code), low, high,
                          *place, row.zone, why_unranked(row, shown, t)]
    return cells + [value for one in others for value in _figure(row.figures, one.code)]


def _figure(figures: Mapping[str, Figure], code: str) -> tuple[Value, Value, Value]:
    one = figures.get(code)
    return (None, None, None) if one is None else (one.value, one.numerator, one.denominator)


# Over time -------------------------------------------------------------------------------------------------------------------


def course_sheet(course: Course, marks: Sequence[Happening], worded: Callable[[Happening], str], head: Head,
                 said: Sequence[str], t: Words) -> Sheet:
    """One line per point of the chart: value, what was counted, limits, the rules that spoke, and what happened then."""
    own, chart, form = course.indicator, course.chart, FORMATS[course.indicator.unit]
    names = ("first_day", "value", "counted", "working_days", "centre", "low_limit", "high_limit", "score", "signals", "marks")
    ends = [*(start - timedelta(days=1) for start in course.starts[1:]), date.max]
    rows: list[list[Value]] = []
    for at, (point, start, end) in enumerate(zip(chart.points, course.starts, ends, strict=True)):
        has_limits = point.value is not None and chart.centre is not None
        limits = (chart.centre, point.low, point.high) if has_limits else (None, None, None)
        rules = [_signal_words(one.rule, one.side, t) for one in chart.signals if one.first <= at <= one.last]
        then = [worded(one) for one in marks if one.first <= end and one.last >= start]
        rows.append([start.isoformat(), _scaled(point.value, course.scale), point.size, course.worked[at],
                     *(_scaled(one, course.scale) for one in limits), point.score if has_limits else None,
                     "; ".join(rules), "; ".join(then)])
    about = t(f"comparison_page.grain.{course.grain}") + (
        f" · {t('comparison_page.per_working_day')}" if course.per_working_day else "")
    return Sheet(own.label.in_language(t.language), [*head.lines(own, about, t), *said, *head.foot(t)],
                 [t(f"comparison_page.column.{name}") for name in names], rows,
                 ["", form, COUNTED, "0", form, form, form, "0.00", "", ""])


def _signal_words(rule: str, side: int, t: Words) -> str:
    return t(f"comparison_rule.{rule}_{'up' if side > 0 else 'down'}")


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else value * scale


def seasons_sheet(course: Course, seasons: Sequence[Season], head: Head, said: Sequence[str], t: Words) -> Sheet:
    """One line per period compared with: both values, the change and its interval."""
    own, form, scale = course.indicator, FORMATS[course.indicator.unit], course.scale
    names = ("compared_with", "first_day", "last_day", "working_days", "before", "now", "change", "low", "high", "certain")
    rows: list[list[Value]] = []
    for one in seasons:
        other, span = one.comparable, one.change
        change = None if one.now is None or one.before is None else one.now - one.before
        low, high = (None, None) if span is None else (span.low, span.high)
        rows.append([t(f"comparison_page.season.{other.name}"), other.stretch.first.isoformat(), other.stretch.last.isoformat(),
                     other.working_days, *(_scaled(value, scale) for value in (one.before, one.now, change, low, high)),
                     "" if span is None else t(f"comparison_page.{'certain' if one.is_certain else 'by_chance'}")])
    return Sheet(t("comparison_page.seasons"), [*head.lines(own, t("comparison_page.seasons"), t), *said, *head.foot(t)],
                 [t(f"comparison_page.column.{name}") for name in names], rows, ["", "", "", "0", *([form] * 5), ""])


# Persons ---------------------------------------------------------------------------------------------------------------------


def persons_sheet(figures: Sequence[Figure], shown: Sequence[Indicator], head: Head, t: Words) -> Sheet:
    """One line per person, in the order of their names: no ranking here either."""
    heads = [t("comparison_page.person"), *(name for one in shown for name in _heads(one, t))]
    formats = ["", *(form for one in shown for form in (FORMATS[one.unit], COUNTED, COUNTED))]
    rows: list[list[Value]] = [
        [person_name(person, t), *(value for one in shown for value in _figure(found, one.code))]
        for person, found in by_person(figures).items()]
    basis = t(f"comparison_page.basis_{head.wish.question.basis.word}")
    title = " · ".join((head.subject, t("comparison_page.person"), period_name(head.wish, t), basis))
    return Sheet(t("comparison_page.person"), [title, t("comparison_page.persons_means"), *head.foot(t)], heads, rows, formats)
