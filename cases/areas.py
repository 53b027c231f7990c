"""Which calendar, ladder and wall clock hold in an area: what is stored for it, else the installation's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from cases.models import areas
from config.ladders import Preset, Rule
from core.database import bulk_upsert
from core.errors import ConfigError
from core.instants import date_of
from core.working_calendar import WorkingCalendar

_COLUMNS = ("area", "name", "calendar", "timezone", "preset")


@dataclass(frozen=True, slots=True)
class Area:
    """An area as stored: ids of its calendar and preset, IANA zone of its wall clock."""

    area: str
    name: str
    calendar: str
    timezone: str
    preset: str


@dataclass(frozen=True, slots=True)
class AreaContext:
    """What the clocks of an area need. Rules are remembered per kind and day: every event asks for them."""

    calendar: WorkingCalendar
    preset: Preset
    rules: dict[tuple[str, int], Rule | None] = field(default_factory=dict, compare=False)

    def rule(self, kind: str, day: int) -> Rule | None:
        """The rule in force for that kind of clock on an epoch day."""
        key = (kind, day)
        if key not in self.rules:
            self.rules[key] = self.preset.rule_for(kind, date_of(day)) if self.preset.holds_on(date_of(day)) else None
        return self.rules[key]


class Areas:
    """Look-up of areas. `refresh` reads the small table at the start of every transaction that judges, since another process
    may have stored an area; contexts of areas that did not change are kept with what they remember."""

    def __init__(self, calendars: Mapping[str, WorkingCalendar], presets: Mapping[str, Preset], default: Area) -> None:
        self._calendars, self._presets, self._default = calendars, presets, default
        self._context_of_default = self._context(default)
        self._known: dict[str, AreaContext] = {}
        self._stored: dict[str, Area] = {}

    @property
    def default(self) -> AreaContext:
        return self._context_of_default

    def of(self, area: str) -> AreaContext:
        """The context of an area; the installation's default for one that was never stored."""
        return self._known.get(area, self._context_of_default)

    def for_area(self, area: str) -> WorkingCalendar:
        """The calendar of an area on its own wall clock."""
        return self.of(area).calendar

    def refresh(self, conn: Connection) -> None:
        """Read every stored area. Raises ConfigError for a calendar or preset this installation does not have."""
        rows = {row[0]: Area(*row) for row in conn.execute(select(*areas.c[_COLUMNS])).all()}
        if rows != self._stored:
            self._known = {name: self._known[name] if self._stored.get(name) == row else self._context(row)
                           for name, row in rows.items()}
            self._stored = rows

    def save(self, conn: Connection, area: Area) -> None:
        """Store an area and use it from now on. Raises ConfigError for an unknown calendar or preset."""
        context = self._context(area)
        bulk_upsert(conn, areas, _COLUMNS, [(area.area, area.name, area.calendar, area.timezone, area.preset)],
                    key=("area",))
        self._known = {**self._known, area.area: context}
        self._stored = {**self._stored, area.area: area}

    def _context(self, area: Area) -> AreaContext:
        if area.calendar not in self._calendars:
            raise ConfigError("calendar_unknown", area=area.area, key="calendar", value=area.calendar,
                              remedy=f"one of {', '.join(sorted(self._calendars))}")
        if area.preset not in self._presets:
            raise ConfigError("preset_unknown", area=area.area, key="preset", value=area.preset,
                              remedy=f"one of {', '.join(sorted(self._presets))}")
        return AreaContext(self._calendars[area.calendar].in_zone(area.timezone), self._presets[area.preset])
