"""A fee paid outside is settled by hand: by who may take money, for exactly what is due, once, by two where so configured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from approval.cashier import PaymentKind, Received, fen_of
from approval.matters import Act
from approval.payments.matters import Order, yuan
from approval.posts import EVERY_UNIT
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError, TooLarge
from core.instants import DAY_US
from paying import payments_of
from tests.hosting import APPROVER, CLERK, HALL, HANDLER, HEAD, REVIEWER, Hall, staff

CASHIER, SECOND = staff("qian", "钱会计"), staff("shen", "沈出纳")
DUE = 10_000
SLIP = Received((), PaymentKind.POS, "POS0316-001", DUE)


def hall_with(folder: Path, **settings: Any) -> Hall:
    made = Hall(folder, **settings)
    for person in (CASHIER, SECOND):
        made.approval.posts.give(person.name, EVERY_UNIT, ["收费员"])
    return made


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = hall_with(tmp_path)
    yield made
    made.services.database.dispose()


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Hall]:
    """A payment of 50 yuan or more is confirmed by a second person."""
    made = hall_with(tmp_path, **{"payments.second_person_from": 50})
    yield made
    made.services.database.dispose()


def charged(hall: Hall, quantity: int = 1) -> tuple[str, int]:
    case_no = hall.accepted()
    return case_no, hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", quantity, HALL)


def record(hall: Hall, case_no: str, told: Received, actor: Any = CASHIER) -> int:
    return hall.approval.cashier.record(case_no, hall.rev(case_no), told, actor)


def refused(kind: type[SupervisionError], code: str, act: Callable[[], object]) -> None:
    with pytest.raises(kind) as failure:
        act()
    assert failure.value.code == code


def test_a_payment_settles_its_fee_with_an_event_a_receipt_and_who_took_it(hall: Hall):
    case_no, fee = charged(hall)
    record(hall, case_no, replace(SLIP, fees=(fee,)))
    detail, event = hall.detail(case_no), hall.events(case_no)[-1]
    receipt = detail.receipts[-1]
    assert (detail.fees[0]["state"], detail.fees[0]["receipt_no"], receipt.kind) == ("paid", receipt.number, "payment")
    assert (event.kind.value, event.data.amount_fen, event.data.receipt_no) == ("fee_charged", DUE, receipt.number)
    assert event.data.attributes == {"payment": "pos POS0316-001 2026-03-16", "entered_by": "qian"}
    assert event.actor == "钱会计 qian"
    [kept] = detail.payments
    assert (kept.state, kept.receipt_no, kept.entered_by, kept.paid_on) == ("booked", receipt.number, "qian", "2026-03-16")
    assert hall.services.follow_up.papers.file(receipt.number, "pdf").startswith(b"%PDF")
    assert hall.faults(case_no) == []


def test_a_fiscal_receipt_keeps_its_own_number_and_one_slip_may_pay_two_fees(hall: Hall):
    case_no, first = charged(hall)
    second = hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 2, HALL)
    record(hall, case_no, replace(SLIP, fees=(first, second), amount_fen=3 * DUE, receipt_no="赣财 0012"))
    assert [fee["receipt_no"] for fee in hall.detail(case_no).fees] == ["赣财 0012", "赣财 0012"]
    assert [event.data.amount_fen for event in hall.events(case_no)[-2:]] == [DUE, 2 * DUE]
    assert "payment" not in {one.kind for one in hall.detail(case_no).receipts}


def test_it_is_taken_once_for_what_is_due_by_who_may(hall: Hall):
    case_no, fee = charged(hall)
    told = replace(SLIP, fees=(fee,))
    for other in (HANDLER, HEAD):
        refused(NotPermitted, "post_missing", lambda other=other: record(hall, case_no, told, other))
    for wrong, code in ((replace(told, amount_fen=DUE - 1), "payment_amount_differs"),
                        (replace(told, paid_on=date(2026, 3, 17)), "payment_in_future"),
                        (replace(told, kind="gold"), "payment_kind_unknown"), (replace(told, reference=" "), "words_missing"),
                        (replace(told, fees=()), "payment_without_fee")):
        refused(InvalidInput, code, lambda wrong=wrong: record(hall, case_no, wrong))
    refused(TooLarge, "field_too_long", lambda: record(hall, case_no, replace(told, reference="9" * 65)))
    assert (hall.detail(case_no).fees[0]["state"], hall.detail(case_no).payments) == ("due", ())
    record(hall, case_no, told)
    refused(NotFound, "fee_not_due", lambda: record(hall, case_no, replace(told, reference="POS0316-002")))
    other, second = charged(hall)
    refused(Conflict, "payment_reference_taken", lambda: record(hall, other, replace(told, fees=(second,))))
    refused(NotFound, "fee_not_due", lambda: record(hall, other, replace(told, reference="POS0316-003")))
    record(hall, other, replace(told, fees=(second,), kind=PaymentKind.BANK_SLIP))
    assert hall.kinds(case_no).count("fee_charged") == 1


def test_a_second_person_confirms_and_until_then_the_fee_is_due(strict: Hall):
    case_no, fee = charged(strict)
    number = record(strict, case_no, replace(SLIP, fees=(fee,)))
    assert (strict.detail(case_no).fees[0]["state"], strict.detail(case_no).payments[0].state) == ("due", "entered")
    assert Act.CONFIRM_PAYMENT not in strict.detail(case_no, CASHIER).may
    assert Act.CONFIRM_PAYMENT in strict.detail(case_no, SECOND).may
    cashier = strict.approval.cashier
    refused(NotPermitted, "other_person_needed", lambda: cashier.confirm(case_no, strict.rev(case_no), number, CASHIER))
    refused(NotPermitted, "post_missing", lambda: cashier.confirm(case_no, strict.rev(case_no), number, HEAD))
    refused(Conflict, "payment_waits", lambda: record(strict, case_no, replace(SLIP, fees=(fee,), reference="B2")))
    cashier.confirm(case_no, strict.rev(case_no), number, SECOND)
    [kept] = strict.detail(case_no).payments
    assert (kept.state, kept.entered_by, kept.decided_by) == ("booked", "qian", "shen")
    assert strict.detail(case_no).fees[0]["state"] == "paid"
    refused(NotFound, "payment_unknown", lambda: cashier.confirm(case_no, strict.rev(case_no), number, SECOND))
    assert strict.kinds(case_no).count("fee_charged") == 1


def test_one_entered_wrongly_is_refused_and_entered_anew(strict: Hall):
    case_no, fee = charged(strict)
    told = replace(SLIP, fees=(fee,))
    wrong = record(strict, case_no, told)
    strict.approval.cashier.refuse(case_no, strict.rev(case_no), wrong, "回单不是本件", SECOND)
    anew = record(strict, case_no, told)
    strict.approval.cashier.confirm(case_no, strict.rev(case_no), anew, SECOND)
    assert [one.state for one in strict.detail(case_no).payments] == ["refused", "booked"]


def test_a_fee_paid_online_meanwhile_is_not_paid_a_second_time(strict: Hall):
    case_no, fee = charged(strict)
    number = record(strict, case_no, replace(SLIP, fees=(fee,)))
    strict.approval.ending.paid(case_no, fee, "网上票")
    cashier = strict.approval.cashier
    refused(NotFound, "fee_not_due", lambda: cashier.confirm(case_no, strict.rev(case_no), number, SECOND))
    cashier.refuse(case_no, strict.rev(case_no), number, "已网上缴费，款项退回", SECOND)
    assert strict.detail(case_no).fees[0]["receipt_no"] == "网上票"


def test_what_the_gateway_has_just_taken_is_not_taken_at_a_window_too(hall: Hall):
    case_no, fee = charged(hall)
    ledger = payments_of(hall.services).ledger
    order = ledger.open(Order.new(case_no, fee, DUE)).order
    ledger.paid(order.no, "票")
    refused(Conflict, "payment_came_online", lambda: record(hall, case_no, replace(SLIP, fees=(fee,))))
    payments_of(hall.services).reconcile()
    assert hall.detail(case_no).fees[0]["receipt_no"] == "票"


def test_a_payment_that_waits_is_not_offered_to_be_entered_again(strict: Hall):
    case_no, fee = charged(strict)
    record(strict, case_no, replace(SLIP, fees=(fee,)))
    detail = strict.detail(case_no, CASHIER)
    assert (detail.fee_standing(detail.fees[0]), detail.due_fees, Act.PAID in detail.may) == ("waits", [], False)


def test_who_is_refused_is_asked_for_nothing_from_the_decision_on(hall: Hall):
    case_no, fee = charged(hall)
    for person, more in ((HANDLER, {}), (REVIEWER, {}), (APPROVER, {"result": "refused", "reason": "频率已被占用"})):
        hall.do(case_no, person, **more)
    detail, told = hall.detail(case_no), replace(SLIP, fees=(fee,))
    assert (detail.head.state, detail.fee_standing(detail.fees[0]), Act.CHARGE in detail.may) == ("decided", "lapsed", False)
    assert [Act.PAID in hall.detail(case_no, CASHIER).may, Act.WAIVE in hall.detail(case_no, HEAD).may] == [False, False]
    refused(NotFound, "fee_not_due", lambda: record(hall, case_no, told))
    refused(NotFound, "fee_not_due", lambda: hall.approval.ending.paid(case_no, fee, "网上票"))
    refused(Conflict, "fee_of_refused", lambda: hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL))
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "审核", "频率已腾退", APPROVER)
    assert Act.CHARGE in hall.detail(case_no).may
    record(hall, case_no, told)
    assert hall.detail(case_no).fees[0]["state"] == "paid"


def test_a_small_payment_needs_no_second_person(tmp_path: Path):
    hall = hall_with(tmp_path, **{"payments.second_person_from": 101})
    case_no, fee = charged(hall)
    record(hall, case_no, replace(SLIP, fees=(fee,)), CLERK)
    assert hall.detail(case_no).payments[0].state == "booked"
    hall.services.database.dispose()


def test_the_slip_goes_with_its_payment_once_and_is_kept(hall: Hall):
    case_no, fee = charged(hall)
    number = record(hall, case_no, replace(SLIP, fees=(fee,)))
    slip = hall.approval.materials.keep("payment", "凭条.pdf", b"%PDF-1.4\n")
    refused(NotPermitted, "post_missing", lambda: hall.approval.cashier.attach(case_no, number, slip, HEAD))
    hall.approval.cashier.attach(case_no, number, slip, CASHIER)
    assert hall.approval.queries.file_of(case_no, slip.sha256, CASHIER).file_name == "凭条.pdf"
    refused(Conflict, "payment_slip_once", lambda: hall.approval.cashier.attach(case_no, number, slip, CASHIER))
    refused(NotFound, "payment_unknown", lambda: hall.approval.cashier.attach(case_no, number + 1, slip, CASHIER))
    assert slip.sha256 in {one.sha256 for one in hall.detail(case_no).payments}
    assert hall.approval.storekeeper.check().missing == ()


def test_the_list_names_what_is_without_its_other_half(strict: Hall):
    """Unpaid, to confirm, paid online with and without an order here, entered and then paid otherwise, waived."""
    at, until, ledger = strict.clock.now_us(), strict.clock.now_us() + DAY_US, payments_of(strict.services).ledger

    def lines(actor: Any = HALL, **wish: bool) -> dict[str, tuple[str, str]]:
        found = strict.approval.charges.lines(actor, at, until, **wish)
        return {f"{line.case_no[-6:]}/{line.way}": (line.finding.value, line.reference) for line in found}

    cases = [charged(strict) for _ in range(6)]
    (_, _), (waits, second), (online, third), (both, fourth), (waived, fifth), (taken, sixth) = cases
    record(strict, waits, replace(SLIP, fees=(second,), reference="W"))
    strict.approval.ending.paid(online, third, "网票")
    record(strict, both, replace(SLIP, fees=(fourth,), reference="B"))
    strict.approval.ending.paid(both, fourth, "网票二")
    strict.approval.ending.waive(waived, strict.rev(waived), fifth, "低保户", HEAD)
    order = ledger.open(Order.new(taken, sixth, DUE)).order
    ledger.paid(order.no, "票")

    found = lines()
    key = [case_no[-6:] for case_no, _ in cases]
    assert found == {
        f"{key[0]}/": ("unpaid", ""), f"{key[1]}/pos": ("unconfirmed", "W"), f"{key[2]}/online": ("matched", ""),
        f"{key[3]}/online": ("matched", ""), f"{key[3]}/pos": ("no_charge", "B"), f"{key[4]}/": ("waived", "低保户"),
        f"{key[5]}/online": ("unbooked", order.no)}
    assert {name for name, (finding, _) in found.items() if finding not in ("matched", "waived")} == set(lines(only_open=True))
    payments_of(strict.services).reconcile()
    assert lines()[f"{key[5]}/online"] == ("matched", order.no)
    assert strict.approval.charges.lines(staff("nobody", "外人", "ziran"), at, until) == []
    assert strict.approval.charges.lines(HALL, until, until + DAY_US) == []
    with pytest.raises(InvalidInput, match="charges_too_many"):
        strict.approval.charges.lines(HALL, at, until, most=5)


def test_the_list_names_all_that_came_for_one_fee(strict: Hall):
    """Entered by hand and taken by the gateway at once: neither hides the other; a receipt typed alike settles nothing."""
    at, until, ledger = strict.clock.now_us(), strict.clock.now_us() + DAY_US, payments_of(strict.services).ledger
    case_no, fee = charged(strict)
    record(strict, case_no, replace(SLIP, fees=(fee,), receipt_no="票"))
    order = ledger.open(Order.new(case_no, fee, DUE)).order
    ledger.paid(order.no, "票")

    def lines() -> list[tuple[str, str, str]]:
        return [(line.finding.value, line.way, line.reference) for line in strict.approval.charges.lines(HALL, at, until)]

    assert lines() == [("unconfirmed", "pos", "POS0316-001"), ("unbooked", "online", order.no)]
    payments_of(strict.services).reconcile()
    assert lines() == [("matched", "online", order.no), ("no_charge", "pos", "POS0316-001")]


@pytest.mark.parametrize(("text", "fen"), [("100", 10_000), (" 1,200.50 ", 120_050), ("0.01", 1)])
def test_an_amount_is_read_as_people_write_it(text: str, fen: int):
    assert fen_of(text) == fen
    assert fen_of(yuan(fen)) == fen


@pytest.mark.parametrize("text", ["", "一百", "1.005", "-3", "0", "NaN", "1e99", "1e999999"])
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(InvalidInput, match="payment_amount_unreadable"):
        fen_of(text)
