"""Appeals against a deduction: by the department concerned, within the window, heard by somebody who neither
proposed the scoring nor entered what the line is made of. Who confirmed it may: he took it as it was."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, insert, select, update

from config.changelog import Action
from config.scoring import ScaleRule, Scheme, ShareRule
from core.access import Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.unit_of_work import UnitOfWork
from evaluation.scoring.calculation import Score, added_up
from evaluation.scoring.desk import Desk, checked_words, find, note
from evaluation.scoring.grading import APPEAL, Line
from evaluation.scoring.longer import again
from evaluation.scoring.models import score_appeals, score_entries, score_rows, scorings
from evaluation.scoring.rows import (
    DepartmentRow,
    ScoringRow,
    append_line,
    department_rows,
    lines_of,
    scoring_rows,
    update_score,
)

APPELLANTS = (Role.DEPARTMENT_USER,)
JUDGES = (Role.INSPECTOR, Role.LEADER)
FILED, GRANTED, REJECTED = "filed", "granted", "rejected"
_a = score_appeals.c


class AppealService:
    """The writing side of appeals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def file(self, number: int, line: int, reason: str, actor: Actor | None) -> int:
        """A department contests a deduction of its own. Returns the number of the appeal. Raises NotPermitted, NotFound,
        InvalidInput (`score_line_not_deducted`) or Conflict: window closed, line contested before."""
        person, told = require(actor, *APPELLANTS), checked_words(reason)
        with self._desk.units() as uow:
            scoring, row = self._contested(uow, number, person)
            lines = lines_of(uow.conn, number, person.org)
            if not 0 <= line < len(lines) or lines[line].points >= 0:
                raise InvalidInput("score_line_not_deducted", key="line", value=line)
            if uow.conn.scalar(select(_a.id).where(_a.scoring_id == number, _a.org == person.org, _a.line == line)) is not None:
                raise Conflict("score_line_contested", line=line)
            appeal = int(uow.conn.scalar(select(func.coalesce(func.max(_a.id), 0))) or 0) + 1
            uow.conn.execute(insert(score_appeals).values(
                id=appeal, scoring_id=number, org=person.org, line=line, reason=told, filed_by=person.name,
                filed_name=person.display_name or person.name, filed_at=uow.now_us, state=FILED))
            note(self._desk.changes, uow, person, scoring, Action.APPEALED, told, {"org": person.org, "line": line})
            self._desk.teller.appealed(uow, scoring, row, appeal)
            return appeal

    def decide(self, appeal: int, granted: bool, reason: str, actor: Actor | None) -> None:
        """Give the points back or not, with a reason. Raises NotPermitted to whoever proposed the scoring or entered what the
        line is made of, NotFound, Conflict where it is decided."""
        person, told = require(actor, *JUDGES), checked_words(reason)
        with self._desk.units() as uow:
            row = uow.conn.execute(select(_a.id, _a.scoring_id, _a.org, _a.line).where(_a.id == appeal)).first()
            if row is None:
                raise NotFound("score_appeal_not_found", id=appeal)
            scoring = find(uow.conn, row.scoring_id, person)
            lines = lines_of(uow.conn, scoring.id, row.org)
            self._refuse_partial(uow, scoring, lines[row.line], person)
            self._close(uow, appeal, scoring, GRANTED if granted else REJECTED, told, person)
            if granted:
                self._give_back(uow, scoring, row.org, lines, row.line)
            note(self._desk.changes, uow, person, scoring, Action.GRANTED if granted else Action.REJECTED, told,
                 {"org": row.org, "line": row.line, "appeal": appeal})
            self._desk.teller.decided(uow, scoring, _row(uow, scoring.id, row.org), appeal)

    def _contested(self, uow: UnitOfWork, number: int, person: Actor) -> tuple[ScoringRow, DepartmentRow]:
        found = scoring_rows(uow.conn, scorings.c.id == number)
        rows = department_rows(uow.conn, score_rows.c.scoring_id == number, score_rows.c.org == person.org)
        if not found or not found[0].is_open or not rows or person.area not in ("", rows[0].area):
            raise NotFound("scoring_not_found", id=number)
        if found[0].state != "published" or (found[0].appeal_until or 0) <= uow.now_us:
            raise Conflict("score_window_closed", id=number)
        return found[0], rows[0]

    @staticmethod
    def _refuse_partial(uow: UnitOfWork, scoring: ScoringRow, line: Line, person: Actor) -> None:
        """Nobody judges his own act: who proposed the scoring made every line of it, who entered points made theirs."""
        entered = [int(key.removeprefix("entry:")) for key in line.evidence if key.startswith("entry:")]
        makers = {scoring.made_by, *uow.conn.scalars(select(score_entries.c.made_by).where(score_entries.c.id.in_(entered)))}
        if person.name in makers:
            raise NotPermitted("score_judge_had_part")

    @staticmethod
    def _close(uow: UnitOfWork, appeal: int, scoring: ScoringRow, state: str, told: str, person: Actor) -> None:
        if scoring.state != "published":
            raise Conflict("score_state", id=scoring.id, state=scoring.state)
        done = uow.conn.execute(update(score_appeals).where(_a.id == appeal, _a.state == FILED).values(
            state=state, words=told, decided_by=person.name, decided_name=person.display_name or person.name,
            decided_at=uow.now_us))
        if done.rowcount != 1:
            raise Conflict("score_appeal_decided", id=appeal)

    @staticmethod
    def _give_back(uow: UnitOfWork, scoring: ScoringRow, org: str, lines: list[Line], number: int) -> None:
        back = returning(lines[number], number)
        append_line(uow.conn, scoring.id, org, len(lines), back)
        if not scoring.is_month:
            update_score(uow.conn, scoring.id, again(uow.conn, scoring, org, [*lines, back]))
            return
        row = _row(uow, scoring.id, org)
        graded = [code for code, part in row.parts.items() if part.is_graded]
        update_score(uow.conn, scoring.id, added_up(scoring.rules, org, [*lines, back], graded))


def returning(line: Line, number: int) -> Line:
    """The line that gives back what the line of that number took."""
    return Line(rule=APPEAL, part=line.part, points=-line.points, of=number)


def with_appeals(scheme: Scheme, score: Score, kept: Sequence[Line]) -> Score:
    """A score worked out anew, with what appeals gave back of `kept`, the lines as published: of those it still has."""
    won = [kept[line.of] for line in kept if line.of is not None]
    back = [returning(line, number) for number, line in enumerate(score.lines)
            if any(_is_same(scheme, line, one) for one in won)]
    if not back or score.total is None:
        return score
    graded = [code for code, part in score.parts.items() if part.is_graded]
    return msgspec.structs.replace(added_up(scheme, score.org, [*score.lines, *back], graded))


def _is_same(scheme: Scheme, line: Line, other: Line) -> bool:
    """A share or a scale makes one line, of whatever cases it consists today; the others are told apart by their evidence."""
    is_only = isinstance(scheme.rules.get(line.rule), ShareRule | ScaleRule)
    return line.rule == other.rule and (is_only or line.evidence == other.evidence)


def _row(uow: UnitOfWork, number: int, org: str) -> DepartmentRow:
    return department_rows(uow.conn, score_rows.c.scoring_id == number, score_rows.c.org == org)[0]
