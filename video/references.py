"""Pictures of empty seats: asked for or proposed, and used only with the consent of a person who looked at them.

A camera's process proposes one when the hall is closed and nothing moves; a person may ask for one at any time. What is
shown and not consented to changes nothing. A camera may have several at once (by day, under lamps); the one most alike counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from config.changelog import Action, ChangeLog
from core.access import SYSTEM, Actor, Role, require
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.attendance import Moment
from video.cameras import Camera
from video.events import ReferencesFound, ReferencesMissing
from video.models import cameras, seat_references
from video.pictures import Kept
from video.rights import may_see

CONSENTERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.ADMINISTRATOR})
ACTIVE_MAX = 3
COMMENT_MAX = 500
LOGGED_AS = "seat_reference"
_r = seat_references.c


class State(StrEnum):
    """Where a reference stands."""

    ASKED = "asked"          # a person wants one; the camera's process has not taken it yet
    PROPOSED = "proposed"
    ACTIVE = "active"
    REFUSED = "refused"
    RETIRED = "retired"


class Why(StrEnum):
    """Why one is proposed."""

    ASKED = "asked"
    FIRST = "first"          # there is none yet
    CHANGED = "changed"      # the empty seat no longer looks like the present one


@dataclass(frozen=True, slots=True)
class Reference:
    """A row as pages and the watcher see it. Instants real, us UTC; `difference` is a share of the seat."""

    id: int
    camera_id: int
    state: State
    picture: str
    sha256: str
    taken_at: int | None
    reason: Why
    difference: float | None
    asked_by: str
    asked_at: int
    decided_name: str
    decided_at: int | None
    comment: str
    rev: int


class ReferenceService:
    """The writing side."""

    def __init__(self, units: UnitOfWorkFactory, changes: ChangeLog, machine: Clock) -> None:
        self._units, self._changes, self._machine = units, changes, machine

    def ask(self, camera_id: int, actor: Actor | None) -> int:
        """A person wants one taken now. Returns its number; asked twice, the first is meant. Raises NotPermitted, NotFound."""
        person = require(actor, *CONSENTERS)
        with self._units() as uow:
            _camera(uow.conn, camera_id, person)
            waiting = uow.conn.execute(select(_r.id).where(_r.camera_id == camera_id, _r.state == State.ASKED.value)).first()
            if waiting is not None:
                return int(waiting.id)
            return self._insert(uow, camera_id, State.ASKED, Why.ASKED, person)

    def propose(self, camera_id: int, kept: Kept, taken: Moment, why: Why, difference: float | None) -> int:
        """The camera's process took one; it takes the place of what was asked for or proposed before."""
        with self._units() as uow:
            waiting = uow.conn.execute(select(_r.id).where(_r.camera_id == camera_id, _r.state.in_(
                [State.ASKED.value, State.PROPOSED.value])).order_by(_r.state).limit(1)).first()
            number = int(waiting.id) if waiting is not None else self._insert(uow, camera_id, State.PROPOSED, why, SYSTEM)
            uow.conn.execute(update(seat_references).where(_r.id == number).values(
                state=State.PROPOSED.value, picture=kept.path, picture_sha256=kept.sha256, taken_at=taken.real,
                taken_business_at=taken.business, difference=None if difference is None else round(difference * 1000),
                rev=_r.rev + 1, changed_at=self._machine.now_us()))
            return number

    def accept(self, number: int, actor: Actor | None, *, beside: bool = False, rev: int | None = None) -> Reference:
        """A person consents: it is used from now on, instead of the present ones or `beside` them (the oldest of more than
        three goes). `rev`: of the picture he saw, as a newer one takes its place. Raises NotPermitted, NotFound, Conflict."""
        person = require(actor, *CONSENTERS)
        with self._units() as uow:
            row = _proposed(uow.conn, number, person, rev)
            before = _active(uow.conn, row.camera_id)
            retired = before if not beside else before[ACTIVE_MAX - 1:]
            for one in retired:
                self._set(uow, one.id, State.RETIRED)
            self._decide(uow, row, person, State.ACTIVE, "")
            self._log(uow, row, person, Action.CONFIRMED, "", [one.picture_sha256 for one in retired])
            return _reference(_row(uow.conn, number))

    def refuse(self, number: int, actor: Actor | None, comment: str, *, rev: int | None = None) -> Reference:
        """A person does not consent to the picture he saw (`rev`), and says why. Raises NotPermitted, NotFound, InvalidInput,
        Conflict."""
        person = require(actor, *CONSENTERS)
        if not comment.strip() or len(comment) > COMMENT_MAX:
            raise InvalidInput("reference_reason_missing", field="reason", max=COMMENT_MAX)
        with self._units() as uow:
            row = _proposed(uow.conn, number, person, rev)
            self._decide(uow, row, person, State.REFUSED, comment.strip())
            self._log(uow, row, person, Action.REJECTED, comment.strip(), [])
            return _reference(_row(uow.conn, number))

    def tell(self, camera: Camera, *, missing: bool) -> None:
        """Whether pictures this camera is judged by cannot be read."""
        lost = ReferencesMissing(camera.code, camera.name, camera.hall, camera.window)
        with self._units() as uow:
            uow.publish([lost if missing else ReferencesFound(camera.code)])

    # What the watcher asks --------------------------------------------------------------------------------------------

    def of(self, camera_id: int) -> list[Reference]:
        """Those in use, newest first, and what waits for a picture or a person."""
        with self._units.database.read() as conn:
            rows = conn.execute(select(seat_references).where(_r.camera_id == camera_id, _r.state.in_(
                [State.ACTIVE.value, State.ASKED.value, State.PROPOSED.value])).order_by(_r.decided_at.desc(), _r.id.desc()))
            return [_reference(row) for row in rows]

    def history(self, camera_id: int, limit: int = 20) -> list[Reference]:
        """The newest, whatever became of them."""
        with self._units.database.read() as conn:
            rows = conn.execute(select(seat_references).where(_r.camera_id == camera_id).order_by(_r.id.desc()).limit(limit))
            return [_reference(row) for row in rows]

    def waiting(self) -> dict[int, State]:
        """The cameras for which one is asked or proposed."""
        with self._units.database.read() as conn:
            rows = conn.execute(select(_r.camera_id, _r.state).where(_r.state.in_([State.ASKED.value, State.PROPOSED.value])))
            return {row.camera_id: State(row.state) for row in rows}

    def find(self, number: int, actor: Actor | None) -> Reference:
        """One of them. Raises NotPermitted, NotFound."""
        person = require(actor, *CONSENTERS)
        with self._units.database.read() as conn:
            row = _row(conn, number)
            _camera(conn, row.camera_id, person)
            return _reference(row)

    def fingerprint(self) -> int:
        """Differs after every change."""
        with self._units.database.read() as conn:
            return int(conn.scalar(select(func.coalesce(func.sum(_r.rev), 0))) or 0)

    # Inside -----------------------------------------------------------------------------------------------------------

    def _insert(self, uow: UnitOfWork, camera_id: int, state: State, why: Why, by: Actor) -> int:
        now = self._machine.now_us()
        return int(uow.conn.execute(insert(seat_references).values(
            camera_id=camera_id, state=state.value, reason=why.value, asked_by=by.name, asked_at=now, rev=1,
            changed_at=now).returning(_r.id)).scalar_one())

    def _set(self, uow: UnitOfWork, number: int, state: State, **values: Any) -> None:
        uow.conn.execute(update(seat_references).where(_r.id == number).values(
            state=state.value, rev=_r.rev + 1, changed_at=self._machine.now_us(), **values))

    def _decide(self, uow: UnitOfWork, row: Row[Any], person: Actor, state: State, comment: str) -> None:
        self._set(uow, row.id, state, decided_by=person.name, decided_name=person.display_name or person.name,
                  decided_at=self._machine.now_us(), comment=comment)

    def _log(self, uow: UnitOfWork, row: Row[Any], person: Actor, action: Action, reason: str, before: list[str]) -> None:
        code = uow.conn.scalar(select(cameras.c.code).where(cameras.c.id == row.camera_id)) or str(row.camera_id)
        self._changes.append(uow, person, LOGGED_AS, code, row.id, action, reason, {"pictures": before},
                             {"picture": row.picture_sha256})


