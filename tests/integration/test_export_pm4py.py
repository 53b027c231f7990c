"""pm4py, an independent tool, reads our XES and finds what a plain loop over the source finds; it is a program of its own."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app import main

FOLDER = Path(__file__).resolve().parents[1] / "pm4py"
PYTHON = Path(os.environ.get("YANGGUANG_TEST_PM4PY", FOLDER.parents[1] / ".venv-pm4py")) / "bin" / "python"


def read_by_pm4py(path: Path) -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip("pm4py is not there: `make setup-test` makes .venv-pm4py where a package index is reached")
    done = subprocess.run([str(PYTHON), str(FOLDER / "read_log.py"), str(path)], capture_output=True, text=True, check=False,
                          timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_what_it_finds_is_what_the_source_says(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log receipt_wabo, imported, exported, read: every activity, every pair that follows, every state."""
    source = data_dir / "receipt_wabo" / "08_receipt.xes.gz"
    monkeypatch.chdir(tmp_path)
    database = ("--database", "sqlite:///a.db")
    assert main(["import", str(source), "--mapping", "receipt_wabo", *database]) == 0
    assert main(["export", "log.xes.gz", *database]) == 0
    found = read_by_pm4py(tmp_path / "log.xes.gz")

    traces = list(plain_traces(source))
    activities = Counter(name for trace in traces for name, _ in trace)
    assert found["events"] == sum(activities.values())
    assert found["cases"] == len(traces)
    assert found["activities"] == dict(activities)
    ended = sum(any(name == "concluded" for name, _ in trace) for trace in traces)
    assert found["states"]["concluded"] == ended
    pairs = Counter(pair for trace in traces for pair in ordered_pairs(trace))
    assert sum(count for _, _, count in found["follows"]) == sum(pairs.values())
    assert {(before, after): count for before, after, count in found["follows"]} == dict(pairs)


def plain_traces(path: Path) -> list[list[tuple[str, str]]]:
    """(activity, time) of every event, and of acceptance and conclusion as the mapping makes them of the case's own values."""
    with gzip.open(path) as stream:
        root = ElementTree.parse(stream).getroot()
    found = []
    for trace in (child for child in root if child.tag.endswith("trace")):
        case = {one.attrib["key"]: one.attrib["value"] for one in trace if "value" in one.attrib}
        events = [{one.attrib["key"]: one.attrib["value"] for one in event} for event in trace if event.tag.endswith("event")]
        told = [("accepted", case["startdate"]), *((one["concept:name"], one["time:timestamp"]) for one in events)]
        found.append([*told, *([("concluded", case["enddate"])] if "enddate" in case else [])])
    return found


def ordered_pairs(trace: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each activity with the one after it in time; equal times stay as the log has them."""
    names = [name for name, _ in sorted(trace, key=lambda one: one[1])]
    return list(pairwise(names))
