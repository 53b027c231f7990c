"""The catalogue of today answers as a dictionary does, by what holds at the moment of the question."""

from __future__ import annotations

from config.catalogue import load_catalogue
from config.living import living
from config.versions import Versions


def test_what_is_listed_is_found_in_every_way_and_what_is_not_in_none():
    shipped = load_catalogue()
    today = living(shipped, lambda: Versions("r"), lambda: 20_000)
    code, item = next(iter(shipped.items.items()))

    assert (today.items[code], today.items.get(code), today.find_item(code)) == (item, item, item)
    assert (today.items.get("unlisted"), today.items.get("unlisted", item), today.find_item("unlisted")) == (None, item, None)
    assert (code in today.items, "unlisted" in today.items) == (True, False)


def test_each_question_is_answered_as_of_its_moment():
    shipped, asked = load_catalogue(), list[int]()
    today = living(shipped, lambda: Versions("r"), lambda: asked.append(1) or 20_000)  # type: ignore[func-returns-value]
    code = next(iter(shipped.items))
    before = len(asked)

    assert today.items.get(code) is not None
    assert code in today.items
    assert len(asked) == before + 2
