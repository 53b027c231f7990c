"""Versions of what rules: presets, calendars, limits of items, and which of them an area uses.

A case is judged by one set of versions, found from its own dates and from nothing else, so that the same facts give the same
answer for ever: of each thing the newest version that (1) is in force on the day the case began, and (2) was confirmed before
the case ended. So a change never reaches a case that had ended when it was confirmed, and reaches an open case only if its
author let it begin early enough. Version 0 is what the program was shipped or installed with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Connection, Table, select

from config.calendars import calendar_of
from config.catalogue import Item, Organisation
from config.item_document import BLANK, document_of, item_of_document, read_document_of
from config.ladders import Preset, preset_of
from config.models import (
    area_versions,
    calendar_versions,
    item_limit_versions,
    organisation_versions,
    paper_template_versions,
    rule_versions,
    scoring_versions,
)
from config.organisation_document import organisation_of
from config.organisation_document import read_document_of as read_organisation
from core.models import marks
from core.unit_of_work import UnitOfWork
from core.working_calendar import WorkingCalendar

T = TypeVar("T")
REVISION = "config_revision"
BEFORE_EVERYTHING = -(1 << 40)


class Kind(StrEnum):
    """What is edited."""

    RULES = "rules"
    CALENDAR = "calendar"
    ITEM = "item"
    AREA = "area"
    ORGANISATION = "organisation"
    PAPER = "paper"
    SCORING = "scoring"


class VersionState(StrEnum):
    """The life of a version: proposed → active → superseded, or rejected."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


TABLES: Mapping[Kind, Table] = {Kind.RULES: rule_versions, Kind.CALENDAR: calendar_versions,
                                Kind.ITEM: item_limit_versions, Kind.AREA: area_versions,
                                Kind.ORGANISATION: organisation_versions, Kind.PAPER: paper_template_versions,
                                Kind.SCORING: scoring_versions}
JUDGING = frozenset({Kind.RULES, Kind.CALENDAR, Kind.ITEM, Kind.AREA})  # what a case is judged by; not names, not words
EVER_IN_FORCE = (VersionState.ACTIVE.value, VersionState.SUPERSEDED.value)


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A confirmed version: number, value, first day (epoch day) of the cases it is for, and when it was confirmed (us UTC)."""

    number: int
    value: T
    effective_from: int = BEFORE_EVERYTHING
    confirmed_at: int = BEFORE_EVERYTHING


class ItemVersion:
    """A version of an item: its document, laid over what was shipped. The item is made once: every event of a case asks."""

    def __init__(self, number: int, content: Mapping[str, Any]) -> None:
        self.number, self.content = number, content
        self._made: tuple[Item | None, Item] | None = None

    def over(self, code: str, shipped: Item | None) -> Item:
        """The item as this version has it. Raises ConfigError or InvalidInput for a content this program cannot read."""
        if self._made is None or self._made[0] is not shipped:
            self._made = (shipped, item_of_content(code, self.content, self.number, shipped))
        return self._made[1]


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """What an area goes by: ids of its calendar and preset, zone of its wall clock."""

    name: str
    calendar: str
    timezone: str
    preset: str


@dataclass(frozen=True)
class Versions:
    """Every confirmed version beyond those shipped, oldest first, by subject. `revision` names the state that was read; an
    organisation comes with its place in lists."""

    revision: str = ""
    presets: Mapping[str, Sequence[Dated[Preset]]] = field(default_factory=dict)
    calendars: Mapping[str, Sequence[Dated[WorkingCalendar]]] = field(default_factory=dict)
    items: Mapping[str, Sequence[Dated[ItemVersion]]] = field(default_factory=dict)
    areas: Mapping[str, Sequence[Dated[AreaPlan]]] = field(default_factory=dict)
    organisations: Mapping[str, Sequence[Dated[tuple[int, Organisation]]]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether every case is judged by what was shipped; an organisation's name judges none."""
        return not (self.presets or self.calendars or self.items or self.areas)


NO_VERSIONS = Versions()
Era = tuple[int, int]


class Eras:
    """Which spans meet the same versions: two cases of one era are judged alike. `days` and `instants` are where eras meet."""

    def __init__(self, versions: Versions) -> None:
        every = [one for kind in (versions.presets, versions.calendars, versions.items, versions.areas)
                 for dated in kind.values() for one in dated]
        self.days = sorted({one.effective_from for one in every})
        self.instants = sorted({one.confirmed_at for one in every})

    def of(self, began: int | None, ended_at: int | None) -> Era:
        """The era of a case that began on that epoch day and ended then (us UTC); None: not known, open."""
        return (len(self.days) if began is None else bisect_right(self.days, began),
                len(self.instants) if ended_at is None else bisect_right(self.instants, ended_at))


def in_force(versions: Sequence[Dated[T]], began: int | None, ended_at: int | None) -> Dated[T] | None:
    """The newest version for a case that began on that epoch day (None: not known) and ended then (us UTC; None: open)."""
    for one in reversed(versions):
        if (began is None or one.effective_from <= began) and (ended_at is None or one.confirmed_at <= ended_at):
            return one
    return None


def read_revision(conn: Connection) -> str:
    """Names what was last confirmed; "" where nothing ever was."""
    return conn.scalar(select(marks.c.value).where(marks.c.name == REVISION)) or ""


def revision_in(uow: UnitOfWork) -> str:
    """The same in a writing transaction: every paper asks."""
    return uow.keep(marks, read_revision)


def read_versions(conn: Connection, revision: str) -> Versions:
    """Every version that is or was in force. Raises ConfigError for one that this program cannot read."""
    return Versions(
        revision,
        presets=_read(conn, Kind.RULES, lambda subject, number, content: preset_of(content, _origin(subject, number))),
        calendars=_read(conn, Kind.CALENDAR, lambda subject, number, content: calendar_of(content, _origin(subject, number))),
        items=_read(conn, Kind.ITEM, lambda _subject, number, content: ItemVersion(number, content)),
        areas=_read(conn, Kind.AREA, lambda _subject, _number, content: AreaPlan(**content)),
        organisations=_read(conn, Kind.ORGANISATION, _ordered_organisation))


def item_of_content(code: str, content: Mapping[str, Any], number: int, shipped: Item | None) -> Item:
    """The item of a version's content; what it leaves out is as shipped."""
    whole = {**(document_of(shipped) if shipped is not None else BLANK), **content}
    name = f"{shipped.version}+{number}" if shipped is not None else str(number)
    return item_of_document(code, read_document_of(whole, _origin(code, number)), name, number, shipped)


def _ordered_organisation(subject: str, number: int, content: Mapping[str, Any]) -> tuple[int, Organisation]:
    document = read_organisation(content, _origin(subject, number))
    return document.order, organisation_of(subject, document)


def _read(conn: Connection, kind: Kind, value_of: Any) -> dict[str, list[Dated[Any]]]:
    found: dict[str, list[Dated[Any]]] = {}
    table = TABLES[kind]
    statement = select(*table.c["subject", "version", "content", "effective_from", "decided_at"])
    for row in conn.execute(statement.where(table.c.state.in_(EVER_IN_FORCE)).order_by(table.c.subject, table.c.version)):
        value = value_of(row.subject, row.version, msgspec.json.decode(row.content))
        found.setdefault(row.subject, []).append(Dated(row.version, value, row.effective_from, row.decided_at))
    return found


def _origin(subject: str, number: int) -> str:
    return f"{subject}, version {number}"
