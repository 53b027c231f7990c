"""Subscriptions and what is to be delivered to them.

`publish` writes deliveries in the caller's transaction: what is rolled back was never told, what is committed is told at least
once, always under the same id.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from alerts.alarms import AlarmService
from alerts.channels.webhook import SECRET_MIN
from config.changelog import Action, ChangeLog
from core.access import Actor, Role, require
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import from_us
from core.sealing import Sealer
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from evaluation.webhooks.addresses import Reach
from evaluation.webhooks.kinds import NAMESPACE, TEST, EventType
from evaluation.webhooks.models import webhook_deliveries, webhook_subscriptions

SUBJECT_OF_CHANGES = "webhook"
NAME_MAX, SECRET_MAX = 64, 200
DEAD_CODE = "webhooks_dead"
_s, _d = webhook_subscriptions.c, webhook_deliveries.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription as it is asked for. `secret` "": a random one is made; `area` "": every area and the city."""

    name: str
    url: str
    types: tuple[EventType, ...]
    area: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along. `areas` are the codes there are; `source` is this installation's address."""

    units: UnitOfWorkFactory
    machine: Clock
    sealer: Sealer
    changes: ChangeLog
    alarms: AlarmService
    reach: Reach
    areas: Callable[[], Iterable[str]]
    source: str
    zone: tzinfo
    most: int


