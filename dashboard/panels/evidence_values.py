"""What the record said of a fault or a finding, value by value, as people read it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

# Rows of facts that cards keep without the names of their members (cases.acts.evidence_of).
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "path": ("step", "actor", "post", "at"),
    "fees": ("fee", "amount_fen", "quantity", "receipt_no", "waiver", "at"),
    "stops": ("special_kind", "started_at", "document_no", "approved_days"),
    "extensions": ("asked_at", "granted_at", "days"),
}
_CODES: Mapping[str, str] = {"event_kind": "event_kind", "code": "violation", "state": "state"}  # member → where its words are


def heading(name: str, t: Words) -> str:
    """What a member is called."""
    return t.first(f"evidence.{name}", "card.plain", name=name)


def value_of(name: str, value: Any, t: Words) -> Any:
    """A JSON value: rows as a table, an object as its fields, anything else as text."""
    value = with_members(name, value)
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        names = list(dict.fromkeys(member for row in value for member in row))
        rows = (html.Tr([num(plain(row.get(member), t, member)) for member in names]) for row in value)
        return grid([heading(member, t) for member in names], rows, "evidence-rows")
    if isinstance(value, Mapping):
        rows = (html.Tr([html.Td(heading(member, t)), num(plain(part, t, member))]) for member, part in value.items())
        return grid([t("card.field"), t("card.value")], rows, "evidence-rows")
    return html.P(plain(value, t, name), className="num evidence-value")


def plain(value: Any, t: Words, name: str = "") -> str:
    """A value on one line. A whole number under a name that ends in `_at` (or is `at`) is an instant; codes become words."""
    value = with_members(name, value)
    if value is None:
        return "—"
    if name in _CODES:
        return t.first(f"{_CODES[name]}.{value}", "card.plain", name=value)
    if isinstance(value, int) and not isinstance(value, bool) and (name == "at" or name.endswith("_at")):
        return stamp(value, seconds=True)
    if isinstance(value, list | tuple):
        return "、".join(plain(part, t) for part in value)
    if isinstance(value, Mapping):
        return "；".join(f"{heading(key, t)}={plain(part, t, key)}" for key, part in value.items())
    return str(value)


def with_members(name: str, value: Any) -> Any:
    """Rows without names with those they are known to have; anything else as it is."""
    members = _MEMBERS.get(name)
    if members is None or not isinstance(value, Sequence) or not all(_fits(row, members) for row in value):
        return value
    return [dict(zip(members, row, strict=True)) for row in value]


def _fits(row: Any, members: tuple[str, ...]) -> bool:
    return isinstance(row, list | tuple) and len(row) == len(members)
