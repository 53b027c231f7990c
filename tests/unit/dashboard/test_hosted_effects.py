"""What the form says of the clocks before an act is what they show after it, in every unit a limit can have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.texts import load_texts
from core.instants import from_us, written_due
from core.limits import Granularity
from dashboard.panels.hosted_case import effect
from dashboard.words import Words
from tests.editing import content_of, published
from tests.hosting import HALL, HANDLER, HEAD, SHANGHAI, Hall

T = Words("zh", load_texts()["zh"].tree)
LIMITS = [("10wd", "day"), ("10wd", "instant"), ("30cd", "day"), ("30cd", "instant"), ("2mo", "day"), ("2mo", "instant")]
HOURS = ("16wh", None)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def with_limit(hall: Hall, promised: str, granularity: str | None) -> None:
    """The item promises that, and its steps nothing of their own."""
    content = content_of(hall)
    steps = [{**step, "limit": None} for step in content["steps"]]
    published(hall, {**content, "promised": promised, "statutory": None, "granularity": granularity, "steps": steps})


def said(hall: Hall, case_no: str, act: str, **values: Any) -> str:
    return "".join(part.children for part in effect(hall.services, HALL, case_no, act, values, T))


def due(hall: Hall, case_no: str) -> str:
    """The end of the promise as people write it."""
    clock = hall.clocks(case_no)["promised"]
    at = from_us(clock.due_at).astimezone(SHANGHAI)
    if clock.granularity == Granularity.INSTANT:
        return written_due(at)
    return written_due(at).removesuffix(" 24:00")


def under_way(hall: Hall) -> str:
    case_no = hall.accepted()
    hall.later(days=1)
    return case_no


@pytest.mark.parametrize("limit", [*LIMITS, HOURS])
def test_an_acceptance_tells_the_day_its_clock_will_end(hall: Hall, limit: tuple[str, str | None]):
    with_limit(hall, *limit)
    case_no = hall.file()
    told = said(hall, case_no, "accept")
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    assert f"应于 {due(hall, case_no)} 前办结" in told


@pytest.mark.parametrize(("hour", "last"), [(8, "2026-03-27 17:30"), (9, "2026-03-30 09:00"), (18, "2026-03-30 17:30")])
def test_an_acceptance_before_the_office_opens_uses_its_own_day(hall: Hall, hour: int, last: str):
    hall.on(16, hour)
    assert f"应于 {last} 前办结" in said(hall, hall.file(), "accept")


@pytest.mark.parametrize(("item", "day", "last"), [("sifa-81", 18, "2026-05-06"), ("fagai-82", 16, "2026-05-18")])
def test_months_and_days_of_rest_are_told_as_they_count(hall: Hall, item: str, day: int, last: str):
    """45 days end on a holiday, two months on a Saturday: both end with the next working day."""
    hall.on(day)
    case_no = hall.file(item)
    told = said(hall, case_no, "accept")
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    assert (f"应于 {last} 前办结" in told, due(hall, case_no)) == (True, last)


def test_a_year_whose_holidays_are_not_known_is_named_instead(hall: Hall):
    hall.on(28, month=12)
    assert "2027 年放假安排尚未公布" in said(hall, hall.file(), "accept")


@pytest.mark.parametrize("limit", LIMITS)
def test_an_extension_tells_the_day_it_will_move_the_end_to(hall: Hall, limit: tuple[str, str]):
    with_limit(hall, *limit)
    case_no = under_way(hall)
    old, asked = due(hall, case_no), said(hall, case_no, "ask_extension", days=5)
    hall.approval.handling.ask_extension(case_no, hall.rev(case_no), 5, "需要补充论证", HANDLER)
    granted = said(hall, case_no, "grant_extension")
    hall.approval.handling.decide_extension(case_no, hall.rev(case_no), True, "同意", HEAD)
    move = f"由 {old} 延至 {due(hall, case_no)}（5 {'个工作日' if 'wd' in limit[0] else '日'}）"
    assert (move in asked, move in granted) == (True, True), (move, asked, granted)


def test_a_limit_in_hours_is_not_extended_and_that_is_said(hall: Hall):
    with_limit(hall, *HOURS)
    case_no = hall.accepted()
    assert "延期不改变本件的承诺期限" in said(hall, case_no, "ask_extension", days=5)


def test_once_the_limit_is_over_a_grant_has_no_effect_but_its_refusal(hall: Hall):
    case_no = under_way(hall)
    hall.approval.handling.ask_extension(case_no, hall.rev(case_no), 5, "需要补充论证", HANDLER)
    hall.later(days=30)
    assert said(hall, case_no, "grant_extension") == "承诺期限已经届满，不能再批准延期，请不予批准"


def test_who_begins_another_special_procedure_reads_how_many_there_were(hall: Hall):
    case_no = hall.accepted()
    assert "已启用过" not in said(hall, case_no, "start_special", kind="testing", days=3)
    hall.approval.handling.start_special(case_no, hall.rev(case_no), "testing", 20, "现场检测", HANDLER)
    hall.approval.handling.end_special(case_no, hall.rev(case_no), "检测合格", HANDLER)
    assert "已启用过 1 次特别程序，共批准 20 个工作日" in said(hall, case_no, "start_special", kind="testing", days=20)


@pytest.mark.parametrize("limit", [*LIMITS, HOURS])
def test_a_special_procedure_tells_the_end_it_leads_to(hall: Hall, limit: tuple[str, str | None]):
    with_limit(hall, *limit)
    case_no = hall.accepted()
    told = said(hall, case_no, "start_special", kind="testing", days=3)
    hall.approval.handling.start_special(case_no, hall.rev(case_no), "testing", 3, "现场检测", HANDLER)
    assert f"承诺期限顺延至 {due(hall, case_no)}" in told
    hall.later(days=1)
    told = said(hall, case_no, "end_special")
    hall.approval.handling.end_special(case_no, hall.rev(case_no), "检测合格", HANDLER)
    assert f"承诺期限为 {due(hall, case_no)}" in told
