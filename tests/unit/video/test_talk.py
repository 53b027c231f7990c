"""What the relay lets through of a camera's answers, byte by byte if they come so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instants import SECOND_US
from video.faults import SourceFault
from video.talk import BODY_MAX, Talk

NOW = 1_760_000_000 * SECOND_US
ANSWER = (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nDate: Thu, 09 Oct 2025 08:53:30 GMT\r\nContent-Length: 5\r\n\r\nv=0\r\n"
          b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n$\x00\x00\x04abcd")


def asked(*requests: bytes) -> Talk:
    talk = Talk(lambda: NOW)
    for request in requests:
        talk.ask(request)
    return talk


def describe(number: int, extra: bytes = b"") -> bytes:
    return b"DESCRIBE rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: %d\r\n%s\r\n" % (number, extra)


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_reads_until_it_plays_however_it_is_cut(size: int) -> None:
    talk = asked(describe(1), b"PLAY rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 2\r\n\r\n")
    for at in range(0, len(ANSWER), size):
        talk.answer(ANSWER[at:at + size])
    assert talk.plays
    assert talk.clock_offset_us == 10_500_000


@pytest.mark.parametrize(("answer", "code", "permanent"), [
    (b"RTSP/1.0 302 Found\r\nLocation: rtsp://192.0.2.1/", "camera_redirects", True),
    (b"HTTP/1.1 200 OK\r\n\r\n", "camera_not_rtsp", True),
    (b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", "camera_path_unknown", False),
    (b"RTSP/1.0 403 Forbidden\r\nCSeq: 1\r\n\r\n", "camera_unauthorized", True),
    (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n" % (BODY_MAX + 1), "camera_answer_too_long", True),
    (b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5_000, "camera_answer_too_long", True)])
def test_stops_what_must_go_no_further(answer: bytes, code: str, permanent: bool) -> None:
    with pytest.raises(SourceFault, match=code) as refusal:
        asked(describe(1)).answer(answer)
    assert refusal.value.permanent is permanent


def answer_in_parts(talk: Talk, answer: bytes, size: int) -> None:
    for at in range(0, len(answer), size):
        talk.answer(answer[at:at + size])


@pytest.mark.parametrize("answer", [
    b"RTSP/1.0 200 OK\nCSeq: 1\n\nRTSP/1.0 302 Found\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\0\r\nRTSP/1.0 302 Found\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n$\x05\x01\x01",
    b"RTSP/1.0  302 Found\r\nCSeq: 1\r\n\r\n",
    b"RTSP/1.00 302 Found\r\nCSeq: 1\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length : 90\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n Content-Length: 90\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: +90\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length:" + b" " * 1_100 + b"90\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 0\r\nContent-Length: 90\r\n\r\n",
    b"$\x00\x00\x00"])
@pytest.mark.parametrize("cut", [1, 1_000_000])
def test_an_answer_that_could_be_read_in_two_ways_reaches_nobody(answer: bytes, cut: int) -> None:
    with pytest.raises(SourceFault, match="camera_not_rtsp"):
        answer_in_parts(asked(describe(1)), answer, cut)


def test_pictures_may_come_before_the_answer_to_the_request_to_play() -> None:
    talk = asked(b"PLAY rtsp://127.0.0.1/hall RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    for part in (ANSWER.replace(b"CSeq: 1", b"CSeq: 0"), b"$\x00\x00\x00"):
        answer_in_parts(talk, part, 1)
    assert talk.plays


def test_the_first_401_is_a_question_the_second_an_answer() -> None:
    talk = asked(describe(1))
    talk.answer(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n")
    talk.ask(describe(2, b"Authorization: Digest x\r\n"))
    with pytest.raises(SourceFault, match="camera_unauthorized"):
        talk.answer(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n\r\n")


@pytest.mark.parametrize(("named", "period_s"), [("", 20), (";timeout=60", 20), (";timeout=0", 1), (";timeout=900", 60)])
def test_a_request_to_go_on_that_is_refused_leaves_time_for_another(named: str, period_s: float) -> None:
    talk = asked(describe(1))
    talk.answer(f"RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: ab{named}\r\n\r\n".encode())
    assert talk.session.period_s == period_s


@given(st.binary(max_size=400))
def test_garbage_is_a_fault_or_nothing(data: bytes) -> None:
    talk = asked(describe(1))
    try:
        talk.answer(data)
    except SourceFault:
        return
