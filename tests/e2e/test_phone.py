"""Staff pages on a phone: nothing is wider than the screen, and what is behind a menu can be reached."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.e2e.test_hall import RADIO, accepted, hall

__all__ = ["hall"]
PHONE = (390, 844)
PAGES = {"chen": ("/people/", f"/items/?item={RADIO}", "/organisations/?org=gongxin", "/calendars/", "/feeds/"),
         "li": ("/case/360500/{no}", "/orders/", "/findings/", "/hosted/?no={no}"), "lin": ("/worklist/", "/hosted/?no={no}"),
         "chuang": ("/window/",)}


def opened(screens: Screens, centre: CommandCentre, name: str, address: str) -> Page:
    page = screens.blank(PHONE)
    sign_in(page, centre.address, name, address)
    page.wait_for_selector(".staff .topbar-who")
    return page


def width_of(page: Page) -> int:
    width: int = page.evaluate("() => document.documentElement.scrollWidth")
    return width


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_phone(hall: CommandCentre, screens: Screens, name: str) -> None:
    number = accepted(hall)
    page = opened(screens, hall, name, "/")
    for address in PAGES[name]:
        page.goto(hall.address + address.format(no=number))
        page.wait_for_selector(".staff .panel")
        page.wait_for_load_state("networkidle")
        assert width_of(page) == PHONE[0], address


def test_a_wide_table_scrolls_in_its_own_box_and_menus_open_within_the_screen(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "chen", "/people/")
    page.wait_for_selector("#people-list .grid td")
    table = page.locator("#people-list .grid")
    assert table.evaluate("(one) => one.scrollWidth > one.clientWidth")
    opener = page.locator(".topbar-pages .topbar-group").first
    opener.locator(".topbar-opener").click()
    menu = opener.locator(".topbar-menu").bounding_box()
    assert menu is not None
    assert (menu["x"] >= 0, menu["x"] + menu["width"] <= PHONE[0]) == (True, True)
    assert width_of(page) == PHONE[0]


def test_the_way_of_a_case_stands_from_top_to_bottom(hall: CommandCentre, screens: Screens) -> None:
    page = opened(screens, hall, "lin", f"/hosted/?no={accepted(hall)}")
    wait_for_text(page, ".flow", "办结")
    boxes = [step.bounding_box() for step in page.locator(".flow-step").all()]
    tops = [box["y"] for box in boxes if box is not None]
    assert tops == sorted(set(tops))


@pytest.mark.parametrize(("name", "address", "parts"), [
    ("zhou", "/desk/", (".desk-table", ".desk-right")),
    ("li", "/footage/", (".footage-windows", ".footage-centre", ".footage-side"))])
def test_what_stands_side_by_side_on_a_monitor_stands_one_below_another(
        hall: CommandCentre, screens: Screens, name: str, address: str, parts: tuple[str, ...]) -> None:
    page = opened(screens, hall, name, address)
    page.wait_for_selector(parts[-1])
    boxes = [box for part in parts if (box := page.locator(part).first.bounding_box()) is not None]
    assert len(boxes) == len(parts)
    assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in pairwise(boxes))
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= PHONE[0] for box in boxes)
    assert width_of(page) == PHONE[0]
