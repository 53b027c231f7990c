"""Signals of cameras: written once, decided by a person, ended by the facts. The writing side.

A signal is named by its camera, kind and occurrence, and a camera has one signal of a kind that is not over, by unique indexes:
whoever tells it again, after a crash or from another process, changes nothing. What a person decided is never undone by facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from cases.areas import Areas, Span
from config.onsite import PRESENCE, OnsiteRule, SignalKind
from core.access import Actor, Role, require
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import date_of
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.attendance import Moment
from video.cameras import Camera
from video.events import (
    FindingsKept,
    FindingsLost,
    Signal,
    SignalConfirmed,
    SignalEnded,
    SignalRaised,
    SignalRejected,
    SignalWithdrawn,
)
from video.models import cameras, video_signals
from video.pictures import Kept
from video.rights import may_see

DECIDERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR})
COMMENT_MAX = 500
BY_RULE = "rule"
PICTURES, SPANS, REFERENCES = "pictures", "presence", "references"   # lines of what waits to be written; others are signals
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.decode
_s = video_signals.c


class State(StrEnum):
    """Where a signal stands."""

    TO_CONFIRM = "to_confirm"
    CONFIRMED = "confirmed"    # by a person, or by the rule in his place
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"            # confirmed, and over


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rule of the place for a kind, with the preset it is in; `rule` None: an alarm only."""

    rule: OnsiteRule | None
    version: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What justifies a signal: which detector, what it was set to, what it measured, and the picture."""

    detector: str
    parameters: Mapping[str, Any]
    figures: Mapping[str, Any]
    picture: Kept | None = None
    picture_at: int | None = None


class SignalService:
    """Raises, ends and decides signals. `machine` is real time; business time is that of the unit of work."""

    def __init__(self, units: UnitOfWorkFactory, areas: Areas, machine: Clock) -> None:
        self._units, self._areas, self._machine = units, areas, machine

    def ruling(self, area: str, kind: SignalKind, org: str, business_us: int) -> Ruling:
        """By which rule of the area a signal of that business instant is judged."""
        day = self._areas.for_area(area).today(business_us)
        context = self._areas.at(area, Span(day, business_us))
        return Ruling(context.preset.onsite_rule(kind, date_of(day), org), context.preset_key)

    # What cameras find ----------------------------------------------------------------------------------------------

    def raise_signal(self, camera: Camera, kind: SignalKind, began: Moment, proof: Proof, *, until: Moment | None = None,
                     reason: str = "", occurrence: str = "", needs_person: bool = False) -> int | None:
        """Write it, in a transaction of its own. `until`: it is over already. `needs_person`: a person must confirm it even
        where the rule asks for nobody. Returns its number; None when it is known, or
        one of its kind goes on at that camera, or its place has no rule for it."""
        with self._units() as uow:
            self._areas.refresh(uow.conn)
            ruling = self.ruling(camera.area, kind, camera.org, began.business)
            if kind in PRESENCE and ruling.rule is None:
                return None
            named = occurrence or str(began.real)
            if _is_known(uow.conn, camera.id, kind, named):
                return None
            waits = ruling.rule is not None and (ruling.rule.confirm or needs_person)
            values = self._values(camera, kind, began, until, reason, proof, ruling, uow.now_us)
            number = uow.conn.execute(insert(video_signals).values(
                **values, occurrence=named, **self._decision(waits, until is not None)).returning(_s.id)).scalar_one()
            uow.publish([SignalRaised(_found(uow.conn, number))])
            return int(number)

    def end(self, camera_id: int, kind: SignalKind, ended: Moment, reason: str,
            figures: Mapping[str, Any] | None = None) -> bool:
        """What goes on of that kind at the camera is over. False when nothing goes on."""
        with self._units() as uow:
            row = uow.conn.execute(select(video_signals).where(
                _s.camera_id == camera_id, _s.kind == kind.value, _s.ended_at.is_(None))).first()
            if row is None:
                return False
            known = _decode(row.figures)
            state = State.ENDED if row.state == State.CONFIRMED else State(row.state)
            uow.conn.execute(update(video_signals).where(_s.id == row.id).values(
                ended_at=max(ended.real, row.began_at), ended_business_at=max(ended.business, row.began_business_at),
                ended_reason=reason, state=state.value, figures=_encode({**known, **(figures or {})}).decode(),
                rev=row.rev + 1))
            uow.publish([SignalEnded(_found(uow.conn, row.id))])
            return True

    def withdraw(self, camera_id: int, reason: str) -> int:
        """The camera is retired or looks elsewhere: what nobody decided yet is taken back, what goes on is over. Returns how
        many."""
        with self._units() as uow:
            rows = uow.conn.execute(select(video_signals).where(
                _s.camera_id == camera_id, _s.ended_at.is_(None) | (_s.state == State.TO_CONFIRM.value))).all()
            for row in rows:
                self._take_back(uow, row, reason)
            return len(rows)

    def _take_back(self, uow: UnitOfWork, row: Row[Any], reason: str) -> None:
        state = {State.TO_CONFIRM: State.WITHDRAWN, State.CONFIRMED: State.ENDED}.get(State(row.state), State(row.state))
        uow.conn.execute(update(video_signals).where(_s.id == row.id).values(
            ended_at=row.ended_at or self._machine.now_us(), ended_business_at=row.ended_business_at or uow.now_us,
            ended_reason=row.ended_reason or reason, state=state.value, rev=row.rev + 1))
        kind = SignalWithdrawn if state is State.WITHDRAWN else SignalEnded
        uow.publish([kind(_found(uow.conn, row.id))])

    def tell_lost(self, camera: Camera, lost: Mapping[str, int] | None) -> None:
        """How many findings of each line could not be written; None: for a while all could. Of a camera that is switched off
        nobody could take it back, so that stays in the log."""
        event: FindingsLost | FindingsKept = FindingsKept(camera.code)
        if lost is not None:
            signals = sum(lost.values()) - sum(lost.get(name, 0) for name in (PICTURES, SPANS, REFERENCES))
            event = FindingsLost(camera.code, camera.name, signals, lost.get(PICTURES, 0), lost.get(SPANS, 0),
                                 lost.get(REFERENCES, 0))
        with self._units() as uow:
            if lost is None or _is_watched(uow.conn, camera.id):
                uow.publish([event])

    def going_on(self, camera_id: int) -> dict[SignalKind, Signal]:
        """What is not over at that camera: what a watcher takes up again after a restart."""
        with self._units.database.read() as conn:
            rows = conn.execute(select(video_signals).where(_s.camera_id == camera_id, _s.ended_at.is_(None))).all()
        return {SignalKind(row.kind): signal_of(row) for row in rows}

    # What people decide ---------------------------------------------------------------------------------------------

    def confirm(self, number: int, actor: Actor | None, comment: str = "") -> Signal:
        """A person finds it true: its card is issued. Raises NotPermitted, NotFound, InvalidInput, Conflict."""
        return self._decide(number, actor, State.CONFIRMED, comment)

    def reject(self, number: int, actor: Actor | None, reason: str) -> Signal:
        """A person finds it untrue, and says why. Raises NotPermitted, NotFound, InvalidInput, Conflict."""
        if not reason.strip():
            raise InvalidInput("signal_reason_missing", field="reason")
        return self._decide(number, actor, State.REJECTED, reason)

    def _decide(self, number: int, actor: Actor | None, state: State, comment: str) -> Signal:
        person = require(actor, *DECIDERS)
        if len(comment) > COMMENT_MAX:
            raise InvalidInput("signal_comment_too_long", length=len(comment), max=COMMENT_MAX)
        with self._units() as uow:
            row = uow.conn.execute(select(video_signals).where(_s.id == number)).first()
            if row is None or not may_see(person, row):
                raise NotFound("signal_unknown", id=number)
            if row.state != State.TO_CONFIRM:
                raise Conflict("signal_decided", state=row.state, by=row.decided_name or "")
            is_over = state is State.CONFIRMED and row.ended_at is not None
            uow.conn.execute(update(video_signals).where(_s.id == number).values(
                state=(State.ENDED if is_over else state).value, decided_by=person.name,
                decided_name=person.display_name or person.name, decided_at=self._machine.now_us(), comment=comment.strip(),
                rev=row.rev + 1))
            signal = _found(uow.conn, number)
            uow.publish([SignalConfirmed(signal) if state is State.CONFIRMED else SignalRejected(signal)])
            return signal

    # Inside ---------------------------------------------------------------------------------------------------------

    def _values(self, camera: Camera, kind: SignalKind, began: Moment, until: Moment | None, reason: str, proof: Proof,
                ruling: Ruling, now_us: int) -> dict[str, Any]:
        picture = proof.picture
        return {"camera_id": camera.id, "kind": kind.value, "camera_code": camera.code, "camera_name": camera.name,
                "area": camera.area, "hall": camera.hall, "window_no": camera.window, "post": camera.post, "org": camera.org,
                "began_at": began.real, "began_business_at": began.business, "raised_at": self._machine.now_us(),
                "raised_business_at": now_us, "ended_at": until.real if until else None,
                "ended_business_at": until.business if until else None, "ended_reason": reason,
                "picture": picture.path if picture else "", "picture_sha256": picture.sha256 if picture else "",
                "picture_at": proof.picture_at, "detector": proof.detector, "figures": _encode(proof.figures).decode(),
                "parameters": _encode(proof.parameters).decode(), "rule": ruling.rule.id if ruling.rule else "",
                "rule_version": ruling.version, "rev": 1}

    def _decision(self, waits: bool, is_over: bool) -> dict[str, Any]:
        if waits:
            return {"state": State.TO_CONFIRM.value}
        return {"state": (State.ENDED if is_over else State.CONFIRMED).value, "decided_by": BY_RULE, "decided_name": BY_RULE,
                "decided_at": self._machine.now_us()}


def signal_of(row: Row[Any]) -> Signal:
    """The row for those above."""
    return Signal(
        id=row.id, camera_id=row.camera_id, kind=SignalKind(row.kind), state=row.state, camera_code=row.camera_code,
        camera_name=row.camera_name, area=row.area, hall=row.hall, window=row.window_no, post=row.post, org=row.org,
        began_at=row.began_at, began_business_at=row.began_business_at, raised_at=row.raised_at,
        raised_business_at=row.raised_business_at, ended_at=row.ended_at, ended_business_at=row.ended_business_at,
        ended_reason=row.ended_reason, picture=row.picture, picture_sha256=row.picture_sha256, picture_at=row.picture_at,
        detector=row.detector, rule=row.rule, rule_version=row.rule_version, decided_by=row.decided_by or "",
        decided_name=row.decided_name or "", decided_at=row.decided_at, comment=row.comment, rev=row.rev,
        figures=_decode(row.figures), parameters=_decode(row.parameters))


def signals_of(rows: Sequence[Row[Any]]) -> list[Signal]:
    return [signal_of(row) for row in rows]


def _found(conn: Connection, number: int) -> Signal:
    return signal_of(conn.execute(select(video_signals).where(_s.id == number)).one())


def _is_watched(conn: Connection, camera_id: int) -> bool:
    return bool(conn.execute(select(cameras.c.is_enabled).where(cameras.c.id == camera_id)).scalar())


def _is_known(conn: Connection, camera_id: int, kind: SignalKind, occurrence: str) -> bool:
    """Told before, or one of the kind goes on: the ledger lock lets nobody come in between."""
    return conn.execute(select(_s.id).where(
        _s.camera_id == camera_id, _s.kind == kind.value,
        _s.ended_at.is_(None) | (_s.occurrence == occurrence)).limit(1)).first() is not None
