"""Limits in words, in both languages: as the law states them, whatever number of days that is."""

from __future__ import annotations

import pytest

from config.texts import load_texts
from core.limits import parse_limit
from dashboard.limit_words import limit_words, stated_words
from dashboard.words import Words

TEXTS = load_texts()


def words(language: str) -> Words:
    return Words(language, TEXTS[language].tree)


@pytest.mark.parametrize(("limit", "zh", "en"), [
    ("7wd", "7 个工作日", "7 working days"), ("56cd", "56 日", "56 calendar days"), ("8wh", "8 个工作小时", "8 working hours"),
    ("3mo", "3 个月", "3 months")])
def test_a_limit_is_said_as_it_is_stated(limit: str, zh: str, en: str) -> None:
    for language, said in (("zh", zh), ("en", en)):
        assert limit_words(parse_limit(limit), words(language)) == stated_words(limit, words(language)) == said


def test_no_limit_is_said_and_one_nobody_can_read_stays_as_it_is() -> None:
    assert limit_words(None, words("zh")) == stated_words("", words("zh")) == "未设时限"
    assert stated_words("bald", words("zh")) == "bald"
