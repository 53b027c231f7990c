"""抽样回访: a random sample of a unit's concluded cases of a month, drawn with a seed that is kept, and what the calls gave.

The seed and the order of the population fix the draw: anybody can repeat it and see that nobody picked.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, insert, select, update

from cases.models import case_table
from config.follow_up import SampleRules
from core.access import Actor, Role, require
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import DAY_US, day_of
from core.unit_of_work import UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from supervision.models import sample_calls, samples

CALLERS = (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER)
SEED_BYTES = 8


class CallResult(StrEnum):
    """What a call gave."""

    CONFIRMED = "confirmed"      # 与系统记录一致
    DIFFERENT = "different"      # 与系统记录不符
    DISSATISFIED = "dissatisfied"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Sample:
    """One draw. `month` is 2026-03."""

    id: int
    month: str
    org: str
    seed: str
    size: int
    population: int
    drawn_at: int
    drawn_by: str


@dataclass(frozen=True, slots=True)
class Call:
    """A case to be called about; `result` is empty until somebody was."""

    case_id: int
    place: int
    case_no: str
    area: str
    item: str
    result: str
    note: str
    called_by: str
    called_at: int | None


def draw(seed: str, population: Sequence[int], size: int) -> list[int]:
    """`size` of the population in the order in which they are to be called; the same for the same seed and members."""
    # Chosen by lot, not kept secret: the generator must be one whose draw can be repeated from its seed.
    return random.Random(seed).sample(sorted(population), size)


class SampleService:
    """Draws and their results."""

    def __init__(self, units: UnitOfWorkFactory, database: Database, rules: SampleRules, calendar: WorkingCalendar) -> None:
        self._units, self._database, self._rules, self._calendar = units, database, rules, calendar

    def draw(self, month: str, org: str, actor: Actor | None) -> int:
        """Draw once a unit and month. Raises InvalidInput (month), Conflict (drawn already), NotFound (nothing concluded) or
        NotPermitted (some of it in an area this person does not see: the one draw there is must be of everything)."""
        person = require(actor, *CALLERS)
        first, after = self._span(month)
        with self._units() as uow:
            c = case_table.c
            found = {row.case_id: row for row in uow.conn.execute(
                select(*c["case_id", "case_no", "area", "item"]).where(
                    c.org == org, c.closed_at >= first, c.closed_at < after, c.state.in_(("concluded", "collected"))))}
            _check_population({row.area for row in found.values()}, month, org, person)
            if uow.conn.scalar(select(samples.c.id).where(samples.c.month == month, samples.c.org == org)) is not None:
                raise Conflict("sample_drawn_already", month=month, org=org)
            seed, size = secrets.token_hex(SEED_BYTES), self._rules.size(len(found))
            number = int(uow.conn.scalar(select(func.coalesce(func.max(samples.c.id), 0))) or 0) + 1
            uow.conn.execute(insert(samples).values(
                id=number, month=month, org=org, seed=seed, size=size, population=len(found), drawn_at=uow.now_us,
                drawn_by=person.name))
            uow.conn.execute(insert(sample_calls), [
                {"sample_id": number, "case_id": case_id, "place": place, "case_no": found[case_id].case_no,
                 "area": found[case_id].area, "item": found[case_id].item, "result": "", "note": "", "called_by": ""}
                for place, case_id in enumerate(draw(seed, list(found), size), 1)])
        return number

    def record(self, sample_id: int, case_id: int, result: str, note: str, actor: Actor | None) -> None:
        """What a call gave; a later call replaces an earlier one that reached nobody, nothing else."""
        person = require(actor, *CALLERS)
        if result not in list(CallResult):
            raise InvalidInput("call_result_unknown", result=result[:32], accepted=", ".join(CallResult))
        with self._units() as uow:
            is_call = (sample_calls.c.sample_id == sample_id) & (sample_calls.c.case_id == case_id)
            before = uow.conn.scalar(select(sample_calls.c.result).where(is_call, *_of_area(person)))
            if before is None:
                raise NotFound("sample_call_not_found", id=sample_id)
            if before not in ("", CallResult.UNREACHED):
                raise Conflict("sample_call_recorded", id=sample_id)
            uow.conn.execute(update(sample_calls).where(is_call).values(
                result=result, note=note.strip()[:1000], called_by=person.display_name or person.name, called_at=uow.now_us))

    def listed(self, actor: Actor, limit: int = 60) -> list[Sample]:
        """The latest draws; somebody bound to an area sees those with cases of it."""
        of_sample = sample_calls.c.sample_id == samples.c.id
        seen = [exists().where(of_sample, *_of_area(actor))] if actor.area else []
        with self._database.read() as conn:
            rows = conn.execute(select(samples).where(*seen).order_by(samples.c.month.desc(), samples.c.id.desc())
                                .limit(limit)).all()
        return [Sample(*row) for row in rows]

    def calls(self, sample_id: int, actor: Actor) -> list[Call]:
        """What of a draw this person may see, in the order of the draw."""
        with self._database.read() as conn:
            rows = conn.execute(select(sample_calls).where(sample_calls.c.sample_id == sample_id, *_of_area(actor))
                                .order_by(sample_calls.c.place)).all()
        return [Call(row.case_id, row.place, row.case_no, row.area, row.item, row.result, row.note, row.called_by,
                     row.called_at) for row in rows]

    def _span(self, month: str) -> tuple[int, int]:
        """First instant of the month and of the next one, on the installation's wall clock."""
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            raise InvalidInput("month_unreadable", month=month[:16]) from None
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return self._calendar.to_utc(day_of(first) * DAY_US), self._calendar.to_utc(day_of(after) * DAY_US)


def _of_area(actor: Actor) -> list[ColumnElement[bool]]:
    return [sample_calls.c.area == actor.area] if actor.area else []


def _check_population(areas: set[str], month: str, org: str, person: Actor) -> None:
    if not areas or (person.area and person.area not in areas):
        raise NotFound("sample_nothing_concluded", month=month, org=org)
    if person.area and areas != {person.area}:
        raise NotPermitted("sample_spans_areas", month=month, org=org)
