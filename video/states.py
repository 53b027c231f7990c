"""Writes how each camera is into `camera_states`, for the pages and for whoever asks whether a camera is offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import monotonic
from typing import Any

from sqlalchemy import delete

from core.clock import Clock
from core.database import Database, bulk_upsert
from video.capture import Standing
from video.models import camera_states

COLUMNS = ("camera_id", "worker", "state", "reason", "since_at", "seen_at", "told_at", "codec", "width", "height", "milli_fps",
           "clock_offset_us")
TOLD_EVERY_S = 10.0  # a row older than a few of these belongs to a process that is gone


class StateWriter:
    """Writes what changed, and everything every ten seconds."""

    def __init__(self, database: Database, clock: Clock, worker: str) -> None:
        self._database, self._clock, self._worker = database, clock, worker
        self._told: dict[int, tuple[float, tuple[Any, ...]]] = {}

    def write(self, standings: Mapping[int, Standing]) -> None:
        """Bring the rows of these cameras up to date; those of others are left to other processes."""
        now, now_s = self._clock.now_us(), monotonic()
        due = {camera: standing for camera, standing in standings.items() if self._is_due(camera, standing, now_s)}
        self._told = {camera: told for camera, told in self._told.items() if camera in standings}
        if not due:
            return
        rows = [self._row(camera, standing, now) for camera, standing in due.items()]
        with self._database.transaction() as conn:
            bulk_upsert(conn, camera_states, COLUMNS, rows, ["camera_id"])
        self._told.update({camera: (now_s, _mark(standing)) for camera, standing in due.items()})

    def forget(self, camera_id: int) -> None:
        """A camera that is registered no more has no state."""
        self._told.pop(camera_id, None)
        with self._database.transaction() as conn:
            conn.execute(delete(camera_states).where(camera_states.c.camera_id == camera_id))

    def _is_due(self, camera: int, standing: Standing, now_s: float) -> bool:
        told = self._told.get(camera)
        return told is None or told[1] != _mark(standing) or now_s - told[0] >= TOLD_EVERY_S

    def _row(self, camera: int, standing: Standing, now: int) -> tuple[Any, ...]:
        track, reason = standing.track, json.dumps(standing.reason) if standing.reason else ""
        codec, width, height = (track.codec[:16], track.width, track.height) if track else ("", 0, 0)
        return (camera, self._worker, standing.state.value, reason, standing.since_us, standing.seen_us, now, codec, width,
                height, standing.milli_fps, standing.clock_offset_us)


def _mark(standing: Standing) -> tuple[Any, ...]:
    """What is told at once when it changes."""
    track = standing.track
    return (standing.state, standing.reason, standing.since_us, (track.codec, track.width, track.height) if track else None)
