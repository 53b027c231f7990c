"""What the public guide says of an item beside limits, papers and fees (办事指南): who exercises it, for whom, where, how deep
online, and what may be done against its result. Typed and checked on load; what is not said is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from config.documents import Strict

Level = Literal["province", "city", "county", "township"]
Subject = Literal["person", "company", "other"]
Depth = Literal["inform", "file", "decide", "deliver"]
Answer = Literal["yes", "no"]
Flag = Literal["in_hall", "delegated", "batch", "citywide", "cross_region", "own_system", "unified_intake",
               "by_mail", "kiosk", "on_promise"]


class Guide(Strict):
    """Attributes of domain.md §2.2 that no clock and no act is judged by.

    `parent` is the item this one is a part of, `task_code` the national code of the implementation list. `online` is how deep
    the item goes online: information, filing, decision, delivery of the result. `visits` are the most an applicant has to make.
    `central` says whether it is decided in the hall (集中审批), `valid_months` how long the result is good, `inspected` its
    annual inspection, `quota` a limit of numbers.
    """

    parent: str = Field(default="", max_length=64)
    task_code: str = Field(default="", max_length=31)
    effective_from: date | None = None
    level: Level | None = None
    subjects: tuple[Subject, ...] = ()
    conditions: str = Field(default="", max_length=2000)
    result: str = Field(default="", max_length=200)
    valid_months: int | None = Field(default=None, ge=1, le=1200)
    online: Depth | None = None
    visits: int | None = Field(default=None, ge=0, le=9)
    visits_note: str = Field(default="", max_length=200)
    place: str = Field(default="", max_length=200)
    window: str = Field(default="", max_length=100)
    hours: str = Field(default="", max_length=200)
    contact: str = Field(default="", max_length=100)
    complain: str = Field(default="", max_length=100)
    intermediaries: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    inspected: str = Field(default="", max_length=200)
    quota: str = Field(default="", max_length=200)
    reconsideration: str = Field(default="", max_length=200)
    lawsuit: str = Field(default="", max_length=200)
    forms: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    central: Answer | None = None

    def over(self, common: Guide) -> Guide:
        """These attributes, and those of `common` where nothing is said here."""
        return common.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


NO_GUIDE = Guide()
_WORDED = ("level", "subjects", "online", "flags", "central")  # fields whose values are codes


def lines(guide: Guide, t: Callable[..., str], item_name: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """(name, words) of everything that is said, in the order of the fields."""
    for name in Guide.model_fields:
        value = getattr(guide, name)
        if value is not None and value not in ("", ()):
            yield t(f"guide.{name}"), _words(name, value, t, item_name)


def _words(name: str, value: object, t: Callable[..., str], item_name: Callable[[str], str]) -> str:
    if name == "visits":
        return t("guide_value.visits", n=value)
    if name == "valid_months":
        return t("guide_value.months", n=value)
    parts = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    if name in _WORDED:
        parts = [t(f"guide_value.{name}.{one}") for one in parts]
    if name in ("before", "parent"):
        parts = [item_name(one) for one in parts]
    return "、".join(parts)
