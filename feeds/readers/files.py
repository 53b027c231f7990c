"""Opening a file or body of any supported format: what it is is seen from its content, not from its name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from feeds.limits import FeedLimits
from feeds.mapping import Format, MappingShape, ValueShape
from feeds.readers.archive import StreamBroken, unpacked
from feeds.readers.csv_rows import read_csv
from feeds.readers.jsonl import read_jsonl
from feeds.readers.xes import read_xes
from feeds.reasons import Refusal, Rejection
from feeds.records import Broken, Row


def read_records(stream: BinaryIO, shape: MappingShape, limits: FeedLimits) -> Iterator[Row | Broken]:
    """Every record of the stream as a Row, or as a Broken with the reason. Never raises for what is in the stream."""
    chunks = unpacked(stream, limits)
    try:
        first = next(chunks, b"")
    except StreamBroken as failure:
        yield Broken(Rejection(failure.as_outcome(), 0, failure.byte))
        return
    if not first.strip():
        yield Broken(Rejection(Refusal("file_empty").as_outcome(), 1))
        return
    chunks = chain((first,), chunks)
    form = format_of(first, shape.formats)
    if form == "xes":
        yield from read_xes(chunks, limits)
    elif form == "jsonl":
        yield from read_jsonl(chunks, limits, encoding=shape.encoding)
    else:
        yield from read_csv(chunks, limits, encoding=shape.encoding, separator=shape.separator,
                            needed=needed_columns(shape), is_guarded=shape.guarded)


def format_of(first: bytes, allowed: tuple[Format, ...]) -> Format:
    """The format of a content by its first bytes, among those the mapping allows."""
    seen = first.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    guess: Format = "xes" if seen == b"<" else "jsonl" if seen == b"{" else "csv"
    return guess if guess in allowed else allowed[0]


def needed_columns(shape: MappingShape) -> frozenset[str]:
    """The columns without which no row of a flat file could become an event."""
    values: list[ValueShape] = [shape.case.no]
    if shape.event is not None:
        values += [shape.event.at, shape.event.code]
    return frozenset(value.column[0] for value in values if len(value.column) == 1 and value.absent is None)
