"""heatmap, stats and explain: formats that others read, numbers counted by hand."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest


def test_the_heat_map_is_csv_with_a_column_per_date_and_a_row_per_department(on_loaded):
    done = on_loaded("heatmap", "--from", "2018-10-01", "--to", "2018-11-15", "--limit", "own", "--calendar", "cn",
                     "--step", "month", "--format", "csv")
    assert (done.code, done.out) == (0, "department,2018-10-31,2018-11-15\n'=Formula,1,1\nLand,0,0\nWater,1,1\n")


@pytest.mark.parametrize(("limit", "net", "land"), [
    ("own", (), [0, 0, 1]), ("5wd", (), [2, 1, 1]), ("5wd", ("--net",), [1, 0, 1]), ("7cd", ("--net",), [1, 0, 1])])
def test_the_heat_map_counts_what_was_open_and_overdue_at_the_end_of_each_day(on_loaded, limit, net, land):
    done = on_loaded("heatmap", "--from", "2018-10-23", "--to", "2018-10-25", "--step", "day", "--limit", limit,
                     "--calendar", "mf", *net, "--format", "json")
    assert list(json.loads(done.out)["Land"]) == ["2018-10-23", "2018-10-24", "2018-10-25"]
    assert list(json.loads(done.out)["Land"].values()) == land


def test_the_statistics_are_json_with_all_and_departments(on_loaded):
    done = on_loaded("stats", "--as-of", "2018-10-31", "--limit", "7wd", "--calendar", "cn", "--format", "json")
    told = json.loads(done.out)
    assert (told["as_of"], told["limit"], told["calendar"], told["net"]) == ("2018-10-31", "7wd", "cn", False)
    assert sorted(told["departments"]) == ["=Formula", "Land", "Water"]
    figures = {name: told["all"][name] for name in (
        "cases", "closed", "open", "closed_early", "closed_on_due_day", "closed_late", "open_overdue", "early_rate",
        "ontime_rate", "median_duration", "p90_duration")}
    assert figures == {"cases": 5, "closed": 3, "open": 2, "closed_early": 1, "closed_on_due_day": 1, "closed_late": 1,
                       "open_overdue": 2, "early_rate": 0.333333, "ontime_rate": 0.666667, "median_duration": 7.0,
                       "p90_duration": 8.6}
    assert told["departments"]["Water"]["ontime_rate"] is None, "nothing closed is no rate, never 0 % or 100 %"


def test_the_statistics_of_an_earlier_day_know_nothing_of_what_came_after(on_loaded):
    told = json.loads(on_loaded("stats", "--as-of", "2018-10-15", "--limit", "own", "--calendar", "cn").out)["all"]
    assert (told["cases"], told["open"], told["closed"], told["open_overdue"]) == (4, 4, 0, 0)


def test_the_statistics_as_csv_neutralise_what_a_spreadsheet_would_run(on_loaded):
    done = on_loaded("stats", "--as-of", "2018-10-31", "--limit", "own", "--net", "--calendar", "mf", "--format", "csv")
    rows = list(csv.DictReader(StringIO(done.out)))
    assert [row["department"] for row in rows] == ["(all)", "'=Formula", "Land", "Water"]
    assert (rows[2]["closed_on_due_day"], rows[2]["closed_late"], rows[1]["early_rate"]) == ("2", "0", "")


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("--as-of", "2018-13-31", "--limit", "own"), "date_unreadable", ("--as-of", "2018-13-31")),
    (("--as-of", "2018-10-31", "--limit", "soon"), "limit_unreadable", ("soon", "20wd")),
    (("--as-of", "2018-10-31", "--limit", "own", "--calendar", "moon"), "calendar_unknown", ("moon", "cn, mf"))])
def test_a_question_that_cannot_be_answered_is_refused_with_its_reason(on_loaded, arguments, code, words):
    done = on_loaded("stats", *arguments)
    assert (done.code, done.out) == (1, "")
    assert all(word in done.err for word in (code, *words))


def test_a_range_that_runs_backwards_is_refused(on_loaded):
    done = on_loaded("heatmap", "--from", "2018-11-01", "--to", "2018-10-01", "--limit", "own")
    assert (done.code, done.out) == (1, "")
    assert "range_backwards" in done.err


def test_a_case_is_explained_day_by_day_in_chinese(on_loaded):
    done = on_loaded("explain", "3")
    assert done.code == 0
    first, *lines = done.out.splitlines()
    assert first.split()[:2] == ["360500/3", "Land"]
    assert "已办结" in first
    own = lines[:lines.index("", 1)]
    assert "[×] warning: 2018-10-24T00:00:00+08:00" in own[2]
    assert "[ ] red: 2018-10-27T00:00:00+08:00" in own[3]
    days = {line.split()[0]: line.split()[1:] for line in own[4:]}
    assert days["2018-10-15"] == ["-", "opening"]
    assert days["2018-10-18"] == ["-", "suspended"]
    assert days["2018-10-26"] == ["9", "working", "←", "due"]


def test_a_case_is_explained_as_json_for_programs(on_loaded):
    told = json.loads(on_loaded("explain", "3", "--format", "json").out)
    assert (told["case_no"], told["area"], told["state"], told["light"], told["other_areas"]) == (
        "3", "360500", "concluded", "none", [])
    own = next(clock for clock in told["clocks"] if clock["kind"] == "own")
    assert (own["due_day"], own["ended_at"], own["used"]) == ("2018-10-26", "2018-10-26T10:00:00+08:00", 9)
    assert [day["date"] for day in own["days"] if day["kind"] == "suspended"] == ["2018-10-18", "2018-10-19"]


def test_a_case_nobody_knows_is_said_to_be_unknown(on_loaded):
    done = on_loaded("explain", "99")
    assert (done.code, done.out) == (1, "")
    assert "case_not_found" in done.err
    assert "99" in done.err
