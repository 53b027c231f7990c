"""The ladders as data: the three presets say what their places say, and mistakes are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from cases.events import ClockKind
from config.ladders import Watched, load_presets
from core.errors import ConfigError
from core.limits import Granularity, parse_limit

RULE = """
id: test
name: 试
name_en: test
version: "1"
effective_from: 2020-01-01
source: 试
rules:
  - id: test.promised
    watches: promised
    name: 试
    name_en: test
    legal_basis: 试
    source: 试
    demanded_action: 试
    {extra}
    rungs:
      - {{code: warning, level: 1, offset_days: -3, {words}}}
      - {{code: {code}, level: {level}, {threshold}, {words}}}
"""
WORDS = "label: 试, label_en: test, demanded_action: 试, demanded_action_en: test"


def _preset_file(folder: Path, extra: str = "limit: 2wd", code: str = "yellow", level: int = 2,
                 threshold: str = "offset_days: 0") -> None:
    text = RULE.format(extra=extra, code=code, level=level, threshold=threshold, words=WORDS)
    (folder / "test.yaml").write_text(text, encoding="utf-8")


def _rungs(preset: str, watches: str) -> list[tuple[str, int | None, float | None]]:
    rule = load_presets()[preset].rule_for(watches)
    assert rule is not None
    return [(rung.level_name, rung.offset_days, rung.fraction) for rung in rule.rungs]


def test_kechuang_warns_before_cards_past_the_promise_and_reds_past_the_law() -> None:
    assert _rungs("kechuang", "promised") == [("warning", -3, None), ("yellow", 0, None)]
    assert _rungs("kechuang", "statutory") == [("red", 0, None)]
    assert _rungs("kechuang", "own") == [("warning", -3, None), ("red", 0, None)]
    assert _rungs("kechuang", "special") == [("warning", -3, None), ("yellow", 0, None), ("red", 1, None)]
    assert _rungs("kechuang", "pre_acceptance") == [("warning", 0, None), ("yellow", 3, None), ("red", 5, None)]
    assert _rungs("kechuang", "consultation") == [("warning", -3, None), ("yellow", 0, None), ("red", 1, None)]
    assert _rungs("kechuang", "complaint") == _rungs("kechuang", "consultation")
    assert _rungs("kechuang", "delivery") == _rungs("kechuang", "step") == [("yellow", 0, None)]


def test_chengdu_knows_nearly_due_and_overdue_only() -> None:
    for watched in ("promised", "statutory", "own"):
        assert _rungs("chengdu", watched) == [("yellow", -1, None), ("red", 0, None)]


def test_yulin_cards_at_nine_tenths_of_the_promise() -> None:
    assert _rungs("yulin", "promised") == [("yellow", None, 0.9), ("red", 0, None)]


def test_limits_where_none_is_stated_are_data_too() -> None:
    preset = load_presets()["kechuang"]
    stated = {rule.watches: rule.default_limit for rule in preset.rules if rule.default_limit}
    days = {"pre_acceptance": 2, "delivery": 10, "consultation": 5, "complaint": 5, "acceptance": 5, "correction": 5,
            "forwarding": 3, "licence": 3, "complaint_intake": 5, "deferred": 20, "hearing": 20}
    assert stated == {watched: parse_limit(f"{amount}wd", Granularity.INSTANT) for watched, amount in days.items()}


def test_every_kind_of_clock_can_be_watched() -> None:
    assert set(get_args(Watched)) == {kind.value for kind in ClockKind}


def test_every_rule_says_its_basis_and_what_it_demands_in_both_languages() -> None:
    for preset in load_presets().values():
        for rule in preset.rules:
            assert all((rule.name, rule.name_en, rule.legal_basis, rule.source, rule.demanded_action)), rule.id
            assert all(rung.label and rung.label_en and rung.demanded_action and rung.demanded_action_en
                       for rung in rule.rungs), rule.id


def test_a_rule_holds_on_its_first_and_last_day_and_not_outside(tmp_path: Path) -> None:
    _preset_file(tmp_path, extra="effective_from: 2024-01-01\n    effective_until: 2024-12-31")
    preset = load_presets(tmp_path)["test"]
    held = [preset.rule_for("promised", day) is not None
            for day in (date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1))]
    assert held == [False, True, True, False]
    assert [preset.holds_on(day) for day in (date(2019, 12, 31), date(2020, 1, 1))] == [False, True]


@pytest.mark.parametrize(("change", "problem"), [
    ({"threshold": "offset_days: -4"}, "not above the one before"),
    ({"level": 1}, "not above the one before"),
    ({"code": "warning"}, "not above the one before"),
    ({"level": 4}, "Input should be 1, 2 or 3"),
    ({"threshold": "offset_days: 0, fraction: 0.9"}, "exactly one of"),
    ({"threshold": "fraction: 1.5"}, "less than or equal to 1"),
    ({"extra": "limit: 2 days"}, "limit_unreadable"),
    ({"extra": "colour: blue"}, "Extra inputs"),
    ({"extra": "effective_from: 2024-02-01\n    effective_until: 2024-01-01"}, "ends before it begins"),
])
def test_a_mistake_is_refused_with_its_line_and_remedy(tmp_path: Path, change: dict, problem: str) -> None:
    _preset_file(tmp_path, **change)
    with pytest.raises(ConfigError) as refusal:
        load_presets(tmp_path)
    assert problem in refusal.value.details["problem"]
    assert refusal.value.details["line"] > 8
    assert refusal.value.details["remedy"]


def test_two_rules_for_one_clock_at_one_time_are_refused(tmp_path: Path) -> None:
    _preset_file(tmp_path)
    path = tmp_path / "test.yaml"
    rule = path.read_text("utf-8").split("rules:\n")[1]
    path.write_text(path.read_text("utf-8") + rule.replace("test.promised", "test.again"), encoding="utf-8")
    with pytest.raises(ConfigError, match="two rules watch"):
        load_presets(tmp_path)


# Rules of acts ----------------------------------------------------------------------------------------------------

ACT = """
acts:
  - {{id: {id}, act: fee_above_standard, level: 2, name: 试, name_en: test, legal_basis: 试, source: 试, {words}{more}}}
