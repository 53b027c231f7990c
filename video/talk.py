"""What is said to an RTSP camera until its stream plays, and what keeps it playing."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable
from contextlib import suppress

from core.instants import SECOND_US, to_us
from video.addresses import Login
from video.faults import passing, refused
from video.http_digest import answer_to

HEAD_MAX, BODY_MAX = 16 * 1024, 256 * 1024
TIMEOUT_S = 60.0      # of a session whose camera names none (RFC 2326, 12.37)
ASKED_TIMES = 3       # before it would end: one request may be refused for its number (`challenged`), the next one is in time
PERIOD_S = (1.0, 60.0)
_CHANNEL = re.compile(r"interleaved=(\d{1,3})")
_TIMEOUT = re.compile(r"timeout=(\d{1,6})")
# Other ends of a line, frames inside a head, signs that end it for FFmpeg. A return at the end of half a head is none of them.
_AMBIGUOUS = re.compile(rb"\r(?!\n|\Z)|(?<!\r)\n|\n\$|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_STATUS = re.compile(rb"RTSP/\d\.\d \d{3}(?!\d)")
_LENGTH = re.compile(rb"content-length:[ \t]{0,8}\d{0,10}[ \t]{0,8}", re.IGNORECASE)


class Session:
    """What has to be known of a stream that plays to go on with it instead of FFmpeg: on which channel the pictures come, and
    how to ask for more before the camera ends it."""

    def __init__(self) -> None:
        self.channel: int | None = None
        self.period_s = TIMEOUT_S / ASKED_TIMES
        self._url = self._id = self._given = ""
        self._number = 0
        self._method = "OPTIONS"
        self._challenges: list[str] = []

    def asked(self, line: str, fields: dict[str, str]) -> None:
        """FFmpeg's request; the last one counts, which is that to play."""
        self._url = line.split(" ")[1] if line.count(" ") >= 2 else ""
        self._number = max(self._number, _number(fields.get("cseq")))
        self._id, self._given = fields.get("session", ""), fields.get("authorization", "")

    def answered(self, method: str, head: bytes, fields: dict[str, str]) -> None:
        """The camera's answer to it."""
        if method == "SETUP" and self.channel is None and (found := _CHANNEL.search(fields.get("transport", ""))):
            self.channel = int(found[1])  # of the first video, which is the one looked at
        if found := _TIMEOUT.search(fields.get("session", "")):
            self.period_s = min(max(int(found[1]) / ASKED_TIMES, PERIOD_S[0]), PERIOD_S[1])
        if "GET_PARAMETER" in fields.get("public", ""):
            self._method = "GET_PARAMETER"
        self.challenged(head)

    def challenged(self, head: bytes) -> None:
        """A camera may ask for its password with another number at any time."""
        lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n"))
        asked = [value.strip() for name, _, value in lines if name.strip().lower() == "www-authenticate"]
        self._challenges = asked or self._challenges

    def request(self, login: Login | None, method: str = "") -> bytes:
        """Says that somebody still looks, or what `method` says."""
        self._number += 1
        method = method or self._method
        lines = [f"{method} {self._url} RTSP/1.0", f"CSeq: {self._number}"]
        if self._id:
            lines.append(f"Session: {self._id}")
        proof = answer_to(self._challenges, login, method, self._url) if login is not None else None
        if proof or self._given.lower().startswith("basic "):
            lines.append(f"Authorization: {proof or self._given}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


class Talk:
    """Reads the answers of the camera until the stream plays. Raises SourceFault at the first that must go no further."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._asked: dict[int, tuple[str, bool]] = {}  # number of a request: its method, whether it carried credentials
        self.session = Session()
        self._requests = self._answers = b""
        self._body_left = 0
        self.plays = False
        self.clock_offset_us: int | None = None  # the camera's clock minus ours, where it tells the time

    def ask(self, data: bytes) -> None:
        """What FFmpeg sends to the camera."""
        self._requests = (self._requests + data)[-HEAD_MAX:]
        while b"\r\n\r\n" in self._requests:
            head, _, self._requests = self._requests.partition(b"\r\n\r\n")
            line, fields = _parsed(head)
            self._asked[_number(fields.get("cseq"))] = (line.partition(" ")[0], "authorization" in fields)
            self.session.asked(line, fields)

    def answer(self, data: bytes) -> None:
        """What the camera sends to FFmpeg, before it is passed on."""
        self._answers += data
        while self._answers and not self.plays:
            if self._body_left:
                taken = min(self._body_left, len(self._answers))
                self._answers, self._body_left = self._answers[taken:], self._body_left - taken
            elif self._answers[:1] == b"$":
                if not self._has_asked_to_play():
                    raise refused("camera_not_rtsp")  # else nobody would read its answers from here on
                self.plays = True  # a camera that sends pictures before it has answered
            elif not self._take_head():
                return

    @property
    def rest(self) -> bytes:
        """What of the answers is no longer one: the stream."""
        return self._answers

    def _take_head(self) -> bool:
        """Whether a whole head was there."""
        if not _is_begun(self._answers):
            raise refused("camera_not_rtsp")
        head, end, rest = self._answers.partition(b"\r\n\r\n")
        if len(head) > HEAD_MAX:
            raise refused("camera_answer_too_long")
        self._judge_form(head, is_whole=bool(end))
        if not end:
            return False
        self._answers = rest
        self._judge(head)
        return True

    def _has_asked_to_play(self) -> bool:
        return any(method == "PLAY" for method, _ in self._asked.values())

    def _judge_form(self, head: bytes, *, is_whole: bool) -> None:
        """FFmpeg is less strict: what it would read otherwise than it is read here could hide an answer from us, such as a
        redirection, which is stopped as soon as its first line is there."""
        if head.startswith(b"RTSP/") and head[8:10] == b" 3":
            raise refused("camera_redirects")
        first, *lines = head.split(b"\r\n")
        lengths = [line for line in lines if line.partition(b":")[0].strip().lower() == b"content-length"] if is_whole else []
        has_status = not is_whole or not first.startswith(b"RTSP/") or _STATUS.match(first)
        is_odd = _AMBIGUOUS.search(head + b"\r\n" if is_whole else head)
        if is_odd or not has_status or len(lengths) > 1 or not all(_LENGTH.fullmatch(line) for line in lengths):
            raise refused("camera_not_rtsp")

    def _judge(self, head: bytes) -> None:
        line, fields = _parsed(head)
        self._body_left = _number(fields.get("content-length"))
        if self._body_left > BODY_MAX:
            raise refused("camera_answer_too_long")
        method, with_credentials = self._asked.pop(_number(fields.get("cseq")), ("", False))
        status = _number(line.partition(" ")[2][:3])
        self._note_time(fields.get("date", ""))
        self.session.answered(method, head, fields)
        if status in (401, 403) and (with_credentials or status == 403):
            raise refused("camera_unauthorized")
        if status == 461:
            raise refused("camera_transport_refused")
        if status == 404 and method in ("DESCRIBE", "SETUP"):
            raise passing("camera_path_unknown")
        self.plays = self.plays or (method == "PLAY" and status == 200)

    def _note_time(self, text: str) -> None:
        with suppress(ValueError, TypeError, OverflowError):
            told = email.utils.parsedate_to_datetime(text)
            if told.tzinfo is not None:
                self.clock_offset_us = to_us(told) + SECOND_US // 2 - self._now_us()  # it names whole seconds


def message_size(data: bytes) -> int:
    """Of what begins here, a message or a frame; 0 until it is whole. Raises ValueError where it is neither, or without end."""
    if data[:1] == b"$":
        size = 4 + int.from_bytes(data[2:4], "big")
        return size if len(data) >= size else 0
    head, end, _ = data.partition(b"\r\n\r\n")
    body = _number(_parsed(head)[1].get("content-length"))
    if not _is_begun(data) or _AMBIGUOUS.search(head) or len(head) > HEAD_MAX or body > BODY_MAX:
        raise ValueError("no message")
    size = len(head) + len(end) + body
    return size if end and len(data) >= size else 0


def _is_begun(data: bytes) -> bool:
    """Whether this is the beginning of an answer, or of a request of the camera's."""
    return data[:5] == b"RTSP/"[:len(data)] or (data[:1].isalpha() and b" RTSP/" in data)


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0
