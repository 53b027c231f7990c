"""Parquet, written by DuckDB from the plain rows: it reads and writes in pieces, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from core.files import draft_of, sync, take_name
from evaluation.exports.columns import COLUMNS, Kind
from evaluation.exports.csv_file import write_plain
from evaluation.exports.rows import Row

# Bytes of the longest row: four times the longest record a feed may bring. DuckDB's own buffer would be sixteen times as large.
LINE_MAX = 4 << 20
ROW_GROUP = 20_480  # rows; DuckDB's own unit times ten
_READ_AS = {Kind.TEXT: "VARCHAR", Kind.JSON: "VARCHAR", Kind.INTEGER: "BIGINT", Kind.INSTANT: "TIMESTAMPTZ"}


def write_parquet(cases: Iterable[list[Row]], path: Path, memory_mib: int, notes: Mapping[str, str]) -> None:
    """The whole file. `notes` are kept in its metadata."""
    plain, draft = draft_of(path.with_name(f"{path.name}.rows")), draft_of(path)
    try:
        with plain.open("wb") as out:
            write_plain(cases, out)
        _convert(plain, draft, memory_mib, notes)
        sync(draft)
        take_name(draft, path)
    finally:
        plain.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)


def _convert(plain: Path, target: Path, memory_mib: int, notes: Mapping[str, str]) -> None:
    columns = ", ".join(f"'{column.name}': '{_READ_AS[column.kind]}'" for column in COLUMNS)
    told = ", ".join(f"{name}: {literal(text)}" for name, text in notes.items())
    with duckdb.connect(config={"memory_limit": f"{memory_mib}MiB", "threads": 1,
                                "temp_directory": str(target.with_suffix(".spill"))}) as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_csv({literal(str(plain))}, header=false, auto_detect=false, parallel=false, delim=',', "
            f"quote='\"', escape='\"', nullstr='', new_line='\\r\\n', max_line_size={LINE_MAX}, buffer_size={2 * LINE_MAX}, "
            f"columns={{{columns}}})) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}, "
            f"KV_METADATA {{{told}}})")


def literal(text: str) -> str:
    """A text of ours (a path, a note) as SQL writes it, where DuckDB takes no parameter."""
    return "'" + text.replace("'", "''") + "'"
