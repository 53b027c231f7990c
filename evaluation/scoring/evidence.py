"""The very cases, cards, matters and items behind a share: found by what each of them adds to the figures of the month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction

import msgspec
from sqlalchemy import Connection, or_, select

from alerts.models import cards
from cases.areas import Areas
from config.indicators import Indicator, Indicators
from config.scoring import ScaleRule, Scheme, ShareRule
from core.database import Database
from core.instants import DAY_US
from evaluation.card_figures import read_card_marks
from evaluation.duties import Duties
from evaluation.item_figures import ItemFigures
from evaluation.marks import read_marks
from evaluation.models import DUTY_FIGURES, figure_cards
from evaluation.period import Basis
from evaluation.scope import Scope
from evaluation.scoring.calculation import Score, exactly
from evaluation.scoring.facts import Facts
from evaluation.scoring.gathering import Month, counts_of, rows_touching
from evaluation.scoring.grading import Line
from supervision.models import complaints

Share = ShareRule | ScaleRule


class EvidenceReader:
    """`most` keys of a line are kept; its `above` and `below` say how many there are."""

    def __init__(self, database: Database, indicators: Indicators, areas: Areas, items: ItemFigures, most: int) -> None:
        self._database, self._indicators, self._areas, self._items, self._most = database, indicators, areas, items, most
        self._duties = Duties(areas.for_area, 0)

    def opened(self, scheme: Scheme, score: Score, facts: Facts, day: date, area: str = "") -> Score:
        """The same score whose lines of shares name what is behind them, of that area ("" all) as its figures are."""
        rules = {line.rule: rule for line in score.lines
                 if isinstance(rule := scheme.rules.get(line.rule), ShareRule | ScaleRule)}
        if not rules:
            return score
        found = self.behind(rules, facts, day, area)
        return msgspec.structs.replace(score, lines=tuple(_with(line, found.get(line.rule)) for line in score.lines))

    def behind(self, rules: Mapping[str, Share], facts: Facts, day: date, area: str = "") -> dict[str, tuple[str, ...]]:
        """Keys by rule: of a bonus or deduction by steps those that are counted above, of a measure those that cost points."""
        month, found = Month.of(day), defaultdict[str, list[str]](list)
        scope = Scope(month.first, month.last, Basis.EVENT, (facts.org,), (area,) if area else None, ())
        asked = [(code, rule, self._indicators.find(rule.indicator)) for code, rule in rules.items()]
        with self._database.read() as conn:
            for key, counts in self._happened(conn, scope, month):
                for code, rule, indicator in asked:
                    if len(found[code]) < self._most and _counts(rule, indicator, counts):
                        found[code].append(key)
        return {code: tuple(keys) for code, keys in found.items()}

    def _happened(self, conn: Connection, scope: Scope, month: Month) -> Iterator[tuple[str, Mapping[str, int]]]:
        yield from _of_cards(conn, scope, month)
        for row in conn.execute(rows_touching(month, scope)):
            marks = read_marks(row.marks)
            if counts := counts_of(marks.entries(), month):
                yield f"case:{row.area}/{row.case_no}", counts
        yield from self._bad_ratings(conn, scope, month)
        for item, counts in self._items.each(scope):
            yield f"item:{item}", counts

    def _bad_ratings(self, conn: Connection, scope: Scope, month: Month) -> Iterator[tuple[str, Mapping[str, int]]]:
        """Bad ratings to put right, on the day they became duties."""
        c, (begin, end) = complaints.c, month.instants
        where = [*scope.of_unit(complaints), c.kind == "rating", c.filed_at >= begin, c.filed_at < end]
        statement = select(c.no, c.area, c.filed_at, c.answered_at, c.called_back_at).where(*where).order_by(c.no)
        for row in conn.execute(statement):
            if month.holds(self._areas.for_area(row.area).to_local(row.filed_at) // DAY_US):
                days = 0 if row.answered_at is None else self._duties.days_used(row.area, row.filed_at, row.answered_at)
                done = (1, int(row.answered_at is not None), int(row.called_back_at is not None), days)
                yield f"complaint:{row.no}", dict(zip(DUTY_FIGURES, done, strict=True))


def _of_cards(conn: Connection, scope: Scope, month: Month) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Cards that came to their level, were replied to or signed in the month, by what is kept of them as counted."""
    c, kept, (begin, end) = cards.c, figure_cards.c, month.instants
    at = or_(*(moment.between(begin, end) for moment in (c.level_at, c.replied_at, c.acked_at)))
    statement = select(c.id, kept.marks).join(figure_cards, kept.card_id == c.id).where(
        *scope.of_unit(cards), kept.marks != "", at)
    for card_id, text in conn.execute(statement.order_by(c.id)):
        if counts := counts_of(read_card_marks(text).entries(), month):
            yield f"card:{card_id}", counts


def _with(line: Line, keys: tuple[str, ...] | None) -> Line:
    return line if keys is None or line.evidence else msgspec.structs.replace(line, evidence=keys)


def _counts(rule: Share, indicator: Indicator, counts: Mapping[str, int]) -> bool:
    """Whether what adds these figures is counted above; of a measure, whether it alone lies short of `full`. Of a median
    nothing is counted above: there it is whether it alone reaches what the steps begin at."""
    above, below, own = exactly(indicator, counts)
    if isinstance(rule, ShareRule):
        return bool(above) if indicator.spread is None else own is not None and own >= Fraction(rule.at)
    rising = rule.full > rule.zero
    if not below:
        return bool(above) and not rising
    return own is not None and (own < Fraction(rule.full) if rising else own > Fraction(rule.full))
