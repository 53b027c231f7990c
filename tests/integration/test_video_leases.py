"""Cameras shared among video processes, on both databases; and what they write about each camera."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.health import Readiness
from core.migration import migrate
from tests.cameras import CLOCK, camera, capture_rules
from tests.services import wait_until
from tests.streams import RtspServer
from tests.viewing import Book, room_rules
from video.cameras import CameraState
from video.leases import CameraLeases
from video.models import camera_states
from video.room import VideoRoom
from video.states import StateWriter

CAMERAS = range(1, 11)


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    database = Database(fresh_database_url)
    migrate(database)
    yield database
    database.dispose()


def leases(database: Database, clock: FrozenClock, name: str, most: int = 64) -> CameraLeases:
    return CameraLeases(database, clock, name, 10.0, most)


def test_two_processes_share_and_never_read_the_same(database: Database, frozen_clock: FrozenClock) -> None:
    one, two = leases(database, frozen_clock, "one"), leases(database, frozen_clock, "two")
    assert one.renew(CAMERAS) == set(CAMERAS)
    assert two.renew(CAMERAS) == set()  # the first has all, and hears only now of the second
    first = one.renew(CAMERAS)
    second = two.renew(CAMERAS)
    assert (len(first), len(second)) == (5, 5)
    assert first | second == set(CAMERAS)
    assert one.holder_of(min(second)) == "two"
    assert one.renew(CAMERAS) == first  # it stays so


def test_a_dead_process_is_replaced_when_its_leases_end(database: Database, frozen_clock: FrozenClock) -> None:
    one, two = leases(database, frozen_clock, "one"), leases(database, frozen_clock, "two")
    for each in (one, two, one, two):
        each.renew(CAMERAS)
    frozen_clock.advance(timedelta(seconds=9))
    assert len(two.renew(CAMERAS)) == 5
    frozen_clock.advance(timedelta(seconds=2))
    assert two.renew(CAMERAS) == set(CAMERAS)


def test_a_process_that_leaves_need_not_be_waited_for(database: Database, frozen_clock: FrozenClock) -> None:
    one, two = leases(database, frozen_clock, "one"), leases(database, frozen_clock, "two")
    for each in (one, two, one, two):
        each.renew(CAMERAS)
    one.release()
    assert two.renew(CAMERAS) == set(CAMERAS)


def test_no_process_takes_more_than_it_can(database: Database, frozen_clock: FrozenClock) -> None:
    assert len(leases(database, frozen_clock, "one", most=4).renew(CAMERAS)) == 4


def test_leases_of_cameras_are_not_the_schedulers(database: Database, frozen_clock: FrozenClock) -> None:
    leases(database, frozen_clock, "one").renew(CAMERAS)
    checks = {check.name: check for check in Readiness(database, InProcessDoorbell(), frozen_clock).checks()}
    assert not checks["scheduler"].ok


def test_the_room_writes_how_each_camera_is(database: Database, rtsp_server: RtspServer) -> None:
    book = Book(camera(rtsp_server.address("/hall")), camera("rtsp://127.0.0.1:1/", id=2, code="hall-2"),
                camera(rtsp_server.address("/hall"), id=3, code="hall-3", is_enabled=False))
    room = VideoRoom(book, room_rules(capture_rules(retry_s=0.2), watch=True), CLOCK,
                     CameraLeases(database, CLOCK, "one", 10.0, 64), StateWriter(database, CLOCK, "one"))
    room.start()
    try:
        wait_until(lambda: _states(database) == {1: "live", 2: "offline", 3: "disabled"}, timeout_s=8, what="the states")
        with database.read() as conn:
            row = conn.execute(select(camera_states).where(camera_states.c.camera_id == 1)).one()
        assert (row.worker, row.codec, row.width, row.height) == ("one", "h264", 640, 360)
        assert row.seen_at is not None
        rtsp_server.kill9()
        wait_until(lambda: _states(database)[1] != CameraState.LIVE, timeout_s=5, what="the loss to be written")
        book.cameras = book.cameras[1:]
        room.reload()
        wait_until(lambda: set(_states(database)) == {2, 3}, timeout_s=5, what="the retired one to be forgotten")
    finally:
        room.stop()


def _states(database: Database) -> dict[int, str]:
    with database.read() as conn:
        return {row.camera_id: row.state for row in conn.execute(select(camera_states))}
