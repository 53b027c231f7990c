"""Sheets of one page do not reach into another: what the wall calls its own, nobody else gives a look without saying where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = Path(__file__).parents[2] / "assets" / "css"
WALL = SHEETS / "20-wall.css"
OTHERS = sorted(sheet for sheet in SHEETS.glob("*.css") if sheet.name > WALL.name)
_CLASS = re.compile(r"\.([a-z][\w-]*)")


def selectors_of(sheet: Path) -> list[str]:
    """Every selector, the parts of a list one by one; those of key frames are none."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = re.findall(r"([^{};]+)\{", text)
    return [part.strip() for head in heads if not head.strip().startswith("@") for part in re.split(r",(?![^(]*\))", head)]


def first_classes(selector: str) -> set[str]:
    """The classes of the leftmost part: where the selector begins to hold."""
    return set(_CLASS.findall(re.sub(r":not\([^)]*\)", "", re.split(r"[\s>+~]", selector)[0])))


def classes_of(sheet: Path) -> set[str]:
    return {name for selector in selectors_of(sheet) for name in first_classes(selector) if not name.startswith("is-")}


WALLS_OWN = classes_of(WALL) - classes_of(SHEETS / "10-base.css")


def test_the_wall_has_classes_of_its_own() -> None:
    assert {"wall", "card", "figure"} <= WALLS_OWN


@pytest.mark.parametrize("sheet", OTHERS, ids=lambda sheet: sheet.name)
def test_no_other_sheet_gives_the_walls_classes_a_look(sheet: Path) -> None:
    reaching = [selector for selector in selectors_of(sheet) if first_classes(selector) & WALLS_OWN]
    assert reaching == []
