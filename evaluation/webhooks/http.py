"""Subscriptions over HTTP: list, add, try, switch off and on; what became of deliveries, and what to do with dead ones.

For administrators in a session, and for programs with a token of an administrator. A secret is in one answer only, that which
made the subscription.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Request, Response, request

from core.access import Actor
from core.api_document import Operation
from core.instants import from_us
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.queries import Delivery, Subscription, WebhookQueries
from evaluation.webhooks.service import NAME_MAX, Wanted, Webhooks
from web.json_http import as_json, from_json

PREFIX = "/api/v1/webhooks"
BY = ("session", "admin")


class SubscriptionWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`types` are those of docs/webhooks.md; `area` "" is the city and every area; without `secret` a random one is made."""

    name: Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
    url: Annotated[str, msgspec.Meta(max_length=2_000)]
    types: tuple[EventType, ...]
    area: str = ""
    secret: str = ""


class SubscriptionMade(msgspec.Struct, frozen=True):
    """The number of a subscription and the secret its events are signed with, which is never shown again."""

    id: int
    secret: str


class SubscriptionShown(msgspec.Struct, frozen=True):
    """`waiting` and `dead` count its deliveries; `sent_at` is when the last one was taken."""

    id: int
    name: str
    url: str
    types: tuple[str, ...]
    area: str
    enabled: bool
    created_at: str
    created_by: str
    waiting: int
    dead: int
    sent_at: str | None


class DeliveryShown(msgspec.Struct, frozen=True):
    """What became of one event at one subscription: queued, sending, sent, dead (failed for good) or cancelled. `detail` is
    what the last attempt came to."""

    id: int
    subscription: int
    event: str
    type: str
    subject: str
    event_at: str
    state: str
    attempts: int
    next_at: str | None
    took_ms: int | None
    detail: str
    ended_at: str | None


class SubscriptionList(msgspec.Struct, frozen=True):
    """Those in use first."""

    subscriptions: list[SubscriptionShown]


class DeliveryList(msgspec.Struct, frozen=True):
    """The newest first."""

    deliveries: list[DeliveryShown]


class WebhookNumbered(msgspec.Struct, frozen=True):
    """The number of what was changed."""

    id: int


OPERATIONS = (
    Operation("get", PREFIX, "listWebhooks", "Subscriptions to published results", by=BY, answers=SubscriptionList),
    Operation("post", PREFIX, "addWebhook", "Subscribe; the secret is shown this once", by=BY, takes=SubscriptionWish,
              answers=SubscriptionMade, status=201),
    Operation("post", f"{PREFIX}/<int:number>/test", "testWebhook", "Send it an event that says nothing", by=BY,
              answers=WebhookNumbered),
    Operation("post", f"{PREFIX}/<int:number>/disable", "disableWebhook", "Send it nothing more; what waits is cancelled",
              by=BY, answers=WebhookNumbered),
    Operation("post", f"{PREFIX}/<int:number>/enable", "enableWebhook", "Send it again what happens from now on", by=BY,
              answers=WebhookNumbered),
    Operation("get", f"{PREFIX}/deliveries", "listWebhookDeliveries", "What became of events, the newest first", by=BY,
              answers=DeliveryList, query={"dead": "1: only those that failed for good."}),
    Operation("post", f"{PREFIX}/deliveries/<int:number>/retry", "retryWebhookDelivery", "Send a dead one again", by=BY,
              answers=WebhookNumbered),
    Operation("post", f"{PREFIX}/deliveries/<int:number>/give-up", "giveUpWebhookDelivery", "Take a dead one off the list",
              by=BY, answers=WebhookNumbered),
)


def create_blueprint(service: Webhooks, queries: WebhookQueries, actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/webhooks. Who may and what he sees is decided in service and queries."""
    blueprint, routes = Blueprint("webhooks", __name__), _Routes(service, queries, actor_of)
    for one in OPERATIONS:
        blueprint.add_url_rule(one.path, one.name, getattr(routes, _METHODS[one.name]), methods=[one.method.upper()])
    return blueprint


_METHODS = {"listWebhooks": "listed", "addWebhook": "add", "testWebhook": "test", "disableWebhook": "disable",
            "enableWebhook": "enable", "listWebhookDeliveries": "deliveries", "retryWebhookDelivery": "retry",
            "giveUpWebhookDelivery": "give_up"}


class _Routes:
    def __init__(self, service: Webhooks, queries: WebhookQueries, actor_of: Callable[[Request], Actor | None]) -> None:
        self._service, self._queries, self._actor_of = service, queries, actor_of

    def listed(self) -> Response:
        return as_json(SubscriptionList([_subscription(one) for one in self._queries.subscriptions(self._actor())]))

    def add(self) -> Response:
        wish = from_json(SubscriptionWish, request.get_data())
        number, secret = self._service.add(Wanted(wish.name, wish.url, wish.types, wish.area, wish.secret), self._actor())
        return as_json(SubscriptionMade(number, secret), 201)

    def test(self, number: int) -> Response:
        self._service.test(number, self._actor())
        return as_json(WebhookNumbered(number))

    def disable(self, number: int) -> Response:
        self._service.switch(number, self._actor(), on=False)
        return as_json(WebhookNumbered(number))

    def enable(self, number: int) -> Response:
        self._service.switch(number, self._actor(), on=True)
        return as_json(WebhookNumbered(number))

    def deliveries(self) -> Response:
        found = self._queries.deliveries(self._actor(), only_dead=request.args.get("dead") == "1")
        return as_json(DeliveryList([_delivery(one) for one in found]))

    def retry(self, number: int) -> Response:
        self._service.retry(number, self._actor())
        return as_json(WebhookNumbered(number))

    def give_up(self, number: int) -> Response:
        self._service.give_up(number, self._actor())
        return as_json(WebhookNumbered(number))

    def _actor(self) -> Actor | None:
        return self._actor_of(request)


def _subscription(one: Subscription) -> SubscriptionShown:
    return SubscriptionShown(one.id, one.name, one.url, one.types, one.area, one.enabled, _instant(one.created_at) or "",
                             one.created_by, one.waiting, one.dead, _instant(one.sent_at))


def _delivery(one: Delivery) -> DeliveryShown:
    return DeliveryShown(one.id, one.subscription_id, one.event_id, one.type, one.subject, _instant(one.event_at) or "",
                         one.state, one.attempts, _instant(one.next_at), one.took_ms, one.detail, _instant(one.ended_at))


def _instant(us: Any) -> str | None:
    return None if us is None else from_us(us).isoformat()
