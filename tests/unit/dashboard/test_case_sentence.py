"""On the last day of a limit that is judged to the second, the time of day decides, and the sentence says so."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from config.texts import load_texts
from core.instants import MINUTE_US, day_of, to_us
from dashboard.panels import case_sentence
from dashboard.words import Words

DUE = to_us(datetime(2026, 4, 22, 3, 33, tzinfo=UTC))  # 11:33 in Shanghai
TEXTS = load_texts()


def clock(**changes: Any) -> Any:
    """A clock of ten working days, all of them used, that runs; `changes` says otherwise."""
    values = {"reason": "", "started_at": DUE - 14 * 24 * 60 * MINUTE_US, "utc_offset": 480, "granularity": "instant",
              "limit_text": "10wd", "unit": "wd", "amount": 10, "used": 10, "due_at": DUE, "ended_at": None, "days": [],
              "days_more": 0, "due_day": day_of(datetime(2026, 4, 22, tzinfo=UTC).date()), "condition": "running"}
    return SimpleNamespace(**{**values, **changes})


def said(one: Any, as_of: int, language: str = "zh") -> str:
    return case_sentence.sentence(one, as_of, Words(language, TEXTS[language].tree))


@pytest.mark.parametrize(("minutes", "words"), [
    (-65, "今天 11:33 到期，还剩 1 小时 5 分"), (0, "今天 11:33 到期，还剩 1 分"),
    (12, "今天 11:33 已到期，已超 12 分"), (200, "今天 11:33 已到期，已超 3 小时 20 分")])
def test_an_open_case_is_told_how_long_it_has_or_how_late_it_is(minutes: int, words: str) -> None:
    assert words in said(clock(), DUE + minutes * MINUTE_US)


@pytest.mark.parametrize(("minutes", "words"), [
    (-30, "早于当日 11:33 的到期时刻 30 分，按期"), (30, "晚于当日 11:33 的到期时刻 30 分，超期")])
def test_a_case_that_ended_on_its_last_day_is_told_on_which_side_of_the_due_time(minutes: int, words: str) -> None:
    assert words in said(clock(ended_at=DUE + minutes * MINUTE_US), DUE + 10**12)


def test_a_limit_judged_by_day_is_in_time_to_the_end_of_the_day() -> None:
    assert "当日办结，按期" in said(clock(ended_at=DUE + 60 * MINUTE_US, granularity="day"), DUE + 10**12)


def test_a_due_time_the_source_states_is_judged_to_the_minute_too() -> None:
    assert "已超 5 分" in said(clock(limit_text="due"), DUE + 5 * MINUTE_US)
    assert "late." in said(clock(limit_text="due"), DUE + 5 * MINUTE_US, "en")


def test_a_clock_that_was_stopped_when_it_was_late_already_is_late() -> None:
    assert "目前停表，已用 21 天，已超 11 天" in said(clock(condition="stopped", used=21), DUE + 10**12)
    assert "目前停表，已用 4 天，还剩 6 天" in said(clock(condition="stopped", used=4), DUE - 10**12)


@pytest.mark.parametrize(("hours", "words"), [(-2, "到 2026-04-22 11:33 为止，还剩 2 小时 0 分"),
                                              (75, "已过 2026-04-22 11:33 的到期时刻 3 天 3 小时")])
def test_days_used_are_not_counted_against_a_limit_in_working_hours(hours: int, words: str) -> None:
    late = said(clock(limit_text="8wh", unit="wh", amount=8, used=4), DUE + hours * 60 * MINUTE_US)
    assert words in late
    assert "已用" not in late


def test_a_case_that_ended_after_its_working_hours_was_late() -> None:
    ended = clock(limit_text="8wh", unit="wh", amount=8, used=2, ended_at=DUE + 30 * MINUTE_US)
    assert "晚于 2026-04-22 11:33 的到期时刻 30 分，超期" in said(ended, DUE + 10**12)
    assert "目前停表" in said(clock(limit_text="8wh", unit="wh", amount=8, due_at=None, due_day=None), DUE)
