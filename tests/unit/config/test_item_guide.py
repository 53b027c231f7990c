"""The attributes the public guide shows: typed, checked, the common ones under an item's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.catalogue import CITY_DIR, load_catalogue
from config.item_guide import Guide, lines
from config.texts import load_texts
from core.errors import ConfigError


def city_with(folder: Path, old: str, new: str) -> Path:
    city = folder / "city"
    shutil.copytree(CITY_DIR, city)
    written = (city / "details.yaml").read_text("utf-8")
    assert old in written
    (city / "details.yaml").write_text(written.replace(old, new, 1), "utf-8")
    return city


def test_an_item_says_its_own_attributes_over_those_of_all() -> None:
    guide = load_catalogue().items["gongxin-01"].details.guide
    assert (guide.window, guide.visits, guide.level) == ("综合窗口 3 号", 1, "city")
    assert load_catalogue().items["gongxin-03"].details.guide.level == "province"
    assert load_catalogue().items["fagai-05"].details.guide.complain == "12345"


def test_every_attribute_and_value_has_words_in_both_languages() -> None:
    everything = Guide(parent="a", task_code="1", effective_from="2026-01-01", level="city",
                       subjects=("person", "company", "other"), conditions="x", result="x", valid_months=3,
                       online="deliver", visits=0, visits_note="x", place="x",
                       window="x", hours="x", contact="x", complain="x", intermediaries=("x",), before=("a",), inspected="x",
                       quota="x", reconsideration="x", lawsuit="x", forms=("x",),
                       flags=("in_hall", "delegated", "batch", "citywide", "cross_region", "own_system", "unified_intake",
                              "by_mail", "kiosk", "on_promise"), central="yes")
    for texts in load_texts().values():
        shown = list(lines(everything, texts.get, lambda code: f"<{code}>"))
        assert len(shown) == len(Guide.model_fields)
        assert ("<a>" in dict(shown).values(), all(words for _, words in shown)) == (True, True)


def test_what_is_not_said_is_not_shown() -> None:
    assert list(lines(Guide(), lambda key: key, str)) == []


@pytest.mark.parametrize(("old", "new", "problem"), [
    ("parent: gongxin-01", "parent: gongxin-99", "no such item"),
    ("before: [shengtai-04]", "before: [nothing-01]", "no such item"),
    ("visits: 2,", "visits: 12,", "less than or equal to 9"), ("level: province", "level: galaxy", "province")])
def test_a_mistake_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_catalogue(city_with(tmp_path, old, new))
    assert problem in str(refusal.value)
