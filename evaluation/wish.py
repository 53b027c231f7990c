"""What the address of the comparison asks for, and addresses that ask for something else. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode

from core.access import Actor
from evaluation.comparison import WITHIN, CompareBy, Question, is_limited
from evaluation.over_time import Grain, grain_for
from evaluation.period import Basis, Period
from evaluation.seasons import Span, Stretch, period_of, period_text, stretch_of

FIELDS = ("period", "from", "to", "indicator", "basis", "by", "area", "org", "item", "grain", "limits", "persons", "columns")
KEPT = ("period", "indicator", "basis", "by", "area", "org", "item", "grain", "limits", "persons", "columns")
BYS: tuple[CompareBy, ...] = ("org", "area", *WITHIN)  # what units may be chosen on the page; items stand below it
FIRST_INDICATOR = "early_rate"
# The columns beside the indicator compared, those that the catalogue has.
COLUMNS = ("early_rate", "on_time_rate", "overdue_rate", "statutory_speed", "promised_speed", "cards_per_1000",
           "correction_rate", "special_share", "satisfaction", "complaint_answer_rate", "reply_time",
           "rectification_time")
# The same for who asks after applicants and cards, or after items and times.
COLUMN_SETS: Mapping[str, Sequence[str]] = {
    "overview": COLUMNS,
    "cards": ("received", "received_persons", "received_companies", "accepted", "warnings", "yellow_cards", "red_cards",
              "limit_cards", "step_cards", "special_cards", "consultation_cards", "complaint_cards", "conduct_cards"),
    "items": ("median_days", "median_of_promise", "acknowledgement_time", "hall_rate", "central_rate", "published_rate",
              "coverage_rate", "volume_share")}
YOUNG_MONTH = 10  # days; until then the last whole month says more than this one


@dataclass(frozen=True, slots=True)
class Wish:
    """The question with what only the page needs: the kind of period, and how long a point of the course is."""

    span: Span
    stretch: Stretch
    question: Question
    grain: Grain
    given: Mapping[str, str]

    @property
    def columns(self) -> str:
        """Which indicators stand beside the one compared."""
        return self.given.get("columns", "overview")

    def address(self, **changes: str) -> str:
        """The page with these choices changed; what was not chosen is left out. Persons are shown by their own link only."""
        chosen = {**self.given, "persons": "", "period": period_text(self.span, self.stretch), **changes}
        return f"?{urlencode({name: chosen[name] for name in KEPT if chosen.get(name)})}"


def wish_of(search: str | None, actor: Actor, today: date, indicators: Sequence[str]) -> Wish:
    """The choices of an address, those that can be; a person sees his own area, a department user his own unit."""
    asked = parse_qs((search or "").lstrip("?"))
    given = {name: values[0].replace("\0", "").strip()[:160] for name, values in asked.items() if name in FIELDS}
    span, stretch = _period(given, today)
    given |= {"area": actor.area or given.get("area", "")}
    if given.get("columns") not in COLUMN_SETS:
        given.pop("columns", None)
    if is_limited(actor):
        given |= {"org": actor.only_org or "", "by": given["by"] if given.get("by") in WITHIN else "org"}
    given = {name: value for name, value in given.items() if value and name in KEPT}
    indicator = given.get("indicator", "")
    period = Period(stretch.first, stretch.last)
    by = next((one for one in BYS if one == given.get("by")), BYS[0])
    question = Question(
        period, indicator if indicator in indicators else first_of(indicators),
        Basis.ACCEPTANCE if given.get("basis") == "acceptance" else Basis.EVENT, by, given.get("area", ""),
        given.get("org", ""), given.get("item", "") if given.get("org") else "", given.get("limits") == "wide")
    return Wish(span, stretch, question, _grain(given, period), given)


def first_of(indicators: Sequence[str]) -> str:
    return FIRST_INDICATOR if FIRST_INDICATOR in indicators else indicators[0]


def columns_of(indicators: Sequence[str], wish: Wish) -> list[str]:
    """The indicators that stand beside the one compared, those that the catalogue has."""
    return [code for code in COLUMN_SETS[wish.columns] if code in indicators]


def _period(given: Mapping[str, str], today: date) -> tuple[Span, Stretch]:
    free = period_of(f"{given.get('from', '')}..{given.get('to', '')}")
    return free or period_of(given.get("period", "")) or (Span.MONTH, _usual(today))


def _usual(today: date) -> Stretch:
    month = stretch_of(Span.MONTH, today)
    return month if today.day > YOUNG_MONTH else stretch_of(Span.MONTH, date.fromordinal(month.first.toordinal() - 1))


def _grain(given: Mapping[str, Any], period: Period) -> Grain:
    return Grain(given["grain"]) if given.get("grain") in set(Grain) else grain_for(period)
