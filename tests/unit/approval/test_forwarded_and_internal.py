"""上报件 and 内部事项 from end to end: what is reviewed is passed on in time, what is internal is nobody else's to file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from approval.matters import Application
from core.errors import InvalidInput
from tests.hosting import APPLICANT, HALL, Hall

FORWARDED, INTERNAL = "gongxin-03", "gongxin-05"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def reviewed(hall: Hall) -> str:
    case_no = hall.accepted(FORWARDED)
    for step in ("初审", "审核"):
        hall.do(case_no, hall.officer("gongxin", step))
    return case_no


def test_what_is_reviewed_is_passed_on_within_its_days(hall: Hall):
    case_no = reviewed(hall)
    assert (hall.detail(case_no).head.step, hall.due(case_no, "forwarding")) == ("上报", "03-19 09:00")
    hall.do(case_no, hall.officer("gongxin", "上报"))
    assert hall.clocks(case_no)["forwarding"].condition == "ended"
    hall.conclude(case_no)
    assert (hall.faults(case_no), hall.case(case_no).state) == ([], "concluded")


def test_passing_on_late_raises_its_card(hall: Hall):
    case_no = reviewed(hall)
    hall.on(20)
    hall.services.sweeper.sweep_all()
    cards = hall.services.alert_queries.active(None, 100, 0, None).cards
    assert "forwarding" in [card.clock_kind for card in cards if card.case_no == case_no]


def test_internal_items_are_filed_by_offices_and_go_to_their_end(hall: Hall):
    with pytest.raises(InvalidInput) as refusal:
        hall.approval.intake.file(Application(INTERNAL, APPLICANT), "web")
    assert refusal.value.code == "not_opened_so"
    case_no = hall.accepted(INTERNAL)
    for step in ("承办", "审核", "批准"):
        hall.do(case_no, hall.officer("gongxin", step))
    hall.conclude(case_no)
    assert (hall.faults(case_no), hall.case(case_no).state) == ([], "concluded")
    assert hall.approval.intake.file(Application(INTERNAL, APPLICANT), "office", HALL).password == ""
