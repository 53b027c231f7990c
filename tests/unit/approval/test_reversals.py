"""A payment entered by mistake is taken back by two who take money: with its reason, in the journal, on paper and in 对账."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approval.cashier import PaymentKind, Received
from approval.http import shown_whole
from approval.matters import Act
from approval.payments.matters import Order
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import DAY_US, from_us
from exchanging import inside_of
from paying import payments_of
from portal.direct import DirectDesk
from tests.hosting import HALL, HEAD, Hall
from tests.unit.approval.test_cashier import CASHIER, DUE, SECOND, SLIP, charged, hall_with, record, refused

WHY = "凭条属于另一办件"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = hall_with(tmp_path)
    yield made
    made.services.database.dispose()


def paid(hall: Hall, case_no: str, fee: int, **more: Any) -> int:
    return record(hall, case_no, replace(SLIP, fees=(fee,), **more))


def reversed_by_two(hall: Hall, case_no: str, payment: int) -> None:
    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, WHY, CASHIER)
    hall.approval.reversals.confirm(case_no, hall.rev(case_no), payment, SECOND, "3")


def granted(hall: Hall) -> tuple[str, int, int]:
    """A case that ended granted, its fee, and the payment that settled it."""
    case_no = hall.decided()
    fee = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
    payment = paid(hall, case_no, fee)
    hall.conclude(case_no)
    return case_no, fee, payment


def test_two_take_it_back_and_the_fee_is_due_again(hall: Hall):
    case_no, fee = charged(hall)
    payment = paid(hall, case_no, fee)
    receipt = hall.detail(case_no).receipts[-1]
    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, WHY, CASHIER)
    detail = hall.detail(case_no)
    assert (detail.payments[0].state, detail.fees[0]["state"]) == ("reversing", "paid")
    hall.approval.reversals.confirm(case_no, hall.rev(case_no), payment, SECOND, "3")
    detail, event = hall.detail(case_no), hall.events(case_no)[-1]
    [kept] = detail.payments
    assert (kept.state, kept.reversal_reason, kept.asked_by, kept.reversed_by) == ("reversed", WHY, "qian", "shen")
    assert (detail.fees[0]["state"], detail.fees[0]["receipt_no"], detail.receipts[-1].kind) == ("due", "", "payment_void")
    assert (event.kind.value, event.actor, event.station, event.data.reason) == ("fee_reversed", "沈出纳 shen", "3", WHY)
    assert (event.data.receipt_no, event.data.amount_fen, event.data.document_no) == (
        receipt.number, DUE, detail.receipts[-1].number)
    assert event.data.attributes == {"payment": "pos POS0316-001 2026-03-16", "asked_by": "qian"}
    assert hall.services.follow_up.papers.file(detail.receipts[-1].number, "pdf").startswith(b"%PDF")
    assert hall.case(case_no).fold.fees == []
    assert hall.faults(case_no) == []


def test_the_interface_tells_every_instant_of_it_as_a_time(hall: Hall):
    case_no, fee = charged(hall)
    payment = paid(hall, case_no, fee)
    [kept] = shown_whole(hall.detail(case_no))["payments"]
    assert (kept["asked_at"], kept["reversed_at"]) == (None, None)
    reversed_by_two(hall, case_no, payment)
    [kept] = shown_whole(hall.detail(case_no))["payments"]
    at = from_us(hall.clock.now_us()).isoformat()
    assert [kept[name] for name in ("entered_at", "decided_at", "asked_at", "reversed_at")] == [at] * 4


def test_nobody_takes_it_back_alone_without_a_reason_or_twice(hall: Hall):
    case_no, fee = charged(hall)
    payment, reversals = paid(hall, case_no, fee), hall.approval.reversals

    def rev() -> int:
        return hall.rev(case_no)

    refused(InvalidInput, "words_missing", lambda: reversals.ask(case_no, rev(), payment, " ", CASHIER))
    refused(NotPermitted, "post_missing", lambda: reversals.ask(case_no, rev(), payment, WHY, HEAD))
    refused(NotFound, "payment_unknown", lambda: reversals.confirm(case_no, rev(), payment, SECOND))
    reversals.ask(case_no, rev(), payment, WHY, CASHIER)
    refused(NotFound, "payment_unknown", lambda: reversals.ask(case_no, rev(), payment, WHY, SECOND))
    refused(NotPermitted, "other_person_needed", lambda: reversals.confirm(case_no, rev(), payment, CASHIER))
    refused(NotPermitted, "post_missing", lambda: reversals.confirm(case_no, rev(), payment, HEAD))
    refused(Conflict, "case_changed", lambda: reversals.confirm(case_no, rev() - 1, payment, SECOND))
    reversals.confirm(case_no, rev(), payment, SECOND)
    refused(NotFound, "payment_unknown", lambda: reversals.confirm(case_no, rev(), payment, SECOND))
    assert hall.kinds(case_no).count("fee_reversed") == 1


def test_what_was_entered_rightly_stays(hall: Hall):
    case_no, fee = charged(hall)
    payment = paid(hall, case_no, fee)
    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, WHY, CASHIER)
    hall.approval.reversals.refuse(case_no, hall.rev(case_no), payment, "凭条是本件的", SECOND)
    [kept] = hall.detail(case_no).payments
    assert (kept.state, kept.reversal_reason, kept.reversal_answer) == ("booked", WHY, "凭条是本件的")
    assert (hall.detail(case_no).fees[0]["state"], "fee_reversed" in hall.kinds(case_no)) == ("paid", False)
    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, "再次核对", SECOND)
    assert hall.detail(case_no).payments[0].reversal_answer == ""


def test_a_second_request_leaves_the_first_one_and_its_answer_to_be_read(hall: Hall):
    case_no, fee = charged(hall)
    payment = paid(hall, case_no, fee)
    for reason, answer in ((WHY, "凭条是本件的"), ("再次核对", "已核对两次")):
        hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, reason, CASHIER)
        hall.approval.reversals.refuse(case_no, hall.rev(case_no), payment, answer, SECOND)
    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, "金额有误", SECOND)
    hall.approval.reversals.confirm(case_no, hall.rev(case_no), payment, CASHIER)
    [kept] = hall.detail(case_no).payments
    assert [(one.reversal_reason, one.reversal_answer, one.asked_by, one.reversed_by) for one in kept.requests] == [
        (WHY, "凭条是本件的", "qian", "shen"), ("再次核对", "已核对两次", "qian", "shen"), ("金额有误", "", "shen", "qian")]
    [told] = shown_whole(hall.detail(case_no))["payments"]
    assert [one["reversal_reason"] for one in told["earlier_requests"]] == [WHY, "再次核对"]
    assert told["earlier_requests"][0]["asked_at"] == from_us(hall.clock.now_us()).isoformat()


def test_the_acts_are_offered_to_whom_they_are_open(hall: Hall):
    case_no, fee = charged(hall)
    payment = paid(hall, case_no, fee)
    acts = {Act.ASK_REVERSAL, Act.REVERSE_PAYMENT, Act.REFUSE_REVERSAL}
    assert hall.detail(case_no, CASHIER).may & acts == {Act.ASK_REVERSAL}
    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, WHY, CASHIER)
    assert hall.detail(case_no, CASHIER).may & acts == set()
    assert hall.detail(case_no, SECOND).may & acts == {Act.REVERSE_PAYMENT, Act.REFUSE_REVERSAL}
    assert hall.detail(case_no, HEAD).may & acts == set()


def test_its_reference_is_free_for_the_case_it_belongs_to(hall: Hall):
    (wrong, first), (right, second) = charged(hall), charged(hall)
    payment = paid(hall, wrong, first)
    refused(Conflict, "payment_reference_taken", lambda: paid(hall, right, second))
    reversed_by_two(hall, wrong, payment)
    paid(hall, right, second)
    assert [hall.detail(no).fees[0]["state"] for no in (wrong, right)] == ["due", "paid"]


def test_the_receipt_is_void_for_whoever_checks_it(hall: Hall):
    case_no, fee = charged(hall)
    payment, desk = paid(hall, case_no, fee), DirectDesk(inside_of(hall.services))
    receipt = hall.detail(case_no).receipts[-1]
    files = [hall.services.follow_up.papers.file(receipt.number, kind) for kind in ("pdf", "docx")]
    assert [desk.check(receipt.code).standing, *(desk.check_file(file).standing for file in files)] == [None] * 3
    reversed_by_two(hall, case_no, payment)
    told = [desk.check_file(file) for file in files]
    assert {one.finding for one in told} == {"genuine"}
    for standing in (desk.check(receipt.code).standing, *(one.standing for one in told)):
        assert standing is not None
        assert (standing.state, standing.ended) == ("void", "2026-03-16")


def test_no_other_payment_is_entered_under_the_number_of_a_void_receipt(hall: Hall):
    (case_no, fee), (other, second) = charged(hall), charged(hall)
    reversed_by_two(hall, case_no, paid(hall, case_no, fee, receipt_no="赣财 0012"))
    refused(Conflict, "payment_receipt_void", lambda: paid(hall, case_no, fee, receipt_no="赣财 0012"))
    reversed_by_two(hall, case_no, paid(hall, case_no, fee))
    given = hall.detail(case_no).payments[-1].receipt_no
    refused(Conflict, "payment_receipt_void", lambda: paid(hall, other, second, receipt_no=f" {given} "))
    paid(hall, other, second, receipt_no="赣财 0013")
    assert [hall.detail(no).fees[0]["receipt_no"] for no in (case_no, other)] == ["", "赣财 0013"]


def test_a_number_made_void_while_a_payment_under_it_waits_is_not_booked(tmp_path: Path):
    hall = hall_with(tmp_path, **{"payments.second_person_from": 150})
    (case_no, fee), (other, second) = charged(hall), charged(hall, 2)
    payment = paid(hall, case_no, fee, receipt_no="赣财 0012")
    waits = paid(hall, other, second, reference="W", amount_fen=2 * DUE, receipt_no="赣财 0012")
    reversed_by_two(hall, case_no, payment)
    refused(Conflict, "payment_receipt_void", lambda: hall.approval.cashier.confirm(other, hall.rev(other), waits, SECOND))
    hall.services.database.dispose()


def test_a_case_that_has_ended_owes_the_fee_again_and_is_no_fault_once_it_is_paid(hall: Hall):
    case_no, fee, payment = granted(hall)
    reversed_by_two(hall, case_no, payment)
    assert (hall.detail(case_no).fee_standing(hall.detail(case_no).fees[0]), hall.faults(case_no)) == ("due", ["fee_uncharged"])
    hall.later(days=1)
    assert Act.PAID in hall.detail(case_no, CASHIER).may
    paid(hall, case_no, fee, reference="POS0317-009")
    assert (hall.detail(case_no).fees[0]["state"], hall.faults(case_no)) == ("paid", [])


def test_after_the_end_it_may_be_waived_by_a_head_where_nothing_was_to_be_paid(hall: Hall):
    case_no, fee, payment = granted(hall)
    waive = hall.approval.ending.waive
    assert Act.WAIVE not in hall.detail(case_no, HEAD).may
    refused(NotFound, "fee_not_due", lambda: waive(case_no, hall.rev(case_no), fee, "小微企业免收", HEAD))
    reversed_by_two(hall, case_no, payment)
    hall.later(days=2)
    assert Act.WAIVE in hall.detail(case_no, HEAD).may
    waive(case_no, hall.rev(case_no), fee, "小微企业免收", HEAD)
    assert (hall.detail(case_no).fees[0]["state"], hall.faults(case_no)) == ("waived", [])


def test_it_may_be_paid_online_then(hall: Hall):
    case_no, fee, payment = granted(hall)
    reversed_by_two(hall, case_no, payment)
    payments = payments_of(hall.services)
    order: Order = payments.begin(case_no, fee, DUE)
    payments.gateway.decide(order, "paid")  # type: ignore[attr-defined]
    assert payments.look(order.no).state == "booked"
    assert hall.detail(case_no).fees[0]["state"] == "paid"


def test_a_case_that_is_under_way_does_not_end_before_it_is_paid_again(hall: Hall):
    case_no = hall.decided()
    fee = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
    payment = paid(hall, case_no, fee)
    reversed_by_two(hall, case_no, payment)
    with pytest.raises(Conflict, match="fees_owed"):
        hall.conclude(case_no)


def test_a_slip_that_paid_two_fees_gives_both_back(hall: Hall):
    case_no, first = charged(hall)
    second = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 2, HALL)
    told = Received((first, second), PaymentKind.BANK_SLIP, "行 7", 3 * DUE)
    reversed_by_two(hall, case_no, record(hall, case_no, told))
    assert [fee["state"] for fee in hall.detail(case_no).fees] == ["due", "due"]
    assert [event.data.amount_fen for event in hall.events(case_no)[-2:]] == [DUE, 2 * DUE]


def test_the_list_tells_what_is_being_taken_back_and_what_was(hall: Hall):
    case_no, fee = charged(hall)
    at, payment = hall.clock.now_us(), paid(hall, case_no, fee)

    def lines(**wish: bool) -> list[tuple[str, str]]:
        found = hall.approval.charges.lines(HALL, at - DAY_US, at + DAY_US, **wish)
        return [(line.finding.value, line.reference) for line in found]

    hall.approval.reversals.ask(case_no, hall.rev(case_no), payment, WHY, CASHIER)
    assert lines(only_open=True) == [("reversing", "POS0316-001")]
    hall.approval.reversals.confirm(case_no, hall.rev(case_no), payment, SECOND)
    assert lines() == [("reversed", "POS0316-001"), ("unpaid", "")]
    taken_back, _ = hall.approval.charges.lines(HALL, at - DAY_US, at + DAY_US)
    assert taken_back.settled_at == hall.detail(case_no).payments[0].reversed_at == hall.clock.now_us()
    hall.approval.ending.void(case_no, hall.rev(case_no), "重复申请", HEAD)
    assert (lines(), lines(only_open=True)) == ([("reversed", "POS0316-001"), ("lapsed", "")], [])
