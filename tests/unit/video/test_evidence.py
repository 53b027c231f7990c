"""A clip of evidence shows what the camera saw, exact to a picture, is whole or absent with a reason, and can be checked."""

from __future__ import annotations

import dataclasses
import errno
import json
import zipfile
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlalchemy import insert, select

import video.evidence as evidence
from commands.evidence import check_evidence
from config.settings import load_settings
from core.access import Actor, Role
from core.files import sha256_of
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWorkFactory
from papers.keys import KeyRing
from tests.footage import NOON, camera, ground, number_of, numbers_in, register, sent
from video.cameras import StreamName
from video.evidence import ClipMaker, ClipRules, ClipService, Installation
from video.footage.cutting import Cutting, Source
from video.footage.manifest import Finding, check, package
from video.footage.models import video_clips, video_segments
from video.models import camera_states
from video.packets import MediaPacket
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore

CAM = camera()
BOB = Actor("bob", frozenset({Role.INSPECTOR}), display_name="薄博")
RULES = ClipRules(before_s=3.0, after_s=6.0, wait_s=20.0)


@dataclass
class Desk:
    units: UnitOfWorkFactory
    store: SegmentStore
    service: ClipService
    maker: ClipMaker
    keys: KeyRing

    def record(self, *packets: MediaPacket | int, is_left_open: bool = False) -> Recorder:
        recorder = Recorder(CAM, StreamName.MAIN, self.store, RecorderRules(segment_s=4.0, retry_s=0.0))
        recorder.start()
        for packet in packets:
            recorder.lost(packet) if isinstance(packet, int) else recorder.take(packet)
        if is_left_open:
            with recorder._changed:
                assert recorder._changed.wait_for(lambda: recorder._bytes == 0, 20)
        else:
            assert recorder.stop()
        return recorder

    def ask(self, at_us: int, **given: Any) -> int:
        with self.units() as uow:
            return self.service.ask(uow, CAM.id, at_us, BOB, card_id=7, **given)

    def at(self, seconds: float) -> int:
        """Make what is due so many seconds after noon; returns how many were settled."""
        from datetime import UTC, datetime

        self.units.clock.move_to(datetime.fromtimestamp(NOON / 1e6 + seconds, UTC))
        return self.maker.make_due()

    def clip(self, number: int) -> Any:
        with self.units.database.read() as conn:
            return conn.execute(select(video_clips).where(video_clips.c.id == number)).one()

    def shown(self, number: int) -> list[tuple[float, int]]:
        return numbers_in(self.maker.folder_of(number) / "clip.mp4")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    units = ground(f"sqlite:///{tmp_path / 'x.db'}")
    register(units, CAM)
    keys = KeyRing(tmp_path / "keys", "新余市")
    store = SegmentStore(units, tmp_path / "recordings", "w1", units.clock)
    where = Installation(store.folder, tmp_path / "evidence", keys, "新余市")
    yield Desk(units, store, ClipService(RULES, units.clock), ClipMaker(units, where, RULES, units.clock), keys)
    units.database.dispose()


def test_a_clip_begins_at_the_key_frame_before_and_every_picture_has_its_time(desk: Desk):
    desk.record(*sent(30.0))
    number = desk.ask(NOON + 15 * SECOND_US + 450_000)
    assert desk.at(24) == 0
    assert desk.at(25) == 1

    row = desk.clip(number)
    assert (row.state, row.reason) == ("ready", "")
    pictures = desk.shown(number)
    assert [shown for _, shown in pictures] == list(range(120, 215))  # asked for from 12.45 s on: its key frame is at 12.0
    assert all(abs(at - (shown - 120) / 10) < 0.002 for at, shown in pictures)
    assert (row.begin_at, row.end_at) == (NOON + 12 * SECOND_US, NOON + 21 * SECOND_US + 400_000)
    with Image.open(desk.maker.folder_of(number) / "snapshot.jpg") as snapshot:
        import numpy as np

        assert number_of(np.asarray(snapshot.convert("L"))) == 154


