"""backtest: formats that others read, and what is refused."""

from __future__ import annotations

import csv
import json
from io import StringIO


def test_the_back_test_tells_as_json_what_another_ladder_changes(on_loaded):
    done = on_loaded("backtest", "--preset", "chengdu", "--from", "2018-10-01", "--to", "2018-11-15", "--format", "json")
    told = json.loads(done.out)
    assert (done.code, told["cases"]) == (0, 5)
    assert set(told["levels"]) == {"warning", "yellow", "red"}
    assert sum(told["changes"].values()) >= sum(told["levels"].values()) > 0
    departments = told["departments"].values()
    assert told["levels"] == {level: sum(one["cards"][level] for one in departments) for level in told["levels"]}


def test_the_back_test_as_csv_lists_the_cards_and_neutralises_formulas(on_loaded):
    done = on_loaded("backtest", "--preset", "kechuang", "--alone", "--from", "2018-10-01", "--to", "2018-11-15")
    rows = list(csv.DictReader(StringIO(done.out)))
    assert rows
    assert {row["change"] for row in rows} == {"same"}
    assert {row["rule_version"] for row in rows} == {"kechuang@2018.1"}
    assert all(not row["department"].startswith("=") for row in rows)


def test_an_unknown_preset_or_a_range_backwards_is_refused(on_loaded):
    assert on_loaded("backtest", "--preset", "moon", "--from", "2018-10-01", "--to", "2018-10-02").code == 1
    done = on_loaded("backtest", "--preset", "yulin", "--from", "2018-10-02", "--to", "2018-10-01")
    assert (done.code, "range_backwards" in done.err) == (1, True)
