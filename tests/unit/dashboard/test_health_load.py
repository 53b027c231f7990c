"""The load of alarms in words: every figure beside its limit, and the sources that come and go when there are any."""

from __future__ import annotations

import json
from typing import Any

import plotly.utils
import pytest

from alerts.lifecycle import Level
from alerts.room.load import AlarmLoad, Signed, Source, Standing
from config.texts import load_texts
from dashboard.panels.health_load import View, render
from dashboard.words import words_of


def load_of(**changes: Any) -> AlarmLoad:
    figures: dict[str, Any] = {
        "days": 30, "raised": 15, "per_ten_min": 0.01, "per_duty_hour": 7.25, "worst_ten_min": 12, "re_alarms": 1,
        "fleeting_min": 5, "fleeting": 2, "restless": [Source("D01", "rule.x", 3, 0.5)], "flood_share": 0.0,
        "by_level": {Level.WARNING: 1, Level.YELLOW: 12, Level.RED: 2}, "top": [], "top_share": 1.0,
        "standing": Standing(0, 0, None, 0, 0, 0, 0), "signed": [Signed(level, 0, None, None) for level in Level], "by_day": []}
    return AlarmLoad(**figures | changes)


def drawn(load: AlarmLoad, language: str) -> str:
    view = View(load, lambda org: f"部门{org}", lambda _rule: None, 0)
    parts = render(view, words_of(load_texts().__getitem__, language))
    return json.dumps([part.to_plotly_json() for part in parts], cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False)


@pytest.mark.parametrize(("language", "words"), [
    ("zh", ("上班每小时告警", "7.25", "≤ 6", "一闪而过", "5 分钟内", "反复来去的来源", "部门D01")),
    ("en", ("Cards an hour of duty", "Fleeting", "within 5 minutes", "Sources that come and go"))])
def test_the_figures_of_duty_and_of_what_comes_and_goes_are_shown(language: str, words: tuple[str, ...]):
    page = drawn(load_of(), language)

    assert [one for one in words if one not in page] == []


def test_what_cannot_be_divided_is_a_dash_and_no_restless_source_is_no_table():
    page = drawn(load_of(per_duty_hour=None, restless=[]), "zh")

    assert "反复来去的来源" not in page
    assert "—" in page
