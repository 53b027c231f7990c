"""Lines of the plan, exceptions and contacts in and out of their tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, func, or_, select

from alerts.roster.contacts import Addressee, Channel, Contact
from alerts.roster.models import contacts, duty_exceptions, duty_shifts
from alerts.roster.plan import DutyException, ExceptionKind, Shift


def shifts_of(conn: Connection) -> list[Shift]:
    """Every line of the plan, also those whose time is over: what held on a past day can still be said."""
    rows = conn.execute(select(duty_shifts).order_by(duty_shifts.c.weekday, duty_shifts.c.from_min, duty_shifts.c.id))
    return [_shift(row) for row in rows]


def exceptions_between(conn: Connection, first: date, last: date) -> list[DutyException]:
    """The exceptions of these days, both included."""
    rows = conn.execute(select(duty_exceptions).where(duty_exceptions.c.day.between(first.isoformat(), last.isoformat()))
                        .order_by(duty_exceptions.c.day, duty_exceptions.c.id))
    return [_exception(row) for row in rows]


def contacts_of(conn: Connection, orgs: Iterable[str] | None = None) -> list[Contact]:
    """The active contacts of these organisations and those for all of them; of every one when None."""
    statement = select(contacts).where(contacts.c.is_active).order_by(contacts.c.org, contacts.c.role, contacts.c.id)
    if orgs is not None:
        statement = statement.where(or_(contacts.c.org == "", contacts.c.org.in_(set(orgs))))
    return [contact_of(row) for row in conn.execute(statement)]


def next_number(conn: Connection, table: Table) -> int:
    """The next id of a table. Safe because every writer holds the ledger's lock."""
    return int(conn.execute(select(func.max(table.c.id))).scalar() or 0) + 1


def shift_values(shift: Shift) -> dict[str, Any]:
    until = shift.valid_until.isoformat() if shift.valid_until else ""
    return {**msgspec.structs.asdict(shift), "valid_from": shift.valid_from.isoformat(), "valid_until": until}


def exception_values(one: DutyException) -> dict[str, Any]:
    return {**msgspec.structs.asdict(one), "day": one.day.isoformat(), "kind": one.kind.value}


def contact_values(contact: Contact) -> dict[str, Any]:
    return {**msgspec.structs.asdict(contact), "role": contact.role.value, "channels": " ".join(contact.channels)}


def contact_of(row: Row[Any]) -> Contact:
    values = dict(row._mapping)
    channels = tuple(Channel(name) for name in values.pop("channels").split())
    return Contact(**{**values, "role": Addressee(values["role"]), "channels": channels})


def _shift(row: Row[Any]) -> Shift:
    values = dict(row._mapping)
    until = date.fromisoformat(values["valid_until"]) if values["valid_until"] else None
    return Shift(**{**values, "valid_from": date.fromisoformat(values["valid_from"]), "valid_until": until})


def _exception(row: Row[Any]) -> DutyException:
    values = dict(row._mapping)
    return DutyException(**{**values, "day": date.fromisoformat(values["day"]), "kind": ExceptionKind(values["kind"])})
