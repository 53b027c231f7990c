"""An applicant applies at the public site of its own; the inside takes it in, answers, and he sees every answer there."""

from __future__ import annotations

import pytest

from approval.payments.matters import Order
from core.errors import Conflict, InvalidInput, NotFound
from portal.desk import CaseView, Standing, Waiting
from supervision.complaints.matters import Filing, Reporter
from tests.editing import content_of, published
from tests.hosting import APPROVER, DISPATCHER, HALL, HANDLER, HEAD, JOINT, PLAN, REVIEWER
from tests.pair import PDF, Pair

ROAD = {"road": "站前路", "grade": "支路", "area": "20", "begin": "2026-04-01"}


def seen(pair: Pair, number: str) -> CaseView:
    found = pair.desk.find(number)
    assert isinstance(found, CaseView)
    return found


def test_an_application_waits_and_is_then_a_case_with_its_receipt(pair: Pair):
    handed = pair.apply()
    waiting = pair.desk.find(handed.number)
    assert isinstance(waiting, Waiting)
    assert (waiting.title, waiting.sent_at, waiting.problem) == ("城南基站", handed.sent_at, None)
    assert pair.desk.enter(handed.number, handed.password) == handed.number
    pair.round()
    view = seen(pair, handed.number)
    assert view.head.state == "submitted"
    assert view.head.case_no.startswith("360500-gongxin-")
    assert [paper.kind for paper in view.receipts] == ["received"]
    assert pair.desk.enter(view.head.case_no, handed.password) == handed.number
    file = pair.hall.detail(view.head.case_no).papers[0]
    with pair.hall.approval.materials.open(file.sha256) as kept:
        assert kept.read() == PDF


def test_the_password_is_kept_nowhere_and_a_wrong_one_opens_nothing(pair: Pair):
    handed = pair.apply()
    with pytest.raises(NotFound, match="case_or_password_wrong"):
        pair.desk.enter(handed.number, "2222222222")
    pair.round()
    for file in pair.folder.rglob("*"):
        assert not file.is_file() or handed.password.encode() not in file.read_bytes()


def test_the_inside_accepts_and_the_applicant_sees_until_when_and_has_the_paper(pair: Pair):
    handed, case_no = pair.carried(files=pair.hall.papers())
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    pair.round()
    view = seen(pair, handed.number)
    assert view.head.state == "accepted"
    assert view.clock is not None
    assert "2026-03-30" in view.clock.due
    assert len(view.clock.days) >= 14
    paper = view.receipts[-1]
    assert pair.desk.paper(handed.number, paper.code, "docx")[:2] == b"PK"
    assert pair.desk.check(paper.code).number == paper.number
    assert pair.desk.check(paper.code).case.endswith(case_no[-3:])
    with pytest.raises(NotFound):
        pair.desk.paper(handed.number, "X" * 16, "docx")


def test_an_open_case_is_told_anew_each_day_and_a_closed_one_is_not(pair: Pair):
    handed, _ = pair.carried(files=pair.hall.papers())
    before = seen(pair, handed.number).as_of
    pair.round(3)
    assert seen(pair, handed.number).as_of == before
    pair.hall.later(days=1)
    pair.round()
    assert seen(pair, handed.number).as_of > before
    pair.desk.withdraw(handed.number, "不办了")
    pair.round(2)
    closed = seen(pair, handed.number)
    pair.hall.later(days=1)
    pair.round()
    assert (closed.head.state, seen(pair, handed.number).as_of) == ("withdrawn", closed.as_of)


def test_a_correction_is_on_its_way_until_it_is_in(pair: Pair):
    handed, case_no = pair.carried()
    pair.hall.approval.intake.ask_correction(case_no, pair.hall.rev(case_no), ["jishu"], "缺技术资料", HALL)
    pair.round()
    assert [one.code for one in seen(pair, handed.number).asked] == ["jishu"]
    key = pair.desk.drafts.begin("gongxin-01")
    upload = pair.desk.drafts.attach(key, "jishu", "技术.pdf", PDF + b"2")
    pair.desk.correct(handed.number, (upload,), key)
    on_its_way = seen(pair, handed.number)
    assert [one.kind for one in on_its_way.on_its_way] == ["correction"]
    assert "correct" not in on_its_way.may
    with pytest.raises(Conflict):
        pair.desk.correct(handed.number, (upload,), key)
    pair.round()
    assert seen(pair, handed.number).on_its_way == ()
    assert seen(pair, handed.number).head.state == "received"


