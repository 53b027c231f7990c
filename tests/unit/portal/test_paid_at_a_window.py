"""A fee that is taken at a window is not paid online a second time; one that nobody owes any more is asked of nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest

from approval.cashier import PaymentKind, Received
from approval.posts import EVERY_UNIT
from core.access import Actor, Role
from paying import payments_of
from tests.staff import Site, make_site
from tests.unit.portal.test_case import CLERK, STEPS, accepted, opened, post, rev, with_fee

SECOND = Actor("second", frozenset({Role.APPROVAL_STAFF}), "fagai", "沈出纳")
PAY = 'action="/public/case/pay"'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Every payment taken by hand waits for a second person."""
    made = make_site(tmp_path_factory.mktemp("window"), **{"payments.second_person_from": 0})
    for person in (CLERK, SECOND):
        made.services.approval.posts.give(person.name, EVERY_UNIT, ["综合窗口"])
    for person, held in zip(STEPS, ("承办人", "审核人", "批准人"), strict=True):
        made.services.approval.posts.give(person.name, "gongxin", [held])
    return made


def taken(site: Site, case_no: str, fee: int, reference: str) -> int:
    told = Received((fee,), PaymentKind.CASH, reference, 20_000)
    return site.services.approval.cashier.record(case_no, rev(site, case_no), told, CLERK)


def fees(client: Any) -> str:
    found = re.search(r'id="fees">.*?</section>', client.get("/public/case/").text, re.DOTALL)
    assert found is not None
    return found[0]


def test_what_waits_for_the_second_person_at_a_window_is_not_paid_online_meanwhile(site: Site):
    told, fee = with_fee(site)
    client = opened(site, told)
    assert PAY in fees(client)
    number = taken(site, told.case_no, fee, "收据 1")
    assert ("窗口已登记收款" in fees(client), PAY in fees(client)) == (True, False)
    refused = post(client, "/public/case/pay", fee=fee)
    assert (refused.status_code, "请勿重复缴费" in refused.text) == (409, True)
    assert payments_of(site.services).ledger.of_case(told.case_no) == {}
    site.services.approval.cashier.refuse(told.case_no, rev(site, told.case_no), number, "收据不是本件", SECOND)
    assert PAY in fees(client)
    assert post(client, "/public/case/pay", fee=fee).status_code == 303


def test_an_order_made_before_is_not_led_to_the_gateway_any_more(site: Site):
    told, fee = with_fee(site)
    client = opened(site, told)
    post(client, "/public/case/pay", fee=fee)
    assert client.get("/public/pay/sandbox/").status_code == 200
    number = taken(site, told.case_no, fee, "收据 2")
    assert client.get("/public/pay/sandbox/").status_code == 409
    site.services.approval.cashier.confirm(told.case_no, rev(site, told.case_no), number, SECOND)
    assert client.get("/public/pay/sandbox/").status_code == 404
    assert "已缴" in fees(client)


def test_who_gave_up_is_asked_for_no_fee_and_pays_none(site: Site):
    told = accepted(site)
    fee = site.services.approval.ending.charge(told.case_no, rev(site, told.case_no), "pinlv", 2, CLERK)
    client = opened(site, told)
    assert post(client, "/public/case/withdraw", sure="yes").status_code == 303
    assert ("无需缴纳" in fees(client), PAY in fees(client)) == (True, False)
    assert post(client, "/public/case/pay", fee=fee).status_code == 404
    assert site.services.approval.queries.find(told.case_no, CLERK).due_fees == []
