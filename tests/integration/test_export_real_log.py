"""A real log (receipt_wabo) exported: pm4py, a program of its own, finds in the XES what a plain loop over the source finds;
read back it gives the same heat map and the same numbers."""

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

FILES = ("log.xes.gz", "log.csv")
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


@pytest.fixture(scope="module")
def source(data_dir: Path) -> Path:
    return data_dir / "receipt_wabo" / "08_receipt.xes.gz"


@pytest.fixture(scope="module")
def exported(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the record, and its export as XES and CSV."""
    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        database = ("--database", "sqlite:///a.db")
        assert main(["import", str(source), "--mapping", "receipt_wabo", *database]) == 0
        for name in FILES:
            assert main(["export", name, *database]) == 0
    return folder


def test_pm4py_finds_what_the_source_says(source: Path, exported: Path) -> None:
    """Every activity, every pair that follows, every state."""
    found = read_by_pm4py(exported / "log.xes.gz")

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


@pytest.mark.parametrize("name", FILES)
def test_read_back_it_gives_the_same_heat_map_and_numbers(exported: Path, name: str, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    again, before = "sqlite:///b.db", f"sqlite:///{exported / 'a.db'}"
    log = exported / name
    areas = ("--areas", f"{log}.manifest.json")
    assert main(["import", str(log), "--mapping", "yangguang_export", *areas, "--database", again]) == 0
    capsys.readouterr()
    for report in (("heatmap", "--from", "2010-10-01", "--to", "2012-02-01", "--step", "week"),
                   ("stats", "--as-of", "2011-12-31")):
        told = []
        for database in (before, again):
            assert main([*report, "--limit", "own", "--calendar", "mf", "--database", database]) == 0
            told.append(capsys.readouterr().out)
        assert told[0] == told[1]
        assert len(told[0].splitlines()) > 5


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
