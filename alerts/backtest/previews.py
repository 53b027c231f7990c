"""What an edit would do, before it is saved: the worlds a back-test compares, and the open clocks that would move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select

from alerts.backtest.watches import EVERYTHING, Scope, World
from cases.areas import Areas
from cases.models import case_table
from config.calendars import calendar_of
from config.ladders import preset_of
from config.service import ConfigService
from config.versions import BEFORE_EVERYTHING, AreaPlan, Dated, ItemVersion, Kind, Versions
from core.database import Database
from core.instants import day_of

_FIELDS = {Kind.RULES: "presets", Kind.CALENDAR: "calendars", Kind.ITEM: "items", Kind.AREA: "areas"}
_TRIAL = 1 << 30  # number of a version that is only tried


class Previews:
    """Builds worlds in which an edit is in force."""

    def __init__(self, database: Database, areas: Areas, catalogue: Any, editing: ConfigService) -> None:
        self._database, self._areas, self._catalogue, self._editing = database, areas, catalogue, editing

    def present(self, scope: Scope = EVERYTHING) -> World:
        """As things are."""
        return World(self._areas, self._catalogue, scope)

    def edited(self, kind: Kind, subject: str, content: Mapping[str, Any], since: date | None = None,
               within: str = "") -> World:
        """As things would be. `since` None: for every case, as a back-test asks; else for cases begun from that day on.
        `within` an area only its cases are looked at.

        Raises ConfigError or InvalidInput naming the field that is wrong.
        """
        value = self._value(kind, subject, self._editing.shipped.checked(kind, subject, content, _TRIAL))
        tried = Dated(_TRIAL, value, BEFORE_EVERYTHING if since is None else day_of(since), BEFORE_EVERYTHING)
        return World(self._areas.amended(_with(self._areas.versions, kind, subject, tried)), self._catalogue,
                     self.scope(kind, subject).within(within))

    def preset_everywhere(self, preset: str, area: str = "") -> World:
        """Every area (or that one) going by that preset."""
        names = [area] if area else self._area_names()
        versions = self._areas.versions
        for name in names:
            plan = self._areas.plan_of(name)
            tried = Dated(_TRIAL, AreaPlan(plan.name, plan.calendar, plan.timezone, preset))
            versions = _with(versions, Kind.AREA, name, tried)
        return World(self._areas.amended(versions), self._catalogue, Scope(frozenset(names)) if area else EVERYTHING)

    def scope(self, kind: Kind, subject: str) -> Scope:
        """The cases an edit of that subject can touch."""
        if kind is Kind.ITEM:
            return Scope(item=subject)
        if kind is Kind.AREA:
            return Scope(frozenset([subject]))
        plans = {name: self._areas.plan_of(name) for name in self._area_names()}
        chosen = frozenset(name for name, plan in plans.items()
                           if subject == (plan.preset if kind is Kind.RULES else plan.calendar))
        return Scope(chosen)

    def _area_names(self) -> list[str]:
        """Every area that has cases or a plan."""
        return sorted({*self._areas.known_areas(), *areas_with_cases(self._database)})

    def _value(self, kind: Kind, subject: str, checked: Mapping[str, Any]) -> Any:
        if kind is Kind.RULES:
            return preset_of(checked, subject)
        if kind is Kind.CALENDAR:
            return calendar_of(checked, subject)
        return ItemVersion(_TRIAL, checked) if kind is Kind.ITEM else AreaPlan(**checked)


def _with(versions: Versions, kind: Kind, subject: str, tried: Dated[Any]) -> Versions:
    field = _FIELDS[kind]
    known = getattr(versions, field)
    return replace(versions, revision="trial", **{field: {**known, subject: [*known.get(subject, ()), tried]}})


def areas_with_cases(database: Database) -> list[str]:
    """The areas of all cases."""
    with database.read() as conn:
        return list(conn.scalars(select(case_table.c.area).distinct()))
