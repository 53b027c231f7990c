"""Control characters are refused where people's words come in, and never keep a paper from being drawn."""

from __future__ import annotations

import io

import pytest
from docx import Document
from flask import Flask, request

from core.errors import InvalidInput
from papers.word_parts import LEFT, new_line, write
from tests.staff import Site, make_site
from web.characters import check_characters, check_json
from web.json_http import from_json


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("characters"))


@pytest.mark.parametrize("bad", ["王\x00明", "a\x0bb", "\x1b[31m", "x\x7f"])
def test_a_form_with_one_is_refused_with_words(bad: str):
    app = Flask("x")
    with app.test_request_context("/public/apply", method="POST", data={"name": bad}), pytest.raises(InvalidInput) as refused:
        check_characters(request)
    assert (refused.value.code, refused.value.details["field"]) == ("control_characters", "name")


def test_lines_and_tabs_are_words():
    app = Flask("x")
    with app.test_request_context("/public/apply?q=%E7%8E%8B", method="POST", data={"text": "一\r\n二\t三"}):
        check_characters(request)


def test_an_address_and_a_pages_input_with_one_are_refused():
    app = Flask("x")
    with app.test_request_context("/public/guide?q=%00"), pytest.raises(InvalidInput):
        check_characters(request)
    with app.test_request_context("/desk/_dash-update-component", method="POST", data=b'{"v":"a\\u0000b"}',
                                  content_type="application/json"), pytest.raises(InvalidInput):
        check_characters(request)


def test_json_is_read_as_it_is_meant():
    check_json(rb'{"text":"a\\u0000"}')  # a backslash and a word
    check_json(rb'{"text":"a\u000ab\u0009c\u4e2d"}')
    with pytest.raises(InvalidInput):
        from_json(dict, rb'{"name":"\\\u0000"}')


def test_the_public_pages_answer_in_words(site: Site):
    answer = site.app.test_client().get("/public/items/?q=%00")
    assert answer.status_code == 400
    assert "控制字符" in answer.get_data(as_text=True)


def test_a_name_of_before_is_drawn_without_them():
    document = Document()
    write(new_line(document, LEFT), "王\x0b小\x00明")
    kept = io.BytesIO()
    document.save(kept)
    assert Document(io.BytesIO(kept.getvalue())).paragraphs[-1].text == "王小明"