def test_the_manifest_says_what_who_when_and_by_which_clock(desk: Desk):
    with desk.units() as uow:
        uow.conn.execute(insert(camera_states).values(camera_id=CAM.id, worker="w", state="live", since_at=0, told_at=0,
                                                      clock_offset_us=-350_000))
    desk.record(*sent(30.0))
    number = desk.ask(NOON + 15 * SECOND_US, business_us=NOON + 1)
    desk.at(26)

    row, folder = desk.clip(number), desk.maker.folder_of(number)
    told = json.loads((folder / "manifest.json").read_bytes())
    assert told["camera"] == {"code": "cam-1", "name": "1号窗口", "area": "360500", "hall": "市政务服务大厅", "window": "A01",
                              "post": "", "org": "fagai", "clock_offset_us": -350_000}
    assert (told["at"], told["business_at"]) == ("2026-03-16T04:00:15.000000Z", "2026-03-16T04:00:00.000001Z")
    assert (told["asked_from"], told["asked_to"]) == ("2026-03-16T04:00:12.000000Z", "2026-03-16T04:00:21.000000Z")
    assert (told["asked_by"], told["asked_name"], told["card"], told["installation"]) == ("bob", "薄博", 7, "新余市")
    assert told["files"]["clip.mp4"]["sha256"] == row.sha256 == sha256_of(folder / "clip.mp4")
    assert told["files"]["snapshot.jpg"]["sha256"] == row.snapshot_sha256 == sha256_of(folder / "snapshot.jpg")
    assert (row.clock_offset_us, row.key_id) == (-350_000, told["key_id"])
    assert [one["sha256"] for one in told["segments"]] == [
        sha256_of(desk.store.folder / one["file"]) for one in told["segments"]]


def test_what_is_still_being_written_is_used_up_to_its_last_fragment(desk: Desk):
    recorder = desk.record(*sent(10.0), is_left_open=True)
    number = desk.ask(NOON + 3 * SECOND_US + 500_000)
    assert desk.at(13) == 0          # its end is not on the disk yet
    for packet in list(sent(15.0))[100:]:
        recorder.take(packet)
    with recorder._changed:
        assert recorder._changed.wait_for(lambda: recorder._bytes == 0, 20)
    assert desk.at(19) == 1
    assert recorder.stop()

    assert [shown for _, shown in desk.shown(number)] == list(range(96))
    assert desk.clip(number).reason == ""


def test_a_connection_that_was_lost_leaves_a_hole_that_the_clip_tells(desk: Desk):
    back = NOON + 17 * SECOND_US
    desk.record(*sent(14.0), NOON + 14 * SECOND_US, *sent(10.0, begin_us=back, serial=2))
    number = desk.ask(NOON + 13 * SECOND_US)
    assert desk.at(30) == 1

    row = desk.clip(number)
    assert row.state == "ready"
    assert msgspec.json.decode(row.reason) == {"code": "incomplete", "missing": [
        {"from": "2026-03-16T04:00:13.900000Z", "to": "2026-03-16T04:00:17.000000Z"}]}
    seconds = {shown: at for at, shown in desk.shown(number)}
    assert seconds[139] == pytest.approx(3.9, abs=0.002)
    assert seconds[0] == pytest.approx(7.0, abs=0.002)  # counted anew by the camera, in its place in time all the same


def set_back(seconds: float, at_s: float, by_s: float) -> Iterator[MediaPacket]:
    """What a camera sends while the machine's clock is set back by so much, once."""
    for packet in sent(seconds):
        real = packet.arrived_us
        wall = real - int(by_s * SECOND_US) * (real >= NOON + int(at_s * SECOND_US))
        yield dataclasses.replace(packet, arrived_us=wall, steady_us=real)


def test_time_recorded_twice_is_shown_once_at_its_speed_and_the_manifest_names_it(desk: Desk):
    """Twelve seconds, the clock set back by six of them, eighteen more: 6 to 12 was recorded twice, 0 to 24 once at least."""
    desk.record(*set_back(30.0, 12.0, 6.0))
    number = desk.ask(NOON + 9 * SECOND_US + 500_000)
    assert desk.at(60) == 1

    row = desk.clip(number)
    told = json.loads((desk.maker.folder_of(number) / "manifest.json").read_bytes())
    pictures = desk.shown(number)
    assert (row.state, row.reason, told["missing"]) == ("ready", "", [])
    [twice] = told["recorded_twice"]
    assert (twice["from"][17:19], twice["to"][17:19]) in (("06", "11"), ("06", "12"))
    steps = [after - before for (before, _), (after, _) in pairwise(pictures)]
    assert max(steps) < 1.2
    assert sum(step < 0.05 for step in steps) == 0  # none flashes by
    assert len(pictures) >= (row.end_at - row.begin_at) / SECOND_US * 10 - 10


