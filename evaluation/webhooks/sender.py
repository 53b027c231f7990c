"""Sending what waits: claimed under a lease, sent, and the outcome written; at least once, under the same id every time.

A sender that dies between sending and writing leaves its delivery to the next one when the lease runs out: the receiver gets it
twice, and knows it by (source, id). All instants are the machine's own time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, and_, delete, or_, select, update

from alerts.alarms import AlarmService
from alerts.channels.base import DETAIL_MAX
from alerts.channels.peer import request
from alerts.channels.webhook import MEDIA_TYPE, signature
from core.clock import Clock
from core.errors import SupervisionError, UpstreamError
from core.instants import DAY_US, SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from evaluation.webhooks.addresses import Reach
from evaluation.webhooks.models import webhook_deliveries, webhook_subscriptions
from evaluation.webhooks.service import tell_dead

log = logging.getLogger(__name__)
CLAIMS_MAX = 100  # a delivery that kills its sender every time must end as well
DELIVERY_HEADER, SIGNATURE_HEADER = "X-Yangguang-Delivery", "X-Yangguang-Signature"
_d, _s = webhook_deliveries.c, webhook_subscriptions.c


@dataclass(frozen=True, slots=True)
class SenderRules:
    """Times in seconds. `sandbox`: nothing leaves; what would have been sent counts as sent."""

    timeout_s: float = 10.0
    batch: int = 20
    senders: int = 4
    lease_s: float = 120.0
    attempts_max: int = 10
    backoff_s: float = 30.0
    backoff_max_s: float = 21_600.0
    keep_days: int = 90
    sandbox: bool = False

    @property
    def lease_us(self) -> int:
        """Never shorter than a whole batch may take of receivers that hang."""
        rounds = -(-self.batch // self.senders) + 1
        return int(max(self.lease_s, rounds * self.timeout_s) * SECOND_US)

    def wait_us(self, attempts: int) -> int:
        """How long to wait after so many failures: doubled each time, up to the longest."""
        return int(min(self.backoff_s * 2 ** min(attempts - 1, 30), self.backoff_max_s) * SECOND_US)


@dataclass(frozen=True, slots=True)
class SenderParts:
    """`open_secret` finds a subscription's secret: (sealed, uid) → secret."""

    units: UnitOfWorkFactory
    machine: Clock
    alarms: AlarmService
    reach: Reach
    open_secret: Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class _Outcome:
    outcome: str  # sent, failed, refused
    detail: str
    took_ms: int


Claimed = Mapping[str, Any]


