"""The page of a hosted case: what it draws anew and what it leaves alone while somebody writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from flask import Flask
from msgspec.structs import replace

from approval.cashier import CashierRules, Received
from approval.performing import perform
from approval.posts import EVERY_UNIT
from cases.events import EventData
from dashboard.pages.hosted import shown
from dashboard.panels import hosted_acts as acts
from dashboard.panels import hosted_facts
from dashboard.panels.hosted_history import details
from dashboard.words import words_of
from tests.hosting import HALL, HANDLER, Hall, staff

CHANGED = "7f00"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    with Flask(__name__).test_request_context():
        yield made
    made.services.database.dispose()


def asked(hall: Hall, query: dict[str, str], looked_at: Any = None, changed: str | None = None) -> tuple[Any, ...]:
    return shown(hall.services, HANDLER, query, changed, looked_at, {}, words_of(hall.services.texts, "zh-CN"))


def test_a_tick_over_an_unchanged_case_leaves_the_page_alone(hall: Hall):
    query = {"no": hall.accepted()}
    *_, looked_at = asked(hall, query)
    with pytest.raises(PreventUpdate):
        asked(hall, query, looked_at)


def test_a_tick_that_overtakes_a_click_still_answers_it(hall: Hall):
    case_no = hall.accepted()
    *_, looked_at = asked(hall, {"no": case_no})
    _, _, _, form, _, now = asked(hall, {"no": case_no, "act": "complete"}, looked_at)
    assert form is not None
    assert now["question"]["act"] == "complete"


def test_a_tick_that_overtakes_the_end_of_an_act_draws_the_form_anew(hall: Hall):
    query = {"no": hall.accepted(), "act": "complete"}
    *_, looked_at = asked(hall, query)
    _, _, acts, form, _, _ = asked(hall, query, looked_at, CHANGED)
    assert acts is not no_update
    assert form is not no_update


def test_news_leaves_what_somebody_writes_and_what_he_acts_on(hall: Hall):
    query = {"no": hall.accepted(), "act": "complete"}
    *_, looked_at = asked(hall, query)
    hall.approval.handling.start_special(query["no"], hall.rev(query["no"]), "testing", 3, "现场检测", HANDLER)
    _, body, acts, form, _, now = asked(hall, query, looked_at)
    assert body[0].className == "hosted-news"
    assert acts is no_update
    assert form is no_update
    assert now["rev"] == looked_at["rev"]


def test_the_history_shows_enough_of_a_digest_to_tell_two_files_apart(hall: Hall):
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    recorded = {"现场勘验记录": f"{'a1' * 32} {'b2' * 32}", "实测": "f" * 65}
    step = replace(hall.events(case_no)[-1], data=EventData(attributes=recorded))
    said = details(step, str, "permit", words_of(hall.services.texts, "zh-CN"))
    assert said[-2:] == [f"现场勘验记录：{'a1' * 8}… {'b2' * 8}…", f"实测：{'f' * 65}"]


def test_a_notice_asks_for_fields_and_the_answer_stands_before_the_clerk(hall: Hall):
    words = {"road": "站前路", "grade": "支路", "area": "20", "begin": "2026-04-01"}
    case_no = hall.file("chengguan-03", fields=words, papers=hall.papers("chengguan-03"))
    form = str(asked_by_clerk(hall, {"no": case_no, "act": "ask_correction"})[3])
    assert "要求更正的填报内容" in form
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), [], "面积不符", HALL, amend=["area"])
    _, body, _, answer, *_ = asked_by_clerk(hall, {"no": case_no, "act": "correct"})
    assert "{'told': 'fields.area'}" in str(answer)
    assert "value='20'" in str(answer)
    assert "要求更正：挖掘面积（平方米）" in str(body)
    told = acts.told("correct", {"fields.area": "30", "words": "已核对"}, hall.rev(case_no), "3号窗")
    perform(hall.approval, case_no, "correct", told, HALL, lambda _name: None)
    seen = str(asked_by_clerk(hall, {"no": case_no})[1])
    assert "申请人说明：已核对" in seen
    assert "已更正：挖掘面积（平方米）：20 → 30" in seen


def asked_by_clerk(hall: Hall, query: dict[str, str]) -> tuple[Any, ...]:
    return shown(hall.services, HALL, query, None, None, {}, words_of(hall.services.texts, "zh-CN"))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_act_says_what_it_does_to_the_clocks(hall: Hall, language: str):
    told = {"end_special": "goes_on", "complete": "complete", "reopen": "reopen", "send_back": "send_back"}
    t = words_of(hall.services.texts, language)
    assert [act for act in acts.FIELDS if not t.has(f"hosted.effect.{told.get(act, act)}")] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_stage_of_a_payment_by_hand_is_said_in_words(hall: Hall, language: str):
    """Entered, confirmed, asked to be taken back, left as it is, asked again, taken back."""
    approval, second, t = hall.approval, staff("shen", "沈出纳"), words_of(hall.services.texts, language)
    approval.posts.give(second.name, EVERY_UNIT, ["综合窗口"])
    approval.cashier.rules = CashierRules(second_from_fen=0)
    case_no = hall.accepted()
    fee = approval.ending.charge(case_no, hall.rev(case_no), "pinlv", 1, HALL)
    payment = approval.cashier.record(case_no, hall.rev(case_no), Received((fee,), "cash", "收据", 10_000), HALL)
    for act in (lambda: approval.cashier.confirm(case_no, hall.rev(case_no), payment, second),
                lambda: approval.reversals.ask(case_no, hall.rev(case_no), payment, "错件", HALL),
                lambda: approval.reversals.refuse(case_no, hall.rev(case_no), payment, "属于本件", second),
                lambda: approval.reversals.ask(case_no, hall.rev(case_no), payment, "错件", HALL),
                lambda: approval.reversals.confirm(case_no, hall.rev(case_no), payment, second)):
        drawn = str(hosted_facts.fees(hall.detail(case_no), None, t, lambda _digest, _kind: 0))
        assert "hosted." not in drawn
        act()
    drawn = str(hosted_facts.fees(hall.detail(case_no), None, t, lambda _digest, _kind: 0))
    assert ("hosted." in drawn, "错件" in drawn, "沈出纳" in drawn) == (False, True, True)
