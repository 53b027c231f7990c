"""Control characters are refused where people's words come in, and never keep a paper from being drawn."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from docx import Document
from flask import Flask, request
from msgspec.structs import replace

from core.characters import has_control, json_has_control, without_control
from core.errors import InvalidInput
from papers.draughtsman import drawn
from papers.fonts import Fonts
from papers.official import Items, Paragraph
from papers.word_parts import LEFT, new_line, write
from tests.ground import font_folder
from tests.staff import Site, make_site
from tests.unit.papers.specimen import PAPER
from web.characters import check_characters, check_json
from web.json_http import from_json

ALL = ["\x00", "\x0b", "\x1b", "\x7f", "\ufffe", "\uffff"]
FIT = "王小明\t，ﾠ🙂\U0001fffe\u00a0\u0085\u2028\ufdd0\r\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("characters"))


@pytest.mark.parametrize("bad", ["王\x00明", "a\x0bb", "\x1b[31m", "x\x7f"])
def test_a_form_with_one_is_refused_with_words(bad: str):
    app = Flask("x")
    with app.test_request_context("/public/apply", method="POST", data={"name": bad}), pytest.raises(InvalidInput) as refused:
        check_characters(request)
    assert (refused.value.code, refused.value.details["field"]) == ("control_characters", "name")


@pytest.mark.parametrize("bad", ALL)
def test_the_name_of_a_field_or_a_file_with_one_is_refused(bad: str):
    app = Flask("x")
    for data in ({f"na{bad}me": "x"}, {"file": (io.BytesIO(b"x"), f"a{bad}b.pdf")}):
        with app.test_request_context("/p", method="POST", data=data), pytest.raises(InvalidInput, match="control_characters"):
            check_characters(request)


@pytest.mark.parametrize("bad", [*ALL, chr(0xD800), chr(0xDFFF)])
def test_what_is_refused_is_what_no_document_can_hold(bad: str):
    assert has_control(f"a{bad}b")
    assert without_control(f"a{bad}b") == "ab"
    assert json_has_control(json.dumps({"text": f"a{bad}b"}).encode())
    if bad < "\ud800" or bad > "\udfff":
        assert json_has_control(json.dumps({"text": f"a{bad}b"}, ensure_ascii=False).encode())


def test_everything_else_is_let_through():
    assert (has_control(FIT), without_control(FIT)) == (False, FIT)
    for is_ascii in (True, False):
        assert not json_has_control(json.dumps({"text": f"{FIT}\\u0000 \\f"}, ensure_ascii=is_ascii).encode())


@pytest.mark.parametrize("escape", [r"\b", r"\f", r"\u0000", r"\u001F", r"\u007f", r"\uFFFE", r"\uffff", r"\ud800", r"\uDE00"])
def test_an_escape_is_the_character(escape: str):
    assert json_has_control(f'{{"a":"x{escape}y"}}'.encode())
    assert not json_has_control(f'{{"a":"x\\{escape}y"}}'.encode()), "a backslash and a word"


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


@pytest.mark.parametrize("address", ["/a%00b", "/p?q=a%0Bb", "/p?q=%EF%BF%BE", "/p?a%7fb=1"])
def test_an_address_is_looked_at_as_it_is_read(address: str):
    app = Flask("x")
    with app.test_request_context(address), pytest.raises(InvalidInput, match="control_characters"):
        check_characters(request)


def test_a_bare_control_byte_in_a_query_is_refused():
    app = Flask("x")
    with app.test_request_context("/p", environ_overrides={"QUERY_STRING": "q=a\x00b"}), pytest.raises(InvalidInput):
        check_characters(request)


@pytest.mark.parametrize("body", [
    b'{"v":"a\\ud800b"}', b'{"v":"a\x7fb"}', '{"v":"a\\u0000b"}'.encode("utf-16"), '{"v":"a\uffffb"}'.encode(),
    b'{"inputs":[{"property":"pathname","value":"/case/360500/a%00b"}]}',
    b'{"inputs":[[{"property":"x","value":1}]],"state":[{"property":"search","value":"?q=a%1fb"}]}'])
def test_a_pages_input_is_refused_however_it_is_written(body: bytes):
    app = Flask("x")
    with app.test_request_context("/desk/_dash-update-component", method="POST", data=body,
                                  content_type="application/json"), pytest.raises(InvalidInput, match="control_characters"):
        check_characters(request)


def test_a_percent_sign_in_a_pages_words_is_one():
    app, body = Flask("x"), '{"inputs":[{"property":"value","value":"下降%10，%1f"},{"property":"search","value":"?q=10%25"}]}'
    with app.test_request_context("/desk/_dash-update-component", method="POST", data=body.encode(),
                                  content_type="application/json"):
        check_characters(request)


def test_any_json_is_looked_at():
    app = Flask("x")
    with app.test_request_context("/footage/x", method="POST", data=b'{"reason":"a\\u0000b"}',
                                  content_type="application/json"), pytest.raises(InvalidInput, match="control_characters"):
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
    write(new_line(document, LEFT), "王\x0b小\x00明\uffff\ufffe\ud800")
    kept = io.BytesIO()
    document.save(kept)
    assert Document(io.BytesIO(kept.getvalue())).paragraphs[-1].text == "王小明"


@pytest.mark.parametrize("kind", ["docx", "pdf"])
def test_a_paper_issued_before_is_drawn_without_them(kind: str):
    body = (*PAPER.body, Paragraph("王\uffff小\ufffe明"), Items(("甲\x0b",)))
    paper = replace(PAPER, title=f"{PAPER.title}\ufffe", addressee="市发改委\uffff", body=body, copies_to="市政府\x01")
    made = drawn(msgspec.json.encode(paper).decode(), kind, "fagai", None, Fonts(folder=font_folder()), None)
    assert made[:2] == (b"PK" if kind == "docx" else b"%P")
    if kind == "docx":
        assert "王小明" in [line.text for line in Document(io.BytesIO(made)).paragraphs]
