"""What an editor is told of a value that cannot be one: where it stands on the page, and what is wrong, in its language."""

from __future__ import annotations

from typing import Any

import pytest

from config.texts import load_texts
from config.versions import Kind
from core.errors import ConfigError
from dashboard.panels import item_form
from dashboard.panels.edit_console import Draft, said_of_refusal
from dashboard.panels.edit_history import differences
from dashboard.panels.form_fields import place_words
from dashboard.words import Words

TEXTS = load_texts()
ITEM = Draft(Kind.ITEM, "gongxin-01", {}, item_form.place_of_error)


def words(language: str) -> Words:
    return Words(language, TEXTS[language].tree)


def refusal(key: str, reason: str, limit: str = "") -> ConfigError:
    return ConfigError("config_invalid", file="gongxin-01", line=None, key=key, problem="should be something else",
                       reason=reason, limit=limit)


@pytest.mark.parametrize(("language", "told"), [
    ("zh", "请更正“收费 第 1 行 标准（元）”：请填写金额（元），最多两位小数，如 120.50"),
    ("en", "Please correct “Fees row 1 Standard (yuan)”: give an amount in yuan with two decimal places at most, "
           "such as 120.50")])
def test_it_is_told_by_its_place_on_the_page_in_the_language_of_the_page(language: str, told: str) -> None:
    """It used to be told by file, line and key, in English, as of a file nobody sees."""
    wrong = refusal("fees.0.standard_fen", "int_parsing")
    assert said_of_refusal(wrong, ITEM, "items", words(language)) == told


@pytest.mark.parametrize(("path", "place"), [
    ("name", "名称"), ("guide.valid_months", "办事指南其他要素 有效期"), ("steps.2.limit", "流程 第 3 行 时限"),
    ("fees.pinlv.standard_fen", "收费 pinlv 标准（分）"), ("", "")])
def test_a_path_is_said_in_the_words_of_the_page(path: str, place: str) -> None:
    assert place_words(path, "items", words("zh")) == place


def test_the_bound_a_value_does_not_keep_to_is_named() -> None:
    said = said_of_refusal(refusal("name", "string_too_long", "200"), ITEM, "items", words("zh"))
    assert said == "请更正“名称”：最多 200 个字"


@pytest.mark.parametrize("empty", [None, "", [], ()])
def test_what_was_empty_and_is_empty_still_is_no_change(empty: Any) -> None:
    assert list(differences({"guide": {"before": None}}, {"guide": {"before": empty}})) == []
