"""DuckDB as the store uses it: in memory, with so much of it, reading and writing in the store's folder and nowhere else."""

from __future__ import annotations

import csv
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from core.files import sha256_of, sync, take_name
from evaluation.exports.parquet import LINE_MAX, literal
from evaluation.history.contents import SPILL, Content, Part, Standing, Store

Columns = Sequence[tuple[str, str]]
# Rows of a group: DuckDB reads groups in parallel and skips those whose least and greatest values are out of the question.
ROW_GROUP = 122_880


@contextmanager
def engine(folder: Path, memory_mib: int, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees this folder only; what does not fit in memory goes to a folder of its own in it."""
    spill = folder / SPILL / uuid.uuid4().hex
    try:
        with duckdb.connect(config={"memory_limit": f"{memory_mib}MiB", "threads": threads, "temp_directory": str(spill)}
                            ) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")  # kept, not printed
            connection.execute(f"SET allowed_directories = [{literal(str(folder.resolve()))}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def files_of(store: Store, parts: Iterable[Part]) -> str:
    """`read_parquet` of these parts."""
    names = ", ".join(literal(str(store.path(part).resolve())) for part in parts)
    return f"read_parquet([{names}])"


class Drafts:
    """Rows on their way into parts: plain lines first, one file per part, then Parquet. Used by the store's one writer."""

    def __init__(self, store: Store, memory_mib: int, generation: int) -> None:
        self._store, self._memory_mib, self._generation = store, memory_mib, generation
        self._open: dict[tuple[Content, Standing, str], tuple[Path, Any, Any, list[int]]] = {}

    def add(self, content: Content, standing: Standing, month: str, row: Sequence[Any]) -> None:
        key = (content, standing, month)
        known = self._open.get(key)
        if known is None:
            path = self._store.folder / f".{content.value}-{month}-{uuid.uuid4().hex[:8]}.rows"
            file = path.open("w", encoding="utf-8", newline="")
            known = self._open[key] = (path, file, csv.writer(file, lineterminator="\r\n"), [0])
        known[2].writerow(row)
        known[3][0] += 1

    def finish(self, columns: dict[Content, Columns], upto: int) -> list[Part]:
        """Every part, on the disk."""
        made = []
        with engine(self._store.folder, self._memory_mib, 1) as connection:
            for (content, standing, month), (path, file, _, _) in self._open.items():
                file.close()
                rows = _plain_rows(path, columns[content])
                made.append(self.write(connection, rows, content, standing, month, upto))
                path.unlink()
        self._open.clear()
        return made

    def close(self) -> None:
        """Leave nothing, whatever happened."""
        for path, file, _, _ in self._open.values():
            file.close()
            path.unlink(missing_ok=True)

    def write(self, connection: duckdb.DuckDBPyConnection, query: str, content: Content, standing: Standing, month: str,
              upto: int) -> Part:
        """One part from the rows of a query of ours."""
        folder = self._store.folder / f"g{self._generation}" / content.value / (month or "all")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{standing.value}-{upto:012d}-{uuid.uuid4().hex[:6]}.parquet"
        draft = path.with_name(f".{path.name}.part")
        told = connection.execute(f"COPY ({query}) TO {literal(str(draft.resolve()))} "
                                  f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})").fetchone()
        sync(draft)
        take_name(draft, path)
        return Part(path.relative_to(self._store.folder).as_posix(), content, standing, month, told[0] if told else 0, upto,
                    path.stat().st_size, sha256_of(path))


def _plain_rows(path: Path, columns: Columns) -> str:
    told = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
    return (f"SELECT * FROM read_csv({literal(str(path.resolve()))}, header=false, auto_detect=false, delim=',', quote='\"', "
            f"escape='\"', nullstr='', new_line='\\r\\n', max_line_size={LINE_MAX}, buffer_size={2 * LINE_MAX}, "
            f"columns={{{told}}})")
