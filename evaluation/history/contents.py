"""The store's table of contents: which files belong to it and up to which journal row they go. It alone says what is there.

Files are written first, whole, under names of their own; the contents are replaced last, in one step. Whatever a process
that was killed left behind is named nowhere and swept by the next writer. Files that were replaced stay for a while, for who
reads them.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from core.errors import Conflict, SupervisionError
from core.files import written_whole
from core.instants import DAY_US, MINUTE_US, SECOND_US

CONTENTS, LOCK, SPILL = "contents.json", ".lock", ".spill"
KEPT_US = 15 * MINUTE_US  # how long a replaced file stays


class Content(StrEnum):
    """What a file holds. `superseded`: numbers of events that a higher version of their source replaced."""

    EVENTS = "events"
    CASES = "cases"
    SUPERSEDED = "superseded"


class Standing(StrEnum):
    """`base`: made one of several; `late`: corrections to a month that was; `new`: not yet made one."""

    BASE = "base"
    NEW = "new"
    LATE = "late"


class Part(msgspec.Struct, frozen=True):
    """One file, by its path in the store. `month` is 2026-03, "" where the file is of no month; `upto` the last journal row."""

    name: str
    content: Content
    standing: Standing
    month: str
    rows: int
    upto: int
    bytes: int
    sha256: str


class Retired(msgspec.Struct, frozen=True):
    """A file that was replaced, and when (microseconds UTC)."""

    name: str
    at: int


class Contents(msgspec.Struct, frozen=True):
    """`head`: the last journal row taken in, `mac` its seal, by which another journal is told from ours."""

    head: int = 0
    mac: str = ""
    generation: int = 1
    parts: tuple[Part, ...] = ()
    retired: tuple[Retired, ...] = ()

    def of(self, content: Content, *standings: Standing) -> list[Part]:
        """Its parts of that content, of these standings or of all."""
        return [part for part in self.parts if part.content is content and (not standings or part.standing in standings)]


# Whatever lies in the folders of parts, the plain rows a part is made from, and drafts of the contents.
_OURS = re.compile(r"g\d+/(events|cases|superseded)/[^/]+/[^/]+|\.(events|cases|superseded)-[0-9a-z-]*-[0-9a-f]{8}\.rows"
                   r"|\.contents\.json[^/]*\.part")


def broken(problem: str) -> SupervisionError:
    """The store cannot be believed: it is to be made anew (`history --rebuild`)."""
    return Conflict("history_broken", problem=problem, remedy="run: python app.py history --rebuild")


class Store:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> Contents:
        """Empty where nothing was written yet. Raises Conflict (`history_broken`)."""
        path = self.folder / CONTENTS
        if not path.exists():
            return Contents()
        try:
            return msgspec.json.decode(path.read_bytes(), type=Contents)
        except msgspec.DecodeError as failure:
            raise broken(f"{CONTENTS}: {failure}") from failure

    def replace(self, contents: Contents) -> None:
        """From now on these are the contents."""
        with written_whole(self.folder / CONTENTS) as out:
            out.write(msgspec.json.format(msgspec.json.encode(contents), indent=1))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The one writer, over all processes; the lock ends with the process. Raises Conflict (`history_busy`)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                raise Conflict("history_busy") from taken
            yield

    def path(self, part: Part) -> Path:
        return self.folder / part.name

    def sweep(self, contents: Contents, now_us: int) -> Contents:
        """Delete what the contents do not name, and replaced files nobody reads any more. The writer alone calls it."""
        kept = tuple(one for one in contents.retired if one.at > now_us - KEPT_US)
        named = {part.name for part in contents.parts} | {one.name for one in kept}
        for path in list(self.strays(named)):
            path.unlink(missing_ok=True)
        for left in self._left_spills(now_us):
            shutil.rmtree(left, ignore_errors=True)
        return msgspec.structs.replace(contents, retired=kept)

    def strays(self, named: set[str]) -> Iterator[Path]:
        """Files of the store that are not among those named. What is not called as a file of the store is somebody else's."""
        for path in [*self.folder.glob("g*/*/*/*"), *self.folder.glob(".*")]:
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and _OURS.fullmatch(name) and name not in named:
                yield path

    def _left_spills(self, now_us: int) -> list[Path]:
        """Folders of questions that were killed: no question takes a day."""
        folder = self.folder / SPILL
        found = list(folder.iterdir()) if folder.is_dir() else []
        return [path for path in found if path.stat().st_mtime * SECOND_US < now_us - DAY_US]
