"""Which calendar, ladder, wall clock and limits hold for a case: what is stored for its area, in the versions that are its own.

What an installation was shipped with is version 0; what was edited and confirmed since is read from the database
(config/versions.py says which version a case is judged by).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, literal, select, union_all

from cases.clocks import Scale, scale_of
from cases.fold import Fold
from cases.models import areas
from config.catalogue import Item
from config.ladders import ActRule, Preset, Rule, narrowest
from config.versions import (
    NO_VERSIONS,
    REVISION,
    AreaPlan,
    Dated,
    Era,
    Eras,
    ItemVersion,
    Versions,
    in_force,
    read_versions,
)
from core.database import bulk_upsert
from core.errors import ConfigError
from core.instants import DAY_US, date_of
from core.limits import Limit
from core.models import marks
from core.statements import Statement
from core.unit_of_work import UnitOfWork
from core.working_calendar import OF_ANOTHER, WorkingCalendar

log = logging.getLogger(__name__)
T = TypeVar("T")
MAX_SCALES = 10_000  # a feed may state any limit at every event
_COLUMNS = ("area", "name", "calendar", "timezone", "preset")
# The few areas and the name of the configuration in one look: it is asked at the start of every transaction that judges.
_STORED = Statement(union_all(
    select(*areas.c[_COLUMNS]),
    select(literal(""), marks.c.value, literal(""), literal(""), literal("")).where(marks.c.name == REVISION)))


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
    """What the clocks and acts of an area need. Rules are remembered per kind and day, scales per rule and limit: every event
    asks for them."""

    calendar: WorkingCalendar
    preset: Preset
    rules: dict[tuple[str, int], Rule | None] = field(default_factory=dict, compare=False)
    scales: dict[tuple[str, Limit], Scale] = field(default_factory=dict, compare=False)
    acts: dict[tuple[str, int], Sequence[ActRule]] = field(default_factory=dict, compare=False)

    @property
    def preset_key(self) -> str:
        """`id@version`, what a clock or a card stores as evidence."""
        return f"{self.preset.id}@{self.preset.version}"

    def rule(self, kind: str, day: int) -> Rule | None:
        """The rule in force for that kind of clock on an epoch day."""
        key = (kind, day)
        if key not in self.rules:
            self.rules[key] = self.preset.rule_for(kind, date_of(day)) if self.preset.holds_on(date_of(day)) else None
        return self.rules[key]

    def act_rule(self, act: str, day: int, org: str, item: str) -> ActRule | None:
        """The rule for that fault in force on an epoch day, as `Preset.act_rule` chooses it."""
        key = (act, day)
        found = self.acts.get(key)
        if found is None:
            found = self.acts[key] = self.preset.act_rules(act, date_of(day))
        return narrowest(found, org, item) if found else None

    def scale(self, rule: Rule, limit: Limit) -> Scale:
        """The limit on the rule's ladder, by this calendar."""
        known = self.scales.get((rule.id, limit))
        if known is not None and known.rule is rule:
            return known
        if len(self.scales) >= MAX_SCALES:
            self.scales.clear()
        scale = self.scales[rule.id, limit] = scale_of(limit, rule, self.calendar)
        return scale


@dataclass(frozen=True, slots=True)
class Span:
    """What decides which versions a case is judged by: the epoch day it began (None: not known) and its end (us UTC)."""

    began: int | None = None
    ended_at: int | None = None


NEWEST = Span()


