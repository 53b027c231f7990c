"""Streams made to hurt: each is contained to its camera, and says what was wrong with it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import streams_faults
from tests.cameras import camera, capture_rules, following, source_rules, until_code, until_state
from tests.services import wait_until
from tests.streams import Clip, make_clip
from tests.streams_faults import FaultyCamera, Peer, begins_late, chatters, floods, forgets, plays, redirects_to, swells
from video import sources
from video.addresses import networks_of
from video.cameras import CameraState, SourceKind, StreamName
from video.capture import Abandoned, Capture, CaptureRules

QUICK = {"stalled_after_s": 0.5, "restart_after_s": 0.8, "retry_s": 0.1}


def quick(**given: Any) -> CaptureRules:
    return capture_rules(source_rules(open_timeout_s=1.0, read_timeout_s=1.0), **{**QUICK, **given})


@pytest.mark.parametrize(("behaviour", "code", "state"), [
    (streams_faults.hangs, "camera_timeout", CameraState.OFFLINE),
    (streams_faults.talks_garbage, "camera_not_rtsp", CameraState.REFUSED),
    (streams_faults.describes_for_ever, "camera_answer_too_long", CameraState.REFUSED),
    (streams_faults.heads_for_ever, "camera_answer_too_long", CameraState.REFUSED),
    (streams_faults.drips, "camera_timeout", CameraState.OFFLINE),
])
def test_an_endless_or_senseless_handshake_ends(behaviour: streams_faults.Behaviour, code: str, state: CameraState) -> None:
    with FaultyCamera(behaviour) as faulty, following(camera(faulty.url), quick()) as (capture, seen):
        until_code(capture, code, timeout_s=5)
        assert capture.state is state
        assert seen.packets == []


def test_a_redirection_is_not_followed() -> None:
    with FaultyCamera(streams_faults.hangs) as elsewhere, FaultyCamera(redirects_to(elsewhere.url)) as faulty, \
            following(camera(faulty.url), quick()) as (capture, _seen):
        until_code(capture, "camera_redirects", timeout_s=5)
        assert elsewhere.connections == 0


@pytest.mark.parametrize("hidden", [
    "RTSP/1.0 200 OK\nCSeq: {n}\n\nRTSP/1.0 302 Found\nCSeq: 2\nLocation: {url}\n\n" * 2,
    "RTSP/1.0  302 Found\r\nCSeq: {n}\r\nLocation: {url}\r\n\r\n",
    "$\0\0\0RTSP/1.0 302 Found\r\nCSeq: {n}\r\nLocation: {url}\r\n\r\n",
    "RTSP/1.0 200 OK\r\nCSeq: {n}\r\nContent-Length : 999\r\n\r\nRTSP/1.0 302 Found\r\nCSeq: 2\r\nLocation: {url}\r\n\r\n"])
def test_a_redirection_hidden_from_us_is_hidden_from_ffmpeg_too(hidden: str) -> None:
    def answers(peer: Peer) -> None:
        _method, sequence = peer.request()
        peer.connection.sendall(hidden.format(n=sequence, url=elsewhere.url).encode())
        streams_faults.hangs(peer)

    with FaultyCamera(streams_faults.hangs) as elsewhere, FaultyCamera(answers) as faulty, \
            following(camera(faulty.url), quick()) as (capture, _seen):
        until_code(capture, "camera_not_rtsp", timeout_s=5)
        assert elsewhere.connections == 0


def test_a_stall_in_mid_stream_is_cut_and_tried_again(clip_dir: Path) -> None:
    clip = make_clip(clip_dir, seconds=1)
    with FaultyCamera(plays(clip, speed=10)) as faulty, following(camera(faulty.url), quick()) as (capture, seen):
        seen.until(14)
        until_state(capture, CameraState.STALLED, timeout_s=3)
        wait_until(lambda: faulty.connections > 1, timeout_s=4, what="another try")
        seen.until(20)


def test_a_camera_whose_next_key_frame_is_far_away_is_waited_for(clip_dir: Path) -> None:
    """Three times as long as one that sends nothing."""
    rules = capture_rules(stalled_after_s=0.5, restart_after_s=0.8, retry_s=0.1)
    with FaultyCamera(begins_late(make_clip(clip_dir, seconds=1), late=36)) as faulty, \
            following(camera(faulty.url), rules) as (_capture, seen):
        seen.until(14)
        wait_until(lambda: faulty.connections == 2, timeout_s=8, what="the stall to be cut")
        assert seen.until(25, timeout_s=15)[15].is_key
        assert faulty.connections == 2


def test_a_change_of_resolution_is_a_new_track(clip_dir: Path) -> None:
    small, large = make_clip(clip_dir, seconds=1), make_clip(clip_dir, seconds=1, width=1280, height=720)
    with FaultyCamera(plays(small, large, speed=5)) as faulty, following(camera(faulty.url), quick()) as (_capture, seen):
        packets = seen.until(25)
    sizes = [(packet.track.width, packet.track.height) for packet in packets]
    changed = sizes.index((1280, 720))
    assert packets[changed].is_key
    assert packets[changed].track.serial == packets[0].track.serial + 1
    assert packets[changed].track.extradata != packets[0].track.extradata


def test_a_jumping_clock_does_not_end_the_stream(clip_dir: Path) -> None:
    clip = make_clip(clip_dir, seconds=1)
    with FaultyCamera(plays(clip, clip, clip, speed=5, jump=1 << 31)) as faulty, \
            following(camera(faulty.url), quick()) as (_capture, seen):
        assert len({packet.track.serial for packet in seen.until(40)}) == 1


def test_a_stream_is_asked_for_again_before_the_camera_ends_it_and_proves_who_asks(clip_dir: Path) -> None:
    told: list[str] = []
    with FaultyCamera(forgets(make_clip(clip_dir, seconds=1), told)) as faulty, \
            following(camera(faulty.url.replace("//", "//admin:secret-9@")), quick()) as (_capture, seen):
        wait_until(lambda: len(told) >= 4, timeout_s=12, what="four requests to go on")
        assert seen.losses == []
    assert [head.partition(" ")[0] for head in told] == ["OPTIONS"] * len(told)
    assert all("\r\nSession: ab\r\n" in head + "\r\n" for head in told)
    assert ['nonce="nonce-2"' in head for head in told[:4]] == [False, True, True, False]
    assert "secret-9" not in "".join(told)


def test_a_flood_of_pictures_is_cut_off_and_leaves_the_others_alone(clip_dir: Path) -> None:
    clip = make_clip(clip_dir, seconds=1)
    with FaultyCamera(plays(*[clip] * 60)) as quiet, following(camera(quiet.url, code="quiet"), quick()) as (_quiet, others), \
            FaultyCamera(floods(clip)) as faulty, following(camera(faulty.url), quick(retry_s=60)) as (capture, _seen):
        others.until(1)
        assert until_code(capture, "camera_stream_broken", timeout_s=8)["problem"] == "pictures a second"
        others.until(len(others.packets) + 15, timeout_s=8)
        assert others.losses == []


def test_a_flood_of_pieces_that_are_no_picture_is_cut_off(clip_dir: Path) -> None:
    with FaultyCamera(chatters(make_clip(clip_dir, seconds=1))) as faulty, \
            following(camera(faulty.url), quick(retry_s=60)) as (capture, _seen):
        assert until_code(capture, "camera_stream_broken", timeout_s=8)["problem"] == "pieces a second"


def test_a_picture_that_never_ends_is_cut_off(clip_dir: Path) -> None:
    clip = make_clip(clip_dir, seconds=1)
    with FaultyCamera(swells(clip)) as faulty, following(camera(faulty.url), quick(max_picture_bytes=2 << 20, stalled_after_s=5,
                                                                                  restart_after_s=6)) as (capture, seen):
        seen.until(3)
        until_code(capture, "camera_picture_too_large", timeout_s=5)
        assert capture.state is CameraState.STALLED


def test_a_picture_too_wide_is_refused_before_anybody_decodes_it(clip_dir: Path) -> None:
    clip = make_clip(clip_dir, seconds=1, width=1280, height=720)
    with FaultyCamera(plays(clip)) as faulty, following(camera(faulty.url), quick(max_pixels=640 * 480)) as (capture, seen):
        reason = until_code(capture, "camera_picture_too_wide", timeout_s=5)
        assert (reason["width"], reason["height"]) == (1280, 720)
        assert seen.packets == []


def test_4k_at_60_is_read_and_leaves_the_others_alone(clip_dir: Path, rtsp_clip: Clip) -> None:
    huge = make_clip(clip_dir, seconds=1, width=3840, height=2160, fps=60)
    film = capture_rules(source_rules(file_dir=rtsp_clip.movie.parent))
    with following(camera(rtsp_clip.movie.name, kind=SourceKind.FILE, code="quiet"), film) as (_quiet, others), \
            FaultyCamera(plays(huge, huge, huge)) as faulty, following(camera(faulty.url), quick()) as (capture, seen):
        before = len(others.until(1))
        packets = seen.until(90)
        assert (packets[0].track.width, packets[0].track.height) == (3840, 2160)
        spent_s = (packets[-1].arrived_us - packets[0].arrived_us) / 1_000_000
        assert len(others.packets) - before > 15 * spent_s * 0.7
        assert capture.state is CameraState.LIVE


def test_targets_outside_the_networks_are_never_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyCamera(streams_faults.hangs) as faulty:
        inside_only = capture_rules(source_rules(networks=networks_of(["10.0.0.0/8"])))
        for address in (faulty.url, f"rtsp://[::ffff:127.0.0.1]:{faulty.port}/", f"rtsp://2130706433:{faulty.port}/"):
            with following(camera(address), inside_only) as (capture, _seen):
                until_code(capture, "camera_network_refused")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [_answer("10.1.2.3"), _answer("127.0.0.1")])
        with following(camera(f"rtsp://camera.example:{faulty.port}/"), inside_only) as (capture, _seen):
            assert until_code(capture, "camera_network_refused")["host"] == "camera.example"
        assert faulty.connections == 0


def test_the_name_is_looked_up_once_and_the_checked_address_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int, *_rest: Any, **_names: Any) -> list[Any]:
        asked.append(host)
        return [_answer("127.0.0.1" if asked.count("camera.example") < 2 else "192.0.2.1", port)]

    with FaultyCamera(streams_faults.hangs) as faulty:
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        with following(camera(f"rtsp://camera.example:{faulty.port}/"), quick()) as (_capture, _seen):
            wait_until(lambda: faulty.connections == 1, timeout_s=3, what="the connection to the checked address")
            assert asked.count("camera.example") == 1


def _answer(ip: str, port: int = 554) -> Any:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))


def test_a_film_outside_the_folder_is_refused(clip_dir: Path, tmp_path: Path) -> None:
    clip = make_clip(clip_dir)
    (tmp_path / "link.mp4").symlink_to(clip.movie)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://192.0.2.1/a.ts\n")
    rules = capture_rules(source_rules(file_dir=tmp_path))
    for name, code in (("link.mp4", "camera_file_outside"), ("../../etc/passwd", "camera_file_outside"),
                       ("list.m3u8", "camera_stream_broken"), ("missing.mp4", "camera_file_missing")):
        with following(camera(name, kind=SourceKind.FILE), rules) as (capture, _seen):
            until_code(capture, code)


@contextmanager
def hanging_opens(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every open of a film waits for the event: a network drive that is gone, which no time-out of FFmpeg ends."""
    released = threading.Event()

    def hang(*_arguments: Any) -> Any:
        released.wait()
        raise sources.passing("camera_file_missing", file="film.mp4")

    monkeypatch.setattr(sources, "file_of", hang)
    yield released
    released.set()


