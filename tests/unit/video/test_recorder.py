"""What a camera sends is on disk afterwards, picture for picture, and whatever is missing is a gap with a reason."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

import video.footage.mp4 as mp4
from core.files import sha256_of
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWorkFactory
from tests.footage import NOON, camera, ground, numbers_in, sent
from video.cameras import StreamName
from video.footage.events import RecordingFailed, RecordingResumed
from video.footage.models import video_gaps, video_segments
from video.packets import MediaPacket
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore

CAM = camera()
RULES = RecorderRules(segment_s=2.0, retry_s=0.0)


@pytest.fixture
def units(tmp_path: Path) -> Iterator[UnitOfWorkFactory]:
    made = ground(f"sqlite:///{tmp_path / 'x.db'}")
    yield made
    made.database.dispose()


@pytest.fixture
def store(units: UnitOfWorkFactory, tmp_path: Path) -> SegmentStore:
    return SegmentStore(units, tmp_path / "recordings", "w1", units.clock)


def record(store: SegmentStore, packets: Iterable[MediaPacket | int], rules: RecorderRules = RULES) -> Recorder:
    """Packets as they come; a number is the instant the connection was lost at."""
    recorder = Recorder(CAM, StreamName.MAIN, store, rules)
    recorder.start()
    for packet in packets:
        if isinstance(packet, int):
            recorder.lost(packet)
        else:
            recorder.take(packet)
    assert recorder.stop()
    return recorder


def rows(units: UnitOfWorkFactory, table: Any = video_segments) -> list[Any]:
    with units.database.read() as conn:
        return list(conn.execute(select(table).order_by(table.c.id)))


def codes(found: list[Any]) -> list[str]:
    return [msgspec.json.decode(row.reason)["code"] if row.reason else "" for row in found]


def shown(store: SegmentStore, row: Any) -> list[int]:
    return [number for _, number in numbers_in(store.folder / row.file)]


def test_segments_are_cut_at_key_frames_and_lose_no_picture(units, store):
    record(store, sent(7.0))

    found = rows(units)
    assert [shown(store, row) for row in found] == [list(range(20)), list(range(20, 40)), list(range(40, 60)),
                                                    list(range(60, 70))]
    assert [(row.begin_at - NOON, row.end_at - NOON) for row in found] == [
        (0, 2_000_000), (2_000_000, 4_000_000), (4_000_000, 6_000_000), (6_000_000, 7_000_000)]
    assert {row.state for row in found} == {"closed"}
    assert all(row.sha256 == sha256_of(store.folder / row.file) and row.bytes == (store.folder / row.file).stat().st_size
               for row in found)
    assert found[0].file == "cam-1/2026-03-16/main-20260316T040000.000000Z.mp4"
    assert (found[0].codec, found[0].width, found[0].height) == ("h264", 160, 96)
    assert codes(rows(units, video_gaps)) == ["stopped"]


def test_a_connection_lost_is_a_gap_until_the_next_picture(units, store):
    late = NOON + 9 * SECOND_US
    record(store, [*sent(1.5), NOON + 3 * SECOND_US, *sent(1.0, begin_us=late, serial=2)])

    assert codes(rows(units)) == ["connection_lost", "stopped"]
    gap = rows(units, video_gaps)[0]
    assert (gap.begin_at, gap.end_at) == (NOON + 1_500_000, late)
    assert codes([gap]) == ["connection_lost"]


def test_a_change_of_track_begins_a_new_segment_without_a_gap(units, store):
    record(store, [*sent(1.0), *sent(1.0, begin_us=NOON + SECOND_US, serial=2, width=320)])

    found = rows(units)
    assert [(row.width, row.begin_at - NOON) for row in found] == [(160, 0), (320, SECOND_US)]
    assert codes(found) == ["track_changed", "stopped"]
    assert len(shown(store, found[1])) == 10
    assert codes(rows(units, video_gaps)) == ["stopped"]


def test_what_begins_in_the_middle_of_a_group_waits_for_its_key_frame(units, store):
    record(store, sent(1.5, start=5))

    found = rows(units)
    assert shown(store, found[0]) == list(range(10, 20))
    assert found[0].begin_at == NOON + 500_000


def test_a_camera_whose_clock_jumps_gets_a_new_segment(units, store):
    """Backwards (a file played again) or far ahead."""
    record(store, [*sent(1.0), *sent(1.0, begin_us=NOON + SECOND_US, serial=1)])

    found = rows(units)
    assert [row.begin_at - NOON for row in found] == [0, SECOND_US]
    assert [len(shown(store, row)) for row in found] == [10, 10]


@pytest.mark.parametrize(("turn", "why"), [
    (lambda packet, n: replace(packet, dts=n * 100_000_000, pts=n * 100_000_000), "clock_jumped"),
    (lambda packet, n: replace(packet, track=replace(packet.track, serial=n)), "track_changed")])
def test_a_camera_that_breaks_off_at_every_picture_fills_no_disk_with_files(units, store, turn, why):
    key = next(iter(sent(1.0)))
    record(store, [turn(replace(key, arrived_us=NOON + n * 20_000), n) for n in range(200)])

    found = rows(units)
    assert [row.begin_at - NOON for row in found] == [
        *range(0, 220_000, 20_000), 1_200_000, 2_200_000, 3_200_000]
    gaps = [row for row in rows(units, video_gaps) if row.end_at is not None]
    assert codes(gaps[-3:]) == [why] * 3
    assert [row.end_at - NOON for row in gaps[-3:]] == [1_200_000, 2_200_000, 3_200_000]


def test_a_camera_whose_clock_races_has_no_more_than_a_file_a_second_and_loses_nothing(units, store):
    key = next(iter(sent(1.0)))
    record(store, [replace(key, dts=n * 5 * 90_000, pts=n * 5 * 90_000, arrived_us=NOON + n * 20_000) for n in range(200)])

    found = [len(shown(store, row)) for row in rows(units)]
    assert sum(found) == 200
    assert (found[11:13], len(found)) == ([50, 50], 14)


def test_packets_that_come_late_do_not_move_the_pictures_in_time(units, store):
    """A network that holds packets back for 0.4 seconds; the segments follow the camera's own steps."""
    record(store, sent(6.0, late=lambda number: 400_000 if 15 <= number < 35 else 0))

    assert [(row.begin_at - NOON) for row in rows(units)] == [0, 2_000_000, 4_000_000]


