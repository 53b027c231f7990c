"""The scores a bulletin tells: those of one scheme, once frozen. What may still be contested is in no official paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from config.scoring import Scheme
from core.database import Database
from evaluation.bulletins.figures import MonthScores, UnitScore
from evaluation.scoring.book import SchemeBook
from evaluation.scoring.gathering import Month
from evaluation.scoring.models import score_rows, scorings
from evaluation.scoring.rows import MONTH, DepartmentRow, department_rows, scoring_rows


@dataclass(frozen=True, slots=True)
class ScoresReader:
    """`scheme` is the code of the one that is told, "" for none."""

    database: Database
    book: SchemeBook
    scheme: str
    org_name: Callable[[str], str]

    def of_month(self, area: str, first: date) -> MonthScores | None:
        """The frozen scores of that month, by place; None where nobody has one. Raises NotFound for a scheme nobody knows."""
        if not self.scheme:
            return None
        self.book.check_known(self.scheme)  # one that came into force later has no scores of that month, which is no fault
        s = scorings.c
        with self.database.read() as conn:
            found = scoring_rows(conn, s.scheme == self.scheme, s.month == Month.of(first).first, s.area == area,
                                 s.span == MONTH, s.state == "frozen")
            rows = department_rows(conn, score_rows.c.scoring_id == found[0].id) if found else []
        if not found:
            return None
        rules = found[0].rules
        units = tuple(self._unit(rules, row) for row in rows if row.total is not None and row.place is not None)
        return MonthScores(rules.name.zh, found[0].digest, units) if units else None

    def _unit(self, rules: Scheme, row: DepartmentRow) -> UnitScore:
        grade = next((one.label.zh for one in rules.grades if one.code == row.grade), "")
        vetoes = tuple(rules.vetoes[number].label.zh for number in row.vetoes if number < len(rules.vetoes))
        return UnitScore(row.org, self.org_name(row.org), row.place or 0, row.total or 0, grade, vetoes)
