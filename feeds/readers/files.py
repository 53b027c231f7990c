"""Opening a file or body of any supported format: what it is is seen from its content, not from its name."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from feeds.limits import FeedLimits
from feeds.mapping import Format, MappingShape, SourceMapping, may_be_chinese, missing_columns, needed_columns
from feeds.readers.archive import CHUNK, StreamBroken, unpacked
from feeds.readers.csv_rows import header_of, read_csv
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
        yield from read_jsonl(chunks, limits, encoding=shape.encoding, may_be_chinese=may_be_chinese(shape))
    else:
        yield from read_csv(chunks, limits, encoding=shape.encoding, may_be_chinese=may_be_chinese(shape),
                            separator=shape.separator, needed=needed_columns(shape), is_guarded=shape.guarded)


def open_file(path: Path) -> BufferedReader:
    """A file whose beginning `fitting` can look at. Raises OSError."""
    return path.open("rb", buffering=CHUNK)


def fitting(mapping: SourceMapping, stream: BufferedReader, limits: FeedLimits) -> SourceMapping:
    """The mapping that reads this table: the named one, or the first of its siblings whose columns the header has. The named
    one, too, where none fits: its complaint says what is missing. Nothing of the stream is used up."""
    if not mapping.siblings:
        return mapping
    header = _header(stream, mapping.shape, limits)
    fit = (one for one in (mapping, *mapping.siblings) if not missing_columns(needed_columns(one.shape), header))
    return next(fit, mapping)


def _header(stream: BufferedReader, shape: MappingShape, limits: FeedLimits) -> tuple[str, ...]:
    try:
        first = next(unpacked(BytesIO(stream.peek(CHUNK)), limits), b"")
    except StreamBroken:
        return ()
    if format_of(first, shape.formats) != "csv":
        return ()
    return header_of(first, limits, shape.encoding, shape.separator, may_be_chinese=may_be_chinese(shape))


def format_of(first: bytes, allowed: tuple[Format, ...]) -> Format:
    """The format of a content by its first bytes, among those the mapping allows."""
    seen = first.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    guess: Format = "xes" if seen == b"<" else "jsonl" if seen in (b"{", b"[") else "csv"
    return guess if guess in allowed else allowed[0]
