"""heatmap, stats and explain: formats that others read, numbers counted by hand."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from app import main
from tests.unit.commands.conftest import LOG


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


def test_the_explanation_says_in_which_other_area_the_number_is_a_case_too(on_empty):
    Path("log.csv").write_text(LOG, encoding="utf-8")
    Path("permits.csv").write_text("case_id,startdate\n3,2018-10-15T10:00:00+02:00\n", encoding="utf-8")
    assert on_empty("import", "log.csv", "--mapping", "yangguang_csv").code == 0
    assert on_empty("import", "permits.csv", "--mapping", "receipt_wabo").code == 0
    first, second, *_clocks = on_empty("explain", "3", "--area", "360500").out.splitlines()
    assert first.startswith("360500/3")
    assert second == "同一编号的办件另见区域：receipt_wabo（用 --area 指定）"
    assert "另见区域：360500" in on_empty("explain", "3", "--area", "receipt_wabo").out
    assert "另见" not in on_empty("explain", "4").out


# The calendar cn knows no year before 2007. Case 4 has no acceptance.
BEFORE_THE_CALENDAR = """\
case_no,org,kind,at,id
1,Land,accepted,2006-11-01 10:00,1a
1,Land,concluded,2006-11-10 10:00,1b
2,Land,accepted,2006-12-20 10:00,2a
2,Land,concluded,2007-03-01 10:00,2b
3,Water,accepted,2007-03-01 10:00,3a
3,Water,concluded,2007-03-09 10:00,3b
4,Water,step,2007-03-02 10:00,4a
"""


@pytest.fixture(scope="module")
def early(quick_start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("early")
    (folder / "log.csv").write_text(BEFORE_THE_CALENDAR, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["import", "log.csv", "--mapping", "yangguang_csv", "--database", "sqlite:///record.db"]) == 0
    return folder


@pytest.fixture
def on_early(early, run, monkeypatch):
    monkeypatch.chdir(early)
    return run


def test_cases_of_years_the_calendar_does_not_know_are_counted_not_judged_and_named(on_early):
    done = on_early("stats", "--as-of", "2007-12-31", "--limit", "5wd", "--calendar", "cn")
    everything, departments = json.loads(done.out)["all"], json.loads(done.out)["departments"]
    names = ("cases", "closed", "open", "closed_early", "closed_on_due_day", "closed_late", "open_overdue", "without_limit",
             "unjudgeable", "early_rate", "ontime_rate", "median_working_days", "median_calendar_days")
    assert [everything[name] for name in names] == [3, 3, 0, 0, 0, 1, 0, 0, 2, 0.0, 0.0, None, 9]
    assert [departments["Land"][name] for name in names] == [2, 2, 0, 0, 0, 0, 0, 0, 2, None, None, None, 40]
    assert [departments["Water"][name] for name in names] == [1, 1, 0, 0, 0, 1, 0, 0, 0, 0.0, 0.0, 6, 8]
    assert done.code == 0
    assert all(word in done.err for word in ("cases_unjudgeable: 2 ", "cn", "2007", "360500/1, 360500/2"))


def test_a_limit_in_calendar_days_needs_no_calendar(on_early):
    asked = ("--from", "2006-11-01", "--to", "2007-03-31", "--limit", "10cd", "--calendar")
    done = on_early("heatmap", *asked, "cn")
    assert done.out == on_early("heatmap", *asked, "mf").out
    assert [line.split(",")[1:] for line in done.out.splitlines()[1:]] == [["0", "1", "1", "1", "0"], ["0"] * 5]
    assert (done.code, "unjudgeable" in done.err) == (0, False)
    figures = json.loads(on_early("stats", "--as-of", "2007-12-31", "--limit", "10cd", "--calendar", "cn").out)["all"]
    assert (figures["unjudgeable"], figures["closed_early"], figures["closed_late"]) == (0, 2, 1)
    assert (figures["median_duration"], figures["median_working_days"]) == (9, None)


def test_the_heat_map_leaves_out_what_it_cannot_judge_and_says_so(on_early):
    done = on_early("heatmap", "--from", "2007-03-01", "--to", "2007-03-31", "--step", "week", "--limit", "5wd", "--calendar",
                    "cn")
    assert done.out.splitlines() == ["department,2007-03-04,2007-03-11,2007-03-18,2007-03-25,2007-03-31",
                                     "Land,0,0,0,0,0", "Water,0,0,0,0,0"]
    assert done.code == 0
    assert "cases_unjudgeable: 2 " in done.err
    assert "cases_unopened: 1 " in done.err


def test_a_report_that_judges_nothing_still_comes_out_and_fails(on_early):
    done = on_early("stats", "--as-of", "2006-12-31", "--limit", "5wd", "--calendar", "cn")
    assert (done.code, json.loads(done.out)["all"]["unjudgeable"]) == (1, 2)
    assert "cases_unjudgeable: 2 " in done.err
    assert "cases_unopened" not in done.err, "its only event comes later"


def test_a_limit_of_no_days_ends_on_the_opening_day(on_early):
    done = on_early("heatmap", "--from", "2007-02-28", "--to", "2007-03-10", "--step", "day", "--limit", "0wd", "--calendar",
                    "mf")
    assert done.out.splitlines()[2] == "Water,0,0,1,1,1,1,1,1,1,0,0"
    assert done.out.splitlines()[1] == "Land,1,0,0,0,0,0,0,0,0,0,0"


def test_steps_of_weeks_and_months_show_the_last_day_of_the_range_as_well(on_early):
    def columns(step, last):
        return on_early("heatmap", "--from", "2007-03-01", "--to", last, "--limit", "10cd", "--step", step).out.split("\n")[0]

    assert columns("week", "2007-03-13") == "department,2007-03-04,2007-03-11,2007-03-13"
    assert columns("week", "2007-03-11") == "department,2007-03-04,2007-03-11"
    assert columns("month", "2007-04-02") == "department,2007-03-31,2007-04-02"
    assert columns("day", "2007-03-02") == "department,2007-03-01,2007-03-02"
