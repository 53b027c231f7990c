"""The forecast on two real logs, as anybody may run it: better than both baselines, near the truth where it says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app import main

LOGS = {"receipt_wabo": (("receipt_wabo/08_receipt.xes.gz",), "receipt_wabo", ("--every", "14")),
        "bpic15": (("bpic15_m1_m2/BPIC15_1.xes.gz", "bpic15_m1_m2/BPIC15_2.xes.gz"), "bpic15",
                   ("--every", "28", "--limit", "56cd"))}


def tried(name: str, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    files, mapping, options = LOGS[name]
    database = ("--database", "sqlite:///log.db")
    for file in files:
        assert main(["import", str(data_dir / file), "--mapping", mapping, *database]) == 0
    capsys.readouterr()
    assert main(["forecast", "backtest", *options, "--format", "json", *database]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("name", LOGS)
def test_it_is_better_than_both_baselines(name: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    report = tried(name, data_dir, capsys)

    assert report["cases"] > 900
    assert report["brier"] < report["brier_rule"] < report["brier_base"]
    assert report["over_base"]["low"] > 0
    # Where a quarter or more of the cases stand, what was said and what happened differ by less than ten points.
    assert all(abs(one["mean"] - one["overran"] / one["n"]) < 0.1 for one in report["curve"] if one["n"] > report["trials"] / 4)


def test_commands_train_and_show(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    """A log of ten years ago is too old to learn from: said, and nothing foretold."""
    monkeypatch.chdir(tmp_path)
    database = ("--database", "sqlite:///log.db")
    assert main(["import", str(data_dir / "receipt_wabo/08_receipt.xes.gz"), "--mapping", "receipt_wabo", *database]) == 0
    assert main(["forecast", "train", *database]) == 0
    assert "nothing could be scored" in capsys.readouterr().out
    assert main(["forecast", "show", "--format", "json", *database]) == 0
    assert [] == json.loads(capsys.readouterr().out)["cases"]
    assert main(["forecast", "backtest", "--area", "nowhere", *database]) == 1
    assert "nowhere" in capsys.readouterr().err
