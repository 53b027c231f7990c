"""Which cases a deduction by an indicator opens to: each is judged alone, in the unit the rule is written in."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from config.indicators import load_indicators
from config.scoring import Rule
from evaluation.scoring.evidence import _counts

INDICATORS = load_indicators()
WORDS = {"zh": "规则", "en": "Rule"}
ALL_LOST_FROM_20 = {"kind": "scale", "zero": 20, "full": 5}
TEN_AND_MORE = {"kind": "share", "at": 10, "step": 5}


@pytest.mark.parametrize(("indicator", "rule", "counts", "is_behind"), [
    ("correction_rate", ALL_LOST_FROM_20, {"received": 1, "corrections": 1}, True),  # 100 per 100, not 1
    ("correction_rate", ALL_LOST_FROM_20, {"received": 1}, False),
    ("on_time_rate", {"kind": "scale", "zero": "0.8", "full": 1}, {"concluded": 1, "late": 1}, True),
    ("on_time_rate", {"kind": "scale", "zero": "0.8", "full": 1}, {"concluded": 1, "early": 1}, False),
    ("median_days", ALL_LOST_FROM_20, {"took_30": 1}, True),
    ("median_days", ALL_LOST_FROM_20, {"took_3": 1}, False),
    ("median_days", ALL_LOST_FROM_20, {"received": 1}, False),
    ("median_days", TEN_AND_MORE, {"took_30": 1}, True),
    ("median_days", TEN_AND_MORE, {"took_3": 1}, False),
    ("early_rate", {"kind": "share", "at": "0.1", "step": "0.1"}, {"concluded": 1, "early": 1}, True)])
def test_a_case_is_behind_a_line_by_what_it_alone_would_give(indicator: str, rule: Any, counts: dict[str, int],
                                                             is_behind: bool) -> None:
    made: Any = TypeAdapter(Rule).validate_python(
        {"label": WORDS, "part": "work", "points": 10, "indicator": indicator, **rule})
    assert _counts(made, INDICATORS.find(indicator), counts) is is_behind
