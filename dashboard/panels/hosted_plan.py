"""分发: the plan of a project is put together here: parts with their items, stages, what each waits for, and silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from approval.flow import JOIN, Part, check_plan
from core.errors import SupervisionError
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid
from dashboard.refusals import sentence
from dashboard.words import Words

Plan = list[dict[str, Any]]


def layout(services: Any, t: Words) -> html.Section:
    """Always on the page, seen at the step 分发 only."""
    units = services.catalogue.organisations
    items: Any = [{"label": f"{item.name} · {units[item.org].short}", "value": item.code,
                   "search": f"{item.name} {item.code} {units[item.org].name} {units[item.org].short}"}
                  for item in services.catalogue.items.values() if JOIN not in item.steps and not item.retired]
    silent: Any = [{"label": t("hosted.plan.silent"), "value": "yes"}]
    fields = [_field("item", dcc.Dropdown(id="plan-item", options=items, placeholder=t("window.item_hint"),
                                          className="edit-choice", labels=dropdown_words(t)), t),
              _field("stage", dcc.Input(id="plan-stage", type="number", min=1, max=9, value=1, className="field"), t),
              _field("after", dcc.Dropdown(id="plan-after", options=[], multi=True, className="edit-choice",
                                           placeholder=t("hosted.plan.nothing"), labels=dropdown_words(t)), t),
              html.Div(dcc.Checklist(id="plan-silent", options=silent, value=[], className="act-choice"),
                       className="act-field"),
              html.Button(t("hosted.plan.add"), id="plan-add", className="button")]
    return html.Section([html.H2(t("hosted.plan.title")), html.P(t("hosted.plan.words"), className="panel-note"),
                         html.Div(fields, className="plan-fields"), html.Div(id="plan-table"),
                         html.P(id="plan-said", className="form-said", role="status"), dcc.Store(id="plan-parts", data=[])],
                        id="plan", className="panel", hidden=True)


def _field(name: str, control: Any, t: Words) -> html.Div:
    return html.Div([html.Label(t(f"hosted.plan.{name}"), htmlFor=f"plan-{name}"), control], className="act-field")


def added(plan: Plan, item: Any, short: str, stage: Any, after: Sequence[str], silent: bool) -> Plan:
    """The plan with one part more, called after its unit."""
    names = {part["node"] for part in plan}
    node = next(name for name in (short, *(f"{short}{number}" for number in range(2, 99))) if name not in names)
    return [*plan, {"node": node, "item": item.code, "org": item.org, "stage": str(stage or 1), "after": list(after),
                    "silent": silent}]


def removed(plan: Plan, node: str) -> Plan:
    """The plan without a part; nobody waits for it any more."""
    return [{**part, "after": [one for one in part["after"] if one != node]} for part in plan if part["node"] != node]


def waiting_for(plan: Plan, waits: Mapping[str, Sequence[str]]) -> Plan:
    """The plan with other waits."""
    return [{**part, "after": list(waits.get(part["node"], part["after"]))} for part in plan]


def parts_of(plan: Plan) -> tuple[Part, ...]:
    return tuple(Part(part["node"], part["item"], part["org"], part["stage"], tuple(part["after"]), bool(part["silent"]))
                 for part in plan)


def fault(plan: Plan, t: Words) -> str:
    """What is wrong with the plan, e.g. a circle; empty for one that can be dispatched or has not begun."""
    try:
        check_plan(parts_of(plan))
    except SupervisionError as refusal:
        return sentence(refusal, t) if plan else ""
    return ""


def table(plan: Plan, services: Any, t: Words) -> Any:
    if not plan:
        return html.P(t("hosted.plan.empty"), className="case-none")
    heads = [t(f"hosted.plan.{name}") for name in ("node", "item", "stage", "after", "silence", "remove")]
    return grid(heads, (_row(part, plan, services, t) for part in plan), "plan-grid")


def _row(part: dict[str, Any], plan: Plan, services: Any, t: Words) -> html.Tr:
    others: Any = [{"label": one["node"], "value": one["node"]} for one in plan if one["node"] != part["node"]]
    after = dcc.Dropdown(id={"waits": part["node"]}, options=others, value=part["after"], multi=True, className="edit-choice",
                         placeholder=t("hosted.plan.nothing"), labels=dropdown_words(t))
    remove = html.Button("×", id={"remove": part["node"]}, className="button", n_clicks=0,
                         **{"aria-label": t("hosted.plan.remove_one", node=part["node"])})
    silent = t("rules_page.yes") if part["silent"] else "—"
    return html.Tr([html.Td(html.Strong(part["node"])), html.Td(services.case_queries.item_name(part["item"])),
                    html.Td(part["stage"], className="num"), html.Td(after), html.Td(silent), html.Td(remove)])
