"""An item as a document: what is shipped survives the way through it, and what cannot be right names its field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config.catalogue import Catalogue, load_catalogue
from config.item_document import check_document, document_of, read_document_of
from config.versions import item_of_content
from core.errors import InvalidInput

ITEM = "gongxin-01"  # 10 working days; steps of 6, 2 and 2


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_every_shipped_item_comes_back_from_its_document_as_it_was(catalogue: Catalogue) -> None:
    for code, item in catalogue.items.items():
        made = item_of_content(code, document_of(item), 3, item)

        assert replace(made, version=item.version, number=0) == item
        assert (made.version, made.number) == (f"{item.version}+3", 3)


def test_a_content_of_limits_only_changes_limits_only(catalogue: Catalogue) -> None:
    item = catalogue.items[ITEM]

    made = item_of_content(ITEM, {"promised": "8wd", "statutory": "20wd", "granularity": "instant"}, 1, item)

    assert (str(made.promised), str(made.statutory)) == ("8wd", "20wd")
    assert (made.steps, made.details) == (item.steps, item.details)


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a path like steps.1.limit."""
    head, _, rest = path.partition(".")
    if not rest:
        return {**document, head: value}
    place, _, name = rest.partition(".")
    rows = [dict(row) for row in document[head]]
    rows[int(place)][name] = value
    return {**document, head: rows}


@pytest.mark.parametrize(("path", "value", "code", "key"), [
    ("promised", "31wd", "promise_exceeds_statutory", "promised"),
    ("promised", "soon", "limit_unreadable", "promised"),
    ("steps.3.limit", "3wd", "steps_exceed_promise", "steps.3.limit"),
    ("steps.1.limit", "x", "limit_unreadable", "steps.1.limit"),
    ("steps.2.name", "承办", "step_twice", "steps.2.name"),
    ("steps.1.posts", ["园丁"], "post_unknown", "steps.1.posts"),
    ("steps.1.posts", [], "step_without_post", "steps.1.posts"),
    ("steps.2.signers", ["审核人"], "signers_too_few", "steps.2.signers"),
    ("steps.0.returns", ["承办"], "step_at_the_end", "steps.0.returns"),
    ("steps.1.returns", ["承办"], "return_not_behind", "steps.1.returns"),
    ("steps.1.returns", ["审核"], "return_not_behind", "steps.1.returns"),
    ("steps.2.field", "area", "condition_incomplete", "steps.2.field"),
    ("steps.2.one_of", ["是"], "condition_incomplete", "steps.2.field"),
    ("materials.1.code", "shenqing", "code_twice", "materials.1.code"),
    ("materials.1.name", " ", "row_incomplete", "materials.1.name"),
    ("fees", [{"code": "a", "name": "", "standard_fen": 1, "unit": "件", "basis": "依据"}], "row_incomplete", "fees.0.name"),
    ("fees", [{"code": "a", "name": "甲", "standard_fen": 1, "unit": "", "basis": "依据"}], "row_incomplete", "fees.0.unit"),
    ("ceilings", {"foo": 3}, "ceiling_unknown", "ceilings"), ("ceilings", {"hearing": 0}, "ceiling_not_positive", "ceilings"),
    ("step_fields", [{"step": "办结", "code": "a", "name": "甲"}], "step_not_between", "step_fields.0.step"),
    ("step_papers", [{"step": "承办", "code": "a", "name": "甲"}] * 2, "code_twice", "step_papers.1.code"),
    ("step_papers", [{"step": "承办", "code": "a", "name": "甲"}, {"step": "承办", "code": "b", "name": "甲"}], "name_twice",
     "step_papers.1.name"),
    ("step_papers", [{"step": "园丁", "code": "a", "name": "甲"}], "step_not_between", "step_papers.0.step"),
    ("category", "joint", "joint_steps_wrong", "category"),
    ("org", "moon", "item_org_unknown", "org")])
def test_what_cannot_be_right_is_refused_at_its_field(catalogue: Catalogue, path: str, value: Any, code: str, key: str) -> None:
    content = changed(document_of(catalogue.items[ITEM]), path, value)
    posts = {post for item in catalogue.items.values() for held in item.details.posts.values() for post in held}

    with pytest.raises(InvalidInput, match=code) as refusal:
        check_document(read_document_of(content, ITEM), catalogue.organisations, posts)

    assert refusal.value.details["key"] == key