"""


def _with_acts(folder: Path, more: str = "", again: str = "") -> None:
    _preset_file(folder)
    path = folder / "test.yaml"
    words = "demanded_action: 试, demanded_action_en: test"
    first, second = (ACT.format(id=name, words=words, more=said) for name, said in (("test.fee", more), ("test.one", again)))
    rules = first + (second.replace("\nacts:\n", "") if again else "")
    path.write_text(path.read_text(encoding="utf-8") + rules, encoding="utf-8")


def test_an_act_costs_what_the_rule_of_the_day_says_and_nothing_without_one(tmp_path: Path) -> None:
    _with_acts(tmp_path, ", reply_limit: 5wd, notify: [liaison, inspector], confirm: true, effective_from: 2021-01-01")
    preset = load_presets(tmp_path)["test"]
    rule = preset.act_rule("fee_above_standard", date(2021, 1, 1), "org", "item")
    assert rule is not None
    assert (rule.level_name, rule.reply_limit, rule.notify, rule.confirm) == ("yellow", "5wd", ("liaison", "inspector"), True)
    assert preset.act_rule("fee_above_standard", date(2020, 12, 31), "org", "item") is None
    assert preset.act_rule("late_data", date(2021, 1, 1), "org", "item") is None


def test_a_rule_that_names_an_item_goes_before_the_general_one(tmp_path: Path) -> None:
    _with_acts(tmp_path, ", confirm: true", ", items: [one], reply_limit: 3wd")
    preset = load_presets(tmp_path)["test"]
    named, general = (preset.act_rule("fee_above_standard", date(2021, 1, 1), "org", item) for item in ("one", "two"))
    assert named is not None
    assert general is not None
    assert (named.id, general.id) == ("test.one", "test.fee")


@pytest.mark.parametrize(("more", "again", "complaint"), [
    (", reply_limit: 5d", "", "reply_limit"), (", parameters: {hours: 3}", "", "no parameter 'hours'"),
    ("", ", confirm: true", "two rules judge"), (", effective_from: 2021-01-01, effective_until: 2020-01-01", "", "before"),
    (", notify: [mayor]", "", "notify")])
def test_a_mistake_in_a_rule_of_acts_names_the_key(more: str, again: str, complaint: str, tmp_path: Path) -> None:
    _with_acts(tmp_path, more, again)
    with pytest.raises(ConfigError) as refused:
        load_presets(tmp_path)
    assert complaint in f"{refused.value} {refused.value.details}"
