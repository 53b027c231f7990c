"""The form of a scheme: parts with their rules and points, bonus, grades, what is bounded; and what may be added. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from config.indicators import Indicators
from config.scoring import BONUS
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.scheme_content import KINDS, LEVELS
from dashboard.words import Words

FORM = "schemes"
ADD = "scheme-add"
# What is edited of a rule beside its points, by kind.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "cards": ("in_a_row", "most"), "share": ("at", "step", "further", "most"), "faulty": ("at", "step", "further", "most"),
    "shortening": ("at", "step", "further", "most"), "scale": ("zero", "full"), "manual": ()}


def form(code: str, content: Mapping[str, Any], indicators: Indicators, t: Words, *, may_edit: bool) -> html.Div:
    """Every number of the content in a field of its path."""
    parts = [_part(name, part, content, indicators, t, may_edit) for name, part in content["parts"].items()]
    bonus = _rules_of(BONUS, content, indicators, t, may_edit)
    top = sum(_number(part["points"]) for part in content["parts"].values())
    name = content["name"]["zh" if t.language == "zh" else "en"]
    head = html.Header([html.H2(name), html.Span(code, className="edit-id num"),
                        html.Span(t("schemes_page.top", points=f"{top:g}"), className="chip")], className="edit-head")
    fields = [_field("name.zh", content["name"]["zh"], t, may_edit), _field("name.en", content["name"]["en"], t, may_edit),
              _field("appeal_days", content.get("appeal_days", 5), t, may_edit),
              _field("bonus_most", content.get("bonus_most"), t, may_edit)]
    return html.Div([head, html.P(content.get("source") or t("schemes_page.words"), className="panel-note"),
                     html.Div(fields, className="edit-fields"), *parts,
                     html.Section([html.H3(t("scores_page.bonus")), *bonus], className="scheme-part"),
                     _grades(content, t, may_edit), _vetoes(content, t),
                     *([_adding(content, indicators, t), _saving_as(t)] if may_edit else [])])


def _part(code: str, part: Mapping[str, Any], content: Mapping[str, Any], indicators: Indicators, t: Words,
          may_edit: bool) -> html.Section:
    label = part["label"]["zh" if t.language == "zh" else "en"]
    head = html.Div([html.H3(label), _small(f"parts.{code}.points", part["points"], t("schemes_page.points"), may_edit),
                     *_drop("parts", code, label, t, may_edit)], className="scheme-row is-part")
    return html.Section([head, *_rules_of(code, content, indicators, t, may_edit)], className="scheme-part")


def _rules_of(part: str, content: Mapping[str, Any], indicators: Indicators, t: Words, may_edit: bool) -> list[html.Div]:
    return [_rule(code, rule, indicators, t, may_edit) for code, rule in content["rules"].items() if rule["part"] == part]


def _rule(code: str, rule: Mapping[str, Any], indicators: Indicators, t: Words, may_edit: bool) -> html.Div:
    label = rule["label"]["zh" if t.language == "zh" else "en"]
    numbers = [_small(f"rules.{code}.{name}", rule.get(name), t(f"schemes_page.number.{name}"), may_edit)
               for name in ("points", *NUMBERS[rule["kind"]])]
    told = html.Div([html.Span(label), html.Small(_kind_words(rule, indicators, t))], className="two-lines")
    return html.Div([told, html.Div(numbers, className="scheme-numbers"), *_drop("rules", code, label, t, may_edit),
                     html.Small(id={"error": f"rules.{code}", "of": FORM}, className="field-error", role="alert")],
                    className="scheme-row")


def _kind_words(rule: Mapping[str, Any], indicators: Indicators, t: Words) -> str:
    """What is counted, in words."""
    kind = rule["kind"]
    if kind == "cards":
        return t("schemes_page.kind.cards", level=t(f"level.{rule['level']}"))
    if kind in ("share", "scale"):
        known = indicators.indicators.get(rule["indicator"])
        return t(f"schemes_page.kind.{kind}", indicator=known.label.in_language(t.language) if known else rule["indicator"])
    if kind == "manual":
        return t(f"schemes_page.kind.{'yearly' if rule.get('yearly') else 'open' if rule.get('open') else 'manual'}")
    return t(f"schemes_page.kind.{kind}")


def _grades(content: Mapping[str, Any], t: Words, may_edit: bool) -> html.Section:
    language = "zh" if t.language == "zh" else "en"
    rows = [html.Div([html.Span(grade["label"][language]),
                      _small(f"grades.{at}.at_least", grade["at_least"], t("schemes_page.at_least"), may_edit)],
                     className="scheme-row") for at, grade in enumerate(content["grades"])]
    told = dcc.Checklist([{"label": grade["label"][language], "value": grade["code"], "disabled": not may_edit}
                          for grade in content["grades"]], list(content.get("told") or ()), id={"field": "told", "of": FORM},
                         className="edit-check people-check", inline=True)
    coefficients = ", ".join(f"{org}={n}" for org, n in (content.get("coefficients") or {}).items())
    return html.Section([html.H3(t("schemes_page.grades")), *rows,
                         html.Div([html.Label(t("schemes_page.told")), told], className="edit-field"),
                         _field("coefficients", coefficients, t, may_edit)], className="scheme-part")


def _vetoes(content: Mapping[str, Any], t: Words) -> html.Section:
    language = "zh" if t.language == "zh" else "en"
    names = {grade["code"]: grade["label"][language] for grade in content["grades"]}
    rows = [html.Li(t("schemes_page.veto", label=veto["label"][language], grade=names.get(veto["grade"], veto["grade"])))
            for veto in content.get("vetoes") or ()]
    return html.Section([html.H3(t("schemes_page.vetoes")), html.Ul(rows or [html.Li(t("schemes_page.no_veto"))])],
                        className="scheme-part")


def _adding(content: Mapping[str, Any], indicators: Indicators, t: Words) -> html.Details:
    """Another part, or another rule of one of four kinds."""
    language = "zh" if t.language == "zh" else "en"
    parts = [{"label": part["label"][language], "value": code} for code, part in content["parts"].items()]
    parts.append({"label": t("scores_page.bonus"), "value": BONUS})
    kinds = [{"label": t(f"schemes_page.add_kind.{kind}"), "value": kind} for kind in KINDS]
    levels = [{"label": t(f"level.{level}"), "value": level} for level in LEVELS]
    known = [{"label": one.label.in_language(t.language), "value": code} for code, one in indicators.indicators.items()]
    fields = [_added("label", t), _added("label_en", t), _choice("kind", kinds, "cards", t),
              _choice("part", parts, parts[0]["value"], t), _choice("level", levels, "red", t),
              _choice("indicator", known, known[0]["value"], t), _added("points", t), _added("at", t), _added("step", t)]
    buttons = [html.Button(t(f"schemes_page.add_{what}"), id={"add": what}, className="button") for what in ("rule", "part")]
    return html.Details([html.Summary(t("schemes_page.add_title")), html.P(t("schemes_page.add_words"), className="panel-note"),
                         html.Div(fields, className="edit-fields"), html.Div(buttons, className="act-buttons")],
                        className="scheme-part scheme-adding")


def _saving_as(t: Words) -> html.Section:
    return html.Section([html.H3(t("schemes_page.save_as")), html.P(t("schemes_page.save_as_words"), className="panel-note"),
                         _field("code", "", t, True)], className="scheme-part")


def _small(path: str, value: Any, label: str, may_edit: bool) -> html.Label:
    box = dcc.Input(id={"field": path, "of": FORM}, value="" if value is None else f"{_number(value):g}", type="text",
                    debounce=0.5, autoComplete="off", disabled=not may_edit, className="field edit-input num")
    return html.Label([html.Small(label), box], className="scheme-number")


def _field(path: str, value: Any, t: Words, may_edit: bool) -> html.Div:
    box = dcc.Input(id={"field": path, "of": FORM}, value="" if value is None else str(value), type="text", debounce=0.5,
                    autoComplete="off", disabled=not may_edit, className="field edit-input")
    return html.Div([html.Label(t(f"schemes_page.field.{path.replace('.', '_')}")), box,
                     html.Small(id={"error": path, "of": FORM}, className="field-error", role="alert")], className="edit-field")


def _drop(kind: str, code: str, label: str, t: Words, may_edit: bool) -> list[Any]:
    if not may_edit:
        return []
    return [html.Button("×", id={"drop": kind, "code": code}, className="button scheme-drop", title=t("schemes_page.drop"),
                        **{"aria-label": f"{t('schemes_page.drop')} {label}"})]


def _added(name: str, t: Words) -> html.Div:
    box = dcc.Input(id={"field": name, "of": ADD}, value="", type="text", autoComplete="off", className="field edit-input")
    return html.Div([html.Label(t(f"schemes_page.add_field.{name}")), box], className="edit-field")


def _choice(name: str, options: list[dict[str, str]], value: str, t: Words) -> html.Div:
    box = dcc.Dropdown(id={"field": name, "of": ADD}, options=options, value=value, clearable=False, labels=dropdown_words(t),
                       searchable=len(options) > 12, className="edit-choice")
    return html.Div([html.Label(t(f"schemes_page.add_field.{name}")), box], className="edit-field")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
