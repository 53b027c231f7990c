"""Lines of Chinese text: nothing lost, no mark at the wrong edge, words and figures whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from papers.lines import NEVER_FIRST, NEVER_LAST, balanced, break_lines


def width(text: str) -> float:
    return sum(0.5 if ord(character) < 0x2E80 and character not in "“”‘’…—·" else 1.0 for character in text)


def test_a_closing_mark_does_not_begin_a_line():
    assert break_lines("一二三四五，六七", 5, width) == ["一二三四", "五，六七"]


def test_an_opening_mark_does_not_end_a_line():
    assert break_lines("一二三四《五六》", 5, width) == ["一二三四", "《五六》"]


def test_a_figure_is_not_divided():
    assert break_lines("截至2026-03-16止", 6, width) == ["截至", "2026-03-16止"]


def test_a_word_longer_than_a_line_is_divided():
    assert "".join(break_lines("a" * 50, 5, width)) == "a" * 50


def test_the_first_line_is_shorter_by_the_indent():
    assert break_lines("一二三四五六七", 5, width, indent=2) == ["一二三", "四五六七"]


def test_an_empty_text_is_one_empty_line():
    assert break_lines("", 5, width) == [""]


def test_the_lines_of_a_title_are_nearly_equal():
    lines = balanced("关于对市发展和改革委员会办件超期进行督办的通知", 14, width)

    assert lines == ["关于对市发展和改革委员会", "办件超期进行督办的通知"]


@given(st.text(alphabet="一二三四五六，。《》（）〔〕abc12.-", max_size=80), st.floats(4, 12))
def test_nothing_is_lost_and_no_line_is_too_long(text: str, most: float):
    lines = break_lines(text, most, width)

    assert "".join(lines) == text
    assert all(width(line) <= most + 1 for line in lines)


@given(st.text(alphabet="一二三四五六，。《》（）", min_size=1, max_size=80), st.integers(6, 12))
def test_marks_stand_at_the_right_edge_wherever_the_text_lets_them(text: str, most: int):
    """Only a run of marks as long as a line may break the rule."""
    runs = [run for run in text.replace("一", " ").replace("二", " ").replace("三", " ").replace("四", " ").replace("五", " ")
            .replace("六", " ").split() if len(run) > 1]
    if runs:
        return
    for before, after in zip(lines := break_lines(text, most, width), lines[1:], strict=False):
        assert after[0] not in NEVER_FIRST
        assert before[-1] not in NEVER_LAST
