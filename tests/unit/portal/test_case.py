"""The applicant follows his case by number and password, answers, pays, rates; asks and complains; and sees nobody else's."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from approval.matters import Application
from approval.payments.service import Payments
from approval.posts import EVERY_UNIT
from core.access import Actor, Role
from paying import payments_of
from portal.desk import PaperFacts, Standing, standing_on
from portal.direct import steps_seen
from portal.pay import NOTICE_PATH
from supervision.complaints.queries import WantedComplaints
from tests.hosting import APPLICANT, HALL, HEAD, Hall
from tests.peers import Untouched
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, make_site

FORM = "application/x-www-form-urlencoded"
ITEM = "gongxin-01"
CLERK = Actor("window", frozenset({Role.APPROVAL_STAFF}), "fagai", "何静")
STEPS = [Actor(f"step-{place}", frozenset({Role.APPROVAL_STAFF}), "gongxin", f"第{place}人") for place in range(3)]
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("case"))
    made.services.approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])
    for person, post in zip(STEPS, ("承办人", "审核人", "批准人"), strict=True):
        made.services.approval.posts.give(person.name, "gongxin", [post])
    return made


def browser(site: Site) -> FlaskClient:
    client: Any = site.client()
    client.csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/public/case/").text)[1]
    return client


def post(client: Any, at: str, **form: object):
    return client.post(at, data={"csrf": client.csrf, **form}, headers={**SAME_ORIGIN, **AS_BROWSER})


def filed(site: Site, without: str = "", item: str = ITEM, **said: str) -> Any:
    papers = tuple(code for code, paper in site.services.catalogue.items[item].details.materials.items()
                   if paper.required and code != without)
    return site.services.approval.intake.file(Application(item, APPLICANT, "城南基站", said, papers), "window", CLERK)


def pdf(code: str, name: str) -> dict[str, Any]:
    """A file for that paper, as the page of a correction sends it."""
    return {f"file-{code}": (io.BytesIO(b"%PDF-1.4\n"), name)}


def opened(site: Site, told: Any) -> FlaskClient:
    client = browser(site)
    assert post(client, "/public/case/enter", no=told.case_no, password=told.password).status_code == 303
    return client


def rev(site: Site, case_no: str) -> int:
    return site.services.approval.queries.find(case_no, INSPECTOR).head.rev


def state(client: FlaskClient) -> str:
    found = re.search(r'id="state">([^<]+)<', client.get("/public/case/").text)
    assert found is not None
    return found[1]


def accepted(site: Site) -> Any:
    told = filed(site)
    site.services.approval.intake.accept(told.case_no, rev(site, told.case_no), CLERK)
    return told


# Following --------------------------------------------------------------------------------------------------------

def test_number_and_password_show_where_it_stands_and_why_until_when(site: Site):
    client = opened(site, accepted(site))
    text = client.get("/public/case/").text
    assert state(client) == "办理中"
    assert 'aria-current="step"><strong>承办</strong>' in text
    assert "2026-03-30" in text
    assert text.count('scope="row"') >= 14
    assert "起算日" in text
    assert "周末" in text
    assert "受理通知书" in text


def test_a_paper_of_the_case_can_be_had_and_one_of_another_cannot(site: Site):
    mine, others = accepted(site), accepted(site)
    client = opened(site, mine)
    own = site.services.approval.queries.of_applicant(mine.case_no).receipts[-1].code
    foreign = site.services.approval.queries.of_applicant(others.case_no).receipts[-1].code
    assert client.get(f"/public/case/paper/{own}/docx").data[:2] == b"PK"
    assert client.get(f"/public/case/paper/{foreign}/docx").status_code == 404
    assert browser(site).get(f"/public/case/paper/{own}/docx").status_code == 404


def test_wrong_numbers_and_wrong_passwords_get_one_answer_and_few_tries(site: Site):
    told = filed(site)
    client = browser(site)
    wrong = post(client, "/public/case/enter", no=told.case_no, password="2345678923")
    unknown = post(client, "/public/case/enter", no="360500-x", password=told.password)
    problem = re.compile(r'id="problem">([^<]+)<')
    assert (wrong.status_code, unknown.status_code) == (404, 404)
    assert problem.search(wrong.text)[1] == problem.search(unknown.text)[1]  # type: ignore[index]
    for _ in range(40):
        last = post(client, "/public/case/enter", no=told.case_no, password="2345678923")
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0


def test_leaving_ends_it_and_nothing_works_without_it(site: Site):
    client = opened(site, accepted(site))
    post(client, "/public/case/leave")
    assert 'name="password"' in client.get("/public/case/").text
    for act in ("withdraw", "rate", "pay", "attach", "correct"):
        assert post(client, f"/public/case/{act}").status_code == 404
    assert client.get("/public/pay/back").status_code == 404
    assert post(client, "/public/pay/sandbox/", verdict="paid").status_code == 404


def test_a_cookie_somebody_made_up_opens_nothing(site: Site):
    client = browser(site)
    client.set_cookie("yangguang_case", '{"no":"360500-gongxin-20260316-0001-0"}', path="/public/")
    assert 'name="password"' in client.get("/public/case/").text


# Answering --------------------------------------------------------------------------------------------------------

def test_a_correction_is_answered_with_files_and_a_refused_one_changes_nothing(site: Site):
    told = filed(site, without="jishu")
    site.services.approval.intake.ask_correction(told.case_no, rev(site, told.case_no), ["jishu"], "缺技术资料", CLERK)
    client = opened(site, told)
    assert post(client, "/public/case/correct").status_code == 400
    bad = post(client, "/public/case/attach", code="jishu", **{"file-jishu": (io.BytesIO(b"MZ"), "x.pdf")})
    assert bad.status_code == 400
    assert state(client) == "补正中"
    assert post(client, "/public/case/attach", code="jishu", **pdf("jishu", "技术.pdf")).status_code == 303
    assert "技术.pdf" in client.get("/public/case/").text
    assert post(client, "/public/case/correct").status_code == 303
    assert state(client) == "已收件"
    papers = site.services.approval.queries.find(told.case_no, INSPECTOR).papers
    assert ("jishu", "技术.pdf") in {(paper.code, paper.file_name) for paper in papers}


def test_one_file_of_two_is_no_correction_until_he_says_that_the_rest_will_not_come(site: Site):
    told = filed(site, without="jishu")
    site.services.approval.intake.ask_correction(told.case_no, rev(site, told.case_no), ["jishu", "changdi"], "缺两项", CLERK)
    client = opened(site, told)
    name = site.services.catalogue.items[ITEM].details.materials["changdi"].name
    assert 'name="rest"' not in client.get("/public/case/").text
    post(client, "/public/case/attach", code="jishu", **pdf("jishu", "技术.pdf"))
    assert f"仍缺：{name}。" in client.get("/public/case/").text
    answer = post(client, "/public/case/correct")
    assert (answer.status_code, state(client)) == (400, "补正中")
    assert f"补正仍缺：{name}" in answer.text
    assert "技术.pdf" in client.get("/public/case/").text
    assert post(client, "/public/case/correct", rest="withheld").status_code == 303
    assert state(client) == "已收件"


def test_a_notice_that_names_no_paper_is_answered_in_words(site: Site):
    told = filed(site)
    site.services.approval.intake.ask_correction(told.case_no, rev(site, told.case_no), [], "请说明基站与住宅的距离", CLERK)
    client = opened(site, told)
    assert "请说明基站与住宅的距离" in client.get("/public/case/").text
    for words in ("", "   "):
        assert post(client, "/public/case/correct", words=words).status_code == 400
    assert state(client) == "补正中"
    assert post(client, "/public/case/correct", words="与最近住宅相距 80 米").status_code == 303
    assert state(client) == "已收件"
    assert answered(site, told.case_no) == {"words": "与最近住宅相距 80 米"}
    assert post(client, "/public/case/correct", words="再说一遍").status_code == 409


FORM_ITEM, SAID = "chengguan-03", {"road": "站前路", "grade": "支路", "area": "20", "begin": "2026-04-01"}


def test_fields_of_the_form_are_amended_and_what_was_typed_is_kept_while_files_are_sent(site: Site):
    told = filed(site, "tuzhi", FORM_ITEM, **SAID)
    site.services.approval.intake.ask_correction(
        told.case_no, rev(site, told.case_no), ["tuzhi"], "面积与图不符", CLERK, amend=["area", "road"])
    client = opened(site, told)
    new = {"fields.area": "35", "fields.road": "站前路", "words": "路名无误"}
    assert post(client, "/public/case/attach", code="tuzhi", **pdf("tuzhi", "图.pdf"), **new).status_code == 303
    page = client.get("/public/case/").text
    assert 'value="35"' in page
    assert "路名无误" in page
    wrong = post(client, "/public/case/correct", **{**new, "fields.area": "很多"})
    assert wrong.status_code == 400
    assert 'id="fields.area-problem"' in wrong.text
    assert 'value="很多"' in wrong.text
    assert post(client, "/public/case/correct", **new).status_code == 303
    assert answered(site, told.case_no) == {"words": "路名无误", "amended": "挖掘面积（平方米）：20 → 35"}
    detail = site.services.approval.queries.find(told.case_no, INSPECTOR)
    assert detail.particulars["fields"] == {**SAID, "area": "35"}
    assert detail.told is None


def test_a_file_that_was_chosen_goes_with_the_answer_and_a_field_left_as_it_was_lacks(site: Site):
    told = filed(site, "tuzhi", FORM_ITEM, **SAID)
    site.services.approval.intake.ask_correction(
        told.case_no, rev(site, told.case_no), ["tuzhi"], "面积与图不符", CLERK, amend=["area"])
    client = opened(site, told)
    same = {"fields.area": "20"}
    assert "补正没有任何内容" in post(client, "/public/case/correct", **same).text
    lacking = post(client, "/public/case/correct", **pdf("tuzhi", "图.pdf"), **same)
    assert (lacking.status_code, "补正仍缺：挖掘面积（平方米）" in lacking.text) == (400, True)
    assert "图.pdf" in lacking.text
    assert post(client, "/public/case/correct", rest="withheld", **same).status_code == 303
    assert answered(site, told.case_no) == {"withheld": "挖掘面积（平方米）"}


def answered(site: Site, case_no: str) -> dict[str, str] | None:
    """What the journal keeps of the answer to a notice."""
    events = site.services.case_queries.find_case(case_no, site.services.clock.now_us()).events
    return next(one.event.data.attributes for one in events if one.event.kind.value == "correction_received")


def test_taking_it_back_needs_a_second_thought(site: Site):
    client = opened(site, accepted(site))
    assert post(client, "/public/case/withdraw").status_code == 400
    assert state(client) == "办理中"
    assert post(client, "/public/case/withdraw", sure="yes", reason="不再需要").status_code == 303
    assert state(client) == "已撤回"


def test_what_is_decided_is_not_taken_back(site: Site):
    told, _ = with_fee(site)
    client = opened(site, told)
    assert 'name="sure"' not in client.get("/public/case/").text
    assert post(client, "/public/case/withdraw", sure="yes").status_code == 409


# Paying and rating ------------------------------------------------------------------------------------------------

def with_fee(site: Site) -> tuple[Any, int]:
    told = accepted(site)
    approval = site.services.approval
    for person in STEPS:
        approval.handling.complete(told.case_no, rev(site, told.case_no), "同意", person)
    return told, approval.ending.charge(told.case_no, rev(site, told.case_no), "pinlv", 2, CLERK)


def test_a_fee_is_paid_once_and_a_silent_or_declining_gateway_changes_nothing(site: Site):
    told, fee = with_fee(site)
    client = opened(site, told)
    for verdict, words in (("silent", "正在核对"), ("declined", "支付未成功")):
        sent = post(client, "/public/case/pay", fee=fee)
        assert sent.headers["Location"] == "/public/pay/sandbox/"
        assert "200.00" in client.get("/public/pay/sandbox/").text
        assert post(client, "/public/pay/sandbox/", verdict="nonsense").status_code == 400
        assert post(client, "/public/pay/sandbox/", verdict=verdict).headers["Location"] == "/public/pay/back"
        answer = client.get("/public/pay/back")
        assert (answer.status_code, words in answer.text) == (502, True)
        assert "待缴" in client.get("/public/case/").text
    post(client, "/public/case/pay", fee=fee)
    assert "尚未收到款项" in client.get("/public/pay/back").text
    post(client, "/public/pay/sandbox/", verdict="paid")
    assert client.get("/public/pay/back").status_code == 303
    assert "已缴" in client.get("/public/case/").text
    assert client.get("/public/pay/back").status_code == 404
    assert post(client, "/public/case/pay", fee=fee).status_code == 404


def test_a_double_click_on_a_payment_that_is_booked_gives_no_money_back(site: Site):
    told, fee = with_fee(site)
    client = opened(site, told)
    post(client, "/public/case/pay", fee=fee)
    order = client.get_cookie("yangguang_order", path="/public/").value
    for _ in range(2):
        client.set_cookie("yangguang_order", order, path="/public/")
        post(client, "/public/pay/sandbox/", verdict="paid")
        assert client.get("/public/pay/back").status_code == 303
    assert payments_of(site.services).gateway.given_back() == []
    assert client.get("/public/case/").text.count("已缴") == 1


def test_who_closes_his_browser_after_paying_is_told_that_it_is_checked_and_finds_it_booked(site: Site):
    told, fee = with_fee(site)
    post(client := opened(site, told), "/public/case/pay", fee=fee)
    assert "关闭本页" in post(client, "/public/pay/sandbox/", verdict="paid_and_gone").text
    other = opened(site, told)
    assert "请勿重复缴费" in other.get("/public/case/").text
    (order,) = payments_of(site.services).ledger.of_case(told.case_no).values()
    payments_of(site.services).look(order.order.no)
    assert "已缴" in other.get("/public/case/").text


def test_a_second_tab_pays_with_the_same_order(site: Site):
    told, fee = with_fee(site)
    tabs = [opened(site, told) for _ in range(2)]
    for tab in tabs:
        post(tab, "/public/case/pay", fee=fee)
    numbers = {re.search(r"PAY[0-9A-F]{16}", tab.get("/public/pay/sandbox/").text)[0] for tab in tabs}  # type: ignore[index]
    assert len(numbers) == 1


def test_the_session_that_ended_while_he_paid_costs_him_nothing(site: Site):
    told, fee = with_fee(site)
    client = opened(site, told)
    post(client, "/public/case/pay", fee=fee)
    post(client, "/public/pay/sandbox/", verdict="paid")
    client.delete_cookie("yangguang_case", path="/public/")
    assert client.get("/public/pay/back").headers["Location"] == "/public/case/"
    assert "已缴" in opened(site, told).get("/public/case/").text


def test_where_there_is_no_gateway_fees_are_paid_at_a_window(site: Site, monkeypatch: pytest.MonkeyPatch):
    told, fee = with_fee(site)
    client = opened(site, told)
    monkeypatch.setattr(Payments, "are_taken", False)
    text = client.get("/public/case/").text
    assert ("本站未开通网上缴费" in text, 'action="/public/case/pay"' in text) == (True, False)
    assert post(client, "/public/case/pay", fee=fee).status_code == 409
    assert payments_of(site.services).ledger.of_case(told.case_no) == {}


# The gateway's server -----------------------------------------------------------------------------------------------

def test_a_signed_notice_books_without_a_browser_and_twice_is_once(site: Site):
    told, fee = with_fee(site)
    payments = payments_of(site.services)
    order = payments.begin(told.case_no, fee, 20_000)
    for _ in range(2):
        answer = site.app.test_client().post("/public/pay/notify", data=payments.gateway.notice(order, "paid"))
        assert (answer.status_code, answer.text) == (200, "success")
        assert "Set-Cookie" not in answer.headers
    assert payments.ledger.find(order.no).state == "booked"
    assert [one["state"] for one in site.services.approval.queries.find(told.case_no, INSPECTOR).fees] == ["paid"]
    assert payments.gateway.given_back() == []


def test_a_notice_that_is_not_signed_too_large_or_for_another_amount_changes_nothing(site: Site):
    told, fee = with_fee(site)
    payments, client = payments_of(site.services), site.app.test_client()
    order = payments.begin(told.case_no, fee, 20_000)
    signed = payments.gateway.notice(order, "paid")
    forged = payments.gateway.notice(replace(order, amount_fen=1), "paid")
    for body, status in ((b"", 400), (signed[:-2], 400), (b'{"order": 1}', 400), (b"x" * 20_000, 413), (forged, 400)):
        assert client.post("/public/pay/notify", data=body).status_code == status
    assert payments.ledger.find(order.no).state == "open"
    assert client.get("/public/pay/notify").status_code in (404, 405)


@pytest.mark.parametrize("media_type", [FORM, "multipart/form-data; boundary=x", "application/json"])
def test_a_notice_is_read_as_it_was_sent_whatever_it_calls_itself(site: Site, media_type: str):
    told, fee = with_fee(site)
    payments = payments_of(site.services)
    order = payments.begin(told.case_no, fee, 20_000)
    notice = payments.gateway.notice(order, "paid")
    answer = site.app.test_client().post(NOTICE_PATH, data=notice, content_type=media_type)
    assert (answer.status_code, payments.ledger.find(order.no).state) == (200, "booked")


@pytest.mark.parametrize("media_type", [FORM, "text/plain"])
def test_a_notice_that_is_too_large_is_refused_unread(site: Site, media_type: str):
    answer = site.app.test_client().post(NOTICE_PATH, content_type=media_type, environ_overrides={
        "wsgi.input": Untouched(), "CONTENT_LENGTH": "16385"})
    assert answer.status_code == 413


def test_the_end_is_rated_once(site: Site):
    told, fee = with_fee(site)
    site.services.approval.ending.paid(told.case_no, fee, "票1")
    site.services.approval.ending.conclude(told.case_no, rev(site, told.case_no), "", CLERK)
    client = opened(site, told)
    assert post(client, "/public/case/rate").status_code == 400
    assert post(client, "/public/case/rate", score="2", words="<script>太慢</script>").status_code == 303
    assert 'name="score"' not in client.get("/public/case/").text
    assert post(client, "/public/case/rate", score="5").status_code == 409


def test_whoever_holds_a_licence_may_check_whether_it_is_good(site: Site):
    told, fee = with_fee(site)
    approval = site.services.approval
    approval.ending.paid(told.case_no, fee, "票1")
    approval.ending.conclude(told.case_no, rev(site, told.case_no), "", CLERK)
    detail = approval.queries.of_applicant(told.case_no)
    code, number = next((one.code, one.number) for one in detail.receipts if one.kind == "licence")
    text = browser(site).get(f"/public/check/{code}").text
    assert "2029-03-15" in text
    assert 'class="standing standing-valid">有效<' in text
    assert "锦程" not in text
    approval.posts.give(HEAD.name, "gongxin", ["分管领导"])
    approval.licences.end(told.case_no, rev(site, told.case_no), number, "revoked", "材料不实", HEAD)
    assert "撤销，不再有效" in browser(site).get(f"/public/check/{code}").text
    assert opened(site, told).get("/public/case/").text.count("证照撤销（注销）决定书") >= 1


@pytest.mark.parametrize(("until", "state", "seen"), [
    ("2029-03-15", "valid", "valid"), ("2029-03-14", "valid", "expired"), ("", "valid", "valid"),
    ("2029-03-14", "revoked", "revoked")])
def test_a_licence_is_good_on_its_last_day_and_not_after_it(until: str, state: str, seen: str):
    facts = PaperFacts("c", "licence", "permit", "证1", "工信局", "2026-03-16", "36…", Standing(until, state))
    standing = standing_on(facts, "2029-03-15").standing
    assert standing is not None
    assert standing.state == seen


# Asking and complaining -------------------------------------------------------------------------------------------

def test_a_complaint_is_filed_with_a_name_that_is_sealed_or_without_one(site: Site):
    client = browser(site)
    given = {"org": "gongxin", "category": "attitude", "title": "态度恶劣", "content": "三次去都让我回去等。",
             "name": "欧阳守正", "phone": "13979001234", "address": ""}
    for named in ("yes", "no"):
        answer = post(client, "/public/tell/complaint/", named=named, **given)
        assert answer.status_code == 200
        number = re.search(r'id="number">([^<]+)<', answer.text)[1]  # type: ignore[index]
        detail = site.services.follow_up.complaint_queries.find(number, INSPECTOR)
        assert detail.has_reporter is (named == "yes")
        assert "欧阳守正" not in repr(detail)
    rows, _ = site.services.follow_up.complaint_queries.listed(INSPECTOR, WantedComplaints(), site.services.clock.now_us(), 50)
    assert len(rows) == 2


def test_what_is_missing_is_said_and_what_was_typed_stays(site: Site):
    client = browser(site)
    answer = post(client, "/public/tell/consultation/", org="gongxin", category="", title="<script>怎么办</script>", content="",
                  about_case="", name="", phone="", address="")
    assert answer.status_code == 400
    assert "&lt;script&gt;怎么办" in answer.text
    assert client.get("/public/tell/rating/").status_code == 404


def test_the_applicant_sees_only_the_steps_his_case_goes_through(tmp_path: Path):
    condition = "  gongxin-04:\n    form: [{code: amount, name: 投资额, kind: number}]\n" \
                "    conditions: {审核: {field: amount, at_least: 100000}}\n"
    hall = Hall(tmp_path, details=condition)
    case_no = hall.file("gongxin-04", fields={"amount": "99999"})
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    assert steps_seen(hall.detail(case_no), hall.case(case_no)) == [
        ("受理", "done"), ("承办", "open"), ("批准", "waiting"), ("办结", "waiting")]
    hall.services.database.dispose()
