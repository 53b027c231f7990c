"""The wall as a picture: every word inside its box and readable, at both sizes, with the fullest data the city can give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from dashboard.theme import load_theme
from tests.e2e.centre import CommandCentre, accepted, concluded, red, settings_for, yellow
from tests.e2e.screens import Screens, wait_for_card

SIZES = [(1920, 1080), (3840, 2160)]
FIELD = (944, 744)  # design pixels of the heat map
NUMBER = "BDI"  # a case number beside long words is cut at its beginning, which all numbers of a city share
READABLE = 4.5
SMALLEST_DESIGN_PX = 22  # of a caption, read at five metres on a wall of 2.4 m

# Every visible piece of text with its rectangle, the box it belongs to, its colours and its size in design pixels.
TEXTS = """() => {
    const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const wall = document.querySelector(".wall");
    const found = [];
    const walker = document.createTreeWalker(wall, NodeFilter.SHOW_TEXT);
    const groundOf = (node) => {
        for (let at = node; at; at = at.parentElement) {
            const ground = getComputedStyle(at).backgroundColor;
            if (!/, 0\\)$|transparent/.test(ground)) return ground;
        }
        return "rgb(0, 0, 0)";
    };
    while (walker.nextNode()) {
        const node = walker.currentNode, parent = node.parentElement;
        if (!node.textContent.trim() || parent.closest("svg")) continue;
        if (!parent.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const own = range.getBoundingClientRect();
        if (own.width === 0) continue;
        let box = parent;
        while (getComputedStyle(box).display === "inline") box = box.parentElement;
        const field = box.getBoundingClientRect(), style = getComputedStyle(parent);
        const rect = (r) => ({left: r.left / scale, right: r.right / scale, top: r.top / scale, bottom: r.bottom / scale});
        const panel = parent.closest(".card, .queue-row, .figure, .foot-room, .foot-alarms, .fly-card, .wall-header, .light");
        const isClipped = parent.tagName === "BDI";
        found.push({text: node.textContent.trim(), where: parent.className || parent.tagName,
            own: rect(isClipped ? {...own.toJSON(), left: Math.max(own.left, field.left)} : own), field: rect(field),
            panel: panel?.className ?? "", cut: box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0,
            px: parseFloat(style.fontSize) / scale, ink: style.color, ground: groundOf(parent)});
    }
    return found;
}"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandCentre]:
    """All 47 departments, numbers of one to three digits, cards in every state, the longest names, two alarms."""
    with CommandCentre(settings_for(tmp_path_factory.mktemp("full"))) as running:
        fill(running)
        yield running


def fill(centre: CommandCentre) -> None:
    organisations = sorted(centre.services.catalogue.organisations)
    items = centre.services.catalogue.items.values()
    longest = sorted(items, key=lambda item: -len(item.name))[:3]
    events: list[dict[str, Any]] = []
    for place, org in enumerate(organisations):
        own = next((item.code for item in items if item.org == org), "")
        events += [accepted(f"360500-20260316-{place:02}{n:02}", "2026-03-16T08:50:00+08:00", org, item=own,
                            data={"promised_due": "2026-12-30", "statutory_due": "2026-12-31"}) for n in range(1 + place % 7)]
        if place % 3 == 0:
            events.append(yellow(f"360500-20260202-{place:04}", org=org, item=own))
        if place % 5 == 0:
            events.append(red(f"360500-20260201-{place:04}", org=org, item=own))
    events += [red(f"360500-20260101-900{n}", "2026-02-20", item.org, item=item.code) for n, item in enumerate(longest)]
    events += [yellow(f"360500-20260101-910{n}", "2026-02-20", item.org, item=item.code) for n, item in enumerate(longest)]
    events += [accepted(f"360500-20260101-92{n:02}", "2026-03-01T10:00:00+08:00", item="unknown-item-with-a-long-code")
               for n in range(12)]
    events.append(accepted("360500-20260101-9300", "2026-03-01T10:00:00+08:00", org="fagai"))
    centre.post(*events)
    centre.sign("360500-20260101-9001", "360500-20260101-9101")
    centre.post(concluded("360500-20260101-9002", "2026-03-16T09:00:00+08:00"))


def wall_of(centre: CommandCentre, screens: Screens, size: tuple[int, int], lang: str = "zh") -> Page:
    wall = screens.wall(centre.address, centre.screen_token, size, lang=lang)
    wait_for_card(wall, "red", "360500-20260101-9000")
    return wall


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES, ids=["full-hd", "4k"])
def test_no_word_leaves_its_box_or_runs_into_another(centre: CommandCentre, screens: Screens, size: tuple[int, int],
                                                     lang: str) -> None:
    wall = wall_of(centre, screens, size, lang)
    texts = wall.evaluate(TEXTS)

    assert len(texts) > 60
    assert [text["text"] for text in texts if is_outside(text) or (text["cut"] and text["where"] != NUMBER)] == []
    assert [(one["text"], other["text"]) for one, other in neighbours(texts)] == []


