"""Indicators of any group and period, worked out from the day tables: the one way by which screens, exports, bulletins and the
interface come by a figure. Who may see what is decided in the query itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from cases.models import case_table
from config.indicators import Indicator, Indicators
from core.access import SYSTEM, Actor
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAuthenticated
from core.instants import date_of
from evaluation.card_figures import wait_for_counting
from evaluation.duties import Duties
from evaluation.models import DUTY_FIGURES, FIGURES, OPENING_FIGURES, figure_days
from evaluation.period import BYS, FIRST_YEAR, LAST_YEAR, Basis, By, Corrected, CorrectedDay, Figure, Period
from evaluation.rolling import rolled_until
from evaluation.scope import Scope, Source

ALWAYS = Period(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
Counts = dict[str, int]
FOUR_WEEKS = 28
_UNCOUNTED = select(case_table.c.case_id).where(case_table.c.is_unmarked).limit(1)


class Names(Protocol):
    """What the keys are called, and which power an item exercises."""

    def org_name(self, org: str) -> str: ...
    def item_name(self, item: str) -> str: ...
    def area_name(self, area: str) -> str: ...
    def channel_name(self, channel: str) -> str: ...
    def kind_of(self, item: str) -> str: ...
    def kind_name(self, kind: str) -> str: ...


class Beside(Protocol):
    """Figures that no table keeps. Those that stand rather than happen (`stands`) are joined to groups that are there, and are
    groups by themselves only if nothing else is asked for: every unit has items, whether or not it did anything."""

    @property
    def figures(self) -> frozenset[str]: ...
    @property
    def stands(self) -> bool: ...

    def asks(self, scope: Scope, by: By, names: Collection[str]) -> bool: ...
    def totals(self, conn: Connection, scope: Scope, by: By, names: Collection[str]) -> dict[Any, Counts]: ...


class IndicatorQueries:
    """Reads; opens its own connection for each question.

    `beside` are figures no table keeps, as those of `duties`. `sees_others`: whether a department user is shown the figures of
    other departments.
    """

    def __init__(self, database: Database, indicators: Indicators, names: Names, duties: Duties, *,
                 beside: Sequence[Beside] = (), sees_others: bool = False) -> None:
        self._database, self.indicators, self._names, self._duties = database, indicators, names, duties
        self._beside: tuple[Beside, ...] = (duties, *beside)
        self._sees_others = sees_others

    def figures(self, actor: Actor | None, period: Period, by: By, indicators: Sequence[str], *, orgs: Sequence[str] = (),
                items: Sequence[str] = (), area: str = "", basis: Basis = Basis.EVENT) -> list[Figure]:
        """These indicators of each group that has anything in the period, by key, then as asked.

        A department user sees his own unit, and others if the settings allow; a person bound to an area sees that area. Raises
        NotAuthenticated, InvalidInput (`by_unknown`) and NotFound (`indicator_unknown`).
        """
        if by not in BYS:
            raise InvalidInput("by_unknown", value=str(by)[:32], accepted=", ".join(BYS))
        asked = [self.indicators.find(code) for code in indicators]
        scope = self._scope(actor, period, basis, orgs, items, area)
        groups = self._groups(scope, by, tuple(dict.fromkeys(name for one in asked for name in one.names)))
        return [self._figure(key, by, one, groups[key]) for key in sorted(groups) for one in asked]

    def totals(self, actor: Actor | None, period: Period, by: By, names: Sequence[str], *, orgs: Sequence[str] = (),
               items: Sequence[str] = (), area: str = "", basis: Basis = Basis.EVENT) -> dict[str, Counts]:
        """The bare base figures of each group, under the same rights."""
        scope = self._scope(actor, period, basis, orgs, items, area)
        return self._groups(scope, by, tuple(names))

    def parts(self, actor: Actor | None, period: Period, by: By, names: Sequence[str], step: int, *, orgs: Sequence[str] = (),
              items: Sequence[str] = (), area: str = "", basis: Basis = Basis.EVENT) -> dict[str, list[Counts]]:
        """The base figures of each group in stretches of `step` days, those in which anything was counted: what the spread of a
        mean is judged by. Four weeks are calendar months where figures are kept by the month, with what lies before the first
        whole one and after the last. Under the same rights."""
        scope = self._scope(actor, period, basis, orgs, items, area)
        if not set(names).isdisjoint(DUTY_FIGURES):
            return self._parts_of_duties(scope, by, names, step)
        with self._database.read() as conn:
            rows = [row for statement in _in_stretches(conn, scope, by, names, step) for row in conn.execute(statement)]
        keys = {place: self._key(place, by) for place in {row[0] for row in rows}}
        summed: dict[tuple[str, int], list[int]] = {}
        for place, stretch, *sums in rows:  # items of one power fall together
            at = keys[place], int(stretch)
            counts = [*map(int, sums)]
            summed[at] = [one + more for one, more in zip(summed[at], counts, strict=True)] if at in summed else counts
        found: dict[str, list[Counts]] = {}
        for (key, _stretch), total in sorted(summed.items()):
            found.setdefault(key, []).append(dict(zip(names, total, strict=True)))
        return found

    def _parts_of_duties(self, scope: Scope, by: By, names: Sequence[str], step: int) -> dict[str, list[Counts]]:
        if not self._duties.asks(scope, by, names):
            return {}
        with self._database.read() as conn:
            parts = self._duties.parts(conn, scope, by, step)
        found: dict[str, list[Counts]] = {}
        for (place, _stretch), counts in sorted(parts.items()):
            found.setdefault(str(place), []).append({name: counts.get(name, 0) for name in names})
        return found

    def corrected(self, actor: Actor | None, period: Period, *, orgs: Sequence[str] = (), area: str = "") -> Corrected:
        """What changed in a period after its days were over."""
        c = figure_days.c
        where = self._scope(actor, period, Basis.EVENT, orgs, (), area).of_days()
        with self._database.read() as conn:
            rows, last_at = conn.execute(select(func.count(), func.max(c.corrected_at))
                                         .where(c.corrected_at.is_not(None), *where)).one()
        return Corrected(int(rows), last_at)

    def corrected_days(self, actor: Actor | None, period: Period, *, orgs: Sequence[str] = (), area: str = "",
                       limit: int = 50) -> list[CorrectedDay]:
        """Which days of which departments those are, the last changed first, by departments and days of equal instants."""
        c = figure_days.c
        where = self._scope(actor, period, Basis.EVENT, orgs, (), area).of_days()
        last = func.max(c.corrected_at)
        statement = select(c.day, c.org, last).where(c.corrected_at.is_not(None), *where).group_by(c.day, c.org)
        with self._database.read() as conn:
            rows = conn.execute(statement.order_by(last.desc(), c.org, c.day.desc()).limit(limit)).all()
        return [CorrectedDay(day, org, at) for day, org, at in rows]

    def first_day(self, actor: Actor | None, area: str = "") -> date | None:
        """The first day anything was counted on, None for an empty record. Under the same rights."""
        scope = self._scope(actor, ALWAYS, Basis.EVENT, (), (), area)
        with self._database.read() as conn:
            first = conn.scalar(select(func.min(figure_days.c.day)).where(*scope.of_days()))
        return None if first is None else date_of(int(first))

    def check_whole(self) -> None:
        """For whoever keeps figures for good. Raises Conflict (`figures_counted_anew`) while cases or cards wait to be counted,
        as after an update that counts more: all figures are then parts of what they will be."""
        with self._database.read() as conn:
            if conn.scalar(_UNCOUNTED) is not None or wait_for_counting(conn):
                raise Conflict("figures_counted_anew")

    def org_name(self, org: str) -> str:
        """What a department is called; its code where nobody lists it."""
        return self._names.org_name(org)

    def unit_name(self, by: By, key: str) -> str:
        """What a group of that kind is called."""
        return self._label(key, by)

    # Rights -------------------------------------------------------------------------------------------------------

    def _scope(self, actor: Actor | None, period: Period, basis: Basis, orgs: Sequence[str], items: Sequence[str],
               area: str) -> Scope:
        if actor is None:
            raise NotAuthenticated("sign_in_required")
        first, last = period.days
        sees_all = actor is SYSTEM or (self._sees_others and bool(actor.roles))
        own = None if sees_all else actor.only_org
        return Scope(first, last, basis, _narrowed(tuple(orgs), own), _narrowed((area,) if area else (), actor.area or None),
                      tuple(items))

    # Reading ------------------------------------------------------------------------------------------------------

    def _groups(self, scope: Scope, by: By, names: tuple[str, ...]) -> dict[str, Counts]:
        counted = tuple(name for name in names if name in FIGURES)
        asked = [one for one in self._beside if one.asks(scope, by, names)]
        with self._database.read() as conn:
            found = [(_summed(conn, part, by, of_part), True) for part, of_part in _parts(scope, counted)]
            found += [(one.totals(conn, scope, by, names), not one.stands or one.figures.issuperset(names)) for one in asked]
        groups: dict[str, Counts] = {}
        for rows, makes_groups in found:
            for place, counts in rows.items():
                key = self._key(place, by)
                if makes_groups or key in groups:
                    _add(groups.setdefault(key, dict.fromkeys(names, 0)), counts)
        return groups

    # Words --------------------------------------------------------------------------------------------------------

    def _key(self, place: Any, by: By) -> str:
        if by == "day":
            return date_of(int(place)).isoformat()
        if by == "month":
            return date_of(int(place)).isoformat()[:7]
        return self._names.kind_of(place) if by == "power_kind" else str(place)

    def _figure(self, key: str, by: By, indicator: Indicator, counts: Mapping[str, int]) -> Figure:
        above, below, value = indicator.worked_out(counts)
        base = {name: counts[name] for name in indicator.names}
        return Figure(key, self._label(key, by), indicator.code, above, below, value, indicator.is_small(below), base)

    def _label(self, key: str, by: By) -> str:
        names = self._names
        words = {"org": names.org_name, "item": names.item_name, "area": names.area_name, "channel": names.channel_name,
                 "power_kind": names.kind_name}.get(by)
        return key if words is None else words(key)


def _parts(scope: Scope, names: tuple[str, ...]) -> list[tuple[Scope, tuple[str, ...]]]:
    """Receptions and acceptances stand on their own days on either basis, and are kept once."""
    opening = tuple(name for name in names if name in OPENING_FIGURES)
    if scope.basis is Basis.EVENT or not opening:
        return [(scope, names)]
    later = tuple(name for name in names if name not in opening)
    return [(replace(scope, basis=Basis.EVENT), opening), *([(scope, later)] if later else [])]


def _summed(conn: Connection, scope: Scope, by: By, names: Sequence[str]) -> dict[Any, Counts]:
    """The sums of these figures by place: of the small tables unless items or channels are told apart."""
    summed: dict[Any, Counts] = {}
    for source in [scope.days(by)] if by == "day" else scope.by_months(by, rolled_until(conn)):
        for place, counts in _by_place(conn, source, by, names).items():
            _add(summed.setdefault(place, dict.fromkeys(names, 0)), counts)
    return summed


def _by_place(conn: Connection, source: Source, by: By, names: Sequence[str]) -> dict[Any, Counts]:
    place, counted = source.place(by), [func.count(), *(func.sum(source.table.c[name]) for name in names)]
    statement = select(*counted) if place is None else select(place, *counted).group_by(place)
    rows = conn.execute(statement.select_from(source.rows).where(*source.where)).all()
    tagged = [("", *row) for row in rows] if place is None else rows
    return {row[0]: dict(zip(names, (int(value or 0) for value in row[2:]), strict=True)) for row in tagged if row[1]}


def _in_stretches(conn: Connection, scope: Scope, by: By, names: Sequence[str], step: int) -> list[Select[Any]]:
    """The same by stretch of `step` days: place, stretch, sums."""
    if step < FOUR_WEEKS:
        days = scope.days(by)
        return [_of_stretch(days, by, names, (days.day - scope.first) // step)]
    return [statement for source in scope.by_months(by, rolled_until(conn)) for statement in _by_month(source, by, names)]


def _by_month(source: Source, by: By, names: Sequence[str]) -> list[Select[Any]]:
    if source.is_months:
        return [_of_stretch(source, by, names, source.day)]
    return [_of_stretch(Source(source.table, part), by, names, literal(part.first)) for part in source.scope.split_by_months()]


def _of_stretch(source: Source, by: By, names: Sequence[str], stretch: ColumnElement[int]) -> Select[Any]:
    place = source.place(by)
    statement = select(place, stretch.label("stretch"), *(func.sum(source.table.c[name]) for name in names))
    return statement.select_from(source.rows).where(*source.where).group_by(place, "stretch")


def _add(into: Counts, counts: Mapping[str, int]) -> None:
    for name, value in counts.items():
        if name in into:
            into[name] += value


def _narrowed(asked: tuple[str, ...], own: str | None) -> tuple[str, ...] | None:
    """What was asked for, within what one may see (None: everything)."""
    if own is None:
        return asked or None
    return (own,) if not asked or own in asked else ()