def _camera(conn: Connection, camera_id: int, person: Actor) -> None:
    row = conn.execute(select(cameras.c.area, cameras.c.hall, cameras.c.org).where(cameras.c.id == camera_id)).first()
    if row is None or not may_see(person, row):
        raise NotFound("camera_unknown", camera=str(camera_id))


def _row(conn: Connection, number: int) -> Row[Any]:
    row = conn.execute(select(seat_references).where(_r.id == number)).first()
    if row is None:
        raise NotFound("reference_unknown", id=number)
    return row


def _proposed(conn: Connection, number: int, person: Actor, rev: int | None) -> Row[Any]:
    row = _row(conn, number)
    _camera(conn, row.camera_id, person)
    if row.state != State.PROPOSED:
        raise Conflict("reference_decided", state=row.state)
    if rev is not None and row.rev != rev:
        raise Conflict("reference_outdated", id=number)
    return row


def _active(conn: Connection, camera_id: int) -> list[Row[Any]]:
    return list(conn.execute(select(seat_references).where(
        _r.camera_id == camera_id, _r.state == State.ACTIVE.value).order_by(_r.decided_at.desc(), _r.id.desc())))


def _reference(row: Row[Any]) -> Reference:
    return Reference(row.id, row.camera_id, State(row.state), row.picture, row.picture_sha256, row.taken_at, Why(row.reason),
                     None if row.difference is None else row.difference / 1000, row.asked_by, row.asked_at,
                     row.decided_name or "", row.decided_at, row.comment, row.rev)