def test_a_reader_that_hangs_is_left_behind_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    abandoned = Abandoned(most=2)
    rules = capture_rules(source_rules(open_timeout_s=0.05, read_timeout_s=0.05), stalled_after_s=0.02, restart_after_s=0.05)
    monkeypatch.setattr(Capture, "_deadline_s", lambda _self: 0.1)
    with hanging_opens(monkeypatch) as released:
        capture = Capture(camera("film.mp4", kind=SourceKind.FILE), StreamName.MAIN, rules, source_rules().now_us, abandoned)
        capture.start()
        give_up_at = time.monotonic() + 3
        while not abandoned.is_full and time.monotonic() < give_up_at:
            time.sleep(0.02)
            capture.watch()
        assert abandoned.count == 2
        time.sleep(0.15)
        capture.watch()  # no third one: the process does not fill with threads
        assert abandoned.count == 2
        assert (capture.standing.reason or {})["code"] == "camera_reader_hung"
        released.set()
        wait_until(lambda: abandoned.count == 0, timeout_s=3, what="the threads to end")
        until_code(capture, "camera_file_missing")
        capture.stop()


def test_one_listeners_fault_is_not_the_others(rtsp_clip: Clip) -> None:
    class Broken:
        def take(self, _packet: object) -> None:
            raise ValueError("no")

        def lost(self, _at_us: int) -> None:
            raise ValueError("no")

    rules = capture_rules(source_rules(file_dir=rtsp_clip.movie.parent))
    with following(camera(rtsp_clip.movie.name, kind=SourceKind.FILE), rules) as (capture, seen):
        capture.subscribe(Broken())
        seen.until(20)
        assert capture.state is CameraState.LIVE
