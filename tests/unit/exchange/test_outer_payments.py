"""Paying at a public site of its own: the order outlives the browser, the process and the exchange."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from approval.cashier import CashierRules, Received
from approval.payments.matters import Order
from approval.posts import EVERY_UNIT
from core.clock import FrozenClock
from core.database import Database
from core.errors import Conflict
from exchange.outer.models import payment_orders
from exchange.outer.queue import QueueRules
from portal.desk import CaseView, Standing
from portal.pay import NOTICE_PATH
from public_site import build_public_site
from tests.hosting import HALL, staff
from tests.pair import Pair, outer_settings
from tests.peers import Untouched

pytestmark = pytest.mark.usefixtures("undrawn")
FORM = "application/x-www-form-urlencoded"
REPOSITORY = Path(__file__).resolve().parents[3]


def due(pair: Pair) -> tuple[str, str, int, int]:
    """Number outside and inside of a case with a fee, the fee, and its amount."""
    handed, case_no = pair.carried(files=pair.hall.papers())
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    code = next(iter(pair.hall.services.catalogue.items["gongxin-01"].details.fees))
    pair.hall.approval.ending.charge(case_no, pair.hall.rev(case_no), code, 1, HALL)
    pair.round()
    view = pair.desk.find(handed.number)
    assert isinstance(view, CaseView)
    return handed.number, case_no, view.fees[0].id, view.fees[0].amount_fen


def begun(pair: Pair, verdict: str) -> tuple[str, Order]:
    number, case_no, fee, amount = due(pair)
    order = pair.site.payments.begin(number, fee, amount)
    pair.site.payments.gateway.decide(order, verdict)
    return case_no, order


def state(pair: Pair, order: Order) -> str:
    return str(pair.site.payments.ledger.find(order.no).state)


def restarted(pair: Pair) -> None:
    """The site's process was killed and begins anew on its database."""
    pair.site.database.dispose()
    pair.site = build_public_site(outer_settings(pair.folder / "outer"))
    pair.desk = pair.site.desk


def settled(pair: Pair, case_no: str) -> list[str]:
    return [str(fee["state"]) for fee in pair.hall.detail(case_no).fees]


def test_killed_after_the_payment_it_is_handed_on_and_booked_once(pair: Pair):
    case_no, order = begun(pair, "paid")
    restarted(pair)
    assert [state(pair, order), pair.site.payments.look(order.no).state] == ["open", "paid"]
    restarted(pair)
    assert pair.site.payments.look(order.no).state == "paid"
    with pytest.raises(Conflict, match="payment_being_booked"):
        pair.site.payments.begin(order.case_no, order.fee, order.amount_fen)
    pair.wire.__init__(pair.site)  # type: ignore[misc]
    pair.round()
    assert (state(pair, order), settled(pair, case_no), pair.site.payments.gateway.given_back()) == ("booked", ["paid"], [])
    with pair.hall.services.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM exchange_received WHERE kind = 'payment'").scalar() == 1


def test_money_that_came_through_while_a_window_entered_its_own_counts_and_goes_not_back(pair: Pair):
    """The second person at the window is the one who refuses then (docs/approval.md)."""
    number, case_no, fee, amount = due(pair)
    order = pair.site.payments.begin(number, fee, amount)
    pair.hall.approval.posts.give(HALL.name, EVERY_UNIT, ["综合窗口"])
    pair.hall.approval.cashier.rules = CashierRules(second_from_fen=0)
    pair.hall.approval.cashier.record(case_no, pair.hall.rev(case_no), Received((fee,), "cash", "收据", amount), HALL)
    pair.round()
    view = pair.desk.find(number)
    assert isinstance(view, CaseView)
    assert [one.state for one in view.fees] == ["waits"]
    pair.site.payments.gateway.decide(order, "paid")
    pair.site.payments.look(order.no)
    pair.round(2)
    assert (settled(pair, case_no), state(pair, order)) == (["paid"], "booked")
    assert pair.site.payments.gateway.given_back() == []


def test_a_receipt_that_was_made_void_inside_is_void_for_whoever_checks_it_outside(pair: Pair):
    number, case_no, fee, amount = due(pair)
    approval, second = pair.hall.approval, staff("shen", "沈出纳")
    for person in (HALL, second):
        approval.posts.give(person.name, EVERY_UNIT, ["综合窗口"])
    payment = approval.cashier.record(case_no, pair.hall.rev(case_no), Received((fee,), "cash", "收据", amount), HALL)
    pair.round()
    code = pair.hall.detail(case_no).receipts[-1].code
    assert pair.desk.check(code).standing is None
    approval.reversals.ask(case_no, pair.hall.rev(case_no), payment, "收据不是本件", HALL)
    approval.reversals.confirm(case_no, pair.hall.rev(case_no), payment, second)
    pair.round()
    assert pair.desk.check(code).standing == Standing("", "void", "2026-03-16")
    view = pair.desk.find(number)
    assert isinstance(view, CaseView)
    assert [one.state for one in view.fees] == ["due"]


def test_a_full_exchange_gives_no_money_back(pair: Pair):
    case_no, order = begun(pair, "paid")
    rules, pair.site.queue._rules = pair.site.queue._rules, QueueRules(waiting_max=1)
    pair.apply()
    pair.site.payments.look(order.no)
    assert state(pair, order) == "paid"
    pair.site.queue._rules = rules
    pair.site.payments.look(order.no)
    pair.round()
    assert (state(pair, order), settled(pair, case_no)) == ("booked", ["paid"])


