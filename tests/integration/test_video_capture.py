"""A capture and a real RTSP server that is there, goes away, hangs, comes back and asks for credentials."""

from __future__ import annotations

import logging
import os
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cameras import CLOCK, camera, capture_rules, following, source_rules, until_code, until_state
from tests.services import wait_until
from tests.streams import Clip, RtspServer, make_clip
from video.cameras import CameraState, SourceKind
from video.capture import Capture

PASSWORD = "Geheim-7f!x"


@pytest.fixture
def guarded(rtsp_server: RtspServer, rtsp_clip: Clip, request: pytest.FixtureRequest) -> Iterator[RtspServer]:
    server = RtspServer({"/hall": rtsp_clip}, user="admin", password=PASSWORD, scheme=request.param)
    server.start()
    yield server
    server.close()


def test_packets_arrive_from_a_key_frame_on(rtsp_server: RtspServer, rtsp_clip: Clip) -> None:
    with following(camera(rtsp_server.address("/hall"))) as (capture, seen):
        packets = seen.until(20)
        assert packets[0].is_key
        assert (packets[0].track.codec, packets[0].track.width, packets[0].track.height) == ("h264", 640, 360)
        assert {packet.track.serial for packet in packets} == {1}
        assert capture.since_key()[0].is_key
        wait_until(lambda: 14_000 < capture.standing.milli_fps < 16_000, timeout_s=8, what="the rate to settle")
        assert abs(capture.standing.clock_offset_us or 0) < 1_500_000


@pytest.mark.parametrize("codec", ["hevc", "mjpeg"])
def test_other_codecs_are_read_too(rtsp_server: RtspServer, clip_dir: Path, codec: str) -> None:
    address = rtsp_server.serve(f"/{codec}", make_clip(clip_dir, codec=codec))
    with following(camera(address)) as (_capture, seen):
        first = seen.until(5)[0]
        assert (first.track.codec, first.track.width, first.track.height, first.is_key) == (codec, 640, 360, True)


def test_a_killed_server_is_noticed_and_found_again(rtsp_server: RtspServer) -> None:
    with following(camera(rtsp_server.address("/hall"))) as (capture, seen):
        serial = seen.until(5)[-1].track.serial
        killed = time.monotonic()
        rtsp_server.kill9()
        wait_until(lambda: capture.state is not CameraState.LIVE, timeout_s=5, what="the loss to be noticed")
        assert time.monotonic() - killed < 5
        until_code(capture, "camera_unreachable")
        assert capture.since_key() == []  # no picture of the past for who looks now
        assert len(seen.losses) == 1
        count = len(seen.packets)
        rtsp_server.start()
        back = seen.until(count + 1, timeout_s=5)[count]
        assert back.is_key
        assert back.track.serial > serial
        assert capture.state is CameraState.LIVE


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_a_machine_whose_clock_is_set_loses_no_stream(rtsp_server: RtspServer, seconds: int) -> None:
    """Two hours forward or back: no stall, no new connection, no dropped thread; an outage afterwards is noticed as ever."""
    set_by = [0]
    rules = capture_rules(source_rules(), stalled_after_s=1.0, restart_after_s=2.0)
    with following(camera(rtsp_server.address("/hall")), rules, now_us=lambda: CLOCK.now_us() + set_by[0]) as (capture, seen):
        count = len(seen.until(15))
        set_by[0] = seconds * 1_000_000
        packets = seen.until(count + 45)
        assert {packet.track.serial for packet in packets} == {1}
        assert seen.losses == []
        assert abs(packets[-1].arrived_us - packets[0].arrived_us) > 7_000 * 1_000_000
        assert (capture.standing.silent_us or 0) < 1_000_000
        assert 7_500 < capture.standing.milli_fps < 30_000  # 15 a second; those a busy machine held back come together
        rtsp_server.freeze()
        try:
            wait_until(lambda: capture.state is CameraState.STALLED, timeout_s=5, what="the stall")
        finally:
            rtsp_server.thaw()


def test_a_frozen_server_is_noticed_and_found_again(rtsp_server: RtspServer) -> None:
    rules = capture_rules(source_rules(open_timeout_s=1.0), stalled_after_s=0.8, restart_after_s=1.2)
    with following(camera(rtsp_server.address("/hall")), rules) as (capture, seen):
        seen.until(5)
        rtsp_server.freeze()
        until_code(capture, "camera_no_pictures", timeout_s=5)
        assert capture.state is CameraState.STALLED
        assert seen.losses
        until_code(capture, "camera_timeout", timeout_s=12)
        rtsp_server.thaw()
        until_state(capture, CameraState.LIVE, timeout_s=5)