def test_a_camera_whose_clock_runs_away_is_set_by_ours_again(units, store):
    """Its seconds are a tenth too long."""
    record(store, sent(20.0, late=lambda number: number * 10_000), RecorderRules(segment_s=60.0))

    found = rows(units)
    assert len(found) > 1
    for row in found[1:]:
        first = shown(store, row)[0]
        assert abs(row.begin_at - (NOON + first * 110_000)) <= 500_000


# Disks ---------------------------------------------------------------------------------------------------------------


class Stuck:
    """A disk on which a write does not return until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free, self.reached = threading.Event(), threading.Event()
        write = mp4.Output._write_all

        def slow(output: Any, data: memoryview) -> None:
            self.reached.set()
            assert self.free.wait(20)
            write(output, data)

        monkeypatch.setattr(mp4.Output, "_write_all", slow)


def test_a_stuck_disk_stops_nobody_and_what_is_dropped_is_a_gap(units, store, monkeypatch):
    disk = Stuck(monkeypatch)
    packets = list(sent(30.0))
    size = sum(len(packet.data) for packet in packets)
    recorder = Recorder(CAM, StreamName.MAIN, store, RecorderRules(segment_s=60.0, queue_bytes=size // 3))
    recorder.start()
    for packet in packets[:200]:
        recorder.take(packet)  # returns at once, whatever the disk does
    assert disk.reached.wait(20)
    assert recorder.is_behind
    disk.free.set()
    with recorder._changed:
        assert recorder._changed.wait_for(lambda: recorder._bytes == 0, 20)
    for packet in packets[200:]:
        recorder.take(packet)
    assert recorder.stop()

    gap = rows(units, video_gaps)[0]
    assert codes([gap]) == ["slow_disk"]
    before, after = rows(units)
    assert shown(store, before) == list(range(len(shown(store, before))))
    assert shown(store, after) == list(range(200, 300))
    assert gap.end_at == after.begin_at == NOON + 20 * SECOND_US
    assert msgspec.json.decode(gap.reason)["packets"] == 200 - len(shown(store, before))


def test_a_full_disk_ends_the_segment_at_its_last_whole_fragment_and_is_told(units, store, monkeypatch):
    """The write call takes a part and refuses the rest, as a full disk does; then there is room again."""
    told: list[Any] = []
    for kind in (RecordingFailed, RecordingResumed):
        units.reactions[kind] = [lambda _uow, batch: told.extend(batch)]
    made_room: list[int] = []
    store.make_room = lambda: made_room.append(1)
    packets = list(sent(12.0))
    room = sum(len(packet.data) for packet in packets) // 2
    left = [room]
    write = mp4.Output._write_all

    def refuse(output: Any, data: memoryview) -> None:
        if len(data) > left[0] > 0:
            part, left[0] = left[0], 1 << 30
            write(output, data[:part])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= len(data)
        write(output, data)

    monkeypatch.setattr(mp4.Output, "_write_all", refuse)
    record(store, packets, RecorderRules(segment_s=60.0, retry_s=0.0))

    before, after = rows(units)
    assert codes([before]) == ["disk_full"]
    assert before.state == "closed"
    assert shown(store, before) == list(range(len(shown(store, before))))
    assert before.bytes <= room
    assert before.sha256 == sha256_of(store.folder / before.file)
    gap = rows(units, video_gaps)[0]
    assert codes([gap]) == ["disk_full"]
    assert gap.end_at == after.begin_at
    assert made_room
    assert [type(event) for event in told] == [RecordingResumed, RecordingFailed, RecordingResumed]
    assert told[1].code == "disk_full"


def test_a_track_that_no_file_can_keep_is_said_once(units, store):
    told: list[Any] = []
    units.reactions[RecordingFailed] = [lambda _uow, batch: told.extend(batch)]
    first, *others = sent(2.0)
    track = replace(first.track, codec="vp6f")
    recorder = Recorder(CAM, StreamName.MAIN, store, RULES)
    recorder._writing._has_gap = False
    recorder.start()
    for packet in (first, *others):
        recorder.take(replace(packet, track=track))
    assert recorder.stop()

    assert rows(units) == []
    assert [event.code for event in told] == ["not_recordable"]


def test_a_database_that_is_away_costs_a_segment_and_not_the_recording(units, store, monkeypatch):
    real, fails = store._indexed, [True]

    def away(segment: Any) -> int:
        if fails.pop() if fails else False:
            raise ConnectionError("the database is away")
        return real(segment)

    monkeypatch.setattr(store, "_indexed", away)
    record(store, sent(4.0), RecorderRules(segment_s=2.0, retry_s=0.0))

    assert [number for row in rows(units) for number in shown(store, row)] == list(range(10, 40))


# The machine's clock is set ---------------------------------------------------------------------------------------------

def set_by(seconds: int, packets: Any, from_number: int) -> list[Any]:
    """What arrives while the machine's clock is set by so much before that picture."""
    return [replace(packet, steady_us=packet.arrived_us,
                    arrived_us=packet.arrived_us + (seconds * SECOND_US if number >= from_number else 0))
            for number, packet in enumerate(packets)]


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_set_loses_no_picture_and_dates_what_follows_by_what_it_says(units, store, seconds):
    record(store, set_by(seconds, sent(12.0), 45), RecorderRules(segment_s=60.0))

    before, after = rows(units)
    assert shown(store, before) + shown(store, after) == list(range(120))
    assert before.begin_at == NOON
    first = shown(store, after)[0]
    assert 45 <= first <= 55   # from the next key frame on
    assert after.begin_at == NOON + first * SECOND_US // 10 + seconds * SECOND_US
    assert after.end_at - after.begin_at == len(shown(store, after)) * SECOND_US // 10
    noted = [(gap.begin_at, gap.end_at) for gap in rows(units, video_gaps) if "clock_set" in gap.reason]
    assert noted == ([(before.end_at, after.begin_at)] if seconds > 0 else [])


