"""A folder as a feed: drop_dir/<source>/ with files, and a `mapping` file or setting that says how to read them.

    <source>/          files are put here, best under a name ending in .part that is renamed when complete
    <source>/processing/   taken by rename, so that one worker has it; found here after a crash, it is read again
    <source>/done/, failed/   the file afterwards, with <file>.report.json beside it

Reading a file twice is harmless: what was recorded already is a duplicate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.clock import Clock
from core.errors import SupervisionError, Unavailable
from core.instants import SECOND_US
from feeds.importer import ImportReport, import_file
from feeds.ingest import Ingest
from feeds.mapping import SourceMapping
from feeds.quarantine import Delivery
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed

log = logging.getLogger(__name__)
MAPPING_FILE = "mapping.yaml"
PROCESSING, DONE, FAILED = "processing", "done", "failed"
_UNFINISHED = (".part", ".tmp", ".crdownload", "~")
_ENDINGS = (".csv", ".jsonl", ".ndjson", ".xes", ".csv.gz", ".jsonl.gz", ".ndjson.gz", ".xes.gz")

FindMapping = Callable[[str], SourceMapping]


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int
    since_us: int


class FileDrop:
    """Looks into the drop folder; `poll` is called by a job of the scheduler, one worker at a time."""

    def __init__(self, drop_dir: Path, ingest: Ingest, clock: Clock, find_mapping: FindMapping,
                 mappings: Mapping[str, str] | None = None) -> None:
        """`mappings` names the mapping of a source folder that has no mapping.yaml of its own; else its own name is."""
        self._drop_dir, self._ingest, self._clock = drop_dir, ingest, clock
        self._find_mapping, self._mappings = find_mapping, dict(mappings or {})
        self._seen: dict[Path, _Seen] = {}
        self._has_recovered = False

    def poll(self) -> list[ImportReport]:
        """Read every complete file, oldest first. A file that cannot be read goes to failed/ and stops no other.

        The first call puts files a crash left in processing/ back in line: before it, another worker may be reading them.
        Raises Unavailable when the database is away; the file waits in the folder.
        """
        if not self._has_recovered:
            self._recover()
            self._has_recovered = True
        reports = []
        for folder in self._sources():
            for path in sorted(self._complete(folder), key=lambda file: file.stat().st_mtime_ns):
                report = self._read(folder, path)
                if report is not None:
                    reports.append(report)
        return reports

    def _recover(self) -> None:
        for folder in self._sources():
            for path in _files(folder / PROCESSING):
                _put_back(path)

    def _sources(self) -> list[Path]:
        if not self._drop_dir.is_dir():
            return []
        return sorted(folder for folder in self._drop_dir.iterdir() if folder.is_dir() and not folder.is_symlink())

    def _complete(self, folder: Path) -> Iterator[Path]:
        now_us, present = self._clock.now_us(), set(_files(folder))
        for gone in [path for path in self._seen if path.parent == folder and path not in present]:
            del self._seen[gone]
        for path in present:
            if path.name.endswith(_UNFINISHED) or not path.name.lower().endswith(_ENDINGS):
                continue
            size = path.stat().st_size
            seen = self._seen.get(path)
            if seen is None or seen.size != size:
                self._seen[path] = _Seen(size, now_us)
            elif now_us - seen.since_us >= self._ingest.limits.settle_s * SECOND_US:
                yield path

    def _read(self, folder: Path, path: Path) -> ImportReport | None:
        claimed = _claim(path)
        if claimed is None:
            return None
        self._seen.pop(path, None)
        try:
            mapping = self._mapping_of(folder)
            report = import_file(claimed, mapping, self._ingest, kind="live", source=folder.name, is_history=False)
        except Unavailable:
            _put_back(claimed)  # the database is away, the file is not to blame
            raise
        except Exception as failure:  # whatever one file breaks must not stop the others, nor leave it in processing/
            log.error("dropped file %s/%s cannot be read", folder.name, path.name, exc_info=failure)
            self._fail(claimed, folder, _problem(failure))
            return None
        _finish(claimed, folder / (DONE if report.account.total > report.account.rejected else FAILED), report.as_dict())
        return report

    def _mapping_of(self, folder: Path) -> SourceMapping:
        own = folder / MAPPING_FILE
        return self._find_mapping(str(own) if own.is_file() else self._mappings.get(folder.name, folder.name))

    def _fail(self, claimed: Path, folder: Path, problem: dict[str, Any]) -> None:
        """A file nobody could read is told beside it, and on the page of the feeds, where somebody looks."""
        told = ", ".join(f"{name} {value}" for name, value in problem["details"].items() if value not in (None, ""))
        refusal = Refusal("file_unread", problem=f"{problem['code']}: {told}")
        try:
            self._ingest.take(Delivery(folder.name, claimed.name), [Parsed(None, Rejection(refusal.as_outcome()))])
        except Unavailable:
            _put_back(claimed)
            raise
        _finish(claimed, folder / FAILED, problem)


def _problem(failure: Exception) -> dict[str, Any]:
    if isinstance(failure, SupervisionError):
        return failure.as_problem()
    return {"code": "file_unreadable", "details": {"problem": f"{type(failure).__name__}: {failure}"}}


def _claim(path: Path) -> Path | None:
    """Take a file by renaming it; None when another worker was first."""
    target = _free_name(path.parent / PROCESSING, path.name)
    try:
        path.rename(target)
    except FileNotFoundError:
        return None
    return target


def _put_back(claimed: Path) -> None:
    """Into the folder it was taken from; a file of that name may have been dropped there since."""
    claimed.rename(_free_name(claimed.parent.parent, claimed.name))


def _finish(claimed: Path, folder: Path, report: dict[str, object]) -> None:
    """The report first: a file in done/ always has one."""
    target = _free_name(folder, claimed.name)
    target.with_name(target.name + ".report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    claimed.rename(target)


def _free_name(folder: Path, name: str) -> Path:
    """A name in the folder that overwrites nothing: a.csv, a.csv → 2-a.csv."""
    folder.mkdir(exist_ok=True)
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{number}-{name}"
    return target


def _files(folder: Path) -> list[Path]:
    """Plain files only: a link could point anywhere."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
