"""A scoring's life: proposed → published → frozen, or withdrawn; with appeals in between.

1. `propose` works out the scores of a month that is over, with their evidence, and keeps them; `propose_period` those of a
   half-year or year on its frozen months, with the discipline of the year. Where the house asks for two persons a proposal
   waits for another one; else it is published at once.
2. Published: departments are told and may appeal, each line once, until the end of the window.
3. `decide` of somebody who had no part in the line gives it back, in a line beside it, or not.
4. `freeze` after the window: nothing changes any more, a digest seals it, low scorers and their leaders are told. What the
   record says later is shown beside it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from config.changelog import Action
from config.scoring import Scheme
from core.access import Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import DAY_US, date_of, day_of
from core.unit_of_work import UnitOfWork
from evaluation.scoring.appeals import with_appeals
from evaluation.scoring.calculation import Score, scored
from evaluation.scoring.desk import Desk, checked_words, find, note
from evaluation.scoring.events import ScoringMoved
from evaluation.scoring.facts import Facts
from evaluation.scoring.gathering import Month
from evaluation.scoring.longer import months_of, over, present_of, span_name, span_of
from evaluation.scoring.models import score_appeals, score_rows, scorings
from evaluation.scoring.rows import (
    MONTH,
    DepartmentRow,
    ScoringRow,
    delete_scores,
    department_rows,
    insert_scores,
    lines_of,
    period_name,
    scoring_rows,
)

SCORERS = (Role.INSPECTOR,)
CONFIRMERS = (Role.INSPECTOR, Role.LEADER)
_s = scorings.c


class ScoreService:
    """Previews and the life of a scoring. Appeals: evaluation.scoring.appeals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # Previews: nothing is written -----------------------------------------------------------------------------------

    def preview(self, code: str, scheme: Scheme, month: date, area: str = "") -> tuple[list[Score], dict[str, Facts]]:
        """(the scores a month would have, what they are made of). For whoever may read the scoring of that area."""
        facts = self._desk.reader.of_month(month, code, scheme, area=area)
        return self.of_facts(scheme, facts), {one.org: one for one in facts}

    def what_if(self, code: str, present: Scheme | None, edited: Scheme, month: date,
                area: str = "") -> tuple[list[Score], list[Score]]:
        """(the scores by what is in force, none where nothing is; those by the edited scheme) of the very same facts: what
        moves is due to the scheme, not to what was recorded meanwhile."""
        facts = self._desk.reader.of_month(month, code, *(one for one in (present, edited) if one is not None), area=area)
        return [] if present is None else self.of_facts(present, facts), self.of_facts(edited, facts)

    def of_facts(self, scheme: Scheme, facts: Sequence[Facts]) -> list[Score]:
        """The same facts by other weights: what-if."""
        indicators = self._desk.reader.queries.indicators
        return [scored(scheme, indicators, one) for one in facts]

    def opened(self, scheme: Scheme, score: Score, facts: Facts, month: date, area: str = "") -> Score:
        """With what is behind its shares, of that area as the facts are."""
        return self._desk.evidence.opened(scheme, score, facts, month, area)

    def present(self, scoring: ScoringRow) -> dict[str, int | None]:
        """What the record says today about a scoring's month, by its own scheme and with its granted appeals, in hundredths."""
        if not scoring.is_month:
            with self._desk.units.database.read() as conn:
                return present_of(conn, scoring)
        scheme = scoring.rules
        scores, _ = self.preview(scoring.scheme, scheme, date_of(scoring.month), scoring.area)
        with self._desk.units.database.read() as conn:
            return {score.org: with_appeals(scheme, score, lines_of(conn, scoring.id, score.org)).total for score in scores}

    # Life -----------------------------------------------------------------------------------------------------------

    def propose(self, code: str, month: date, actor: Actor | None, area: str = "") -> int:
        """Score a month. Returns the number of the scoring. Raises InvalidInput (`score_month_not_over`) or Conflict
        (`score_stands`, `figures_counted_anew`)."""
        person = require(actor, *SCORERS)
        self._desk.reader.queries.check_whole()
        area = person.area or area
        chosen = self._desk.book.in_force(code, month.replace(day=1))
        scores = self._worked_out(code, chosen.scheme, month, area)
        with self._desk.units() as uow:
            first = Month.of(month)
            if date_of(first.last) >= self._desk.reader.today(uow.now_us):
                raise InvalidInput("score_month_not_over", key="month", month=month.isoformat()[:7])
            catalogue = self._desk.reader.queries.indicators.version
            return self._keep(uow, person, scores, scheme=code, version=chosen.version, catalogue=catalogue, month=first.first,
                              area=area, content=_json(chosen.scheme.model_dump(mode="json")), span=MONTH)

    def propose_period(self, code: str, year: int, half: int, actor: Actor | None, area: str = "") -> int:
        """Score a half-year (1, 2) or a year (0) from its frozen months, with what was entered for the year. Returns the number
        of the scoring. Raises InvalidInput (`score_period_not_over`), NotFound for one without months, or Conflict
        (`score_stands`, `score_months_open`)."""
        person, (first, last) = require(actor, *SCORERS), span_of(year, half)
        area = person.area or area
        with self._desk.units() as uow:
            if last >= self._desk.reader.today(uow.now_us):
                raise InvalidInput("score_period_not_over", key="month", period=period_name(year, half))
            months = months_of(uow.conn, code, area, year, half, _s.state != "withdrawn")
            if not months:
                raise NotFound("score_period_empty", scheme=code[:64], year=year)
            waiting = [one.period for one in months if one.state != "frozen"]
            if waiting:
                raise Conflict("score_months_open", months=", ".join(sorted(waiting)))
            scores, rows = over(uow.conn, months, code, year, half)
            accepted = Counter[str]()
            for row in rows:
                accepted[row.org] += row.accepted
            newest = months[0]
            return self._keep(uow, person, [(score, self._desk.reader.area_of(org), accepted[org])
                                            for org, score in sorted(scores.items())],
                              scheme=code, version=newest.version, catalogue=newest.catalogue, month=day_of(first), area=area,
                              content=newest.content, span=span_name(half), rests_on=_json(sorted(one.id for one in months)))

    def confirm(self, number: int, actor: Actor | None) -> None:
        """Publish what another person proposed. Raises NotPermitted for one's own where two are needed, Conflict."""
        person = require(actor, *CONFIRMERS)
        with self._desk.units() as uow:
            found = find(uow.conn, number, person)
            if found.made_by == person.name and self._desk.needs_two(uow.conn):
                raise NotPermitted("score_second_person_needed", made_by=found.made_name)
            self._publish(uow, number, person)

    def withdraw(self, number: int, reason: str, actor: Actor | None) -> None:
        """Take a scoring back before it is frozen; the month may be scored anew. One that nobody saw leaves no lines."""
        person, told = require(actor, *SCORERS), checked_words(reason)
        with self._desk.units() as uow:
            found = find(uow.conn, number, person)
            self._move(uow, found, ("proposed", "published"), state="withdrawn")
            if found.state == "proposed":
                delete_scores(uow.conn, number)
            else:
                self._tell(uow, number, person)
            for row in self._rows(uow.conn, number):
                if row.total is not None:
                    self._desk.teller.withdrawn(uow, found, row, told)
            note(self._desk.changes, uow, person, found, Action.WITHDRAWN, told)

    def freeze(self, number: int, actor: Actor | None) -> None:
        """Raises Conflict while the window is open or an appeal waits."""
        person = require(actor, *SCORERS)
        with self._desk.units() as uow:
            found = find(uow.conn, number, person)
            if found.state == "published" and (found.appeal_until or 0) > uow.now_us:
                raise Conflict("score_window_open", id=number)
            a = score_appeals.c
            waiting = uow.conn.scalar(select(func.count()).where(a.scoring_id == number, a.state == "filed"))
            if waiting:
                raise Conflict("score_appeals_wait", id=number, n=waiting)
            self._move(uow, found, ("published",), state="frozen", frozen_by=person.name, frozen_at=uow.now_us,
                       frozen_name=person.display_name or person.name, digest=digest_of(uow.conn, found))
            frozen = find(uow.conn, number, person)
            note(self._desk.changes, uow, person, frozen, Action.FROZEN, frozen.digest)
            self._tell(uow, number, person)
            told = frozen.rules.told
            for row in self._rows(uow.conn, number):
                if row.grade in told:
                    self._desk.teller.low(uow, frozen, row)

    # Inside ---------------------------------------------------------------------------------------------------------

    def _keep(self, uow: UnitOfWork, person: Actor, scores: Sequence[tuple[Score, str, int]], **of_it: Any) -> int:
        """A proposal with its rows and lines, unless one stands; published at once where one person is enough."""
        standing = scoring_rows(uow.conn, *(_s[name] == of_it[name] for name in ("scheme", "month", "area", "span")),
                                _s.state != "withdrawn")
        if standing:
            raise Conflict("score_stands", id=standing[0].id, month=standing[0].period)
        number = int(uow.conn.scalar(select(func.coalesce(func.max(_s.id), 0))) or 0) + 1
        uow.conn.execute(insert(scorings).values(
            id=number, state="proposed", rev=1, made_by=person.name, made_name=person.display_name or person.name,
            made_at=uow.now_us, **of_it))
        insert_scores(uow.conn, number, scores)
        note(self._desk.changes, uow, person, find(uow.conn, number, person), Action.PROPOSED, "")
        if not self._desk.needs_two(uow.conn):
            self._publish(uow, number, person)
        return number

    def _worked_out(self, code: str, scheme: Scheme, month: date, area: str) -> list[tuple[Score, str, int]]:
        scores, facts = self.preview(code, scheme, month, area)
        return [(self.opened(scheme, score, facts[score.org], month, area), self._desk.reader.area_of(score.org),
                 facts[score.org].figures.get("accepted", 0)) for score in scores]

    def _publish(self, uow: UnitOfWork, number: int, person: Actor) -> None:
        found = find(uow.conn, number, person)
        self._move(uow, found, ("proposed",), state="published", decided_by=person.name, published_at=uow.now_us,
                   decided_name=person.display_name or person.name, appeal_until=self._until(found, uow.now_us))
        published = find(uow.conn, number, person)
        note(self._desk.changes, uow, person, published, Action.PUBLISHED, "")
        self._tell(uow, number, person)
        for row in self._rows(uow.conn, number):
            if row.total is not None:
                self._desk.teller.published(uow, published, row)

    def _tell(self, uow: UnitOfWork, number: int, person: Actor) -> None:
        uow.publish([ScoringMoved(find(uow.conn, number, person), self._rows(uow.conn, number))])

    def _until(self, found: ScoringRow, now_us: int) -> int:
        """The end of the last working day of the window, on the area's wall clock; a year whose holidays are not published has
        plain weeks."""
        calendar = self._desk.areas.for_area(found.area) if found.area else self._desk.areas.default.calendar
        day = calendar.assuming_plain_weeks().add_working_days(calendar.today(now_us), found.rules.appeal_days)
        return calendar.to_utc((day + 1) * DAY_US)

    @staticmethod
    def _rows(conn: Connection, number: int) -> list[DepartmentRow]:
        return department_rows(conn, score_rows.c.scoring_id == number)

    def _move(self, uow: UnitOfWork, found: ScoringRow, states: Sequence[str], **values: Any) -> None:
        """Compare and set: of two who decide at once, one is told that it is decided."""
        done = uow.conn.execute(update(scorings).where(_s.id == found.id, _s.state.in_(states), _s.rev == found.rev).values(
            rev=found.rev + 1, **values))
        if done.rowcount != 1:
            raise Conflict("score_state", id=found.id, state=found.state)


def digest_of(conn: Connection, found: ScoringRow) -> str:
    """SHA-256 of the scheme, the rows and the lines as they are frozen; of a longer span also of the months it rests on."""
    rows = department_rows(conn, score_rows.c.scoring_id == found.id)
    lines = {row.org: lines_of(conn, found.id, row.org) for row in rows}
    whole = [found.scheme, found.version, found.month, found.area, found.content, rows, lines]
    whole += [] if found.is_month else [found.span, found.months]
    return hashlib.sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
