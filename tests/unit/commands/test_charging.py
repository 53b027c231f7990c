"""The list of charges, a payment settled by hand and the statement of the platform, from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from approval.posts import EVERY_UNIT
from commands import charging
from core.access import Role
from core.errors import InvalidInput, NotPermitted
from tests.hosting import HALL, ORG, Hall

MARCH = {"first": "2026-03-01", "last": "2026-03-31", "all": False}


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    for name, posts in (("qian", ["收费员"]), ("wu", ["承办人"])):
        made.services.accounts.create(name, "correct horse battery", display_name=name, roles=[Role.APPROVAL_STAFF], org=ORG)
        made.approval.posts.give(name, EVERY_UNIT, posts)
    yield made
    made.services.database.dispose()


def options(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**given)


def paid(case_no: str, **changes: Any) -> argparse.Namespace:
    return options(**{"case": case_no, "by": "qian", "kind": "pos", "reference": "=P1", "amount": "100", "fee": [],
                      "on": "2026-03-16", "receipt": "", **changes})


def test_a_charge_is_listed_until_it_is_settled_and_then_with_all(hall: Hall, capsys: pytest.CaptureFixture[str]):
    case_no = hall.accepted()
    hall.approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
    assert charging.charges(hall.services, options(**MARCH)) == charging.DIFFERS
    assert f"unpaid,{case_no},gongxin" in capsys.readouterr().out
    with pytest.raises(NotPermitted, match="post_missing"):
        charging.settle(hall.services, paid(case_no, by="wu"))
    with pytest.raises(InvalidInput, match="account_not_found"):
        charging.settle(hall.services, paid(case_no, by="nobody"))
    assert charging.settle(hall.services, paid(case_no)) == 0
    assert "booked" in capsys.readouterr().out
    assert charging.charges(hall.services, options(**MARCH)) == 0
    assert charging.charges(hall.services, options(**{**MARCH, "all": True})) == 0
    assert f"matched,{case_no},gongxin,gongxin-01,pinlv,10000" in (told := capsys.readouterr().out)
    assert ",'=P1," in told


def test_without_a_platform_there_is_no_statement(hall: Hall, capsys: pytest.CaptureFixture[str]):
    assert charging.statement(hall.services, options(day="2026-03-15")) == 1
    assert "payments.gateway" in capsys.readouterr().err
