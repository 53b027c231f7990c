"""打分登记: points entered by hand, each with what it rests on. What was entered by mistake is taken back, never deleted."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from sqlalchemy import func, insert, select, update

from config.changelog import Action, ChangeLog
from config.scoring import ManualRule, Scheme, hundredths
from core.access import Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import day_of
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from evaluation.scoring.book import SchemeBook
from evaluation.scoring.desk import KIND
from evaluation.scoring.gathering import FactsReader
from evaluation.scoring.models import score_entries
from evaluation.scoring.wording import number_of

ENTERERS = (Role.INSPECTOR,)
Told = Annotated[str, msgspec.Meta(max_length=500)]
_e = score_entries.c


class EntryWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`day` is when it happened (2026-03-16). `points` only for a rule that is open; `basis`: the document, case or card it
    rests on, by which one event counts once."""

    scheme: str
    rule: str
    org: str
    day: date
    words: Told
    basis: Annotated[str, msgspec.Meta(max_length=200)]
    points: float | None = None


class EntryService:
    """The writing side."""

    def __init__(self, units: UnitOfWorkFactory, book: SchemeBook, reader: FactsReader, changes: ChangeLog) -> None:
        self._units, self._book, self._reader, self._changes = units, book, reader, changes

    def enter(self, wish: EntryWish, actor: Actor | None) -> int:
        """Returns its number. Raises InvalidInput naming the field, NotFound, NotPermitted, or Conflict for an event of the
        year that was entered already."""
        person = require(actor, *ENTERERS)
        scheme = self._book.in_force(wish.scheme, wish.day.replace(day=1)).scheme
        rule = manual_rule(scheme, wish.rule)
        if not self._reader.knows(wish.org):
            raise InvalidInput("score_org_unknown", key="org", value=wish.org[:64])
        area = self._reader.area_of(wish.org)
        if person.area not in ("", area):
            raise NotPermitted("not_permitted", needs=[role.value for role in ENTERERS])
        points = points_of(rule, wish.points)
        words, basis = _told(wish.words, "words"), _told(wish.basis, "basis")
        with self._units() as uow:
            if wish.day > self._reader.today(uow.now_us):
                raise InvalidInput("score_day_ahead", key="day", value=wish.day.isoformat())
            if rule.yearly:
                self._refuse_second(uow, wish, basis, scheme)
            number = int(uow.conn.scalar(select(func.coalesce(func.max(_e.id), 0))) or 0) + 1
            made = {"id": number, "scheme": wish.scheme, "rule": wish.rule, "area": area, "org": wish.org,
                    "day": day_of(wish.day), "points": points, "words": words, "basis": basis}
            uow.conn.execute(insert(score_entries).values(
                **made, made_by=person.name, made_name=person.display_name or person.name, made_at=uow.now_us))
            self._changes.append(uow, person, KIND, _subject(wish.scheme, wish.org), number, Action.ENTERED, words, None, made)
            return number

    def take_back(self, number: int, reason: str, actor: Actor | None) -> None:
        """It counts no longer; a month that was published keeps it, and shows the difference. Raises NotFound, Conflict."""
        person, told = require(actor, *ENTERERS), _told(reason, "reason")
        with self._units() as uow:
            row = uow.conn.execute(select(score_entries).where(_e.id == number)).first()
            if row is None or person.area not in ("", row.area):
                raise NotFound("score_entry_not_found", id=number)
            done = uow.conn.execute(update(score_entries).where(_e.id == number, _e.taken_at.is_(None)).values(
                taken_by=person.name, taken_name=person.display_name or person.name, taken_at=uow.now_us, taken_reason=told))
            if done.rowcount != 1:
                raise Conflict("score_entry_taken_back", id=number)
            before = {"rule": row.rule, "points": row.points, "basis": row.basis}
            self._changes.append(uow, person, KIND, _subject(row.scheme, row.org), number, Action.TAKEN_BACK, told, before,
                                 None)

    def _refuse_second(self, uow: UnitOfWork, wish: EntryWish, basis: str, scheme: Scheme) -> None:
        """One event counts once, whatever it was answered with."""
        yearly = [code for code, rule in scheme.rules.items() if isinstance(rule, ManualRule) and rule.yearly]
        known = uow.conn.scalar(select(_e.id).where(_e.scheme == wish.scheme, _e.org == wish.org, _e.basis == basis,
                                                    _e.rule.in_(yearly), _e.taken_at.is_(None)))
        if known is not None:
            raise Conflict("score_event_counted", key="basis", id=known, basis=basis)


def manual_rule(scheme: Scheme, code: str) -> ManualRule:
    """Raises InvalidInput for a rule that does not exist or is not entered by hand."""
    rule = scheme.rules.get(code)
    if not isinstance(rule, ManualRule):
        known = [name for name, one in scheme.rules.items() if isinstance(one, ManualRule)]
        raise InvalidInput("score_rule_not_manual", key="rule", value=code[:40], accepted=", ".join(known))
    return rule


def points_of(rule: ManualRule, given: float | None) -> int:
    """Hundredths: those of the rule, or of an open one as many as were given. Raises InvalidInput."""
    if not rule.open:
        if given is not None and round(given * 100) != hundredths(rule.points):
            raise InvalidInput("score_points_fixed", key="points", points=number_of(hundredths(rule.points)))
        return hundredths(rule.points)
    most = hundredths(rule.points)
    if given is None or not 0 < round(given * 100) <= most or abs(given * 100 - round(given * 100)) > 1e-6:
        raise InvalidInput("score_points_invalid", key="points", most=number_of(most))
    return round(given * 100)


def _told(text: str, key: str) -> str:
    told = text.strip()
    if not told:
        raise InvalidInput("score_field_missing", key=key, field=key)
    return told


def _subject(scheme: str, org: str) -> Any:
    return f"{scheme}/{org}"[:128]