# Mending ---------------------------------------------------------------------------------------------------------------


def test_what_a_crash_left_open_is_kept_up_to_its_last_whole_fragment(units, store):
    record(store, sent(6.0))
    row = rows(units)[0]
    path = store.folder / row.file
    path.unlink()
    output = mp4.Output(path)
    packets = list(sent(2.0))
    writer = mp4.Mp4Writer(output, packets[0].track, packets[0])
    for packet in packets:
        writer.add(packet)
    torn = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\x00\x00\x40\x00moof and a torn rest")
    with units() as uow:
        uow.conn.execute(update(video_segments).where(video_segments.c.id == row.id).values(
            state="open", sha256="", end_at=NOON))
        uow.conn.execute(video_gaps.delete())

    mended = store.mend(CAM)

    kept = rows(units)[0]
    assert mended.recovered == [row.file]
    assert (kept.state, codes([kept])) == ("closed", ["cut_short"])
    assert path.stat().st_size == kept.bytes == torn
    assert kept.sha256 == sha256_of(path)
    whole = shown(store, kept)
    assert whole == list(range(len(whole)))
    assert len(whole) >= 10
    assert kept.end_at - kept.begin_at == len(whole) * 100_000
    assert "crashed" in codes(rows(units, video_gaps))


def test_files_without_rows_and_rows_without_files_are_told_and_mended(units, store):
    record(store, sent(6.0))
    first, second, third = rows(units)
    (store.folder / first.file).unlink()
    with units() as uow:
        uow.conn.execute(video_segments.delete().where(video_segments.c.id == second.id))
    rubbish = store.folder / "cam-1/2026-03-16/main-20260316T050000.000000Z.mp4"
    rubbish.write_bytes(b"no film")

    mended = store.mend(CAM)

    assert (mended.lost, mended.adopted) == ([first.file], [second.file])
    assert mended.removed == [rubbish.relative_to(store.folder).as_posix()]
    lost, kept, back = rows(units)
    assert (lost.state, codes([lost])) == ("damaged", ["file_missing"])
    assert kept.file == third.file
    assert (back.file, back.sha256, back.begin_at, back.end_at) == (second.file, second.sha256, second.begin_at, second.end_at)
    assert not rubbish.exists()
    assert not store.mend(CAM)
