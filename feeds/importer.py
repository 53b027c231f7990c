"""Loading a whole file: read, mapped, recorded batch by batch, with progress and a final report.

Batches end between two cases where the file allows it, so that a case whose conclusion is its next line is not judged
without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cases.events import Outcome, Status
from core.errors import InvalidInput
from feeds.file_reading import FileJob, ReadBatch, read_file
from feeds.ingest import Ingest
from feeds.mapping import SourceMapping
from feeds.quarantine import Delivery
from feeds.readers.files import fitting, open_file
from feeds.reasons import Rejection
from feeds.records import Parsed
from feeds.status import Account

EXIT_OK, EXIT_REJECTIONS = 0, 2
_SAMPLES_PER_REASON = 3


@dataclass(slots=True)
class Sample:
    """One refused record of the report, or one recorded without a value that could not be read."""

    outcome: Outcome
    position: str

    @property
    def code(self) -> str:
        return self.outcome.code

    def as_dict(self) -> dict[str, object]:
        """JSON-safe. `others`: what else is wrong with the record."""
        others = [{"code": one.code, **one.detail} for one in self.outcome.others]
        return {"code": self.code, "position": self.position, **self.outcome.detail, **({"others": others} if others else {})}


@dataclass(slots=True)
class ImportReport:
    """What became of a file. `unread` counts by field the records whose event is recorded without it, `columns_unread` names
    the columns the mapping does not read, `remarks` counts what else a reader should know. `exit_code` is 0 when every
    record was recorded whole, now or before, 2 when something was refused."""

    file: str
    mapping: str
    account: Account = field(default_factory=Account)
    samples: list[Sample] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)
    columns_unread: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def records_per_s(self) -> float:
        return self.account.total / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        return EXIT_REJECTIONS if self.account.rejected or self.unread else EXIT_OK

    def as_dict(self) -> dict[str, object]:
        """JSON-safe, for `.report.json` and `--format json`."""
        return {"file": self.file, "mapping": self.mapping, "sources": self.sources, "records": self.account.total,
                "accepted": self.account.accepted, "duplicates": self.account.duplicates,
                "rejected": self.account.rejected, "reasons": self.account.reasons, "unread": self.unread,
                "remarks": self.remarks, "columns_unread": self.columns_unread,
                "samples": [one.as_dict() for one in self.samples],
                "seconds": round(self.seconds, 3), "records_per_s": round(self.records_per_s)}


Progress = Callable[[ImportReport], None]


def import_file(path: Path, mapping: SourceMapping, ingest: Ingest, *, kind: str = "file", source: str | None = None,
                is_history: bool = True, progress: Progress | None = None) -> ImportReport:
    """Load a file. `is_history`: clocks are judged as of the newest event of each batch; a sweep afterwards brings them to
    the present. `source` overrides the mapping's. Raises InvalidInput when the file cannot be opened, Unavailable when
    the database is gone; what was recorded until then stays, and importing again goes on where it stopped.
    """
    try:
        stream = open_file(path)
    except OSError as failure:
        raise InvalidInput("file_unreadable", file=str(path), problem=failure.strerror or str(failure),
                           remedy="name a file that exists and may be read") from failure
    with stream:
        chosen = fitting(mapping, stream, ingest.limits)
        job = FileJob(path, chosen, ingest.limits, source, ingest.default_area)
        return _Import(job, ingest, kind, is_history).run(stream, progress)


class _Import:
    def __init__(self, job: FileJob, ingest: Ingest, kind: str, is_history: bool) -> None:
        self._job, self._mapping, self._ingest, self._kind, self._is_history = job, job.mapping, ingest, kind, is_history
        self._areas_stored: set[str] = set()
        self.report = ImportReport(job.path.name, job.mapping.name)

    def run(self, stream: BinaryIO, progress: Progress | None) -> ImportReport:
        started = time.monotonic()
        with closing(read_file(self._job, stream)) as read:
            for batch in read:
                self._take(batch)
                self.report.seconds = time.monotonic() - started
                if progress is not None:
                    progress(self.report)
        self.report.seconds = time.monotonic() - started
        return self.report

    def _take(self, batch: ReadBatch) -> None:
        self._store_areas(batch)
        claimed = [parsed.event.claimed_at for parsed in batch.records if parsed.event is not None]
        judged_at = max(claimed, default=None) if self._is_history else None
        for source, part in _by_source(batch.records, batch.default_source):
            delivery = Delivery(source, self.report.file, self._mapping.reference, self._kind, self._title())
            room = max(0, self._ingest.limits.max_quarantined_per_import - self.report.account.rejected)
            outcomes, account = self._ingest.take(delivery, part, judged_at=judged_at, keep_refused=room)
            self.report.account.add(account)
            self._note(source, part, outcomes)
        self.report.remarks, self.report.columns_unread = batch.remarks, list(batch.columns_unread)

    def _note(self, source: str, part: list[Parsed], outcomes: list[Outcome]) -> None:
        if source not in self.report.sources:
            self.report.sources.append(source)
        for parsed, outcome in zip(part, outcomes, strict=True):
            if outcome.status not in (Status.OK, Status.DUPLICATE):
                self._sample(outcome, parsed.position)
            elif parsed.note is not None:
                self._note_unread(parsed.note)

    def _note_unread(self, note: Rejection) -> None:
        for one in (note.outcome, *note.outcome.others):
            name = one.detail.get("field", "")
            self.report.unread[name] = self.report.unread.get(name, 0) + 1
        self._sample(note.outcome, note.position)

    def _sample(self, outcome: Outcome, position: str) -> None:
        if sum(one.code == outcome.code for one in self.report.samples) < _SAMPLES_PER_REASON:
            self.report.samples.append(Sample(outcome, position))

    def _store_areas(self, batch: ReadBatch) -> None:
        """Those of the batch, before their cases."""
        is_from_a_column = batch.constant_area is None
        met = batch.areas if batch.constant_area is None else (batch.constant_area,)
        for code in met:
            if code not in self._areas_stored:
                self._areas_stored.add(code)
                area = self._mapping.area_named(code)
                if area is not None:
                    self._ingest.store_area(area, only_if_new=is_from_a_column)

    def _title(self) -> str:
        return self._mapping.shape.title.get("zh") or self._mapping.name


def _by_source(batch: list[Parsed], default: str) -> Iterator[tuple[str, list[Parsed]]]:
    parts: dict[str, list[Parsed]] = {}
    for parsed in batch:
        parts.setdefault(default if parsed.event is None else parsed.event.source, []).append(parsed)
    yield from parts.items()
