"""Orders over cards, proposals drafted and approved, terms, reminders, criticism, replies."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select

from alerts.card_commands import CardCommand, CardRef
from config.versions import Kind
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import DAY_US, from_us
from core.models import read_log
from papers.queries import Wanted
from supervision.models import order_cards, orders
from supervision.orders.matters import Draft
from supervision.orders.queries import WantedOrders
from tests.staff import OTHER_ORG, OWN_ORG
from tests.unit.supervision.office import INSPECTOR, LEADER, OFFICER, OTHER_UNIT, SHIFT_LEADER, UNIT, Office, post

ADMINISTRATOR = Actor("anna", frozenset({Role.ADMINISTRATOR}))
DEMAND = "立即办结下列办件\n书面说明超期原因和责任人"


def signed(office: Office, org: str = OWN_ORG, case_no: str = "A-1") -> tuple[int, int]:
    """A card that everybody it needs has signed: (id, rev)."""
    card = office.card_on(org, case_no)
    ref = CardRef(card.id, card.rev)
    for place, person in enumerate((OFFICER, SHIFT_LEADER)):
        result = office.services.alerts.execute(
            CardCommand(command_id=f"ack-{case_no}-{place}", cards=[ref]), person).results[0]
        ref = CardRef(card.id, result.rev)
    return ref.id, ref.rev


def dispatched(office: Office, command: str = "c-1", case_no: str = "A-1") -> int:
    return office.desk.orders.dispatch(command, [signed(office, case_no=case_no)], DEMAND, "5wd", OFFICER)


def proposal(office: Office, **more: Any) -> int:
    values = {"kind": "rectification", "area": "360500", "org": OWN_ORG, "title": "关于规范受理工作的整改建议书",
              "problem": "一个月内三次不予受理未说明理由。", "demand": "逐件补充说明", **more}
    return office.desk.orders.draft(Draft(**values), INSPECTOR)


def issued(office: Office, **more: Any) -> int:
    order_id = proposal(office, **more)
    office.desk.orders.submit(order_id, 1, INSPECTOR)
    office.desk.orders.approve(order_id, 2, LEADER)
    return order_id


def cards_by_rule(office: Office, text: str) -> list[Any]:
    return [card for card in office.services.alert_queries.active(None, 100, 0, None).cards if text in str(card)]


def test_an_order_numbers_its_cards_and_puts_them_under_it(office: Office):
    found = office.order(dispatched(office))

    assert (found.head.number, found.head.state) == ("新监督〔2026〕1号", "issued")
    assert [card.case_no for card in found.cards] == ["A-1"]
    card = office.services.alert_queries.find(found.cards[0].card_id).card
    assert "under_order" in str(card)
    assert [entry.action for entry in found.log] == ["drafted", "issued"]


def test_its_document_names_unit_cases_demands_and_term(office: Office):
    number = office.order(dispatched(office)).head.number
    lines = Document(BytesIO(office.desk.papers.file(number, "docx")))
    text = "\n".join(line.text for line in lines.paragraphs)

    assert "市发展和改革委员会：" in text
    assert "新监督〔2026〕1号" in text
    assert "2. 书面说明超期原因和责任人" in text
    assert "请于2026年3月23日前" in text
    assert [row.cells[0].text for row in lines.tables[0].rows][1:] == ["A-1"]


def test_a_card_that_refuses_gives_number_and_order_back(office: Office):
    card_id, rev = signed(office)
    with pytest.raises(Conflict, match="order_card_refused"):
        office.desk.orders.dispatch("c-1", [(card_id, rev - 1)], DEMAND, "5wd", OFFICER)

    with office.services.database.read() as conn:
        assert conn.execute(select(orders)).all() == []
        assert conn.execute(select(order_cards)).all() == []
    order_id = office.desk.orders.dispatch("c-2", [(card_id, rev)], DEMAND, "5wd", OFFICER)
    assert office.order(order_id).head.number == "新监督〔2026〕1号"


def test_the_same_command_gives_the_first_order(office: Office):
    ref = signed(office)
    first = office.desk.orders.dispatch("c-1", [ref], DEMAND, "5wd", OFFICER)

    assert office.desk.orders.dispatch("c-1", [ref], DEMAND, "5wd", OFFICER) == first
    with pytest.raises(Conflict, match="command_id_used"):
        office.desk.orders.dispatch("c-1", [ref], DEMAND, "5wd", LEADER)


def test_two_officers_at_once_make_one_order_of_a_card(office: Office):
    ref, outcomes = signed(office), []

    def dispatch(name: str) -> None:
        try:
            office.desk.orders.dispatch(name, [ref], DEMAND, "5wd", OFFICER)
            outcomes.append("made")
        except Conflict as refusal:
            outcomes.append(refusal.code)

    officers = [threading.Thread(target=dispatch, args=(f"c-{place}",)) for place in range(4)]
    for thread in officers:
        thread.start()
    for thread in officers:
        thread.join()

    assert sorted(outcomes) == ["made"] + ["order_card_refused"] * 3


def test_an_order_whose_cards_have_more_time_by_todays_calendar_is_not_late(office: Office):
    """Whichever job looks first at the instant it was to fall due: that of the orders, or that of the cards."""
    order_id = dispatched(office)
    due = office.order(order_id).head.due_at
    editing = office.services.editing
    _number, content = editing.present(Kind.CALENDAR, "cn")
    content["years"]["2026"]["off"]["市庆"] = ["03-18"]
    editing.propose(Kind.CALENDAR, "cn", content, effective_from=date(2020, 1, 1), reason="试", actor=ADMINISTRATOR)
    office.services.rejudger.work()
    office.clock.move_to(from_us(due))
    office.desk.orders.watch()
    office.services.deadlines.sweep()

    found = office.order(order_id)
    assert (found.head.state, found.head.overdue_at, found.head.due_at - due) == ("issued", None, DAY_US)
    assert [entry.action for entry in found.log] == ["drafted", "issued", "put_off"]
    card = office.services.alert_queries.find(found.cards[0].card_id).card
    assert datetime.fromisoformat(card.reply_due_at) == from_us(found.head.due_at)
    office.clock.move_to(from_us(found.head.due_at))
    office.desk.orders.watch()
    assert office.order(order_id).head.overdue_at == found.head.due_at, "once, when it truly is late"


def test_cards_of_two_units_are_two_orders(office: Office):
    refs = [signed(office), signed(office, OTHER_ORG, "B-1")]

    with pytest.raises(InvalidInput, match="order_several_units"):
        office.desk.orders.dispatch("c-1", refs, DEMAND, "5wd", OFFICER)


def test_the_reply_on_the_card_is_the_reply_to_the_order(office: Office):
    order_id = dispatched(office)
    card_id = office.order(order_id).cards[0].card_id

    def on_card(kind: str, actor: Any, **more: Any) -> None:
        card = office.services.alert_queries.find(card_id).card
        result = office.services.alerts.execute(CardCommand(
            command_id=f"{kind}-{card.rev}", type=kind, cards=[CardRef(card.id, card.rev)], **more), actor)
        assert result.ok, result

    on_card("reply", UNIT, text="已办结，因材料流转延误。")
    assert (office.order(order_id).head.state, office.order(order_id).log[-1].words) == ("replied", "已办结，因材料流转延误。")
    on_card("reject_reply", INSPECTOR, reason="未说明责任人")
    assert office.order(order_id).head.state == "issued"
    on_card("reply", UNIT, text="责任人：赵晓燕。")
    office.conclude("A-1")
    on_card("accept_reply", INSPECTOR)
    assert office.order(order_id).head.state == "done"


def two_cards(office: Office) -> tuple[int, int, int]:
    """An order over two cards: (order, first card, second card)."""
    order_id = office.desk.orders.dispatch("c-1", [signed(office), signed(office, case_no="A-2")], DEMAND, "5wd", OFFICER)
    first, second = (card.card_id for card in office.order(order_id).cards)
    return order_id, first, second


def on_card(office: Office, card_id: int, kind: str, actor: Any, **more: Any) -> None:
    card = office.services.alert_queries.find_view(card_id)
    result = office.services.alerts.execute(CardCommand(
        command_id=f"{kind}-{card_id}-{card.rev}", type=kind, cards=[CardRef(card_id, card.rev)], **more), actor)
    assert result.ok, result


def test_an_order_over_several_cards_is_answered_by_its_last_answer_and_done_with_its_last_acceptance(office: Office):
    order_id, first, second = two_cards(office)
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    assert (office.order(order_id).head.state, office.order(order_id).log[-1].words) == ("issued", "A-1 已处理")
    on_card(office, second, "reply", UNIT, text="A-2 已处理")
    assert office.order(order_id).head.state == "replied"

    for card_id, case_no, state in ((first, "A-1", "replied"), (second, "A-2", "done")):
        office.conclude(case_no)
        on_card(office, card_id, "accept_reply", INSPECTOR)
        assert office.order(order_id).head.state == state


def test_the_order_is_overdue_as_long_as_one_of_its_cards_is_unanswered(office: Office):
    order_id, first, second = two_cards(office)
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    office.later(days=9)
    office.services.deadlines.sweep()
    office.desk.watch()
    [late] = [card for card in office.services.alert_queries.active(limit=100).cards if card.origin == "order"]
    assert office.order(order_id).head.overdue_at is not None

    on_card(office, first, "reject_reply", INSPECTOR, reason="未说明责任人")
    on_card(office, first, "reply", UNIT, text="责任人：赵晓燕")
    assert office.services.alert_queries.find_view(late.id).condition
    on_card(office, second, "reply", UNIT, text="A-2 已处理")
    assert not office.services.alert_queries.find_view(late.id).condition
    assert office.order(order_id).head.state == "replied"


def test_a_card_with_a_new_term_gives_its_order_one_once_the_others_are_answered(office: Office):
    order_id, first, second = two_cards(office)
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    before = office.order(order_id).head.due_at
    office.later(days=2)
    on_card(office, first, "reject_reply", INSPECTOR, reason="未说明责任人")
    assert office.order(order_id).head.due_at == before
    on_card(office, second, "reply", UNIT, text="A-2 已处理")

    assert (office.order(order_id).head.state, office.order(order_id).head.due_at > before) == ("issued", True)


def test_an_order_whose_last_unanswered_card_ended_otherwise_is_not_reminded_of(office: Office):
    order_id, first, second = two_cards(office)
    on_card(office, first, "reply", UNIT, text="A-1 已处理")
    on_card(office, second, "propose_revoke", INSPECTOR, reason="数据有误")
    on_card(office, second, "confirm_revoke", LEADER, reason="数据有误")
    office.later(days=9)
    office.desk.watch()

    found = office.order(order_id)
    assert (found.head.state, found.head.overdue_at, found.log[-1].action) == ("replied", None, "settled")


@pytest.mark.parametrize("action", ["accept_reply", "reject_reply"])
def test_answers_given_on_cards_are_judged_on_them(office: Office, action: str):
    order_id, first, second = two_cards(office)
    for card_id in (first, second):
        on_card(office, card_id, "reply", UNIT, text="已处理")
    answer = post(office.site.client(Role.INSPECTOR), f"/api/v1/orders/{order_id}/{action}",
                  {"rev": office.order(order_id).head.rev, "words": "合格"})

    assert (answer.status_code, answer.json["code"]) == (409, "order_answered_on_cards")
    assert office.order(order_id).head.state == "replied"


@pytest.mark.parametrize("actor", [OFFICER, SHIFT_LEADER])
def test_who_dispatches_does_not_judge_the_answer(office: Office, actor: Any):
    order_id = issued(office)
    office.desk.orders.reply(order_id, office.order(order_id).head.rev, UNIT, "已整改。")
    rev = office.order(order_id).head.rev
    assert not {"accept_reply", "reject_reply"} & set(office.desk.order_queries.find(order_id, actor).may)

    with pytest.raises(NotPermitted):
        office.desk.orders.accept_reply(order_id, rev, actor)
    with pytest.raises(NotPermitted):
        office.desk.orders.reject_reply(order_id, rev, actor, "未说明原因")


def test_what_two_persons_do_one_cannot(office: Office):
    order_id = office.desk.orders.draft(Draft("proposal", "360500", OWN_ORG, "题目", "问题", "要求"), LEADER)
    office.desk.orders.submit(order_id, 1, LEADER)

    with pytest.raises(NotPermitted, match="approval_by_another"):
        office.desk.orders.approve(order_id, 2, LEADER)
    with pytest.raises(NotPermitted):
        office.desk.orders.approve(order_id, 2, INSPECTOR)


def test_who_drafted_or_edited_does_not_approve_whoever_submits(office: Office):
    service, chief = office.desk.orders, replace(LEADER, name="ma", display_name="马骏")
    order_id = service.draft(Draft("proposal", "360500", OWN_ORG, "题目", "问题", "要求"), LEADER)
    service.edit(order_id, 1, chief, problem="另一问题")
    service.submit(order_id, 2, INSPECTOR)

    for hand in (LEADER, chief):
        assert "approve" not in office.desk.order_queries.find(order_id, hand).may
        with pytest.raises(NotPermitted, match="approval_by_another"):
            service.approve(order_id, 3, hand)
    assert office.order(order_id).head.drafted_name == "王建国"
    assert service.approve(order_id, 3, replace(LEADER, name="luo"))


def test_a_draft_is_edited_sent_back_and_issued_in_its_own_series(office: Office):
    order_id = proposal(office)
    service = office.desk.orders
    service.edit(order_id, 1, INSPECTOR, demand="五个工作日内逐件补充说明")
    service.submit(order_id, 2, INSPECTOR)
    service.reject(order_id, 3, LEADER, "请写明依据")
    service.edit(order_id, 4, INSPECTOR, basis="《行政许可法》第三十二条")
    service.submit(order_id, 5, INSPECTOR)

    assert service.approve(order_id, 6, LEADER) == "新监改〔2026〕1号"
    text = "\n".join(line.text for line in Document(BytesIO(office.desk.papers.file("新监改〔2026〕1号", "docx"))).paragraphs)
    assert "《行政许可法》第三十二条" in text
    assert "五个工作日内逐件补充说明" in text


def test_a_number_is_taken_at_approval_only(office: Office):
    dropped = proposal(office)
    office.desk.orders.withdraw(dropped, 1, INSPECTOR, "重复")

    assert office.order(issued(office)).head.number == "新监改〔2026〕1号"


def test_a_unit_sees_what_was_issued_to_it_and_no_draft(office: Office):
    draft, sent = proposal(office), issued(office)
    now = office.clock.now_us()

    assert [row.id for row in office.desk.order_queries.listed(UNIT, WantedOrders(), now)[0]] == [sent]
    assert office.desk.order_queries.listed(OTHER_UNIT, WantedOrders(), now)[1] == 0
    for order_id, actor in ((draft, UNIT), (sent, OTHER_UNIT)):
        with pytest.raises(NotFound):
            office.desk.order_queries.find(order_id, actor)
    assert [row.number for row in office.desk.register.register(UNIT, Wanted())[0]] == ["新监改〔2026〕1号"]
    assert office.desk.register.register(OTHER_UNIT, Wanted())[1] == 0


def test_overdue_then_reminded_the_next_working_day_then_criticised(office: Office):
    """Issued on Monday 03-16 with 10 working days: late from Tuesday 03-31, reminded at the opening of that day."""
    order_id = issued(office)
    office.desk.watch()
    assert office.order(order_id).head.overdue_at is None

    office.later(days=15)
    office.desk.watch()
    found = office.order(order_id).head
    assert found.overdue_at == found.due_at
    [card] = cards_by_rule(office, "逾期未回复")
    assert (card.org, card.level, card.case_no) == (OWN_ORG, "red", "")

    office.later(hours=20)
    office.desk.watch()
    reminded = office.order(order_id)
    assert office.desk.orders._dates.day("360500", reminded.head.reminded_at).isoformat() == "2026-03-31"
    assert reminded.log[-1].action == "reminded"

    office.later(days=12)
    office.desk.watch()
    office.desk.watch()
    [draft] = office.desk.order_queries.listed(INSPECTOR, WantedOrders(standing="drafts"), office.clock.now_us())[0]
    assert (draft.kind, draft.origin) == ("criticism", f"order:{found.number}")
    assert office.order(order_id).head.light(office.clock.now_us()) == "red"


def test_a_late_reply_ends_the_red_cards_condition(office: Office):
    order_id = issued(office)
    office.later(days=16)
    office.desk.watch()
    [card] = cards_by_rule(office, "逾期未回复")
    head = office.order(order_id).head
    office.desk.orders.reply(order_id, head.rev, UNIT, "已整改，附说明。")

    assert not office.services.alert_queries.find(card.id).card.condition
    assert office.order(order_id).head.state == "replied"


def test_a_reply_that_is_not_enough_starts_a_new_term(office: Office):
    order_id = issued(office)
    office.desk.orders.reply(order_id, office.order(order_id).head.rev, UNIT, "正在办理。")
    office.desk.orders.reject_reply(order_id, office.order(order_id).head.rev, INSPECTOR, "未说明原因", "3wd")
    head = office.order(order_id).head

    assert head.state == "issued"
    assert office.desk.orders._dates.day("360500", head.due_at - 1).isoformat() == "2026-03-19"
    office.desk.orders.reply(order_id, head.rev, UNIT, "原因：人员变动。")
    office.desk.orders.accept_reply(order_id, office.order(order_id).head.rev, INSPECTOR)
    assert office.order(order_id).head.state == "done"


def test_over_http_an_order_is_made_and_its_paper_downloaded_on_record(office: Office):
    card_id, rev = signed(office)
    client = office.site.client(Role.DUTY_OFFICER)
    made = post(client, "/api/v1/orders", {"command_id": "c-9", "cards": [{"id": card_id, "rev": rev}], "demand": DEMAND})
    assert made.status_code == 201, made.text
    number = made.json["number"]
    answer = client.get(f"/api/v1/papers/{number}/docx")

    assert answer.data.startswith(b"PK")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    with office.services.database.read() as conn:
        row = conn.execute(select(read_log)).one()
    assert (row.what, row.subject, row.actor) == ("paper", f"{number}.docx", "zhou")
    listed = client.get("/api/v1/papers?kind=order").json
    assert [paper["number"] for paper in listed["papers"]] == [number]
    assert client.get(f"/api/v1/papers/{number}/exe").status_code == 404


def test_a_form_of_another_site_cannot_make_an_order(office: Office):
    client = office.site.client(Role.DUTY_OFFICER)
    answer = client.post("/api/v1/orders", json={"command_id": "x"}, headers={"Origin": "http://evil.example"})

    assert (answer.status_code, answer.json["code"]) == (403, "cross_site_request")


def test_the_theoretical_instant_is_stamped_however_late_somebody_looks(office: Office):
    order_id = issued(office)
    office.clock.advance(timedelta(days=60))
    for _ in range(4):
        office.desk.watch()
    head = office.order(order_id).head

    assert head.due_at == head.overdue_at < head.reminded_at < head.criticised_at < office.clock.now_us()