def span_of(fold: Fold) -> Span:
    """The case's span: its first moment as written, and when it was closed."""
    first = fold.submitted or fold.received or fold.accepted or fold.lodged
    return Span(first.local // DAY_US if first is not None else None, fold.closed.at if fold.closed is not None else None)


class Areas:
    """Look-up of areas. Another process may have stored an area or confirmed a version: `refresh` reads the small table before
    a look, `refresh_in` at the start of every transaction that judges. Contexts that did not change are kept with what they
    remember."""

    def __init__(self, calendars: Mapping[str, WorkingCalendar], presets: Mapping[str, Preset], default: Area) -> None:
        self._calendars, self._presets, self._default = calendars, presets, default
        self._stored: dict[str, Area] = {}
        self._versions = NO_VERSIONS
        self._contexts: dict[tuple[Any, ...], AreaContext] = {}
        self._newest: dict[str, AreaContext] = {}
        self._found: dict[str, Preset | None] = {}  # what `find_preset` gave: every card asks for it several times
        self._eras, self._by_era = Eras(NO_VERSIONS), dict[tuple[str, Era], AreaContext]()
        self._state = object()  # another one with everything that was taken
        self._lock = threading.RLock()  # a look that ends late must not be half of what a later one took
        self._elsewhere = self._context("", NEWEST)
        self.name = self._told  # of everything that was taken: the same here and in another process, or not the same

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which has a lock of its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    @property
    def default(self) -> AreaContext:
        """The context of the installation's own area."""
        return self.of(self._default.area)

    @property
    def versions(self) -> Versions:
        """The confirmed versions as last read."""
        return self._versions

    def of(self, area: str) -> AreaContext:
        """The newest context of an area; the installation's default for one that was never stored."""
        return self._newest.get(area, self._elsewhere)

    def for_area(self, area: str) -> WorkingCalendar:
        """The newest calendar of an area on its own wall clock."""
        return self.of(area).calendar

    def of_case(self, fold: Fold, *, as_newest: bool = False) -> AreaContext:
        """The context a case is judged by; with `as_newest` that of a case that began today."""
        if as_newest or self._versions.is_empty:
            return self.of(fold.area)
        return self.at(fold.area, span_of(fold))

    def of_case_with_newer_years(self, fold: Fold) -> AreaContext | None:
        """The case's own ladder and calendar with the years that only the newest calendar of its area knows; None for none."""
        own, newest = self.of_case(fold), self.for_area(fold.area)
        if own.calendar.id != newest.id or own.calendar.last_year >= newest.last_year:
            return None
        key = (f"{own.calendar.key} {newest.key}", own.preset.id, own.preset.version, own.calendar.timezone)
        known = self._contexts.get(key)
        if known is None:
            known = self._contexts[key] = AreaContext(own.calendar.with_years_of(newest), own.preset)
        return known

    def at(self, area: str, span: Span) -> AreaContext:
        """The context of an area for the cases of a span."""
        key = (area, self.era_of(span))
        known = self._by_era.get(key)
        if known is None:
            known = self._by_era[key] = self._context(area, span)
        return known

    def era_of(self, span: Span) -> Era:
        """Names the versions the cases of a span are judged by."""
        return self._eras.of(span.began, span.ended_at)

    @property
    def turns(self) -> tuple[Sequence[int], Sequence[int]]:
        """(the epoch days, the instants in us UTC) at which one era ends and another begins."""
        return self._eras.days, self._eras.instants

    def plan_of(self, area: str, span: Span = NEWEST) -> Area:
        """Which calendar and preset an area goes by."""
        stored = self._stored.get(area, self._default)
        edited = in_force(self._versions.areas.get(area, ()), span.began, span.ended_at)
        return stored if edited is None else _area_of(area, edited.value)

    def stored(self, area: str) -> Area:
        """What is stored for an area before any edit; the installation's default else."""
        return self._stored.get(area, replace(self._default, area=area))

    def item_at(self, item: str, span: Span, pinned: int | None = None) -> ItemVersion | None:
        """The version of an item a case of that span goes by: the one it is pinned to, else by its dates; None: as shipped."""
        versions = self._versions.items.get(item, ())
        if pinned is not None:
            return next((one.value for one in versions if one.number == pinned), None)
        edited = in_force(versions, span.began, span.ended_at)
        return None if edited is None else edited.value

    def catalogue_of(self, fold: Fold, catalogue: Any, *, as_newest: bool = False) -> Any:
        """The catalogue as it holds for a case: with its item in the version that is its own, if it was ever edited."""
        if fold.item not in self._versions.items:
            return catalogue
        return self.catalogue_at(fold.item, NEWEST if as_newest else span_of(fold), catalogue, fold.pinned)

    def catalogue_at(self, item: str, span: Span, catalogue: Any, pinned: int | None = None) -> Any:
        """The catalogue as it holds for a case of that item and span."""
        if item not in self._versions.items:
            return catalogue
        return _Amended(catalogue, item, self.item_at(item, span, pinned))

    def find_preset(self, rule_version: str) -> Preset | None:
        """The preset that cards call `id@version`, however old; None for one this installation never had."""
        if rule_version not in self._found:
            name, _, version = rule_version.partition("@")
            self._found[rule_version] = next((one for one in self.presets_of(name) if one.version == version), None)
        return self._found[rule_version]

    def find_item(self, code: str, version: str, catalogue: Any) -> Item | None:
        """The item in the version that evidence names, however old; None for one this installation never had."""
        shipped = getattr(catalogue, "as_shipped", catalogue).find_item(code)
        known = [*([shipped] if shipped is not None else []),
                 *(dated.value.over(code, shipped) for dated in self._versions.items.get(code, ()))]
        return next((item for item in known if item.version == version), None)

    def find_calendar(self, key: str) -> WorkingCalendar | None:
        """The calendar that clocks call `id@version`, however old; later years may be of another version."""
        name, _, version = key.partition("@")
        of_its_own, _, of_another = version.partition(OF_ANOTHER)
        known = {one.version: one for one in (*([self._calendars[name]] if name in self._calendars else []),
                                              *(dated.value for dated in self._versions.calendars.get(name, ())))}
        found = known.get(of_its_own)
        return found.with_years_of(known[of_another]) if found is not None and of_another in known else found

    def presets_of(self, preset: str) -> list[Preset]:
        """Every version of a preset ever in force, oldest first."""
        shipped = [self._presets[preset]] if preset in self._presets else []
        return shipped + [dated.value for dated in self._versions.presets.get(preset, ())]

    def refresh(self, conn: Connection) -> None:
        """Read every stored area, and the versions if any was confirmed since. Raises ConfigError for a calendar or preset
        this installation does not have."""
        rows = {row[0]: Area(*row) for row in _STORED.rows(conn)}
        mark = rows.pop("", None)
        revision = mark.name if mark is not None else ""
        with self._lock:
            if revision != self._versions.revision:
                self._take(rows, read_versions(conn, revision) if revision else NO_VERSIONS)
            elif rows != self._stored:
                self._take(rows, self._versions)

    def refresh_in(self, uow: UnitOfWork) -> str:
        """The same within a writing transaction, where nothing need be read if nobody else has written since it last was.
        Returns the name of what holds there."""
        with self._lock:
            if uow.kept.get(self) is not self._state:
                self.refresh(uow.conn)
                uow.kept[self] = self._state
            return self.name

    def save(self, uow: UnitOfWork, area: Area) -> None:
        """Store an area and use it from now on. Raises ConfigError for an unknown calendar or preset."""
        self._checked(area)
        bulk_upsert(uow.conn, areas, _COLUMNS, [(area.area, area.name, area.calendar, area.timezone, area.preset)],
                    key=("area",))
        with self._lock:
            self._take({**self._stored, area.area: area}, self._versions)

    def amended(self, versions: Versions) -> Areas:
        """These areas with other versions: what a preview judges by. Never refreshed."""
        other = Areas(self._calendars, self._presets, self._default)
        other._take(self._stored, versions)
        return other

    def knows(self, area: str) -> bool:
        """Whether an area was ever stored or edited."""
        return area in self._stored or area in self._versions.areas

    def known_areas(self) -> list[str]:
        """The areas with a plan of their own, and the default one."""
        return sorted({self._default.area, *self._stored, *self._versions.areas})

    def calendars_in_use(self) -> list[WorkingCalendar]:
        """The newest calendars of these areas, each once."""
        return list({calendar.key: calendar for calendar in map(self.for_area, self.known_areas())}.values())

    # Inside -------------------------------------------------------------------------------------------------------

    def _take(self, stored: Mapping[str, Area], versions: Versions) -> None:
        before = (self._stored, self._versions)
        self._state = object()
        self._stored, self._versions = dict(stored), versions
        self._eras, self._by_era = Eras(versions), {}
        if versions is not before[1]:
            self._contexts, self._found = {}, {}
        try:
            names = {*stored, *versions.areas}
            newest = {name: self._context(name, NEWEST) for name in names}
            self._elsewhere, self._newest = self._context("", NEWEST), newest
        except ConfigError:
            self._stored, self._versions = before
            self._eras = Eras(self._versions)
            raise
        self.name = self._told

    @property
    def _told(self) -> str:
        areas = [self._default, *(self._stored[area] for area in sorted(self._stored))]
        return blake2b(msgspec.json.encode((self._versions.revision, areas)), digest_size=16).hexdigest()

    def _context(self, area: str, span: Span) -> AreaContext:
        plan = self._checked(self.plan_of(area, span))
        calendar = _version_for(self._versions.calendars.get(plan.calendar, ()), span, self._calendars.get(plan.calendar))
        preset = _version_for(self._versions.presets.get(plan.preset, ()), span, self._presets.get(plan.preset))
        key = (calendar.key, preset.id, preset.version, plan.timezone)
        known = self._contexts.get(key)
        if known is None:
            known = self._contexts[key] = AreaContext(calendar.in_zone(plan.timezone), preset)
        return known

    def _checked(self, area: Area) -> Area:
        if area.calendar not in self._calendars and area.calendar not in self._versions.calendars:
            raise ConfigError("calendar_unknown", area=area.area, key="calendar", value=area.calendar,
                              remedy=f"one of {', '.join(sorted(self._calendars))}")
        if area.preset not in self._presets and area.preset not in self._versions.presets:
            raise ConfigError("preset_unknown", area=area.area, key="preset", value=area.preset,
                              remedy=f"one of {', '.join(sorted(self._presets))}")
        return area


class _Amended:
    """A catalogue in which one item is of another version; None: as it was shipped."""

    def __init__(self, catalogue: Any, item: str, version: ItemVersion | None) -> None:
        self._catalogue, self._item, self._version = catalogue, item, version

    def find_item(self, code: str) -> Any:
        if code != self._item:
            return self._catalogue.find_item(code)
        found = getattr(self._catalogue, "as_shipped", self._catalogue).find_item(code)
        return found if self._version is None else self._version.over(code, found)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogue, name)


def _version_for(versions: Sequence[Dated[T]], span: Span, shipped: T | None) -> T:
    found = in_force(versions, span.began, span.ended_at)
    value = shipped if found is None else found.value
    if value is None:  # an edit that made something new: older cases are judged by its first version
        value = versions[0].value
    return value


def _area_of(area: str, plan: AreaPlan) -> Area:
    return Area(area, plan.name, plan.calendar, plan.timezone, plan.preset)
