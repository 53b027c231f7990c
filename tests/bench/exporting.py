"""A million journal rows exported in every format by the command line, in a process of its own whose memory is measured.

The rows are those of the simulated city, recorded by the product and copied with numbers of their own. Floor: reading the same
columns of the same rows in the same order and writing them as plain CSV, with sqlite3 and csv alone.
"""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.harness import Line, Options, stopwatch
from tests.bench.house import BATCH, house
from tests.bench.workload import batches, by_case, city_events

RECORDED, ROWS = 20_000, 1_000_000
LIMIT_MIB = 300
FORMATS = ("csv", "csv.gz", "xes.gz", "parquet")
_COPIED = ("case_no", "area", "kind", "claimed_at", "utc_offset", "src_order", "received_at", "source", "source_version", "org",
           "item", "item_version", "actor", "station", "step", "payload", "chain", "chain_pos", "prev_mac", "mac")
# A process begins with the high-water mark of the one that started it: only a small one may start what is measured.
_STARTER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""
_REPOSITORY = Path(__file__).resolve().parents[2]


def run(options: Options) -> list[Line]:
    """One line per format, on SQLite."""
    path = options.folder / "export.db"
    with house(f"sqlite:///{path}", options.folder) as (services, _clock):
        for batch in batches(by_case(city_events(RECORDED)), BATCH):
            services.recorder.record(list(batch))
    rows = _multiplied(path)
    floor_wall, floor_cpu = _floor(path, options.folder / "floor.csv")
    return [_line(form, path, options.folder, rows, floor_wall, floor_cpu) for form in FORMATS]


def _line(form: str, path: Path, folder: Path, rows: int, floor_wall: float, floor_cpu: float) -> Line:
    target = folder / f"log.{form}"
    wall, cpu, peak = _measured(["export", str(target), "--database", f"sqlite:///{path}"], folder)
    size = target.stat().st_size / 2**20
    target.unlink()
    return Line(f"export of {rows:,} events as {form}, {size:.0f} MiB",
                f"{wall:.0f} s wall, {cpu:.0f} s CPU ({cpu / rows * 1e6:.0f} µs an event), {peak:.0f} MiB at most",
                f"read and written plainly: {floor_wall:.0f} s wall, {floor_cpu:.0f} s CPU", f"{cpu / floor_cpu:.1f} CPU",
                f"≤ {LIMIT_MIB} MiB", peak <= LIMIT_MIB, "the whole program, its start, dictionary and manifest included")


def _measured(arguments: list[str], folder: Path) -> tuple[float, float, float]:
    """(seconds of wall, of CPU, MiB of resident memory at the most) of a command of ours."""
    began = time.perf_counter()
    command = [sys.executable, str(_REPOSITORY / "app.py"), *arguments]
    starter = [sys.executable, "-S", "-c", _STARTER]
    done = subprocess.run([*starter, *command], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    cpu, peak = done.stdout.split()[-2:]
    return time.perf_counter() - began, float(cpu), float(peak)


def _multiplied(path: Path) -> int:
    """Every case again with a number of its own, until there are enough events."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    count = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
    cases = [row[1] for row in connection.execute("PRAGMA table_info(cases)") if row[1] not in ("case_id", "case_no")]
    names, own = ",".join(_COPIED), ",".join(cases)
    connection.execute("BEGIN")
    for copy in range(1, ROWS // count + 1):
        told = ",".join(f"case_no || '~{copy}'" if name == "case_no" else name for name in _COPIED)
        number = f"(case_id + {copy * 7919}) & 9223372036854775807"
        connection.execute(f"INSERT INTO journal (seq, event_id, case_id, source_event_id, {names}) "
                           f"SELECT seq + {copy * count}, randomblob(16), {number}, source_event_id || '~{copy}', {told} "
                           f"FROM journal WHERE seq <= {count}")
        connection.execute(f"INSERT INTO cases (case_id, case_no, {own}) SELECT {number}, case_no || '~{copy}', {own} "
                           "FROM cases WHERE instr(case_no, '~') = 0")
    rows = connection.execute("SELECT max(seq) FROM journal").fetchone()[0]
    connection.execute("UPDATE ledger SET journal_head = ?", (rows,))
    connection.execute("COMMIT")
    connection.close()
    return int(rows)


def _floor(path: Path, target: Path) -> tuple[float, float]:
    connection = sqlite3.connect(path)
    with stopwatch() as spent, target.open("w", encoding="utf-8", newline="") as file:
        cursor = connection.execute(
            f"SELECT j.seq, {','.join(f'j.{name}' for name in _COPIED)}, c.org, c.item, c.state, c.opened_at, c.closed_at "
            "FROM journal j JOIN cases c ON c.case_id = j.case_id ORDER BY j.case_id, j.seq")
        csv.writer(file).writerows(cursor)
    connection.close()
    target.unlink()
    return spent.wall, spent.cpu
