"""An installation without a gateway takes no payment, believes no notice, and says so where money of before should go back."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from alerts.alarms import standing_alarms
from approval.payments.matters import Order
from approval.payments.statement import Difference, Gap
from commands.demo import show_settings
from config.settings import load_settings
from core.errors import Conflict, InvalidInput, UpstreamError
from paying import StatementAlarms, payments_of
from tests.hosting import Hall

ORDER = Order.new("360500-x", 1, 100)


@pytest.fixture
def hall(tmp_path: Path):
    made = Hall(tmp_path, **{"payments.gateway": "none"})
    yield made
    made.services.database.dispose()


def test_the_sandbox_is_for_demonstrations(tmp_path: Path):
    delivered = load_settings({"journal.key_path": str(tmp_path / "journal.key")})
    assert delivered.payments.gateway == "none"
    for has_database in (True, False):
        assert show_settings(delivered, "demo", has_database=has_database).payments.gateway == "sandbox"


def test_it_takes_nothing(hall: Hall):
    payments = payments_of(hall.services)
    with pytest.raises(Conflict, match="payment_not_online"):
        payments.begin(ORDER.case_no, ORDER.fee, ORDER.amount_fen)
    with pytest.raises(InvalidInput, match="payment_notice_invalid"):
        payments.noticed(b"paid")
    assert payments.ledger.of_case(ORDER.case_no) == {}


def test_money_of_the_gateway_before_stays_somebodys_business(hall: Hall):
    payments = payments_of(hall.services)
    payments.ledger.open(ORDER)
    payments.ledger.paid(ORDER.no, "票")
    assert payments.look(ORDER.no).state == "returning"  # no such case
    assert payments.look(ORDER.no).state == "returning"


def test_an_alarm_of_before_the_start_stands_until_all_days_are_heard_of(hall: Hall):
    days = hall.services.settings.gateway.statement_days
    first, gap = date(2026, 3, 10), [Difference(Gap.UNKNOWN, "PAY1", 100, 0)]

    def standing() -> set[str]:
        with hall.services.database.read() as conn:
            return {alarm.code for alarm in standing_alarms(conn)} & {"payment_statement", "payment_statement_silent"}

    before = StatementAlarms(hall.services)
    before.tell(first, gap)
    before.tell(first + timedelta(days=1), UpstreamError("payment_platform_silent"))
    assert standing() == {"payment_statement", "payment_statement_silent"}
    started = StatementAlarms(hall.services)
    for day in range(days):
        assert standing() == {"payment_statement", "payment_statement_silent"}
        started.tell(first + timedelta(days=day), [])
    assert standing() == set()
