"""Who gets which events, when. At most one unconfirmed batch per client; behind it only "sent up to" is remembered.

A slow client therefore costs no memory and delays nobody. The events themselves are never dropped or merged: they stand
in the outbox, and a client too far behind gets a snapshot. Real seconds (`monotonic`), never business time.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerts.event_log import EventLog
from alerts.queries import Snapshot
from alerts.rules import PushRules
from core.access import Actor, Role
from core.outbox import Message


class Outlet(Protocol):
    """The transport. Both calls return at once."""

    def emit(self, event: str, data: Any, sids: Sequence[str]) -> None: ...
    def drop(self, sid: str) -> None: ...


@dataclass(slots=True)
class Client:
    """A connected page and how far it is. `sent` is None while it waits for its first data."""

    sid: str
    screen: str
    actor: Actor
    build: str = ""
    credential: Hashable = None      # what it was let in by, as `PushParts.credential_of` names it
    epoch: str = ""
    sent: int | None = None
    awaiting: int | None = None      # number it has to confirm
    awaiting_after: int | None = None  # number before the batch in flight; None: a snapshot is in flight
    waiting_since: float = 0.0
    missed: int = 0
    resynced_at: float = float("-inf")
    is_partial: bool = False         # its snapshot did not hold every active card
    closed_since: int = 0            # cards it has seen close since that snapshot
    shown: int = 0
    latency_ms: int | None = None
    heap: int | None = None
    painted_at: int | None = None
    is_hidden: bool = False
    has_news: bool = True            # its row in `screens` is to be written

    @property
    def is_monitored(self) -> bool:
        """A wall in the room is expected to paint; a page in somebody's background tab is not."""
        return self.actor.has(Role.WALL_SCREEN) and not self.is_hidden

    @property
    def is_well(self) -> bool:
        return self.sent is not None and self.missed == 0


@dataclass(slots=True)
class Troubles:
    """What an inspection found: pages that stopped painting, pages that paint again."""

    faulty: list[Client] = field(default_factory=list)
    healed: list[Client] = field(default_factory=list)


