"""Reading the roster: who is on duty now, the week as a grid, where it has gaps, who lacks a liaison, what was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from alerts.roster.contacts import Addressee, Contact
from alerts.roster.models import card_duty, roster_log
from alerts.roster.plan import (
    DAY_MIN,
    DutyException,
    OnDuty,
    Shift,
    Span,
    Turn,
    covers_area,
    people_of,
    turns_at,
    turns_of,
    uncovered,
)
from alerts.roster.rows import contacts_of, exceptions_between, shifts_of
from cases.areas import Areas
from core.database import Database
from core.instants import DAY_US, MINUTE_US, date_of
from core.models import accounts
from core.working_calendar import WorkingCalendar

_OFFICERS = msgspec.json.Decoder(list[OnDuty])
LOG_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Gap:
    """Office hours of an area in which nobody is on duty, in minutes of the day."""

    area: str
    day: date
    from_min: int
    until_min: int


@dataclass(frozen=True, slots=True)
class DutyDay:
    """One day of the week grid."""

    day: date
    is_working: bool
    turns: list[Turn]
    exceptions: list[DutyException]
    gaps: list[Gap]


@dataclass(frozen=True, slots=True)
class RosterChange:
    """One line of the journal of the roster; `before` and `after` are what was stored, None when there was nothing."""

    at: int
    actor_name: str
    action: str
    subject: str
    subject_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Roster:
    """Who is on duty, by the plan. `areas` gives each area's wall clock and office hours; nothing is kept between calls."""

    def __init__(self, database: Database, areas: Areas) -> None:
        self._database, self._areas = database, areas

    def on_duty(self, at_us: int, area: str) -> list[OnDuty]:
        """Everybody on duty in the area at an instant (microseconds UTC), officers before leaders; [] in a gap."""
        with self._database.read() as conn:
            return self.on_duty_in(conn, at_us, area)

    def on_duty_in(self, conn: Connection, at_us: int, area: str) -> list[OnDuty]:
        """The same inside a transaction that is already open."""
        turns = self._turns_at(conn, at_us, area)
        names = names_of(conn, [turn.username for turn in turns])
        found = {turn.username: OnDuty(turn.username, names.get(turn.username, turn.username), turn.role)
                 for turn in reversed(turns)}
        return list(found.values())[::-1]

    def planned_on_duty(self, at_us: int, area: str) -> list[OnDuty] | None:
        """The same, and None where no line of these days is about the area: nobody on duty and no plan are not the same."""
        day = date_of(self._areas.for_area(area).today(at_us))
        with self._database.read() as conn:
            named = [shift.area for shift in shifts_of(conn) if shift.is_valid_on(day)]
            named += [one.area for one in exceptions_between(conn, day, day)]
            present = self.on_duty_in(conn, at_us, area)
        return present if present or any(covers_area(one, area) for one in named) else None

    def planned_in(self, conn: Connection, at_us: int) -> Mapping[str, str]:
        """Everybody the plan of these days names, with his role, on duty or not."""
        day = date_of(self._areas.default.calendar.today(at_us))
        alive = [shift for shift in shifts_of(conn) if shift.is_valid_on(day)]
        return people_of(alive, exceptions_between(conn, day, day))

    def has_plan(self) -> bool:
        """Whether anybody ever wrote a line of it: an installation without a roster has no gaps either."""
        with self._database.read() as conn:
            return bool(shifts_of(conn))

    def week(self, monday: date, area: str) -> list[DutyDay]:
        """Seven days of an area from `monday` on: turns after exceptions, and the gaps in office hours."""
        with self._database.read() as conn:
            shifts, calendar = shifts_of(conn), self._areas.for_area(area)
            exceptions = exceptions_between(conn, monday - timedelta(days=1), monday + timedelta(days=6))
        days = [monday + timedelta(days=number) for number in range(7)]
        return [self._day(day, area, calendar, shifts, exceptions) for day in days]

    def gaps(self, since_us: int, days: int) -> list[Gap]:
        """Uncovered office hours of the coming days in the default area and every area the plan names; [] without a plan."""
        with self._database.read() as conn:
            shifts = shifts_of(conn)
            first = date_of(self._areas.default.calendar.today(since_us))
            exceptions = exceptions_between(conn, first - timedelta(days=1), first + timedelta(days=days))
        named = sorted({shift.area for shift in shifts} | {one.area for one in exceptions}) if shifts else []
        wanted = [first + timedelta(days=number) for number in range(days)]
        return [gap for area in named for day in wanted
                for gap in _gaps_on(day, area, self._areas.for_area(area), shifts, exceptions)
                if not self._is_past(gap, since_us)]

    def raised_under(self, card_id: int) -> list[OnDuty]:
        """Who was on duty when the card was raised; [] for a card of before there was a roster."""
        with self._database.read() as conn:
            told = conn.execute(select(card_duty.c.officers).where(card_duty.c.card_id == card_id)).scalar()
        return [] if told is None else _OFFICERS.decode(told)

    def shifts(self) -> list[Shift]:
        with self._database.read() as conn:
            return shifts_of(conn)

    def exceptions(self, first: date, last: date) -> list[DutyException]:
        with self._database.read() as conn:
            return exceptions_between(conn, first, last)

    def contacts(self) -> list[Contact]:
        """Every active contact, by organisation."""
        with self._database.read() as conn:
            return contacts_of(conn)

    def without_liaison(self, orgs: Iterable[str]) -> list[str]:
        """Those of these organisations to which no card can be addressed."""
        reached = {contact.org for contact in self.contacts() if contact.role is Addressee.LIAISON}
        return [org for org in orgs if org not in reached]

    def people(self, may_serve: Callable[[str], bool]) -> list[tuple[str, str]]:
        """(account, name) of active accounts whose roles `may_serve` accepts, by name."""
        statement = select(accounts.c.username, accounts.c.display_name, accounts.c.roles).where(accounts.c.is_active)
        with self._database.read() as conn:
            rows = conn.execute(statement.order_by(accounts.c.display_name)).all()
        return [(row.username, row.display_name) for row in rows if any(map(may_serve, row.roles.split()))]

    def changes(self, limit: int = LOG_SHOWN) -> list[RosterChange]:
        """The newest changes, newest first."""
        with self._database.read() as conn:
            rows = conn.execute(select(roster_log).order_by(roster_log.c.id.desc()).limit(limit)).all()
        return [RosterChange(row.at, row.actor_name, row.action, row.subject, row.subject_id, _told(row.before),
                             _told(row.after)) for row in rows]

    def _turns_at(self, conn: Connection, at_us: int, area: str) -> list[Turn]:
        local = self._areas.for_area(area).to_local(at_us)
        day, minute = date_of(local // DAY_US), local % DAY_US // MINUTE_US
        return turns_at(day, minute, area, shifts_of(conn), exceptions_between(conn, day - timedelta(days=1), day))

    def _day(self, day: date, area: str, calendar: WorkingCalendar, shifts: list[Shift],
             exceptions: list[DutyException]) -> DutyDay:
        turns = [turn for turn in turns_of(day, shifts, exceptions) if turn.area in ("", area) or not area]
        todays = [one for one in exceptions if one.day == day]
        return DutyDay(day, bool(_office_spans(day, calendar)), turns, todays,
                       _gaps_on(day, area, calendar, shifts, exceptions) if shifts else [])

    def _is_past(self, gap: Gap, since_us: int) -> bool:
        local = self._areas.for_area(gap.area).to_local(since_us)
        return (gap.day, gap.until_min) <= (date_of(local // DAY_US), local % DAY_US // MINUTE_US)


def names_of(conn: Connection, usernames: Iterable[str]) -> dict[str, str]:
    """The names of these accounts, as shown."""
    rows = conn.execute(select(accounts.c.username, accounts.c.display_name).where(accounts.c.username.in_(set(usernames))))
    return {row.username: row.display_name for row in rows}


def _gaps_on(day: date, area: str, calendar: WorkingCalendar, shifts: list[Shift],
             exceptions: list[DutyException]) -> list[Gap]:
    spans = uncovered(day, _office_spans(day, calendar), area, shifts, exceptions)
    return [Gap(area, day, start, end) for start, end in spans]


def _office_spans(day: date, calendar: WorkingCalendar) -> list[Span]:
    """The office hours of a day in minutes; none on a day off and in a year that is not published."""
    midnight = (day - date(1970, 1, 1)).days * DAY_US
    at, end, spans = calendar.to_utc(midnight), calendar.to_utc(midnight + DAY_US), list[Span]()
    while at < end:
        change = calendar.next_office_change(at)
        if calendar.office_state(at)[0] == "working":
            spans.append((_minute(calendar, at, midnight), min(_minute(calendar, change, midnight), DAY_MIN)))
        at = change
    return spans


def _minute(calendar: WorkingCalendar, at: int, midnight: int) -> int:
    return (calendar.to_local(at) - midnight) // MINUTE_US


def _told(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else msgspec.json.decode(text)
