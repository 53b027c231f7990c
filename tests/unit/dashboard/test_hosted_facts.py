"""What the page of a hosted case tells of its payments: who took the money, who confirmed it, who took it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.panels.hosted_facts import fees
from dashboard.words import words_of
from tests.hosting import Hall
from tests.unit.approval.test_cashier import CASHIER, SECOND, SLIP, charged, hall_with, record

CONFIRMED = "沈出纳 复核"


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Hall]:
    made = hall_with(tmp_path, **{"payments.second_person_from": 50})
    yield made
    made.services.database.dispose()


def told(hall: Hall, case_no: str) -> str:
    return str(fees(hall.detail(case_no), None, words_of(hall.services.texts, "zh-CN"), lambda _digest, _kind: 0))


def test_who_confirmed_a_payment_stays_to_be_read_while_it_is_taken_back(strict: Hall):
    case_no, fee = charged(strict)
    payment = record(strict, case_no, replace(SLIP, fees=(fee,)))
    assert CONFIRMED not in told(strict, case_no)
    strict.approval.cashier.confirm(case_no, strict.rev(case_no), payment, SECOND)
    seen = [told(strict, case_no)]
    strict.approval.reversals.ask(case_no, strict.rev(case_no), payment, "凭条属于另一办件", SECOND)
    seen.append(told(strict, case_no))
    strict.approval.reversals.confirm(case_no, strict.rev(case_no), payment, CASHIER)
    seen.append(told(strict, case_no))
    assert ["hosted." not in page and CONFIRMED in page for page in seen] == [True, True, True]
    assert "钱会计 复核冲正" in seen[-1]


def test_a_request_that_was_not_agreed_to_stays_to_be_read_beside_the_next(strict: Hall):
    case_no, fee = charged(strict)
    payment = record(strict, case_no, replace(SLIP, fees=(fee,)))
    strict.approval.cashier.confirm(case_no, strict.rev(case_no), payment, SECOND)
    strict.approval.reversals.ask(case_no, strict.rev(case_no), payment, "凭条属于另一办件", SECOND)
    strict.approval.reversals.refuse(case_no, strict.rev(case_no), payment, "凭条是本件的", CASHIER)
    strict.approval.reversals.ask(case_no, strict.rev(case_no), payment, "金额有误", SECOND)
    page = told(strict, case_no)
    assert [words in page for words in ("凭条属于另一办件", "不予冲正：凭条是本件的", "金额有误")] == [True, True, True]
