"""A wall that hangs for months reloads itself at night and after an upgrade, and shifts its picture. Hours pass by decree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request

from tests.e2e.cable import Cable
from tests.e2e.centre import CommandCentre, red, settings_for
from tests.e2e.screens import Screens, believed, loaded, wait_for_card, wait_for_text

NIGHT = datetime(2026, 3, 16, 19, 33, tzinfo=UTC)  # 03:33 in Shanghai
IMPATIENT = {"server__heartbeat_s": 0.3}


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[CommandCentre]:
    with CommandCentre(settings_for(tmp_path, **IMPATIENT)) as running:
        yield running


def wall_under_a_clock(screens: Screens, address: str, token: str) -> Page:
    """A wall whose browser clock a test moves. The page is marked, so that a reload shows."""
    page = screens.blank(may_lose_link=True)
    page.clock.install()
    page.goto(f"{address}/wall/?screen={token}")
    loaded(page)
    page.evaluate("() => { window.isTheFirst = true; }")
    return page


def pass_time(page: Page, span: str) -> None:
    """So much time passes in the browser; afterwards the page has heard from the server again."""
    page.clock.fast_forward(span)
    page.wait_for_function("""() => {
        const link = window.yangguang?.link();
        return link?.connected && performance.now() - link.lastHeardMs < 1000;
    }""")


def until_reloaded(page: Page) -> None:
    page.wait_for_function("() => window.isTheFirst === undefined && document.querySelector('.wall[data-loaded=true]')")


def test_at_night_the_page_is_loaded_anew_but_not_while_a_red_card_waits(centre: CommandCentre, screens: Screens) -> None:
    centre.set_clock(NIGHT)
    centre.post(red("U-1", item=centre.item("fagai")))
    page = wall_under_a_clock(screens, centre.address, centre.screen_token)
    wait_for_card(page, "red", "U-1", "未签收")

    pass_time(page, "02:00:10")
    pass_time(page, "31")
    pass_time(page, "21")
    assert page.evaluate("() => window.isTheFirst") is True

    centre.sign("U-1")
    wait_for_card(page, "red", "U-1", "✓ 孙国华")
    pass_time(page, "31")
    page.clock.fast_forward("21")
    until_reloaded(page)
    wait_for_card(page, "red", "U-1", "✓ 孙国华")


def test_a_young_page_and_a_page_by_day_are_left_alone(centre: CommandCentre, screens: Screens) -> None:
    centre.set_clock(NIGHT)
    page = wall_under_a_clock(screens, centre.address, centre.screen_token)
    pass_time(page, "00:31")
    pass_time(page, "21")
    assert page.evaluate("() => window.isTheFirst") is True

    centre.set_clock(NIGHT.replace(hour=2))
    pass_time(page, "03:00:00")
    pass_time(page, "31")
    pass_time(page, "21")
    assert page.evaluate("() => window.isTheFirst") is True


def test_after_an_upgrade_the_page_is_loaded_anew(centre: CommandCentre, screens: Screens, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    with Cable(centre.port) as cable:
        page = screens.blank(may_lose_link=True)
        page.add_init_script("Math.random = () => 0.05")  # it leaves within twenty seconds: here within one
        page.goto(f"{cable.address}/wall/?screen={centre.screen_token}")
        loaded(page)
        page.evaluate("() => { window.isTheFirst = true; }")
        wait_for_text(page, ".link-build", believed(page)["build"])

        monkeypatch.setattr("server.build_id", lambda: "0ddba11")
        with CommandCentre(settings_for(tmp_path, **IMPATIENT)) as upgraded, page.expect_request(is_probe):
            cable.reach(upgraded.port)
            until_reloaded(page)
            wait_for_text(page, ".link-build", "0ddba11")


def is_probe(request: Request) -> bool:
    """Before it leaves, a page asks whether there is anything to come back to."""
    return request.method == "HEAD" and request.url.endswith("/wall/")


def test_the_picture_shifts_by_a_few_pixels_and_stays_in_the_window(centre: CommandCentre, screens: Screens) -> None:
    page = wall_under_a_clock(screens, centre.address, centre.screen_token)
    places = set()
    for _ in range(3):
        pass_time(page, "05:01")
        box = page.locator(".wall-canvas").bounding_box()
        assert box is not None
        places.add((box["x"], box["y"]))

    assert len(places) == 3
    assert max(abs(length) for place in places for length in place) <= 4
