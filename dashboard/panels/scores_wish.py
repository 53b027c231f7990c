"""What the address of the scores asks for, and addresses that ask for something else. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, urlencode

from core.access import Actor

KEPT = ("scheme", "month", "year", "half", "area", "org", "parts")
HALVES = {"1": 1, "2": 2}


@dataclass(frozen=True, slots=True)
class Wish:
    """A month of a scheme, or with `year` a half (1, 2) or the whole (0) of it; `org` is the department opened."""

    scheme: str
    month: date
    year: int | None
    half: int
    area: str
    org: str
    given: Mapping[str, str]

    def address(self, **changes: str) -> str:
        """The page with these choices changed; what was not chosen is left out."""
        chosen = {"scheme": self.scheme, **self.given, **changes}
        return f"?{urlencode({name: chosen[name] for name in KEPT if chosen.get(name)})}"


def wish_of(search: str | None, actor: Actor, today: date, schemes: Sequence[str]) -> Wish:
    """The choices of an address, those that can be: the last whole month of the first scheme where nothing is said. A person
    sees his own area, a department user opens his own unit."""
    asked = parse_qs((search or "").lstrip("?"))
    given = {name: values[0].replace("\0", "").strip()[:128] for name, values in asked.items() if name in KEPT}
    own = actor.only_org
    given |= {"area": actor.area or given.get("area", ""), **({"org": own} if own else {})}
    given = {name: value for name, value in given.items() if value}
    scheme = given.get("scheme", "")
    year = given.get("year", "")
    return Wish(scheme if scheme in schemes else schemes[0], _month(given.get("month", ""), today),
                int(year) if year.isdecimal() and 1970 <= int(year) <= 2199 else None, HALVES.get(given.get("half", ""), 0),
                given.get("area", ""), given.get("org", ""), given)


def month_text(day: date) -> str:
    return day.isoformat()[:7]


def neighbour(month: date, by: int) -> date:
    """The first day of the month so many later."""
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


def _month(text: str, today: date) -> date:
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        return neighbour(today, -1)
    return asked if 1970 <= asked.year <= 2199 else neighbour(today, -1)
