"""Papers promised later and hearings in cases handled here: what is promised is watched, what is due is held first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from approval.matters import Act
from core.errors import Conflict, InvalidInput, SupervisionError
from core.instants import from_us
from papers.official import Items
from papers.queries import PaperQueries
from tests.editing import content_of, published
from tests.hosting import HALL, ITEM, SHANGHAI, Hall

BY_LAW = "wenlv-02"  # a hearing must be held before its decision


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def refused(code: str, act: Callable[[], object], kind: type[SupervisionError] = Conflict) -> SupervisionError:
    with pytest.raises(kind) as failure:
        act()
    assert failure.value.code == code
    return failure.value


def promised(hall: Hall, until: date | None) -> str:
    case_no = hall.file(papers=hall.papers(without="changdi"))
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL, deferred=["changdi"], until=until)
    return case_no


def cards_of(hall: Hall, case_no: str) -> list[str]:
    hall.services.sweeper.sweep_all()
    return [card.clock_kind for card in hall.services.alert_queries.active(None, 100, 0, None).cards if card.case_no == case_no]


# Papers promised later --------------------------------------------------------------------------------------------

def test_papers_promised_for_a_day_have_a_clock_until_the_end_of_it_and_a_card_after_it(hall: Hall):
    case_no = promised(hall, date(2026, 3, 24))
    assert hall.due(case_no, "台址使用证明") == "03-25 00:00"
    paper = next(one for one in hall.detail(case_no).papers if one.state == "deferred")
    assert from_us(paper.promised_at or 0).astimezone(SHANGHAI).date() == date(2026, 3, 24)
    hall.on(24, 23)
    assert "deferred" in cards_of(hall, case_no)  # its warning
    hall.on(25, 1)
    hall.services.sweeper.sweep_all()
    card = next(card for card in hall.services.alert_queries.active(None, 100, 0, None).cards if card.case_no == case_no
                and card.clock_kind == "deferred")
    assert card.level == "yellow"
    hall.approval.intake.supply(case_no, ["changdi"], HALL, rev=hall.rev(case_no))
    assert hall.clocks(case_no)["台址使用证明"].condition == "ended"


def test_a_scan_of_a_promised_paper_keeps_the_promise_only_when_the_paper_is_noted_as_come(hall: Hall):
    case_no = promised(hall, date(2026, 3, 24))
    hall.approval.intake.keep_file(case_no, hall.approval.materials.keep("changdi", "a.pdf", b"%PDF-1.7\n1"), HALL)
    assert hall.detail(case_no).deferred == ["changdi"]
    assert Act.SUPPLY in hall.detail(case_no).may
    hall.approval.intake.supply(case_no, ["changdi"], HALL, rev=hall.rev(case_no))
    hall.on(26)
    assert "deferred" not in cards_of(hall, case_no)
    assert (hall.detail(case_no).deferred, hall.clocks(case_no)["台址使用证明"].condition) == ([], "ended")


def test_papers_promised_for_no_day_follow_when_the_promise_of_the_item_ends(hall: Hall):
    assert hall.due(promised(hall, None), "台址使用证明") == "03-31 00:00"  # it ends on the 30th at nine


def test_papers_promised_within_months_follow_when_these_months_end(hall: Hall):
    """From the 16 March on two months are 61 days, not 62."""
    content = content_of(hall)
    steps = [{**step, "limit": None} for step in content["steps"]]
    published(hall, {**content, "promised": "2mo", "statutory": None, "granularity": "day", "steps": steps})
    case_no = promised(hall, None)
    assert (hall.due(case_no, "台址使用证明"), hall.due(case_no)) == ("05-17 00:00", "05-17 00:00")


@pytest.mark.parametrize("until", [date(2026, 3, 15), date(2026, 3, 31)])
def test_nobody_promises_a_day_that_is_over_or_beyond_the_limit_of_the_item(hall: Hall, until: date):
    found = refused("promise_out_of_range", lambda: promised(hall, until), InvalidInput)
    assert (found.details["first"], found.details["last"]) == ("2026-03-16", "2026-03-30")


def test_the_receipt_says_what_follows_and_by_when(hall: Hall):
    case_no = promised(hall, date(2026, 3, 24))
    number = next(one.number for one in hall.detail(case_no).receipts if one.kind == "accepted")
    listed = next(block for block in PaperQueries(hall.services.database).content(number).body if isinstance(block, Items))
    assert listed.entries[-1] == "台址使用证明（容缺，承诺于2026年3月24日前补齐）"


# Hearings ---------------------------------------------------------------------------------------------------------

def test_a_hearing_the_law_demands_is_held_before_the_decision(hall: Hall):
    case_no = hall.accepted(BY_LAW)
    assert hall.due(case_no, "hearing") == "04-14 09:00"
    org = hall.services.catalogue.items[BY_LAW].org
    for step in ("承办", "审核"):
        hall.do(case_no, hall.officer(org, step))
    refused("hearing_due", lambda: hall.do(case_no, hall.officer(org, "批准")))
    hall.approval.hearings.hold(case_no, hall.rev(case_no), "双方到场，意见记录在卷", hall.officer(org, "批准"))
    hall.do(case_no, hall.officer(org, "批准"))
    assert hall.kinds(case_no)[-3:] == ["hearing_held", "step", "decided"]
    assert "hearing_not_held" not in hall.faults(case_no)


def test_an_applicant_asks_for_a_hearing_once_and_only_where_the_item_knows_one(hall: Hall):
    refused("hearing_not_foreseen", lambda: hall.approval.hearings.ask(hall.accepted(ITEM)), InvalidInput)
    case_no = hall.accepted(BY_LAW)
    hall.on(18)
    hall.approval.hearings.ask(case_no, "涉及相邻权益")
    assert hall.due(case_no, "hearing") == "04-16 09:00"
    refused("hearing_once", lambda: hall.approval.hearings.ask(case_no))


def test_a_hearing_not_held_in_time_raises_its_card(hall: Hall):
    case_no = hall.accepted(BY_LAW)
    hall.on(15, month=4)
    assert "hearing" in cards_of(hall, case_no)