def test_the_gateways_server_needs_no_page_of_ours_and_no_inside(pair: Pair):
    case_no, order = begun(pair, "paid")
    client = pair.site.app.test_client()
    for _ in range(2):
        answer = client.post("/public/pay/notify", data=pair.site.payments.gateway.notice(order, "paid"))
        assert (answer.status_code, answer.text) == (200, "success")
    assert client.post("/public/pay/notify", data=b"nonsense").status_code == 400
    assert client.post("/public/pay/sandbox/", data={"verdict": "paid"}).status_code == 403
    assert state(pair, order) == "paid"
    pair.round()
    assert (state(pair, order), settled(pair, case_no)) == ("booked", ["paid"])


@pytest.mark.parametrize("media_type", [FORM, "multipart/form-data; boundary=x", "application/json"])
def test_a_notice_is_read_as_it_was_sent_whatever_it_calls_itself(pair: Pair, media_type: str):
    _, order = begun(pair, "paid")
    notice = pair.site.payments.gateway.notice(order, "paid")
    answer = pair.site.app.test_client().post(NOTICE_PATH, data=notice, content_type=media_type)
    assert (answer.status_code, state(pair, order)) == (200, "paid")


@pytest.mark.parametrize("media_type", [FORM, "text/plain"])
def test_a_notice_that_is_too_large_is_refused_unread(pair: Pair, media_type: str):
    answer = pair.site.app.test_client().post(NOTICE_PATH, content_type=media_type, environ_overrides={
        "wsgi.input": Untouched(), "CONTENT_LENGTH": "16385"})
    assert answer.status_code == 413


def test_the_inside_raises_the_alarm_for_what_the_site_cannot_settle(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    _, order = begun(pair, "silent")
    clock = FrozenClock(pair.site.payments._clock.now())
    for one in (pair.site.payments, pair.site.payments.ledger):
        monkeypatch.setattr(one, "_clock", clock)
    pair.site.payments.look(order.no)
    pair.round()
    assert "exchange_payments" not in pair.alarms()
    clock.advance(timedelta(minutes=31))
    pair.round()
    first = pair.alarms()["exchange_payments"]
    assert (first["no"], first["n"]) == (order.no, 1)
    clock.advance(timedelta(minutes=20))
    pair.round()
    assert pair.alarms()["exchange_payments"]["minutes"] == first["minutes"] + 20, "what it says stood still"
    pair.site.payments.gateway.decide(order, "declined")
    pair.site.payments.look(order.no)
    pair.round()
    assert "exchange_payments" not in pair.alarms()


def test_a_site_that_went_back_to_a_copy_gives_no_money_back_that_was_booked(pair: Pair):
    """The copy was made after the payment and before it was handed on."""
    case_no, order = begun(pair, "paid")
    pair.site.database.dispose()
    database, copy = pair.folder / "outer" / "portal.db", pair.folder / "copy.db"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    pair.site.payments.look(order.no)
    pair.round(2)
    assert (state(pair, order), settled(pair, case_no)) == ("booked", ["paid"])
    pair.site.database.dispose()
    for left in database.parent.glob("portal.db*"):
        left.unlink()
    shutil.copy(copy, database)
    restarted(pair)
    pair.wire.__init__(pair.site)  # type: ignore[misc]
    pair.round(3)
    pair.site.payments.look(order.no)
    pair.round(2)
    assert (state(pair, order), settled(pair, case_no), pair.site.payments.gateway.given_back()) == ("booked", ["paid"], [])


@pytest.mark.usefixtures("plain_ground")
def test_payments_of_before_become_orders(fresh_database_url: str):
    from alembic import command
    from alembic.config import Config

    config = Config(REPOSITORY / "alembic.ini")
    config.set_main_option("script_location", str(REPOSITORY / "migrations_outer"))
    config.set_main_option("sqlalchemy.url", fresh_database_url.replace("%", "%%"))
    command.upgrade(config, "0001")
    database = Database(fresh_database_url)
    rows = [("a", "waiting", None, None), ("b", "done", 5, None), ("c", "refused", 6, None), ("d", "refused", 7, 8)]
    with database.transaction() as conn:
        for name, state, answered, returned in rows:
            content = f'{{"case_no":"1","order":{{"no":"PAY{name}","case_no":"WS","fee":3,"amount_fen":50}},"receipt_no":"票"}}'
            conn.execute(text("INSERT INTO sent (envelope, kind, subject, content, sent_at, state, answered_at, returned_at)"
                              " VALUES (:name, 'payment', 'WS', :content, 1, :state, :answered, :returned)"),
                         {"name": name, "content": content, "state": state, "answered": answered, "returned": returned})
    command.upgrade(config, "head")
    with database.read() as conn:
        known = conn.execute(payment_orders.select().order_by(payment_orders.c.no)).all()
    command.downgrade(config, "0001")
    with database.read() as conn:
        before = conn.execute(text("SELECT envelope, returned_at FROM sent ORDER BY envelope")).all()
    database.dispose()
    assert [(one.no, one.state, one.changed_at, one.look_at) for one in known] == [
        ("PAYa", "paid", 1, 1), ("PAYb", "booked", 5, None), ("PAYc", "returning", 6, 1), ("PAYd", "given_back", 8, None)]
    assert [tuple(row) for row in before] == [("a", None), ("b", None), ("c", None), ("d", 8)]
