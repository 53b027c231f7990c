"""CSV files: a row per record under a header, read as a stream.

Columns named `case:<name>` hold values of the case, repeated on every row; the others are the event's own. Texts stay
texts: a formula is kept as written and made harmless where it is exported.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Self

from feeds.exports import unguarded
from feeds.limits import FeedLimits
from feeds.mapping import missing_columns
from feeds.readers.lines import TextLines
from feeds.readers.xes import CASE_PREFIX
from feeds.reasons import Refusal, Rejection
from feeds.records import UNNAMED, Broken, Row

COMMA = ","
_SEPARATORS = (COMMA, ";", "\t")
_QUOTED = re.compile('"[^"]*"')
_SHOWN_FIELDS = 200


def read_csv(chunks: Iterator[bytes], limits: FeedLimits, *, encoding: str = "auto", may_be_chinese: bool = True,
             separator: str | None = None, needed: tuple[tuple[str, ...], ...] = (),
             is_guarded: bool = False) -> Iterator[Row | Broken]:
    """A Row per record; a Broken per line or record that cannot be one. Without the `needed` columns nothing is read.

    `separator`: None is that of the header. `is_guarded`: an export put apostrophes before what would be a formula
    (feeds.exports); they are taken away again.
    """
    lines = TextLines(chunks, limits, encoding, may_be_chinese=may_be_chinese)
    try:
        yield from _Table(lines, separator, needed, is_guarded).rows()
    except _NoHeader as failure:
        yield Broken(Rejection(failure.as_outcome(), 1))
    yield from lines.take_broken()


def header_of(first: bytes, limits: FeedLimits, encoding: str, separator: str | None, *,
              may_be_chinese: bool) -> tuple[str, ...]:
    """The columns the first bytes of a table name; none when its first line cannot be read."""
    line = next(iter(TextLines(iter((first,)), limits, encoding, may_be_chinese=may_be_chinese)), "")
    try:
        return _names(next(csv.reader([line], delimiter=separator or separator_in(line)), []))
    except csv.Error:
        return ()


def separator_in(header: str) -> str:
    """What a header is separated by: what it has most of outside of quotation marks."""
    return max(_SEPARATORS, key=_QUOTED.sub("", header).count)


def _names(header: Sequence[str]) -> tuple[str, ...]:
    """The columns by their names, those without one by their places."""
    return tuple(name.strip() or f"{UNNAMED}{place})" for place, name in enumerate(header, start=1))


class _NoHeader(Refusal):
    """There is no usable header, so no row can be read."""


class _Rereadable:
    """The lines of a file, remembered since the last record, so that a record gone wrong costs one line and not all the
    lines an unclosed quotation mark has swallowed."""

    def __init__(self, lines: TextLines) -> None:
        self._lines, self._texts = lines, iter(lines)
        self._again: deque[tuple[int, str]] = deque()
        self.given: list[tuple[int, str]] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            text = next(self._texts)
            line = self._lines.number, text
        self.given.append(line)
        return line[1]

    def peek(self) -> str:
        """The next line, which will be given again; empty when there is none."""
        text = next(self, "")
        self._again.extend(self.given)
        self.given.clear()
        return text

    def give_back(self) -> tuple[int, str]:
        """All lines of the failed record but its first are read again; returns the first."""
        first, *rest = self.given
        self._again.extendleft(reversed(rest))
        self.given.clear()
        return first


class _Table:
    def __init__(self, lines: TextLines, separator: str | None, needed: tuple[tuple[str, ...], ...], is_guarded: bool) -> None:
        self._lines, self._needed, self._is_guarded = lines, needed, is_guarded
        self._source = _Rereadable(lines)
        self._separator = separator or separator_in(self._source.peek())
        self._reader = csv.reader(self._source, delimiter=self._separator, strict=True)
        self._header: tuple[str, ...] = ()
        self._own: list[int] | None = None
        self._order = 0

    def rows(self) -> Iterator[Row | Broken]:
        """Every record; of a table that has none, that it has none."""
        self._read_header()
        has_any = False
        for record in self._records():
            has_any = True
            yield record
        if not has_any and not self._lines.last_broken_line:
            raw = _as_line(list(self._header), self._separator)
            yield Broken(Rejection(Refusal("no_records").as_outcome(), 1), raw, self._header, self._separator)

    def _records(self) -> Iterator[Row | Broken]:
        while True:
            self._source.given.clear()
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except csv.Error as failure:
                yield from self._lines.take_broken()
                yield self._unreadable(failure)
                continue
            hole = self._lines.last_broken_line
            if hole:
                yield from self._lines.take_broken()
            if values:
                yield self._row(values, hole)

    def _row(self, values: list[str], hole: int) -> Row | Broken:
        line = self._source.given[0][0]
        if len(values) != len(self._header):
            return self._refuse(line, values, "field_count", f"{len(values)} fields, the header has {len(self._header)}")
        if hole > line:
            return self._refuse(line, values, "record_invalid", f"line {hole} inside this record was refused")
        self._order += 1
        if self._is_guarded:
            values = [unguarded(value) for value in values]
        own = values if self._own is None else [values[index] for index in self._own]
        return Row(line, dict(zip(self._header, values, strict=True)), "\x1f".join(own), self._order)

    def _read_header(self) -> None:
        try:
            header = next(self._reader, None)
        except csv.Error as failure:
            raise _NoHeader("header_missing", problem=str(failure)) from failure
        if header is None and not self._lines.last_broken_line:
            raise _NoHeader("file_empty")
        self._header = _names(header or ())
        if all(name.startswith(UNNAMED) for name in self._header):
            raise _NoHeader("header_missing")
        self._check_columns()
        if any(name.startswith(CASE_PREFIX) for name in self._header):
            self._own = [index for index, name in enumerate(self._header) if not name.startswith(CASE_PREFIX)]

    def _check_columns(self) -> None:
        twice = sorted({name for name in self._header if self._header.count(name) > 1})
        if twice:
            raise _NoHeader("header_repeated", value=", ".join(twice))
        missing = missing_columns(self._needed, self._header)
        if missing:
            raise _NoHeader("mapping_columns_missing", value=", ".join(missing),
                            problem=f"the file has {', '.join(self._header[:_SHOWN_FIELDS])}")

    def _unreadable(self, failure: csv.Error) -> Broken:
        code = _code_of(str(failure))
        line, text = self._source.give_back()
        refusal = Refusal(code, problem=str(failure))
        return Broken(Rejection(refusal.as_outcome(), line), text.rstrip("\r\n"), self._header, self._separator)

    def _refuse(self, line: int, values: list[str], code: str, problem: str) -> Broken:
        raw = _as_line(values, self._separator)
        return Broken(Rejection(Refusal(code, problem=problem).as_outcome(), line), raw, self._header, self._separator)


def _code_of(problem: str) -> str:
    if "field limit" in problem:
        return "field_too_long"
    return "stray_line_end" if "new-line character" in problem else "quotation_broken"


def parse_csv_line(text: str, header: tuple[str, ...], separator: str, is_guarded: bool = False) -> Row:
    """One repaired line under the header it was refused under. Raises Refusal `field_count`."""
    try:
        values = next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error as failure:
        raise Refusal("field_count", problem=str(failure)) from failure
    if len(values) != len(header):
        raise Refusal("field_count", problem=f"{len(values)} fields, the header has {len(header)}")
    if is_guarded:
        values = [unguarded(value) for value in values]
    own = [value for name, value in zip(header, values, strict=True) if not name.startswith(CASE_PREFIX)]
    return Row(0, dict(zip(header, values, strict=True)), "\x1f".join(own), 0)


def _as_line(values: list[str], separator: str) -> str:
    quoted = ('"' + value.replace('"', '""') + '"' if any(mark in value for mark in f'{separator}"\n\r') else value
              for value in values)
    return separator.join(quoted)
