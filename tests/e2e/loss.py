"""A wall behind a cable that is pulled, a morning that goes on without it, and the proof that nothing was missed."""

from __future__ import annotations

import msgspec
from playwright.sync_api import Page

from tests.e2e.cable import Cable
from tests.e2e.centre import CommandCentre, concluded, red, yellow
from tests.e2e.frames import Heard
from tests.e2e.screens import Screens, believed, loaded, wall_cards

ORGS = ("fagai", "minzheng", "jiaoyu", "wenlv")


def columns(page: Page) -> dict[str, list[str]]:
    """The case numbers in the red and in the yellow column, top to bottom."""
    return {level: [card["case_no"] for card in wall_cards(page, level)] for level in ("red", "yellow")}


def wall_behind(cable: Cable, centre: CommandCentre, screens: Screens) -> tuple[Page, Heard]:
    page = screens.blank(may_lose_link=True)
    heard = Heard(page)
    page.goto(f"{cable.address}/wall/?screen={centre.screen_token}")
    loaded(page)
    return page, heard


def live_a_morning(centre: CommandCentre, prefix: str) -> None:
    """Cards are raised, worsen, are signed for, and cases end."""
    for n, org in enumerate(ORGS):
        centre.post(yellow(f"{prefix}-{n}", org=org, item=centre.item(org)))
    centre.post(red(f"{prefix}-1", org=ORGS[1], item=centre.item(ORGS[1]), version=2))
    centre.sign(f"{prefix}-0", f"{prefix}-2")
    centre.post(concluded(f"{prefix}-2", "2026-03-16T09:20:00+08:00"))


def until_silent_for(page: Page, seconds: float) -> None:
    page.wait_for_function("(ms) => performance.now() - window.yangguang.link().lastHeardMs > ms", arg=seconds * 1000)


def until_level_with(page: Page, centre: CommandCentre) -> None:
    """Until the page holds exactly what the database holds."""
    wanted = {str(card.id): card.rev for card in centre.all_cards()}
    page.wait_for_function("""(wanted) => {
        const cards = [...window.yangguang.state().cards.values()];
        return cards.length === Object.keys(wanted).length && cards.every(({id, rev}) => wanted[id] === rev);
    }""", arg=wanted)


def assert_as_fresh(page: Page, heard: Heard, centre: CommandCentre, screens: Screens) -> None:
    """The page, what it heard, the database and a page opened this moment are all the same."""
    until_level_with(page, centre)
    fresh = screens.wall(centre.address, centre.screen_token, may_lose_link=True)
    until_level_with(fresh, centre)
    in_database = sorted(msgspec.to_builtins(centre.all_cards()), key=lambda card: card["id"])
    for one in (page, fresh):
        assert sorted(believed(one)["cards"], key=lambda card: card["id"]) == in_database
    assert heard.cards() == in_database
    assert heard.shown_once_each()
    assert heard.in_order()
    for level in ("red", "yellow"):
        page.wait_for_function("(wanted) => [...document.querySelectorAll(wanted[0])].map((node) => node.textContent)"
                               ".join() === wanted[1]",
                               arg=[f".cards-{level} .card-no", ",".join(card["case_no"] for card in wall_cards(fresh, level))])
