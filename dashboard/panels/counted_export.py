"""The list behind a figure as a table for a spreadsheet. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.panels.comparison_export import Head
from dashboard.panels.counted_views import LEVEL_NAMES, NameOf, heads_of, state_words
from dashboard.times import stamp
from dashboard.words import Words
from evaluation.counted import Behind, Kind, Line
from evaluation.spreadsheets import Sheet, Value


def sheet(found: Behind, head: Head, about: str, said: Sequence[str], item_name: NameOf, t: Words) -> Sheet:
    """A line for each thing, the last first; a list longer than a file may be says so."""
    left = found.things - len(found.lines)
    cut = [t("counted_page.file_cut", n=f"{len(found.lines):,}", all=f"{found.things:,}")] if left else []
    heads = heads_of(found, t)
    formats = ["" for _ in heads] if found.each_is_one else [*("" for _ in heads[1:]), "#,##0.##"]
    words = [*head.lines(found.indicator, about, t), *said, *cut, *head.foot(t)]
    return Sheet(found.indicator.label.in_language(t.language), words, heads,
                 [_row(line, found, item_name, t) for line in found.lines], formats)


def _row(line: Line, found: Behind, item_name: NameOf, t: Words) -> list[Value]:
    case: list[Value] = [] if found.kind is Kind.CASE else [line.case_no]
    amount: list[Value] = [] if found.each_is_one else [line.amount]
    signs = {Kind.CASE: f"light.{line.light}", Kind.CARD: f"level.{LEVEL_NAMES.get(line.light)}"}
    sign = t(signs[line.kind]) if line.kind in signs else ""
    return [line.number, *case, item_name(line.item), line.day.isoformat(), stamp(line.opened_at), stamp(line.closed_at),
            f"{state_words(line, t)} {sign}".strip(), *amount]
