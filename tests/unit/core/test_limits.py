"""Limits as an item or a feed states them."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.limits import Granularity, Limit, Unit, parse_limit


@pytest.mark.parametrize(("text", "limit"), [
    ("20wd", Limit(20, Unit.WORKING_DAY, Granularity.DAY)),
    ("56cd", Limit(56, Unit.CALENDAR_DAY, Granularity.DAY)),
    ("8wh", Limit(8, Unit.WORKING_HOUR, Granularity.INSTANT)),
    (" 0wd ", Limit(0)),
])
def test_a_stated_limit_is_read_with_the_granularity_its_unit_has(text, limit):
    assert parse_limit(text) == limit
    assert str(parse_limit(text)) == text.strip()


def test_a_place_may_judge_days_to_the_instant():
    assert parse_limit("7wd", Granularity.INSTANT) == Limit(7, Unit.WORKING_DAY, Granularity.INSTANT)


@pytest.mark.parametrize("text", ["", "20", "wd", "20 wd", "-1wd", "1.5wd", "20wd;", "20WD", "99999wd", "二十wd"])
def test_an_unreadable_limit_is_refused_by_name(text):
    with pytest.raises(InvalidInput) as refused:
        parse_limit(text)
    assert refused.value.code == "limit_unreadable"
    assert refused.value.details["text"] == text
    assert "20wd" in refused.value.details["accepted"]


def test_no_limit_is_negative():
    with pytest.raises(InvalidInput, match="limit_negative"):
        Limit(-1)


def test_hours_cannot_be_judged_by_the_day():
    with pytest.raises(InvalidInput, match="limit_hours_need_instant"):
        Limit(8, Unit.WORKING_HOUR, Granularity.DAY)
