"""Recordings no browser plays (H.265, MJPEG) and those of which parts must not be seen (masks, faces), made into H.264 once for
all who look; the masks are burnt in. What is kept as evidence stays as the camera sent it; a copy is for looking only, can be
made again at any time, and goes when others need its room, or soon after the last look: it must not outlive its film.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from core.child import ChildLimits, Children
from core.files import written_whole
from core.instants import HOUR_US
from video.cameras import Polygon

PLAYED = "h264"
CHILD = Path(__file__).resolve().parents[1] / "compress_once.py"
MIB = 1 << 20
OUTPUT_MAX = 512 * MIB


class Hidden(NamedTuple):
    """What must not be seen of a camera. Where faces are to be blurred a recording is shown coarse as a whole: nobody watches
    over a detector there."""

    masks: tuple[Polygon, ...] = ()
    is_coarse: bool = False

    @property
    def mark(self) -> str:
        """Of these masks; empty for none."""
        return hashlib.sha256(self.told().encode()).hexdigest()[:16] if any(self) else ""

    def told(self) -> str:
        """For the child."""
        return json.dumps(self._asdict())


@dataclass(frozen=True, slots=True)
class PlayableRules:
    """Room of the copies in MiB, seconds for making one and hours it stays unwatched; height and pixels as for live."""

    room_mib: int
    seconds: float
    keep_hours: float
    height: int
    max_pixels: int


NOTHING = Hidden()


class Playable:
    """`folder`: of the copies, one file each, named by the SHA-256 of the original."""

    def __init__(self, folder: Path, rules: PlayableRules) -> None:
        self._folder, self._rules = folder, rules
        self._children = Children(ChildLimits(rules.seconds, memory_mib=2048, output_max=OUTPUT_MAX))
        self._making = threading.Lock()

    def of(self, path: Path, sha256: str, codec: str, hidden: Hidden = NOTHING) -> Path:
        """The file itself where browsers play it and nothing is hidden, else its copy; one is made at a time. Raises
        UpstreamError where none can: then nothing is shown."""
        if codec == PLAYED and not hidden.mark:
            return path
        copy = self._folder / f"{'-'.join(filter(None, (sha256, hidden.mark)))}.mp4"
        if not _looked_at(copy):
            with self._making:  # whoever waited for the same film finds it made
                if not _looked_at(copy):
                    self._make(path, copy, hidden)
        return copy

    def forget_unwatched(self, now_us: int) -> int:
        """Remove copies nobody looked at for `keep_hours`; returns how many. Now is by the machine's clock, as files are."""
        before = now_us - self._rules.keep_hours * HOUR_US
        old = [path for path, seen_us, _size in self._kept() if seen_us < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _make(self, path: Path, copy: Path, hidden: Hidden) -> None:
        made = self._children.run(CHILD, b"", [str(path.resolve()), str(self._rules.height), str(self._rules.max_pixels),
                                               hidden.told()])
        self._folder.mkdir(parents=True, exist_ok=True)
        with written_whole(copy) as file:
            file.write(made)
        self._make_room(copy)

    def _make_room(self, newest: Path) -> None:
        kept = self._kept()
        taken = sum(size for _path, _seen, size in kept)
        for path, _seen, size in kept:
            if taken <= self._rules.room_mib * MIB:
                return
            if path != newest:
                taken -= size
                path.unlink(missing_ok=True)

    def _kept(self) -> list[tuple[Path, int, int]]:
        """Files, when each was looked at last (µs UTC), bytes; the one nobody looked at the longest first."""
        found = []
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):  # another process removed it meanwhile
                stat = path.stat()
                found.append((path, stat.st_mtime_ns // 1000, stat.st_size))
        return sorted(found, key=itemgetter(1))


def _looked_at(copy: Path) -> bool:
    """Whether it is there; the one nobody looked at the longest goes first."""
    try:
        os.utime(copy)
    except FileNotFoundError:
        return False
    return True
