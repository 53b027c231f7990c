"""Recordings go by age, earlier where the disk is full; evidence and what evidence is still to be made from stay."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, update

from core.instants import DAY_US, SECOND_US
from core.unit_of_work import UnitOfWorkFactory
from tests.footage import NOON, camera, ground, register, sent
from video.cameras import StreamName
from video.footage.events import (
    ClockBelieved,
    ClockDoubted,
    KeptLongEnough,
    KeptTooShort,
    RecordingFailed,
    RoomEnough,
    RoomShort,
)
from video.footage.models import video_clips, video_gaps, video_incidents, video_samplings, video_segments
from video.freeing import Freeing
from video.recorder import Recorder, RecorderRules
from video.retention import MIB, Retention, RetentionRules
from video.segments import SegmentStore

CAM = camera()


@dataclass
class Disk:
    """A disk of so many bytes that holds the recordings and nothing else."""

    units: UnitOfWorkFactory
    store: SegmentStore
    retention: Retention
    size: list[int] = field(default_factory=lambda: [1 << 40])
    needed: set[int] = field(default_factory=set)
    told: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    clock_told: list[Any] = field(default_factory=list)

    def record(self, *packets: Any) -> None:
        recorder = Recorder(CAM, StreamName.MAIN, self.store, RecorderRules(segment_s=2.0, retry_s=0.0))
        recorder.start()
        for packet in packets:
            recorder.take(packet)
        assert recorder.stop(60)

    def go(self, at_us: int) -> None:
        self.units.clock.move_to(datetime.fromtimestamp(at_us / 1e6, UTC))

    def rows(self, table: Any = video_segments) -> list[Any]:
        with self.units.database.read() as conn:
            return list(conn.execute(select(table).order_by(table.c.id)))

    def files(self) -> set[str]:
        return {path.relative_to(self.store.folder).as_posix() for path in self.store.folder.rglob("*.mp4")}

    def clip(self, **given: Any) -> int:
        with self.units() as uow:
            values = {"camera_id": CAM.id, "card_id": 7, "at": NOON, "business_at": NOON, "from_at": NOON, "to_at": NOON,
                      "state": "ready", "asked_by": "x", "asked_name": "x", "asked_at": NOON, **given}
            return int(uow.conn.execute(insert(video_clips).values(values)).inserted_primary_key[0])


def disk_at(tmp_path: Path, folder: Path, free: Any = None) -> Disk:
    units = ground(f"sqlite:///{tmp_path / 'x.db'}")
    register(units, CAM)
    store = SegmentStore(units, folder, "w1", units.clock)
    made = Disk(units, store, None)  # type: ignore[arg-type]

    def left(_folder: Path) -> int:
        return made.size[0] - sum(path.stat().st_size for path in folder.rglob("*.mp4"))

    def needed(cards: Collection[int]) -> Collection[int]:
        return made.needed & set(cards)

    given = {} if free == "real" else {"free_bytes": left}
    made.retention = Retention(units, folder, tmp_path / "evidence", RetentionRules(30, 1, 30), needed, units.clock,
                               now_s=lambda: units.clock.now_us() / SECOND_US, **given)
    for kind in (RoomShort, RoomEnough, RecordingFailed):
        units.reactions[kind] = [lambda _uow, batch: made.told.extend(batch)]
    for clock in (ClockDoubted, ClockBelieved):
        units.reactions[clock] = [lambda _uow, batch: made.clock_told.extend(batch)]
    for kept in (KeptTooShort, KeptLongEnough):
        units.reactions[kept] = [lambda _uow, batch: made.kept.extend(batch)]
    return made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = disk_at(tmp_path, tmp_path / "recordings")
    yield made
    made.units.database.dispose()


def test_a_segment_stays_thirty_days_and_goes_with_its_row_and_folder(disk: Disk):
    disk.record(*sent(4.0))
    disk.record(*sent(2.0, begin_us=NOON + DAY_US))
    disk.go(NOON + 30 * DAY_US + 3 * SECOND_US)
    assert disk.retention.run().aged == 1
    assert disk.retention.run().aged == 0
    assert disk.files() == {row.file for row in disk.rows()}
    assert len(disk.rows()) == 2
    disk.go(NOON + 32 * DAY_US)
    assert disk.retention.run().aged == 2
    assert list(disk.store.folder.glob("cam-1/*")) == []
    assert disk.rows(video_gaps)[-1].end_at is None  # what still goes on is not forgotten


def test_a_full_disk_costs_the_oldest_first_and_the_timeline_says_so(disk: Disk):
    disk.record(*sent(20.0))
    before = disk.rows()
    used = sum(row.bytes for row in before)
    disk.size[0] = MIB + used - before[0].bytes - before[1].bytes - before[2].bytes + 1
    assert disk.retention.run().early == 3

    assert [row.id for row in disk.rows()] == [row.id for row in before[3:]]
    assert disk.files() == {row.file for row in before[3:]}
    early = [gap for gap in disk.rows(video_gaps) if msgspec.json.decode(gap.reason)["code"] == "removed_early"]
    assert [(gap.begin_at, gap.end_at) for gap in early] == [(NOON, NOON + 6 * SECOND_US)]
    assert [type(event) for event in disk.told] == [RoomEnough]


def test_what_a_clip_is_still_to_be_made_from_is_spared(disk: Disk):
    disk.record(*sent(20.0))
    disk.clip(state="pending", from_at=NOON, to_at=NOON + SECOND_US)
    before = disk.rows()
    disk.size[0] = MIB
    disk.retention.run()

    assert disk.rows()[0].id == before[0].id
    short = disk.told[-1]
    assert (type(short), short.wanted) == (RoomShort, 1)
    with disk.units() as uow:
        uow.conn.execute(update(video_clips).values(state="absent"))
    disk.size[0] = MIB + 10
    disk.retention.run()
    assert disk.rows() == []
    assert type(disk.told[-1]) is RoomEnough


def test_evidence_stays_as_long_as_its_card_needs_it_and_thirty_days_more(disk: Disk):
    number = disk.clip()
    folder = disk.retention._evidence / str(number)
    folder.mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(b"x")
    disk.needed.add(7)
    disk.size[0] = 0  # however full the disk is
    disk.go(NOON + 300 * DAY_US)
    disk.retention.run()
    assert disk.rows(video_clips)[0].released_at is None

    disk.needed.clear()
    disk.retention.run()
    assert disk.rows(video_clips)[0].released_at == NOON + 300 * DAY_US
    disk.needed.add(7)  # the card came back
    disk.retention.run()
    assert disk.rows(video_clips)[0].released_at is None
    disk.needed.clear()
    disk.retention.run()
    disk.go(NOON + 329 * DAY_US)
    disk.retention.run()
    assert folder.is_dir()
    disk.go(NOON + 331 * DAY_US)
    assert disk.retention.run().clips == 1
    row = disk.rows(video_clips)[0]
    assert (row.state, msgspec.json.decode(row.reason)["code"], folder.exists()) == ("removed", "over_time", False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)  # whatever still holds a file of it


def test_on_a_real_small_disk_recording_goes_on_for_ever(tmp_path: Path, small_disk: Path):
    """Twice as much comes as there is room for: the newest is kept, every file left plays, nothing stops for good."""
    disk = disk_at(tmp_path, small_disk, "real")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (2 * MIB - 60_000))
    disk.store.make_room = disk.retention.make_room
    packets = list(sent(120.0))
    assert sum(len(packet.data) for packet in packets) > 100_000
    disk.record(*packets)
    ballast.unlink()

    rows = disk.rows()
    assert rows[-1].end_at == NOON + 120 * SECOND_US
    assert {row.file for row in rows if row.state == "closed"} == disk.files()
    assert disk.store.mend(CAM).recovered == []
    disk.units.database.dispose()


# A disk that frees late -------------------------------------------------------------------------------------------

def test_a_disk_that_frees_late_costs_what_is_missing_and_not_everything(disk: Disk):
    disk.record(*sent(20.0))
    rows, now = disk.rows(), [0.0]
    missing = rows[0].bytes + rows[1].bytes
    disk.retention._free, disk.retention._room = lambda _folder: MIB - missing, Freeing(120.0, lambda: now[0])

    assert [disk.retention.run().early for _ in range(5)] == [2, 0, 0, 0, 0]
    assert type(disk.told[-1]) is RoomEnough  # it is on its way
    now[0] = 121.0
    assert disk.retention.run().early in (2, 3)
    assert type(disk.told[-1]) is RoomShort
    now[0] = 300.0
    assert disk.retention.run().early == 0  # twice as long now: deleting did not help
    now[0] = 362.0
    assert disk.retention.run().early in (2, 3)


def test_what_became_free_is_believed_and_more_is_deleted_only_for_what_is_missing_then():
    now = [0.0]
    room = Freeing(120.0, lambda: now[0])
    assert room.expected(50) == 50
    room.deleted(30, 50, 50)
    assert (room.expected(50), room.expected(70)) == (80, 80)
    assert room.expected(85) == 85
    room.deleted(30, 50, 50)
    now[0] = 121.0
    assert (room.expected(60), room.is_in_vain) == (60, False)


def test_a_later_deletion_makes_no_earlier_wait_longer():
    now = [0.0]
    room = Freeing(120.0, lambda: now[0])
    room.deleted(30, 50, 50)
    now[0] = 60.0
    room.deleted(10, 40, 40)
    assert room.expected(40) == 80
    now[0] = 121.0
    assert (room.expected(40), room.is_in_vain) == (50, True)
    now[0] = 181.0
    assert room.expected(40) == 40


@pytest.mark.parametrize("written_meanwhile", [256 << 10, 80 * MIB], ids=["a little", "a third"])
def test_what_recorders_write_during_each_deletion_never_fills_the_disk(written_meanwhile: int):
    """4 MiB a second for two hours, looked after every minute; every deletion frees at once."""
    now, wanted, recorded = [0.0], 2048 * MIB, 240 * MIB
    room, free = Freeing(120.0, lambda: now[0]), wanted
    for _ in range(120):
        now[0] += 60
        free -= recorded
        while (missing := wanted - room.expected(free)) > 0:
            before, taken = free, -(-missing // MIB) * MIB
            free += taken - min(written_meanwhile, taken)
            room.deleted(taken, before, free)
        assert free >= wanted - recorded
    assert not room.is_in_vain


def test_a_recorder_that_writes_during_each_deletion_costs_no_room_and_no_alarm(disk: Disk, monkeypatch: pytest.MonkeyPatch):
    disk.record(*sent(240.0))
    rows = disk.rows()
    mean = sum(row.bytes for row in rows) // len(rows)
    disk.size[0] = MIB + sum(row.bytes for row in rows)  # as much free as wanted
    unlink = Retention._unlink

    def unlink_while_written(retention: Retention, gone: Any) -> None:
        unlink(retention, gone)
        disk.size[0] -= 64
    monkeypatch.setattr(Retention, "_unlink", unlink_while_written)
    for minute in range(1, 31):
        disk.go(NOON + (10 + minute) * 60 * SECOND_US)
        disk.size[0] -= 3 * mean
        assert disk.retention.make_room() > 0
        assert disk.retention._free(disk.store.folder) >= MIB
    assert {type(event) for event in disk.told} == {RoomEnough}


def test_a_reserve_half_used_up_is_told_although_more_may_become_free(disk: Disk):
    disk.record(*sent(4.0))
    disk.retention._free = lambda _folder: MIB // 2 - 1
    disk.retention._room = Freeing(120.0, lambda: 0.0)
    disk.retention._room.deleted(MIB, MIB // 2 - 1, MIB // 2 - 1)
    assert disk.retention.make_room() == 0
    assert type(disk.told[-1]) is RoomShort


# A clock that is set ----------------------------------------------------------------------------------------------

def test_a_clock_set_forward_by_years_costs_no_recording(disk: Disk):
    disk.record(*sent(4.0))
    steady = [0.0]
    retention = Retention(disk.units, disk.store.folder, disk.store.folder, RetentionRules(30, 0, 30), set, disk.units.clock,
                          now_s=lambda: steady[0])
    assert (retention.run().aged, disk.clock_told) == (0, [ClockBelieved()])
    disk.go(NOON + 3650 * DAY_US)
    assert (retention.run().aged, disk.clock_told[-1]) == (0, ClockDoubted(3650 * 24))
    steady[0] = 31 * 86_400.0
    assert retention.run().aged == 2


# How long it is kept ----------------------------------------------------------------------------------------------

def test_less_than_the_law_asks_is_told_by_the_setting_and_for_want_of_room(disk: Disk, caplog: pytest.LogCaptureFixture):
    disk.retention.run()
    assert disk.kept == [KeptLongEnough()]
    disk.record(*sent(20.0))
    disk.size[0] = MIB
    disk.go(NOON + 12 * DAY_US)
    disk.retention.run()
    assert disk.kept[-1] == KeptTooShort(11, 30)
    Retention(disk.units, disk.store.folder, disk.store.folder, RetentionRules(keep_days=7), set, disk.units.clock).run()
    assert disk.kept[-1] == KeptTooShort(7, 30)
    assert "recording.keep_days is 7" in caplog.text
    Retention(disk.units, disk.store.folder, disk.store.folder, RetentionRules(keep_days=7, is_recorded=False), set).run()
    assert disk.kept[-1] == KeptLongEnough()


def test_a_picture_of_a_look_goes_when_its_time_is_over_and_nobody_needs_it(disk: Disk):
    folder = disk.retention._evidence / "samplings"
    folder.mkdir(parents=True)
    with disk.units() as uow:
        for number, done in ((1, NOON), (2, None), (3, NOON)):
            uow.conn.execute(insert(video_samplings).values(
                id=number, area="a", day=1, round=number, place=0, camera_id=number, due_business_at=NOON, drawn_at=NOON,
                drawn_business_at=NOON, drawn_from="[]", picture_sha256="0" * 64, picture_at=NOON, done_business_at=done))
            (folder / f"{number}.jpg").write_bytes(b"x")
        uow.conn.execute(insert(video_incidents).values(
            camera_id=3, kind="absent", begin_at=NOON - SECOND_US, end_at=NOON, begin_business_at=NOON, end_business_at=NOON,
            comment="x", marked_by="x", marked_name="x", marked_at=NOON, marked_business_at=NOON, card_id=9))
    disk.needed.add(9)
    disk.go(NOON + 364 * DAY_US)
    assert disk.retention.run().looks == 0
    disk.go(NOON + 366 * DAY_US)

    assert disk.retention.run().looks == 1
    assert {path.name for path in folder.iterdir()} == {"2.jpg", "3.jpg"}
    row = disk.rows(video_samplings)[0]
    assert (row.picture_sha256, msgspec.json.decode(row.reason)["code"]) == ("0" * 64, "over_time")
    disk.needed.clear()
    assert disk.retention.run().looks == 1


def test_looks_that_a_card_needs_keep_no_look_behind_them_for_ever(disk: Disk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("video.retention.BATCH", 2)
    with disk.units() as uow:
        for number in range(1, 6):
            uow.conn.execute(insert(video_samplings).values(
                id=number, area="a", day=1, round=number, place=0, camera_id=number, due_business_at=NOON, drawn_at=NOON,
                drawn_business_at=NOON, drawn_from="[]", picture_sha256="0" * 64, picture_at=NOON, done_business_at=NOON))
        for number in (1, 2, 4):
            uow.conn.execute(insert(video_incidents).values(
                camera_id=number, kind="absent", begin_at=NOON, end_at=NOON, begin_business_at=NOON, end_business_at=NOON,
                comment="x", marked_by="x", marked_name="x", marked_at=NOON, marked_business_at=NOON, card_id=9))
    disk.needed.add(9)
    disk.go(NOON + 366 * DAY_US)

    assert disk.retention.run().looks == 2
    assert [row.id for row in disk.rows(video_samplings) if row.reason] == [3, 5]
    assert disk.retention.run().looks == 0
