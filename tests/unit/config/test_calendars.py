"""The calendars as data: the State Council's days, and what happens where they are not known."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from config.calendars import load_calendars
from core.errors import ConfigError
from core.instants import day_of
from core.working_calendar import CalendarNotPublished

BODY = """
id: test
version: "1"
name: {{zh: 试, en: test}}
timezone: Asia/Shanghai
office_hours: ["08:30-12:00", "14:00-17:30"]
years:
  2024:
    published: true
    source: [https://example.gov.cn/notice]
    off:
      元旦: [{off}]
    work:
      元旦: [{work}]
"""


def _calendar_file(folder: Path, off: str = "01-01", work: str = "01-06") -> Path:
    path = folder / "test.yaml"
    path.write_text(BODY.format(off=off, work=work), encoding="utf-8")
    return path


def test_the_chinese_calendar_agrees_with_the_published_notices_on_every_day(data_dir: Path) -> None:
    calendar = load_calendars()["cn"]
    stated = {}
    for path in sorted((data_dir / "holiday_cn").glob("2*.json")):
        stated |= {date.fromisoformat(day["date"]): day for day in json.loads(path.read_text("utf-8"))["days"]}
    day, last, wrong = date(2007, 1, 1), date(2026, 12, 31), []
    while day <= last:
        expected = not stated[day]["isOffDay"] if day in stated else day.weekday() < 5
        if calendar.is_working(day_of(day)) is not expected:
            wrong.append(day)
        day += timedelta(days=1)
    assert wrong == []


def test_a_named_day_says_its_name_and_kind() -> None:
    calendar = load_calendars()["cn"]
    make_up, holiday = calendar.status(day_of(date(2026, 10, 10))), calendar.status(day_of(date(2026, 10, 1)))
    assert (make_up.counted, make_up.kind, make_up.name) == (True, "make_up", "国庆节")
    assert (holiday.counted, holiday.kind, holiday.name) == (False, "holiday", "国庆节")


def test_the_year_without_a_notice_is_not_taken_for_a_year_without_holidays() -> None:
    with pytest.raises(CalendarNotPublished) as refusal:
        load_calendars()["cn"].is_working(day_of(date(2027, 1, 4)))
    assert refusal.value.year == 2027


def test_a_deadline_that_reaches_into_an_unpublished_year_is_refused() -> None:
    with pytest.raises(CalendarNotPublished):
        load_calendars()["cn"].add_working_days(day_of(date(2026, 12, 25)), 10)


def test_monday_to_friday_knows_every_year_and_no_holiday() -> None:
    calendar = load_calendars()["mf"]
    assert calendar.is_working(day_of(date(2024, 10, 1)))
    assert not calendar.is_working(day_of(date(2031, 1, 4)))


def test_both_calendars_work_seven_hours_a_day() -> None:
    assert {calendar.day_us for calendar in load_calendars().values()} == {7 * 3600 * 1_000_000}


def test_a_span_may_reach_into_a_neighbouring_year(tmp_path: Path) -> None:
    _calendar_file(tmp_path, off="2023-12-30..2024-01-01")
    assert not load_calendars(tmp_path)["test"].is_working(day_of(date(2024, 1, 1)))


@pytest.mark.parametrize(("off", "work", "problem"), [
    ("13-01", "01-06", "month must be in 1..12"),
    ("01-03..01-01", "01-06", "the last day is before the first"),
    ("01-01..01-06", "01-06", "2024-01-06 is both a day off and a working day"),
])
def test_a_mistake_is_refused_with_its_file_line_and_remedy(tmp_path: Path, off: str, work: str, problem: str) -> None:
    path = _calendar_file(tmp_path, off, work)
    with pytest.raises(ConfigError) as refusal:
        load_calendars(tmp_path)
    details = refusal.value.details
    assert problem in details["problem"]
    assert details["file"] == str(path)
    assert details["line"] in (12, 13, 14)
    assert details["remedy"]


def test_a_published_year_names_its_source(tmp_path: Path) -> None:
    path = _calendar_file(tmp_path)
    path.write_text(path.read_text("utf-8").replace("source: [https://example.gov.cn/notice]", "source: []"), "utf-8")
    with pytest.raises(ConfigError, match="no source"):
        load_calendars(tmp_path)
