"""`app.py demo` as a visitor meets it: one command, an address, a city that lives, and 演示 on every page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.program import Program
from tests.e2e.screens import Screens, believed, figure, loaded, sign_in

SMALL_CITY = {"demo__history_days": "10", "demo__cases_per_day": "100", "demo__windows": "0"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("demo"), "demo", "--port", "0", **SMALL_CITY) as program:
        yield program


def test_it_tells_its_address_and_its_accounts(demo: Program) -> None:
    assert demo.address.startswith("http://127.0.0.1:")
    assert "阳光监察 演示" in demo.log
    assert all(name in demo.log for name in ("zhou", "li", "wang", "zhao", "chen"))


def test_the_wall_lives_and_says_that_it_is_a_demonstration(demo: Program, screens: Screens) -> None:
    wall = screens.wall(demo.address)
    first = believed(wall)

    assert len(first["board"]["rows"]) > 20
    assert len(first["cards"]) > 0
    assert int(figure(wall, "open").replace(",", "")) > 100
    assert wall.inner_text(".brand .chip-demo") == "演示"
    assert wall.is_visible(".demo-mark")
    wall.wait_for_function("(before) => JSON.stringify(window.yangguang.state().figures) !== before.figures"
                           " && window.yangguang.state().serverTime > before.time",
                           arg={"figures": wall.evaluate("() => JSON.stringify(window.yangguang.state().figures)"),
                                "time": first["serverTime"]})
    wall.wait_for_selector(".clock [data-part=rate]:not([hidden])")


def test_every_page_says_that_it_is_a_demonstration(demo: Program, screens: Screens) -> None:
    page = screens.blank()
    page.goto(f"{demo.address}/sign-in/")
    assert "演示环境" in page.inner_text("body")

    sign_in(page, demo.address, "zhou", "/desk/")
    loaded(page)
    page.wait_for_selector(".desk-list .row")
    said = {"/desk/": page.inner_text(".topbar .chip-demo")}
    page.keyboard.press("Enter")
    page.wait_for_selector(".clock-sentence")
    said["a case"] = page.inner_text(".topbar .chip-demo")
    for path in ("/case/", "/feeds/"):
        page.goto(f"{demo.address}{path}")
        page.wait_for_selector(".topbar .chip-demo")
        said[path] = page.inner_text(".topbar .chip-demo")

    assert set(said.values()) == {"演示"}
    assert len(said) == 4
