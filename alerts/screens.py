"""What the screens report about themselves: receipts, and the alarm when one of them stops painting (屏幕异常).

Receipts are measurements, not facts of the record: they are written in batches, apart from the ledger, so that they
never make a feed wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from alerts.alarms import AlarmService, standing_alarms
from alerts.delivery import Client, Troubles
from alerts.models import screens
from core.database import Database, bulk_upsert

FAULT = "screen_fault"
_COLUMNS = ("screen", "name", "epoch", "last_seq", "last_seen_at", "build", "heap", "latency_ms", "painted_at")


class ScreenLog:
    """Writes receipts and screen alarms.

    A fault ends when its screen paints again, after whatever restart of screen or server, or when nothing was seen of
    it for `fault_memory_s`.
    """

    def __init__(self, database: Database, alarms: AlarmService, fault_memory_s: float,
                 monotonic: Callable[[], float]) -> None:
        self._database, self._alarms, self._memory_s, self._monotonic = database, alarms, fault_memory_s, monotonic
        self._faulty: dict[str, float] | None = None

    def write(self, receipts: Sequence[Client], troubles: Troubles, epoch: str, now_us: int) -> None:
        """One transaction for everything new; none when there is nothing."""
        faulty = self._known_faults()
        raised = [client for client in troubles.faulty if client.is_monitored and client.screen]
        well = {client.screen for client in receipts if client.is_well and client.painted_at is not None}
        cleared = {client.screen for client in troubles.healed if client.screen} | (well & faulty.keys())
        cleared = (cleared | self._forgotten(faulty)) - {client.screen for client in raised}
        if not (receipts or raised or cleared):
            return
        with self._database.transaction() as conn:
            _write_receipts(conn, receipts, epoch, now_us)
            for client in raised:
                self._alarms.set_alarm(conn, FAULT, client.screen, now_us, screen=client.screen, name=_name(client))
            for screen in cleared:
                self._alarms.clear_alarm(conn, FAULT, screen, now_us)
        faulty.update({client.screen: self._monotonic() for client in raised})
        for screen in cleared:
            faulty.pop(screen, None)

    def forget_before(self, before_us: int) -> int:
        """Drop screens not seen since. Returns how many."""
        with self._database.transaction() as conn:
            return conn.execute(delete(screens).where(screens.c.last_seen_at < before_us)).rowcount

    def _known_faults(self) -> dict[str, float]:
        """The standing faults and when they were last seen; those of before a restart count as seen at its first look."""
        if self._faulty is None:
            with self._database.read() as conn:
                self._faulty = {alarm.subject: self._monotonic() for alarm in standing_alarms(conn) if alarm.code == FAULT}
        return self._faulty

    def _forgotten(self, faulty: dict[str, float]) -> set[str]:
        now = self._monotonic()
        return {screen for screen, since in faulty.items() if now - since > self._memory_s}


@dataclass(frozen=True, slots=True)
class KnownScreen:
    """A screen as it last reported itself; instants are microseconds UTC."""

    screen: str
    name: str
    last_seq: int
    last_seen_at: int
    build: str
    heap: int | None
    latency_ms: int | None
    painted_at: int | None
    is_faulty: bool


def known_screens(database: Database) -> list[KnownScreen]:
    """Every screen of the registry, by name."""
    with database.read() as conn:
        faulty = {alarm.subject for alarm in standing_alarms(conn) if alarm.code == FAULT}
        return [KnownScreen(row.screen, row.name, row.last_seq, row.last_seen_at, row.build, row.heap, row.latency_ms,
                            row.painted_at, row.screen in faulty)
                for row in conn.execute(select(screens).order_by(screens.c.screen))]


def _write_receipts(conn: Connection, receipts: Sequence[Client], epoch: str, now_us: int) -> None:
    newest = {client.screen: client for client in receipts}  # two pages of one screen: the later one counts
    rows = [(client.screen, _name(client), epoch, client.shown, now_us, client.build, client.heap, client.latency_ms,
             client.painted_at) for client in newest.values()]
    bulk_upsert(conn, screens, _COLUMNS, rows, key=("screen",))


def _name(client: Client) -> str:
    return (client.actor.display_name or client.actor.name)[:64]
