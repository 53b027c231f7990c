"""H.264 as a network camera sends it: given on picture by picture, and cut off where it would hurt the other cameras."""

from __future__ import annotations

from time import monotonic

from video.faults import passing
from video.packets import Take
from video.rtp import MESSAGE, Interleaved, Pictures
from video.talk import Session

PICTURES_MAX = 1_000   # a second; a server that begins with what it kept sends some seconds at once
PIECES_MAX = 100_000   # a second: ten times what 100 Mbit/s are in packets of the usual size


class H264Stream:
    """What a camera sends since it plays, given on picture by picture."""

    def __init__(self, take: Take, session: Session) -> None:
        self._take, self._session = take, session
        self._frames, self._pictures = Interleaved(), Pictures()
        self._pieces_come = _Limit(PIECES_MAX, "pieces a second")
        self._pictures_come = _Limit(PICTURES_MAX, "pictures a second")

    def feed(self, data: bytes) -> None:
        channel, pieces = self._session.channel or 0, 0
        for number, content in self._frames.cut(data):
            pieces += 1
            if number == channel:
                for piece in self._pictures.add(content):
                    self._pictures_come.add(1)
                    self._take(piece)
            elif number == MESSAGE:
                self._session.challenged(content)
        self._pieces_come.add(pieces)


class _Limit:
    """One thread takes all cameras apart: none may fill it with pictures nobody could look at, or with what is none."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what = most, what
        self._second, self._count = monotonic(), 0

    def add(self, count: int) -> None:
        """So many came. Raises SourceFault when they are too many in this second."""
        now = monotonic()
        if now - self._second >= 1:
            self._second, self._count = now, 0
        self._count += count
        if self._count > self._most:
            raise passing("camera_stream_broken", problem=self._what)
