"""The form of one rule of a preset: what it watches, its ladder of at most three rungs side by side, whom it tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from config.documents import Strict
from config.ladders import LEVELS, ActRule, Rule, Rung
from config.onsite import OnsiteRule
from dashboard.panels.form_fields import field, fields, read
from dashboard.panels.marks import mark
from dashboard.words import Words

FORM = "rules"
NEW, NEW_ACT, NEW_ONSITE = "new", "new_act", "new_onsite"
_OF_RUNG = ("level",)
BLANK: dict[str, Any] = {
    "id": "", "watches": "promised", "name": "", "name_en": "", "legal_basis": "", "source": "", "demanded_action": "",
    "limit": None, "granularity": None, "rungs": []}
BLANK_ACT: dict[str, Any] = {
    "id": "", "act": "step_skipped", "level": 1, "name": "", "name_en": "", "legal_basis": "", "source": "",
    "demanded_action": "", "demanded_action_en": "", "notify": ["liaison"]}
BLANK_ONSITE: dict[str, Any] = {
    "id": "", "signal": "unattended", "level": 1, "minutes": 15, "name": "", "name_en": "", "legal_basis": "", "source": "",
    "demanded_action": "", "demanded_action_en": "", "notify": ["liaison"], "confirm": True}
_FLAT: dict[str, type[Strict]] = {"acts": ActRule, "onsite": OnsiteRule}  # rules without a ladder


def found(content: Mapping[str, Any], rule: str) -> tuple[str, int, dict[str, Any]]:
    """(rules, acts or onsite, place, the rule) of that id; a blank one behind the last for an unknown id."""
    for group in ("rules", *_FLAT):
        for place, one in enumerate(content.get(group) or ()):
            if one["id"] == rule:
                return group, place, one
    if rule == NEW_ACT:
        return "acts", len(content.get("acts") or ()), BLANK_ACT
    if rule == NEW_ONSITE:
        return "onsite", len(content.get("onsite") or ()), BLANK_ONSITE
    return "rules", len(content["rules"]), BLANK


def render(content: Mapping[str, Any], rule: str, t: Words, *, may_edit: bool) -> html.Div:
    """The form of the rule of that id."""
    group, _place, values = found(content, rule)
    head = html.Header([html.H2(values.get("name") or t("rules_page.new_rule")),
                        html.Span(values.get("id", ""), className="edit-id num")], className="edit-head")
    if group in _FLAT:
        return html.Div([head, html.Div(fields(_FLAT[group], values, FORM, t, disabled=not may_edit), className="edit-fields"),
                         _off(t, may_edit)])
    body = fields(Rule, values, FORM, t, leave_out=("rungs",), disabled=not may_edit)
    rungs = html.Div([_rung(level, _of_level(values, level), t, may_edit) for level in LEVELS], className="edit-rungs")
    return html.Div([head, html.Div(body, className="edit-fields"), html.H3(t("rules_page.ladder")),
                     html.P(t("rules_page.ladder_words"), className="panel-note"), rungs, _off(t, may_edit)])


def _off(t: Words, may_edit: bool) -> html.Div:
    return html.Div(dcc.Checklist(
        id={"field": "switched_off", "of": FORM}, value=[], className="edit-check",
        options=[{"label": t("rules_page.switch_off"), "value": "yes", "disabled": not may_edit}]), className="edit-off")


def _of_level(values: Mapping[str, Any], level: int) -> Mapping[str, Any] | None:
    return next((rung for rung in values.get("rungs") or () if rung["level"] == level), None)


def _rung(level: int, values: Mapping[str, Any] | None, t: Words, may_edit: bool) -> html.Section:
    prefix = f"{level}."
    shown = values if values is not None else {"code": LEVELS[level], "notify": ["liaison"]}
    used = dcc.Checklist(id={"field": f"{prefix}used", "of": FORM}, value=["yes"] if values is not None else [],
                         options=[{"label": t("rules_page.used"), "value": "yes", "disabled": not may_edit}],
                         className="edit-check")
    head = html.Header([mark(LEVELS[level], t), html.Strong(t(f"level.{LEVELS[level]}")), used])
    body = [field(name, info.annotation, shown.get(name), FORM, t, prefix=prefix, disabled=not may_edit)
            for name, info in Rung.model_fields.items() if name not in _OF_RUNG]
    return html.Section([head, *body], className=f"edit-rung rung-{LEVELS[level]}{'' if values is not None else ' is-unused'}")


def edited(content: Mapping[str, Any], rule: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The preset's content with what the form holds put in, appended, or (switched off) taken out."""
    group, place, _before = found(content, rule)
    rules = list(content.get(group) or ())
    if values.get("switched_off"):
        rules = [one for at, one in enumerate(rules) if at != place]
    else:
        made = read(_FLAT[group], values) if group in _FLAT else _read_rule(values)
        rules = [*rules[:place], made, *rules[place + 1:]]
    return {**content, group: rules}


def _read_rule(values: Mapping[str, Any]) -> dict[str, Any]:
    rungs = [{**read(Rung, values, prefix=f"{level}.", leave_out=_OF_RUNG), "level": level}
             for level in used_levels(values)]
    return {**read(Rule, values, leave_out=("rungs",)), "rungs": rungs}


def used_levels(values: Mapping[str, Any]) -> list[int]:
    return [level for level in LEVELS if values.get(f"{level}.used")]


def place_of_error(key: str, values: Mapping[str, Any]) -> str:
    """`rules.3.rungs.1.offset_days` → the path of that field in the form."""
    parts = key.split(".")[2:]
    if len(parts) > 1 and parts[0] == "rungs" and parts[1].isdigit():
        levels = used_levels(values)
        level = levels[min(int(parts[1]), len(levels) - 1)] if levels else 1
        return f"{level}.{parts[2] if len(parts) > 2 else 'offset_days'}"
    return parts[0] if parts else ""
