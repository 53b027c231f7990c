"""The same five steps in two workflow engines (`make bench-peers`), beside our hosted cases in the same run.

The engines run in an environment of their own. They keep a state and, the one of them, an event; ours keeps the journal with
its chain, clocks, counters, numbered papers and who may do what.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from approval.bpmn import flow_as_bpmn
from approval.flow import flow_of
from tests.bench.approval import SIMPLE, measured
from tests.bench.harness import Line, Options, store
from tests.hosting import Hall

FOLDER = Path(__file__).parent / "peers"
PYTHON = Path(os.environ.get("YANGGUANG_BENCH_PEERS", ".venv-peers")) / "bin" / "python"
MISSING = "the engines are not installed: run `make bench-peers`"


def run(options: Options) -> list[Line]:
    """Ours once, then each engine; the ratio is ours to theirs in cases a second."""
    count = max(50, options.events // 600)
    if not PYTHON.exists():
        raise SystemExit(MISSING)
    with store("sqlite", options.folder) as (url, _):
        folder = options.folder / "engines"
        folder.mkdir()
        hall = Hall(folder, url)
        ours, _acts = measured(hall, count)
        item = hall.services.catalogue.items[SIMPLE]
    flow = options.folder / "five.bpmn"
    flow.write_bytes(flow_as_bpmn(flow_of(item), item.code, item.name))
    spiff = _told("spiff_run.py", str(flow), str(options.folder / "spiff.db"), str(count))
    viewflow = _told("viewflow_run.py", str(options.folder / "viewflow.db"), str(count))
    rate = count / ours.wall
    return [_line("SpiffWorkflow 3.2.0, JSON stored after every step", spiff, rate, count),
            _line("django-viewflow 2.4.0, one atomic block a step", viewflow, rate, count)]


def _line(name: str, told: dict[str, float], rate: float, count: int) -> Line:
    return Line(f"five steps beside {name}", f"{rate:.0f} cases/s, all that a hosted case keeps",
                f"{told['cases_s']:.0f} cases/s, {told['cpu_ms']:.1f} ms CPU a case",
                f"{rate / told['cases_s']:.2f} of its speed", "report the ratio", None,
                f"{count} cases, SQLite synchronous=FULL")


def _told(script: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run([str(PYTHON), str(FOLDER / script), *arguments], capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told
