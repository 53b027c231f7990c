"""Browsers before the pages of the program: they open walls and desks, read what stands there, and note what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from dashboard.demo_accounts import DEMO_PASSWORD

WALL_SIZE = (1920, 1080)
PATIENCE_MS = 60_000  # how long a busy machine may take; what must be quick is measured by the benchmarks
expect.set_options(timeout=PATIENCE_MS)
REFUSED = tuple(f"Failed to load resource: the server responded with a status of {status}"
                for status in (400, 401, 404, 409, 502))
LOST = ("WebSocket connection", "WebSocket is already in CLOSING", "ERR_CONNECTION", "Failed to load resource: net::",
        "Callback failed: the server did not respond")


class Screens:
    """Opens pages, each in a profile of its own; whatever a page complains about is kept."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.requested: list[str] = []

    def blank(self, size: tuple[int, int] = WALL_SIZE, *, may_lose_link: bool = False,
              may_refuse: bool = False) -> Page:
        """A browser complains in its console when the test takes the server away, and when a form is refused."""
        context = self._browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN",
                                            timezone_id="Asia/Shanghai")
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("console", lambda message: self._note(message, LOST * may_lose_link + REFUSED * may_refuse))
        page.on("request", lambda request: self.requested.append(request.url))
        return page

    def wall(self, address: str, screen_token: str = "", size: tuple[int, int] = WALL_SIZE, *, lang: str = "zh",
             may_lose_link: bool = False) -> Page:
        """A wall that has its first data. With a token the screen is paired first, as a technician does."""
        page = self.blank(size, may_lose_link=may_lose_link)
        if screen_token:
            page.goto(f"{address}/wall/?screen={screen_token}")
        if lang != "zh" or not screen_token:
            page.goto(f"{address}/wall/?lang={lang}")
        loaded(page)
        return page

    def desk(self, address: str, username: str, *, is_put_out: bool = False) -> Page:
        """The desk of somebody who signed in through the form. `is_put_out`: the test ends his session, his page notices."""
        page = self.blank(may_lose_link=is_put_out, may_refuse=is_put_out)
        sign_in(page, address, username, "/desk/")
        loaded(page)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _note(self, message: ConsoleMessage, expected: tuple[str, ...]) -> None:
        is_expected = any(words in message.text for words in expected)
        if message.type == "error" and not is_expected:
            self.complaints.append(f"console: {message.text}")


@contextmanager
def screens_of(browser: Browser) -> Iterator[Screens]:
    """Screens that are closed at the end, and that must not have complained nor asked anybody but this machine."""
    screens = Screens(browser)
    try:
        yield screens
    finally:
        screens.close()
    assert not screens.complaints, screens.complaints
    assert [url for url in screens.requested if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


def sign_in(page: Page, address: str, username: str, next_address: str = "", lang: str = "zh") -> None:
    """Fill in the form as a person does."""
    page.goto(f"{address}/sign-in/?lang={lang}&next={next_address}")
    page.fill(".entrance-form input[name=username]", username)
    page.fill(".entrance-form input[name=password]", DEMO_PASSWORD)
    page.click(".entrance-form button[type=submit]")


def loaded(page: Page) -> None:
    """Until the page has its first snapshot and has drawn it."""
    page.wait_for_selector("[data-live-root][data-loaded=true]")
    if page.locator(".wall").count():
        page.wait_for_selector("#wall-heat-map svg.main-svg >> nth=0", state="attached")
        page.wait_for_function("() => document.querySelectorAll('#wall-heat-map svg text').length > 0"
                               " || window.yangguang.state().board?.rows.length === 0")


def believed(page: Page) -> dict[str, Any]:
    """What the page believes: its state and its link."""
    state: dict[str, Any] = page.evaluate("""() => {
        const state = window.yangguang.state();
        return {...state, cards: [...state.cards.values()], link: window.yangguang.link()};
    }""")
    return state


def wall_cards(page: Page, level: str) -> list[dict[str, str]]:
    """The cards of one column as they can be read, top to bottom."""
    cards: list[dict[str, str]] = page.evaluate("""(level) =>
        [...document.querySelectorAll(`.wall-cards [data-level=${level}] .card`)].map((card) => {
            const text = (name) => card.querySelector(name).textContent;
            return {org: text(".card-org"), ack: text(".card-ack"), item: text(".card-item"), late: text(".card-late"),
                    case_no: text(".card-no"), look: card.className};
        })""", level)
    return cards


def wait_for_card(page: Page, level: str, case_no: str, words: str = "") -> None:
    """Until a card of that case stands in the column; with `words`, until they can be read on it."""
    page.wait_for_function("""([level, caseNo, words]) =>
        [...document.querySelectorAll(`.wall-cards [data-level=${level}] .card`)]
            .some((card) => card.textContent.includes(caseNo) && card.textContent.includes(words))""",
                           arg=[level, case_no, words])


def wait_for_text(page: Page, selector: str, words: str) -> None:
    """Until the words stand in one of the elements."""
    page.wait_for_function("""([selector, words]) =>
        [...document.querySelectorAll(selector)].some((node) => node.textContent.includes(words))""",
                           arg=[selector, words])


def figure(page: Page, name: str) -> str:
    return page.inner_text(f"[data-figure={name}]")


HEAT_ROW = """(name) => {
    const place = (node) => {
        const box = node.getBoundingClientRect();
        return {node, x: box.left, y: box.top + box.height / 2};
    };
    const printed = [...document.querySelectorAll("#wall-heat-map svg text")].filter((node) => node.textContent.trim());
    const texts = printed.map(place);
    const own = texts.find(({node}) => node.textContent.trim() === name);
    if (!own) return null;
    const graph = document.querySelector("#wall-heat-map").getBoundingClientRect();
    const right = own.x < graph.left + graph.width / 2 ? graph.left + graph.width / 2 : graph.right;
    return texts.filter(({node, x, y}) => node !== own.node && Math.abs(y - own.y) < 9 && x > own.x && x < right)
        .sort((a, b) => a.x - b.x).map(({node}) => node.textContent.trim());
}"""


def heat_row(page: Page, name: str) -> list[str] | None:
    """The numbers printed in the row of a department, left to right (a zero is a dot and prints none); None: no such row."""
    row: list[str] | None = page.evaluate(HEAT_ROW, name)
    return row


def wait_for_heat_row(page: Page, name: str, numbers: list[str]) -> None:
    page.wait_for_function(f"([name, wanted]) => JSON.stringify(({HEAT_ROW})(name)) === wanted",
                           arg=[name, "[" + ",".join(f'"{number}"' for number in numbers) + "]"])


def same_cards(page: Page) -> list[tuple[int, int, str, str]]:
    """(id, revision, level, state) of every card the page holds, in the order of the ids."""
    return sorted((card["id"], card["rev"], card["level"], card["state"]) for card in believed(page)["cards"])
