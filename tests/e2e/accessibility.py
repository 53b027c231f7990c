"""What a page owes to everybody who reads it: axe-core finds nothing, nothing leaves the screen sideways, one heading leads."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.map(({id, impact, nodes}) => ({id, impact, at: nodes.map((node) => node.html.slice(0, 160))}));
}"""
FRAME = """() => ({
    width: document.documentElement.scrollWidth, screen: window.innerWidth,
    headings: document.querySelectorAll("h1").length, language: document.documentElement.lang, title: document.title,
    small: [...document.querySelectorAll("button, .button, select, textarea, input")]
        .filter((node) => !["hidden", "radio", "checkbox"].includes(node.type) && node.offsetParent)
        .filter((node) => node.getBoundingClientRect().height < 44).map((node) => node.outerHTML.slice(0, 120)),
})"""


@cache
def _axe() -> str:
    return AXE.read_text("utf-8")


def faults(page: Page) -> list[str]:
    """Everything axe-core finds, of whatever weight, and what it does not look for."""
    page.evaluate(f"() => {{ {_axe()} }}")
    found = [f"{one['impact']} {one['id']}: {one['at']}" for one in page.evaluate(RUN)]
    return [f"{page.url} {fault}" for fault in [*found, *_of_the_frame(page.evaluate(FRAME))]]


def _of_the_frame(seen: dict[str, Any]) -> list[str]:
    found = []
    if seen["width"] > seen["screen"]:
        found.append(f"is {seen['width']} px wide on a screen of {seen['screen']}")
    if seen["headings"] != 1:
        found.append(f"has {seen['headings']} main headings")
    if not seen["title"] or not seen["language"]:
        found.append("has no title or no language")
    return [*found, *(f"is too small for a finger: {node}" for node in seen["small"])]


def tab_to(page: Page, words: str, most: int = 120) -> None:
    """Press Tab as somebody without a mouse does, until what has the focus is called so."""
    met: set[str] = set()
    for _ in range(most):
        page.keyboard.press("Tab")
        met.add(page.evaluate(NAME).strip())
        if any(words in name for name in met):
            return
    raise AssertionError(f"the keyboard does not reach {words!r} on {page.url}, only {sorted(met)}")


NAME = """() => {
    const node = document.activeElement;
    const labels = [...(node.labels ?? [])].map((label) => label.textContent).join(" ");
    return `${node.getAttribute("aria-label") ?? ""} ${labels} ${node.textContent}`;
}"""
