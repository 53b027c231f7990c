"""The form of an item: what it shows comes back as it was, rows move, and every error finds a field."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from config.catalogue import load_catalogue
from config.item_document import document_of, read_document_of
from config.texts import load_texts
from core.errors import ConfigError
from dashboard.panels import item_form
from dashboard.panels.edit_history import differences
from dashboard.words import words_of

ITEM = "gongxin-01"
CONTENT = document_of(load_catalogue().items[ITEM])
CHOICES = {"orgs": Literal["gongxin", "fagai"], "names": {}, "posts": tuple[Literal["综合窗口", "承办人", "审核人"], ...]}
T = words_of(load_texts().__getitem__, "zh")


def held(part: Any) -> dict[str, Any]:
    """The fields of a drawn form with their values, as the browser sends them."""
    found: dict[str, Any] = {}
    key = getattr(part, "id", None)
    if isinstance(key, dict) and "field" in key:
        found[key["field"]] = part.value
    children = getattr(part, "children", None)
    for child in children if isinstance(children, list | tuple) else [children]:
        if child is not None and not isinstance(child, str):
            found |= held(child)
    return found


def drawn(content: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for part in (*item_form.render(content, ITEM, CHOICES, T, may_edit=True),
                 *item_form.tables(content, CHOICES, T, may_edit=True)):
        values |= held(part)
    return values


def test_what_is_shown_and_sent_back_untouched_changes_nothing() -> None:
    sent = item_form.edited(CONTENT, drawn(CONTENT))

    assert read_document_of(sent, ITEM) == read_document_of(CONTENT, ITEM)


def test_a_form_whose_tables_are_not_drawn_yet_keeps_them() -> None:
    assert item_form.edited(CONTENT, {"promised": "9wd"}) == {**CONTENT, "promised": "9wd"}


def test_money_is_written_in_yuan_and_kept_in_fen() -> None:
    values = drawn(CONTENT) | {"fees.0.standard_yuan": "12.50"}

    assert item_form.edited(CONTENT, values)["fees"][0]["standard_fen"] == 1250
    assert drawn(CONTENT)["fees.0.standard_yuan"] == "100.00"


@pytest.mark.parametrize("text", ["12.345", "Infinity", "NaN", "a hundred"])
def test_what_is_no_sum_of_money_stays_as_it_was_written(text: str) -> None:
    """And is refused at its field, instead of being rounded."""
    edited = item_form.edited(CONTENT, drawn(CONTENT) | {"fees.0.standard_yuan": text})

    assert edited["fees"][0]["standard_fen"] == text
    with pytest.raises(ConfigError, match="standard_fen"):
        read_document_of(edited, ITEM)


def test_rows_come_before_the_end_move_and_go() -> None:
    def names(content: dict[str, Any]) -> list[str]:
        return [one["name"] for one in content["steps"]]

    assert names(item_form.moved(CONTENT, "add", "steps", 5)) == ["受理", "承办", "审核", "批准", "", "办结"]
    assert names(item_form.moved(CONTENT, "up", "steps", 2)) == ["受理", "审核", "承办", "批准", "办结"]
    assert names(item_form.moved(CONTENT, "remove", "steps", 1)) == ["受理", "审核", "批准", "办结"]


@pytest.mark.parametrize(("key", "field"), [
    ("promised", "promised"), ("steps.1.limit", "steps.1.limit"), ("fees.0.standard_fen", "fees.0.standard_yuan"),
    ("steps.2.posts.0", "steps.2.posts"), ("ceilings.hearing", "ceilings")])
def test_an_error_is_shown_at_its_field(key: str, field: str) -> None:
    assert item_form.place_of_error(key) == field
    assert field in drawn(CONTENT)


def test_the_history_names_the_step_that_changed() -> None:
    after = {**CONTENT, "steps": [{**one, "limit": "5wd"} if one["name"] == "承办" else one for one in CONTENT["steps"]]}

    assert list(differences(CONTENT, after)) == [("steps.承办.limit", "6wd", "5wd")]


def test_a_field_that_stays_empty_is_no_difference_and_no_or_nought_is_one():
    before = {"guide": {"place": "一楼"}, "fee": None, "days": None}
    after = {"guide": {"place": "一楼", "quota": "", "parent": ""}, "fee": False, "days": 0}
    assert list(differences(before, after)) == [("fee", None, False), ("days", None, 0)]
    assert list(differences(after, {**after, "guide": {"place": ""}})) == [("guide.place", "一楼", "")]
