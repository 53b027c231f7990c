"""Editing what rules: a proposal, a second administrator, and from then on a version that is never changed again.

1. `propose` checks the content, gives it a number and keeps it beside what is in force; nothing changes yet.
2. `confirm` by another administrator brings it into force, unless something else came into force meanwhile.
3. Both are lines of the change log with before, after, actor and reason, and told to the world.

Where only one person is needed, `propose` confirms at once. Two are needed as `security.two_administrators` says: `on`, `off`,
or `auto`, which means as soon as two active administrators exist.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from config.changelog import Action, ChangeLog
from config.editing import SHIPPED, Shipped
from config.events import VersionConfirmed, VersionProposed
from config.item_document import CODE_PATTERN
from config.models import calendar_versions
from config.versions import EVER_IN_FORCE, REVISION, TABLES, Kind, VersionState
from core.access import Actor, Role, require
from core.database import bulk_upsert
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import date_of, day_of
from core.models import marks
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

TOPIC = "config"
REASON_MAX = 500
_COLUMNS = calendar_versions.c.keys()
NeedsTwo = Callable[[Connection], bool]
Guard = Callable[[Connection, Kind, str, Mapping[str, Any]], None]
Bounds = Callable[[Actor, Kind, str, Mapping[str, Any]], bool]  # whether an edit stays within what its author may change
# Who edits what: administrators everything, inspectors the schemes they score departments by.
AUTHORS: Mapping[Kind, tuple[Role, ...]] = dict.fromkeys(Kind, (Role.ADMINISTRATOR,)) | {
    Kind.SCORING: (Role.ADMINISTRATOR, Role.INSPECTOR)}


@dataclass(frozen=True, slots=True)
class Version:
    """A version as stored. `content` is plain data; `effective_from` is the first day of the cases it is for."""

    kind: Kind
    subject: str
    number: int
    based_on: int
    content: Mapping[str, Any]
    effective_from: date
    state: VersionState
    reason: str
    made_by: str
    made_at: int
    decided_by: str | None
    decided_at: int | None


class ConfigService:
    """The writing side of what is edited in the browser."""

    def __init__(self, units: UnitOfWorkFactory, shipped: Shipped, changes: ChangeLog, needs_two: NeedsTwo,
                 bounds: Bounds) -> None:
        self._units, self.shipped, self._changes, self._needs_two = units, shipped, changes, needs_two
        self._bounds = bounds
        # Whoever knows what an edit would leave behind (a unit with open cases) may refuse it, asked for or confirmed.
        self.guards: list[Guard] = []

    def propose(self, kind: Kind, subject: str, content: Mapping[str, Any], *, effective_from: date, reason: str, actor: Actor,
                based_on: int | None = None, is_new: bool = False) -> Version:
        """A new version, in force at once where one administrator is enough; with `is_new` the first of a new item or
        organisation.

        `based_on` is the number its author saw in force (None: whatever is). Raises InvalidInput or ConfigError naming the
        field, NotPermitted beyond the author's bounds, NotFound for an unknown subject, Conflict when another proposal waits,
        `based_on` is out of date, or what is new exists; and what `guards` raise.
        """
        self._require(actor, kind, subject, content)
        told = checked_reason(reason)
        with self._units() as uow:
            if is_new:
                self._check_new(uow.conn, kind, subject)
            before_number, before = self._present(uow.conn, kind, subject, is_new=is_new)
            _refuse_outdated(before_number if based_on is None else based_on, before_number)
            if _waiting(uow.conn, kind, subject) is not None:
                raise Conflict("proposal_waits", kind=kind.value, subject=subject)
            number = _next_number(uow.conn, kind, subject)
            checked = self.shipped.checked(kind, subject, content, number)
            for guard in self.guards:
                guard(uow.conn, kind, subject, checked)
            uow.conn.execute(insert(TABLES[kind]).values(
                subject=subject, version=number, based_on=before_number, content=_json(checked), reason=told,
                effective_from=day_of(effective_from), state=VersionState.PROPOSED.value, made_by=actor.name,
                made_at=uow.now_us, decided_by=None, decided_at=None))
            self._changes.append(uow, actor, kind, subject, number, Action.PROPOSED, told, before, checked)
            if self._needs_two(uow.conn):
                uow.publish([VersionProposed(kind.value, subject, number, told, actor.name)])
                self._tell(uow, kind, subject, number, Action.PROPOSED)
            else:
                self._bring_into_force(uow, self._row(uow.conn, kind, subject, number), actor, told, before)
            return self._row(uow.conn, kind, subject, number)

    def confirm(self, kind: Kind, subject: str, number: int, *, actor: Actor, reason: str = "") -> Version:
        """Bring a proposal into force. Raises NotPermitted when its author is the one who confirms and two are needed, and
        beyond the actor's bounds."""
        require(actor, *AUTHORS[kind])
        with self._units() as uow:
            proposal = self._proposal(uow.conn, kind, subject, number)
            self._require(actor, kind, subject, proposal.content)
            if proposal.made_by == actor.name and self._needs_two(uow.conn):
                raise NotPermitted("second_administrator_needed", made_by=proposal.made_by)
            before_number, before = self._present(uow.conn, kind, subject)
            _refuse_outdated(proposal.based_on, before_number)
            for guard in self.guards:
                guard(uow.conn, kind, subject, proposal.content)
            self._bring_into_force(uow, proposal, actor, reason.strip() or proposal.reason, before)
            return self._row(uow.conn, kind, subject, number)

    def reject(self, kind: Kind, subject: str, number: int, *, actor: Actor, reason: str) -> Version:
        """Turn a proposal down, or take one's own back. It stays readable."""
        require(actor, *AUTHORS[kind])
        told = checked_reason(reason)
        with self._units() as uow:
            proposal = self._proposal(uow.conn, kind, subject, number)
            self._require(actor, kind, subject, proposal.content)
            _decide(uow, proposal, VersionState.REJECTED, actor)
            _number, before = self._present(uow.conn, kind, subject)
            self._changes.append(uow, actor, kind, subject, number, Action.REJECTED, told, before, proposal.content)
            self._tell(uow, kind, subject, number, Action.REJECTED)
            return self._row(uow.conn, kind, subject, number)

    def may_edit(self, actor: Actor, kind: Kind, subject: str, content: Mapping[str, Any]) -> bool:
        """Whether this person may make, confirm or turn down such an edit."""
        return actor.has(*AUTHORS[kind]) and self._bounds(actor, kind, subject, content)

    # Reads the pages ask for ----------------------------------------------------------------------------------------

    def history(self, kind: Kind, subject: str) -> list[Version]:
        """Every version ever made of it, newest first; the shipped one is not among them."""
        table = TABLES[kind]
        with self._units.database.read() as conn:
            rows = conn.execute(select(table).where(table.c.subject == subject).order_by(table.c.version.desc())).all()
        return [replace(version, content=self._whole(kind, subject, version.content))
                for version in (_version(kind, row) for row in rows)]

    def first(self, kind: Kind, subject: str) -> dict[str, Any]:
        """Version 0: as shipped, or blank for what was made here."""
        return self.shipped.find(kind, subject) or self.shipped.blank(kind)

    def proposals(self) -> list[Version]:
        """Everything that waits for a second administrator, oldest first."""
        found: list[Version] = []
        with self._units.database.read() as conn:
            for kind, table in TABLES.items():
                waiting = select(table).where(table.c.state == VersionState.PROPOSED.value)
                found += [_version(kind, row) for row in conn.execute(waiting)]
        return sorted(found, key=lambda version: version.made_at)

    def present(self, kind: Kind, subject: str) -> tuple[int, dict[str, Any]]:
        """(number, content) of the newest version in force; number 0 is the shipped one. Raises NotFound."""
        with self._units.database.read() as conn:
            return self._present(conn, kind, subject)

    def edited(self, kind: Kind) -> dict[str, int]:
        """Subjects with a version in force beyond the shipped one, and its number."""
        table = TABLES[kind]
        with self._units.database.read() as conn:
            rows = conn.execute(select(table.c.subject, table.c.version).where(table.c.state == VersionState.ACTIVE.value))
            return {row.subject: row.version for row in rows}

    def log(self, kind: str = "", subject: str = "", limit: int = 200) -> list[Any]:
        """Lines of the change log, newest first."""
        with self._units.database.read() as conn:
            return list(self._changes.read(conn, kind, subject, limit))

    def needs_two(self) -> bool:
        """Whether a second administrator must confirm at present."""
        with self._units.database.read() as conn:
            return self._needs_two(conn)

    def _require(self, actor: Actor, kind: Kind, subject: str, content: Mapping[str, Any]) -> None:
        require(actor, *AUTHORS[kind])
        if not self._bounds(actor, kind, subject, content):
            raise NotPermitted("edit_beyond_area", area=actor.area)

    # Inside ---------------------------------------------------------------------------------------------------------

    def _present(self, conn: Connection, kind: Kind, subject: str, *, is_new: bool = False) -> tuple[int, dict[str, Any]]:
        table = TABLES[kind]
        row = conn.execute(select(table.c.version, table.c.content).where(
            table.c.subject == subject, table.c.state == VersionState.ACTIVE.value)).first()
        if row is not None:
            return row.version, self._whole(kind, subject, msgspec.json.decode(row.content))
        if is_new or (self.shipped.find(kind, subject) is None and _next_number(conn, kind, subject) > 1):
            return SHIPPED, self.shipped.blank(kind)
        return SHIPPED, self.shipped.content(kind, subject)

    def _whole(self, kind: Kind, subject: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """With what early versions of items left out."""
        return {**(self.shipped.find(kind, subject) or {}), **content} if kind is Kind.ITEM else dict(content)

    def _check_new(self, conn: Connection, kind: Kind, subject: str) -> None:
        self.shipped.blank(kind)
        if re.fullmatch(CODE_PATTERN, subject) is None:
            raise InvalidInput("code_invalid", key="code", value=subject[:60])
        table = TABLES[kind]
        is_used = conn.scalar(select(func.count()).where(table.c.subject == subject, table.c.state.in_(EVER_IN_FORCE)))
        if is_used or self.shipped.find(kind, subject) is not None:
            raise Conflict("config_subject_exists", key="code", kind=kind.value, subject=subject)

    def _row(self, conn: Connection, kind: Kind, subject: str, number: int) -> Version:
        table = TABLES[kind]
        row = conn.execute(select(table).where(table.c.subject == subject, table.c.version == number)).first()
        if row is None:
            raise NotFound("version_not_found", kind=kind.value, subject=subject, version=number)
        return _version(kind, row)

    def _proposal(self, conn: Connection, kind: Kind, subject: str, number: int) -> Version:
        found = self._row(conn, kind, subject, number)
        if found.state is not VersionState.PROPOSED:
            raise Conflict("proposal_decided", subject=subject, version=number, state=found.state.value)
        return found

    def _bring_into_force(self, uow: UnitOfWork, proposal: Version, actor: Actor, reason: str, before: Any) -> None:
        table = TABLES[proposal.kind]
        uow.conn.execute(update(table).where(table.c.subject == proposal.subject, table.c.state == VersionState.ACTIVE.value)
                         .values(state=VersionState.SUPERSEDED.value))
        _decide(uow, proposal, VersionState.ACTIVE, actor)
        bulk_upsert(uow.conn, marks, ("name", "value"), [(REVISION, uuid.uuid4().hex)], key=("name",))
        uow.kept.clear()  # all of it may have been read for the versions before
        self._changes.append(uow, actor, proposal.kind, proposal.subject, proposal.number, Action.CONFIRMED, reason, before,
                             proposal.content)
        uow.publish([VersionConfirmed(proposal.kind.value, proposal.subject, proposal.number,
                                      day_of(proposal.effective_from), reason, actor.name)])
        self._tell(uow, proposal.kind, proposal.subject, proposal.number, Action.CONFIRMED)

    def _tell(self, uow: UnitOfWork, kind: Kind, subject: str, number: int, action: Action) -> None:
        uow.outbox(TOPIC, subject[:64], number, {"kind": kind.value, "subject": subject, "version": number,
                                                 "action": action.value})


def _decide(uow: UnitOfWork, proposal: Version, state: VersionState, actor: Actor) -> None:
    """The conditional update is the claim: of two administrators who decide at once, one is told that it is decided."""
    table = TABLES[proposal.kind]
    done = uow.conn.execute(
        update(table).where(table.c.subject == proposal.subject, table.c.version == proposal.number,
                            table.c.state == VersionState.PROPOSED.value)
        .values(state=state.value, decided_by=actor.name, decided_at=uow.now_us))
    if done.rowcount != 1:
        raise Conflict("proposal_decided", subject=proposal.subject, version=proposal.number, state=state.value)


def _waiting(conn: Connection, kind: Kind, subject: str) -> int | None:
    table = TABLES[kind]
    found: int | None = conn.scalar(select(table.c.version).where(
        table.c.subject == subject, table.c.state == VersionState.PROPOSED.value))
    return found


def _next_number(conn: Connection, kind: Kind, subject: str) -> int:
    table = TABLES[kind]
    return int(conn.scalar(select(func.max(table.c.version)).where(table.c.subject == subject)) or 0) + 1


def checked_reason(reason: str) -> str:
    """The reason of an edit without the blanks around it. Raises InvalidInput for none or one too long."""
    told = reason.strip()
    if not told:
        raise InvalidInput("reason_missing", key="reason")
    if len(told) > REASON_MAX:
        raise InvalidInput("reason_too_long", key="reason", most=REASON_MAX)
    return told


def _refuse_outdated(based_on: int, present: int) -> None:
    if based_on != present:
        raise Conflict("version_outdated", based_on=based_on, present=present)


def _version(kind: Kind, row: Row[Any]) -> Version:
    return Version(kind, row.subject, row.version, row.based_on, msgspec.json.decode(row.content),
                   date_of(row.effective_from), VersionState(row.state), row.reason, row.made_by, row.made_at,
                   row.decided_by, row.decided_at)


def _json(content: Any) -> str:
    return msgspec.json.encode(content).decode()