def test_part_of_a_correction_is_refused_outside_until_he_says_that_the_rest_will_not_come(pair: Pair):
    handed, case_no = pair.carried()
    pair.hall.approval.intake.ask_correction(case_no, pair.hall.rev(case_no), ["jishu", "changdi"], "缺两项", HALL)
    pair.round()
    key = pair.desk.drafts.begin("gongxin-01")
    upload = pair.desk.drafts.attach(key, "jishu", "技术.pdf", PDF)
    with pytest.raises(InvalidInput, match="correction_incomplete") as refused:
        pair.desk.correct(handed.number, (upload,), key)
    assert refused.value.details["papers"] == seen(pair, handed.number).asked[1].name
    pair.desk.correct(handed.number, (upload,), key, rest_withheld=True)
    pair.round()
    assert seen(pair, handed.number).head.state == "received"
    assert pair.hall.events(case_no)[-1].data.attributes == {"withheld": refused.value.details["papers"]}


def test_a_notice_in_words_is_answered_in_words_over_the_exchange(pair: Pair):
    handed, case_no = pair.carried()
    pair.hall.approval.intake.ask_correction(case_no, pair.hall.rev(case_no), [], "请说明频率", HALL)
    pair.round()
    view = seen(pair, handed.number)
    assert (view.notice.reason, view.notice.needs_words) == ("请说明频率", True)
    with pytest.raises(InvalidInput, match="correction_words_missing"):
        pair.desk.correct(handed.number, (), pair.desk.drafts.begin("gongxin-01"))
    pair.desk.correct(handed.number, (), pair.desk.drafts.begin("gongxin-01"), words="使用 5G 频段")
    pair.round()
    assert seen(pair, handed.number).head.state == "received"
    assert pair.hall.events(case_no)[-1].data.attributes == {"words": "使用 5G 频段"}


def test_fields_are_checked_outside_and_amended_inside(pair: Pair):
    handed, case_no = pair.carried(item="chengguan-03", fields=ROAD)
    pair.hall.approval.intake.ask_correction(case_no, pair.hall.rev(case_no), [], "面积不符", HALL, amend=["area"])
    pair.round()
    [field] = seen(pair, handed.number).notice.fields
    assert (field.label, field.value) == ("挖掘面积（平方米）", "20")
    key = pair.desk.drafts.begin("chengguan-03")
    for wrong in ({"area": "20"}, {"area": "0"}, {"area": "30", "road": "别处"}):
        with pytest.raises(InvalidInput):
            pair.desk.correct(handed.number, (), key, fields=wrong)
    pair.desk.correct(handed.number, (), key, fields={"area": "30"})
    pair.round()
    assert pair.hall.detail(case_no).particulars["fields"] == {**ROAD, "area": "30"}


def test_the_parts_of_a_project_are_told_as_each_unit_goes_on(pair: Pair):
    handed, case_no = pair.carried(item=JOINT, files=pair.hall.papers(JOINT))
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    pair.hall.approval.projects.dispatch(case_no, pair.hall.rev(case_no), PLAN, "分发", DISPATCHER)
    pair.round()
    assert {part.node: part.state for part in seen(pair, handed.number).parts} == {
        "land": "open", "water": "open", "build": "waiting", "fire": "waiting"}
    pair.hall.finish(case_no, "land")
    pair.round()
    assert next(part for part in seen(pair, handed.number).parts if part.node == "land").state == "done"


def test_an_act_the_inside_refuses_comes_back_with_its_reason(pair: Pair):
    handed, case_no = pair.carried()
    pair.desk.withdraw(handed.number, "")
    pair.hall.approval.intake.refuse(case_no, pair.hall.rev(case_no), "不属于本机关职权", HALL)
    pair.round()
    refused = seen(pair, handed.number)
    assert refused.head.state == "not_accepted"
    assert [(one.kind, one.problem.code) for one in refused.on_its_way if one.problem] == [("withdrawal", "case_not_in_state")]


def paid_online(pair: Pair, number: str, fee: int, amount_fen: int) -> Order:
    """He pays at the gateway and comes back."""
    order = pair.site.payments.begin(number, fee, amount_fen)
    pair.site.payments.gateway.decide(order, "paid")
    assert pair.site.payments.look(order.no).state == "paid"
    return order


def ledger_state(pair: Pair, order: Order) -> str:
    return pair.site.payments.ledger.find(order.no).state


def test_a_fee_is_paid_once_and_money_nobody_can_book_goes_back(pair: Pair):
    handed, case_no = pair.carried(files=pair.hall.papers())
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    code = next(iter(pair.hall.services.catalogue.items["gongxin-01"].details.fees))
    pair.hall.approval.ending.charge(case_no, pair.hall.rev(case_no), code, 1, HALL)
    pair.round()
    fee = seen(pair, handed.number).fees[0]
    paid_online(pair, handed.number, fee.id, fee.amount_fen)
    assert seen(pair, handed.number).fees[0].state == "sent"
    with pytest.raises(NotFound, match="fee_not_due"):
        pair.desk.pay(handed.number, Order.new(handed.number, fee.id, fee.amount_fen), "票2")
    pair.round()
    assert (seen(pair, handed.number).fees[0].state, seen(pair, handed.number).fees[0].receipt_no[:8]) == ("paid", "SANDBOX-")
    second = pair.hall.approval.ending.charge(case_no, pair.hall.rev(case_no), code, 1, HALL)
    pair.round()
    order = paid_online(pair, handed.number, second, fee.amount_fen)
    pair.hall.approval.ending.paid(case_no, second, "窗口票")
    pair.round()
    assert ledger_state(pair, order) == "returning"
    pair.site.payments.reconcile()
    pair.site.payments.reconcile()
    assert (ledger_state(pair, order), pair.site.payments.gateway.given_back()) == ("given_back", [order.no])


