"""An applicant finds an item, fills in a draft, sends files, files it once, and anybody can check the receipt."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from config.versions import Kind
from core.access import Actor, Role
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, make_site

ITEM = "gongxin-01"
APPLY = f"/public/apply/{ITEM}/"
CHEN = Actor("chen", frozenset({Role.ADMINISTRATOR}))
SCRIPT = "<script>alert(1)</script>"
WHO = {"kind": "company", "name": f"锦程{SCRIPT}", "phone": "13979000001", "title": f"城南基站{SCRIPT}", "address": SCRIPT,
       "agent": SCRIPT, "email": SCRIPT, "identity_no": SCRIPT}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("portal"))


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    client = site.client()
    client.csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(f"/public/items/{ITEM}/").text)[1]
    return client


def post(browser: FlaskClient, at: str, /, **form):
    return browser.post(at, data={"csrf": browser.csrf, **form}, headers={**SAME_ORIGIN, **AS_BROWSER})


def send(browser: FlaskClient, name: str, content: bytes, code: str = "shenqing"):
    return post(browser, f"{APPLY}materials/", code=code, **{f"file-{code}": (io.BytesIO(content), name)})


def test_from_the_item_to_a_receipt_anybody_can_check(site: Site, browser: FlaskClient):
    begun = post(browser, f"{APPLY}begin")
    cookie = begun.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert f"Path={APPLY}" in cookie
    assert post(browser, APPLY, **WHO, then="next").headers["Location"].endswith("materials/")
    assert send(browser, f"申请{SCRIPT}.pdf", b"%PDF-1.4\n").status_code == 303
    refused = send(browser, "坏.pdf", b"MZ\x90")
    assert refused.status_code == 400
    assert 'id="problem-shenqing"' in refused.text
    review = browser.get(f"{APPLY}review/").text
    assert "<script>" not in review
    assert "&lt;script&gt;" in review
    assert "台址使用证明" in review
    assert post(browser, f"{APPLY}review/").status_code == 400
    receipt = post(browser, f"{APPLY}review/", agreed="yes")
    assert receipt.status_code == 200
    assert "<script>" not in receipt.text
    assert "data:image/svg+xml" in receipt.text
    number, password = (re.search(rf'id="{name}">([^<]+)<', receipt.text)[1] for name in ("case-no", "password"))
    detail = site.services.approval.queries.progress(number, password)
    assert [paper.code for paper in detail.papers] == ["shenqing"]
    assert post(browser, f"{APPLY}review/", agreed="yes").status_code == 404
    checked = site.client().get(f"/public/check/{detail.receipts[0].code}").text
    assert detail.receipts[0].number in checked
    assert number not in checked
    assert "锦程" not in checked


def test_a_file_that_was_chosen_and_not_uploaded_goes_with_the_last_look(browser: FlaskClient):
    """The way to it is a button of the form all files belong to; a refused file holds it up, and the others are kept."""
    post(browser, f"{APPLY}begin")
    post(browser, APPLY, **WHO)
    page = browser.get(f"{APPLY}materials/").text
    assert '<button name="then" value="review">' in page
    assert {'form="files"' in field for field in re.findall(r'<input id="file-[^>]+>', page)} == {True}
    chosen = {f"file-{code}": (io.BytesIO(content), f"{code}.pdf") for code, content in (
        ("shenqing", b"%PDF-1.4\n"), ("jishu", b"MZ\x90"))}
    refused = post(browser, f"{APPLY}materials/", then="review", **chosen)
    assert (refused.status_code, re.findall(r'id="problem-(\w+)"', refused.text)) == (400, ["jishu"])
    assert "shenqing.pdf" in refused.text
    sent = post(browser, f"{APPLY}materials/", then="review", **{"file-jishu": (io.BytesIO(b"%PDF-1.4\n"), "jishu.pdf")})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{APPLY}review/")
    shown = browser.get(f"{APPLY}review/").text
    assert ["shenqing.pdf" in shown, "jishu.pdf" in shown] == [True, True]
    assert post(browser, f"{APPLY}materials/", then="review").headers["Location"] == f"{APPLY}review/"


def test_several_large_files_go_at_once_and_the_page_says_how_many(browser: FlaskClient):
    post(browser, f"{APPLY}begin")
    post(browser, APPLY, **WHO)
    page = browser.get(f"{APPLY}materials/").text
    assert ["单个文件不超过 15 MB，一次上传的文件合计不超过 60 MB" in page, "逐个" in page] == [True, False]
    large = b"%PDF-1.4\n" + b"0" * 12 * 1024 * 1024
    files = {f"file-{code}": FileStorage(io.BytesIO(large + code.encode()), f"{code}.pdf") for code in ("shenqing", "jishu")}
    boundary, body = encode_multipart({"csrf": browser.csrf, "then": "review", **files})
    answer = browser.post(f"{APPLY}materials/", data=body, headers={**SAME_ORIGIN, **AS_BROWSER},
                          content_type=f'multipart/form-data; boundary="{boundary}"')
    assert answer.status_code == 303


def test_the_same_draft_in_two_windows_is_filed_once(site: Site, browser: FlaskClient):
    post(browser, f"{APPLY}begin")
    post(browser, APPLY, **WHO)
    key = browser.get_cookie("yangguang_draft", path=APPLY).value
    assert post(browser, f"{APPLY}review/", agreed="yes").status_code == 200
    browser.set_cookie("yangguang_draft", key, path=APPLY)
    assert post(browser, f"{APPLY}review/", agreed="yes").status_code == 404


def test_what_is_missing_is_said_at_its_field_and_what_was_typed_stays(browser: FlaskClient):
    post(browser, f"{APPLY}begin")
    answer = post(browser, APPLY, kind="person", name="王小明", then="next")
    assert answer.status_code == 400
    assert {'id="phone-problem"', 'id="title-problem"'} <= set(re.findall(r'id="[a-z_]+-problem"', answer.text))
    assert 'value="王小明"' in browser.get(APPLY).text


def test_a_form_without_its_token_changes_nothing(browser: FlaskClient):
    assert browser.post(f"{APPLY}begin", data={"then": "x"}, headers=SAME_ORIGIN).status_code == 403


def test_a_draft_opens_only_with_its_key(site: Site, browser: FlaskClient):
    post(browser, f"{APPLY}begin")
    post(browser, APPLY, **WHO)
    stranger = site.client().get(APPLY)
    assert stranger.status_code == 303
    assert stranger.headers["Location"] == f"/public/items/{ITEM}/"


def test_internal_items_are_not_shown(site: Site):
    internal = next(item for item in site.services.catalogue.items.values() if item.kind == "internal")
    assert site.client().get(f"/public/items/{internal.code}/").status_code == 404
    assert internal.name not in site.client().get("/public/items/", query_string={"q": internal.name}).text.split("<ul")[-1]


@pytest.mark.parametrize("address", ["/public/", "/public/items/?q=无线电", f"/public/items/{ITEM}/", "/public/check/"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_has_its_words_in_both_languages(site: Site, address: str, lang: str):
    answer = site.client().get(address, query_string=None if "?" in address else {"lang": lang})
    assert answer.status_code == 200
    assert re.findall(r"\bportal\.[a-z_.]+\b(?!css)", answer.text.replace("portal.css", "")) == []


def test_codes_cannot_be_tried_without_end(tmp_path):
    client = make_site(tmp_path).client()
    answers = [client.get(f"/public/check/AAAABBBBCCCC{n:04d}").status_code for n in range(61)]
    assert answers[59:] == [404, 429]


# The item's own form ----------------------------------------------------------------------------------------------

ROAD = "chengguan-03"
AT_ROAD = f"/public/apply/{ROAD}/"
DUG = {"fields.road": "仙来大道", "fields.grade": "支路", "fields.area": "12.5", "fields.begin": "2026-04-01"}


def test_the_form_of_the_item_is_asked_checked_and_kept(site: Site, browser: FlaskClient):
    post(browser, f"{AT_ROAD}begin")
    who = {"kind": "person", "name": "王小明", "phone": "13979000001", "title": "接自来水"}
    wrong = post(browser, AT_ROAD, **who, **{**DUG, "fields.area": "很大", "fields.grade": SCRIPT}, then="next")
    assert wrong.status_code == 400
    assert 'id="fields.area-problem"' in wrong.text
    assert 'id="fields.grade-problem"' in wrong.text
    assert "<script>" not in wrong.text
    assert post(browser, AT_ROAD, **who, **DUG, then="next").status_code == 303
    assert "挖掘面积（平方米）" in browser.get(f"{AT_ROAD}review/").text
    receipt = post(browser, f"{AT_ROAD}review/", agreed="yes").text
    detail = site.services.approval.queries.of_applicant(re.search(r'id="case-no">([^<]+)<', receipt)[1])
    assert detail.particulars["fields"] == {"road": "仙来大道", "grade": "支路", "area": "12.5", "begin": "2026-04-01"}
    assert detail.particulars["form"]["area"] == "挖掘面积（平方米）"
    assert "审核" not in detail.stations


def test_a_draft_begun_before_a_new_version_of_its_item_is_gone_on_with(tmp_path: Path):
    """From its first day on the item asks for one field more and one paper less: the field is asked for where it is filled in,
    and the file that nobody asks for any more keeps nothing from being filed."""
    site = make_site(tmp_path)
    browser, clock = site.client(), site.services.clock
    content = site.services.editing.present(Kind.ITEM, ITEM)[1]
    papers = [paper for paper in content["materials"] if paper["code"] != "jishu"]
    site.services.editing.propose(Kind.ITEM, ITEM, {**content, "materials": papers, "form": [
        {"code": "height", "name": "天线高度", "kind": "number"}]}, effective_from=date(2026, 3, 17), reason="改革", actor=CHEN)
    browser.csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(f"/public/items/{ITEM}/").text)[1]
    post(browser, f"{APPLY}begin")
    assert post(browser, APPLY, **WHO, then="next").headers["Location"] == f"{APPLY}materials/"
    assert send(browser, "图纸.pdf", b"%PDF-1.4\n", "jishu").status_code == 303
    clock.move_to(datetime(2026, 3, 16, 16, 0, 1, tzinfo=UTC))  # the first second of the day in Shanghai
    shown = browser.get(f"{APPLY}materials/").text
    assert re.search(r'id="left-over">.*不会一并提交.*图纸\.pdf.*name="code" value="jishu"', shown, re.S)
    late = post(browser, f"{APPLY}review/", agreed="yes")
    assert (late.status_code, 'id="fields.height-problem"' in late.text) == (400, True)
    assert post(browser, APPLY, **WHO, **{"fields.height": "30"}, then="next").status_code == 303
    assert "图纸.pdf" not in browser.get(f"{APPLY}review/").text
    receipt = post(browser, f"{APPLY}review/", agreed="yes")
    number = re.search(r'id="case-no">([^<]+)<', receipt.text)[1]
    assert site.services.approval.queries.of_applicant(number).papers == []


def test_a_file_nobody_asks_for_any_more_can_be_taken_out(tmp_path: Path):
    site = make_site(tmp_path)
    browser, content = site.client(), site.services.editing.present(Kind.ITEM, ITEM)[1]
    browser.csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(f"/public/items/{ITEM}/").text)[1]
    post(browser, f"{APPLY}begin")
    post(browser, APPLY, **WHO, then="next")
    send(browser, "图纸.pdf", b"%PDF-1.4\n", "jishu")
    assert 'id="left-over"' not in browser.get(f"{APPLY}materials/").text
    papers = [paper for paper in content["materials"] if paper["code"] != "jishu"]
    site.services.editing.propose(Kind.ITEM, ITEM, {**content, "materials": papers}, effective_from=date(2026, 3, 17),
                                  reason="改革", actor=CHEN)
    site.services.clock.move_to(datetime(2026, 3, 16, 16, 0, 1, tzinfo=UTC))
    shown = browser.get(f"{APPLY}materials/").text
    digest = re.search(r'name="code" value="jishu"><input type="hidden" name="sha256" value="(\w+)"', shown)[1]
    assert post(browser, f"{APPLY}materials/remove", code="jishu", sha256=digest).status_code == 303
    assert "图纸.pdf" not in browser.get(f"{APPLY}materials/").text


def test_the_other_language_shows_the_same_search_and_no_answer_to_a_form_is_lost_to_it(browser: FlaskClient):
    found = browser.get("/public/items/?q=%E6%97%A0%E7%BA%BF%E7%94%B5&org=gongxin").text
    address = re.search(r'<a href="([^"]+)" lang="en">English</a>', found)
    assert address is not None
    english = browser.get(f"/public/items/{address[1].replace('&amp;', '&')}").text
    assert ('value="无线电"' in english, "中文</a>" in english) == (True, True)
    browser.get("/public/?lang=zh")
    refused = post(browser, "/public/tell/consultation/", org="gongxin", title="怎么办")
    assert (refused.status_code, "怎么办" in refused.text, "English</a>" in refused.text) == (400, True, False)
