"""CSV (RFC 4180, UTF-8): a header, a line per event; what a spreadsheet would run as a formula gets an apostrophe in front."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from evaluation.exports.columns import NAMES
from evaluation.exports.rows import Cell, Row
from feeds.exports import guarded

_LOOKED_AT = frozenset("'=+-@\t\r")


def write_csv(cases: Iterable[list[Row]], out: BinaryIO) -> None:
    """Every row of every case."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow(NAMES)
    for rows in cases:
        writer.writerows([_harmless(row) for row in rows])
    text.flush()
    text.detach()


def write_plain(cases: Iterable[list[Row]], out: BinaryIO) -> None:
    """The same without header and as they are: what Parquet is made from. Rows end with both signs, as then texts with
    either of them are quoted; DuckDB is told so."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    csv.writer(text, lineterminator="\r\n").writerows(_rows(cases))
    text.flush()
    text.detach()


def _rows(cases: Iterable[list[Row]]) -> Iterator[Row]:
    for rows in cases:
        yield from rows


def _harmless(row: Row) -> list[Cell]:
    """Most texts begin with nothing a spreadsheet would run: one look at the first character says so."""
    return [guarded(cell) if isinstance(cell, str) and cell[:1] in _LOOKED_AT else cell
            for cell in row]
