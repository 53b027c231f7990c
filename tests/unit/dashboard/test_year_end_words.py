"""What staff read when a date lies in a year whose holidays are not published: words, never an error."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from config.calendars import load_calendars
from config.texts import load_texts
from core.instants import to_us
from dashboard.pages.unit import time_left
from dashboard.panels.days_left import days_left
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
