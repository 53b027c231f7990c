"""The comparison as a table for a spreadsheet: what is on the screen, with numerators, denominators and the words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config.indicators import Indicator, Indicators, Unit
from dashboard.panels.comparison_choices import definition, period_name
from dashboard.words import Words
from evaluation.comparison import Row, SideBySide
from evaluation.spreadsheets import Sheet, Value
from evaluation.wish import Wish
from evaluation.wording import why_unranked

FORMATS = dict.fromkeys(Unit, "0.0") | {Unit.SHARE: "0.0%", Unit.COUNT: "#,##0"}
COUNTED = "#,##0"


def sheet(shown: SideBySide, wish: Wish, indicators: Indicators, columns: Sequence[str], said: Sequence[str],
          t: Words) -> Sheet:
    """One line per unit. The indicator compared has its interval and place; every one its numerator and denominator."""
    own = shown.indicator
    others = [] if shown.is_anonymous else [indicators.find(code) for code in columns if code != own.code]
    label = own.label.in_language(t.language)
    heads = [t("comparison_page.column.unit"), *_heads(own, t), *(t(f"comparison_page.column.{name}") for name in (
        "low", "high", "place", "best", "worst", "zone", "why")), *(head for one in others for head in _heads(one, t))]
    form = FORMATS[own.unit]
    formats = ["", form, COUNTED, COUNTED, form, form, "0", "0", "0", "0", "", *(
        one for other in others for one in (FORMATS[other.unit], COUNTED, COUNTED))]
    words = [f"{label} · {period_name(wish, t)} · {t(f'comparison_page.basis_{wish.question.basis.word}')} · "
             f"{t('comparison_page.by')} {t(f'comparison_page.by_{wish.question.by}')}",
             definition(own, indicators, t), *said]
    return Sheet(label, words, heads, [_row(row, shown, others, t) for row in shown.rows], formats)


def _heads(one: Indicator, t: Words) -> list[str]:
    label = one.label.in_language(t.language)
    return [label, f"{label} {t('comparison_page.column.hits')}", f"{label} {t('comparison_page.column.size')}"]


def _row(row: Row, shown: SideBySide, others: Sequence[Indicator], t: Words) -> list[Value]:
    low, high = (None, None) if row.band is None else (row.band.low * shown.scale, row.band.high * shown.scale)
    place = (None, None, None) if row.ranked is None else (row.ranked.rank, row.ranked.best, row.ranked.worst)
    cells: list[Value] = [row.name or t("comparison_page.others"), *_figure(row, shown.indicator.code), low, high, *place,
                          row.zone, why_unranked(row, shown, t)]
    return cells + [value for one in others for value in _figure(row, one.code)]


def _figure(row: Row, code: str) -> tuple[Value, Value, Value]:
    one = row.figures.get(code)
    return (None, None, None) if one is None else (one.value, one.numerator, one.denominator)
