"""A table as a picture: everything that is in it, where it belongs, as large as it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.spreadsheets import WIDEST, Sheet, places_of
from evaluation.table_pictures import _text, as_drawing, folded, rows_that_fit
from papers.charts import Words

SHEET = Sheet("比较", ["各部门按时办结率 · 2026-02", "定义：按时办结 ÷ 办结"], ["部门", "值", "办结"],
              [["市发展和改革委员会", 0.9512, 1234], ["=HYPERLINK(1)", None, 7], ["很" * 60, "—", 0]], ["", "0.0%", "#,##0"])


def test_every_word_stands_within_the_sheet_and_numbers_end_at_the_right() -> None:
    drawing = as_drawing(SHEET)
    said = [one for one in drawing.shapes if isinstance(one, Words)]
    told = [one.text for one in said]
    assert {"各部门按时办结率 · 2026-02", "部门", "市发展和改革委员会", "95.1 %", "1,234", "=HYPERLINK(1)", "—", "7",
            "0"} <= set(told)
    assert "".join(text for text in told if set(text) == {"很"}) == "很" * 60, "folded, not cut"
    assert max(places_of(text) for text in told if set(text) == {"很"}) <= WIDEST
    assert all(0 < one.x < drawing.width and 0 < one.y < drawing.height for one in said)
    ends = {one.text: one.x for one in said if one.anchor == "end"}
    assert ends["1,234"] == ends["7"] == ends["0"] > ends["95.1 %"]


def test_columns_beyond_a_page_across_follow_below_behind_the_first() -> None:
    wide = Sheet("t", ["w"], ["部门", *(f"列{number}" for number in range(60))], [["甲", *range(60)], ["乙", *range(60)]],
                 ["", *["#,##0"] * 60])
    drawing = as_drawing(wide)
    told = [one.text for one in drawing.shapes if isinstance(one, Words)]
    bands = told.count("部门")
    assert bands == told.count("甲") == told.count("乙") > 1
    assert [told.count(f"列{number}") for number in range(60)] == [1] * 60
    assert drawing.width < 300
    assert rows_that_fit(replace(wide, rows=[["甲", *range(60)]] * 200), 100) == 100 // bands


def test_a_row_that_is_folded_takes_the_room_of_its_lines() -> None:
    def of(text: str) -> Sheet:
        return Sheet("t", ["w"], ["事项"], [[text]] * 200)
    assert [rows_that_fit(of("很" * many), 100) for many in (1, WIDEST // 2, WIDEST, 2000)] == [100, 100, 50, 1]
    assert as_drawing(replace(of("很" * WIDEST), rows=of("很" * WIDEST).rows[:50])).height < as_drawing(of("很")).height


@pytest.mark.parametrize(("value", "form", "shown"), [
    (0.95, "0.0%", "95.0 %"), (1234.5, "#,##0.##", "1,234.5"), (1200, "#,##0.##", "1,200"), (3.14159, "0.00", "3.14"),
    (12, "0", "12"), (None, "0", ""), ("—", "0.0%", "—"), (2.5, "", "2.5"), (12345678, "", "12345678")])
def test_numbers_are_shown_as_their_column_says(value: float | str | None, form: str, shown: str) -> None:
    assert _text(value, form) == shown


def test_a_text_is_folded_at_its_room_and_at_its_own_lines() -> None:
    assert folded("一二三四", 4) == ["一二", "三四"]
    assert folded("ab\ncd", 4) == ["ab", "cd"]
    assert folded("", 4) == [""]
