"""What staff read when a date lies in a year whose holidays are not published: words, never an error."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from config.calendars import load_calendars
from config.texts import load_texts
from core.instants import day_of, to_us
from core.limits import Granularity, Limit, Unit
from dashboard.pages.unit import time_left
from dashboard.panels.days_left import days_left
from dashboard.panels.hosted_effects import effects
from dashboard.words import Words
from tests.unit.cases.record import us

CN = load_calendars()["cn"]
T = Words("zh", load_texts()["zh"].tree)
NOW = to_us(datetime(2026, 12, 28, 2, 0, tzinfo=UTC))


def test_a_date_in_calendar_days_is_told_as_a_date():
    assert days_left("accepted", us("2027-01-08 00:00"), CN, NOW, T) == ("至 2027-01-07", "calm")
    assert days_left("accepted", us("2026-12-31 00:00"), CN, NOW, T)[0] == "还剩 2 个工作日"
    late = to_us(datetime(2027, 1, 5, 2, 0, tzinfo=UTC))
    assert days_left("accepted", us("2026-12-31 00:00"), CN, late, T)[0] == "至 2026-12-30"


def test_the_time_left_for_a_reply_goes_by_plain_weeks_as_its_date_does():
    services = SimpleNamespace(areas=SimpleNamespace(for_area=lambda _area: CN), clock=SimpleNamespace(now_us=lambda: NOW))
    card = SimpleNamespace(reply_due_at="2027-01-05T00:00:00+08:00", state="unack", area="360500")
    assert time_left(services, card) == (5, False)


def test_the_effect_of_an_acceptance_says_that_the_day_is_not_known_yet():
    assert accepted(20, Granularity.DAY, NOW) == "2027 年放假安排尚未公布，公布后确定到期日。"


@pytest.mark.parametrize(("granularity", "at", "day"), [
    (Granularity.INSTANT, "2026-03-16 08:00", "2026-03-27"), (Granularity.INSTANT, "2026-03-16 09:00", "2026-03-30"),
    (Granularity.INSTANT, "2026-03-16 18:00", "2026-03-30"), (Granularity.INSTANT, "2026-03-21 10:00", "2026-04-03"),
    (Granularity.DAY, "2026-03-16 08:00", "2026-03-30")])
def test_the_effect_of_an_acceptance_is_the_day_its_clock_will_end(granularity: Granularity, at: str, day: str):
    """Counted in office hours, an acceptance before they begin uses up its own day: it was told a day too late."""
    assert f"应于 {day} 前办结" in accepted(10, granularity, us(at))


@pytest.mark.parametrize(("at", "said"), [
    ("2026-03-27 17:00", "承诺期限由 2026-03-27 延至 2026-04-03（5 个工作日），并出具延期告知书。"),
    ("2026-03-30 00:00", "承诺期限已经届满，不能再批准延期，请不予批准")])
def test_the_effect_of_a_grant_is_none_once_the_limit_is_over(at: str, said: str):
    promised = SimpleNamespace(kind="promised", ended_at=None, unit="wd", due_day=day_of(date(2026, 3, 27)),
                               due_at=us("2026-03-28 00:00"))
    detail = SimpleNamespace(extension={"days": 5})
    assert effects("grant_extension", {}, detail, [promised], None, CN, us(at), T) == [said]


def accepted(days: int, granularity: Granularity, now_us: int) -> str:
    item = SimpleNamespace(promised=Limit(days, Unit.WORKING_DAY, granularity), details=SimpleNamespace(ceilings={}))
    return effects("accept", {}, SimpleNamespace(flow=None, parts=()), [], item, CN, now_us, T)[-1]
