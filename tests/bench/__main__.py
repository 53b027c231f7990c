"""`python -m tests.bench [name…]`: run benchmarks, print them, and write them into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    acts,
    approval,
    backtest,
    bulletin,
    comparison,
    deep_history,
    engines,
    exporting,
    figures,
    forecast_quality,
    foretelling,
    http,
    imports,
    ingest,
    millions,
    push,
    read,
    video,
    vision,
    wall,
)
from tests.bench.harness import Line, Options, hardware
from tests.bench.report import as_table, write_part

BENCHES: dict[str, Callable[[Options], list[Line]]] = {
    "ingest": ingest.run, "read": read.run, "http": http.run, "import": imports.run,
    "sweep": millions.run, "figures": figures.run, "comparison": comparison.run, "push": push.run, "acts": acts.run,
    "wall": wall.run, "backtest": backtest.run, "approval": approval.run, "engines": engines.run,
    "video": video.run, "vision": vision.run, "export": exporting.run, "history": deep_history.run,
    "bulletin": bulletin.run, "forecast": foretelling.run, "forecast-quality": forecast_quality.run}
ON_REQUEST = frozenset({"engines"})  # needs an environment of its own


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when a limit was missed."""
    given = _parser().parse_args(arguments)
    failed = False
    print(hardware(), flush=True)
    with tempfile.TemporaryDirectory(prefix="yangguang-bench-", dir=given.folder) as folder:
        options = Options(Path(folder), given.events, given.stores.split(","), _numbers(given.cases),
                          _numbers(given.clients), given.samples, given.minutes, _numbers(given.streams), given.seconds,
                          given.restarts)
        for name in given.names or [name for name in BENCHES if name not in ON_REQUEST]:
            print(f"\n== {name}", flush=True)
            lines = BENCHES[name](options)
            print(as_table(lines), flush=True)
            failed |= any(line.holds is False for line in lines)
            if not given.dry:
                write_part(name, lines)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--events", type=int, default=60_000, help="events fed (ingest, read, http, import)")
    parser.add_argument("--stores", default="sqlite,postgresql", help="databases (ingest, http, import, sweep)")
    parser.add_argument("--cases", default="1000000,10000000", help="open cases (sweep); the first is the size of backtest, "
                        "ten times the last that of history")
    parser.add_argument("--clients", default="100,200", help="connected clients, one of them Chromium (push)")
    parser.add_argument("--samples", type=int, default=100, help="events timed one by one (push)")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long the page is watched (wall); 60 for an hour")
    parser.add_argument("--streams", default="1,4,16", help="cameras read and shown at once (video)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each of them is measured (video)")
    parser.add_argument("--restarts", type=int, default=100, help="how often the camera is killed (video)")
    parser.add_argument("--folder", type=Path, help="where databases are made; 10 million cases take about 10 GB")
    parser.add_argument("--dry", action="store_true", help="only print, leave docs alone")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number.replace("_", "")) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
