"""The rows of a scheme's form: parts with their rules, grades, vetoes; one of them open with all it is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from config.scoring import BONUS
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.scheme_content import KINDS
from dashboard.panels.scheme_fields import (
    Desk,
    adder,
    button,
    choice,
    code_field,
    error,
    flag,
    names,
    says,
    section,
    small,
    text,
)
from dashboard.panels.scheme_words import label_of

# What is edited of a rule in its row, by kind; the rest when it is open.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "cards": ("in_a_row", "most"), "share": ("at", "step", "further", "most"), "faulty": ("at", "step", "further", "most"),
    "shortening": ("at", "step", "further", "most"), "scale": ("zero", "full"), "manual": ()}


def part(desk: Desk, code: str, node: Mapping[str, Any]) -> html.Section:
    """A part: points and floor, its rules below."""
    path, label = f"parts.{code}", label_of(node, desk.t)
    told = html.H3(label or desk.t("scheme_field.unnamed"))
    numbers = html.Div([small(desk, f"{path}.points", node["points"]), small(desk, f"{path}.floor", node.get("floor") or "0")],
                       className="scheme-numbers")
    head = html.Div([told, numbers, html.Div(_acts(desk, "parts", code, label), className="scheme-acts")],
                    className="scheme-row is-part")
    opened = [html.Div([*names(desk, path, node), code_field(desk, f"{path}.code", code)], className="edit-fields scheme-open")]
    return html.Section([head, *(opened if desk.opened == path else []), error(path), *rules_of(desk, code)],
                        className="scheme-part")


def rules_of(desk: Desk, part_code: str) -> list[Any]:
    """The rules of a part, or of the bonus, and the button for another."""
    rows = [_rule(desk, code, rule) for code, rule in desk.content["rules"].items() if rule["part"] == part_code]
    return [*rows, *adder(desk, "rules", part_code)]


def bonus(desk: Desk) -> html.Section:
    most = html.Div(small(desk, "bonus_most", desk.content.get("bonus_most")), className="scheme-numbers")
    head = html.Div([html.H3(desk.t("scores_page.bonus")), most, html.Div()], className="scheme-row is-part")
    return html.Section([head, *rules_of(desk, BONUS)], id="scheme-bonus", className="scheme-part")


def _rule(desk: Desk, code: str, rule: Mapping[str, Any]) -> html.Div:
    path, label = f"rules.{code}", label_of(rule, desk.t)
    is_open = desk.opened == path
    shown = ("points", *NUMBERS[rule["kind"]])
    numbers = [] if is_open else [small(desk, f"{path}.{name}", rule.get(name)) for name in shown]
    told = html.Div([html.Span(label or desk.t("scheme_field.unnamed")), says(desk, path)], className="two-lines")
    row = html.Div([told, html.Div(numbers, className="scheme-numbers"),
                    html.Div(_acts(desk, "rules", code, label), className="scheme-acts"), error(path)], className="scheme-row")
    return html.Div([row, *([_opened_rule(desk, code, rule)] if is_open else [])], className="is-open" if is_open else "")


def _opened_rule(desk: Desk, code: str, rule: Mapping[str, Any]) -> html.Div:
    """Everything a rule of its kind is made of."""
    path = f"rules.{code}"
    fields = [*names(desk, path, rule), code_field(desk, f"{path}.code", code), _kind(desk, code, rule["kind"]),
              choice(desk, f"{path}.part", rule["part"], desk.parts_and_bonus), text(desk, f"{path}.points", rule["points"]),
              text(desk, f"{path}.most", rule.get("most"))]
    fields += [_control(desk, f"{path}.{name}", rule.get(name)) for name in KINDS[rule["kind"]]]
    return html.Div([*fields, text(desk, f"{path}.source", rule.get("source"))], className="edit-fields scheme-open")


def _control(desk: Desk, path: str, value: Any) -> html.Div:
    name = path.rpartition(".")[2]
    if name in ("open", "yearly"):
        return flag(desk, path, value)
    if name in ("level", "indicator", "origins", "acts"):
        return choice(desk, path, value, several=name in ("origins", "acts"))
    return text(desk, path, value)


def _kind(desk: Desk, code: str, kind: str) -> html.Div:
    """Choosing another draws the fields of that kind."""
    t = desk.t
    box = dcc.Dropdown(id={"kind": code}, options=[{"label": t(f"scheme_kind.{one}"), "value": one} for one in KINDS],
                       value=kind, clearable=False, searchable=False, disabled=not desk.may_edit, labels=dropdown_words(t),
                       className="edit-choice")
    return html.Div([html.Label(t("scheme_field.kind")), box], className="edit-field")


def coefficients(desk: Desk) -> html.Section:
    """The departments whose total is multiplied, and the list from which another is taken."""
    known = desk.content.get("coefficients") or {}
    rows = [_coefficient(desk, org, factor) for org, factor in known.items()]
    others = [{"label": name, "value": org} for org, name in desk.orgs.items() if org not in known]
    add = dcc.Dropdown(id={"take": "coefficients"}, options=others, value=None, clearable=False, searchable=True,
                       disabled=not desk.may_edit, placeholder=desk.t("scheme_act.take_department"),
                       labels=dropdown_words(desk.t), className="edit-choice scheme-take")
    return section(desk, "scheme_field.coefficients", [*rows, add], "coefficients")


def _coefficient(desk: Desk, org: str, factor: Any) -> html.Div:
    name, path = desk.orgs.get(org, org), f"coefficients.{org}"
    numbers = html.Div(small(desk, path, factor, name="factor"), className="scheme-numbers")
    return html.Div([html.Span(name), numbers, html.Div(button(desk, "drop", "coefficients", org, "×", name),
                                                        className="scheme-acts")], className="scheme-row")


def grades(desk: Desk) -> html.Section:
    """Each grade in a row of fields, and the grades that are told."""
    rows = [_grade(desk, at, node) for at, node in enumerate(desk.content["grades"])]
    told = choice(desk, "told", desk.content.get("told"), desk.options("grade"), several=True)
    return section(desk, "schemes_page.grades", [*rows, error("grades"), *adder(desk, "grades"), told], "grades")


def _grade(desk: Desk, at: int, node: Mapping[str, Any]) -> html.Div:
    path = f"grades.{at}"
    fields = [*names(desk, path, node), text(desk, f"{path}.code", node["code"], may_edit=f"grades.{node['code']}"
              not in desk.standing), text(desk, f"{path}.at_least", node["at_least"])]
    drop = button(desk, "drop", "grades", str(at), "×", label_of(node, desk.t))
    return html.Div([html.Div(fields, className="scheme-grade"), html.Div(drop, className="scheme-acts"), says(desk, path)],
                    className="scheme-clause")


def vetoes(desk: Desk) -> html.Section:
    """Each clause with its sentence, its fields when it is open."""
    rows = [_veto(desk, at, node) for at, node in enumerate(desk.content.get("vetoes") or ())]
    none = [] if rows else [html.P(desk.t("schemes_page.no_veto"), className="panel-note")]
    return section(desk, "schemes_page.vetoes", [*none, *rows, *adder(desk, "vetoes")], "vetoes")


def _veto(desk: Desk, at: int, node: Mapping[str, Any]) -> html.Div:
    path, label = f"vetoes.{at}", label_of(node, desk.t)
    is_open = desk.opened == path
    told = html.Div([html.Span(label or desk.t("scheme_field.unnamed")), says(desk, path)], className="two-lines")
    acts = [*_open_or_close(desk, "vetoes", str(at), label), *button(desk, "drop", "vetoes", str(at), "×", label)]
    row = html.Div([told, html.Div(), html.Div(acts, className="scheme-acts"), error(path)], className="scheme-row")
    return html.Div([row, *([_opened_veto(desk, path, node)] if is_open else [])], className="is-open" if is_open else "")


def _opened_veto(desk: Desk, path: str, node: Mapping[str, Any]) -> html.Div:
    fields = [*names(desk, path, node), choice(desk, f"{path}.rules", node.get("rules"), several=True),
              choice(desk, f"{path}.part", node.get("part"), clearable=True),
              text(desk, f"{path}.at_most", node.get("at_most"), name="at_most"),
              choice(desk, f"{path}.grade", node.get("grade"), clearable=True),
              text(desk, f"{path}.most", node.get("most"), name="veto_most"),
              choice(desk, f"{path}.period", node.get("period") or "whole")]
    return html.Div(fields, className="edit-fields scheme-open")


def _acts(desk: Desk, group: str, at: str, label: str) -> list[html.Button]:
    return [*_open_or_close(desk, group, at, label), *button(desk, "up", group, at, "↑", label),
            *button(desk, "drop", group, at, "×", label)]


def _open_or_close(desk: Desk, group: str, at: str, label: str) -> list[html.Button]:
    act, sign = ("close", "▴") if desk.opened == f"{group}.{at}" else ("open", "✎")
    return button(desk, act, group, at, sign, label)
