"""What cannot be judged is said on the wall, in words, until it can be: never silence, and never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.centre import CommandCentre, accepted, settings_for, yellow
from tests.e2e.screens import Screens, figure, wait_for_card, wait_for_text

LATE_IN_THE_YEAR = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[CommandCentre]:
    """An installation of its own: alarms stand for all, and here each test wants none but its own."""
    with CommandCentre(settings_for(tmp_path)) as running:
        yield running


def until_alarm(page: Page, words: str) -> None:
    wait_for_text(page, ".foot-alarms.is-alarm .alarm-text", words)


def test_a_case_of_an_unknown_item_is_an_alarm_until_the_item_is_corrected(centre: CommandCentre, screens: Screens) -> None:
    wall = screens.wall(centre.address, centre.screen_token)
    wait_for_text(wall, ".foot-alarms:not(.is-alarm) .alarm-text", "运行正常")

    centre.post(accepted("A-1", "2026-03-02T10:00:00+08:00", item="no-such-item"))

    until_alarm(wall, "事项 no-such-item 不在目录中，有办件无法判定时限")
    wall.wait_for_function("() => document.querySelector('[data-figure=unjudgeable]').textContent === '1'")
    assert figure(wall, "open") == "1"

    centre.post(accepted("A-1", "2026-03-02T10:00:00+08:00", item=centre.item("fagai"), version=2))
    wait_for_text(wall, ".foot-alarms:not(.is-alarm) .alarm-text", "运行正常")
    wall.wait_for_function("() => document.querySelector('[data-figure=unjudgeable]').textContent === '0'")


def test_a_case_without_any_limit_is_an_alarm_and_the_case_page_says_why(centre: CommandCentre, screens: Screens) -> None:
    wall = screens.wall(centre.address, centre.screen_token)

    centre.post(accepted("A-2", "2026-03-02T10:00:00+08:00"))

    until_alarm(wall, "hall 未给出时限，有办件无法判定")
    page = screens.desk(centre.address, "zhou")
    page.goto(f"{centre.address}/case/360500/A-2")
    wait_for_text(page, ".clock-sentence", "无法判定")
    assert "不视为按期" in page.inner_text(".clock-sentence")


def test_a_limit_that_reaches_into_a_year_without_published_holidays_is_an_alarm_and_no_guess(
        centre: CommandCentre, screens: Screens) -> None:
    wall = screens.wall(centre.address, centre.screen_token)

    centre.set_clock(LATE_IN_THE_YEAR)
    centre.post(accepted("A-3", "2026-12-28T09:00:00+08:00", item=centre.item("fagai")))

    until_alarm(wall, "放假安排尚未公布（cn 2027），有办件无法计算时限")
    assert "calendar_not_published" not in wall.inner_text(".wall")


def test_alarms_take_turns_and_never_hide_a_card(centre: CommandCentre, screens: Screens) -> None:
    wall = screens.wall(centre.address, centre.screen_token)

    centre.post(accepted("A-4", "2026-03-02T10:00:00+08:00", item="first-unknown"),
                accepted("A-5", "2026-03-02T10:00:00+08:00", item="second-unknown"),
                yellow("A-6", item=centre.item("fagai")))

    wait_for_text(wall, ".alarm-place", "1 / 2")
    until_alarm(wall, "first-unknown")
    until_alarm(wall, "second-unknown")
    wait_for_card(wall, "yellow", "A-6")


def test_the_alarm_speaks_the_language_of_the_page_whatever_that_of_the_installation(tmp_path: Path, screens: Screens) -> None:
    with CommandCentre(settings_for(tmp_path / "english", display__language="en")) as english:
        wall = screens.wall(english.address, english.screen_token, lang="en", may_lose_link=True)
        english.post(accepted("A-7", "2026-03-02T10:00:00+08:00", item="no-such-item"))

        until_alarm(wall, "Item no-such-item is not in the catalogue")
        wall.goto(f"{english.address}/wall/?lang=zh")
        until_alarm(wall, "事项 no-such-item 不在目录中")


def test_a_failing_board_keeps_its_last_numbers_and_says_so(centre: CommandCentre, screens: Screens,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    centre.post(yellow("A-8", item=centre.item("fagai")))
    wall = screens.wall(centre.address, centre.screen_token)
    wait_for_card(wall, "yellow", "A-8")

    def broken(_now_us: int) -> None:
        raise RuntimeError("the database said no")
    monkeypatch.setattr(centre.services.case_queries, "board", broken)

    until_alarm(wall, "统计数字暂时无法更新")
    assert figure(wall, "yellow") == "1"
    monkeypatch.undo()
    wait_for_text(wall, ".foot-alarms:not(.is-alarm) .alarm-text", "运行正常")