@pytest.mark.parametrize("at_s", [20.0, 45.0, 70.0])
def test_after_a_clock_set_back_far_every_second_of_a_cut_is_shown(desk: Desk, at_s: float):
    """0 to 60, then 30 to 90: whichever of both is chosen, the other has the rest of the time."""
    desk.record(*set_back(120.0, 60.0, 30.0))
    with desk.units.database.read() as conn:
        sources = [Source(desk.store.folder / one.file, one.begin_at) for one in conn.execute(select(video_segments))]
    for begin, end in ((0, 89), (40, 80)):
        with Cutting(sources, NOON + begin * SECOND_US, NOON + end * SECOND_US) as cutting:
            stretch = cutting.about(NOON + int(at_s * SECOND_US))
            assert stretch is not None
            assert stretch.holes == []
            assert stretch.begin_us <= NOON + begin * SECOND_US
            assert stretch.end_us > NOON + (end - 1) * SECOND_US
            assert [one.at_us for one in stretch.shots] == sorted(one.at_us for one in stretch.shots)
            [(twice_from, twice_to)] = stretch.twice
            assert abs(twice_from - NOON - max(30, begin) * SECOND_US) <= 2 * SECOND_US
            assert abs(twice_to - NOON - 60 * SECOND_US) <= 2 * SECOND_US


def test_a_camera_that_changes_its_picture_gives_the_part_with_the_instant(desk: Desk):
    desk.record(*sent(14.0), *sent(14.0, begin_us=NOON + 14 * SECOND_US, serial=2, width=320))
    number = desk.ask(NOON + 13 * SECOND_US)
    assert desk.at(40) == 1

    row = desk.clip(number)
    assert row.state == "ready"
    assert [shown for _, shown in desk.shown(number)] == list(range(100, 140))
    assert msgspec.json.decode(row.reason)["missing"] == [
        {"from": "2026-03-16T04:00:13.900000Z", "to": "2026-03-16T04:00:19.000000Z"}]


def test_where_nothing_was_recorded_the_clip_is_absent_with_the_reason_of_the_gap(desk: Desk):
    desk.record(*sent(4.0), NOON + 4 * SECOND_US, *sent(4.0, begin_us=NOON + 60 * SECOND_US, serial=2))
    number = desk.ask(NOON + 30 * SECOND_US)
    other = desk.ask(NOON + 3600 * SECOND_US)
    assert [desk.at(at) for at in (40, 45, 50)] == [0, 0, 0]  # it may still come
    assert msgspec.json.decode(desk.clip(number).reason) == {"code": "connection_lost", "tries": 3}
    assert [desk.at(at) for at in (110, 170)] == [0, 1]
    assert [desk.at(4000 + 60 * late) for late in range(5)] == [0, 0, 0, 0, 1]  # late as the first try was

    assert [(desk.clip(one).state, msgspec.json.decode(desk.clip(one).reason)) for one in (number, other)] == [
        ("absent", {"code": "connection_lost", "tries": 5}), ("absent", {"code": "stopped", "tries": 5})]
    assert not desk.maker.folder_of(number).exists()


def test_asked_for_twice_it_is_one_clip_and_made_it_is_never_written_again(desk: Desk):
    desk.record(*sent(30.0))
    number = desk.ask(NOON + 15 * SECOND_US)
    assert desk.ask(NOON + 15 * SECOND_US) == number
    desk.at(30)
    before = {path.name: (path.stat().st_mtime_ns, sha256_of(path)) for path in desk.maker.folder_of(number).iterdir()}
    with desk.units() as uow:  # as a crash between the name and the row leaves it
        uow.conn.execute(video_clips.update().values(state="pending", sha256=""))
    assert desk.at(36) == 1

    after = {path.name: (path.stat().st_mtime_ns, sha256_of(path)) for path in desk.maker.folder_of(number).iterdir()}
    assert before == after
    assert desk.clip(number).sha256 == before["clip.mp4"][1]


def test_a_full_disk_delays_a_clip_and_leaves_nothing_half(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.record(*sent(30.0))
    number = desk.ask(NOON + 15 * SECOND_US)
    calls: list[int] = []
    desk.maker._make_room = lambda: calls.append(1)

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "_write", full)
        assert desk.at(3600) == 0
    assert (calls, list(desk.maker._where.folder.iterdir())) == ([1], [])
    assert desk.at(3661) == 1
    assert desk.clip(number).state == "ready"