class Delivery:
    """The clients and the event log behind one lock. Emitting only queues, so nobody waits long for it."""

    def __init__(self, outlet: Outlet, snapshot: Callable[[], tuple[Snapshot, dict[str, Any]]], rules: PushRules,
                 monotonic: Callable[[], float]) -> None:
        self._outlet, self._snapshot, self._rules, self._monotonic = outlet, snapshot, rules, monotonic
        self._log = EventLog(rules.replay_max)
        self._clients: dict[str, Client] = {}
        self._troubles = Troubles()
        # Re-entrant: a transport that finds a dead connection while sending reports it from inside our own call.
        self._lock = threading.RLock()

    # Clients come and go ------------------------------------------------------------------------------------------

    def admit(self, client: Client) -> bool:
        """Register a client before anything is read for it. False when the house is full."""
        with self._lock:
            if len(self._clients) >= self._rules.admission_cap:
                return False
            client.waiting_since = self._monotonic()
            self._clients[client.sid] = client
            return True

    def welcome(self, sid: str, epoch: str, last_seq: int, is_same_build: bool) -> bool:
        """First data of an admitted client: what it missed, or a snapshot. True when it could be replayed."""
        with self._lock:
            client = self._clients.get(sid)
            can_replay = is_same_build and bool(epoch) and epoch == self._log.epoch and self._is_near(last_seq)
            if client is not None and can_replay:
                client.epoch = epoch
                self._continue_from(client, last_seq)
                return True
        self._give_snapshot(sid)
        return False

    def resync(self, sid: str, last_seq: int) -> None:
        """The client found a gap or a wrong fingerprint. Asked twice in a while, it gets everything anew."""
        now = self._monotonic()
        with self._lock:
            client = self._clients.get(sid)
            if client is None or now - client.resynced_at < self._rules.resync_pause_s:
                return
            is_first = now - client.resynced_at > self._rules.shown_within_s
            client.resynced_at = now
            if is_first and last_seq < self._log.head and self._is_near(last_seq):
                self._continue_from(client, last_seq)
                return
        self._give_snapshot(sid)

    def remove(self, sid: str) -> Client | None:
        with self._lock:
            return self._clients.pop(sid, None)

    def sids_of(self, actor_name: str) -> list[str]:
        with self._lock:
            return [client.sid for client in self._clients.values() if client.actor.name == actor_name]

    def visible(self) -> dict[str, str]:
        """Pages that have data and paint: sid → screen."""
        with self._lock:
            return {client.sid: client.screen or client.actor.name for client in self._clients.values()
                    if client.sent is not None and not client.is_hidden}

    def screen_of(self, sid: str) -> str:
        """The name of the screen behind a page; "" for a page that has gone."""
        with self._lock:
            client = self._clients.get(sid)
            return client.screen if client is not None else ""

    def credentials(self) -> dict[str, Hashable]:
        """What every client was let in by."""
        with self._lock:
            return {client.sid: client.credential for client in self._clients.values()}

    def count(self) -> int:
        return len(self._clients)

    # Events -------------------------------------------------------------------------------------------------------

    @property
    def position(self) -> tuple[str, int]:
        """(epoch, head) of the log."""
        with self._lock:
            return self._log.epoch, self._log.head

    def restart(self, epoch: str, head: int) -> None:
        """Another epoch, or a log that runs back: every client starts anew, but those who read the new one already."""
        with self._lock:
            is_back = epoch == self._log.epoch
            self._log.restart(epoch, head)
            strangers = [client.sid for client in self._clients.values() if is_back or client.epoch != epoch]
        for sid in strangers:
            self._give_snapshot(sid)

    def publish(self, messages: Sequence[Message]) -> None:
        """Committed messages, in order; every client that owes no confirmation gets them now."""
        with self._lock:
            self._log.extend(messages)
            lost = self._pump(self._clients.values())
        for sid in lost:
            self._give_snapshot(sid)

    def confirm(self, sid: str, seq: int, painted_at: int, latency_ms: int | None, heap: int | None,
                is_hidden: bool = False) -> None:
        """The client has painted everything up to `seq`."""
        with self._lock:
            client = self._clients.get(sid)
            if client is None:
                return
            client.shown, client.has_news, client.is_hidden = max(client.shown, seq), True, is_hidden
            if not is_hidden:
                client.painted_at, client.latency_ms, client.heap = painted_at, latency_ms, heap
            if client.awaiting is None or seq < client.awaiting:
                return
            if client.missed > 1:
                self._troubles.healed.append(client)
            client.awaiting, client.missed = None, 0
            lost = self._pump([client])
        for lost_sid in lost:
            self._give_snapshot(lost_sid)

    def broadcast(self, event: str, data: Any) -> None:
        """A gauge: the latest wins, and a client that owes confirmations is spared it."""
        with self._lock:
            self._outlet.emit(event, data, [client.sid for client in self._clients.values() if client.is_well])

    def beat(self, data: Any) -> None:
        """A heartbeat: everybody who has data."""
        with self._lock:
            self._outlet.emit("heartbeat", data, [c.sid for c in self._clients.values() if c.sent is not None])

    # Inspection ---------------------------------------------------------------------------------------------------

    def inspect(self) -> Troubles:
        """Once in a while: tell the silent ones again, name the faulty ones, part with the hopeless ones.

        Hopeless is also who got no first data: it comes back and asks anew.
        """
        now = self._monotonic()
        with self._lock:
            late = [client for client in self._clients.values()
                    if client.awaiting is not None and now - client.waiting_since >= self._rules.shown_within_s]
            for client in late:
                client.missed += 1
                client.waiting_since = now
            snapshots = [client.sid for client in late if client.missed == 1 and not self._tell_again(client)]
            self._troubles.faulty += [client for client in late if client.missed == 2]
            hopeless = [client.sid for client in late if client.missed > self._rules.missed_max]
            hopeless += [client.sid for client in self._clients.values()
                         if client.sent is None and now - client.waiting_since >= self._rules.welcomed_within_s]
            found, self._troubles = self._troubles, Troubles()
        for sid in snapshots:
            self._give_snapshot(sid)
        for sid in hopeless:
            self._outlet.drop(sid)
        return found

    def receipts(self) -> list[Client]:
        """Clients whose row in `screens` is out of date; they count as written after this call."""
        with self._lock:
            changed = [client for client in self._clients.values() if client.has_news and client.screen]
            for client in changed:
                client.has_news = False
            return changed

    # Inside the lock ----------------------------------------------------------------------------------------------

    def _is_near(self, seq: int) -> bool:
        return self._log.covers(seq) and self._log.head - seq <= self._rules.replay_max

    def _continue_from(self, client: Client, seq: int) -> None:
        client.sent, client.awaiting, client.missed = seq, None, 0
        self._pump([client])

    def _pump(self, clients: Iterable[Client]) -> list[str]:
        """Send the next batch to every free client, one message per position. Returns those who lost the thread."""
        groups: dict[int, list[Client]] = defaultdict(list)
        lost = []
        for client in clients:
            if client.sent is None or client.awaiting is not None or client.sent >= self._log.head:
                continue
            if self._is_near(client.sent) and client.closed_since <= self._rules.snapshot_max // 4:
                groups[client.sent].append(client)
            else:
                lost.append(client.sid)
        for seq, group in groups.items():
            self._send_batch(seq, group)
        return lost

    def _send_batch(self, seq: int, group: list[Client]) -> None:
        batch = self._log.after(seq, self._rules.batch_max)
        last, now = batch[-1].seq, self._monotonic()
        for client in group:
            client.sent = client.awaiting = last
            client.awaiting_after, client.waiting_since = seq, now
            if client.is_partial:
                client.closed_since += self._log.closings(seq, last)
        self._outlet.emit("events", {"events": batch}, [client.sid for client in group])

    def _tell_again(self, client: Client) -> bool:
        """Repeat the batch in flight; False when that was a snapshot or the log no longer holds it."""
        first, last = client.awaiting_after, client.awaiting
        if first is None or last is None or not self._log.covers(first):
            return False
        self._outlet.emit("events", {"events": self._log.after(first, last - first)}, [client.sid])
        return True

    # Outside the lock, because it reads the database --------------------------------------------------------------

    def _give_snapshot(self, sid: str) -> None:
        snapshot, message = self._snapshot()
        with self._lock:
            client = self._clients.get(sid)
            if client is None:
                return
            missed = client.missed if client.awaiting is not None else 0
            client.sent = client.awaiting = snapshot.as_of_seq
            client.awaiting_after, client.waiting_since, client.missed = None, self._monotonic(), missed
            client.epoch, client.is_partial, client.closed_since = snapshot.epoch, snapshot.is_partial, 0
            self._outlet.emit("snapshot", message, [sid])
