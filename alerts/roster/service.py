"""Changing the roster: every change is checked, is one transaction and is journalled with what was before and after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, update

from alerts.alarms import AlarmService
from alerts.roster.contacts import Addressee, Contact, checked
from alerts.roster.models import contacts, duty_exceptions, duty_shifts, roster_log
from alerts.roster.plan import (
    DAY_MIN,
    DUTY_ROLES,
    LONGEST_MIN,
    DutyException,
    ExceptionKind,
    Shift,
    clock_text,
    colliding,
)
from alerts.roster.queries import Roster
from alerts.roster.rows import contact_of, contact_values, exception_values, next_number, shift_values, shifts_of
from core.access import Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound
from core.models import accounts
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

EDITORS = tuple(role for role in Role if role.value in ("administrator", "shift_leader"))
GAP_CODE, LIAISON_CODE = "roster_gap", "liaison_missing"


class RosterService:
    """The writing side of roster and contacts. Every method raises NotPermitted for whoever may not edit them."""

    def __init__(self, units: UnitOfWorkFactory, roster: Roster, alarms: AlarmService,
                 orgs: Callable[[], Collection[str]]) -> None:
        self._units, self._roster, self._alarms, self._orgs = units, roster, alarms, orgs

    # The plan ---------------------------------------------------------------------------------------------------------

    def save_shift(self, shift: Shift, actor: Actor | None) -> Shift:
        """Add a line (id 0) or change one (id and the revision that was read).

        Raises InvalidInput (a time, a day, a role, an account that cannot be right), Conflict (the person is on duty for
        that area at that time already, or somebody changed the line meanwhile) and NotFound.
        """
        editor = require(actor, *EDITORS)
        with self._units() as uow:
            _check_shift(uow.conn, shift)
            other = colliding(shift, shifts_of(uow.conn))
            if other is not None:
                raise Conflict("shift_overlaps", username=shift.username, weekday=other.weekday + 1,
                               span=f"{clock_text(other.from_min)}-{clock_text(other.until_min)}")
            return self._put_shift(uow, shift, editor)

    def end_shift(self, shift_id: int, last_day: date, actor: Actor | None) -> None:
        """The line holds until `last_day`; one that would never have begun is removed. What held in the past stays known."""
        editor = require(actor, *EDITORS)
        with self._units() as uow:
            shift = _found(shifts_of(uow.conn), shift_id, "shift_not_found")
            if last_day < shift.valid_from:
                uow.conn.execute(delete(duty_shifts).where(duty_shifts.c.id == shift_id))
                _journal(uow, editor, "removed", "shift", shift_id, shift_values(shift), None)
                return
            ended = msgspec.structs.replace(shift, valid_until=last_day, rev=shift.rev + 1)
            self._change(uow, duty_shifts, shift_values(ended))
            _journal(uow, editor, "changed", "shift", shift_id, shift_values(shift), shift_values(ended))

    def add_exception(self, one: DutyException, actor: Actor | None) -> DutyException:
        """Note that a day differs. Raises InvalidInput for people, kinds and times that cannot be right."""
        editor = require(actor, *EDITORS)
        with self._units() as uow:
            _check_exception(uow.conn, one)
            stored = msgspec.structs.replace(one, id=next_number(uow.conn, duty_exceptions))
            uow.conn.execute(insert(duty_exceptions).values(exception_values(stored)))
            _journal(uow, editor, "added", "exception", stored.id, None, exception_values(stored))
        return stored

    def remove_exception(self, exception_id: int, actor: Actor | None) -> None:
        """Take an exception back. Raises NotFound."""
        editor = require(actor, *EDITORS)
        with self._units() as uow:
            row = uow.conn.execute(select(duty_exceptions).where(duty_exceptions.c.id == exception_id)).first()
            if row is None:
                raise NotFound("exception_not_found", id=exception_id)
            uow.conn.execute(delete(duty_exceptions).where(duty_exceptions.c.id == exception_id))
            _journal(uow, editor, "removed", "exception", exception_id, dict(row._mapping), None)

    # People to be told ------------------------------------------------------------------------------------------------

    def save_contact(self, contact: Contact, actor: Actor | None) -> Contact:
        """Add (id 0) or change a contact. A new liaison takes the place of the one before him.

        Raises InvalidInput (an address that cannot be right, an unknown account or organisation), Conflict and NotFound.
        """
        editor = require(actor, *EDITORS)
        new = checked(contact)
        with self._units() as uow:
            if new.org and new.org not in self._orgs():
                raise InvalidInput("org_unknown", org=new.org[:64])
            _check_account(uow.conn, new.username, needed=False)
            self._retire_liaison(uow, new, editor)
            return self._put_contact(uow, new, editor)

    def remove_contact(self, contact_id: int, actor: Actor | None) -> None:
        """He is told nothing any more; what he was told stays on record."""
        editor = require(actor, *EDITORS)
        with self._units() as uow:
            self._retire(uow, _contact(uow.conn, contact_id), editor)

    # Alarms -----------------------------------------------------------------------------------------------------------

    def watch(self, look_ahead_days: int, org_name: Callable[[str], str]) -> None:
        """Alarms for gaps of the coming days and for organisations nobody can be told for; cleared when there are none.

        An installation without any liaison has not begun to use them: it is told by the page, not by an alarm.
        """
        gaps = self._roster.gaps(self._units.clock.now_us(), look_ahead_days)
        missing = self._roster.without_liaison(self._orgs())
        is_used = len(missing) < len(self._orgs())
        with self._units() as uow:
            first = gaps[0] if gaps else None
            self._tell(uow, GAP_CODE, first is not None and {
                "n": len(gaps), "day": first.day.isoformat(),
                "span": f"{clock_text(first.from_min)}-{clock_text(first.until_min)}"})
            self._tell(uow, LIAISON_CODE, bool(missing) and is_used and {
                "n": len(missing), "detail": org_name(missing[0])})

    def _tell(self, uow: UnitOfWork, code: str, args: Mapping[str, Any] | bool) -> None:
        """The one alarm of a code with what is true now. Written anew only when it says something else."""
        if isinstance(args, bool):
            self._alarms.clear_alarm(uow.conn, code, "", uow.now_us)
        else:
            self._alarms.renew_alarm(uow.conn, code, "", uow.now_us, **args)

    # Inside -----------------------------------------------------------------------------------------------------------

    def _put_shift(self, uow: UnitOfWork, shift: Shift, editor: Actor) -> Shift:
        if not shift.id:
            stored = msgspec.structs.replace(shift, id=next_number(uow.conn, duty_shifts), rev=1)
            uow.conn.execute(insert(duty_shifts).values(shift_values(stored)))
            _journal(uow, editor, "added", "shift", stored.id, None, shift_values(stored))
            return stored
        before = _found(shifts_of(uow.conn), shift.id, "shift_not_found")
        _check_rev(before.rev, shift.rev)
        stored = msgspec.structs.replace(shift, rev=before.rev + 1)
        self._change(uow, duty_shifts, shift_values(stored))
        _journal(uow, editor, "changed", "shift", stored.id, shift_values(before), shift_values(stored))
        return stored

    def _put_contact(self, uow: UnitOfWork, contact: Contact, editor: Actor) -> Contact:
        if not contact.id:
            stored = msgspec.structs.replace(contact, id=next_number(uow.conn, contacts), rev=1)
            uow.conn.execute(insert(contacts).values(contact_values(stored)))
            _journal(uow, editor, "added", "contact", stored.id, None, contact_values(stored))
            return stored
        before = _contact(uow.conn, contact.id)
        _check_rev(before.rev, contact.rev)
        stored = msgspec.structs.replace(contact, rev=before.rev + 1)
        self._change(uow, contacts, contact_values(stored))
        _journal(uow, editor, "changed", "contact", stored.id, contact_values(before), contact_values(stored))
        return stored

    def _retire_liaison(self, uow: UnitOfWork, new: Contact, editor: Actor) -> None:
        if new.role is not Addressee.LIAISON or not new.is_active:
            return
        rows = uow.conn.execute(select(contacts).where(
            contacts.c.org == new.org, contacts.c.role == new.role.value, contacts.c.is_active, contacts.c.id != new.id))
        for row in rows.all():
            self._retire(uow, contact_of(row), editor)

    def _retire(self, uow: UnitOfWork, before: Contact, editor: Actor) -> None:
        after = msgspec.structs.replace(before, is_active=False, rev=before.rev + 1)
        self._change(uow, contacts, contact_values(after))
        _journal(uow, editor, "removed", "contact", before.id, contact_values(before), None)

    @staticmethod
    def _change(uow: UnitOfWork, table: Table, values: Mapping[str, Any]) -> None:
        uow.conn.execute(update(table).where(table.c.id == values["id"]).values(values))


def _journal(uow: UnitOfWork, editor: Actor, action: str, subject: str, subject_id: int,
             before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    def told(values: Mapping[str, Any] | None) -> str | None:
        return None if values is None else msgspec.json.encode(dict(values)).decode()

    uow.conn.execute(insert(roster_log).values(
        id=next_number(uow.conn, roster_log), at=uow.now_us, actor=editor.name,
        actor_name=editor.display_name or editor.name, action=action, subject=subject, subject_id=subject_id,
        before=told(before), after=told(after)))


def _check_shift(conn: Connection, shift: Shift) -> None:
    if shift.role not in {role.value for role in DUTY_ROLES}:
        raise InvalidInput("duty_role_unknown", role=shift.role[:32])
    if not 0 <= shift.weekday <= 6:
        raise InvalidInput("weekday_invalid", weekday=shift.weekday)
    _check_span(shift.from_min, shift.until_min, LONGEST_MIN)
    if shift.valid_until is not None and shift.valid_until < shift.valid_from:
        raise InvalidInput("validity_backwards", first=shift.valid_from.isoformat(), last=shift.valid_until.isoformat())
    _check_account(conn, shift.username)


def _check_exception(conn: Connection, one: DutyException) -> None:
    _check_span(one.from_min, one.until_min, 2 * DAY_MIN)
    _check_account(conn, one.username)
    if one.role not in {role.value for role in DUTY_ROLES}:
        raise InvalidInput("duty_role_unknown", role=one.role[:32])
    if len(one.reason) > 255:
        raise InvalidInput("comment_too_long", max=255)
    if one.kind is not ExceptionKind.REPLACEMENT:
        return
    if not one.substitute or one.substitute == one.username:
        raise InvalidInput("substitute_missing", username=one.username)
    _check_account(conn, one.substitute)


def _check_span(start: int, end: int, longest: int) -> None:
    if not (0 <= start < DAY_MIN and start < end <= start + longest and end <= 2 * DAY_MIN):
        raise InvalidInput("span_invalid", span=f"{clock_text(max(start, 0))}-{clock_text(max(end, 0))}")


def _check_account(conn: Connection, username: str, *, needed: bool = True) -> None:
    if not username and not needed:
        return
    statement = select(accounts.c.username).where(accounts.c.username == username, accounts.c.is_active)
    if conn.execute(statement).first() is None:
        raise InvalidInput("account_not_active", username=username[:64])


def _check_rev(stored: int, given: int) -> None:
    if stored != given:
        raise Conflict("roster_changed")


def _contact(conn: Connection, contact_id: int) -> Contact:
    row = conn.execute(select(contacts).where(contacts.c.id == contact_id, contacts.c.is_active)).first()
    if row is None:
        raise NotFound("contact_not_found", id=contact_id)
    return contact_of(row)


def _found(shifts: Sequence[Shift], shift_id: int, code: str) -> Shift:
    found = next((shift for shift in shifts if shift.id == shift_id), None)
    if found is None:
        raise NotFound(code, id=shift_id)
    return found


def day_before(day: date) -> date:
    """The last day of a line that shall not begin on `day` any more."""
    return day - timedelta(days=1)
