"""Cameras that send their pictures by UDP only: a real server that does, and what else may come to the ports."""

from __future__ import annotations

import os
import re
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cameras import CLOCK, LOOPBACK, camera, following, until_code
from tests.services import wait_until
from tests.streams import Clip, RtspServer, make_clip
from tests.streams_faults import SDP, FaultyCamera, hangs, sends_datagrams
from video.cameras import CameraState, SourceKind
from video.datagrams import Datagrams
from video.relay import Relay, RelayRules
from video.talk import HEAD_MAX
from video.targets import target_of

SETUP = (b"SETUP rtsp://127.0.0.1/1/track RTSP/1.0\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nCSeq: 3\r\n\r\n")
ANSWER = (b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d;ssrc=1\r\n"
          b"Session: 7\r\n\r\n")


@pytest.fixture
def udp_server(rtsp_server: RtspServer, rtsp_clip: Clip) -> Iterator[RtspServer]:
    server = RtspServer({"/hall": rtsp_clip}, user="admin", password="geheim", only_udp=True)
    server.start()
    yield server
    server.close()


def test_a_camera_that_sends_by_udp_only_is_read_whole(udp_server: RtspServer) -> None:
    address = udp_server.address("/hall", user="admin", password="geheim")
    with following(camera(address, kind=SourceKind.RTSP_UDP)) as (capture, seen):
        packets = seen.until(45)
        assert packets[0].is_key
        assert (packets[0].track.codec, packets[0].track.width, packets[0].track.height) == ("h264", 640, 360)
        udp_server.kill9()
        wait_until(lambda: capture.state is not CameraState.LIVE, timeout_s=5, what="the loss")
        udp_server.start()
        wait_until(lambda: capture.state is CameraState.LIVE, timeout_s=8, what="the return")
    with following(camera(address)) as (capture, _seen):  # asked in the usual way it is told what else there is
        until_code(capture, "camera_transport_refused")
        assert capture.state is CameraState.REFUSED


def test_other_codecs_come_by_udp_too(udp_server: RtspServer, clip_dir: Path) -> None:
    udp_server.serve("/hevc", make_clip(clip_dir, codec="hevc"))
    with following(camera(udp_server.address("/hevc", user="admin", password="geheim"),
                          kind=SourceKind.RTSP_UDP)) as (_capture, seen):
        assert seen.until(5)[0].track.codec == "hevc"


