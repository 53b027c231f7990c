"""The figures counted again from the cases and cards and compared with what is kept; a difference is a fault of ours.

It is looked for on a snapshot, so that nobody waits; only a repair counts once more behind the lock of the writers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from alerts.models import cards
from cases.models import case_table
from cases.recount import Difference
from core.database import bulk_insert
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from evaluation.card_figures import COUNTING, CardFigures, add_text, standing_cards
from evaluation.models import (
    DAY_KEY,
    FIGURES,
    figure_cards,
    figure_days,
    figure_detail_months,
    figure_details,
    figure_months,
)
from evaluation.period import Basis
from evaluation.places import PLACE_MASK, basis_and_day, numbered_places
from evaluation.rolling import rolled_until
from evaluation.tally import Row, Sums, months_of, wide

SLICE = 10_000
SHOWN = 1_000  # of a table that differs everywhere
Key = tuple[Any, ...]
Counts = dict[Key, list[int]]


class FigureRecounter:
    """Compares, repairs when asked to, and fills the tables of an installation that had none."""

    def __init__(self, units: UnitOfWorkFactory, figures: CardFigures) -> None:
        self._units, self._figures, self.database = units, figures, units.database

    def check(self, repair: bool = False) -> list[Difference]:
        """What is kept and should not be, or the other way round. With `repair` the true figures are written."""
        self.fill()
        with self._units.database.snapshot() as conn:
            differences = self._differences(conn)
        if repair and differences:
            with self._units() as uow:
                self._rewrite(uow)
        return differences

    def fill(self) -> int:
        """Keep what cards add that were issued before anything was kept of them. Returns how many."""
        filled, after = 0, -1
        while self._has_missing(after):
            with self._units() as uow:
                found = self._figures.missing(uow.conn, after)
                self._figures.keep(uow, standing_cards(uow.conn, found))
            filled, after = filled + len(found), max(found, default=after)
        return filled

    def _has_missing(self, after: int) -> bool:
        with self._units.database.read() as conn:
            return bool(self._figures.missing(conn, after))

    def _differences(self, conn: Connection) -> list[Difference]:
        sums, told = Sums(), list[Difference]()
        for marks in _marks_of_cases(conn):
            sums.add_marks(marks)
        told += self._count_cards(conn, sums)
        for table, true in ((figure_details, sums), (figure_detail_months, sums.months(rolled_until(conn)))):
            told += _compared(table.name, _kept_details(conn, table), _wide(true.rows()))
        told += _compared("figure_months", _kept_by_org(conn, figure_months), _wide(months_of(sums.days())))
        return told + _compared("figure_days", _kept_by_org(conn, figure_days), _wide(sums.days()))

    def _count_cards(self, conn: Connection, sums: Sums) -> list[Difference]:
        kept = {row[0]: row[1] for row in conn.execute(select(figure_cards.c.card_id, figure_cards.c.marks)).all()}
        told: list[Difference] = []
        for card_id, true in self._marks_of_cards(conn):
            add_text(sums, true)
            if kept.pop(card_id, "") != true:
                told.append(Difference("figure_cards", str(card_id), "other", true))
        return told + [Difference("figure_cards", str(card_id), marks, "") for card_id, marks in kept.items() if marks]

    def _marks_of_cards(self, conn: Connection) -> Iterator[tuple[int, str]]:
        after = -1
        while ids := list(conn.scalars(select(cards.c.id).where(cards.c.id > after).order_by(cards.c.id).limit(SLICE))):
            present, after = standing_cards(conn, ids), ids[-1]
            yield from zip([card.id for card in present], self._figures.marks_of(conn, present), strict=True)

    def _rewrite(self, uow: UnitOfWork) -> None:
        """The true figures in place of those kept; rows that were wrong say that they were corrected."""
        conn, sums = uow.conn, Sums()
        for marks in _marks_of_cases(conn):
            sums.add_marks(marks)
        of_cases = {row.id: row.case_id for row in conn.execute(select(cards.c.id, cards.c.case_id))}
        true_cards = list(self._marks_of_cards(conn))
        for _card_id, marks in true_cards:
            add_text(sums, marks)
        kept, corrected = _kept_by_org(conn, figure_days), _corrected(conn)
        days = [(*key, *counts, corrected.get(key) if kept.get(key) == counts or key[0] != int(Basis.EVENT) else uow.now_us)
                for key, counts in _wide(sums.days()).items()]
        for table in (figure_days, figure_months, figure_details, figure_detail_months, figure_cards):
            conn.execute(delete(table))
        numbers = self._figures.places.numbers(conn, sums.details)
        for table, true in ((figure_details, sums), (figure_detail_months, sums.months(rolled_until(conn)))):
            bulk_insert(conn, table, ("id", *FIGURES), [(key, *wide(row)) for key, row in true.numbered(numbers).items()])
        bulk_insert(conn, figure_days, (*DAY_KEY, *FIGURES, "corrected_at"), days)
        bulk_insert(conn, figure_months, (*DAY_KEY, *FIGURES),
                    [(*key, *row) for key, row in _wide(months_of(sums.days())).items()])
        bulk_insert(conn, figure_cards, ("card_id", "case_id", "marks", "counting"),
                    [(card_id, of_cases[card_id], marks, COUNTING) for card_id, marks in true_cards if marks])


def _marks_of_cases(conn: Connection) -> Iterator[str]:
    after = -1
    c = case_table.c
    while rows := conn.execute(select(c.case_id, c.marks).where(c.case_id > after).order_by(c.case_id).limit(SLICE)).all():
        after = rows[-1][0]
        yield from (row[1] for row in rows)


def _wide(rows: Mapping[Any, Row]) -> Counts:
    return {key: wide(row) for key, row in rows.items()}


def _kept_by_org(conn: Connection, table: Table) -> Counts:
    width = len(DAY_KEY)
    return {tuple(row[:width]): list(row[width:]) for row in conn.execute(select(*table.c[(*DAY_KEY, *FIGURES)]))}


def _kept_details(conn: Connection, table: Table) -> Counts:
    places = {number: place for place, number in numbered_places(conn).items()}
    rows = conn.execute(select(*table.c[("id", *FIGURES)]))
    return {(*basis_and_day(row[0]), *places.get(row[0] & PLACE_MASK, ())): list(row[1:]) for row in rows}


def _corrected(conn: Connection) -> dict[Key, int]:
    c = figure_days.c
    rows = conn.execute(select(*c[DAY_KEY], c.corrected_at).where(c.corrected_at.is_not(None)))
    return {tuple(row[:-1]): row[-1] for row in rows}


def _compared(table: str, kept: Counts, true: Counts) -> list[Difference]:
    """Each figure that differs; a row of nothing is no row."""
    none = [0] * len(FIGURES)
    told: list[Difference] = []
    for key in sorted(kept.keys() | true.keys(), key=str):
        mine, right = kept.get(key, none), true.get(key, none)
        if mine != right:
            told += [Difference(f"{table}.{name}", "/".join(map(str, key)), one, other)
                     for name, one, other in zip(FIGURES, mine, right, strict=True) if one != other]
        if len(told) >= SHOWN:
            break
    return told
