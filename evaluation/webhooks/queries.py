"""Subscriptions and deliveries as an administrator sees them; secrets are in none of it."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from core.access import Actor, Role, require
from core.database import Database
from evaluation.webhooks.models import webhook_deliveries, webhook_subscriptions
from evaluation.webhooks.service import within

SHOWN_MAX = 100
_s, _d = webhook_subscriptions.c, webhook_deliveries.c


class Subscription(msgspec.Struct, frozen=True):
    """Instants are microseconds UTC of real time. `dead` and `waiting` count its deliveries."""

    id: int
    name: str
    url: str
    types: tuple[str, ...]
    area: str
    enabled: bool
    created_at: int
    created_by: str
    waiting: int
    dead: int
    sent_at: int | None


class Delivery(msgspec.Struct, frozen=True):
    """What became of one event at one subscription. `detail` is what the last attempt came to; `next_at` that of the next."""

    id: int
    subscription_id: int
    name: str
    event_id: str
    type: str
    subject: str
    event_at: int
    state: str
    attempts: int
    next_at: int | None
    took_ms: int | None
    detail: str
    ended_at: int | None


class WebhookQueries:
    """Reads; opens its own connection for each question. Raises NotPermitted to whoever is no administrator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def subscriptions(self, actor: Actor | None) -> list[Subscription]:
        """Those of his area, those in use first."""
        actor = require(actor, Role.ADMINISTRATOR)
        counted = select(_d.subscription_id, _d.state, func.count(), func.max(_d.ended_at)).group_by(
            _d.subscription_id, _d.state)
        with self._database.read() as conn:
            rows = conn.execute(select(webhook_subscriptions).where(*within(actor)).order_by(_s.enabled.desc(), _s.id)).all()
            states = {(number, state): (count, last) for number, state, count, last in conn.execute(counted)}
        return [_subscription(row, states) for row in rows]

    def deliveries(self, actor: Actor | None, *, only_dead: bool = False, limit: int = SHOWN_MAX) -> list[Delivery]:
        """The newest first; those on the dead-letter list alone when asked."""
        actor = require(actor, Role.ADMINISTRATOR)
        columns = [_d[name] for name in Delivery.__struct_fields__ if name != "name"]
        statement = select(*columns, _s.name).join(webhook_subscriptions, _s.id == _d.subscription_id).where(*within(actor))
        if only_dead:
            statement = statement.where(_d.state == "dead")
        with self._database.read() as conn:
            return [Delivery(**row) for row in conn.execute(statement.order_by(_d.id.desc()).limit(limit)).mappings()]


def _subscription(row: Row[Any], states: dict[tuple[int, str], tuple[int, int | None]]) -> Subscription:
    def of(*names: str) -> int:
        return sum(states.get((row.id, name), (0, None))[0] for name in names)

    return Subscription(row.id, row.name, row.url, tuple(row.types.split()), row.area, row.enabled, row.created_at,
                        row.created_by, of("queued", "sending"), of("dead"), states.get((row.id, "sent"), (0, None))[1])