@pytest.mark.parametrize("level", ["yellow", "red"])
def test_where_one_level_has_no_card_those_of_the_other_stay_above_the_foot(
        tmp_path_factory: pytest.TempPathFactory, screens: Screens, level: str) -> None:
    """The words that say that there is none take a place of their own."""
    one = {"yellow": yellow, "red": red}[level]
    with CommandCentre(settings_for(tmp_path_factory.mktemp("one"))) as running:
        item = next(item for item in running.services.catalogue.items.values() if len(item.name) < 12)
        running.post(*(one(f"360500-20260101-900{n}", org=item.org, item=item.code) for n in range(9)))
        wall = screens.wall(running.address, running.screen_token, SIZES[0])
        wait_for_card(wall, level, "360500-20260101-9000")
        last, more, shown = wall.evaluate("""() => {
            const cards = [...document.querySelectorAll(".wall-cards .card")];
            return [cards.at(-1).getBoundingClientRect().bottom,
                    document.querySelector(".cards-more").getBoundingClientRect().top, cards.length]; }""")
        wall.close()
    assert shown == 4
    assert last <= more


@pytest.mark.parametrize("size", SIZES, ids=["full-hd", "4k"])
def test_the_wall_is_one_canvas_contained_in_the_window(centre: CommandCentre, screens: Screens, size: tuple[int, int]) -> None:
    wall = wall_of(centre, screens, size)
    scale = size[0] / 1920

    box = wall.locator(".wall-canvas").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == size
    graph = wall.evaluate("""() => { const svg = document.querySelector("#wall-heat-map svg.main-svg").getBoundingClientRect();
        return [svg.width, svg.height]; }""")
    assert [round(length) for length in graph] == [round(FIELD[0] * scale), round(FIELD[1] * scale)]
    assert wall.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == list(size)


def test_a_window_of_another_shape_gets_the_same_wall_with_margins(centre: CommandCentre, screens: Screens) -> None:
    wall = wall_of(centre, screens, (1600, 1200))

    box = wall.locator(".wall-canvas").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"]), round(box["y"])) == (1600, 900, 150)


def test_every_word_can_be_read_from_where_people_stand(centre: CommandCentre, screens: Screens) -> None:
    wall = wall_of(centre, screens, SIZES[0])
    texts = wall.evaluate(TEXTS)

    words = [text for text in texts if text["where"] != "B"]  # the sign in a mark: large, and proved with the tokens
    assert [(text["text"], text["px"]) for text in words if text["px"] < SMALLEST_DESIGN_PX] == []
    assert [(text["text"], text["where"]) for text in words if contrast(text["ink"], text["ground"]) < READABLE] == []


def test_the_browser_shows_the_colours_the_tokens_decide(centre: CommandCentre, screens: Screens) -> None:
    wall = wall_of(centre, screens, SIZES[0])
    names = ("text-hi", "text-mid", "text-low", "card-red", "card-yellow", "red-ink", "due-soon", "bg-0", "bg-1", "bg-2")
    shown = wall.evaluate("""(names) => {
        const style = getComputedStyle(document.documentElement);
        return names.map((name) => style.getPropertyValue(`--${name}`));
    }""", list(names))

    assert [colour.strip() for colour in shown] == [load_theme().color(name) for name in names]


def test_the_page_comes_with_a_policy_that_names_no_other_host(centre: CommandCentre, screens: Screens) -> None:
    page = screens.blank()
    page.goto(f"{centre.address}/wall/?screen={centre.screen_token}")
    answer = page.goto(f"{centre.address}/wall/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def is_outside(text: dict[str, Any]) -> bool:
    own, field = text["own"], text["field"]
    is_wider = own["left"] < field["left"] - 1.5 or own["right"] > field["right"] + 1.5
    return bool(is_wider or own["left"] < 0 or own["right"] > 1920 or own["bottom"] > 1083 or own["top"] < -3)


def neighbours(texts: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of texts of one panel that stand on one line and overlap."""
    for place, one in enumerate(texts):
        for other in texts[place + 1:]:
            if one["panel"] == other["panel"] and one["panel"] and on_one_line(one["own"], other["own"]):
                overlap = min(one["own"]["right"], other["own"]["right"]) - max(one["own"]["left"], other["own"]["left"])
                if overlap > 1:
                    yield one, other


def on_one_line(one: dict[str, float], other: dict[str, float]) -> bool:
    middle = abs((one["top"] + one["bottom"]) - (other["top"] + other["bottom"])) / 2
    return middle < 0.3 * min(one["bottom"] - one["top"], other["bottom"] - other["top"])


def contrast(ink: str, ground: str) -> float:
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