@pytest.mark.parametrize("guarded", ["digest", "basic"], indirect=True)
def test_credentials_open_the_stream_and_show_nowhere(guarded: RtspServer, caplog: pytest.LogCaptureFixture,
                                                      capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    with following(camera(guarded.address("/hall", user="admin", password=PASSWORD))) as (_capture, seen):
        seen.until(3)
        guarded.kill9()
        wait_until(lambda: bool(seen.losses), timeout_s=5, what="the loss")
    guarded.start()
    for address in (guarded.address("/hall", user="admin", password="wrong-" + PASSWORD), guarded.address("/hall")):
        with following(camera(address)) as (capture, seen):
            until_code(capture, "camera_unauthorized")
            assert capture.state is CameraState.REFUSED
            assert seen.packets == []
            assert PASSWORD not in repr(capture.standing)
    told = capfd.readouterr()
    assert PASSWORD not in caplog.text + told.out + told.err


@pytest.mark.parametrize("guarded", ["digest"], indirect=True)
def test_a_media_server_in_front_is_just_another_address(guarded: RtspServer) -> None:
    """As MediaMTX, go2rtc or ZLMediaKit would stand there: it alone knows the camera's password."""
    front = RtspServer({"/front": guarded.address("/hall", user="admin", password=PASSWORD)})
    front.start()
    try:
        with following(camera(front.address("/front"))) as (capture, seen):
            assert seen.until(20)[0].is_key
            guarded.kill9()
            wait_until(lambda: capture.state is not CameraState.LIVE, timeout_s=5, what="the loss behind the server")
            guarded.start()
            until_state(capture, CameraState.LIVE, timeout_s=15)
    finally:
        front.close()


def test_rtsps_and_an_authority_that_does_not_know_it(rtsp_clip: Clip, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    server = RtspServer({"/hall": rtsp_clip}, tls=certificate)
    server.start()
    try:
        with following(camera(server.address("/hall"))) as (_capture, seen):
            seen.until(5)
        strict = capture_rules(source_rules(tls=ssl.create_default_context()))
        with following(camera(server.address("/hall")), strict) as (capture, _seen):
            until_code(capture, "camera_tls_failed")
            assert capture.state is CameraState.REFUSED
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        with following(camera(server.address("/hall")), capture_rules(source_rules(tls=trusting))) as (_capture, seen):
            seen.until(5)
    finally:
        server.close()


@pytest.mark.parametrize(("mount", "code"), [("/nothing-here", "camera_path_unknown")])
def test_says_why_there_is_no_picture(rtsp_server: RtspServer, mount: str, code: str) -> None:
    with following(camera(rtsp_server.address(mount))) as (capture, _seen):
        until_code(capture, code)


def test_a_film_plays_in_its_own_time_again_and_again(clip_dir: Path) -> None:
    clip = make_clip(clip_dir, seconds=1)
    rules = capture_rules(source_rules(file_dir=clip_dir))
    with following(camera(clip.movie.name, kind=SourceKind.FILE), rules) as (_capture, seen):
        began = time.monotonic()
        packets = seen.until(31)
        assert 1.5 < time.monotonic() - began < 3.5
    steps = {later.dts - earlier.dts for earlier, later in pairwise(packets)}
    assert len(steps) == 1  # no hole where it begins again
    assert packets[15].is_key
    assert {packet.track.serial for packet in packets} == {1}


def test_a_new_address_is_read_at_once_and_listeners_stay(rtsp_server: RtspServer, clip_dir: Path) -> None:
    other = rtsp_server.serve("/other", make_clip(clip_dir, width=320, height=240))
    with following(camera(rtsp_server.address("/nothing-here"))) as (capture, seen):
        until_code(capture, "camera_path_unknown")
        capture.renew(camera(other, rev=2))
        assert seen.until(1, timeout_s=3)[0].track.width == 320


def test_restarts_leak_no_thread_and_no_file(rtsp_server: RtspServer) -> None:
    with following(camera(rtsp_server.address("/hall")), capture_rules(retry_s=0.05)) as (capture, seen):
        seen.until(1)
        threads, files = threading.active_count(), _open_files()
        for _ in range(4):
            count = len(seen.packets)
            rtsp_server.kill9()
            wait_until(lambda: capture.state is not CameraState.LIVE, timeout_s=5, what="the loss to be noticed")
            rtsp_server.start()
            seen.until(count + 1)
        wait_until(lambda: threading.active_count() <= threads and _open_files() <= files, timeout_s=5, what="the last to end")
        assert isinstance(capture, Capture)


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    begin = CLOCK.now() - timedelta(days=1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))
    paths = folder / "camera.pem", folder / "camera.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    return paths
