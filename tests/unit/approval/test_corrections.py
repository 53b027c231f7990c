"""A notice that asks for words and for fields of the form to be amended, and what answers it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from approval.corrections import Answer, Notice, Told, Wanted, WantedField, notice_of
from config.item_details import ItemDetails
from core.errors import InvalidInput, TooLarge
from tests.hosting import HALL, Hall

ROAD = {"road": "站前路", "grade": "支路", "area": "20", "begin": "2026-04-01"}
AREA = WantedField("area", "面积", "number", unit="平方米", at_least=1, value="20")
NOTICE = Notice("面积与图不符", (Wanted("tu", "平面图"),), (AREA,))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput) as failure:
        act()
    assert failure.value.code == code


def words_of(docx: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(docx)).read("word/document.xml").decode()


@pytest.mark.parametrize(("answer", "lacking"), [
    (Answer(("tu",), {"area": "30"}), []), (Answer(("tu",), {"area": "20"}), ["面积（平方米）"]),
    (Answer(("tu",), {"area": "20"}, "面积无误"), []), (Answer((), {"area": "30"}, "图在路上"), ["平面图"]),
    (Answer(), ["平面图", "面积（平方米）"])])
def test_a_field_left_as_it_was_is_answered_by_words_and_a_paper_only_by_itself(answer: Answer, lacking: list[str]):
    assert answer.lacking(NOTICE) == lacking


def test_what_is_wrong_is_said_even_by_who_brings_no_more():
    refused("form_field_no_number", lambda: Answer((), {"area": "很大"}, rest_withheld=True).check(NOTICE))
    refused("form_field_missing", lambda: Answer(("tu",), {"area": " "}).check(NOTICE))
    refused("correction_words_missing", lambda: Answer().check(Notice("请说明")))
    Answer(rest_withheld=True).check(Notice("请说明"))
    with pytest.raises(TooLarge):
        Answer(words="长" * 2001).check(Notice("请说明"))


def test_what_the_item_does_not_know_any_more_is_not_asked_for():
    assert notice_of(Told("缺", ("tu",), ("area",)), ItemDetails(), {}) == Notice("缺")
    assert notice_of(None, ItemDetails(), {}) == Notice()


def test_a_correction_in_words_stops_the_clock_and_its_answer_lets_it_go_on(hall: Hall):
    case_no = hall.file("chengguan-03", fields=ROAD, papers=hall.papers("chengguan-03"))
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), [], "面积与图纸不符，请更正", HALL, amend=["area", "grade"])
    assert hall.events(case_no)[-1].data.attributes == {"fields": "area,grade"}
    assert "acceptance" not in hall.clocks(case_no)
    hall.on(19)
    refused("correction_incomplete", lambda: hall.approval.intake.correct(case_no, (), HALL, fields={"area": "30"}))
    refused("form_field_no_choice", lambda: hall.approval.intake.correct(case_no, (), HALL, fields={"grade": "小路"}))
    refused("correction_field_unasked", lambda: hall.approval.intake.correct(case_no, (), HALL, fields={"road": "别处"}))
    hall.approval.intake.correct(case_no, (), HALL, fields={"area": "30", "grade": "主干路"}, words="图纸已改")
    answer = hall.events(case_no)[-1].data.attributes
    assert answer == {"words": "图纸已改", "amended": "挖掘面积（平方米）：20 → 30；道路等级：支路 → 主干路"}
    assert hall.detail(case_no).particulars["fields"] == {**ROAD, "area": "30", "grade": "主干路"}
    assert hall.due(case_no, "acceptance") == "03-26 09:00"  # five working days from the answer
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    assert "审核" in hall.detail(case_no).stations  # the form says now that this step is done
    assert hall.faults(case_no) == []


def test_a_notice_asks_for_no_field_the_form_does_not_have_and_lists_what_it_asks_for(hall: Hall):
    case_no = hall.file()
    refused("form_field_unknown",
            lambda: hall.approval.intake.ask_correction(case_no, hall.rev(case_no), [], "缺", HALL, amend=["area"]))
    hall.approval.intake.ask_correction(case_no, hall.rev(case_no), [], "请说明用途", HALL)
    number = hall.detail(case_no).receipts[-1].number
    assert "就上述说明作出书面答复" in words_of(hall.services.follow_up.papers.file(number, "docx"))
