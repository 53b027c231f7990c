"""A bulletin as a workbook: the same figures as numbers, a sheet for each table, charts Excel draws itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import msgspec

from config.indicators import Indicator, Unit
from evaluation.bulletins.figures import APPLICANTS, CARDS, Counts, value
from evaluation.bulletins.phrases import Telling
from evaluation.bulletins.tables import HIDDEN, in_order, rates_of, score_heads
from evaluation.models import CARDS_BY_SUBJECT
from evaluation.small_numbers import RATINGS
from evaluation.spreadsheets import Sheet, Value, as_xlsx
from papers.official import OfficialPaper, Paragraph

A4 = 9  # Excel's number of it
FINISHED = ("concluded", "returned", "voided")
_CASES = ("received", *APPLICANTS, "accepted", *FINISHED, "not_accepted", "withdrawn", "early", "on_due_day", "late")
_NEWER = frozenset({*APPLICANTS, *CARDS_BY_SUBJECT})
_MATTERS = ("consultations", "consultations_answered", "complaints", "complaints_answered")
_OVERVIEW = ("finish_rate", "early_rate", "on_time_rate", "overdue_rate", "statutory_speed", "promised_speed", "mean_days",
             "cards_per_1000", "satisfaction")
_FORMATS = dict.fromkeys(Unit, "0.0") | {Unit.SHARE: "0.0%", Unit.COUNT: "0"}


def workbook(t: Telling, paper: OfficialPaper) -> bytes:
    """The file; equal bulletins give equal bytes."""
    said = [paper.title, t.say("bulletin.sheet.number", number=paper.number) if paper.number else t.say("bulletin.sheet.draft")]
    sheets = [_overview(t, said), _cases(t, said), _cards(t, said), _efficiency(t, said), _people(t, said), _trend(t, said),
              *_scores(t, said), _notes(t, said, paper)]
    trend, months = sheets[5], len(t.figures.trend)
    return as_xlsx(sheets, title=paper.title, created=datetime.combine(paper.date, time()),
                   draw=lambda book: _finish(book, trend, months))


def _overview(t: Telling, said: Sequence[str]) -> Sheet:
    rows: list[list[Value]] = [[t.indicators.figures[name].label.zh, *_changed(t, name)]
                               for name in _told(t, (*_CASES, *CARDS, *CARDS_BY_SUBJECT, *_MATTERS, *RATINGS))]
    for code in _OVERVIEW:
        now, before = (value(t.indicators, code, counts) for counts in (t.figures.counts, t.figures.before))
        rows.append([_head(t, code), *map(_shown(t.indicators.find(code)), (now, before, _difference(now, before)))])
    heads = [t.say(f"bulletin.sheet.{name}") for name in ("figure", "now", "before", "change")]
    return Sheet(t.say("bulletin.sheet.overview"), said, heads, rows, ("", *("General",) * 3))


def _told(t: Telling, names: Sequence[str]) -> list[str]:
    """Those the bulletin tells, or keeps back for small numbers; one made before they were counted has no applicants and no
    cards by what they are for."""
    return [name for name in names if t.is_told(name) or name not in _NEWER]


def _changed(t: Telling, name: str) -> list[Value]:
    now, before = t.figures.counts.get(name), t.figures.before.get(name)
    hidden: Value = HIDDEN if now is None else now
    return [hidden, before, None if now is None or before is None else now - before]


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _shown(indicator: Indicator) -> Any:
    """A share among counts is written out: a column has one format."""
    def shown(found: float | None) -> Value:
        if found is None:
            return "—"
        return f"{found * 100:.1f}%" if indicator.unit is Unit.SHARE else round(found, 1)
    return shown


def _cases(t: Telling, said: Sequence[str]) -> Sheet:
    names, counted = ("finish_rate", "early_rate", "on_time_rate", "overdue_rate"), _told(t, _CASES)
    heads = [t.say("bulletin.table.org"), *(t.indicators.figures[name].label.zh for name in counted),
             *(t.label(code) for code in names), t.say("bulletin.table.change")]

    def row(name: str, counts: Counts, before: Counts) -> list[Value]:
        change = counts["accepted"] - before["accepted"] if before else None
        return [name, *(counts[one] for one in counted), *(value(t.indicators, code, counts) for code in names), change]

    rows = [row(unit.name, unit.counts, unit.before) for unit in t.figures.units]
    rows.append(row(t.say("bulletin.table.sum"), t.figures.counts, t.figures.before))
    return Sheet(t.say("bulletin.sheet.cases"), said, heads, rows, ("", *("0",) * len(counted), *("0.0%",) * 4, "+0;-0;0"))


def _cards(t: Telling, said: Sequence[str]) -> Sheet:
    labels, apart = [t.indicators.figures[name].label.zh for name in CARDS], _told(t, CARDS_BY_SUBJECT)
    heads = [t.say("bulletin.table.org"), *(t.say("bulletin.sheet.by_card") + label for label in labels),
             *(t.say("bulletin.sheet.by_acceptance") + label for label in labels), t.label("cards_per_1000"),
             *(t.indicators.figures[name].label.zh for name in apart)]

    def row(name: str, counts: Counts, accepted: Counts) -> list[Value]:
        return [name, *(counts[one] for one in CARDS), *(accepted[one] for one in CARDS),
                value(t.indicators, "cards_per_1000", counts), *(counts[one] for one in apart)]

    rows = [row(unit.name, unit.counts, unit.cards_by_acceptance) for unit in t.figures.units]
    rows.append(row(t.say("bulletin.table.sum"), t.figures.counts, t.figures.cards_by_acceptance))
    return Sheet(t.say("bulletin.sheet.cards"), said, heads, rows, ("", *("0",) * 10, "0.0", *("0",) * len(apart)))


def _scores(t: Telling, said: Sequence[str]) -> list[Sheet]:
    scores = t.figures.scores
    if isinstance(scores, msgspec.UnsetType):
        return []
    rows: list[list[Value]] = [[unit.place, unit.name, unit.total / 100, unit.grade, "、".join(unit.vetoes)]
                               for unit in scores.units]
    told = [*said, t.say("bulletin.scores.caption", scheme=scores.scheme),
            t.say("bulletin.scores.frozen", digest=scores.digest)]
    return [Sheet(t.say("bulletin.sheet.scores"), told, score_heads(t), rows, ("0", "", "0.00", "", ""))]


def _efficiency(t: Telling, said: Sequence[str]) -> Sheet:
    rates = rates_of(t)
    ranking = _FORMATS[t.indicators.find(t.figures.rank_by).unit]
    heads = [t.say("bulletin.table.place"), t.say("bulletin.sheet.best"), t.say("bulletin.sheet.worst"),
             t.say("bulletin.table.org"), *(_head(t, code) for code in rates), t.say("bulletin.sheet.low"),
             t.say("bulletin.sheet.high")]
    scale = t.indicators.find(t.figures.rank_by).scale
    rows: list[list[Value]] = []
    for unit in in_order(t):
        place: list[Value] = ["—", "—", "—"] if unit.place is None else [unit.place.rank, unit.place.best, unit.place.worst]
        ends = [None if end is None else end * scale for end in (unit.low, unit.high)]
        rows.append([*place, unit.name, *(value(t.indicators, code, unit.counts) for code in rates), *ends])
    whole = [value(t.indicators, code, t.figures.counts) for code in rates]
    rows.append([None, None, None, t.say("bulletin.table.sum"), *whole])
    return Sheet(t.say("bulletin.sheet.efficiency"), said, heads, [[*row, *[None] * (len(heads) - len(row))] for row in rows],
                 ("0", "0", "0", "", *(_FORMATS[t.indicators.find(code).unit] for code in rates), ranking, ranking))


def _head(t: Telling, code: str) -> str:
    return t.say("bulletin.table.days") if t.indicators.find(code).unit is Unit.WORKING_DAYS else t.label(code)


def _people(t: Telling, said: Sequence[str]) -> Sheet:
    names = (*_MATTERS, *RATINGS)
    heads = [t.say("bulletin.table.org"), *(t.indicators.figures[name].label.zh for name in names), t.label("satisfaction")]

    def row(name: str, counts: Counts) -> list[Value]:
        share: Value = value(t.indicators, "satisfaction", counts) if "rated" in counts else HIDDEN
        return [name, *(counts.get(one, HIDDEN) for one in names), share]

    rows = [row(unit.name, unit.counts) for unit in t.figures.units]
    rows.append(row(t.say("bulletin.table.sum"), t.figures.counts))
    return Sheet(t.say("bulletin.sheet.people"), said, heads, rows, ("", *("0",) * len(names), "0.0%"))


def _trend(t: Telling, said: Sequence[str]) -> Sheet:
    names = ("received", "accepted", *FINISHED, *CARDS)
    heads = [t.say("bulletin.sheet.month"), *(t.indicators.figures[name].label.zh for name in names),
             t.label(t.figures.rank_by)]
    rows: list[list[Value]] = [[one.month, *(one.counts[name] for name in names),
                                value(t.indicators, t.figures.rank_by, one.counts)] for one in t.figures.trend]
    return Sheet(t.say("bulletin.sheet.trend"), said, heads, rows,
                 ("", *("0",) * len(names), _FORMATS[t.indicators.find(t.figures.rank_by).unit]))


def _notes(t: Telling, said: Sequence[str], paper: OfficialPaper) -> Sheet:
    """The text of the bulletin and its notes."""
    told = [block.text for block in (*paper.body, *paper.annexes[-1].body) if isinstance(block, Paragraph)]
    return Sheet(t.say("bulletin.sheet.notes"), said, [t.say("bulletin.sheet.notes")], [[one] for one in told],
                 is_prose=True)


def _finish(book: Any, trend: Sheet, months: int) -> None:
    """Every sheet prints on pages of A4 as wide as it is, its head on each; below the months a chart of them."""
    top = len(trend.words)
    for sheet in book.worksheets():
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(top)
    _chart(book, trend, top, months)


def _chart(book: Any, trend: Sheet, top: int, months: int) -> None:
    columns = book.add_chart({"type": "column"})
    for column in (2, 3):
        columns.add_series({"name": [trend.name, top, column], "categories": [trend.name, top + 1, 0, top + months, 0],
                            "values": [trend.name, top + 1, column, top + months, column]})
    columns.set_size({"width": 960, "height": 340})
    columns.set_legend({"position": "top"})
    book.get_worksheet_by_name(trend.name).insert_chart(top + months + 2, 0, columns)
