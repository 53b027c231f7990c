"""The cable to the wall is pulled: it says so, keeps what it shows, and afterwards is exactly what it would be without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.cable import Cable
from tests.e2e.centre import MONDAY, CommandCentre, red, settings_for, yellow
from tests.e2e.loss import assert_as_fresh, columns, live_a_morning, until_level_with, until_silent_for, wall_behind
from tests.e2e.screens import Screens, believed, wait_for_card, wait_for_text, wall_cards

LOSS_S = 6.0
IMPATIENT = {"server__heartbeat_s": 0.5, "server__stale_after_s": 1.5, "server__ping_interval_s": 1.0,
             "server__ping_timeout_s": 1.0}


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[CommandCentre]:
    """Heartbeats ten times as often as in life, so that six seconds are a long loss."""
    with CommandCentre(settings_for(tmp_path, **IMPATIENT)) as running:
        yield running


@pytest.fixture
def cable(centre: CommandCentre) -> Iterator[Cable]:
    with Cable(centre.port) as line:
        yield line


def test_a_loss_is_said_nothing_is_cleared_and_afterwards_the_wall_is_as_a_fresh_one(
        centre: CommandCentre, cable: Cable, screens: Screens) -> None:
    live_a_morning(centre, "L")
    page, heard = wall_behind(cable, centre, screens)
    wait_for_card(page, "yellow", "L-3")
    before = columns(page)

    cable.cut()
    live_a_morning(centre, "M")
    centre.post(red("L-3", org="wenlv", item=centre.item("wenlv"), version=2))
    centre.sign("L-3")
    page.wait_for_selector(".wall.is-stale")
    until_silent_for(page, LOSS_S)

    assert page.get_attribute(".wall", "data-freshness") == "stale"
    assert "数据停于 " in page.inner_text(".veil")
    assert page.is_visible(".veil-words >> nth=0")
    assert page.inner_text("[data-live=link-strip] [data-part=state]") == "数据已停"
    wait_for_text(page, ".alarm-text", "收不到数据")
    assert columns(page) == before

    cable.mend()
    page.wait_for_selector(".wall:not(.is-stale)[data-freshness=live]")
    assert heard.links > 1
    assert_as_fresh(page, heard, centre, screens)
    assert "M-1" in [card["case_no"] for card in wall_cards(page, "red")]


def test_the_words_on_the_veil_say_when_the_data_stopped(centre: CommandCentre, cable: Cable, screens: Screens) -> None:
    page, _ = wall_behind(cable, centre, screens)
    last_heard = believed(page)["serverTime"]

    cable.cut()
    until_silent_for(page, 3.0)
    page.wait_for_selector(".wall.is-stale")
    page.wait_for_function("() => document.querySelector('.veil-words').textContent"
                           " === `数据停于 ${window.yangguang.state().serverTime.slice(11, 19)}`")
    stopped_at = believed(page)["serverTime"]

    assert last_heard <= stopped_at < (MONDAY + timedelta(hours=8, minutes=5)).isoformat()


def test_a_wall_that_missed_more_than_is_replayed_takes_a_snapshot(tmp_path: Path, screens: Screens) -> None:
    settings = settings_for(tmp_path, **IMPATIENT, push__replay_max=3)
    with CommandCentre(settings) as centre, Cable(centre.port) as cable:
        live_a_morning(centre, "R")
        page, heard = wall_behind(cable, centre, screens)

        cable.cut()
        live_a_morning(centre, "T")
        page.wait_for_selector(".wall.is-stale")
        cable.mend()
        until_level_with(page, centre)

        assert heard.kinds.count("snapshot") == 2
        assert_as_fresh(page, heard, centre, screens)


def test_a_command_given_into_a_dead_line_is_carried_out_once_when_it_lives_again(
        centre: CommandCentre, cable: Cable, screens: Screens) -> None:
    centre.post(yellow("C-1", item=centre.item("fagai")))
    desk = screens.desk(cable.address, "zhou")
    screens.complaints.clear()
    desk.wait_for_selector(".desk-list .row")
    desk.focus(".desk-list")
    desk.keyboard.press("a")
    desk.wait_for_selector(".act-form:not([hidden])")

    cable.cut()
    desk.keyboard.press("Control+Enter")
    wait_for_text(desk, "[data-part=said]", "正在重试")
    assert centre.cards()["C-1"].state == "unack"
    cable.mend()

    wait_for_text(desk, "[data-part=said]", "签收")
    desk.wait_for_function("() => [...window.yangguang.state().cards.values()].every((card) => card.state === 'acked')")
    assert centre.cards()["C-1"].rev == 2
    screens.complaints[:] = [words for words in screens.complaints if "WebSocket" not in words]
