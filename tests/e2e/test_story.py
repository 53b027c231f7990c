"""The main job, end to end: events come in by HTTP, and the wall in the supervision room shows what follows from them."""

from __future__ import annotations

import time

from tests.e2e.centre import CommandCentre, accepted, concluded, red, yellow
from tests.e2e.screens import (
    Screens,
    figure,
    same_cards,
    wait_for_card,
    wait_for_heat_row,
    wait_for_text,
    wall_cards,
)

AT_ONCE_S = 5.0  # generous: the figures themselves are measured by the benchmarks


FIGURES = ("open", "red", "yellow", "accepted_today")


def test_a_delivery_raises_a_red_card_a_row_and_the_figures_on_the_wall_at_once(
        centre: CommandCentre, screens: Screens) -> None:
    org, name = "fagai", centre.name_of("fagai")
    item = centre.item(org)
    wall = screens.wall(centre.address, centre.screen_token)
    before = {key: int(figure(wall, key)) for key in FIGURES}
    assert name not in wall.inner_text(".wall-cards")

    centre.post(accepted("S-1", "2026-01-05T10:00:00+08:00", org, item=item),
                accepted("S-2", "2026-03-16T09:10:00+08:00", org, item=item))
    delivered = time.perf_counter()
    wait_for_card(wall, "red", "S-1")
    shown_after = time.perf_counter() - delivered

    assert shown_after < AT_ONCE_S
    [card] = [one for one in wall_cards(wall, "red") if one["case_no"] == "S-1"]
    assert (card["org"], card["item"], card["late"]) == (name, centre.services.catalogue.items[item].name, "超法定时限")
    assert card["ack"].startswith("未签收")
    wait_for_heat_row(wall, name, ["2", "1"])
    wait_for_text(wall, "[data-figure=open]", str(before["open"] + 2))
    assert {key: int(figure(wall, key)) - before[key] for key in FIGURES} == {
        "open": 2, "red": 1, "yellow": 0, "accepted_today": 1}


def test_a_new_card_is_shown_large_once_and_stands_in_the_queue(centre: CommandCentre, screens: Screens) -> None:
    wall = screens.wall(centre.address, centre.screen_token)

    centre.post(yellow("S-10", org="minzheng", item=centre.item("minzheng")))

    wait_for_text(wall, ".fly-card .fly-level", "新发黄牌")
    assert centre.name_of("minzheng") in wall.inner_text(".fly-card")
    wait_for_card(wall, "yellow", "S-10", "超承诺时限")
    wait_for_text(wall, ".queue-row", centre.name_of("minzheng"))
    assert "待签收" in wall.inner_text(".queue-summary")


def test_a_card_worsens_and_the_numbers_of_its_row_follow(centre: CommandCentre, screens: Screens) -> None:
    org = "jiaoyu"
    name = centre.name_of(org)
    wall = screens.wall(centre.address, centre.screen_token)
    centre.post(yellow("S-20", org=org, item=centre.item(org)))
    wait_for_card(wall, "yellow", "S-20")
    wait_for_heat_row(wall, name, ["1", "1"])

    centre.post(red("S-20", org=org, item=centre.item(org), version=2))
    wait_for_card(wall, "red", "S-20")
    assert "S-20" not in [card["case_no"] for card in wall_cards(wall, "yellow")]

    centre.post(concluded("S-20", "2026-03-16T09:20:00+08:00"))
    wait_for_card(wall, "red", "S-20", "已消除 未签收")
    wait_for_heat_row(wall, name, [])


def test_two_walls_show_the_same_and_a_wall_in_english_too(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("S-30", org="minzheng", item=centre.item("minzheng")))
    chinese = screens.wall(centre.address, centre.screen_token)
    english = screens.wall(centre.address, centre.screen_token, lang="en")
    wait_for_card(chinese, "yellow", "S-30")
    wait_for_card(english, "yellow", "S-30")

    assert same_cards(chinese) == same_cards(english)
    assert "黄牌" in chinese.inner_text(".cards-yellow .cards-head")
    assert "Yellow" in english.inner_text(".cards-yellow .cards-head")
    said = [wall.inner_text(".card-yellow:has-text('S-30') .card-late") for wall in (chinese, english)]
    assert said == ["超承诺时限", "Past the promised limit"]
    assert english.get_attribute("html", "lang") == "en"
