"""Which video process reads which camera: by lease, so that another one takes over when a process dies.

A lease is a row of core's table with an end in real time. Each process takes its share of all cameras, keeps what it has, and
gives back what is above its share when another process joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.database import Database
from core.instants import SECOND_US
from core.models import leases

WORKER, CAMERA = "video-worker:", "video-camera:"


class CameraLeases:
    """The leases of one video process. `worker` is its name, unique among those that run."""

    def __init__(self, database: Database, clock: Clock, worker: str, lease_s: float, most: int) -> None:
        self._database, self._clock, self.worker = database, clock, worker[:52]
        self._lease_us, self._most = int(lease_s * SECOND_US), most

    @property
    def interval_s(self) -> float:
        """How often to renew."""
        return self._lease_us / SECOND_US / 3

    def renew(self, camera_ids: Iterable[int]) -> set[int]:
        """Take or keep this process's share of the cameras. Returns those that are its own until the lease ends."""
        wanted, now = sorted(set(camera_ids)), self._clock.now_us()
        self._hold(WORKER + self.worker, now)
        with self._database.transaction() as conn:
            held = self._held(conn, now)
            workers = sum(1 for name in held if name.startswith(WORKER))
            share = min(self._most, ceil(len(wanted) / max(1, workers)))
            mine = [camera for camera in wanted if held.get(_name(camera)) == self.worker]
            self._give_back(conn, [_name(camera) for camera in mine[share:]])
            self._prolong(conn, [_name(camera) for camera in mine[:share]], now)
        free = [camera for camera in wanted if _name(camera) not in held][:max(0, share - len(mine))]
        return {*mine[:share], *(camera for camera in free if self._hold(_name(camera), now))}

    def release(self) -> None:
        """Give everything back: another process need not wait for the end."""
        with self._database.transaction() as conn:
            conn.execute(delete(leases).where(leases.c.owner == self.worker, _ours()))

    def holder_of(self, camera_id: int) -> str | None:
        """The process that reads this camera now."""
        with self._database.read() as conn:
            held = self._held(conn, self._clock.now_us())
        return held.get(_name(camera_id))

    @staticmethod
    def _held(conn: Connection, now: int) -> dict[str, str]:
        rows = conn.execute(select(leases.c.name, leases.c.owner).where(_ours(), leases.c.expires_at > now))
        return {row.name: row.owner for row in rows}

    def _hold(self, name: str, now: int) -> bool:
        """Take one lease that is free or our own."""
        until = now + self._lease_us
        try:
            with self._database.transaction() as conn:
                ours_or_over = (leases.c.owner == self.worker) | (leases.c.expires_at <= now)
                taken = conn.execute(update(leases).where(leases.c.name == name, ours_or_over)
                                     .values(owner=self.worker, expires_at=until))
                if taken.rowcount:
                    return True
                if conn.execute(select(leases.c.name).where(leases.c.name == name)).first() is None:
                    conn.execute(insert(leases).values(name=name, owner=self.worker, expires_at=until))
                    return True
        except IntegrityError:
            pass  # another process was quicker
        return False

    def _prolong(self, conn: Connection, names: list[str], now: int) -> None:
        if names:
            conn.execute(update(leases).where(leases.c.name.in_(names), leases.c.owner == self.worker)
                         .values(expires_at=now + self._lease_us))

    def _give_back(self, conn: Connection, names: list[str]) -> None:
        if names:
            conn.execute(delete(leases).where(leases.c.name.in_(names), leases.c.owner == self.worker))


def _name(camera_id: int) -> str:
    return f"{CAMERA}{camera_id}"


def _ours() -> ColumnElement[bool]:
    return leases.c.name.startswith("video-")