def test_datagrams_that_do_not_arrive_are_told_as_that(udp_server: RtspServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a firewall: the camera answers, and nothing comes to the ports."""
    monkeypatch.setattr(Datagrams, "_receive", lambda self, port: port.line.recv(65_536))
    address = udp_server.address("/hall", user="admin", password="geheim")
    with following(camera(address, kind=SourceKind.RTSP_UDP)) as (capture, _seen):
        until_code(capture, "camera_no_datagrams", timeout_s=12)


def test_a_camera_is_told_that_nobody_looks_any_more_and_who_says_so(rtsp_clip: Clip) -> None:
    """The session outlives the connection: what is not ended goes on sending."""
    told: list[str] = []
    with FaultyCamera(sends_datagrams(rtsp_clip, told)) as faulty:
        address = faulty.url.replace("//", "//admin:secret-9@")
        with following(camera(address, kind=SourceKind.RTSP_UDP)) as (_capture, seen):
            seen.until(5)
        wait_until(lambda: 'nonce="2"' in told[-1], timeout_s=5, what="the farewell with proof")
    assert [head.partition(" ")[0] for head in told[-3:]] == ["PLAY", "TEARDOWN", "TEARDOWN"]
    assert "\r\nSession: ab\r\n" in told[-1]
    assert "secret-9" not in "".join(told)


def test_who_joined_a_relay_finds_no_thread_and_no_file_of_it(udp_server: RtspServer) -> None:
    address, files = udp_server.address("/hall", user="admin", password="geheim"), []
    for _ in range(3):
        with following(camera(address, kind=SourceKind.RTSP_UDP)) as (_capture, seen):
            seen.until(1)
        assert not datagram_threads()
        files.append(len(os.listdir("/proc/self/fd")))
    assert files[-1] <= files[0]
    with FaultyCamera(hangs) as silent:
        relay = Relay(target_of(silent.url, LOOPBACK), RelayRules(4.0, None, CLOCK.now_us), by_datagrams=True)
        relay.start()
        assert datagram_threads()
        relay.close()
        assert relay.join(5)
        assert not datagram_threads()


def datagram_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("datagrams-")]


def test_a_camera_that_hangs_up_at_once_is_unreachable_and_no_fault_of_ours() -> None:
    """The connection stood, and is reset before it is used."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    select.select([ours], [], [], 5)
    between = Datagrams(ours, "127.0.0.1", lambda _refusal: b"")
    with closing(between.inside):
        assert between.inside.recv(1) == b""
        assert between.join(5)


class Line:
    """Both ends of a connection with `Datagrams` in its middle, and two ports from which the camera sends."""

    def __init__(self, camera_side: socket.socket, inside: socket.socket) -> None:
        self.camera, self.inside = camera_side, inside
        self.ports = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for port in self.ports:
            port.bind(("127.0.0.1", 0))
            port.settimeout(5)
        self.theirs: tuple[int, int] = (0, 0)

    def set_up(self, answer: bytes = ANSWER) -> bytes:
        """The stream asked for and granted; what the inside is told of it."""
        self.inside.sendall(SETUP)
        asked = until(self.camera, b"\r\n\r\n")
        found = re.search(rb"Transport: RTP/AVP;unicast;client_port=(\d+)-(\d+)\r\n", asked)
        assert found is not None, asked
        self.theirs = int(found[1]), int(found[2])
        self.camera.sendall(answer % (*self.theirs, *(port.getsockname()[1] for port in self.ports)))
        return until(self.inside, b"\r\n\r\n")

    def play(self) -> None:
        self.inside.sendall(b"PLAY rtsp://127.0.0.1/1 RTSP/1.0\r\nCSeq: 4\r\n\r\n")
        assert until(self.camera, b"\r\n\r\n").startswith(b"PLAY ")

    def send(self, number: int, to: int = 0) -> None:
        self.ports[to].sendto(packet(number), ("127.0.0.1", self.theirs[to]))

    def frames(self, count: int) -> list[tuple[int, int]]:
        """Channel and number of each."""
        found = []
        for _ in range(count):
            head = exactly(self.inside, 4)
            assert head[:1] == b"$"
            body = exactly(self.inside, int.from_bytes(head[2:], "big"))
            found.append((head[1], int.from_bytes(body[2:4], "big")))
        return found


def packet(number: int) -> bytes:
    return b"\x80\x60" + (number & 0xFFFF).to_bytes(2, "big") + bytes(4) + b"ssrc" + b"\x65picture"


def exactly(side: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = side.recv(size - len(data))
        assert more, "the connection ended"
        data += more
    return data


def until(side: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        data += exactly(side, 1)
    return data


@pytest.fixture
def line() -> Iterator[Line]:
    with opened() as one:
        yield one


@contextmanager
def opened() -> Iterator[Line]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    between = Datagrams(ours, "127.0.0.1", lambda _refusal: b"TEARDOWN rtsp://127.0.0.1/1 RTSP/1.0\r\n\r\n")
    theirs.settimeout(5)
    between.inside.settimeout(5)
    one = Line(theirs, between.inside)
    with closing(theirs), closing(between.inside), closing(one.ports[0]), closing(one.ports[1]):
        yield one


def test_what_is_asked_for_and_granted_is_said_otherwise_on_each_side(line: Line) -> None:
    told = line.set_up()
    assert b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" in told
    assert b"client_port" not in told
    assert b"Session: 7\r\n" in told
    assert line.ports[0].recv(64)[:2] == b"\x80\xc9"  # the way is opened from our side
    said = b"RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nv=0\ntrans"
    line.camera.sendall(said)
    assert exactly(line.inside, len(said)) == said  # the end of a body is not waited for


def test_the_channels_are_those_of_the_line_that_says_them(line: Line) -> None:
    """The address is the camera's to choose."""
    line.inside.sendall(SETUP.replace(b"/1/track", b"/interleaved=8-9"))
    assert until(line.camera, b"\r\n\r\n").startswith(b"SETUP rtsp://127.0.0.1/interleaved=8-9 RTSP/1.0\r\n")
    line.camera.sendall(ANSWER % (1, 2, 3, 4))
    assert b"interleaved=0-1\r\n" in until(line.inside, b"\r\n\r\n")


def test_a_camera_gets_ports_for_two_streams_and_no_more(line: Line) -> None:
    for pair in (b"0-1", b"0-1", b"2-3"):
        line.inside.sendall(SETUP.replace(b"0-1", pair))
        until(line.camera, b"\r\n\r\n")
    line.inside.sendall(SETUP.replace(b"0-1", b"4-5"))
    assert line.camera.recv(1) == b""


def test_a_camera_that_describes_many_streams_is_told_as_that() -> None:
    sdp = SDP + SDP.partition("t=0 0\r\n")[2] * 2
    with FaultyCamera(lambda peer: peer.until_playing(sdp)) as faulty, \
            following(camera(faulty.url, kind=SourceKind.RTSP_UDP)) as (capture, _seen):
        assert until_code(capture, "camera_streams_too_many") == {"code": "camera_streams_too_many", "most": 2}
        assert capture.state is CameraState.REFUSED


def test_frames_come_in_order_once_each_and_only_those_of_the_camera(line: Line) -> None:
    line.set_up()
    line.play()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.sendto(packet(65_534), ("127.0.0.1", line.theirs[0]))
    for number in (65_535, 2, 0, 2, 1, 3):
        line.send(number & 0xFFFF)
    assert line.frames(5) == [(0, 65_535), (0, 0), (0, 1), (0, 2), (0, 3)]
    line.send(9, to=1)
    assert line.frames(1) == [(1, 9)]


def test_another_program_at_the_address_of_the_camera_shows_nothing(line: Line) -> None:
    line.set_up()
    line.play()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("127.0.0.1", 0))
        for to in (0, 1):
            other.sendto(packet(100), ("127.0.0.1", line.theirs[to]))
            line.send(1, to)
            assert line.frames(1) == [(to, 1)]


def test_where_the_camera_names_no_port_the_first_source_is_it(line: Line) -> None:
    line.set_up(ANSWER.replace(b"server_port", b"x-port"))
    line.play()
    line.send(1)
    line.ports[0].sendto(packet(2).replace(b"ssrc", b"evil").replace(b"picture", b"another"), ("127.0.0.1", line.theirs[0]))
    line.send(3)
    assert line.frames(2) == [(0, 1), (0, 3)]


def test_what_is_lost_is_not_waited_for_and_who_counts_anew_is_followed(line: Line) -> None:
    line.set_up()
    line.play()
    for number in (1, *range(3, 21)):
        line.send(number)
    assert line.frames(19) == [(0, 1), *((0, number) for number in range(3, 21))]
    for number in range(40_000, 40_066):  # as after a start of the camera's encoder, behind in the circle of numbers
        line.send(number)
    assert line.frames(1)[0][1] >= 40_000


def test_what_waits_for_a_lost_one_goes_on_though_nothing_more_comes(line: Line) -> None:
    line.set_up()
    line.play()
    line.send(1)
    line.send(3)
    assert line.frames(2) == [(0, 1), (0, 3)]


@pytest.mark.parametrize("cut", [1, 19, 36, 60, 66])
def test_frames_stand_between_two_answers_and_never_in_one(line: Line, cut: int) -> None:
    """Nor does a sign in an answer that looks like that of a frame."""
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nServer: $\x41$\r\nContent-Length: 9\r\n\r\n$\x00\x00\x01abcde"
    line.set_up()
    line.play()
    for number in (0, 2):
        line.camera.sendall(answer[:cut])
        line.send(number)
        assert line.frames(1) == [(0, number)]
        line.camera.sendall(answer[cut:])
        assert exactly(line.inside, len(answer)) == answer
        line.send(number + 1)
        assert line.frames(1) == [(0, number + 1)]


def test_an_answer_without_end_is_passed_on_to_be_judged_and_dropped_once_it_plays(line: Line) -> None:
    line.camera.sendall(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5_000)
    assert exactly(line.inside, HEAD_MAX)
    line.inside.close()
    with opened() as one:
        one.set_up()
        one.play()
        one.camera.sendall(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5_000)
        for number in range(7, 10):
            one.send(number)
        assert one.frames(3) == [(0, 7), (0, 8), (0, 9)]


@pytest.mark.parametrize("cut", [16, 26, 40])
def test_where_the_camera_sends_from_is_read_however_its_answer_is_cut(line: Line, cut: int) -> None:
    """In two parts, the end of a line between them too."""
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 33\r\nTransport: RTP/AVP;unicast;server_port=5-6\r\n\r\n"
    line.camera.sendall(answer[:cut])
    assert select.select([line.inside], [], [], 0.1)[0] == []
    line.camera.sendall(answer[cut:])
    told = until(line.inside, b"\r\n\r\n")
    assert told == b"RTSP/1.0 200 OK\r\nCSeq: 33\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"


def test_the_end_of_one_side_is_that_of_the_other() -> None:
    with opened() as one:
        one.set_up()
        one.camera.close()
        with pytest.raises(AssertionError, match="ended"):
            exactly(one.inside, 1)
    with opened() as one:
        one.inside.close()
        assert one.camera.recv(1) == b""


@pytest.mark.parametrize("said", [
    b"Transport: RTP/AVP;unicast;server_port=1-2\r\n\r\n", b"transport:" + b"x" * 40_000, b"\xff" * 1_000,
    b"RTSP/1.0 200 OK\nTransport: RTP/AVP;unicast;server_port=1-2\n\n"])
def test_a_camera_that_says_nothing_sensible_harms_only_itself(line: Line, said: bytes) -> None:
    """Whoever reads along gets it as it is, to judge it; where pictures come, its senseless words do not get among them."""
    line.set_up()
    line.play()
    with opened() as odd:
        odd.camera.sendall(said)
        assert exactly(odd.inside, len(said)) == said
        line.camera.sendall(said)
        for number in (1, 2):
            line.send(number)
        odd.inside.close()
        assert odd.camera.recv(1) == b""
    line.send(3)
    assert line.frames(3) == [(0, 1), (0, 2), (0, 3)]


def test_a_port_that_is_none_is_not_sent_to(line: Line) -> None:
    told = line.set_up(ANSWER.replace(b"server_port=%d-%d", b"x=%d-%d;server_port=99999-0"))
    assert b"interleaved=0-1\r\n" in told
    line.play()
    line.send(1)
    assert line.frames(1) == [(0, 1)]