class Webhooks:
    """The writing side."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def publish(self, uow: UnitOfWork, kind: EventType, subject: str, data: Mapping[str, Any], *, area: str = "") -> int:
        """Write a delivery for each subscription that wants it, in this transaction. Returns how many.

        `subject` says what it is about, as figures/2026-03; `data` is plain JSON; `area` "" is the whole city. Instants in
        `data` should carry their offset. The time of the event is the transaction's.
        """
        found = [row.id for row in uow.conn.execute(select(webhook_subscriptions).where(_s.enabled).order_by(_s.id))
                 if kind in row.types.split() and row.area in ("", area)]
        self._queue(uow, found, kind, subject, data)
        return len(found)

    def add(self, wanted: Wanted, actor: Actor | None) -> tuple[int, str]:
        """(number, secret); the secret is never shown again. Whoever is bound to an area subscribes to events of that one.

        Raises NotPermitted, InvalidInput naming the field, Conflict (`webhook_too_many`).
        """
        actor = require(actor, Role.ADMINISTRATOR)
        wanted = self._checked(wanted, actor)
        secret, uid = wanted.secret or secrets.token_urlsafe(SECRET_MIN), uuid4().hex
        sealed = self._parts.sealer.seal(secret.encode(), uid)
        with self._parts.units() as uow:
            self._refuse_too_many(uow.conn)
            kept = {"name": wanted.name, "url": wanted.url, "types": " ".join(wanted.types), "area": wanted.area,
                    "enabled": True}
            made = uow.conn.execute(insert(webhook_subscriptions).values(
                uid=uid, secret=sealed, created_at=self._parts.machine.now_us(), created_by=actor.name, **kept))
            number = int(made.inserted_primary_key[0])  # type: ignore[index]
            self._note(uow, actor, number, Action.REGISTERED, None, kept)
        return number, secret

    def switch(self, number: int, actor: Actor | None, *, on: bool) -> None:
        """Enable or disable it. What waits for one that is disabled is cancelled. Raises NotPermitted, NotFound, Conflict
        (`webhook_too_many`)."""
        actor = require(actor, Role.ADMINISTRATOR)
        with self._parts.units() as uow:
            row = self._find(uow.conn, number, actor)
            if on and not row.enabled:
                self._refuse_too_many(uow.conn)
            uow.conn.execute(update(webhook_subscriptions).where(_s.id == number).values(enabled=on))
            if not on:
                self._cancel(uow, (_d.subscription_id == number) & _d.state.in_(("queued", "sending", "dead")), "disabled")
            self._note(uow, actor, number, Action.EDITED, {"enabled": row.enabled}, {"enabled": on})

    def test(self, number: int, actor: Actor | None) -> None:
        """Queue an event that says nothing, to see whether the receiver takes it. Raises NotPermitted, NotFound, Conflict."""
        actor = require(actor, Role.ADMINISTRATOR)
        with self._parts.units() as uow:
            row = self._find(uow.conn, number, actor)
            if not row.enabled:
                raise Conflict("webhook_disabled", id=number)
            self._queue(uow, [number], TEST, f"subscriptions/{number}", {"name": row.name})

    def retry(self, delivery: int, actor: Actor | None) -> None:
        """Send a dead one again, with all its attempts. Raises NotPermitted, NotFound, Conflict (`webhook_not_dead`)."""
        now = self._parts.machine.now_us()
        self._end_death(delivery, actor, state="queued", next_at=now, attempts=0, claims=0, ended_at=None)

    def give_up(self, delivery: int, actor: Actor | None) -> None:
        """Take a dead one off the list. Raises NotPermitted, NotFound, Conflict (`webhook_not_dead`)."""
        self._end_death(delivery, actor, state="cancelled")

    def _refuse_too_many(self, conn: Connection) -> None:
        in_use = select(func.count()).select_from(webhook_subscriptions).where(_s.enabled)
        if conn.execute(in_use).scalar_one() >= self._parts.most:
            raise Conflict("webhook_too_many", most=self._parts.most)

    def secret_of(self, sealed: bytes, uid: str) -> bytes:
        """Raises SealBroken."""
        return self._parts.sealer.open(sealed, uid)

    # -----------------------------------------------------------------------------------------------------------------

    def _queue(self, uow: UnitOfWork, subscriptions: list[int], kind: str, subject: str, data: Mapping[str, Any]) -> None:
        if not subscriptions:
            return
        event, now = uuid4().hex, self._parts.machine.now_us()
        body = msgspec.json.encode(self._cloud_event(event, kind, subject, uow.now_us, data)).decode()
        uow.conn.execute(insert(webhook_deliveries), [
            {"subscription_id": number, "event_id": event, "type": str(kind), "subject": subject, "event_at": uow.now_us,
             "body": body, "state": "queued", "created_at": now, "next_at": now, "attempts": 0, "claims": 0, "lease": "",
             "detail": ""} for number in subscriptions])

    def _cloud_event(self, event: str, kind: str, subject: str, at_us: int, data: Mapping[str, Any]) -> dict[str, Any]:
        at = from_us(at_us).astimezone(self._parts.zone).isoformat(timespec="seconds")
        return {"specversion": "1.0", "id": event, "source": self._parts.source, "type": f"{NAMESPACE}{kind}",
                "subject": subject, "time": at, "datacontenttype": "application/json", "data": data}

    def _checked(self, wanted: Wanted, actor: Actor) -> Wanted:
        name = wanted.name.strip()
        if not 0 < len(name) <= NAME_MAX or not name.isprintable():
            raise InvalidInput("webhook_name_invalid", key="name", most=NAME_MAX)
        if not wanted.types:
            raise InvalidInput("webhook_types_missing", key="types", accepted=", ".join(EventType))
        area = actor.area or wanted.area
        if area and area not in set(self._parts.areas()):
            raise InvalidInput("webhook_area_unknown", key="area", value=area[:64])
        if wanted.secret and not (SECRET_MIN <= len(wanted.secret) <= SECRET_MAX and wanted.secret.isprintable()):
            raise InvalidInput("webhook_secret_invalid", key="secret", least=SECRET_MIN, most=SECRET_MAX)
        return Wanted(name, self._parts.reach.checked_url(wanted.url.strip()), wanted.types, area, wanted.secret)

    def _find(self, conn: Connection, number: int, actor: Actor) -> Row[Any]:
        row = conn.execute(select(webhook_subscriptions).where(_s.id == number, *within(actor))).first()
        if row is None:
            raise NotFound("webhook_not_found", id=number)
        return row

    def _end_death(self, delivery: int, actor: Actor | None, **values: Any) -> None:
        actor = require(actor, Role.ADMINISTRATOR)
        with self._parts.units() as uow:
            row = uow.conn.execute(select(_d.subscription_id, _d.state).where(_d.id == delivery)).first()
            if row is None:
                raise NotFound("webhook_not_found", id=delivery)
            self._find(uow.conn, row.subscription_id, actor)
            changed = uow.conn.execute(update(webhook_deliveries).where(_d.id == delivery, _d.state == "dead").values(**values))
            if changed.rowcount == 0:
                raise Conflict("webhook_not_dead", id=delivery)
            tell_dead(uow, self._parts.alarms)

    def _cancel(self, uow: UnitOfWork, where: Any, why: str) -> None:
        uow.conn.execute(update(webhook_deliveries).where(where).values(
            state="cancelled", next_at=None, ended_at=self._parts.machine.now_us(), detail=why))
        tell_dead(uow, self._parts.alarms)

    def _note(self, uow: UnitOfWork, actor: Actor, number: int, action: Action, before: Any, after: Any) -> None:
        self._parts.changes.append(uow, actor, SUBJECT_OF_CHANGES, str(number), 0, action, "", before, after)


def within(actor: Actor) -> list[Any]:
    """The condition that leaves whoever is bound to an area the subscriptions of that area."""
    return [_s.area == actor.area] if actor.area else []


def tell_dead(uow: UnitOfWork, alarms: AlarmService) -> None:
    """One alarm for all that could not be delivered, with how many; cleared when none is left."""
    dead = uow.conn.execute(select(func.count()).select_from(webhook_deliveries).where(_d.state == "dead")).scalar_one()
    if dead:
        alarms.renew_alarm(uow.conn, DEAD_CODE, "", uow.now_us, n=dead)
    else:
        alarms.clear_alarm(uow.conn, DEAD_CODE, "", uow.now_us)
