"""A file read and mapped into batches of records: here, or ahead of who records them in a process of its own."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from cases.events import CaseEvent
from core.companion import Answering, Companion, CompanionLost, has_second_processor
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import MappingShape, SourceMapping
from feeds.readers.files import open_file, read_records
from feeds.reasons import Rejection
from feeds.records import Parsed, raw_text

log = logging.getLogger(__name__)
_ANSWERING = f"{__name__}:answering"


@dataclass(frozen=True, slots=True)
class FileJob:
    """What is to be read, and how. `source` overrides the mapping's; `default_area` is that of cases whose own is not told."""

    path: Path
    mapping: SourceMapping
    limits: FeedLimits
    source: str | None = None
    default_area: str | None = None


class ReadBatch(msgspec.Struct):
    """Records, and what is known of the file when they have been read. `constant_area` is the area of all of it, `areas` are
    those met so far, `default_source` is that of records without a case."""

    records: list[Parsed]
    constant_area: str | None
    areas: tuple[str, ...]
    default_source: str
    remarks: dict[str, int]
    columns_unread: list[str]


def read_file(job: FileJob, stream: BinaryIO) -> Iterator[ReadBatch]:
    """The batches of a file opened at `job.path`: read by a second process where that is worth its start."""
    return _read_ahead(job, stream) if _is_worth_a_process(job, stream) else _read_here(job, stream)


def batches(parsed: Iterable[Parsed], size: int) -> Iterator[list[Parsed]]:
    """Batches of about `size` records that end between two cases, and of twice the size at most."""
    batch: list[Parsed] = []
    for one in parsed:
        if len(batch) >= size and (len(batch) >= 2 * size or _begins_a_case(batch[-1], one)):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _begins_a_case(before: Parsed, one: Parsed) -> bool:
    return before.event is None or one.event is None or before.event.case_no != one.event.case_no


def _read_here(job: FileJob, stream: BinaryIO) -> Iterator[ReadBatch]:
    with closing(Mapper(job.mapping, job.path.name, job.limits, job.source, job.default_area)) as mapper:
        records = mapper.parse(read_records(stream, job.mapping.shape, job.limits))
        is_empty = True
        for batch in batches(records, job.limits.batch_size):
            is_empty = False
            yield _as_known(mapper, batch)
        if is_empty:  # what is to be said of the file is said all the same
            yield _as_known(mapper, [])


def _as_known(mapper: Mapper, records: list[Parsed]) -> ReadBatch:
    return ReadBatch(records, mapper.constant_area(), mapper.areas_met(), mapper.default_source(), dict(+mapper.remarks),
                     mapper.columns_unread)


# In a process of its own --------------------------------------------------------------------------------------------

def _is_worth_a_process(job: FileJob, stream: BinaryIO) -> bool:
    """Only what can be read from its beginning a second time can be read over there."""
    least = job.limits.read_ahead_bytes
    if not least or not has_second_processor() or not stream.seekable():
        return False
    found = os.fstat(stream.fileno())
    return stat.S_ISREG(found.st_mode) and found.st_size >= least


def _read_ahead(job: FileJob, stream: BinaryIO) -> Iterator[ReadBatch]:
    """Here until the other process has begun, then what it hands over; here again should it be lost. The same bytes give the
    same batches wherever they are read, so it is known by their number where to go on.

    One batch is kept back here: the last of a file that is still written is shorter than the same one over there.
    """
    taken, is_ahead, kept = 0, False, None
    with closing(_read_here(job, stream)) as here:
        try:
            with Companion(_ANSWERING, b"", job.limits.reading_timeout_s) as companion:
                ahead = companion.ask(_order_for(job, stream))
                kept = next(here, None)
                while kept is not None and not companion.has_answer():
                    batch, kept = kept, next(here, None)
                    taken += 1
                    yield batch
                if kept is None:
                    return
                for piece in islice(ahead, taken, None):
                    is_ahead = True
                    taken += 1
                    yield _unpacked(piece)
        except CompanionLost as lost:
            log.warning("the process that read %s ahead is lost (%s); from batch %d on it is read here", job.path.name,
                        lost.cause, taken + 1)
        else:
            if is_ahead:
                return
        if not is_ahead:
            yield from here if kept is None else chain((kept,), here)
            return
    stream.seek(0)
    yield from islice(_read_here(job, stream), taken, None)


def answering(_setup: bytes) -> Answering:
    """What the other process does: reads the file of the job it is asked for."""
    return _answer


class _Order(msgspec.Struct, array_like=True):
    """A job on its way. The mapping goes as it was read, whatever became of its file since; `content` is what the file to be
    read must be."""

    path: str
    content: tuple[int, int, int, int]
    shape: str
    mapping_path: str
    limits: FeedLimits
    source: str | None
    default_area: str | None


def _content_of(stream: BinaryIO) -> tuple[int, int, int, int]:
    """By which a file is known to be the same, and unchanged."""
    found = os.fstat(stream.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _order_for(job: FileJob, stream: BinaryIO) -> bytes:
    shape = job.mapping.shape.model_dump_json(by_alias=True)
    return _encode(_Order(str(job.path), _content_of(stream), shape, str(job.mapping.path), job.limits, job.source,
                          job.default_area))


def _job_of(order: _Order) -> FileJob:
    mapping = SourceMapping(MappingShape.model_validate_json(order.shape), Path(order.mapping_path))
    return FileJob(Path(order.path), mapping, order.limits, order.source, order.default_area)


def _answer(question: bytes) -> Iterator[bytes]:
    order = _decode_order(question)
    job = _job_of(order)
    with open_file(job.path) as stream:
        if _content_of(stream) != order.content:
            raise ValueError("another file stands at that path, or it has changed")
        for batch in _read_here(job, stream):
            yield _packed(batch)


_Fields = tuple[CaseEvent | None, Rejection | None, str, int, tuple[str, ...], str, Rejection | None, str]


class _Sent(msgspec.Struct, array_like=True):
    """A batch on its way. Of what a record was made of its text goes with it: that is what the quarantine keeps."""

    records: list[_Fields]
    constant_area: str | None
    areas: tuple[str, ...]
    default_source: str
    remarks: dict[str, int]
    columns_unread: list[str]


_encode = msgspec.msgpack.Encoder().encode
_decode, _decode_order = msgspec.msgpack.Decoder(_Sent).decode, msgspec.msgpack.Decoder(_Order).decode


def _packed(batch: ReadBatch) -> bytes:
    records = [(one.event, one.rejection, raw_text(one.raw), one.line, one.header, one.separator, one.note, one.element)
               for one in batch.records]
    return _encode(_Sent(records, batch.constant_area, batch.areas, batch.default_source, batch.remarks, batch.columns_unread))


def _unpacked(piece: bytes) -> ReadBatch:
    sent = _decode(piece)
    return ReadBatch([Parsed(*fields) for fields in sent.records], sent.constant_area, sent.areas, sent.default_source,
                     sent.remarks, sent.columns_unread)