def test_a_concluded_case_is_rated_once(pair: Pair):
    handed, case_no = pair.carried(files=pair.hall.papers())
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    for person, more in ((HANDLER, {}), (REVIEWER, {}), (APPROVER, {"result": "granted"})):
        pair.hall.do(case_no, person, **more)
    pair.hall.conclude(case_no)
    pair.round()
    assert "rate" in seen(pair, handed.number).may
    pair.desk.rate(handed.number, 5, "快")
    with pytest.raises(Conflict):
        pair.desk.rate(handed.number, 1, "")
    pair.round()
    assert "rate" not in seen(pair, handed.number).may
    assert pair.hall.kinds(case_no)[-1] == "rated"


@pytest.mark.usefixtures("undrawn")
def test_a_licence_that_was_revoked_is_told_to_whoever_checks_it_outside(pair: Pair):
    _, case_no = pair.carried(files=pair.hall.papers())
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    for person in (HANDLER, REVIEWER, APPROVER):
        pair.hall.do(case_no, person)
    pair.hall.conclude(case_no)
    pair.round()
    licence = next(one for one in pair.hall.detail(case_no).receipts if one.kind == "licence")
    assert pair.desk.check(licence.code).standing == Standing("2029-03-15", "valid")
    pair.hall.approval.licences.end(case_no, pair.hall.rev(case_no), licence.number, "cancelled", "企业注销", HEAD)
    pair.round()
    assert pair.desk.check(licence.code).standing == Standing("2029-03-15", "cancelled", "2026-03-16")


def test_a_complaint_goes_in_and_who_wrote_it_stays_at_neither_end_in_the_open(pair: Pair):
    name = "王五不具名"
    pair.desk.tell(Filing("complaint", "delay", "gongxin", "超期", "三个月没有回音", channel="web"),
                   Reporter(name, "13979000009", "城南路1号"))
    pair.round()
    with pair.site.database.read() as outer, pair.hall.services.database.read() as inner:
        assert outer.exec_driver_sql("SELECT count(*) FROM outgoing WHERE body LIKE '%王五%'").scalar() == 0
        assert inner.exec_driver_sql("SELECT count(*) FROM exchange_received WHERE body LIKE '%王五%'").scalar() == 0
        numbers = inner.exec_driver_sql("SELECT no FROM complaints").scalars().all()
        assert outer.exec_driver_sql("SELECT given FROM sent").scalars().all() == numbers
        assert len(numbers) == 1


def test_a_case_filed_at_a_window_is_followed_by_number_and_password(pair: Pair):
    filed = pair.hall.filed()
    with pytest.raises(NotFound, match="case_being_fetched"):
        pair.desk.enter(filed.case_no, filed.password)
    with pytest.raises(NotFound, match="case_being_fetched"):
        pair.desk.enter(filed.case_no, "2222222222")
    pair.round()
    assert pair.desk.enter(filed.case_no, filed.password) == filed.case_no
    assert seen(pair, filed.case_no).head.title == "城南基站"
    with pytest.raises(NotFound, match="case_or_password_wrong"):
        pair.desk.enter(filed.case_no, "2222222222")


def test_a_case_nobody_follows_never_leaves_the_inside_but_its_papers_can_be_checked(pair: Pair):
    case_no = pair.hall.file()
    pair.round()
    code = pair.hall.detail(case_no).receipts[0].code
    assert pair.desk.check(code).kind == "received"
    with pair.site.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM cases").scalar() == 0


def test_what_the_inside_refuses_comes_back_with_words_and_can_be_mended(pair: Pair):
    published(pair.hall, {**content_of(pair.hall), "retired": True})
    handed = pair.apply()
    pair.round()
    refused = pair.desk.find(handed.number)
    assert isinstance(refused, Waiting)
    assert refused.problem is not None
    assert refused.problem.code == "item_retired"
    draft = pair.desk.drafts.find(pair.desk.take_back(handed.number))
    assert [one.file_name for one in draft.uploads] == ["申请.pdf"]


def test_times_of_the_journal_are_those_of_the_applicant(pair: Pair):
    """A pause of the exchange must not shorten what the law gives him; what lies ahead of our clock is not believed."""
    handed, case_no = pair.carried()
    assert pair.hall.events(case_no)[0].claimed_at == min(handed.sent_at, pair.hall.clock.now_us())