def test_one_failure_is_not_the_end_and_a_restart_forgets_no_try(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """The job was away for an hour, and the recording cannot be read at first."""
    desk.record(*sent(30.0))
    number = desk.ask(NOON + 15 * SECOND_US)
    read = evidence.Cutting

    def broken(*_given: Any) -> Any:
        raise ValueError("no such fragment")

    monkeypatch.setattr(evidence, "Cutting", broken)
    assert [desk.at(3600 + 60 * late) for late in range(4)] == [0, 0, 0, 0]
    told = msgspec.json.decode(desk.clip(number).reason)
    assert (desk.clip(number).state, told["tries"]) == ("pending", 4)
    assert told["code"] in ("unreadable", "failed")
    desk.maker = ClipMaker(desk.units, desk.maker._where, RULES, desk.units.clock)  # another process
    monkeypatch.setattr(evidence, "Cutting", read)
    assert desk.at(3900) == 1
    assert (desk.clip(number).state, desk.clip(number).reason) == ("ready", "")


def test_a_clip_that_cannot_be_made_holds_up_no_other_and_is_absent_with_the_reason(
        desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.record(*sent(30.0))
    bad, good = desk.ask(NOON + 10 * SECOND_US), desk.ask(NOON + 15 * SECOND_US)
    make = ClipMaker._make

    def refuses(maker: ClipMaker, row: Any, *more: Any) -> None:
        if row.id == bad:
            raise RuntimeError("no key to sign with")
        make(maker, row, *more)

    monkeypatch.setattr(ClipMaker, "_make", refuses)
    assert desk.at(60) == 1
    assert desk.clip(good).state == "ready"
    assert [desk.at(60 + 61 * late) for late in range(1, 5)] == [0, 0, 0, 1]
    row = desk.clip(bad)
    assert (row.state, msgspec.json.decode(row.reason)) == (
        "absent", {"code": "failed", "tries": 5, "problem": "RuntimeError"})


# The package ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def packed(desk: Desk, tmp_path: Path) -> Path:
    desk.record(*sent(30.0))
    number = desk.ask(NOON + 15 * SECOND_US)
    desk.at(30)
    path = tmp_path / "clip.zip"
    path.write_bytes(package(desk.maker.folder_of(number), desk.keys, "how to").getvalue())
    return path


def repacked(path: Path, **changed: bytes | None) -> Path:
    """The package with some of its files (`clip_mp4`) replaced or left out."""
    other = path.with_name("other.zip")
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(other, "w") as made:
        for name in given.namelist():
            content = changed.get(name.replace(".", "_"), given.read(name))
            if content is not None:
                made.writestr(name, content)
    return other


def test_a_package_is_genuine_until_a_byte_of_it_changes(desk: Desk, packed: Path, tmp_path: Path):
    assert check(packed, desk.keys).finding is Finding.GENUINE
    with zipfile.ZipFile(packed) as given:
        assert {"clip.mp4", "snapshot.jpg", "manifest.json", "manifest.sig", "VERIFY.txt"} < set(given.namelist())
        clip, manifest, picture = given.read("clip.mp4"), given.read("manifest.json"), given.read("snapshot.jpg")
    wrong = {"clip_mp4": clip[:-1] + bytes([clip[-1] ^ 1]), "snapshot_jpg": picture + b"x"}
    for name, content in wrong.items():
        verdict = check(repacked(packed, **{name: content}), desk.keys)
        assert (verdict.finding, verdict.file) == (Finding.ALTERED, name.replace("_", "."))
    assert check(repacked(packed, clip_mp4=None), desk.keys).finding is Finding.ALTERED
    other = manifest.replace("薄博".encode(), "别人".encode())
    assert check(repacked(packed, manifest_json=other), desk.keys).finding is Finding.ALTERED
    assert check(repacked(packed, manifest_sig=None), desk.keys).finding is Finding.UNKNOWN
    assert check(packed, KeyRing(tmp_path / "others", "别处")).finding is Finding.UNKNOWN


def test_the_command_line_says_whether_a_package_is_ours(desk: Desk, packed: Path, capsys: pytest.CaptureFixture[str]):
    settings = load_settings({"papers.key_dir": str(desk.keys.folder)})
    assert check_evidence(settings, Namespace(file=str(packed), keys=None)) == 0
    assert "genuine (clip 1, card 7, camera cam-1, at 2026-03-16T04:00:15.000000Z" in capsys.readouterr().out
    wrong = repacked(packed, snapshot_jpg=b"another")
    assert check_evidence(settings, Namespace(file=str(wrong), keys=str(desk.keys.folder))) == 3
    assert "altered" in capsys.readouterr().out


def test_the_same_can_be_checked_by_openssl_alone(packed: Path, tmp_path: Path):
    import subprocess

    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(packed) as given:
        given.extractall(folder)
    key = next(folder.glob("ed25519-*.pub"))
    said = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", folder / "manifest.json",
                           "-sigfile", folder / "manifest.sig"], capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in said.stdout, said.stderr


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\x00" * 40])
def test_what_is_no_package_is_refused_with_a_name(tmp_path: Path, desk: Desk, content: bytes):
    from core.errors import InvalidInput

    path = tmp_path / "odd.zip"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="evidence_no_package"):
        check(path, desk.keys)


def test_a_package_that_would_unpack_to_more_than_it_says_is_not_unpacked(desk: Desk, packed: Path):
    bomb = packed.with_name("bomb.zip")
    with zipfile.ZipFile(packed) as given, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            made.writestr(name, b"\0" * (64 << 20) if name == "clip.mp4" else given.read(name))
    assert check(bomb, desk.keys).file == "clip.mp4"
