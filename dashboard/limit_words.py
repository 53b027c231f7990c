"""Limits of time in words: 7 个工作日, 3 个月."""

from __future__ import annotations

from core.errors import InvalidInput
from core.limits import Limit, parse_limit
from dashboard.words import Words


def limit_words(limit: Limit | None, t: Words) -> str:
    """As the law or the item states it; that there is none, where there is none."""
    if limit is None:
        return t("limit.none")
    return t("limit.mo", n=limit.months) if limit.months else t(f"limit.{limit.unit.value}", n=limit.amount)


def stated_words(text: str, t: Words) -> str:
    """The same of `3wd` as it is written in a form or an order; one nobody can read stays as it is."""
    try:
        return limit_words(parse_limit(text), t) if text else t("limit.none")
    except InvalidInput:
        return text
