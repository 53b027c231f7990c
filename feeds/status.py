"""The running account of every source: what was accepted, repeated, refused, and when it was last heard of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, func
from sqlalchemy.dialects import postgresql, sqlite

from cases.events import CaseEvent, Outcome, Status
from feeds.models import feed_status
from feeds.quarantine import Delivery

_OK, _DUPLICATE = Status.OK, Status.DUPLICATE  # asking the enum costs more than comparing with it, at every record


@dataclass(slots=True)
class Account:
    """What happened to the records of one delivery."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    last_event_at: int | None = None

    @property
    def total(self) -> int:
        return self.accepted + self.duplicates + self.rejected

    def note(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            status = outcome.status
            if status is _OK:
                self.accepted += 1
            elif status is _DUPLICATE:
                self.duplicates += 1
            else:
                self.rejected += 1
                self.reasons[outcome.code] = self.reasons.get(outcome.code, 0) + 1

    def note_newest(self, events: Iterable[CaseEvent]) -> None:
        newest = max((event.claimed_at for event in events), default=None)
        if newest is not None:
            self.last_event_at = max(newest, self.last_event_at or newest)

    def add(self, other: Account) -> None:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.rejected += other.rejected
        for code, times in other.reasons.items():
            self.reasons[code] = self.reasons.get(code, 0) + times
        if other.last_event_at is not None:
            self.last_event_at = max(other.last_event_at, self.last_event_at or other.last_event_at)


def enter(conn: Connection, delivery: Delivery, account: Account, now_us: int) -> None:
    """Add a delivery to its source's account. A repair is no sign of life of the source, and not its way of delivering."""
    lag = None if account.last_event_at is None else now_us - account.last_event_at
    conn.execute(_addition(conn.dialect.name == "postgresql", delivery.is_repair, bool(delivery.name)), {
        "source": delivery.source, "name": delivery.name or delivery.source, "kind": delivery.kind,
        "last_event_at": account.last_event_at, "last_received_at": now_us, "lag_us": lag, "accepted": account.accepted,
        "duplicates": account.duplicates, "rejected": account.rejected})


@cache
def _addition(is_postgres: bool, is_repair: bool, is_named: bool) -> Any:
    """The statement, composed once: every delivery of every source needs it. Who gives no name leaves the one that is known."""
    insert = (postgresql if is_postgres else sqlite).insert(feed_status)
    old, new = feed_status.c, insert.excluded
    greatest = func.greatest if is_postgres else func.max
    changes = {"last_event_at": func.coalesce(greatest(old.last_event_at, new.last_event_at), old.last_event_at,
                                              new.last_event_at),
               "accepted": old.accepted + new.accepted, "duplicates": old.duplicates + new.duplicates,
               "rejected": old.rejected + new.rejected}
    if not is_repair:
        changes |= {"name": new.name} if is_named else {}
        changes |= {"kind": new.kind, "last_received_at": new.last_received_at,
                    "lag_us": func.coalesce(new.lag_us, old.lag_us)}
    return insert.on_conflict_do_update(index_elements=["source"], set_=changes)