class WebhookSender:
    """One sender. Several may run, in one process or in many."""

    def __init__(self, parts: SenderParts, rules: SenderRules) -> None:
        self._parts, self.rules = parts, rules

    def work(self) -> int:
        """Forget what is old, send everything that is due now; a job. Returns how many deliveries were tried."""
        self._forget()
        tried = 0
        while claimed := self.claim():
            with ThreadPoolExecutor(self.rules.senders) as pool:
                list(pool.map(self.deliver, claimed))
            tried += len(claimed)
        return tried

    def claim(self) -> list[Claimed]:
        """Take up the deliveries that wait longest, and those whose sender has died, under a lease of our own."""
        if not self._is_any_due():
            return []
        lease, now = uuid4().hex, self._parts.machine.now_us()
        with self._parts.units() as uow:
            self._bury_killers(uow, now)
            rows = uow.conn.execute(self._due(now).limit(self.rules.batch)).mappings().all()
            uow.conn.execute(update(webhook_deliveries).where(_d.id.in_([row["id"] for row in rows])).values(
                state="sending", lease=lease, leased_until=now + self.rules.lease_us, claims=_d.claims + 1))
        return [{**row, "lease": lease, "claims": row["claims"] + 1} for row in rows]

    def _bury_killers(self, uow: UnitOfWork, now: int) -> None:
        """What was taken up so often and never finished kills its senders."""
        killers = and_(_d.state == "sending", _d.leased_until < now, _d.claims >= CLAIMS_MAX)
        values = {"state": "dead", "ended_at": now, "next_at": None, "lease": "", "leased_until": None, "detail": "sender_died"}
        if uow.conn.execute(update(webhook_deliveries).where(killers).values(values)).rowcount:
            tell_dead(uow, self._parts.alarms)

    def deliver(self, claimed: Claimed) -> None:
        """Try a claimed delivery and write what became of it."""
        begun = time.perf_counter()
        try:
            outcome, detail = "sent", self._try(claimed)
        except UpstreamError as refusal:
            outcome = "refused" if refusal.permanent else "failed"
            detail = str(refusal.details.get("detail", refusal.code))
        except SupervisionError as refusal:  # its secret cannot be opened: no attempt will ever do better
            outcome, detail = "refused", refusal.code
        except Exception as error:  # a fault of ours must not hold up the others; it counts as a failed attempt
            log.exception("webhook delivery %s", claimed["id"])
            outcome, detail = "failed", type(error).__name__
        self._finish(claimed, _Outcome(outcome, detail[:DETAIL_MAX], round((time.perf_counter() - begun) * 1000)))

    def _try(self, claimed: Claimed) -> str:
        if self.rules.sandbox:
            return "sandbox"
        secret = self._parts.open_secret(claimed["secret"], claimed["uid"])
        body = claimed["body"].encode()
        headers = {"Content-Type": MEDIA_TYPE, DELIVERY_HEADER: str(claimed["id"]),
                   SIGNATURE_HEADER: signature(secret, self._parts.machine.now_us() // SECOND_US, body)}
        request("POST", claimed["url"], body, headers, self.rules.timeout_s, self._parts.reach.resolve_for(claimed["url"]))
        return "2xx"

    def _finish(self, claimed: Claimed, result: _Outcome) -> None:
        values = self._after(claimed, result, self._parts.machine.now_us())
        ours = and_(_d.id == claimed["id"], _d.lease == claimed["lease"], _d.state == "sending")
        with self._parts.units() as uow:
            is_ours = uow.conn.execute(update(webhook_deliveries).where(ours).values(values)).rowcount == 1
            if not is_ours and result.outcome == "sent":  # cancelled, or another sender has it: it arrived all the same
                uow.conn.execute(update(webhook_deliveries).where(_d.id == claimed["id"]).values(values))
            if is_ours and values["state"] == "dead":
                tell_dead(uow, self._parts.alarms)

    def _after(self, claimed: Claimed, result: _Outcome, now: int) -> dict[str, Any]:
        told = {"lease": "", "leased_until": None, "took_ms": result.took_ms, "detail": result.detail}
        if result.outcome == "sent":
            return {**told, "state": "sent", "ended_at": now, "next_at": None}
        failures = claimed["attempts"] + 1
        is_given_up = result.outcome == "refused" or failures >= self.rules.attempts_max or claimed["claims"] >= CLAIMS_MAX
        if is_given_up:
            return {**told, "state": "dead", "ended_at": now, "next_at": None, "attempts": failures}
        return {**told, "state": "queued", "next_at": now + self.rules.wait_us(failures), "attempts": failures}

    def _due(self, now: int) -> Select[Any]:
        waiting = and_(_d.state == "queued", _d.next_at <= now)
        abandoned = and_(_d.state == "sending", _d.leased_until < now)
        return select(webhook_deliveries, _s.url, _s.secret, _s.uid).join(
            webhook_subscriptions, _s.id == _d.subscription_id).where(_s.enabled, or_(waiting, abandoned)).order_by(
            _d.next_at, _d.id)

    def _is_any_due(self) -> bool:
        """Looked at without the writer's lock: most looks find nothing."""
        with self._parts.units.database.read() as conn:
            return conn.execute(self._due(self._parts.machine.now_us()).limit(1)).first() is not None

    def _forget(self) -> None:
        """What ended is kept for so many days; what nobody has looked after on the dead-letter list stays."""
        before = self._parts.machine.now_us() - self.rules.keep_days * DAY_US
        old = and_(_d.state.in_(("sent", "cancelled")), _d.ended_at < before)
        with self._parts.units.database.read() as conn:
            if conn.execute(select(_d.id).where(old).limit(1)).first() is None:
                return
        with self._parts.units() as uow:
            uow.conn.execute(delete(webhook_deliveries).where(old))
