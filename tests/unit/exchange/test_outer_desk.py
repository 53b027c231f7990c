"""Promises of the desk of the public site that a hurried click, a restored copy or a long text must not break."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import update

from approval.payments.matters import Order
from config.texts import load_texts
from core.errors import NotFound, SupervisionError, TooLarge
from exchange.envelopes import CaseTold, Envelope, Give, read, written
from exchange.outer.models import cases, submissions
from portal.desk import CaseView, FeeSeen, Waiting
from supervision.complaints.matters import Filing, Reporter
from tests.pair import Pair

pytestmark = pytest.mark.usefixtures("undrawn")


def seen(pair: Pair, number: str) -> CaseView:
    found = pair.desk.find(number)
    assert isinstance(found, CaseView)
    return found


def told(pair: Pair, number: str) -> CaseTold:
    with pair.site.database.read() as conn:
        return read(conn.execute(cases.select().where(cases.c.number == number)).one().told, CaseTold)


def tell(pair: Pair, case: CaseTold) -> None:
    """The inside says so, in a numbering of its own."""
    envelope = Envelope(1, case.view.head.case_no[-8:], "case", case.number, case.at, written(case).decode())
    assert pair.site.mirror.apply(Give(f"e{case.at}", (envelope,))).failed == ()


def as_case(case: CaseTold, case_no: str, later: int = 1) -> CaseTold:
    head = msgspec.structs.replace(case.view.head, case_no=case_no)
    return msgspec.structs.replace(case, view=msgspec.structs.replace(case.view, head=head), at=case.at + later)


# Paying -----------------------------------------------------------------------------------------------------------

def due(pair: Pair) -> tuple[str, FeeSeen]:
    """An application whose fee is due, as the inside would tell it."""
    handed, _ = pair.carried()
    case, fee = told(pair, handed.number), FeeSeen(7, "评审费", 12_000, 1, "due", "")
    tell(pair, msgspec.structs.replace(case, view=msgspec.structs.replace(case.view, fees=(fee,)), at=case.at + 1))
    return handed.number, fee


def payments(pair: Pair) -> int:
    with pair.site.database.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM sent WHERE kind = 'payment'").scalar() or 0)


def test_a_second_click_on_paid_is_the_same_payment(pair: Pair):
    number, fee = due(pair)
    order = Order.new(number, fee.id, fee.amount_fen)
    pair.desk.pay(number, order, "票1")
    pair.desk.pay(number, order, "票1")
    assert payments(pair) == 1
    with pytest.raises(NotFound, match="fee_not_due"):
        pair.desk.pay(number, Order.new(number, fee.id, fee.amount_fen), "票2")


def test_an_order_whose_money_went_back_is_not_sent_again(pair: Pair):
    number, fee = due(pair)
    order = Order.new(number, fee.id, fee.amount_fen)
    pair.desk.pay(number, order, "票1")
    with pair.site.database.transaction() as conn:
        conn.exec_driver_sql("UPDATE sent SET state = 'refused', answered_at = 1 WHERE kind = 'payment'")
    assert seen(pair, number).fees[0].state == "due"
    with pytest.raises(NotFound, match="fee_not_due"):
        pair.desk.pay(number, order, "票1")
    assert payments(pair) == 1


def test_paid_inside_with_this_receipt_is_booked_and_with_another_is_not(pair: Pair):
    number, fee = due(pair)
    case = told(pair, number)
    paid = msgspec.structs.replace(fee, state="paid", receipt_no="票1")
    tell(pair, msgspec.structs.replace(case, view=msgspec.structs.replace(case.view, fees=(paid,)), at=case.at + 1))
    order = Order.new(number, fee.id, fee.amount_fen)
    assert pair.desk.pay(number, order, "票1")
    with pytest.raises(NotFound, match="fee_not_due"):
        pair.desk.pay(number, order, "票2")
    assert payments(pair) == 0


# Case numbers given out again ----------------------------------------------------------------------------------------

def test_a_case_number_given_out_again_shows_nobody_the_case_of_another(pair: Pair):
    """The inside lost the first case with its copy, and the second got its number before the first was taken in again."""
    first, case_no = pair.carried(title="甲的项目")
    case = told(pair, first.number)
    second = pair.apply(title="乙的项目")
    with pair.site.database.read() as conn:
        verifier = conn.execute(submissions.select().where(submissions.c.number == second.number)).one().verifier
    view = msgspec.structs.replace(case.view, head=msgspec.structs.replace(case.view.head, title="乙的项目"))
    tell(pair, msgspec.structs.replace(case, view=view, number=second.number, verifier=verifier, at=case.at + 1))
    with pair.site.database.transaction() as conn:
        conn.execute(update(submissions).where(submissions.c.number == second.number).values(case_no=case_no, state="carried"))
    assert isinstance(pair.desk.find(first.number), Waiting)
    assert seen(pair, second.number).head.title == "乙的项目"
    for handed in (first, second):
        assert pair.desk.enter(case_no, handed.password) == handed.number
    tell(pair, as_case(case, f"{case_no}9", later=2))
    assert seen(pair, first.number).head.title == "甲的项目"


def test_a_case_that_got_another_number_stands_under_that_one_only(pair: Pair):
    handed, case_no = pair.carried()
    tell(pair, as_case(told(pair, handed.number), f"{case_no}9"))
    with pair.site.database.read() as conn:
        assert [row.case_no for row in conn.execute(cases.select())] == [f"{case_no}9"]
    assert seen(pair, handed.number).head.case_no == f"{case_no}9"


# Letters ----------------------------------------------------------------------------------------------------------

LETTER = Filing("complaint", "delay", "gongxin", "超期", "三个月没有回音", channel="web")


def bodies(pair: Pair) -> list[tuple[str, bool]]:
    with pair.hall.services.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT state, body FROM exchange_received WHERE kind = 'letter'").all()
    return [(state, bool(body)) for state, body in rows]


@pytest.mark.parametrize(("given", "code"), [
    ({"title": "长" * 121}, "complaint_field_too_long"), ({"about_case": "9" * 129}, "complaint_field_too_long"),
    ({"category": "unheard"}, "complaint_category_unknown"), ({"org": ""}, "complaint_field_missing")])
def test_what_the_inside_would_refuse_is_refused_where_it_is_typed(pair: Pair, given: dict[str, str], code: str):
    with pytest.raises(SupervisionError, match=code):
        pair.desk.tell(replace(LETTER, **given), Reporter())
    with pair.site.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM outgoing").scalar() == 0


def test_a_name_too_long_is_refused_and_a_long_letter_goes_in(pair: Pair):
    with pytest.raises(TooLarge, match="complaint_field_too_long"):
        pair.desk.tell(LETTER, Reporter("王" * 201))
    pair.desk.tell(replace(LETTER, content="长" * 4000), Reporter())
    pair.round()
    assert bodies(pair) == [("done", False)]


def test_a_letter_refused_inside_is_kept_for_an_administrator(pair: Pair):
    """Another release outside, or other rules: nobody could be told, so nothing of it is lost."""
    pair.desk._complaint_rules = pair.desk._complaint_rules.model_copy(
        update={"categories": {**pair.desk._complaint_rules.categories, "new": pair.desk._complaint_rules.categories["delay"]}})
    pair.desk.tell(replace(LETTER, category="new"), Reporter())
    pair.round()
    assert bodies(pair) == [("stuck", True)]
    (stuck,) = pair.exchange.queries.stuck()
    assert "complaint_category_unknown" in stuck.problem
    pair.exchange.receiving.give_up(stuck.id, "已电话告知")
    assert bodies(pair) == [("refused", False)]


def test_a_complaint_about_an_application_names_its_case(pair: Pair):
    handed, case_no = pair.carried()
    pair.desk.tell(replace(LETTER, about_case=handed.number), Reporter())
    pair.desk.tell(replace(LETTER, about_case="别处的编号"), Reporter())
    pair.round()
    with pair.hall.services.database.read() as conn:
        about = conn.exec_driver_sql("SELECT about_case FROM complaints ORDER BY no").scalars().all()
    assert about == [case_no, "别处的编号"]


def test_every_act_on_its_way_has_its_words(pair: Pair):
    for kind in set(pair.exchange.receiving._acts) - {"application", "letter", "follow"}:
        for language, texts in load_texts().items():
            assert texts.has(f"portal.sent.act.{kind}"), (language, kind)
