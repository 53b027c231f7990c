"""A chance as people read it: in words, as a figure, as a bar that no light or card could be taken for. Pure."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.words import Words
from evaluation.forecast.queries import Outlook

STEPS = ((0.1, "hardly"), (0.3, "rather_not"), (0.5, "maybe"), (0.7, "likely"), (1.01, "very_likely"))


def chance_word(chance: float, t: Words) -> str:
    """不大可能超期 … 很可能超期."""
    return t(f"forecast.chance.{next(name for below, name in STEPS if chance < below)}")


def percent(share: float) -> str:
    """`62 %`; what is nearly nothing or nearly sure is not said to be it."""
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{share * 100:.0f} %"


def badge(t: Words) -> html.Span:
    """预测: stands beside everything foretold."""
    return html.Span(t("forecast.badge"), className="forecast-badge")


def bar(chance: float) -> html.Span:
    """As long as the chance; for the eye only, the figure stands beside it."""
    fill = html.I(style={"width": f"{chance * 100:.1f}%"})
    return html.Span(fill, className="forecast-bar", **{"aria-hidden": "true"})


def why(found: Outlook, names: Any, t: Words) -> str:
    """Which past it was learnt from: how many cases, how many overran, how long they took."""
    item = names.item_name(found.item) or t("forecast.any_item")
    group = t(f"forecast.learnt.{found.learnt}", org=names.org_name(found.org), item=item, step=found.step)
    span = "step" if found.learnt == "step" else "case"
    days = t(f"forecast.days.{span}", low=_days(found.days_low), mid=_days(found.days_mid), high=_days(found.days_high))
    return t("forecast.why", group=group, n=found.ended, overran=found.overran, days=days)


def left(found: Outlook, t: Words) -> str:
    """How many working days are used and left."""
    key = "stopped" if found.is_stopped else "today" if found.days_left == 0 else "running"
    return t(f"forecast.left.{key}", used=found.days_used, left=found.days_left)


def silence(reason: str, least: int, t: Words) -> str:
    """Why nothing is foretold."""
    return t(f"forecast.silent.{reason}", n=least)


def _days(days: float | None) -> str:
    return "—" if days is None else f"{days:.0f}"
