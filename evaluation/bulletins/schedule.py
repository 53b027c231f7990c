"""Drafts that are made by themselves: of which areas is chosen in the browser, and kept with who chose it; one that fails stops
no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import func, insert, select

from core.access import SYSTEM, Actor, require
from core.errors import Conflict, NotFound, NotPermitted
from core.instants import DAY_US, HOUR_US, date_of
from core.unit_of_work import UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from evaluation.bulletins.figures import month_before
from evaluation.bulletins.matters import DRAFTERS
from evaluation.bulletins.models import bulletin_schedule
from evaluation.bulletins.queries import BulletinQueries

log = logging.getLogger(__name__)
_s = bulletin_schedule.c
# Nothing happened there in that month; or what happened is being counted, and a later run tells it.
NOT_NOW = frozenset({"bulletin_month_empty", "figures_counted_anew"})


class Choice(msgspec.Struct, frozen=True):
    """Whether an area's draft is made by itself, and who said so last; nobody (`at` 0) where the settings say it."""

    is_on: bool
    actor_name: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class DueRules:
    """From which day and hour on, on the wall clock of the area; `whole_city` holds for everything until somebody chooses."""

    day: int
    hour: int
    whole_city: bool


@dataclass(frozen=True, slots=True)
class Drafted:
    """The bulletins that were made, and the areas whose bulletin failed."""

    made: tuple[int, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleParts:
    """What it stands on: `produce(area, month, actor)` makes a draft, `area_names` are the areas there are."""

    units: UnitOfWorkFactory
    queries: BulletinQueries
    produce: Callable[[str, str, Actor | None], int]
    area_names: Callable[[], Mapping[str, str]]
    calendar_of: Callable[[str], WorkingCalendar]


class BulletinSchedule:
    """Everything ("") and each area is on or off by itself."""

    def __init__(self, parts: ScheduleParts, rules: DueRules) -> None:
        self._parts, self.rules = parts, rules

    def choices(self) -> dict[str, Choice]:
        """Of everything and of each area there is; also of one that is on and no longer there, so that it can be put off."""
        with self._parts.units.database.read() as conn:
            last = select(func.max(_s.id)).group_by(_s.area)
            known = {row.area: Choice(row.is_on, row.actor_name, row.at) for row in conn.execute(
                select(_s.area, _s.is_on, _s.actor_name, _s.at).where(_s.id.in_(last)).order_by(_s.area))}
        found = {area: known.get(area, Choice(False)) for area in self._parts.area_names()}
        gone = {area: one for area, one in known.items() if area and area not in found and one.is_on}
        return {"": known.get("", Choice(self.rules.whole_city)), **found, **gone}

    def choose(self, area: str, actor: Actor | None, *, is_on: bool) -> bool:
        """Returns whether that changed anything. Raises NotPermitted (`bulletin_area_not_yours`), NotFound for an area nobody
        knows."""
        person = require(actor, *DRAFTERS)
        if person.area not in ("", area):
            raise NotPermitted("bulletin_area_not_yours", area=area[:64], own=person.area)
        with self._parts.units() as uow:
            before = self.choices().get(area)
            if before is None:
                raise NotFound("bulletin_area_unknown", area=area[:64])
            if before.is_on == is_on:
                return False
            uow.conn.execute(insert(bulletin_schedule).values(
                area=area, is_on=is_on, actor=person.name, actor_name=person.display_name or person.name, at=uow.now_us))
        return True

    def draft_due(self) -> Drafted:
        """Last month's drafts of those that are on, once each, from that day and hour on."""
        made, failed = [], []
        for area, one in self.choices().items():
            if not one.is_on:
                continue
            try:
                number = self._draft(area)
            except Exception:  # a fault of one area is not one of the others: noted, and the job tells of it
                log.exception("the bulletin of %s could not be drafted", area or "everything")
                failed.append(area)
            else:
                made += [] if number is None else [number]
        return Drafted(tuple(made), tuple(failed))

    def _draft(self, area: str) -> int | None:
        """None while it is not due, and where one was made for that month, whatever became of it."""
        local = self._parts.calendar_of(area).to_local(self._parts.units.clock.now_us())
        today, at = date_of(local // DAY_US), local % DAY_US // HOUR_US
        month = month_before(today)
        if (today.day, at) < (self.rules.day, self.rules.hour) or self._parts.queries.has_any(area, month):
            return None
        try:
            return self._parts.produce(area, month, SYSTEM)
        except Conflict as refusal:
            if refusal.code not in NOT_NOW:
                raise
            return None
