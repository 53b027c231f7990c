"""How good the forecast is on two real logs, by the very commands anybody may run: import, then a back-test of every fortnight.

Its floors are the two baselines that learn from the same past: the base rate, and the rule of days left. The logs are those of
$YANGGUANG_DATA (else ../shared/data), which are not part of the repository; docs/forecast.md names them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.harness import Line, Options

REPOSITORY = Path(__file__).resolve().parents[2]
EVERY_DAYS = 14


@dataclass(frozen=True, slots=True)
class Log:
    """Files below the data folder, how they are mapped, and the limit cases are judged by, in words and as an option."""

    name: str
    files: Sequence[str]
    mapping: str
    limit: str
    options: Sequence[str] = ()


LOGS = (Log("receipt_wabo", ("receipt_wabo/08_receipt.xes.gz",), "receipt_wabo", "promised limit"),
        Log("bpic15, municipalities 1 and 2", ("bpic15_m1_m2/BPIC15_1.xes.gz", "bpic15_m1_m2/BPIC15_2.xes.gz"), "bpic15",
            "56 calendar days, net of stops", ("--limit", "56cd")))


def run(options: Options) -> list[Line]:
    """A line for each log."""
    data = Path(os.environ.get("YANGGUANG_DATA") or REPOSITORY.parent / "shared" / "data")
    if not data.is_dir():
        raise RuntimeError(f"no real case logs: {data} does not exist; set YANGGUANG_DATA")
    return [line_of(log, _tried(log, data, options.folder / f"log-{place}")) for place, log in enumerate(LOGS)]


def line_of(log: Log, report: dict[str, Any]) -> Line:
    """The Brier score of ours beside those of both baselines; it holds when it is the lowest."""
    ours, base, rule = report["brier"], report["brier_base"], report["brier_rule"]
    share = f"{report['overran'] / report['trials']:.0%}"
    return Line(f"{log.name}: {log.limit}", f"Brier {ours:.4f}", f"base rate {base:.4f}; days left {rule:.4f}",
                f"{ours / base:.2f}; {ours / rule:.2f}", "< 1; < 1", ours < min(base, rule),
                f"{report['trials']:,} forecasts of {report['cases']:,} cases, {share} overran; "
                f"gain over the base rate {_gain(report['over_base'])}, over the days left {_gain(report['over_rule'])}; every "
                f"{EVERY_DAYS} days from {report['first']} to {report['last']}")


def _gain(gain: dict[str, float]) -> str:
    """With its 95 % interval."""
    return f"{gain['value']:.4f} [{gain['low']:.4f}, {gain['high']:.4f}]"


def _tried(log: Log, data: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    database = ("--database", f"sqlite:///{folder / 'log.db'}")
    for file in log.files:
        _app(folder, "import", str(data / file), "--mapping", log.mapping, *database)
    told: dict[str, Any] = json.loads(_app(folder, "forecast", "backtest", "--every", str(EVERY_DAYS), *log.options, "--format",
                                           "json", *database))
    return told


def _app(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, str(REPOSITORY / "app.py"), *arguments], cwd=folder, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"app.py {' '.join(arguments)}: {done.stderr[-500:]}")
    return done.stdout
