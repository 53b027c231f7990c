"""A payment between two houses: whoever crashes, is silent, is late or is told twice, each fen is booked once or goes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.alarms import standing_alarms
from approval.models import payment_orders, sandbox_payments
from approval.payments.ledger import OrderLedger
from approval.payments.matters import Order, PaymentRules
from approval.payments.sandbox import SandboxGateway
from approval.payments.service import Payments
from core.clock import FrozenClock
from core.errors import Conflict, InvalidInput, NotFound, Unavailable, UpstreamError
from exchanging import inside_of
from paying import payment_checks, reconcile
from portal.direct import DirectDesk
from tests.hosting import APPROVER, CLERK, HANDLER, MONDAY, REVIEWER, Hall
from tests.services import wait_until

AMOUNT = 10_000


class Killed(BaseException):
    """kill -9: nothing after it runs."""


class Office:
    """A case with a fee that is due, and payments as they are after a start of the process: nothing is kept in memory."""

    def __init__(self, folder: Path, url: str) -> None:
        self.hall = Hall(folder, url)
        self.clock = FrozenClock(MONDAY)
        self.case_no = self.hall.accepted()
        for person in (HANDLER, REVIEWER, APPROVER):
            self.hall.do(self.case_no, person, **({"result": "granted"} if person is APPROVER else {}))
        self.fee = self.charge()

    def charge(self) -> int:
        return self.hall.approval.ending.charge(self.case_no, self.hall.rev(self.case_no), "pinlv", 1, CLERK)

    def payments(self, book: Callable[[Order, str], bool] | None = None) -> Payments:
        database, rules = self.hall.services.database, PaymentRules()
        gateway = SandboxGateway("s" * 32, "/sandbox/", database, sandbox_payments, self.clock)
        return Payments(OrderLedger(database, payment_orders, self.clock, rules), gateway, book or self.book, self.clock, rules)

    def book(self, order: Order, receipt_no: str) -> bool:
        return DirectDesk(inside_of(self.hall.services)).pay(order.case_no, order, receipt_no)

    def begun(self, verdict: str = "") -> Order:
        payments = self.payments()
        order = payments.begin(self.case_no, self.fee, AMOUNT)
        if verdict:
            payments.gateway.decide(order, verdict)  # type: ignore[attr-defined]
        return order

    def after(self, **time: float) -> Payments:
        """The job of a process that knows nothing yet."""
        self.clock.advance(timedelta(**time))
        payments = self.payments()
        reconcile(self.hall.services, payments)
        return payments

    def state(self, order: Order) -> str:
        return self.payments().ledger.find(order.no).state

    def fees(self) -> list[str]:
        return [str(fee["state"]) for fee in self.hall.detail(self.case_no).fees]

    def back(self) -> list[str]:
        return self.payments().gateway.given_back()  # type: ignore[attr-defined, no-any-return]

    def alarms(self) -> dict[str, object]:
        with self.hall.services.database.read() as conn:
            return {alarm.code: alarm.args for alarm in standing_alarms(conn) if alarm.code == "payments_unsettled"}


@pytest.fixture
def office(tmp_path: Path, fresh_database_url: str) -> Iterator[Office]:
    made = Office(tmp_path, fresh_database_url)
    yield made
    made.hall.services.database.dispose()


# Crashes ----------------------------------------------------------------------------------------------------------

def test_a_browser_that_never_comes_back_is_booked_by_the_job(office: Office):
    order = office.begun("paid")
    assert office.after(seconds=30).ledger.find(order.no).state == "open"
    assert office.after(seconds=31).ledger.find(order.no).state == "booked"
    assert (office.fees(), office.back()) == (["paid"], [])


@pytest.mark.parametrize("is_booked_first", [False, True])
def test_killed_around_the_booking_it_is_booked_once(office: Office, is_booked_first: bool):
    order = office.begun("paid")

    def die(order: Order, receipt_no: str) -> bool:
        if is_booked_first:
            office.book(order, receipt_no)
        raise Killed

    with pytest.raises(Killed):
        office.payments(die).look(order.no)
    assert office.state(order) == "paid"
    office.after(seconds=1)
    assert (office.state(order), office.fees(), office.back()) == ("booked", ["paid"], [])
    assert office.hall.kinds(office.case_no).count("fee_charged") == 1


def test_killed_before_the_money_is_known_to_be_back_it_goes_back_once(office: Office, monkeypatch: pytest.MonkeyPatch):
    order = office.begun("paid")
    office.hall.approval.ending.paid(office.case_no, office.fee, "窗口票")
    real = SandboxGateway.give_back

    def die(self: SandboxGateway, order: Order) -> None:
        real(self, order)
        raise Killed

    monkeypatch.setattr(SandboxGateway, "give_back", die)
    with pytest.raises(Killed):
        office.payments().look(order.no)
    monkeypatch.setattr(SandboxGateway, "give_back", real)
    assert office.state(order) == "returning"
    office.after(seconds=1)
    assert (office.state(order), office.back()) == ("given_back", [order.no])


def test_what_merely_failed_is_tried_again_and_nothing_goes_back(office: Office):
    order, tries = office.begun("paid"), list[str]()

    def fail_twice(order: Order, receipt_no: str) -> bool:
        tries.append(receipt_no)
        if len(tries) <= 2:
            raise (Unavailable("exchange_full"), Conflict("case_changed"))[len(tries) - 1]
        return office.book(order, receipt_no)

    for _ in range(3):
        office.payments(fail_twice).look(order.no)
    assert (office.state(order), office.fees(), office.back()) == ("booked", ["paid"], [])


def test_one_order_that_fails_holds_up_no_other(office: Office):
    first = office.begun("paid")
    office.fee = office.charge()
    second = office.begun("paid")

    def book(order: Order, receipt_no: str) -> bool:
        if order.no == first.no:
            raise RuntimeError("poisoned")
        return office.book(order, receipt_no)

    office.clock.advance(timedelta(minutes=2))
    assert office.payments(book).reconcile() == 2
    assert (office.state(first), office.state(second)) == ("paid", "booked")


# Notices ----------------------------------------------------------------------------------------------------------

def test_a_notice_before_the_browser_and_once_more_is_one_payment(office: Office):
    order = office.begun("paid")
    notice = office.payments().gateway.notice(order, "paid")  # type: ignore[attr-defined]
    assert [office.payments().noticed(notice).state for _ in range(2)] == ["booked", "booked"]
    assert office.payments().look(order.no).state == "booked"
    declined = office.payments().gateway.notice(order, "declined")  # type: ignore[attr-defined]
    assert office.payments().noticed(declined).state == "booked"
    assert (office.fees(), office.back()) == (["paid"], [])


def test_a_receipt_number_without_end_is_kept_as_far_as_a_fee_keeps_it(office: Office):
    order = office.begun()
    office.payments().ledger.paid(order.no, "票" * 200)
    assert office.payments().look(order.no).state == "booked"
    assert office.hall.detail(office.case_no).fees[0]["receipt_no"] == "票" * 64


def test_notice_browser_and_job_at_once_book_once(office: Office):
    order = office.begun("paid")
    notice, failures = office.payments().gateway.notice(order, "paid"), []  # type: ignore[attr-defined, var-annotated]

    def go(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    office.clock.advance(timedelta(minutes=2))
    works = [lambda: office.payments().noticed(notice), lambda: office.payments().look(order.no), office.payments().reconcile]
    threads = [threading.Thread(target=go, args=(work,)) for work in works * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    office.after(minutes=1)
    assert (failures, office.state(order), office.fees(), office.back()) == ([], "booked", ["paid"], [])
    assert office.hall.kinds(office.case_no).count("fee_charged") == 1


def test_told_twice_at_once_before_others_who_wait_nothing_goes_back(office: Office):
    """The second is refused by the first, whose commit the third would make (SQLite): that is booked, and no money lost."""
    order, database = office.begun("paid"), office.hall.services.database
    office.payments().ledger.paid(order.no, "票")
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def act(first: threading.Event, then: threading.Event, most_s: float) -> None:
        with office.hall.services.uow(together=True):
            first.set()
            then.wait(most_s)

    looks = [threading.Thread(target=lambda: (office.payments().look(order.no), ended.set())) for _ in range(2)]
    threads = [threading.Thread(target=act, args=(begun, go, 60)), *looks,
               threading.Thread(target=act, args=(threading.Event(), ended, 0.5))]
    for place, thread in enumerate(threads):
        thread.start()
        begun.wait(60)
        wait_until(lambda place=place: getattr(database._writer, "_waiting", place) >= place, timeout_s=60, what="the queue")
    go.set()
    for thread in threads:
        thread.join(60)
    assert (office.state(order), office.fees(), office.back()) == ("booked", ["paid"], [])


def test_an_order_this_database_has_lost_is_taken_up_from_the_notice(office: Office):
    lost = Order.new(office.case_no, office.fee, AMOUNT)
    notice = office.payments().gateway.notice(lost, "paid")  # type: ignore[attr-defined]
    assert office.payments().noticed(notice).state == "booked"
    nowhere = Order.new("360500-none", 9, AMOUNT)
    assert office.payments().noticed(office.payments().gateway.notice(nowhere, "paid")).state == "given_back"  # type: ignore[attr-defined]


def test_a_notice_nobody_signed_is_refused(office: Office):
    order = office.begun()
    other = SandboxGateway("x" * 32, "", office.hall.services.database, sandbox_payments, office.clock)
    with pytest.raises(InvalidInput, match="payment_notice_invalid"):
        office.payments().noticed(other.notice(order, "paid"))
    assert office.state(order) == "open"


# Silence ----------------------------------------------------------------------------------------------------------

def test_a_silent_gateway_is_an_alarm_until_it_answers(office: Office):
    order = office.begun("silent")
    office.after(seconds=61)
    assert office.alarms() == {}
    office.after(minutes=31)
    assert office.alarms()["payments_unsettled"]["no"] == order.no  # type: ignore[index]
    (check,) = payment_checks(office.payments())
    assert (check.ok, check.vital) == (False, False)
    office.clock.advance(timedelta(minutes=60))
    with pytest.raises(Conflict, match="payment_being_checked"):
        office.begun()
    office.payments().gateway.decide(order, "paid")  # type: ignore[attr-defined]
    office.after(minutes=16)
    assert (office.state(order), office.fees(), office.alarms()) == ("booked", ["paid"], {})


def test_an_order_given_up_and_paid_late_is_booked_or_goes_back(office: Office):
    first = office.begun("silent")
    for _ in range(2):
        office.after(hours=73)
    assert (office.state(first), office.alarms()) == ("expired", {})
    second = office.begun("paid")
    assert second.no != first.no
    assert office.payments().look(second.no).state == "booked"
    late = office.payments().gateway.notice(first, "paid")  # type: ignore[attr-defined]
    assert office.payments().noticed(late).state == "given_back"
    assert (office.fees(), office.back()) == (["paid"], [first.no])


def test_questions_become_rarer_up_to_the_longest_wait(office: Office):
    order, asked = office.begun("silent"), list[int]()
    for minute in range(120):
        if office.after(minutes=1).ledger.find(order.no).looks > len(asked):
            asked.append(minute)
    assert 8 <= len(asked) <= 12
    assert asked[-1] - asked[-2] == 15


# One fee, one payment ---------------------------------------------------------------------------------------------

def test_two_tabs_at_once_pay_with_one_order(office: Office):
    begun: list[Order] = []
    threads = [threading.Thread(target=lambda: begun.append(office.payments().begin(office.case_no, office.fee, AMOUNT)))
               for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 6
    assert len({order.no for order in begun}) == 1


def test_an_order_nobody_paid_in_time_is_closed_at_the_gateway_and_another_begins(office: Office):
    first = office.begun()
    office.clock.advance(timedelta(minutes=61))
    second = office.begun()
    assert (office.state(first), office.state(second), second.no == first.no) == ("expired", "open", False)
    assert office.payments().gateway.decide(first, "paid") == "closed"  # type: ignore[attr-defined]


def test_what_was_paid_in_the_last_moment_is_not_paid_a_second_time(office: Office):
    order = office.begun("paid")
    office.clock.advance(timedelta(minutes=61))
    with pytest.raises(Conflict, match="payment_being_booked"):
        office.begun()
    assert (office.state(order), office.fees()) == ("booked", ["paid"])


def test_while_money_is_being_booked_no_second_order_begins(office: Office):
    def wait(order: Order, receipt_no: str) -> bool:
        return False
    order = office.begun("paid")
    assert office.payments(wait).look(order.no).state == "paid"
    with pytest.raises(Conflict, match="payment_being_booked"):
        office.begun()


def test_what_was_declined_is_paid_with_another_order(office: Office):
    first = office.begun("declined")
    assert office.payments().look(first.no).state == "declined"
    second = office.begun("paid")
    assert office.payments().look(second.no).state == "booked"


# What cannot be booked ----------------------------------------------------------------------------------------------

def test_paid_at_the_window_meanwhile_the_money_goes_back_when_the_gateway_takes_it(
        office: Office, monkeypatch: pytest.MonkeyPatch):
    order, tries, real = office.begun("paid"), list[str](), SandboxGateway.give_back

    def silent_once(self: SandboxGateway, order: Order) -> None:
        tries.append(order.no)
        if len(tries) == 1:
            raise UpstreamError("payment_silent")
        real(self, order)

    monkeypatch.setattr(SandboxGateway, "give_back", silent_once)
    office.hall.approval.ending.paid(office.case_no, office.fee, "窗口票")
    office.after(seconds=61)
    assert office.state(order) == "returning"
    assert office.payments().ledger.find(order.no).problem == "fee_not_due"
    office.after(seconds=61)
    assert (office.state(order), office.back(), office.fees()) == ("given_back", [order.no], ["paid"])


def test_an_order_nobody_knows_is_said_to_be_unknown(office: Office):
    with pytest.raises(NotFound, match="payment_order_unknown"):
        office.payments().look("PAY0")
